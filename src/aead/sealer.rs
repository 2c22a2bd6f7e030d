//! Sealing one record in place (RFC 9846 §5.2, RFC 5246 §6.2.3.3).

use core::fmt;

use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};

use super::nonce::{Iv, SeqCounter};
use super::{CipherSuite, InvalidKeyLength, KeyBudget, KeyLimits, TrafficSecret};
use crate::record::{ContentType, HEADER_LEN, RecordFormat, RecordHeader, TAG_LEN, Version};

/// Key, IV and next sequence number of the sending direction, and, for TLS 1.3, the traffic
/// secret that the next generation comes from.
///
/// Not `Clone`: two writers under one key would use nonces twice, which with AES-GCM gives away
/// the key stream and the authentication key. The key is in ring's memory, which ring does not
/// wipe; the IV and the secret are wiped on drop.
pub struct WriteKeys {
    pub(crate) suite: CipherSuite,
    key: LessSafeKey,
    iv: Iv,
    seq: SeqCounter,
    secret: Option<TrafficSecret>,
}

impl WriteKeys {
    /// Keys from their raw parts: `key` of [`CipherSuite::key_len`] bytes, the number of the
    /// first record to seal in `seq`.
    ///
    /// For AES-GCM in TLS 1.2, `iv` is the 4-byte salt followed by 8 bytes to which the sequence
    /// number is XORed to make the explicit nonce (RFC 5288 §3). Such keys cannot be updated: at
    /// their limit the writer refuses ([`WriteError::KeyLimit`](crate::WriteError::KeyLimit)).
    ///
    /// # Errors
    /// [`InvalidKeyLength`] if `key` has another length than the suite's.
    pub fn new(
        suite: CipherSuite,
        key: &[u8],
        iv: [u8; 12],
        seq: u64,
    ) -> Result<Self, InvalidKeyLength> {
        let iv = Iv::new(iv);
        Ok(Self {
            suite,
            key: suite.bind(key)?,
            iv,
            seq: SeqCounter::starting_at(seq),
            secret: None,
        })
    }

    /// The keys of a TLS 1.3 traffic secret (RFC 9846 §7.3), which can be updated.
    #[must_use]
    pub fn from_secret(secret: TrafficSecret) -> Self {
        let mut keys = secret.write_keys();
        keys.secret = Some(secret);
        keys
    }

    /// Takes out what next generations are made from.
    pub(crate) fn take_secret(&mut self) -> Option<TrafficSecret> {
        self.secret.take()
    }
}

impl fmt::Debug for WriteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteKeys")
            .field("suite", &self.suite)
            .finish_non_exhaustive()
    }
}

/// One key in use: key, IV, sequence number and budget, never apart and never copied.
pub(crate) struct RecordSealer {
    key: LessSafeKey,
    iv: Iv,
    seq: SeqCounter,
    format: RecordFormat,
    budget: KeyBudget,
}

impl RecordSealer {
    pub(crate) fn new(keys: WriteKeys, limits: KeyLimits) -> Self {
        let budget = KeyBudget::new(limits, keys.seq.left());
        let format = keys.suite.format();
        Self {
            key: keys.key,
            iv: keys.iv,
            seq: keys.seq,
            format,
            budget,
        }
    }

    pub(crate) const fn format(&self) -> RecordFormat {
        self.format
    }

    pub(crate) const fn budget(&self) -> KeyBudget {
        self.budget
    }

    pub(crate) const fn seq(&self) -> u64 {
        self.seq.peek()
    }

    /// Seals a record whose content already lies in `record`, after the format's prefix. Writes
    /// everything around it and returns the record's length on the wire.
    ///
    /// `None` if the sequence numbers are used up; nothing is sealed then. The caller has asked
    /// the budget before; it is charged here.
    ///
    /// # Panics
    /// If `record` is shorter than prefix, content, type, padding and tag, or content and padding
    /// longer than a record may be.
    #[inline]
    pub(crate) fn seal(
        &mut self,
        content_type: ContentType,
        record: &mut [u8],
        content_len: usize,
        padding: usize,
    ) -> Option<usize> {
        // The number is consumed before it is used, so that no path uses it twice.
        let seq = self.seq.take()?;
        let nonce = self.iv.xor(seq);
        let prefix_len = self.format.prefix_len();
        let content_end = prefix_len + content_len;
        match self.format.version {
            Version::Tls13 => {
                let padding_start = content_end + 1;
                let inner_end = padding_start + padding;
                record[content_end] = content_type.to_wire();
                record[padding_start..inner_end].fill(0);
                // RFC 9846 §5.2: the outer type is always application_data; the header as
                // written is the additional data.
                let header = header(
                    ContentType::ApplicationData,
                    inner_end - HEADER_LEN + TAG_LEN,
                );
                record[..HEADER_LEN].copy_from_slice(&header);
                Some(self.seal_body(nonce, &header, record, inner_end))
            }
            Version::Tls12 => {
                let fragment_len = content_end - HEADER_LEN + TAG_LEN;
                let header = header(content_type, fragment_len);
                record[..HEADER_LEN].copy_from_slice(&header);
                // RFC 5288 §3: the last eight bytes of the nonce stand in the record.
                let explicit = self.format.explicit_nonce_len;
                record[HEADER_LEN..prefix_len].copy_from_slice(&nonce[NONCE_LEN - explicit..]);
                let aad = aad_tls12(seq, header, content_len);
                Some(self.seal_body(nonce, &aad, record, content_end))
            }
        }
    }

    #[inline]
    fn seal_body(
        &mut self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        record: &mut [u8],
        body_end: usize,
    ) -> usize {
        let body = &mut record[self.format.prefix_len()..body_end];
        self.budget.spend(body.len());
        let tag = self
            .key
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), body)
            .expect("a record is at most 2^14 + 1 bytes, ring's limit is 2^36 - 32");
        let record_len = body_end + TAG_LEN;
        record[body_end..record_len].copy_from_slice(tag.as_ref());
        record_len
    }
}

impl fmt::Debug for RecordSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordSealer")
            .field("seq", &self.seq.peek())
            .finish_non_exhaustive()
    }
}

#[inline]
fn header(content_type: ContentType, len: usize) -> [u8; HEADER_LEN] {
    let len = u16::try_from(len).expect("a record is at most 2^14 + 256 bytes long");
    RecordHeader { content_type, len }.encode()
}

/// The additional data of TLS 1.2 (RFC 5246 §6.2.3.3): sequence number, then type and version as
/// they stand in the record's header, then the length of the content.
pub(super) fn aad_tls12(seq: u64, header: [u8; HEADER_LEN], content_len: usize) -> [u8; 13] {
    let mut aad = [0; 13];
    aad[..8].copy_from_slice(&seq.to_be_bytes());
    aad[8..11].copy_from_slice(&header[..3]);
    let content_len = u16::try_from(content_len).expect("a content is at most 2^14 bytes long");
    aad[11..].copy_from_slice(&content_len.to_be_bytes());
    aad
}
