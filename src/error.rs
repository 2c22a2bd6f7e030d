//! What can go wrong, and who is at fault.
//!
//! Two kinds, never mixed: a [`WriteError`] is about one call and leaves the engine as it was
//! (but for the bytes it says were accepted); an [`Error`] is fatal and sticky.

mod peer_fault;

pub use peer_fault::PeerFault;

use core::fmt;
use core::ops::RangeInclusive;

use crate::alert::AlertDescription;

/// A fatal fault: the record layer will not go on. Sticky: every later call gives the same one.
/// Only [`Truncated`](Self::Truncated) is neither: it ends reading, is told once, and the writing
/// half stays open.
///
/// Bytes already sealed, and the alert that tells the peer (if one is due), can still be drained,
/// but for those that the peer does not want any more ([`PeerAlert`](Self::PeerAlert)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke the protocol. [`PeerFault::alert`] is the alert sent to it.
    Peer(PeerFault),
    /// The peer ended the connection with this alert. What waited to be drained is dropped: nothing
    /// may be sent behind it (RFC 9846 §6.2).
    PeerAlert(AlertDescription),
    /// The transport ended without the peer's `close_notify`: what was read may be cut short
    /// (RFC 9846 §6.1). The transport, or somebody on it, is at fault.
    Truncated,
    /// The caller aborted the connection with this alert, or (`close_notify`) closed it before the
    /// handshake was over.
    Aborted(AlertDescription),
    /// No further key could be derived for this direction (RFC 9846 §4.7.3: at most 2^48 − 1
    /// updates).
    KeysExhausted,
    /// The handshake failed: `Connection::error` says why.
    HandshakeFailed,
    /// The caller leaked a `Batch`, or a job of it panicked: records are missing.
    SealingAbandoned,
}

impl Error {
    /// The alert that this fault obliges us to send, if any.
    #[must_use]
    pub const fn alert(&self) -> Option<AlertDescription> {
        match self {
            Self::Peer(fault) => Some(fault.alert()),
            // RFC 9846 §6.1: these two close. The first would look like a clean end of a stream
            // that was cut. The second ends nothing without the first behind it.
            Self::Aborted(AlertDescription::CLOSE_NOTIFY | AlertDescription::USER_CANCELED) => {
                Some(AlertDescription::INTERNAL_ERROR)
            }
            Self::Aborted(description) => Some(*description),
            Self::KeysExhausted => Some(AlertDescription::INTERNAL_ERROR),
            // A record is missing: the peer could not open an alert.
            Self::SealingAbandoned
            | Self::PeerAlert(_)
            | Self::Truncated
            | Self::HandshakeFailed => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(fault) => write!(f, "the peer broke the protocol: {fault}"),
            Self::PeerAlert(alert) => write!(f, "the peer sent the alert {alert}"),
            Self::Truncated => f.write_str("the transport ended too early, without close_notify"),
            Self::Aborted(alert) => write!(f, "aborted by the caller with {alert}"),
            Self::KeysExhausted => f.write_str("no further traffic key can be derived"),
            Self::HandshakeFailed => f.write_str("the handshake failed"),
            Self::SealingAbandoned => f.write_str("a batch of records was abandoned unsealed"),
        }
    }
}

impl From<PeerFault> for Error {
    fn from(fault: PeerFault) -> Self {
        Self::Peer(fault)
    }
}

/// The text is complete without the source.
impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Peer(fault) => Some(fault),
            _ => None,
        }
    }
}

/// Why a call that writes did not do all it was asked. The engine stays usable as its state says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// All-or-nothing writing found too little room; nothing changed.
    NoRoom {
        /// Bytes that were offered.
        needed: usize,
        /// Bytes that would have been accepted ([`room`](crate::Writer::room)).
        available: usize,
    },
    /// Our half is closed: `close` was called before, or the peer's `close_notify` closed it
    /// (`Tls12Close::Answer`).
    Closed,
    /// The key has sealed all it may and cannot be updated (RFC 9846 §5.5; TLS 1.2 has no
    /// KeyUpdate). What is left to do is `close`, which still works.
    KeyLimit {
        /// Bytes of this call that were accepted before the limit was met; they will be sent.
        accepted: usize,
    },
    /// More bytes were committed than the slot has; nothing was committed.
    Overrun(Overrun),
    /// The protocol version or the keys have no KeyUpdate; nothing changed.
    NoKeyUpdate,
    /// The handshake is not over; nothing changed.
    Negotiating,
    /// A fatal fault came before, or in this call; the sticky error says which.
    Failed {
        /// Bytes of this call that were accepted before the fault; they will not all be sent.
        accepted: usize,
    },
}

impl WriteError {
    /// How many bytes of the call were accepted before the error.
    #[must_use]
    pub const fn accepted(self) -> usize {
        match self {
            Self::KeyLimit { accepted } | Self::Failed { accepted } => accepted,
            _ => 0,
        }
    }

