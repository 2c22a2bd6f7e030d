//! Records on the wire: content types, header, sizes. This module has no cryptography and does not
//! allocate.
//!
//! RFC 9846 §5 (TLS 1.3) and RFC 5246 §6.2 (TLS 1.2).

mod header;
mod inner_plaintext;
mod key_update;

#[cfg(feature = "rustls")]
pub(crate) use header::HeaderStart;
pub(crate) use header::{HEADER_LEN, RecordHeader};
pub(crate) use inner_plaintext::split_inner_plaintext;
pub use key_update::KeyUpdateRequest;
pub(crate) use key_update::{
    HANDSHAKE_HEADER_LEN, HandshakeType, KEY_UPDATE_BODY_LEN, KEY_UPDATE_LEN, decode_key_update,
    encode_key_update,
};

/// The largest plaintext fragment of one record (RFC 9846 §5.1).
pub const MAX_FRAGMENT_LEN: usize = 1 << 14;

/// The smallest hard cap that a sender can set on its fragments (RFC 8449 §4).
pub(crate) const MIN_FRAGMENT_LIMIT: usize = 64;

/// The length of the authentication tag of every AEAD used here (RFC 5116 §5.1, RFC 8439 §2.8).
pub(crate) const TAG_LEN: usize = 16;

/// The largest record that can arrive in either version, including its header.
pub const MAX_RECORD_LEN: usize = HEADER_LEN + Version::Tls12.max_ciphertext_len();

/// A protocol version whose records this crate seals and opens. Match both: TLS 1.2 is frozen, and
/// a successor of TLS 1.3 would be a reason to review each match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 9846).
    Tls13,
}

impl Version {
    /// The largest ciphertext that a header may announce (RFC 5246 §6.2.3, RFC 9846 §5.2).
    pub(crate) const fn max_ciphertext_len(self) -> usize {
        match self {
            Self::Tls12 => MAX_FRAGMENT_LEN + 2048,
            Self::Tls13 => MAX_FRAGMENT_LEN + 256,
        }
    }
}

/// The type of a record's content (RFC 9846 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentType {
    ChangeCipherSpec,
    Alert,
    Handshake,
    ApplicationData,
}

impl ContentType {
    pub(crate) const fn from_wire(byte: u8) -> Option<Self> {
        Some(match byte {
            0x14 => Self::ChangeCipherSpec,
            0x15 => Self::Alert,
            0x16 => Self::Handshake,
            0x17 => Self::ApplicationData,
            _ => return None,
        })
    }

    pub(crate) const fn to_wire(self) -> u8 {
        match self {
            Self::ChangeCipherSpec => 0x14,
            Self::Alert => 0x15,
            Self::Handshake => 0x16,
            Self::ApplicationData => 0x17,
        }
    }
}

/// The layout of a protected record: header, explicit nonce, content, type byte, padding, tag. It
/// depends only on version and AEAD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordFormat {
    version: Version,
    /// 8 for AES-GCM in TLS 1.2 (RFC 5288 §3), otherwise 0.
    explicit_nonce_len: u8,
}

impl RecordFormat {
    /// The format of a version and an AEAD that puts this many bytes of its nonce into the record.
    pub(crate) const fn new(version: Version, explicit_nonce_len: u8) -> Self {
        Self { version, explicit_nonce_len }
    }

    #[inline]
    pub(crate) const fn version(self) -> Version {
        self.version
    }

    /// The number of bytes between the header and the content.
    #[expect(clippy::as_conversions, reason = "`From` is not const")]
    pub(crate) const fn explicit_nonce_len(self) -> usize {
        self.explicit_nonce_len as usize
    }

    /// The number of bytes before the content.
    pub(crate) const fn prefix_len(self) -> usize {
        HEADER_LEN + self.explicit_nonce_len()
    }

    /// The number of bytes between the content and the padding: the inner content type of TLS 1.3.
    pub(crate) const fn inner_type_len(self) -> usize {
        match self.version {
            Version::Tls12 => 0,
            Version::Tls13 => 1,
        }
    }

    /// How much a record adds to its content, without padding.
    pub(crate) const fn overhead(self) -> usize {
        self.prefix_len() + self.inner_type_len() + TAG_LEN
    }

    /// The wire length of a record with `inner_len` bytes of inner plaintext: content, type byte and
    /// padding.
    pub(crate) const fn sealed_len(self, inner_len: usize) -> usize {
        self.prefix_len() + inner_len + TAG_LEN
    }

    /// The wire length of a record with `content_len` bytes of content and no padding.
    pub(crate) const fn record_len(self, content_len: usize) -> usize {
        content_len + self.overhead()
    }
}

/// The largest overhead of any format: an upper bound for sizing memory.
pub(crate) const MAX_OVERHEAD: usize = HEADER_LEN + 8 + 1 + TAG_LEN;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_bounds_hold_for_every_format() {
        // 5 for the header, 8 for the explicit nonce, 16 for the tag; in TLS 1.3, a type byte
        // instead of the nonce.
        assert!((29..=30).contains(&MAX_OVERHEAD));
        for version in [Version::Tls12, Version::Tls13] {
            for explicit_nonce_len in [0, 8] {
                let format = RecordFormat::new(version, explicit_nonce_len);
                assert!(format.overhead() <= MAX_OVERHEAD);
            }
            assert!(version.max_ciphertext_len() + HEADER_LEN <= MAX_RECORD_LEN);
        }
        assert_eq!(MAX_RECORD_LEN, 18_437);
    }
}
