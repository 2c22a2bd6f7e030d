//! Errors: status, text, alert, and who is at fault.

use core::ffi::{CStr, c_char};

use wantwrite::driver::Fault;
use wantwrite::rustls;
use wantwrite::{ConfigError, ConnectionError, Error, LingerError, WriteError};

/// Each status with its text.
macro_rules! statuses {
    ($($name:ident = $text:literal,)*) => {
        impl ww_status {
            /// What the status means, in a few words.
            pub(crate) const fn text(self) -> &'static CStr {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            fn from_number(number: i32) -> Option<Self> {
                let all = [$(Self::$name,)*];
                all.into_iter().find(|status| status.number() == number)
            }
        }
    };
}

/// The result of a call. `WW_OK` is 0.
///
/// The statuses from `WW_ERROR_FAILED` to `WW_ERROR_KEYS_EXHAUSTED` mean that the connection has
/// failed or, for `WW_ERROR_TRUNCATED`, that reading has ended. All other errors concern a single
/// call. Such a call has changed nothing, except for the bytes that it counts as taken.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_status {
    /// Success.
    WW_OK = 0,
    /// A pointer was NULL that must not be.
    WW_ERROR_NULL = 1,
    /// A number or a string is not one of the allowed values.
    WW_ERROR_ARGUMENT = 2,
    /// A bug in the library: a panic was caught. You can only free the object.
    WW_ERROR_PANIC = 3,
    /// The size at the start of the settings is invalid, or the settings set fields that this
    /// version of the library does not know.
    WW_ERROR_SETTINGS_SIZE = 4,
    /// A setting is out of range, or two settings contradict each other.
    WW_ERROR_SETTING = 5,
    /// A file could not be opened or read.
    WW_ERROR_FILE = 6,
    /// The PEM cannot be decoded, or does not contain what is needed.
    WW_ERROR_PEM = 7,
    /// A certificate or a private key is unusable, or they do not match.
    WW_ERROR_IDENTITY = 8,

    /// An all-or-nothing write did not fit.
    WW_ERROR_NO_ROOM = 20,
    /// Our half is closed.
    WW_ERROR_CLOSED = 21,
    /// The key has reached its limit and cannot be updated. Close the connection.
    WW_ERROR_KEY_LIMIT = 22,
    /// The caller claimed more bytes than exist. Nothing changed.
    WW_ERROR_OVERRUN = 23,
    /// The protocol version has no KeyUpdate, or these keys cannot be updated.
    WW_ERROR_NO_KEY_UPDATE = 24,
    /// The handshake is not complete.
    WW_ERROR_NEGOTIATING = 25,
    /// The chunk is not the one that was taken last from this connection, more has been drained
    /// since, or a capacity's worth of later bytes has been taken and new records have been sealed
    /// since. In the last case, send the chunk before anything that `ww_out` returns.
    WW_ERROR_PUT_BACK = 26,
    /// Keying material cannot be exported: `exporter` is not set, TLS 1.2 was negotiated without
    /// Extended Master Secret, the label is one of TLS's own, or the length is too large.
    WW_ERROR_EXPORT = 27,

    /// The transport failed. `ww_step.transport_error` is the number that was reported.
    WW_ERROR_TRANSPORT = 40,
    /// The transport took 0 bytes.
    WW_ERROR_WRITE_ZERO = 41,
    /// Lingering ended because the peer is still sending.
    WW_ERROR_STILL_SENDING = 42,
    /// Lingering was abandoned.
    WW_ERROR_GAVE_UP = 43,

    /// The connection failed earlier; `ww_connection_error` returns the reason.
    WW_ERROR_FAILED = 60,
    /// The handshake failed.
    WW_ERROR_HANDSHAKE = 61,
    /// The peer's certificate was not accepted.
    WW_ERROR_CERTIFICATE = 62,
    /// The peer broke the protocol.
    WW_ERROR_PEER_PROTOCOL = 63,
    /// The peer ended the connection with an alert.
    WW_ERROR_PEER_ALERT = 64,
    /// The transport ended without the peer's close_notify, so what was read may be incomplete.
    /// After the handshake, you can still write; `ww_process` returns this once, and `ww_read` and
    /// `WW_GOAL_READ` every time.
    WW_ERROR_TRUNCATED = 65,
    /// The connection was aborted, or closed during the handshake.
    WW_ERROR_ABORTED = 66,
    /// No further traffic key can be derived.
    WW_ERROR_KEYS_EXHAUSTED = 67,
}

