//! A key as the handshake gives it, and what ring makes of it.

use alloc::boxed::Box;
use core::hint::black_box;
use core::ops::Deref;

use ring::aead::{LessSafeKey, NONCE_LEN, UnboundKey};
use zeroize::Zeroize;

use super::nonce::{Iv, SeqCounter};
use super::secret_box::SecretBox;
use super::{CipherSuite, InvalidKeyLength, stack};

/// ring's key takes more than 500 bytes and is made in some 100 ns: it is there while it is needed.
/// The raw key is kept to make it again, and for a caller that takes over a direction. Both are
/// wiped on drop, and the IV with them.
pub(super) struct AeadKey {
    suite: CipherSuite,
    /// The number of the next record under this key.
    seq: SeqCounter,
    raw: SecretBox<Raw>,
    expanded: Option<Box<RingKey>>,
}

/// Longest key of a suite: AES-256 and ChaCha20.
const MAX_KEY_LEN: usize = 32;

struct Raw {
    /// A shorter one is at its end.
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

    /// The same for a caller who wipes the stack.
    pub(super) fn unwiped(
        suite: CipherSuite,
        key: &[u8],
        iv: [u8; NONCE_LEN],
        seq: u64,
    ) -> Result<Self, InvalidKeyLength> {
        let expanded = Some(RingKey::boxed(suite, key)?);
        let mut raw = SecretBox::new(Raw { key: [0; MAX_KEY_LEN], iv: Iv::new([0; NONCE_LEN]) });
        raw.get_mut().key[MAX_KEY_LEN - key.len()..].copy_from_slice(key);
        raw.get_mut().iv = Iv::new(iv);
        Ok(Self { suite, seq: SeqCounter::starting_at(seq), raw, expanded })
    }

    pub(super) const fn suite(&self) -> CipherSuite {
        self.suite
    }

    pub(super) const fn seq(&self) -> u64 {
        self.seq.peek()
    }

    /// Consumes the number of the next record; `None` if all are used up.
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
    pub(super) fn expanded(&mut self) -> &RingKey {
        self.expanded_and_iv().0
    }

    #[inline]
    pub(super) fn expanded_and_iv(&mut self) -> (&RingKey, &Iv) {
        let Self { suite, raw, expanded, .. } = self;
        let raw = raw.get();
        (expanded.get_or_insert_with(|| expand(*suite, raw.key(*suite))), &raw.iv)
    }

    /// Until it is needed again, the raw key is enough.
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
fn expand(suite: CipherSuite, raw: &[u8]) -> Box<RingKey> {
    stack::wiped_after(|| RingKey::boxed(suite, raw)).expect("the raw key has been bound before")
}

/// What ring makes of a key, which holds it. Kept on the heap, so that it is in one place.
pub(super) struct RingKey(LessSafeKey);

impl RingKey {
    /// The caller wipes the stack. Not inlined, so that it lies as little deep as it can.
    #[inline(never)]
    fn boxed(suite: CipherSuite, raw: &[u8]) -> Result<Box<Self>, InvalidKeyLength> {
        suite.bind(raw).map(|key| Box::new(Self(key)))
    }

    /// Another one, to be put into a place of its own at once.
    #[cfg(feature = "parallel")]
    pub(super) fn copy(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Deref for RingKey {
    type Target = LessSafeKey;

    #[inline]
    fn deref(&self) -> &LessSafeKey {
        &self.0
    }
}

/// ring does not wipe its keys, and has no call for it: another key is put in the place of this
/// one.
impl Drop for RingKey {
    fn drop(&mut self) {
        let algorithm = self.0.algorithm();
        if let Ok(blank) = UnboundKey::new(algorithm, &[0; MAX_KEY_LEN][..algorithm.key_len()]) {
            self.0 = LessSafeKey::new(blank);
            // Or else the compiler would see that nobody reads it.
            black_box(&mut self.0);
        }
    }
}
