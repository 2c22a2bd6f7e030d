//! One file per library.

#[cfg(feature = "boring")]
mod boring;
#[cfg(feature = "gnutls")]
mod gnutls;
mod openssl;
mod ours;
mod rustls;
#[cfg(feature = "rustls-next")]
mod rustls_next;
#[cfg(feature = "s2n")]
mod s2n;

#[cfg(feature = "boring")]
pub(crate) use self::boring::BoringSsl;
#[cfg(feature = "gnutls")]
pub(crate) use self::gnutls::{GnuTls, GnuTlsCorked, version as gnutls_version};
pub(crate) use self::openssl::OpenSsl;
pub(crate) use self::ours::{Coalesced, Ours, Slot, Write, WriteOwned};
#[cfg(feature = "aws-lc")]
pub(crate) use self::ours::{SlotByAwsLc, WriteByAwsLc};
pub(crate) use self::rustls::{Rustls, RustlsBehindBufWriter};
#[cfg(feature = "rustls-next")]
pub(crate) use self::rustls_next::RustlsNext;
#[cfg(feature = "s2n")]
pub(crate) use self::s2n::S2n;