statuses! {
    WW_OK = c"success",
    WW_ERROR_NULL = c"an unexpected NULL pointer",
    WW_ERROR_ARGUMENT = c"an argument is not an allowed value",
    WW_ERROR_PANIC = c"a bug in the library; the object can only be freed",
    WW_ERROR_SETTINGS_SIZE = c"the size of the settings is unknown to this version",
    WW_ERROR_SETTING = c"a setting is out of range",
    WW_ERROR_FILE = c"a file could not be opened or read",
    WW_ERROR_PEM = c"the PEM cannot be decoded, or lacks what is needed",
    WW_ERROR_IDENTITY = c"a certificate or a private key is unusable",
    WW_ERROR_NO_ROOM = c"not enough room",
    WW_ERROR_CLOSED = c"our half of the connection is closed",
    WW_ERROR_KEY_LIMIT = c"the key has reached its limit and cannot be updated",
    WW_ERROR_OVERRUN = c"more bytes were claimed than exist",
    WW_ERROR_NO_KEY_UPDATE = c"these keys cannot be updated",
    WW_ERROR_NEGOTIATING = c"the handshake is not complete",
    WW_ERROR_PUT_BACK = c"the chunk cannot be put back",
    WW_ERROR_EXPORT = c"keying material cannot be exported",
    WW_ERROR_TRANSPORT = c"the transport failed",
    WW_ERROR_WRITE_ZERO = c"the transport took 0 bytes",
    WW_ERROR_STILL_SENDING = c"the peer is still sending",
    WW_ERROR_GAVE_UP = c"the peer did not end in time",
    WW_ERROR_FAILED = c"the connection failed earlier",
    WW_ERROR_HANDSHAKE = c"the handshake failed",
    WW_ERROR_CERTIFICATE = c"the peer's certificate was not accepted",
    WW_ERROR_PEER_PROTOCOL = c"the peer broke the protocol",
    WW_ERROR_PEER_ALERT = c"the peer ended the connection with an alert",
    WW_ERROR_TRUNCATED = c"the transport ended without close_notify",
    WW_ERROR_ABORTED = c"the connection was aborted",
    WW_ERROR_KEYS_EXHAUSTED = c"no further traffic key can be derived",
}

/// Who is at fault.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_fault {
    /// No error.
    WW_FAULT_NONE = 0,
    /// Your program, or its settings.
    WW_FAULT_CALLER = 1,
    /// The peer.
    WW_FAULT_PEER = 2,
    /// The transport, or an attacker on the network.
    WW_FAULT_TRANSPORT = 3,
    /// This library, or the machine it runs on.
    WW_FAULT_LIBRARY = 4,
}

/// The size of `ww_error.text`, including the terminating zero byte.
pub const WW_ERROR_TEXT_LEN: usize = 256;

/// The reason for a failure. The struct owns nothing that must be freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_error {
    /// The status; `WW_OK` if there was no error.
    pub status: ww_status,
    /// Who is at fault.
    pub fault: ww_fault,
    /// The alert (RFC 9846, section 6.2): with `WW_ERROR_PEER_ALERT`, the alert that the peer sent;
    /// otherwise the alert that is sent to the peer. -1 if there is none, or if it is unknown.
    pub alert: i32,
    /// A complete description in English, for logs, terminated by a zero byte.
    pub text: [c_char; WW_ERROR_TEXT_LEN],
}

/// Returns the meaning of a status, in a few words; never NULL. The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn ww_status_text(status: i32) -> *const c_char {
    ww_status::from_number(status).map_or(c"not a status", ww_status::text).as_ptr()
}

impl ww_status {
    #[expect(clippy::as_conversions, reason = "the number of a variant is an i32")]
    const fn number(self) -> i32 {
        self as i32
    }
}

/// The reason for a failure, before it becomes a `ww_error`.
#[derive(Debug)]
pub(crate) struct Failure {
    status: ww_status,
    fault: ww_fault,
    alert: Option<u8>,
    text: String,
}

