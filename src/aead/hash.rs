//! The hashes: ring's if it is built in, otherwise AWS-LC's, under the same names.

#[cfg(not(feature = "ring"))]
pub(super) use aws_lc_rs::hkdf;
#[cfg(all(feature = "rustls", not(feature = "ring")))]
pub(super) use aws_lc_rs::{digest, hmac};
#[cfg(feature = "ring")]
pub(super) use ring::hkdf;
#[cfg(all(feature = "rustls", feature = "ring"))]
pub(super) use ring::{digest, hmac};

#[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
compile_error!("wantwrite needs an AEAD: enable its feature `ring` or `aws-lc-rs`");
