//! A key as the handshake gives it, and what ring makes of it.

use alloc::boxed::Box;

use ring::aead::LessSafeKey;
use zeroize::Zeroize;

use super::{CipherSuite, InvalidKeyLength};

/// ring's key takes more than 500 bytes and is made in some 100 ns: it is there while it is
/// needed. The raw key is kept to make it again, and for whoever takes a direction over. Wiped on
/// drop; ring does not wipe what it made.
pub(super) struct AeadKey {
    suite: CipherSuite,
    raw_len: u8,
    raw: [u8; MAX_KEY_LEN],
    expanded: Option<Box<LessSafeKey>>,
}

/// Longest key of a suite: AES-256 and ChaCha20.
const MAX_KEY_LEN: usize = 32;

impl AeadKey {
    pub(super) fn new(suite: CipherSuite, key: &[u8]) -> Result<Self, InvalidKeyLength> {
        let expanded = Some(Box::new(suite.bind(key)?));
        let mut raw = [0; MAX_KEY_LEN];
        raw[..key.len()].copy_from_slice(key);
        let raw_len = u8::try_from(key.len()).unwrap_or(u8::MAX);
        Ok(Self { suite, raw_len, raw, expanded })
    }

    pub(super) const fn suite(&self) -> CipherSuite {
        self.suite
    }

    pub(super) fn raw(&self) -> &[u8] {
        &self.raw[..usize::from(self.raw_len)]
    }

    #[inline]
    pub(super) fn expanded(&mut self) -> &LessSafeKey {
        let Self { suite, raw_len, raw, expanded } = self;
        expanded.get_or_insert_with(|| expand(*suite, &raw[..usize::from(*raw_len)]))
    }

    /// Until it is needed again, the raw key is enough.
    pub(super) fn shrink(&mut self) {
        self.expanded = None;
    }
}

#[cold]
fn expand(suite: CipherSuite, raw: &[u8]) -> Box<LessSafeKey> {
    Box::new(suite.bind(raw).expect("the raw key has been bound before"))
}

impl Drop for AeadKey {
    fn drop(&mut self) {
        self.raw.zeroize();
    }
}