impl Failure {
    /// The caller is at fault.
    pub(crate) fn of_caller(status: ww_status, text: impl Into<String>) -> Self {
        Self { status, fault: ww_fault::WW_FAULT_CALLER, alert: None, text: text.into() }
    }

    pub(crate) fn of_setting(error: ConfigError) -> Self {
        Self::of_caller(ww_status::WW_ERROR_SETTING, error.to_string())
    }

    pub(crate) fn null(what: &str) -> Self {
        Self::of_caller(ww_status::WW_ERROR_NULL, format!("expected {what}, got NULL"))
    }

    pub(crate) fn panicked() -> Self {
        let (status, fault) = (ww_status::WW_ERROR_PANIC, ww_fault::WW_FAULT_LIBRARY);
        Self { status, fault, alert: None, text: "a bug in the library: a panic was caught".into() }
    }

    pub(crate) fn to_c(&self) -> ww_error {
        let mut error = ww_error { status: self.status, fault: self.fault, ..ww_error::NONE };
        error.alert = self.alert.map_or(-1, i32::from);
        let mut len = self.text.len().min(WW_ERROR_TEXT_LEN - 1);
        while !self.text.is_char_boundary(len) {
            len -= 1;
        }
        for (place, byte) in error.text.iter_mut().zip(self.text[..len].bytes()) {
            *place = c_char::from_ne_bytes([byte]);
        }
        error
    }
}

impl ww_error {
    pub(crate) const NONE: Self = Self {
        status: ww_status::WW_OK,
        fault: ww_fault::WW_FAULT_NONE,
        alert: -1,
        text: [0; WW_ERROR_TEXT_LEN],
    };
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        let text = error.to_string();
        let (status, fault, alert) = match &error {
            ConnectionError::Record(error) => {
                let (status, fault) = of_record(*error);
                let alert = match error {
                    Error::PeerAlert(alert) => Some(*alert),
                    error => error.alert(),
                };
                (status, fault, alert.map(|alert| alert.0))
            }
            ConnectionError::Handshake(error) => {
                let (status, fault) = of_handshake(error);
                let alert = match error {
                    rustls::Error::AlertReceived(alert) => Some((*alert).into()),
                    _ => None,
                };
                (status, fault, alert)
            }
            ConnectionError::UnsupportedSuite(_) | ConnectionError::Config(_) => {
                (ww_status::WW_ERROR_SETTING, ww_fault::WW_FAULT_CALLER, None)
            }
            _ => (ww_status::WW_ERROR_FAILED, ww_fault::WW_FAULT_LIBRARY, None),
        };
        Self { status, fault, alert, text }
    }
}

fn of_record(error: Error) -> (ww_status, ww_fault) {
    match error {
        Error::Peer(_) => (ww_status::WW_ERROR_PEER_PROTOCOL, ww_fault::WW_FAULT_PEER),
        Error::PeerAlert(_) => (ww_status::WW_ERROR_PEER_ALERT, ww_fault::WW_FAULT_PEER),
        Error::Truncated => (ww_status::WW_ERROR_TRUNCATED, ww_fault::WW_FAULT_TRANSPORT),
        Error::Aborted(_) => (ww_status::WW_ERROR_ABORTED, ww_fault::WW_FAULT_CALLER),
        Error::KeysExhausted => (ww_status::WW_ERROR_KEYS_EXHAUSTED, ww_fault::WW_FAULT_LIBRARY),
        Error::HandshakeFailed => (ww_status::WW_ERROR_HANDSHAKE, ww_fault::WW_FAULT_PEER),
        _ => (ww_status::WW_ERROR_FAILED, ww_fault::WW_FAULT_LIBRARY),
    }
}

