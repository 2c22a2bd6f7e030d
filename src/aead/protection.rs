//! The bytes of one protected record (RFC 9846 §5.2, RFC 5246 §6.2.3.3).

use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};

use crate::record::{ContentType, HEADER_LEN, RecordFormat, RecordHeader, TAG_LEN, Version};

/// What makes a record's nonce, used once.
pub(super) struct Numbers {
    pub(super) seq: u64,
    pub(super) nonce: [u8; NONCE_LEN],
}

/// What a record is to hold.
#[derive(Clone, Copy)]
pub(super) struct Inner {
    pub(super) content_type: ContentType,
    pub(super) content_len: usize,
    pub(super) padding: usize,
}

/// Writes everything around the content, which lies after the format's prefix already, and seals
/// in place. Returns the record's length.
#[inline(always)]
pub(super) fn seal_record(
    key: &LessSafeKey,
    format: RecordFormat,
    Numbers { seq, nonce }: Numbers,
    record: &mut [u8],
    Inner { content_type, content_len, padding }: Inner,
) -> usize {
    let prefix_len = format.prefix_len();
    let content_end = prefix_len + content_len;
    let (tag, inner_end) = match format.version {
        Version::Tls13 => {
            let inner_end = content_end + 1 + padding;
            // RFC 9846 §5.2: the outer type is always application_data; the header as written
            // is the additional data.
            let fragment_len = inner_end - HEADER_LEN + TAG_LEN;
            let header = record_header(ContentType::ApplicationData, fragment_len);
            record[..HEADER_LEN].copy_from_slice(&header);
            record[content_end] = content_type.to_wire();
            if padding > 0 {
                record[content_end + 1..inner_end].fill(0);
            }
            let body = &mut record[prefix_len..inner_end];
            (seal_body(key, nonce, AadTls13::new(header), body), inner_end)
        }
        Version::Tls12 => {
            let header = record_header(content_type, content_end - HEADER_LEN + TAG_LEN);
            record[..HEADER_LEN].copy_from_slice(&header);
            // RFC 5288 §3: the last eight bytes of the nonce stand in the record.
            let explicit = format.explicit_nonce_len;
            record[HEADER_LEN..prefix_len].copy_from_slice(&nonce[NONCE_LEN - explicit..]);
            let aad = aad_tls12(seq, header, content_len);
            (seal_body(key, nonce, aad, &mut record[prefix_len..content_end]), content_end)
        }
    };
    record[inner_end..][..TAG_LEN].copy_from_slice(&tag);
    inner_end + TAG_LEN
}

/// Seals the body of a record, content and in TLS 1.3 type byte and padding, in place.
#[inline]
pub(super) fn seal_body(
    key: &LessSafeKey,
    nonce: [u8; NONCE_LEN],
    aad: impl AsRef<[u8]>,
    body: &mut [u8],
) -> [u8; TAG_LEN] {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let sealed = key.seal_in_place_separate_tag(nonce, Aad::from(aad), body);
    let tag = sealed.expect("a record is at most 2^14 + 1 bytes, ring's limit is 2^36 - 32");
    let mut bytes = [0; TAG_LEN];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

#[inline]
pub(super) fn record_header(content_type: ContentType, len: usize) -> [u8; HEADER_LEN] {
    let len = u16::try_from(len).expect("a record is at most 2^14 + 256 bytes long");
    RecordHeader { content_type, len }.encode()
}

/// The additional data of TLS 1.3 (RFC 9846 §5.2): the header. It lies in one word, for the reason
/// given at [`Iv::xor`](super::nonce::Iv::xor).
pub(super) struct AadTls13([u8; 8]);

impl AadTls13 {
    #[inline]
    pub(super) fn new([content_type, major, minor, hi, lo]: [u8; HEADER_LEN]) -> Self {
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
