//! Alert descriptions (RFC 9846 §6): the vocabulary in which faults are told to the peer.

use core::fmt;

/// The description byte of an alert (RFC 9846 §6, RFC 5246 §7.2).
///
/// A value that this crate has no constant for is kept as it came.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AlertDescription(pub u8);

macro_rules! descriptions {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl AlertDescription {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            const fn name(self) -> &'static str {
                match self.0 {
                    $($value => $text,)*
                    _ => "unknown",
                }
            }
        }
    };
}

descriptions! {
    /// The sender will send no more: the clean end of its half.
    CLOSE_NOTIFY = 0, "close_notify";
    /// A message that is not allowed at this point.
    UNEXPECTED_MESSAGE = 10, "unexpected_message";
    /// A record that does not open under the current key.
    BAD_RECORD_MAC = 20, "bad_record_mac";
    /// A record longer than the protocol allows.
    RECORD_OVERFLOW = 22, "record_overflow";
    /// The handshake found no common parameters.
    HANDSHAKE_FAILURE = 40, "handshake_failure";
    /// A certificate was corrupt.
    BAD_CERTIFICATE = 42, "bad_certificate";
    /// A certificate was of a kind that the sender does not support.
    UNSUPPORTED_CERTIFICATE = 43, "unsupported_certificate";
    /// A certificate was revoked.
    CERTIFICATE_REVOKED = 44, "certificate_revoked";
    /// A certificate has expired or is not valid yet.
    CERTIFICATE_EXPIRED = 45, "certificate_expired";
    /// A certificate was not acceptable for another reason.
    CERTIFICATE_UNKNOWN = 46, "certificate_unknown";
    /// A field had a value outside its range.
    ILLEGAL_PARAMETER = 47, "illegal_parameter";
    /// A certificate came from an unknown authority.
    UNKNOWN_CA = 48, "unknown_ca";
    /// A valid certificate, and access control that refuses its owner.
    ACCESS_DENIED = 49, "access_denied";
    /// A message could not be decoded.
    DECODE_ERROR = 50, "decode_error";
    /// A handshake check failed.
    DECRYPT_ERROR = 51, "decrypt_error";
    /// The protocol version is not supported.
    PROTOCOL_VERSION = 70, "protocol_version";
    /// The server wants more security than the client offers.
    INSUFFICIENT_SECURITY = 71, "insufficient_security";
    /// A fault of the sender's own.
    INTERNAL_ERROR = 80, "internal_error";
    /// A client has retried with a lower version than it need have (RFC 7507).
    INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
    /// The sender cancels for a reason that is not a protocol fault.
    USER_CANCELED = 90, "user_canceled";
    /// The sender refuses to renegotiate (TLS 1.2 only).
    NO_RENEGOTIATION = 100, "no_renegotiation";
    /// An extension that must be there is missing.
    MISSING_EXTENSION = 109, "missing_extension";
    /// An extension that must not be there is.
    UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
    /// The server has nothing by the name that the client asks for (RFC 6066 §3).
    UNRECOGNIZED_NAME = 112, "unrecognized_name";
    /// A stapled OCSP response was not acceptable (RFC 6066 §8).
    BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
    /// The server does not know the pre-shared key.
    UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
    /// A certificate was required and none came.
    CERTIFICATE_REQUIRED = 116, "certificate_required";
    /// No application protocol in common.
    NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
}

impl fmt::Debug for AlertDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

/// The name that the RFC gives this alert, or `unknown`.
impl fmt::Display for AlertDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The level byte of an alert. TLS 1.3 ignores it on receipt (RFC 9846 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AlertLevel {
    Warning,
    Fatal,
}

/// An alert as it stands in a record: two bytes (RFC 9846 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alert {
    level: AlertLevel,
    description: AlertDescription,
}

impl Alert {
    pub(crate) const LEN: usize = 2;

    /// RFC 9846 §6.1: `close_notify` and `user_canceled`; in TLS 1.2 `no_renegotiation` too
    /// (RFC 5246 §7.2.2). All others are fatal.
    pub(crate) const fn warning(description: AlertDescription) -> Self {
        Self { level: AlertLevel::Warning, description }
    }

    pub(crate) const fn fatal(description: AlertDescription) -> Self {
        Self { level: AlertLevel::Fatal, description }
    }

    pub(crate) const fn encode(self) -> [u8; Self::LEN] {
        let level = match self.level {
            AlertLevel::Warning => 0x01,
            AlertLevel::Fatal => 0x02,
        };
        [level, self.description.0]
    }
}
