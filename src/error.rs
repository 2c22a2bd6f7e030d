//! What can go wrong, and who is at fault.
//!
//! There are two kinds of error, which are never mixed. A [`WriteError`] concerns one call and
//! leaves the engine unchanged (apart from the bytes it reports as accepted). An [`Error`] is fatal
//! and sticky.

mod peer_fault;

pub use peer_fault::PeerFault;

use core::fmt;
use core::ops::RangeInclusive;

use crate::alert::AlertDescription;

/// A fatal error: the record layer has stopped. It is sticky: every later call returns the same
/// error. The exception is [`Truncated`](Self::Truncated), which only ends reading: it is reported
/// once, and the writing half stays open.
///
/// You can still drain the bytes that are already sealed and the alert that informs the peer (if
/// one is due), unless the peer has said that it will not accept any more
/// ([`PeerAlert`](Self::PeerAlert)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The peer violated the protocol. [`PeerFault::alert`] is the alert sent to it.
    Peer(PeerFault),
    /// The peer ended the connection with this alert. Pending bytes are dropped, because nothing
    /// may be sent after such an alert (RFC 9846 §6.2).
    PeerAlert(AlertDescription),
    /// The transport ended before the peer's `close_notify`, so the data may have been cut short
    /// (RFC 9846 §6.1). The fault is in the transport or with someone who can interfere with it.
    Truncated,
    /// The caller aborted the connection with this alert, or closed it before the handshake ended
    /// (`close_notify`).
    Aborted(AlertDescription),
    /// No further key can be derived for this direction (RFC 9846 §4.7.3 allows at most 2^48 − 1
    /// updates).
    KeysExhausted,
    /// The handshake failed; `Connection::error` says why.
    HandshakeFailed,
    /// The caller leaked a `Batch`, or one of its jobs panicked. Its records are missing, and so are
    /// sealed bytes that shared a segment with the first of them.
    SealingAbandoned,
}

impl Error {
    /// Returns the alert that this error obliges us to send, if any.
    #[must_use]
    pub const fn alert(&self) -> Option<AlertDescription> {
        match self {
            Self::Peer(fault) => Some(fault.alert()),
            // RFC 9846 §6.1: these two alerts close a connection. The first would make a cut stream
            // look complete. The second ends nothing unless the first follows.
            Self::Aborted(AlertDescription::CLOSE_NOTIFY | AlertDescription::USER_CANCELED) => {
                Some(AlertDescription::INTERNAL_ERROR)
            }
            Self::Aborted(description) => Some(*description),
            Self::KeysExhausted => Some(AlertDescription::INTERNAL_ERROR),
            // A record is missing, so the peer could not open an alert.
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
            Self::Truncated => f.write_str("the transport ended before the peer's close_notify"),
            Self::Aborted(alert) => write!(f, "the caller aborted the connection with {alert}"),
            Self::KeysExhausted => f.write_str("no further traffic key can be derived"),
            Self::HandshakeFailed => f.write_str("the handshake failed"),
            Self::SealingAbandoned => {
                f.write_str("a batch of records was abandoned before all were sealed")
            }
        }
    }
}

impl From<PeerFault> for Error {
    fn from(fault: PeerFault) -> Self {
        Self::Peer(fault)
    }
}

/// The message is complete without the source.
impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Peer(fault) => Some(fault),
            _ => None,
        }
    }
}

/// Why a writing call did not do everything it was asked to. The writer's state says whether it is
/// still usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// There was too little room for an all-or-nothing call. Nothing changed.
    NoRoom {
        /// The number of bytes that the call needed room for.
        needed: usize,
        /// The number of bytes that would have been accepted ([`room`](crate::Writer::room)).
        available: usize,
    },
    /// Our half is closed: `close` was called, or the peer's `close_notify` closed it
    /// (`Tls12Close::Answer`).
    Closed,
    /// The key has sealed as much as it may and cannot be updated (RFC 9846 §5.5): TLS 1.2 has no
    /// KeyUpdate, and a key without a traffic secret has no successor. You can only `close`, which
    /// still works. An all-or-nothing call also returns this if the limit allows only a part of it;
    /// [`room`](crate::Writer::room) says how much.
    KeyLimit {
        /// How many bytes of this call were accepted before the limit. They will be sent.
        accepted: usize,
    },
    /// More bytes were committed than the slot holds. Nothing was committed.
    Overrun(Overrun),
    /// The protocol version or the keys do not support KeyUpdate. Nothing changed.
    NoKeyUpdate,
    /// The handshake is not over. Nothing changed.
    Negotiating,
    /// A fatal error occurred, earlier or during this call. The sticky error says which.
    Failed {
        /// How many bytes of this call were accepted before the error. Not all of them will be
        /// sent.
        accepted: usize,
    },
}

impl WriteError {
    /// Returns how many bytes of the call were accepted before the error.
    #[must_use]
    pub const fn accepted(self) -> usize {
        match self {
            Self::KeyLimit { accepted } | Self::Failed { accepted } => accepted,
            _ => 0,
        }
    }

    /// Returns the same error for a call that had accepted `n` bytes before this.
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
                write!(
                    f,
                    "the key has reached its limit and cannot be updated: close the connection; \
                     {accepted} bytes of the call were accepted"
                )
            }
            Self::Overrun(overrun) => overrun.fmt(f),
            Self::NoKeyUpdate => f.write_str("these keys cannot be updated"),
            Self::Negotiating => f.write_str("the handshake is not over"),
            Self::Failed { accepted } => {
                write!(f, "the connection has failed; {accepted} bytes of the call were accepted")
            }
        }
    }
}

/// The message is complete without the source.
impl core::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Overrun(overrun) => Some(overrun),
            _ => None,
        }
    }
}

/// A call tried to commit, drain or consume more bytes than there are. The caller or its transport
/// is at fault. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun {
    /// The number of bytes claimed.
    pub claimed: usize,
    /// The number of bytes available.
    pub available: usize,
}

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected at most {} bytes, got {}", self.available, self.claimed)
    }
}

impl core::error::Error for Overrun {}

/// A setting is out of range. Nothing was created or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigError {
    /// The name of the field or variant.
    pub setting: &'static str,
    /// The smallest allowed value.
    pub least: u64,
    /// The largest allowed value.
    pub most: u64,
    /// The value that was set.
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
        write!(f, "expected {setting} ")?;
        match most {
            &u64::MAX => write!(f, "of at least {least}, got {found}"),
            most => write!(f, "between {least} and {most}, got {found}"),
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
    fn every_fault_has_its_own_text() {
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
            PeerFault::BadClientHello,
            PeerFault::BadRecordSizeLimit,
            PeerFault::BadMaxFragmentLength,
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
    fn a_setting_out_of_range_is_reported_with_its_range_and_value() {
        let error = |range| ConfigError::check("capacity", 7, range).unwrap_err().to_string();
        assert_eq!(ConfigError::check("capacity", 7, 7..=7), Ok(()));
        assert_eq!(error(8..=9), "expected capacity between 8 and 9, got 7");
        assert_eq!(error(8..=u64::MAX), "expected capacity of at least 8, got 7");
    }

    #[test]
    fn the_accepted_count_includes_earlier_writes() {
        let limit = WriteError::KeyLimit { accepted: 1 };
        assert_eq!(limit.after(2), WriteError::KeyLimit { accepted: 3 });
        let failed = WriteError::Failed { accepted: 1 };
        assert_eq!((failed.after(2).accepted(), limit.accepted()), (3, 1));
        assert_eq!(WriteError::Closed.after(2), WriteError::Closed);
        assert_eq!(WriteError::Closed.accepted(), 0);
    }
}