/// A breach of the protocol has the same status as after the handshake.
fn of_handshake(error: &rustls::Error) -> (ww_status, ww_fault) {
    use rustls::Error::{
        AlertReceived, BadMaxFragmentSize, DecryptError, InappropriateHandshakeMessage,
        InappropriateMessage, InconsistentKeys, InvalidCertRevocationList, InvalidCertificate,
        InvalidEncryptedClientHello, InvalidMessage, NoApplicationProtocol,
        NoCertificatesPresented, PeerIncompatible, PeerMisbehaved, PeerSentOversizedRecord,
        UnsupportedNameType,
    };
    match error {
        AlertReceived(_) => (ww_status::WW_ERROR_PEER_ALERT, ww_fault::WW_FAULT_PEER),
        InvalidCertificate(_) | NoCertificatesPresented => {
            (ww_status::WW_ERROR_CERTIFICATE, ww_fault::WW_FAULT_PEER)
        }
        PeerMisbehaved(_)
        | InvalidMessage(_)
        | InappropriateMessage { .. }
        | InappropriateHandshakeMessage { .. }
        | PeerSentOversizedRecord
        | DecryptError => (ww_status::WW_ERROR_PEER_PROTOCOL, ww_fault::WW_FAULT_PEER),
        PeerIncompatible(_) | NoApplicationProtocol => {
            (ww_status::WW_ERROR_HANDSHAKE, ww_fault::WW_FAULT_PEER)
        }
        // These concern the settings.
        BadMaxFragmentSize
        | InconsistentKeys(_)
        | InvalidCertRevocationList(_)
        | InvalidEncryptedClientHello(_)
        | UnsupportedNameType => (ww_status::WW_ERROR_HANDSHAKE, ww_fault::WW_FAULT_CALLER),
        // The others come from the machine or from a bug, and the enum may grow.
        _ => (ww_status::WW_ERROR_HANDSHAKE, ww_fault::WW_FAULT_LIBRARY),
    }
}

impl From<&ConnectionError> for ww_status {
    fn from(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::Record(error) => of_record(*error).0,
            ConnectionError::Handshake(error) => of_handshake(error).0,
            ConnectionError::UnsupportedSuite(_) | ConnectionError::Config(_) => {
                Self::WW_ERROR_SETTING
            }
            _ => Self::WW_ERROR_FAILED,
        }
    }
}

impl From<ConnectionError> for ww_status {
    fn from(error: ConnectionError) -> Self {
        Self::from(&error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        ConnectionError::Record(error).into()
    }
}

impl From<Error> for ww_status {
    fn from(error: Error) -> Self {
        of_record(error).0
    }
}

impl From<WriteError> for ww_status {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NoRoom { .. } => Self::WW_ERROR_NO_ROOM,
            WriteError::Closed => Self::WW_ERROR_CLOSED,
            WriteError::KeyLimit { .. } => Self::WW_ERROR_KEY_LIMIT,
            WriteError::Overrun(_) => Self::WW_ERROR_OVERRUN,
            WriteError::NoKeyUpdate => Self::WW_ERROR_NO_KEY_UPDATE,
            WriteError::Negotiating => Self::WW_ERROR_NEGOTIATING,
            _ => Self::WW_ERROR_FAILED,
        }
    }
}

