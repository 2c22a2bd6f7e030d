//! The error of the streams.

use core::fmt;

use embedded_io::ErrorKind;
use wantwrite::driver::{FarEnd, Fault};
use wantwrite::{ConnectionError, Error, LingerError, Overrun, WriteError};

/// Why a call of a stream failed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EmbeddedError<E> {
    /// The transport's own error.
    Transport(E),
    /// The transport took 0 bytes.
    WriteZero,
    /// The transport claims to have read more bytes than it was lent.
    Overrun(Overrun),
    /// The transport claims to have taken more bytes than it was given.
    WriteOverrun(Overrun),
    /// The connection has failed, or was truncated. Sticky.
    Connection(ConnectionError),
    /// The connection does not accept what was written.
    Write(WriteError),
    /// The peer did not end within the caller's limits.
    Linger(LingerError),
    /// A future was dropped while it waited for the transport, and it is unknown what that call has
    /// done ([`DroppedCall::Unknown`](crate::DroppedCall)). Sticky.
    Cancelled,
}

impl<E> From<Fault<E>> for EmbeddedError<E> {
    fn from(fault: Fault<E>) -> Self {
        match fault {
            Fault::Transport(error) => Self::Transport(error),
            Fault::WriteZero => Self::WriteZero,
            Fault::Overrun(overrun) => Self::Overrun(overrun),
            Fault::WriteOverrun(overrun) => Self::WriteOverrun(overrun),
            Fault::Connection(error) => Self::Connection(error),
            Fault::Write(error) => Self::Write(error),
            Fault::Linger(error) => Self::Linger(error),
        }
    }
}

impl<E: embedded_io::Error> embedded_io::Error for EmbeddedError<E> {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Transport(error) => error.kind(),
            Self::WriteZero => ErrorKind::WriteZero,
            Self::Connection(ConnectionError::Record(Error::Truncated | Error::PeerAlert(_))) => {
                ErrorKind::ConnectionAborted
            }
            Self::Connection(ConnectionError::Config(_)) => ErrorKind::InvalidInput,
            Self::Connection(_) => ErrorKind::InvalidData,
            Self::Write(WriteError::Closed) => ErrorKind::BrokenPipe,
            Self::Linger(LingerError::GaveUp { .. }) => ErrorKind::TimedOut,
            Self::Cancelled => ErrorKind::Interrupted,
            Self::Overrun(_) | Self::WriteOverrun(_) | Self::Write(_) | Self::Linger(_) => {
                ErrorKind::Other
            }
        }
    }
}

impl<E: fmt::Display> fmt::Display for EmbeddedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(f),
            Self::WriteZero => f.write_str("the transport took 0 bytes"),
            Self::Overrun(overrun) => overrun.fmt(f),
            Self::WriteOverrun(overrun) => overrun.fmt(f),
            Self::Connection(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Linger(error) => error.fmt(f),
            Self::Cancelled => {
                f.write_str("a call was dropped, and its effect on the transport is unknown")
            }
        }
    }
}

/// The message is complete without the source.
impl<E: core::error::Error> core::error::Error for EmbeddedError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // `error` may borrow something, which a source must not do.
            Self::Transport(error) => error.source(),
            Self::WriteZero | Self::Cancelled => None,
            Self::Overrun(overrun) => Some(overrun),
            Self::WriteOverrun(overrun) => Some(overrun),
            Self::Connection(error) => Some(error),
            Self::Write(error) => Some(error),
            Self::Linger(error) => Some(error),
        }
    }
}

/// What `error` says about the other end.
pub(crate) fn far_end(error: &impl embedded_io::Error) -> FarEnd {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => FarEnd::Reset,
        ErrorKind::BrokenPipe | ErrorKind::NotConnected => FarEnd::Gone,
        _ => FarEnd::Unknown,
    }
}
