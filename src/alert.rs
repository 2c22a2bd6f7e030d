//! Alert descriptions (RFC 9846 §6): how one peer tells the other what went wrong.

use core::fmt;

/// The description byte of an alert (RFC 9846 §6, RFC 5246 §7.2).
///
/// A value for which this crate has no constant is kept unchanged.
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
    /// The sender will not send any more: the clean end of its half.
    CLOSE_NOTIFY = 0, "close_notify";
    /// A message that is not allowed at this point.
    UNEXPECTED_MESSAGE = 10, "unexpected_message";
    /// A record that cannot be opened under the current key.
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
    /// A valid certificate whose owner was denied access.
    ACCESS_DENIED = 49, "access_denied";
    /// A message could not be decoded.
    DECODE_ERROR = 50, "decode_error";
    /// A handshake check failed.
    DECRYPT_ERROR = 51, "decrypt_error";
    /// The protocol version is not supported.
    PROTOCOL_VERSION = 70, "protocol_version";
    /// The server wants more security than the client offers.
    INSUFFICIENT_SECURITY = 71, "insufficient_security";
    /// An error in the sender's own implementation.
    INTERNAL_ERROR = 80, "internal_error";
    /// A client retried with a lower version than necessary (RFC 7507).
    INAPPROPRIATE_FALLBACK = 86, "inappropriate_fallback";
    /// The sender cancels for a reason other than a protocol error.
    USER_CANCELED = 90, "user_canceled";
    /// The sender refuses to renegotiate (TLS 1.2 only).
    NO_RENEGOTIATION = 100, "no_renegotiation";
    /// A required extension is missing.
    MISSING_EXTENSION = 109, "missing_extension";
    /// A forbidden extension is present.
    UNSUPPORTED_EXTENSION = 110, "unsupported_extension";
    /// The server does not recognize the name that the client asked for (RFC 6066 §3).
    UNRECOGNIZED_NAME = 112, "unrecognized_name";
    /// A stapled OCSP response was not acceptable (RFC 6066 §8).
    BAD_CERTIFICATE_STATUS_RESPONSE = 113, "bad_certificate_status_response";
    /// The server does not know the pre-shared key.
    UNKNOWN_PSK_IDENTITY = 115, "unknown_psk_identity";
    /// A certificate was required but not sent.
    CERTIFICATE_REQUIRED = 116, "certificate_required";
    /// The peers have no application protocol in common.
    NO_APPLICATION_PROTOCOL = 120, "no_application_protocol";
}

impl fmt::Debug for AlertDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

/// The RFC's name for this alert, or `unknown`.
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

/// An alert as encoded in a record: two bytes (RFC 9846 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alert {
    level: AlertLevel,
    description: AlertDescription,
}

impl Alert {
    pub(crate) const LEN: usize = 2;

    /// The level is a warning for `close_notify` and `user_canceled` (RFC 9846 §6.1) and, in TLS
    /// 1.2, for `no_renegotiation` (RFC 5246 §7.2.2). All other alerts are fatal.
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
