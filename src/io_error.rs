//! Errors of this crate as `std::io::Error`: the error itself is inside, its kind says what an
//! event loop does about it.

use std::io::{self, ErrorKind};

use crate::aead::InvalidKeyLength;
#[cfg(feature = "rustls")]
use crate::connection::ConnectionError;
#[cfg(feature = "rustls")]
use crate::driver::lingering::LingerError;
use crate::error::{ConfigError, Error, Overrun, WriteError};

const fn kind_of(error: &Error) -> ErrorKind {
    match error {
        Error::Truncated => ErrorKind::UnexpectedEof,
        Error::PeerAlert(_) => ErrorKind::ConnectionAborted,
        Error::Peer(_)
        | Error::Aborted(_)
        | Error::KeysExhausted
        | Error::HandshakeFailed
        | Error::SealingAbandoned => ErrorKind::InvalidData,
    }
}

impl From<Error> for io::Error {
    /// [`UnexpectedEof`](ErrorKind::UnexpectedEof) for a truncated stream,
    /// [`ConnectionAborted`](ErrorKind::ConnectionAborted) for an alert of the peer's, else
    /// [`InvalidData`](ErrorKind::InvalidData).
    fn from(error: Error) -> Self {
        Self::new(kind_of(&error), error)
    }
}

impl From<WriteError> for io::Error {
    /// [`WouldBlock`](ErrorKind::WouldBlock) where the same call succeeds once the connection was
    /// driven: for `NoRoom`, and for `Negotiating` (`NotConnected` is what a socket says that has
    /// no peer). [`BrokenPipe`](ErrorKind::BrokenPipe) for `Closed`,
    /// [`InvalidInput`](ErrorKind::InvalidInput) for `Overrun`,
    /// [`Unsupported`](ErrorKind::Unsupported) for `NoKeyUpdate`, else
    /// [`Other`](ErrorKind::Other).
    fn from(error: WriteError) -> Self {
        let kind = match error {
            WriteError::NoRoom { .. } | WriteError::Negotiating => ErrorKind::WouldBlock,
            WriteError::Closed => ErrorKind::BrokenPipe,
            WriteError::Overrun(_) => ErrorKind::InvalidInput,
            WriteError::NoKeyUpdate => ErrorKind::Unsupported,
            WriteError::KeyLimit { .. } | WriteError::Failed { .. } => ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

macro_rules! invalid_input {
    ($($error:ty),*) => {$(
        impl From<$error> for io::Error {
            /// [`InvalidInput`](ErrorKind::InvalidInput): the caller is at fault.
            fn from(error: $error) -> Self {
                Self::new(ErrorKind::InvalidInput, error)
            }
        }
    )*};
}

invalid_input!(Overrun, ConfigError, InvalidKeyLength);

#[cfg(feature = "rustls")]
impl From<ConnectionError> for io::Error {
    /// As [`Error`] where the record layer has failed, as [`ConfigError`] for a setting, else
    /// [`InvalidData`](ErrorKind::InvalidData).
    fn from(error: ConnectionError) -> Self {
        let kind = match &error {
            ConnectionError::Record(error) => kind_of(error),
            ConnectionError::Config(_) => ErrorKind::InvalidInput,
            ConnectionError::Handshake(_) | ConnectionError::UnsupportedSuite(_) => {
                ErrorKind::InvalidData
            }
        };
        Self::new(kind, error)
    }
}

#[cfg(feature = "rustls")]
impl From<LingerError> for io::Error {
    /// [`TimedOut`](ErrorKind::TimedOut) if the caller gave up, [`Other`](ErrorKind::Other) if
    /// the peer sent too much.
    fn from(error: LingerError) -> Self {
        let kind = match error {
            LingerError::GaveUp { .. } => ErrorKind::TimedOut,
            LingerError::StillSending { .. } => ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}
