//! A file for each library.

#[cfg(feature = "boring")]
mod boring;
#[cfg(feature = "gnutls")]
mod gnutls;
mod openssl;
mod ours;
mod rustls;
#[cfg(feature = "s2n")]
mod s2n;

#[cfg(feature = "boring")]
pub(crate) use self::boring::BoringSsl;
#[cfg(feature = "gnutls")]
pub(crate) use self::gnutls::{GnuTls, GnuTlsCorked, version as gnutls_version};
pub(crate) use self::openssl::OpenSsl;
pub(crate) use self::ours::{Coalesced, Ours, Slot, Write, WriteOwned};
pub(crate) use self::rustls::{Rustls, RustlsBehindBufWriter};
#[cfg(feature = "s2n")]
pub(crate) use self::s2n::S2n;
