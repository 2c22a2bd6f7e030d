//! Why a connection came to its end.

use core::fmt;

use crate::alert::AlertDescription;
use crate::error::{ConfigError, Error};

/// A fatal fault of a [`Connection`](super::Connection). Sticky, but for [`Error::Truncated`]
/// after the handshake: only reading has ended then, and you can still write.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The handshake failed; rustls says why. Its alert, if there is one, waits to be drained.
    Handshake(rustls::Error),
    /// The provider of the configuration has a suite with this number, and this crate seals no
    /// records of it. Take it out: see [`Connection::client`](super::Connection::client).
    UnsupportedSuite(u16),
    /// A setting is out of its range.
    Config(ConfigError),
    /// The record layer failed, in the handshake or after it.
    Record(Error),
}

impl ConnectionError {
    /// The alert that this fault obliges us to send, if any, as [`Error::alert`]. `None` for a
    /// handshake that rustls has failed: its alert, if there is one, waits to be drained, and
    /// rustls does not tell which it is.
    #[must_use]
    pub const fn alert(&self) -> Option<AlertDescription> {
        match self {
            Self::Record(error) => error.alert(),
            Self::Handshake(_) | Self::UnsupportedSuite(_) | Self::Config(_) => None,
        }
    }
}

impl From<Error> for ConnectionError {
    fn from(error: Error) -> Self {
        Self::Record(error)
    }
}

impl From<ConfigError> for ConnectionError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
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
                write!(
                    f,
                    "expected the suites of CipherSuite::ALL, got {number:#06x} in the provider"
                )
            }
            Self::Config(error) => error.fmt(f),
            Self::Record(error) => error.fmt(f),
        }
    }
}

/// The text is complete without the source.
impl core::error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // Without `std` it does not implement `Error`.
            #[cfg(feature = "std")]
            Self::Handshake(error) => Some(error),
            #[cfg(not(feature = "std"))]
            Self::Handshake(_) => None,
            Self::UnsupportedSuite(_) => None,
            Self::Config(error) => Some(error),
            Self::Record(error) => Some(error),
        }
    }
}
