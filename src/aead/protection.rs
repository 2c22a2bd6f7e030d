//! The bytes of one protected record (RFC 9846 §5.2, RFC 5246 §6.2.3.3).

use super::cipher_key::{CipherKey, NONCE_LEN};
use super::nonce::Iv;
use crate::record::{ContentType, HEADER_LEN, RecordFormat, RecordHeader, TAG_LEN, Version};

/// How to protect one record: its format, and the sequence number for its nonce. Used once.
pub(super) struct Protection {
    format: RecordFormat,
    seq: u64,
    nonce: [u8; NONCE_LEN],
}

impl Protection {
    #[inline]
    pub(super) fn new(format: RecordFormat, iv: &Iv, seq: u64) -> Self {
        Self { format, seq, nonce: iv.xor(seq) }
    }

    /// Writes everything around the content, which is already in place after the format's prefix,
    /// and seals in place. Returns the record's length.
    #[inline(always)]
    pub(super) fn seal_record(
        self,
        key: &CipherKey,
        record: &mut [u8],
        content_type: ContentType,
        content_len: usize,
        padding: usize,
    ) -> usize {
        let format = self.format;
        let prefix_len = format.prefix_len();
        let content_end = prefix_len + content_len;
        let inner_end = content_end + format.inner_type_len() + padding;
        let header = self.header(content_type, inner_end - prefix_len);
        record[..HEADER_LEN].copy_from_slice(&header);
        match format.version() {
            Version::Tls13 => {
                record[content_end] = content_type.to_wire();
                if padding > 0 {
                    record[content_end + 1..inner_end].fill(0);
                }
            }
            Version::Tls12 => {
                record[HEADER_LEN..prefix_len].copy_from_slice(self.explicit_nonce());
            }
        }
        let tag = self.seal_body(key, header, &mut record[prefix_len..inner_end]);
        record[inner_end..][..TAG_LEN].copy_from_slice(&tag);
        inner_end + TAG_LEN
    }

    /// Like [`seal_record`](Self::seal_record), but with content from elsewhere and without
    /// padding.
    #[cfg(any(test, feature = "aws-lc-rs"))]
    #[inline]
    pub(super) fn seal_record_from(
        self,
        key: &CipherKey,
        record: &mut [u8],
        content_type: ContentType,
        content: &[u8],
    ) -> usize {
        let format = self.format;
        let prefix_len = format.prefix_len();
        let inner_len = content.len() + format.inner_type_len();
        let header = self.header(content_type, inner_len);
        let (prefix, body) = record.split_at_mut(prefix_len);
        prefix[..HEADER_LEN].copy_from_slice(&header);
        let body = &mut body[..inner_len + TAG_LEN];
        match format.version() {
            Version::Tls13 => {
                let aad = AadTls13::new(header);
                key.seal_from(self.nonce, aad, content, &[content_type.to_wire()], body);
            }
            Version::Tls12 => {
                prefix[HEADER_LEN..].copy_from_slice(self.explicit_nonce());
                let aad = aad_tls12(self.seq, header, format.explicit_nonce_len() + TAG_LEN);
                key.seal_from(self.nonce, aad, content, &[], body);
            }
        }
        prefix_len + inner_len + TAG_LEN
    }

    /// The header of a record with this much inner plaintext. In TLS 1.3 the outer type is always
    /// application_data (RFC 9846 §5.2).
    #[inline]
    pub(super) fn header(&self, content_type: ContentType, inner_len: usize) -> [u8; HEADER_LEN] {
        let content_type = match self.format.version() {
            Version::Tls13 => ContentType::ApplicationData,
            Version::Tls12 => content_type,
        };
        let len = u16::try_from(self.format.explicit_nonce_len() + inner_len + TAG_LEN)
            .expect("a record is at most 2^14 + 256 bytes long");
        RecordHeader::new(content_type, len).encode()
    }

    /// RFC 5288 §3: the record contains the last eight bytes of the nonce.
    #[inline]
    pub(super) fn explicit_nonce(&self) -> &[u8] {
        &self.nonce[NONCE_LEN - self.format.explicit_nonce_len()..]
    }

    /// Seals the body of a record in place: the content and, in TLS 1.3, type byte and padding. All
    /// records are sealed here. The additional data is `header` itself in TLS 1.3 (RFC 9846 §5.2),
    /// and also includes the sequence number in TLS 1.2 (RFC 5246 §6.2.3.3).
    #[inline(always)]
    pub(super) fn seal_body(
        self,
        key: &CipherKey,
        header: [u8; HEADER_LEN],
        body: &mut [u8],
    ) -> [u8; TAG_LEN] {
        match self.format.version() {
            Version::Tls13 => key.seal(self.nonce, AadTls13::new(header), body),
            Version::Tls12 => {
                let aad = aad_tls12(self.seq, header, self.format.explicit_nonce_len() + TAG_LEN);
                key.seal(self.nonce, aad, body)
            }
        }
    }
}

/// The additional data of TLS 1.3 (RFC 9846 §5.2): the header. It is stored in one word, for the
/// reason given at [`Iv::xor`](super::nonce::Iv::xor).
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

/// The additional data of TLS 1.2 (RFC 5246 §6.2.3.3): sequence number, type and version as in the
/// record's header, and the length of the content, which is the header's length minus `around`.
pub(super) fn aad_tls12(seq: u64, header: [u8; HEADER_LEN], around: usize) -> [u8; 13] {
    let [content_type, major, minor, hi, lo] = header;
    let around = u16::try_from(around).unwrap_or(u16::MAX);
    let content_len = u16::from_be_bytes([hi, lo]).saturating_sub(around);
    let mut aad = [0; 13];
    aad[..8].copy_from_slice(&seq.to_be_bytes());
    aad[8..11].copy_from_slice(&[content_type, major, minor]);
    aad[11..].copy_from_slice(&content_len.to_be_bytes());
    aad
}
