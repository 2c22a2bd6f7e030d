//! Converts this crate's errors to `std::io::Error`. The original error is the inner error, and the
//! kind tells an event loop what to do.

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
    /// [`ConnectionAborted`](ErrorKind::ConnectionAborted) for an alert from the peer, and
    /// [`InvalidData`](ErrorKind::InvalidData) otherwise.
    fn from(error: Error) -> Self {
        Self::new(kind_of(&error), error)
    }
}

impl From<WriteError> for io::Error {
    /// [`WouldBlock`](ErrorKind::WouldBlock) if the same call succeeds once the connection has made
    /// progress: for `NoRoom` and `Negotiating` (sockets return `NotConnected` when they have no
    /// peer). [`BrokenPipe`](ErrorKind::BrokenPipe) for `Closed`,
    /// [`InvalidInput`](ErrorKind::InvalidInput) for `Overrun`,
    /// [`Unsupported`](ErrorKind::Unsupported) for `NoKeyUpdate`, and [`Other`](ErrorKind::Other)
    /// otherwise.
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
    /// The same kind as for [`Error`] if the record layer failed, and as for [`ConfigError`] if a
    /// setting is out of range. Otherwise [`InvalidData`](ErrorKind::InvalidData).
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
