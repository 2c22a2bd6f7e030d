//! TLS 1.3 traffic secrets (RFC 9846 §7.2, §7.3).

use core::fmt;

use super::aead_key::AeadKey;
use super::hash::hkdf;
use super::schedule::MAX_GENERATION;
use super::secret_box::SecretBox;
use super::{CipherSuite, InvalidKeyLength, ReadKeys, WriteKeys, stack};
use crate::error::Error;
use crate::record::Version;

/// The longest hash output of any suite: SHA-384.
pub(super) const MAX_SECRET_LEN: usize = 48;

/// A TLS 1.3 application traffic secret of one direction, `application_traffic_secret_N` (RFC 9846
/// §7.1): keys, IVs and the next generation are derived from it.
///
/// Not `Clone`: two copies would yield the same keys and therefore reuse nonces. It is wiped on
/// drop, and moving it does not leave copies behind.
pub struct TrafficSecret {
    suite: CipherSuite,
    secret: SecretBox<[u8; MAX_SECRET_LEN]>,
    generation: u64,
}

impl TrafficSecret {
    /// Creates the secret of generation 0 as the handshake derived it, or as SSLKEYLOGFILE shows it
    /// (`CLIENT_TRAFFIC_SECRET_0`). For a later generation, also call
    /// [`at_generation`](Self::at_generation).
    ///
    /// # Errors
    /// [`InvalidKeyLength`] if `secret` does not have the length of the suite's hash, or if the
    /// suite belongs to TLS 1.2, which has no traffic secrets (`expected` is 0 then).
    pub fn new(suite: CipherSuite, secret: &[u8]) -> Result<Self, InvalidKeyLength> {
        let expected = match suite.version() {
            Version::Tls13 => suite.secret_len(),
            Version::Tls12 => 0,
        };
        if secret.len() != expected || expected == 0 {
            return Err(InvalidKeyLength { expected, actual: secret.len() });
        }
        let mut this = Self { suite, secret: SecretBox::new([0; MAX_SECRET_LEN]), generation: 0 };
        this.secret.get_mut()[..expected].copy_from_slice(secret);
        Ok(this)
    }

    /// Marks the secret as that of a later generation, `application_traffic_secret_N`: use it to
    /// continue a connection that another program began. It changes neither keys nor bytes, only
    /// how often the secret can still be updated (RFC 9846 §4.7.3).
    #[must_use]
    pub const fn at_generation(mut self, generation: u64) -> Self {
        self.generation = generation;
        self
    }

    /// How often the secret has been updated.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The secret itself.
    #[cfg(feature = "rustls")]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.secret.get()[..self.suite.secret_len()]
    }

    pub(super) const fn updates_left(&self) -> u64 {
        MAX_GENERATION.saturating_sub(self.generation)
    }

    /// Replaces the secret with that of the next generation (RFC 9846 §7.2) and returns its keys,
    /// unless this is the last generation.
    pub(super) fn next_write_keys(&mut self) -> Result<WriteKeys, Error> {
        if self.updates_left() == 0 {
            return Err(Error::KeysExhausted);
        }
        Ok(WriteKeys::of_key(self.next_key()))
    }

    /// The same for the receiving direction. The limit applies only to the sender.
    pub(super) fn next_read_keys(&mut self) -> ReadKeys {
        ReadKeys::of_key(self.next_key())
    }

    fn next_key(&mut self) -> AeadKey {
        stack::wiped_after(|| {
            self.update();
            self.key(0)
        })
    }

    /// The key of this generation after `seq` records.
    pub(super) fn key_at(&self, seq: u64) -> AeadKey {
        stack::wiped_after(|| self.key(seq))
    }

    /// RFC 9846 §7.2. The caller wipes the stack.
    fn update(&mut self) {
        let len = self.suite.secret_len();
        let mut next = SecretBox::new([0; MAX_SECRET_LEN]);
        self.expand_label(b"traffic upd", &mut next.get_mut()[..len]);
        self.secret = next;
        self.generation = self.generation.saturating_add(1);
    }

    /// Key and IV (RFC 9846 §7.3). The caller wipes the stack.
    fn key(&self, seq: u64) -> AeadKey {
        let mut key = [0; 32];
        let mut iv = [0; 12];
        let key = &mut key[..self.suite.key_len()];
        self.expand_label(b"key", key);
        self.expand_label(b"iv", &mut iv);
        AeadKey::unwiped(self.suite, key, iv, seq)
            .expect("the key has the suite's length: it was expanded to it")
    }

    #[inline(never)]
    fn expand_label(&self, label: &[u8], out: &mut [u8]) {
        let secret = &self.secret.get()[..self.suite.secret_len()];
        expand_label(self.suite.hkdf(), secret, label, None, out);
    }
}

/// HKDF-Expand-Label (RFC 9846 §7.1). The label can have up to 249 bytes, the context (a hash) up
/// to 255, and the output up to 255 hashes.
#[inline(always)]
pub(super) fn expand_label(
    hkdf: hkdf::Algorithm,
    secret: &[u8],
    label: &[u8],
    context: Option<&[u8]>,
    out: &mut [u8],
) {
    struct Len(usize);
    impl hkdf::KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }

    const PREFIX: &[u8] = b"tls13 ";
    let byte = |len| [u8::try_from(len).unwrap_or(u8::MAX)];
    let out_len = u16::try_from(out.len()).unwrap_or(u16::MAX).to_be_bytes();
    let label_len = byte(PREFIX.len() + label.len());
    let context_len = byte(context.map_or(0, <[u8]>::len));
    let info = [&out_len[..], &label_len, PREFIX, label, &context_len, context.unwrap_or(&[])];
    // An empty part would cost as much as any other.
    let info = if context.is_some() { &info[..] } else { &info[..5] };
    hkdf::Prk::new_less_safe(hkdf, secret)
        .expand(info, Len(out.len()))
        .and_then(|okm| okm.fill(out))
        .expect("no more than 255 hashes are expanded, HKDF's limit");
}

impl fmt::Debug for TrafficSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrafficSecret")
            .field("suite", &self.suite)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aead::NextKeys;

    /// RFC 9846 §4.7.3: only the sender observes the limit.
    #[test]
    fn a_reader_accepts_generations_beyond_a_writers_last() {
        let secret = TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32]).unwrap();
        let read = Some(secret.at_generation((1 << 48) - 2));
        let mut schedule = NextKeys::of(None, read);
        for generation in [(1 << 48) - 1, 1 << 48, (1 << 48) + 1] {
            assert!(schedule.next_read_keys().is_ok(), "{generation}");
            let (_, read) = schedule.into_secrets();
            assert_eq!(read.as_ref().map(TrafficSecret::generation), Some(generation));
            schedule = NextKeys::of(None, read);
        }
    }

    #[test]
    fn the_last_generation_is_2_to_the_48_minus_1() {
        let mut secret = TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32]).unwrap();
        secret.update();
        assert_eq!(secret.generation(), 1);
        let write = Some(secret.at_generation((1 << 48) - 2));
        let mut schedule = NextKeys::of(write, None);
        assert!(schedule.can_update());
        assert!(schedule.next_write_keys().is_ok());
        assert!(!schedule.can_update());
        assert_eq!(schedule.next_write_keys().err(), Some(Error::KeysExhausted));
        let generation = schedule.into_secrets().0.map(|secret| secret.generation());
        assert_eq!(generation, Some((1 << 48) - 1));
        assert!(!NextKeys::NONE.can_update());
    }
}
