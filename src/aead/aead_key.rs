//! A key as the handshake provides it, and as an AEAD expands it.

use alloc::boxed::Box;

use zeroize::Zeroize;

use super::cipher_key::{CipherKey, MAX_KEY_LEN, NONCE_LEN};
use super::nonce::{Iv, SeqCounter};
use super::secret_box::SecretBox;
use super::{AeadProvider, CipherSuite, InvalidKeyLength, stack};
use crate::record::RecordFormat;

/// A key, its IV and its sequence number. The expanded key takes more than 500 bytes but only about
/// 100 ns to create, so it exists only while it is needed. The raw key is kept to create it again,
/// and for a caller that takes over a direction. Both keys and the IV are wiped on drop.
pub(super) struct AeadKey {
    suite: CipherSuite,
    provider: AeadProvider,
    /// The suite's.
    format: RecordFormat,
    /// The sequence number of the next record under this key.
    seq: SeqCounter,
    raw: SecretBox<Raw>,
    expanded: Option<Box<CipherKey>>,
}

struct Raw {
    /// A shorter key is at the end of the array.
    key: [u8; MAX_KEY_LEN],
    iv: Iv,
}

impl AeadKey {
    pub(super) fn new(
        suite: CipherSuite,
        key: &[u8],
        iv: [u8; NONCE_LEN],
        seq: u64,
    ) -> Result<Self, InvalidKeyLength> {
        stack::wiped_after(|| Self::unwiped(suite, key, iv, seq))
    }

    /// The same, for callers that wipe the stack.
    pub(super) fn unwiped(
        suite: CipherSuite,
        key: &[u8],
        iv: [u8; NONCE_LEN],
        seq: u64,
    ) -> Result<Self, InvalidKeyLength> {
        let provider = AeadProvider::default();
        let expanded = Some(CipherKey::boxed(provider, suite, key)?);
        let mut raw = SecretBox::new(Raw { key: [0; MAX_KEY_LEN], iv: Iv::new([0; NONCE_LEN]) });
        raw.get_mut().key[MAX_KEY_LEN - key.len()..].copy_from_slice(key);
        raw.get_mut().iv = Iv::new(iv);
        let (format, seq) = (suite.format(), SeqCounter::starting_at(seq));
        Ok(Self { suite, provider, format, seq, raw, expanded })
    }

    /// Seals or opens with this provider from now on.
    pub(super) fn set_provider(&mut self, provider: AeadProvider) {
        if self.provider != provider {
            (self.provider, self.expanded) = (provider, None);
        }
    }

    pub(super) const fn suite(&self) -> CipherSuite {
        self.suite
    }

    #[inline]
    pub(super) const fn format(&self) -> RecordFormat {
        self.format
    }

    pub(super) const fn seq(&self) -> u64 {
        self.seq.peek()
    }

    /// Consumes the sequence number of the next record. `None` if all are used up.
    #[inline]
    pub(super) fn take_seq(&mut self) -> Option<u64> {
        self.seq.take()
    }

    pub(super) fn raw(&self) -> &[u8] {
        self.raw.get().key(self.suite)
    }

    #[inline]
    pub(super) const fn iv(&self) -> &Iv {
        &self.raw.get().iv
    }

    #[inline]
    pub(super) fn expanded(&mut self) -> &CipherKey {
        let Self { suite, provider, raw, expanded, .. } = self;
        expanded.get_or_insert_with(|| expand(*provider, *suite, raw.get().key(*suite)))
    }

    /// Expands the same key once more, for callers that wipe the stack. Sequence numbers are taken
    /// only from here.
    #[cfg(feature = "parallel")]
    pub(super) fn copy(&self) -> Box<CipherKey> {
        CipherKey::boxed(self.provider, self.suite, self.raw()).expect(EXPANDED_BEFORE)
    }

    /// Drops the expanded key. Until it is needed again, the raw key is enough.
    pub(super) fn shrink(&mut self) {
        self.expanded = None;
    }
}

impl Raw {
    fn key(&self, suite: CipherSuite) -> &[u8] {
        &self.key[MAX_KEY_LEN - suite.key_len()..]
    }
}

impl Zeroize for Raw {
    fn zeroize(&mut self) {
        self.key.zeroize();
        self.iv.zeroize();
    }
}

#[cold]
fn expand(provider: AeadProvider, suite: CipherSuite, raw: &[u8]) -> Box<CipherKey> {
    stack::wiped_after(|| CipherKey::boxed(provider, suite, raw)).expect(EXPANDED_BEFORE)
}

const EXPANDED_BEFORE: &str = "the raw key was expanded before";
