//! Why a connection did not do what it was to do.

use std::fmt;
use std::io;

use wantwrite::{ConnectionError, ExportError, MoveError, WriteError, rustls};

/// Why the connection did not do what it was to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection failed.
    Tls(ConnectionError),
    /// It refused to write.
    Write(WriteError),
    /// It exported nothing.
    Export(ExportError),
    /// The socket failed.
    Io(io::Error),
    /// Plaintext came when we had closed and waited for `close_notify` only.
    PlaintextBehindEnd,
    /// Not what the runner's flags say must come out, or what they say makes no sense.
    Unexpected(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Export(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::PlaintextBehindEnd => f.write_str("plaintext came after we had closed"),
            Self::Unexpected(what) => write!(f, "unexpected: {what}"),
        }
    }
}

impl From<ConnectionError> for Failure {
    fn from(error: ConnectionError) -> Self {
        Self::Tls(error)
    }
}

impl From<MoveError> for Failure {
    fn from(error: MoveError) -> Self {
        Self::Unexpected(error.to_string())
    }
}

impl From<rustls::Error> for Failure {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error.into())
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        Self::Export(error)
    }
}
