//! Why a connection came to its end.

use core::fmt;

use crate::error::Error;

/// A fatal fault of a [`Connection`](super::Connection). Sticky. After
/// [`Error::Truncated`] only reading has ended: writing goes on.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The handshake failed; rustls says why. Its alert, if there is one, waits to be drained.
    Handshake(rustls::Error),
    /// The provider of the configuration has a suite with this number, and this crate seals no
    /// records of it. Take it out: see [`Connection::client`](super::Connection::client).
    UnsupportedSuite(u16),
    /// The record layer failed, in the handshake or after it.
    Record(Error),
}

impl From<Error> for ConnectionError {
    fn from(error: Error) -> Self {
        Self::Record(error)
    }
}

impl From<rustls::Error> for ConnectionError {
    fn from(error: rustls::Error) -> Self {
        Self::Handshake(error)
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handshake(error) => write!(f, "the handshake failed: {error}"),
            Self::UnsupportedSuite(number) => {
                write!(f, "the provider's cipher suite {number:#06x} is not supported here")
            }
            Self::Record(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ConnectionError {}
