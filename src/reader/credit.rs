//! The credit that application data gives a peer for everything else it sends.

use crate::error::{ConfigError, PeerFault};

/// How many messages of one kind, other than application data, a peer may send.
///
/// Each message costs points, and application data in either direction returns points:
///
/// * a record from the peer returns 8, plus 1 for every 256 bytes in it;
/// * a record that we seal returns 64.
///
/// As long as the peer spends points no faster than data returns them, it can continue forever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// How many are allowed before any data.
    pub initial: u32,
    /// The most that data can save up for: after much data, a burst of this many is allowed. At
    /// least `initial`.
    pub saved: u32,
    /// How many points each one costs. At least 1.
    pub cost: u32,
}

/// Points that a record of data from the peer returns.
const RECORD_RECEIVED: u64 = 8;
/// How many bytes of data from the peer return one point.
const BYTES_RECEIVED: u64 = 256;
/// Points that a record that we sealed returns.
const RECORD_SEALED: u64 = 64;

impl Credit {
    pub(super) fn check(self) -> Result<(), ConfigError> {
        let initial = u64::from(self.initial);
        ConfigError::check("Credit::saved", self.saved.into(), initial..=u32::MAX.into())?;
        ConfigError::check("Credit::cost", self.cost.into(), 1..=u32::MAX.into())
    }

    const fn most(self) -> u32 {
        self.saved.saturating_mul(self.cost)
    }
}

/// What is left of a credit, in points: at most [`Credit::most`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Balance(u32);

impl Balance {
    pub(super) const fn new(credit: Credit) -> Self {
        Self(credit.initial.saturating_mul(credit.cost))
    }

    /// Data has returned `points`.
    pub(super) fn earn(&mut self, credit: Credit, points: u32) {
        self.0 = self.0.saturating_add(points).min(credit.most());
    }

    /// One was sent. Fails with `fault` if there is no credit for it.
    pub(super) fn spend(&mut self, credit: Credit, fault: PeerFault) -> Result<(), PeerFault> {
        self.0 = self.0.checked_sub(credit.cost).ok_or(fault)?;
        Ok(())
    }
}

/// Points that data has returned but no balance has received yet: every record of data is counted,
/// but balances are updated only when something is spent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Earnings {
    points: u64,
    /// How many of our sealed records `points` includes.
    sealed: u64,
}

impl Earnings {
    /// A record with `len` bytes of data arrived.
    #[inline]
    pub(super) const fn on_received(&mut self, len: u64) {
        self.points = self.points.saturating_add(RECORD_RECEIVED + len / BYTES_RECEIVED);
    }

    /// We have sealed `records` in total.
    pub(super) fn on_sealed(&mut self, records: u64) {
        let new = records.saturating_sub(self.sealed);
        self.points = self.points.saturating_add(new.saturating_mul(RECORD_SEALED));
        self.sealed = self.sealed.max(records);
    }

    /// The points returned since the last call.
    pub(super) fn take(&mut self) -> u32 {
        u32::try_from(core::mem::take(&mut self.points)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULT: PeerFault = PeerFault::TooManyKeyUpdates;

    /// How many can be sent now.
    fn count(balance: &mut Balance, credit: Credit) -> u32 {
        let mut count = 0;
        while balance.spend(credit, FAULT).is_ok() {
            count += 1;
        }
        assert_eq!(balance.spend(credit, FAULT), Err(FAULT), "again");
        count
    }

    #[test]
    fn only_the_initial_credit_can_be_spent() {
        for initial in [0, 1, 32, 100_000] {
            let credit = Credit { initial, saved: initial, cost: 7 };
            assert_eq!(count(&mut Balance::new(credit), credit), initial);
        }
    }

    #[test]
    fn earned_credit_is_saved_up_to_its_limit() {
        for (earned, expected) in [(0, 0), (6, 0), (7, 1), (8, 1), (13, 1), (14, 2), (70, 10)] {
            let credit = Credit { initial: 0, saved: 10, cost: 7 };
            let mut balance = Balance::new(credit);
            balance.earn(credit, earned);
            assert_eq!(count(&mut balance, credit), expected, "{earned}");
        }
        for points in [70, 71, 77, u32::MAX] {
            let credit = Credit { initial: 3, saved: 10, cost: 7 };
            let mut balance = Balance::new(credit);
            balance.earn(credit, points);
            balance.earn(credit, points);
            assert_eq!(count(&mut balance, credit), 10, "{points}");
        }
    }

    #[test]
    fn leftover_points_count_later() {
        let credit = Credit { initial: 0, saved: 10, cost: 7 };
        let mut balance = Balance::new(credit);
        balance.earn(credit, 6);
        assert_eq!(balance.spend(credit, FAULT), Err(FAULT));
        balance.earn(credit, 1);
        assert_eq!(count(&mut balance, credit), 1);
    }

    #[test]
    fn the_largest_settings_do_not_overflow() {
        let credit = Credit { initial: u32::MAX, saved: u32::MAX, cost: u32::MAX };
        let mut balance = Balance::new(credit);
        balance.earn(credit, u32::MAX);
        assert_eq!(count(&mut balance, credit), 1, "points are at most u32::MAX");
    }

    #[test]
    fn records_and_bytes_earn_points() {
        for (len, points) in [(1, 8), (255, 8), (256, 9), (16384, 72)] {
            let mut earnings = Earnings::default();
            earnings.on_received(len);
            assert_eq!((earnings.take(), earnings.take()), (points, 0), "{len}");
        }
        let mut earnings = Earnings::default();
        for (sealed, points) in [(0, 0), (3, 192), (3, 0), (2, 0), (4, 64), (u64::MAX, u32::MAX)] {
            earnings.on_sealed(sealed);
            assert_eq!(earnings.take(), points, "{sealed}");
        }
    }
}
