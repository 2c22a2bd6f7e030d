//! The table of what a peer may be told it did wrong.

use core::fmt;

use crate::alert::AlertDescription;

/// Each fault with its alert (RFC 9846 §6.2) and its words.
macro_rules! peer_faults {
    ($($(#[$doc:meta])* $name:ident = $alert:ident, $text:literal;)*) => {
        /// What a peer did that the protocol forbids.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum PeerFault {
            $($(#[$doc])* $name,)*
        }

        impl PeerFault {
            /// The alert that names this fault (RFC 9846 §6.2).
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
    /// A record that does not open: wrong key, altered bytes, or too short for its tag.
    BadRecordMac = BAD_RECORD_MAC,
        "expected a record under the current key, got one that does not open";
    /// A ciphertext or a content longer than the protocol allows.
    RecordOverflow = RECORD_OVERFLOW,
        "expected a record of at most 2^14 bytes of content, got a longer one";
    /// A record header whose version is not 3.x, in TLS 1.2 not 3.3.
    BadRecordVersion = PROTOCOL_VERSION,
        "expected a record of version 3.x (TLS 1.2: 3.3), got another version";
    /// A content type that does not exist or must not come now.
    UnexpectedContentType = UNEXPECTED_MESSAGE,
        "a record has a content type that must not come now";
    /// A protected record with no content type in it: zeros only (RFC 9846 §5.4).
    NoContentType = UNEXPECTED_MESSAGE,
        "expected a content type in a protected record, got zeros only";
    /// An empty handshake or alert fragment (RFC 9846 §5.1).
    EmptyFragment = UNEXPECTED_MESSAGE,
        "expected a handshake or alert message, got an empty fragment";
    /// Another content type in the middle of a handshake message (RFC 9846 §5.1).
    InterleavedHandshake = UNEXPECTED_MESSAGE,
        "expected the rest of a handshake message, got another content type";
    /// A handshake message that must not come after the handshake.
    UnexpectedHandshakeMessage = UNEXPECTED_MESSAGE, "a handshake message must not come now";
    /// A handshake message longer than the reassembly limit.
    HandshakeTooLong = UNEXPECTED_MESSAGE, "a handshake message is too long";
    /// A KeyUpdate that does not end its record (RFC 9846 §5.1).
    KeyUpdateNotLast = UNEXPECTED_MESSAGE, "a KeyUpdate does not end its record";
    /// A KeyUpdate, alert or HelloRequest of the wrong length.
    BadMessageLength = DECODE_ERROR, "a message has a wrong length";
    /// A KeyUpdate request that is neither 0 nor 1 (RFC 9846 §4.7.3).
    BadKeyUpdateRequest = ILLEGAL_PARAMETER,
        "expected a KeyUpdate request of 0 or 1, got another value";
    /// An alert level that is neither warning nor fatal (TLS 1.2).
    BadAlertLevel = ILLEGAL_PARAMETER, "expected an alert level of 1 or 2, got another value";
    /// A ClientHello that does not decode, read to choose a configuration by.
    BadClientHello = DECODE_ERROR, "a ClientHello does not decode";
    /// A `record_size_limit` below 64 (RFC 8449 §4).
    BadRecordSizeLimit = ILLEGAL_PARAMETER,
        "expected a record_size_limit of at least 64, got less";
    /// A session ticket that does not decode.
    BadTicket = DECODE_ERROR, "a session ticket does not decode";
    /// A session ticket with the same extension twice (RFC 9846, "Extensions").
    DuplicateTicketExtension = ILLEGAL_PARAMETER, "a session ticket has an extension twice";
    /// More KeyUpdates than application data has given credit for.
    TooManyKeyUpdates = UNEXPECTED_MESSAGE, "too many KeyUpdates for so little application data";
    /// More empty records than application data has given credit for.
    TooManyEmptyRecords = UNEXPECTED_MESSAGE,
        "too many empty records for so little application data";
    /// More warning alerts than application data has given credit for.
    TooManyWarnings = UNEXPECTED_MESSAGE, "too many warning alerts for so little application data";
    /// More session tickets than application data has given credit for.
    TooManyTickets = UNEXPECTED_MESSAGE, "too many session tickets for so little application data";
    /// More renegotiation requests (TLS 1.2) than application data has given credit for.
    TooManyRenegotiationRequests = HANDSHAKE_FAILURE, "renegotiation was requested again";
    /// More records under one key than its sequence numbers can count.
    TooManyRecords = UNEXPECTED_MESSAGE, "too many records under one key";
}

impl core::error::Error for PeerFault {}