impl<E> From<&Fault<E>> for ww_status {
    fn from(fault: &Fault<E>) -> Self {
        match fault {
            Fault::Transport(_) => Self::WW_ERROR_TRANSPORT,
            Fault::WriteZero => Self::WW_ERROR_WRITE_ZERO,
            Fault::Overrun(_) | Fault::WriteOverrun(_) => Self::WW_ERROR_OVERRUN,
            Fault::Connection(error) => error.into(),
            Fault::Write(error) => (*error).into(),
            Fault::Linger(LingerError::GaveUp { .. }) => Self::WW_ERROR_GAVE_UP,
            Fault::Linger(_) => Self::WW_ERROR_STILL_SENDING,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_ends_with_nul() {
        let text = "ä".repeat(200);
        let error = Failure::of_caller(ww_status::WW_ERROR_SETTING, text).to_c();
        let len = error.text.iter().position(|&byte| byte == 0);
        assert_eq!(len, Some(254));
    }

    #[test]
    fn errors_of_the_handshake_name_the_party_at_fault() {
        use rustls::Error as Tls;
        use ww_fault::{WW_FAULT_CALLER, WW_FAULT_LIBRARY, WW_FAULT_PEER};
        use ww_status::{
            WW_ERROR_CERTIFICATE, WW_ERROR_HANDSHAKE, WW_ERROR_PEER_ALERT, WW_ERROR_PEER_PROTOCOL,
        };
        let (expect_types, got_type) = (vec![], rustls::ContentType::Handshake);
        let unexpected = Tls::InappropriateMessage { expect_types, got_type };
        let (expect_types, got_type) = (vec![], rustls::HandshakeType::Finished);
        let unexpected_handshake = Tls::InappropriateHandshakeMessage { expect_types, got_type };
        let undecodable = Tls::InvalidMessage(rustls::InvalidMessage::MessageTooLarge);
        let misbehaved = rustls::PeerMisbehaved::IllegalMiddleboxChangeCipherSpec;
        let incompatible = rustls::PeerIncompatible::NoCipherSuitesInCommon;
        let revocation_list = rustls::CertRevocationListError::ParseError;
        let client_hello = rustls::EncryptedClientHelloError::SniRequired;
        let other = rustls::OtherError(std::sync::Arc::new(core::fmt::Error));
        let alert = rustls::AlertDescription::HandshakeFailure;
        for (error, status, fault) in [
            (unexpected, WW_ERROR_PEER_PROTOCOL, WW_FAULT_PEER),
            (unexpected_handshake, WW_ERROR_PEER_PROTOCOL, WW_FAULT_PEER),
            (undecodable, WW_ERROR_PEER_PROTOCOL, WW_FAULT_PEER),
            (Tls::PeerMisbehaved(misbehaved), WW_ERROR_PEER_PROTOCOL, WW_FAULT_PEER),
            (Tls::PeerSentOversizedRecord, WW_ERROR_PEER_PROTOCOL, WW_FAULT_PEER),
            (Tls::DecryptError, WW_ERROR_PEER_PROTOCOL, WW_FAULT_PEER),
            (Tls::AlertReceived(alert), WW_ERROR_PEER_ALERT, WW_FAULT_PEER),
            (Tls::PeerIncompatible(incompatible), WW_ERROR_HANDSHAKE, WW_FAULT_PEER),
            (Tls::NoApplicationProtocol, WW_ERROR_HANDSHAKE, WW_FAULT_PEER),
            (rustls::CertificateError::Expired.into(), WW_ERROR_CERTIFICATE, WW_FAULT_PEER),
            (Tls::NoCertificatesPresented, WW_ERROR_CERTIFICATE, WW_FAULT_PEER),
            (revocation_list.into(), WW_ERROR_HANDSHAKE, WW_FAULT_CALLER),
            (client_hello.into(), WW_ERROR_HANDSHAKE, WW_FAULT_CALLER),
            (Tls::UnsupportedNameType, WW_ERROR_HANDSHAKE, WW_FAULT_CALLER),
            (Tls::BadMaxFragmentSize, WW_ERROR_HANDSHAKE, WW_FAULT_CALLER),
            (rustls::InconsistentKeys::Unknown.into(), WW_ERROR_HANDSHAKE, WW_FAULT_CALLER),
            (Tls::EncryptError, WW_ERROR_HANDSHAKE, WW_FAULT_LIBRARY),
            (Tls::General(String::new()), WW_ERROR_HANDSHAKE, WW_FAULT_LIBRARY),
            (Tls::HandshakeNotComplete, WW_ERROR_HANDSHAKE, WW_FAULT_LIBRARY),
            (Tls::FailedToGetCurrentTime, WW_ERROR_HANDSHAKE, WW_FAULT_LIBRARY),
            (Tls::FailedToGetRandomBytes, WW_ERROR_HANDSHAKE, WW_FAULT_LIBRARY),
            (Tls::Other(other), WW_ERROR_HANDSHAKE, WW_FAULT_LIBRARY),
        ] {
            let text = error.to_string();
            let failure = Failure::from(ConnectionError::Handshake(error));
            assert_eq!((failure.status, failure.fault), (status, fault), "{text}");
        }
    }

    #[test]
    fn known_numbers_have_texts_and_others_do_not() {
        for number in -1..100 {
            // SAFETY: the string is static and ends with a zero byte.
            let text = unsafe { CStr::from_ptr(ww_status_text(number)) };
            assert_eq!(text == c"not a status", ww_status::from_number(number).is_none());
        }
    }
}
