//! A key as an AEAD implementation expands it. This is the only file that names both
//! implementations.
//!
//! Each seals and opens in place, and both produce the same bytes (RFC 5116, RFC 8439).

use alloc::boxed::Box;
#[cfg(feature = "ring")]
use core::hint::black_box;

use super::suite::Algorithm;
use super::{AeadProvider, CipherSuite, InvalidKeyLength};
use crate::record::TAG_LEN;

/// The length of the nonces of all suites.
pub(super) const NONCE_LEN: usize = 12;

/// The longest key of any suite: AES-256 and ChaCha20.
pub(super) const MAX_KEY_LEN: usize = 32;

/// An expanded key. Not `Clone`, because its nonces are counted elsewhere, once.
#[cfg_attr(
    all(feature = "ring", feature = "aws-lc-rs"),
    expect(clippy::large_enum_variant, reason = "it is always boxed")
)]
pub(super) enum CipherKey {
    #[cfg(feature = "ring")]
    Ring(ring::aead::LessSafeKey),
    #[cfg(feature = "aws-lc-rs")]
    AwsLc(aws_lc_rs::aead::LessSafeKey),
}

/// The record was not sealed with this key, nonce and header.
#[derive(Debug)]
pub(super) struct BadTag;

const TOO_LONG: &str = "a record is at most 2^14 + 256 bytes, and an AEAD's limit is 2^36 - 32";

impl CipherKey {
    #[inline(never)]
    pub(super) fn boxed(
        provider: AeadProvider,
        suite: CipherSuite,
        raw: &[u8],
    ) -> Result<Box<Self>, InvalidKeyLength> {
        let unfit = || InvalidKeyLength { expected: suite.key_len(), actual: raw.len() };
        Ok(Box::new(match provider {
            #[cfg(feature = "ring")]
            AeadProvider::Ring => {
                let key = ring::aead::UnboundKey::new(ring_algorithm(suite.algorithm()), raw);
                Self::Ring(ring::aead::LessSafeKey::new(key.map_err(|_| unfit())?))
            }
            #[cfg(feature = "aws-lc-rs")]
            AeadProvider::AwsLc => {
                let key = aws_lc_rs::aead::UnboundKey::new(aws_algorithm(suite.algorithm()), raw);
                Self::AwsLc(aws_lc_rs::aead::LessSafeKey::new(key.map_err(|_| unfit())?))
            }
        }))
    }

    /// Seals `body` in place.
    #[inline(always)]
    pub(super) fn seal(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: impl AsRef<[u8]>,
        body: &mut [u8],
    ) -> [u8; TAG_LEN] {
        let mut bytes = [0; TAG_LEN];
        match self {
            #[cfg(feature = "ring")]
            Self::Ring(key) => {
                use ring::aead::{Aad, Nonce};
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), body);
                bytes.copy_from_slice(tag.expect(TOO_LONG).as_ref());
            }
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(key) => {
                use aws_lc_rs::aead::{Aad, Nonce};
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), body);
                bytes.copy_from_slice(tag.expect(TOO_LONG).as_ref());
            }
        }
        bytes
    }

    /// Seals `content` followed by `rest` into `body`, whose length is that of both plus the tag.
    #[cfg(any(test, feature = "aws-lc-rs"))]
    #[inline]
    pub(super) fn seal_from(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: impl AsRef<[u8]>,
        content: &[u8],
        rest: &[u8],
        body: &mut [u8],
    ) {
        let (sealed, rest_and_tag) = body.split_at_mut(content.len());
        match self {
            #[cfg(feature = "ring")]
            Self::Ring(_) => {
                sealed.copy_from_slice(content);
                rest_and_tag[..rest.len()].copy_from_slice(rest);
                let inner_len = content.len() + rest.len();
                let (inner, tag) = body.split_at_mut(inner_len);
                tag.copy_from_slice(&self.seal(nonce, aad, inner));
            }
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(key) => {
                use aws_lc_rs::aead::{Aad, Nonce};
                let nonce = Nonce::assume_unique_for_key(nonce);
                let aad = Aad::from(aad);
                key.seal_out_of_place_scatter(nonce, aad, content, sealed, rest, rest_and_tag)
                    .expect(TOO_LONG);
            }
        }
    }

    /// Opens `body` in place. The plaintext is at its start, without the tag.
    #[inline(always)]
    pub(super) fn open<'a>(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: impl AsRef<[u8]>,
        body: &'a mut [u8],
    ) -> Result<&'a mut [u8], BadTag> {
        match self {
            #[cfg(feature = "ring")]
            Self::Ring(key) => {
                use ring::aead::{Aad, Nonce};
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.open_in_place(nonce, Aad::from(aad), body).map_err(|_| BadTag)
            }
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLc(key) => {
                use aws_lc_rs::aead::{Aad, Nonce};
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.open_in_place(nonce, Aad::from(aad), body).map_err(|_| BadTag)
            }
        }
    }
}

#[cfg(feature = "ring")]
fn ring_algorithm(algorithm: Algorithm) -> &'static ring::aead::Algorithm {
    use ring::aead::{AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305};
    match algorithm {
        Algorithm::Aes128Gcm => &AES_128_GCM,
        Algorithm::Aes256Gcm => &AES_256_GCM,
        Algorithm::Chacha20Poly1305 => &CHACHA20_POLY1305,
    }
}

#[cfg(feature = "aws-lc-rs")]
fn aws_algorithm(algorithm: Algorithm) -> &'static aws_lc_rs::aead::Algorithm {
    use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305};
    match algorithm {
        Algorithm::Aes128Gcm => &AES_128_GCM,
        Algorithm::Aes256Gcm => &AES_256_GCM,
        Algorithm::Chacha20Poly1305 => &CHACHA20_POLY1305,
    }
}

/// ring does not wipe its keys; AWS-LC wipes its own.
#[cfg(feature = "ring")]
impl Drop for CipherKey {
    fn drop(&mut self) {
        use ring::aead::{LessSafeKey, UnboundKey};
        #[cfg_attr(not(feature = "aws-lc-rs"), expect(irrefutable_let_patterns, reason = "one"))]
        let Self::Ring(key) = self else {
            return;
        };
        let algorithm = key.algorithm();
        if let Ok(blank) = UnboundKey::new(algorithm, &[0; MAX_KEY_LEN][..algorithm.key_len()]) {
            *key = LessSafeKey::new(blank);
            // Otherwise the compiler could see that the key is never read.
            black_box(key);
        }
    }
}