    /// The same error, after `n` more bytes of the call had been accepted before.
    pub(crate) fn after(self, n: usize) -> Self {
        match self {
            Self::KeyLimit { accepted } => Self::KeyLimit { accepted: accepted + n },
            Self::Failed { accepted } => Self::Failed { accepted: accepted + n },
            _ => self,
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom { needed, available } => {
                write!(f, "no room: expected at most {available} bytes, got {needed}")
            }
            Self::Closed => f.write_str("our half of the connection is closed"),
            Self::KeyLimit { accepted } => {
                write!(f, "the key may seal no more; {accepted} bytes of this call were accepted")
            }
            Self::Overrun(overrun) => overrun.fmt(f),
            Self::NoKeyUpdate => f.write_str("these keys cannot be updated"),
            Self::Negotiating => f.write_str("the handshake is not over"),
            Self::Failed { accepted } => {
                write!(f, "the connection has failed; {accepted} bytes of this call were accepted")
            }
        }
    }
}

/// The text is complete without the source.
impl core::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Overrun(overrun) => Some(overrun),
            _ => None,
        }
    }
}

/// More bytes were claimed than there are: committed to lent memory, drained or consumed. The
/// caller, or its transport, is at fault; nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun {
    /// Bytes that were claimed.
    pub claimed: usize,
    /// Bytes that there are.
    pub available: usize,
}

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected at most {} bytes, got {}", self.available, self.claimed)
    }
}

impl core::error::Error for Overrun {}

/// A setting is out of its range: nothing was made with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// Its name, of the field or of the variant.
    pub setting: &'static str,
    /// The smallest value that it may have.
    pub least: u64,
    /// The largest value that it may have.
    pub most: u64,
    /// The value that it has.
    pub found: u64,
}

impl ConfigError {
    pub(crate) fn check(
        setting: &'static str,
        found: u64,
        range: RangeInclusive<u64>,
    ) -> Result<(), Self> {
        if range.contains(&found) {
            return Ok(());
        }
        let (least, most) = range.into_inner();
        Err(Self { setting, least, most, found })
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, least, most, found } = self;
        write!(f, "expected a {setting} of {least} ")?;
        match most {
            &u64::MAX => write!(f, "or more, got {found}"),
            most => write!(f, "to {most}, got {found}"),
        }
    }
}

impl core::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    #[test]
    fn every_fault_has_words_of_its_own() {
        let faults = [
            PeerFault::BadRecordMac,
            PeerFault::RecordOverflow,
            PeerFault::BadRecordVersion,
            PeerFault::UnexpectedContentType,
            PeerFault::NoContentType,
            PeerFault::EmptyFragment,
            PeerFault::InterleavedHandshake,
            PeerFault::UnexpectedHandshakeMessage,
            PeerFault::HandshakeTooLong,
            PeerFault::KeyUpdateNotLast,
            PeerFault::BadMessageLength,
            PeerFault::BadKeyUpdateRequest,
            PeerFault::BadAlertLevel,
            PeerFault::BadTicket,
            PeerFault::DuplicateTicketExtension,
            PeerFault::TooManyKeyUpdates,
            PeerFault::TooManyEmptyRecords,
            PeerFault::TooManyWarnings,
            PeerFault::TooManyTickets,
            PeerFault::TooManyRenegotiationRequests,
            PeerFault::TooManyRecords,
        ];
        let errors = [
            Error::PeerAlert(AlertDescription::CLOSE_NOTIFY),
            Error::Truncated,
            Error::Aborted(AlertDescription::CLOSE_NOTIFY),
            Error::KeysExhausted,
            Error::SealingAbandoned,
            Error::HandshakeFailed,
        ];
        let write_errors = [
            WriteError::NoRoom { needed: 1, available: 0 },
            WriteError::Closed,
            WriteError::KeyLimit { accepted: 1 },
            WriteError::Overrun(Overrun { claimed: 1, available: 0 }),
            WriteError::NoKeyUpdate,
            WriteError::Negotiating,
            WriteError::Failed { accepted: 1 },
        ];
        let words: Vec<String> = faults
            .map(|fault| Error::Peer(fault).to_string())
            .into_iter()
            .chain(errors.map(|error| error.to_string()))
            .chain(write_errors.map(|error| error.to_string()))
            .collect();
        assert!(words.iter().all(|words| words.len() > 10));
        assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len());
    }

    #[test]
    fn a_setting_out_of_range_is_named_with_its_range_and_its_value() {
        let error = |range| ConfigError::check("capacity", 7, range).unwrap_err().to_string();
        assert_eq!(ConfigError::check("capacity", 7, 7..=7), Ok(()));
        assert_eq!(error(8..=9), "expected a capacity of 8 to 9, got 7");
        assert_eq!(error(8..=u64::MAX), "expected a capacity of 8 or more, got 7");
    }

    #[test]
    fn the_count_accepted_grows_with_what_came_before() {
        let limit = WriteError::KeyLimit { accepted: 1 };
        assert_eq!(limit.after(2), WriteError::KeyLimit { accepted: 3 });
        let failed = WriteError::Failed { accepted: 1 };
        assert_eq!((failed.after(2).accepted(), limit.accepted()), (3, 1));
        assert_eq!(WriteError::Closed.after(2), WriteError::Closed);
        assert_eq!(WriteError::Closed.accepted(), 0);
    }
}
