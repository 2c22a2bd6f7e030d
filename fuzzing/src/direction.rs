//! The key, IV and secret of one direction. This implements the RFCs with ring and shares no code
//! with the engine's sealing.

use core::fmt;

use ring::aead::{self, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use wantwrite::{CipherSuite, InvalidKeyLength, Version};

pub(crate) const HEADER_LEN: usize = 5;
pub(crate) const TAG_LEN: usize = 16;
/// The length of the explicit nonce of AES-GCM in TLS 1.2 (RFC 5288 §3).
const EXPLICIT_NONCE_LEN: usize = 8;

/// Keys without a usage limit.
#[derive(Clone)]
pub(crate) struct Direction {
    suite: CipherSuite,
    key: LessSafeKey,
    iv: [u8; NONCE_LEN],
    /// TLS 1.3 only; empty for raw keys.
    secret: Vec<u8>,
}

impl Direction {
    /// Derives the key and IV from a traffic secret (RFC 9846 §7.3).
    pub(crate) fn of_secret(suite: CipherSuite, secret: &[u8]) -> Result<Self, InvalidKeyLength> {
        let expected = if suite.version() == Version::Tls13 { suite.secret_len() } else { 0 };
        if secret.len() != expected || expected == 0 {
            return Err(InvalidKeyLength { expected, actual: secret.len() });
        }
        let mut key = vec![0; suite.key_len()];
        let mut iv = [0; NONCE_LEN];
        expand_label(suite, secret, b"key", &mut key);
        expand_label(suite, secret, b"iv", &mut iv);
        Ok(Self { secret: secret.to_vec(), ..Self::of_key(suite, &key, iv)? })
    }

    pub(crate) fn of_key(
        suite: CipherSuite,
        key: &[u8],
        iv: [u8; NONCE_LEN],
    ) -> Result<Self, InvalidKeyLength> {
        let (expected, actual) = (suite.key_len(), key.len());
        let key = UnboundKey::new(algorithm(suite), key)
            .map_err(|_| InvalidKeyLength { expected, actual })?;
        Ok(Self { suite, key: LessSafeKey::new(key), iv, secret: Vec::new() })
    }

    /// The keys of the next generation (RFC 9846 §7.2); `None` without a secret.
    pub(crate) fn next_generation(&self) -> Option<Self> {
        if self.secret.is_empty() {
            return None;
        }
        let mut next = vec![0; self.secret.len()];
        expand_label(self.suite, &self.secret, b"traffic upd", &mut next);
        Self::of_secret(self.suite, &next).ok()
    }

    pub(crate) const fn version(&self) -> Version {
        self.suite.version()
    }

    /// The number of bytes between the header and the content.
    pub(crate) fn explicit_nonce_len(&self) -> usize {
        let is_chacha = self.key.algorithm() == &aead::CHACHA20_POLY1305;
        if self.version() == Version::Tls12 && !is_chacha { EXPLICIT_NONCE_LEN } else { 0 }
    }

    /// Seals `body` under the sequence number `seq`, and returns it with `header` as a record.
    pub(crate) fn seal(&self, header: [u8; HEADER_LEN], mut body: Vec<u8>, seq: u64) -> Vec<u8> {
        let nonce = self.nonce(seq);
        let aad = self.aad(header, seq);
        let sealed = self.key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut body,
        );
        sealed.expect("a record in memory is shorter than ring's limit of 2^36 - 32 bytes");
        let explicit_nonce = &nonce[NONCE_LEN - self.explicit_nonce_len()..];
        [&header[..], explicit_nonce, &body].concat()
    }

    /// Opens a whole record with the sequence number `seq`.
    pub(crate) fn open(&self, record: &[u8], seq: u64) -> Option<Vec<u8>> {
        let (header, rest) = record.split_first_chunk::<HEADER_LEN>()?;
        let (explicit_nonce, sealed) = rest.split_at_checked(self.explicit_nonce_len())?;
        let mut nonce = self.nonce(seq);
        nonce[NONCE_LEN - explicit_nonce.len()..].copy_from_slice(explicit_nonce);
        let mut body = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened =
            self.key.open_in_place(nonce, Aad::from(self.aad(*header, seq)), &mut body).ok()?;
        Some(opened.to_vec())
    }

    /// RFC 9846 §5.3; for TLS 1.2, RFC 5288 §3 and RFC 7905 §2 with the engine's choice of explicit
    /// nonce.
    fn nonce(&self, seq: u64) -> [u8; NONCE_LEN] {
        let mut nonce = self.iv;
        for (byte, seq) in nonce[4..].iter_mut().zip(seq.to_be_bytes()) {
            *byte ^= seq;
        }
        nonce
    }

    /// The additional data that the receiver of this header computes (RFC 9846 §5.2, RFC 5246
    /// §6.2.3.3).
    fn aad(&self, header: [u8; HEADER_LEN], seq: u64) -> Vec<u8> {
        if self.version() == Version::Tls13 {
            return header.to_vec();
        }
        let [content_type, major, minor, hi, lo] = header;
        let around = self.explicit_nonce_len() + TAG_LEN;
        let len = usize::from(u16::from_be_bytes([hi, lo])).saturating_sub(around);
        let len = u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes();
        [&seq.to_be_bytes()[..], &[content_type, major, minor], &len].concat()
    }
}

impl fmt::Debug for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direction").field("suite", &self.suite).finish_non_exhaustive()
    }
}

fn algorithm(suite: CipherSuite) -> &'static aead::Algorithm {
    match (suite.to_wire(), suite.key_len()) {
        (0x1303 | 0xcca8 | 0xcca9, _) => &aead::CHACHA20_POLY1305,
        (_, 16) => &aead::AES_128_GCM,
        _ => &aead::AES_256_GCM,
    }
}

/// HKDF-Expand-Label with an empty context (RFC 9846 §7.1).
fn expand_label(suite: CipherSuite, secret: &[u8], label: &[u8], out: &mut [u8]) {
    struct Len(usize);
    impl hkdf::KeyType for Len {
        fn len(&self) -> usize {
            self.0
        }
    }

    const PREFIX: &[u8] = b"tls13 ";
    let hash = match suite.secret_len() {
        48 => hkdf::HKDF_SHA384,
        _ => hkdf::HKDF_SHA256,
    };
    let byte = |len| u8::try_from(len).unwrap_or(u8::MAX);
    let lens = [0, byte(out.len()), byte(PREFIX.len() + label.len())];
    hkdf::Prk::new_less_safe(hash, secret)
        .expand(&[&lens, PREFIX, label, &[0]], Len(out.len()))
        .and_then(|okm| okm.fill(out))
        .expect("at most 48 bytes are expanded, and one hash has as many or half of it");
}
