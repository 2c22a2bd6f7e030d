//! Limits on a peer that keeps us busy without sending anything useful.

use alloc::boxed::Box;

use super::credit::{Balance, Credit, Earnings};
use crate::error::{ConfigError, PeerFault};
use crate::num::to_u64;

/// How much a peer may send besides application data. Each kind of message has a [`Credit`], which
/// data returns in proportion. Each limit stops a flood that would cost us more per byte than data
/// does; SECURITY.md has the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerLimits {
    /// KeyUpdates that we did not ask for. Each costs two key derivations: one for the peer's key
    /// and one for our answer (RFC 9846 §4.7.3). A `Reader` without a `Connection` counts all
    /// KeyUpdates. By default the peer may send 32 before any data, up to 16,384 after it, and 1
    /// for each record that we seal or 8 that we receive: a peer that wants a new key asks after
    /// every record that is on its way to it.
    pub key_updates: Credit,
    /// Empty records of application data (RFC 9846 §5.1). Each has to be opened. By default the
    /// peer may send 32 before any data, up to 1,024 after it, and 8 for each record received.
    pub empty_records: Credit,
    /// Warning alerts (RFC 5246 §7.2). Each has to be opened. By default the peer may send at most
    /// 32 in a row, and 8 for each record received.
    pub warnings: Credit,
    /// Session tickets (RFC 9846 §4.7.1). Each costs a key derivation and replaces an earlier
    /// ticket. By default the peer may send at most 32 in a row, and 1 for every 8 records
    /// received.
    pub tickets: Credit,
    /// Renegotiation requests (TLS 1.2). Each is answered. By default the peer may send 1 at a
    /// time, and 1 for each record received.
    pub renegotiation_requests: Credit,
    /// The limit on one handshake message in bytes, without its header. It applies to reassembly
    /// and during the handshake, where rustls accepts at most 65,535. A message and the records
    /// that carry it then take at most twice this, and at most 128 KiB; with a pool, the reader's
    /// capacity if that is more. Default 64 KiB.
    pub handshake_len: usize,
}

impl Default for PeerLimits {
    fn default() -> Self {
        DEFAULT
    }
}

static DEFAULT_LIMITS: PeerLimits = DEFAULT;

const DEFAULT: PeerLimits = PeerLimits {
    key_updates: Credit { initial: 32, saved: 16_384, cost: 64 },
    empty_records: Credit { initial: 32, saved: 1_024, cost: 1 },
    warnings: Credit { initial: 32, saved: 32, cost: 1 },
    tickets: Credit { initial: 32, saved: 32, cost: 64 },
    renegotiation_requests: Credit { initial: 1, saved: 1, cost: 8 },
    handshake_len: 64 * 1024,
};

impl PeerLimits {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let Self { key_updates, empty_records, warnings, tickets, renegotiation_requests, .. } =
            *self;
        [key_updates, empty_records, warnings, tickets, renegotiation_requests]
            .into_iter()
            .try_for_each(Credit::check)
    }
}

/// The credit that the peer has left.
#[derive(Debug)]
pub(super) struct PeerCounts {
    earnings: Earnings,
    /// `None` for the default.
    limits: Option<Box<PeerLimits>>,
    key_updates: Balance,
    empty_records: Balance,
    warnings: Balance,
    tickets: Balance,
    renegotiation_requests: Balance,
}

impl PeerCounts {
    pub(super) fn new(limits: PeerLimits) -> Self {
        Self {
            earnings: Earnings::default(),
            limits: (limits != DEFAULT).then(|| Box::new(limits)),
            key_updates: Balance::new(limits.key_updates),
            empty_records: Balance::new(limits.empty_records),
            warnings: Balance::new(limits.warnings),
            tickets: Balance::new(limits.tickets),
            renegotiation_requests: Balance::new(limits.renegotiation_requests),
        }
    }

    /// A record of data arrived.
    #[inline]
    pub(super) fn on_application_data(&mut self, len: usize) {
        self.earnings.on_received(to_u64(len));
    }

    /// Something else arrived, after we had sealed this many records of data in total.
    pub(super) fn settle(&mut self, records_sealed: u64) {
        self.earnings.on_sealed(records_sealed);
        let points = self.earnings.take();
        let limits = *self.limits();
        self.key_updates.earn(limits.key_updates, points);
        self.empty_records.earn(limits.empty_records, points);
        self.warnings.earn(limits.warnings, points);
        self.tickets.earn(limits.tickets, points);
        self.renegotiation_requests.earn(limits.renegotiation_requests, points);
    }

