//! Counters against a peer that keeps us busy without sending anything.

use crate::error::PeerFault;

/// How many of each may follow each other without application data between them. Only
/// application data resets the counts, so that honest long-lived connections live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerLimits {
    /// KeyUpdates that we did not ask for: each costs a key derivation (RFC 9846 §4.7.3). A
    /// `Reader` without a `Connection` counts all. Default 32.
    pub key_updates: u32,
    /// Empty application records (RFC 9846 §5.1): each costs an opening. Default 32.
    pub empty_records: u32,
    /// Warning alerts (RFC 5246 §7.2): each costs an opening. Default 32.
    pub warnings: u32,
    /// Renegotiation requests (TLS 1.2): each is answered. Default 1.
    pub renegotiation_requests: u32,
    /// Bytes of one handshake message, without its header: in reassembly, and while negotiating,
    /// where rustls takes no more than 65,535. What is then held of a message and the records it
    /// comes in is at most twice this, or the reader's capacity, and never more than 128 KiB.
    /// Default 64 KiB.
    pub handshake_len: usize,
}

impl Default for PeerLimits {
    fn default() -> Self {
        Self {
            key_updates: 32,
            empty_records: 32,
            warnings: 32,
            renegotiation_requests: 1,
            handshake_len: 64 * 1024,
        }
    }
}

/// The counts since the last application data.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeerCounts {
    left: PeerLimits,
    limits: PeerLimits,
}

impl PeerCounts {
    pub(super) const fn new(limits: PeerLimits) -> Self {
        Self { left: limits, limits }
    }

    pub(super) const fn on_application_data(&mut self) {
        self.left = self.limits;
    }

    pub(super) fn on_key_update(&mut self) -> Result<(), PeerFault> {
        spend(&mut self.left.key_updates, PeerFault::TooManyKeyUpdates)
    }

    pub(super) fn on_empty_record(&mut self) -> Result<(), PeerFault> {
        spend(&mut self.left.empty_records, PeerFault::TooManyEmptyRecords)
    }

    pub(super) fn on_warning(&mut self) -> Result<(), PeerFault> {
        spend(&mut self.left.warnings, PeerFault::TooManyWarnings)
    }

    pub(super) fn on_renegotiation_request(&mut self) -> Result<(), PeerFault> {
        spend(&mut self.left.renegotiation_requests, PeerFault::TooManyRenegotiationRequests)
    }

    pub(super) const fn handshake_len(&self) -> usize {
        self.limits.handshake_len
    }
}

fn spend(left: &mut u32, fault: PeerFault) -> Result<(), PeerFault> {
    *left = left.checked_sub(1).ok_or(fault)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_33rd_in_a_row_is_one_too_many_and_application_data_resets() {
        let mut counts = PeerCounts::new(PeerLimits::default());
        for _ in 0..2 {
            for _ in 0..32 {
                assert_eq!(counts.on_key_update(), Ok(()));
                assert_eq!(counts.on_empty_record(), Ok(()));
                assert_eq!(counts.on_warning(), Ok(()));
            }
            assert_eq!(counts.on_key_update(), Err(PeerFault::TooManyKeyUpdates));
            assert_eq!(counts.on_empty_record(), Err(PeerFault::TooManyEmptyRecords));
            assert_eq!(counts.on_warning(), Err(PeerFault::TooManyWarnings));
            counts.on_application_data();
        }
    }
}
