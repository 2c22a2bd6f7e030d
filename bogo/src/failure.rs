//! The failures of a connection.

use std::fmt;
use std::io;

use wantwrite::{ConnectionError, ExportError, MoveError, WriteError, rustls};

/// Why a test failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection failed.
    Tls(ConnectionError),
    /// The connection refused to write.
    Write(WriteError),
    /// The connection refused to export keying material.
    Export(ExportError),
    /// The socket failed.
    Io(io::Error),
    /// Plaintext arrived after we had closed and only expected `close_notify`.
    PlaintextBehindEnd,
    /// The outcome contradicts the runner's flags, or the flags are invalid.
    Unexpected(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => error.fmt(f),
            Self::Write(error) => error.fmt(f),
            Self::Export(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
            Self::PlaintextBehindEnd => f.write_str("plaintext arrived after we had closed"),
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
