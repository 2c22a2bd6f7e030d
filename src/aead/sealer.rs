//! Sealing one record in place (RFC 9846 §5.2, RFC 5246 §6.2.3.3).

use core::fmt;

use ring::aead::{Aad, NONCE_LEN, Nonce};

use super::{KeyBudget, KeyLimits, WriteKeys};
use crate::record::{ContentType, HEADER_LEN, RecordFormat, RecordHeader, TAG_LEN, Version};

/// One key in use: key, IV, sequence number and budget, never apart and never copied.
pub(crate) struct RecordSealer {
    keys: WriteKeys,
    format: RecordFormat,
    budget: KeyBudget,
}

/// A record whose nonce is used up: what stands before its body, and what its body is sealed
/// with.
pub(crate) struct Prepared {
    nonce: Nonce,
    aad: Additional,
    prefix: [u8; MAX_PREFIX_LEN],
    prefix_len: usize,
}

/// The additional data, each of its own fixed length.
enum Additional {
    Tls13([u8; HEADER_LEN]),
    Tls12([u8; 8 + HEADER_LEN]),
}

impl AsRef<[u8]> for Additional {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Tls13(aad) => aad,
            Self::Tls12(aad) => aad,
        }
    }
}

/// Header and explicit nonce.
const MAX_PREFIX_LEN: usize = HEADER_LEN + 8;

impl Prepared {
    /// Header, and the explicit nonce if the format has one.
    pub(crate) fn prefix(&self) -> &[u8] {
        &self.prefix[..self.prefix_len]
    }

    /// The same at the start of `record`, by copies of fixed length.
    #[inline]
    fn write_prefix(&self, record: &mut [u8]) {
        record[..HEADER_LEN].copy_from_slice(&self.prefix[..HEADER_LEN]);
        if self.prefix_len > HEADER_LEN {
            record[HEADER_LEN..MAX_PREFIX_LEN].copy_from_slice(&self.prefix[HEADER_LEN..]);
        }
    }
}

impl RecordSealer {
    pub(crate) fn new(keys: WriteKeys, limits: KeyLimits) -> Self {
        let budget = KeyBudget::new(limits, keys.seq.left());
        let format = keys.suite.format();
        Self { keys, format, budget }
    }

    /// The same with what is left of an earlier budget.
    pub(crate) fn with_budget(self, budget: KeyBudget) -> Self {
        Self { budget, ..self }
    }

    /// The key with its next sequence number, and what it may still seal.
    pub(crate) fn into_parts(self) -> (WriteKeys, KeyBudget) {
        (self.keys, self.budget)
    }

    pub(crate) const fn format(&self) -> RecordFormat {
        self.format
    }

    pub(crate) const fn budget(&self) -> KeyBudget {
        self.budget
    }

    pub(crate) const fn seq(&self) -> u64 {
        self.keys.seq.peek()
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
        let prepared = self.prepare(content_type, content_len, padding)?;
        let prefix_len = self.format.prefix_len();
        let mut inner_end = prefix_len + content_len;
        prepared.write_prefix(record);
        if self.format.version == Version::Tls13 {
            record[inner_end] = content_type.to_wire();
            if padding > 0 {
                record[inner_end + 1..][..padding].fill(0);
            }
            inner_end += 1 + padding;
        }
        let tag = self.seal_body(prepared, &mut record[prefix_len..inner_end]);
        record[inner_end..][..TAG_LEN].copy_from_slice(&tag);
        Some(inner_end + TAG_LEN)
    }

    /// Makes what stands before the body of a record, and uses up its sequence number: the
    /// caller is obliged to seal it.
    #[inline]
    #[must_use]
    pub(crate) fn prepare(
        &mut self,
        content_type: ContentType,
        content_len: usize,
        padding: usize,
    ) -> Option<Prepared> {
        // The number is consumed before it is used, so that no path uses it twice.
        let seq = self.keys.seq.take()?;
        let nonce = self.keys.iv.xor(seq);
        let mut prefix = [0; MAX_PREFIX_LEN];
        let (aad, header, inner_len) = match self.format.version {
            Version::Tls13 => {
                let inner_len = content_len + 1 + padding;
                // RFC 9846 §5.2: the outer type is always application_data; the header as
                // written is the additional data.
                let header = header(ContentType::ApplicationData, inner_len + TAG_LEN);
                (Additional::Tls13(header), header, inner_len)
            }
            Version::Tls12 => {
                let explicit = self.format.explicit_nonce_len;
                let header = header(content_type, explicit + content_len + TAG_LEN);
                // RFC 5288 §3: the last eight bytes of the nonce stand in the record, where there
                // is a place for them.
                prefix[HEADER_LEN..].copy_from_slice(&nonce[NONCE_LEN - 8..]);
                (Additional::Tls12(aad_tls12(seq, header, content_len)), header, content_len)
            }
        };
        prefix[..HEADER_LEN].copy_from_slice(&header);
        self.budget.spend(inner_len);
        let nonce = Nonce::assume_unique_for_key(nonce);
        Some(Prepared { nonce, aad, prefix, prefix_len: self.format.prefix_len() })
    }

    /// Seals `body`, content and in TLS 1.3 type byte and padding, in place. Returns the tag.
    #[inline]
    pub(crate) fn seal_body(&self, prepared: Prepared, body: &mut [u8]) -> [u8; TAG_LEN] {
        let Prepared { nonce, aad, .. } = prepared;
        let sealed = self.keys.key.seal_in_place_separate_tag(nonce, Aad::from(aad), body);
        let tag = sealed.expect("a record is at most 2^14 + 1 bytes, ring's limit is 2^36 - 32");
        let mut bytes = [0; TAG_LEN];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }
}

impl fmt::Debug for RecordSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordSealer")
            .field("suite", &self.keys.suite)
            .field("seq", &self.seq())
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
