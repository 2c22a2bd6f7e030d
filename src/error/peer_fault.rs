//! The faults that a peer can be told about.

use core::fmt;

use crate::alert::AlertDescription;

/// Each fault with its alert (RFC 9846 §6.2) and its message.
macro_rules! peer_faults {
    ($($(#[$doc:meta])* $name:ident = $alert:ident, $text:literal;)*) => {
        /// How a peer violated the protocol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum PeerFault {
            $($(#[$doc])* $name,)*
        }

        impl PeerFault {
            /// Returns the alert that names this fault (RFC 9846 §6.2).
            #[must_use]
            pub const fn alert(&self) -> AlertDescription {
                match self {
                    $(Self::$name => AlertDescription::$alert,)*
                }
            }
        }

        impl fmt::Display for PeerFault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $text,)*
                })
            }
        }
    };
}

peer_faults! {
    /// A record that cannot be opened: its key is wrong, its bytes were altered, or it is too short
    /// for its tag.
    BadRecordMac = BAD_RECORD_MAC,
        "expected a record under the current key, got one that cannot be opened";
    /// Ciphertext or content that is longer than the protocol allows.
    RecordOverflow = RECORD_OVERFLOW,
        "expected a record with at most 2^14 bytes of content, got a longer one";
    /// A record header whose version is not 3.x (in TLS 1.2, not 3.3).
    BadRecordVersion = PROTOCOL_VERSION,
        "expected a record of version 3.x (3.3 in TLS 1.2), got another version";
    /// A content type that does not exist or is not allowed at this point.
    UnexpectedContentType = UNEXPECTED_MESSAGE,
        "got a record with a content type that is not allowed now";
    /// A protected record without a content type: it contains only zeros (RFC 9846 §5.4).
    NoContentType = UNEXPECTED_MESSAGE,
        "expected a content type in a protected record, got only zeros";
    /// An empty handshake or alert fragment (RFC 9846 §5.1).
    EmptyFragment = UNEXPECTED_MESSAGE,
        "expected a handshake message or an alert, got an empty fragment";
    /// Another content type in the middle of a handshake message (RFC 9846 §5.1).
    InterleavedHandshake = UNEXPECTED_MESSAGE,
        "expected the rest of a handshake message, got another content type";
    /// A handshake message that is not allowed at this point.
    UnexpectedHandshakeMessage = UNEXPECTED_MESSAGE,
        "got a handshake message that is not allowed now";
    /// A handshake message longer than the reassembly limit.
    HandshakeTooLong = UNEXPECTED_MESSAGE, "got a handshake message that is too long";
    /// A KeyUpdate that does not end its record (RFC 9846 §5.1).
    KeyUpdateNotLast = UNEXPECTED_MESSAGE,
        "expected a KeyUpdate to end its record, got more after it";
    /// A KeyUpdate, alert or HelloRequest of the wrong length.
    BadMessageLength = DECODE_ERROR, "got a message of the wrong length";
    /// A KeyUpdate request that is neither 0 nor 1 (RFC 9846 §4.7.3).
    BadKeyUpdateRequest = ILLEGAL_PARAMETER,
        "expected a KeyUpdate request of 0 or 1, got another value";
    /// An alert level that is neither warning nor fatal (TLS 1.2).
    BadAlertLevel = ILLEGAL_PARAMETER, "expected an alert level of 1 or 2, got another value";
    /// A ClientHello that cannot be decoded, read in order to choose a configuration.
    BadClientHello = DECODE_ERROR, "got a ClientHello that cannot be decoded";
    /// A `record_size_limit` below 64 (RFC 8449 §4).
    BadRecordSizeLimit = ILLEGAL_PARAMETER,
        "expected a record_size_limit of at least 64, got a lower one";
    /// A `max_fragment_length` with a value that is not defined (RFC 6066 §4).
    BadMaxFragmentLength = ILLEGAL_PARAMETER,
        "expected a max_fragment_length between 1 and 4, got another value";
    /// A session ticket that cannot be decoded.
    BadTicket = DECODE_ERROR, "got a session ticket that cannot be decoded";
    /// A session ticket with a duplicate extension (RFC 9846, "Extensions").
    DuplicateTicketExtension = ILLEGAL_PARAMETER, "got a session ticket with a duplicate extension";
    /// More KeyUpdates than the credit from application data allows.
    TooManyKeyUpdates = UNEXPECTED_MESSAGE,
        "got too many KeyUpdates for so little application data";
    /// More empty records than the credit from application data allows.
    TooManyEmptyRecords = UNEXPECTED_MESSAGE,
        "got too many empty records for so little application data";
    /// More warning alerts than the credit from application data allows.
    TooManyWarnings = UNEXPECTED_MESSAGE,
        "got too many warning alerts for so little application data";
    /// More session tickets than the credit from application data allows.
    TooManyTickets = UNEXPECTED_MESSAGE,
        "got too many session tickets for so little application data";
    /// More renegotiation requests (TLS 1.2) than the credit from application data allows.
    TooManyRenegotiationRequests = HANDSHAKE_FAILURE, "got too many renegotiation requests";
    /// More records under one key than its sequence numbers can count.
    TooManyRecords = UNEXPECTED_MESSAGE, "got too many records under one key";
}

impl core::error::Error for PeerFault {}
