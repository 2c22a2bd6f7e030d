//! Why a connection ended.

use core::fmt;

use crate::alert::AlertDescription;
use crate::error::{ConfigError, Error};

/// A fatal error of a [`Connection`](super::Connection). It is sticky, with one exception: after
/// the handshake, [`Error::Truncated`] ends only reading, and you can still write.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The handshake failed; rustls says why. Its alert, if there is one, is pending.
    Handshake(rustls::Error),
    /// The configuration's provider has a suite with this number, which this crate does not
    /// support. Remove it: see [`Connection::client`](super::Connection::client).
    UnsupportedSuite(u16),
    /// A setting is out of range.
    Config(ConfigError),
    /// The record layer failed, during the handshake or after it.
    Record(Error),
}

impl ConnectionError {
    /// Returns the alert that this error obliges us to send, if any, like [`Error::alert`]. `None`
    /// for a handshake that rustls has failed: its alert, if there is one, is pending, but rustls
    /// does not reveal which alert it is.
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
                    "expected a provider with suites of CipherSuite::ALL only, got {number:#06x}"
                )
            }
            Self::Config(error) => error.fmt(f),
            Self::Record(error) => error.fmt(f),
        }
    }
}

/// The message is complete without the source.
impl core::error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            // Without `std`, rustls's error does not implement `Error`.
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