    pub(super) fn on_key_update(&mut self) -> Result<(), PeerFault> {
        let credit = self.limits().key_updates;
        self.key_updates.spend(credit, PeerFault::TooManyKeyUpdates)
    }

    pub(super) fn on_empty_record(&mut self) -> Result<(), PeerFault> {
        let credit = self.limits().empty_records;
        self.empty_records.spend(credit, PeerFault::TooManyEmptyRecords)
    }

    pub(super) fn on_warning(&mut self) -> Result<(), PeerFault> {
        let credit = self.limits().warnings;
        self.warnings.spend(credit, PeerFault::TooManyWarnings)
    }

    pub(super) fn on_ticket(&mut self) -> Result<(), PeerFault> {
        let credit = self.limits().tickets;
        self.tickets.spend(credit, PeerFault::TooManyTickets)
    }

    pub(super) fn on_renegotiation_request(&mut self) -> Result<(), PeerFault> {
        let credit = self.limits().renegotiation_requests;
        self.renegotiation_requests.spend(credit, PeerFault::TooManyRenegotiationRequests)
    }

    pub(super) fn handshake_len(&self) -> usize {
        self.limits().handshake_len
    }

    fn limits(&self) -> &PeerLimits {
        self.limits.as_deref().unwrap_or(&DEFAULT_LIMITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Spend = fn(&mut PeerCounts) -> Result<(), PeerFault>;

    /// For each kind: how many are allowed before data, after much data, and for 640 points.
    const KINDS: [(Spend, PeerFault, [u32; 3]); 5] = [
        (PeerCounts::on_key_update, PeerFault::TooManyKeyUpdates, [32, 16_384, 10]),
        (PeerCounts::on_empty_record, PeerFault::TooManyEmptyRecords, [32, 1_024, 640]),
        (PeerCounts::on_warning, PeerFault::TooManyWarnings, [32, 32, 32]),
        (PeerCounts::on_ticket, PeerFault::TooManyTickets, [32, 32, 10]),
        (PeerCounts::on_renegotiation_request, PeerFault::TooManyRenegotiationRequests, [1, 1, 1]),
    ];

    /// Spends until the limit is exceeded.
    fn count(counts: &mut PeerCounts, spend: Spend, fault: PeerFault) -> u32 {
        let mut count = 0;
        loop {
            match spend(counts) {
                Ok(()) => count += 1,
                Err(found) => {
                    assert_eq!(found, fault);
                    return count;
                }
            }
        }
    }

    #[test]
    fn law_10_each_kind_has_its_initial_credit_and_earns_more_from_data() {
        for (spend, fault, [initial, saved, _]) in KINDS {
            let mut counts = PeerCounts::new(PeerLimits::default());
            assert_eq!(count(&mut counts, spend, fault), initial);
            counts.settle(1_000_000);
            assert_eq!(count(&mut counts, spend, fault), saved);
            counts.settle(1_000_000);
            assert_eq!(count(&mut counts, spend, fault), 0, "all of it was spent");
        }
    }

    #[test]
    fn law_10_data_restores_credit_in_proportion() {
        for (spend, fault, [.., expected]) in KINDS {
            let mut counts = PeerCounts::new(PeerLimits::default());
            count(&mut counts, spend, fault);
            for _ in 0..80 {
                counts.on_application_data(1);
            }
            counts.settle(0);
            assert_eq!(count(&mut counts, spend, fault), expected, "80 records of one byte");
            for _ in 0..16 {
                counts.on_application_data(8192);
            }
            counts.settle(0);
            assert_eq!(count(&mut counts, spend, fault), expected, "16 records of 8 KiB");
            counts.settle(10);
            assert_eq!(count(&mut counts, spend, fault), expected, "10 of our records");
        }
    }

    #[test]
    fn kinds_are_counted_separately() {
        let mut counts = PeerCounts::new(PeerLimits::default());
        for (spend, fault, [initial, ..]) in KINDS {
            assert_eq!(count(&mut counts, spend, fault), initial);
        }
    }
}
