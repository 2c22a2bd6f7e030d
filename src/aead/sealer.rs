//! Sealing one record in place (RFC 9846 §5.2, RFC 5246 §6.2.3.3).

use core::{fmt, mem};

use ring::aead::{Aad, NONCE_LEN, Nonce};

use super::{KeyBudget, KeyLimits, WriteKeys};
use crate::record::{ContentType, HEADER_LEN, RecordFormat, RecordHeader, TAG_LEN, Version};

/// One key in use: key, IV, sequence number and budget, never apart and never copied.
pub(crate) struct RecordSealer {
    keys: WriteKeys,
    format: RecordFormat,
    budget: KeyBudget,
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

    /// As [`KeyBudget::allows_application_record`].
    #[inline]
    pub(crate) fn allows_application_record(&self, inner_len: usize) -> bool {
        self.budget.allows_application_record(inner_len)
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
    #[inline(always)]
    pub(crate) fn seal(
        &mut self,
        content_type: ContentType,
        record: &mut [u8],
        content_len: usize,
        padding: usize,
    ) -> Option<usize> {
        // The number is consumed before it is used, so that no path uses it twice.
        let seq = self.keys.seq.take()?;
        let nonce = self.keys.iv.xor(seq);
        let prefix_len = self.format.prefix_len();
        let content_end = prefix_len + content_len;
        let (tag, inner_end) = match self.format.version {
            Version::Tls13 => {
                let inner_end = content_end + 1 + padding;
                // RFC 9846 §5.2: the outer type is always application_data; the header as
                // written is the additional data.
                let fragment_len = inner_end - HEADER_LEN + TAG_LEN;
                let header = header(ContentType::ApplicationData, fragment_len);
                record[..HEADER_LEN].copy_from_slice(&header);
                record[content_end] = content_type.to_wire();
                if padding > 0 {
                    record[content_end + 1..inner_end].fill(0);
                }
                let aad = AadTls13::new(header);
                (self.seal_body(nonce, aad, &mut record[prefix_len..inner_end]), inner_end)
            }
            Version::Tls12 => {
                let header = header(content_type, content_end - HEADER_LEN + TAG_LEN);
                record[..HEADER_LEN].copy_from_slice(&header);
                // RFC 5288 §3: the last eight bytes of the nonce stand in the record.
                let explicit = self.format.explicit_nonce_len;
                record[HEADER_LEN..prefix_len].copy_from_slice(&nonce[NONCE_LEN - explicit..]);
                let aad = aad_tls12(seq, header, content_len);
                (self.seal_body(nonce, aad, &mut record[prefix_len..content_end]), content_end)
            }
        };
        record[inner_end..][..TAG_LEN].copy_from_slice(&tag);
        Some(inner_end + TAG_LEN)
    }

    /// Seals the body of a record, content and in TLS 1.3 type byte and padding, in place.
    #[inline]
    fn seal_body(
        &mut self,
        nonce: [u8; NONCE_LEN],
        aad: impl AsRef<[u8]>,
        body: &mut [u8],
    ) -> [u8; TAG_LEN] {
        self.budget.spend(body.len());
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = self.keys.key.seal_in_place_separate_tag(nonce, Aad::from(aad), body);
        let tag = sealed.expect("a record is at most 2^14 + 1 bytes, ring's limit is 2^36 - 32");
        let mut bytes = [0; TAG_LEN];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Seals a record whose content is not in one piece with what stands around it: `body` is
    /// the content and, in TLS 1.3, a byte behind it, which lends its place to the type byte and
    /// gets it back.
    ///
    /// `None` if the sequence numbers are used up; nothing is sealed then.
    pub(crate) fn seal_apart(&mut self, body: &mut [u8], content_len: usize) -> Option<Around> {
        let format = self.format;
        let mut around = Around {
            prefix: [0; MAX_PREFIX_LEN],
            prefix_len: format.prefix_len(),
            trailer: [0; MAX_TRAILER_LEN],
            trailer_len: format.inner_type_len() + TAG_LEN,
        };
        let seq = self.keys.seq.take()?;
        let nonce = self.keys.iv.xor(seq);
        let inner_len = content_len + format.inner_type_len();
        let fragment_len = format.explicit_nonce_len + inner_len + TAG_LEN;
        let header = header(ContentType::ApplicationData, fragment_len);
        around.prefix[..HEADER_LEN].copy_from_slice(&header);
        around.prefix[HEADER_LEN..].copy_from_slice(&nonce[NONCE_LEN - 8..]);
        let tag_start = format.inner_type_len();
        let tag = match format.version {
            Version::Tls13 => {
                let content_type = ContentType::ApplicationData.to_wire();
                let behind = mem::replace(&mut body[content_len], content_type);
                let tag = self.seal_body(nonce, AadTls13::new(header), &mut body[..inner_len]);
                around.trailer[0] = mem::replace(&mut body[content_len], behind);
                tag
            }
            Version::Tls12 => {
                let aad = aad_tls12(seq, header, content_len);
                self.seal_body(nonce, aad, &mut body[..inner_len])
            }
        };
        around.trailer[tag_start..][..TAG_LEN].copy_from_slice(&tag);
        Some(around)
    }
}

/// What stands around a content that was sealed apart.
pub(crate) struct Around {
    prefix: [u8; MAX_PREFIX_LEN],
    prefix_len: usize,
    trailer: [u8; MAX_TRAILER_LEN],
    trailer_len: usize,
}

/// Header and explicit nonce.
const MAX_PREFIX_LEN: usize = HEADER_LEN + 8;

/// Sealed type byte and tag.
const MAX_TRAILER_LEN: usize = 1 + TAG_LEN;

impl Around {
    /// Header, and the explicit nonce if the format has one.
    pub(crate) fn prefix(&self) -> &[u8] {
        &self.prefix[..self.prefix_len]
    }

    /// The sealed type byte if the format has one, and the tag.
    pub(crate) fn trailer(&self) -> &[u8] {
        &self.trailer[..self.trailer_len]
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

/// The additional data of TLS 1.3 (RFC 9846 §5.2): the header. It lies in one word, for the reason
/// given at [`Iv::xor`](super::nonce::Iv::xor).
struct AadTls13([u8; 8]);

impl AadTls13 {
    #[inline]
    fn new([content_type, major, minor, hi, lo]: [u8; HEADER_LEN]) -> Self {
        Self(u64::from_ne_bytes([content_type, major, minor, hi, lo, 0, 0, 0]).to_ne_bytes())
    }
}

impl AsRef<[u8]> for AadTls13 {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.0[..HEADER_LEN]
    }
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
