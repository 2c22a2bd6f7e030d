//! Seals arbitrary records with the right keys, to attack other implementations.

use core::fmt;

use wantwrite::{CipherSuite, InvalidKeyLength, Version};

use crate::RecordOpener;
use crate::direction::{Direction, HEADER_LEN, TAG_LEN};

const APPLICATION_DATA: u8 = 0x17;
pub(crate) const HANDSHAKE: u8 = 0x16;
pub(crate) const KEY_UPDATE: u8 = 24;

/// Seals any record, whether the protocol allows it or not.
///
/// **Never use it in production**: it reuses a nonce as often as you ask, which reveals the key.
///
/// ```
/// use wantwrite::{CipherSuite, Version};
/// use wantwrite_fuzzing::{ForgedRecord, RecordForge};
///
/// let mut forge = RecordForge::from_secret(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32], 0)?;
/// let honest = forge.forge(&ForgedRecord::new(Version::Tls13, 0x17, b"hello"));
/// assert_eq!(honest[..5], [0x17, 3, 3, 0, 5 + 1 + 16]);
///
/// // An alert without content, padded, under the number that was used already.
/// let mut record = ForgedRecord::new(Version::Tls13, 0x15, b"");
/// (record.padding, record.seq) = (100, Some(0));
/// assert_eq!(forge.forge(&record).len(), 5 + 1 + 100 + 16);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecordForge {
    direction: Direction,
    /// The sequence number of the next record.
    seq: u64,
}

/// A record for the wire, in wire order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ForgedRecord<'a> {
    /// The content type in the header.
    pub outer_type: u8,
    /// The version in the header.
    pub legacy_version: [u8; 2],
    /// The length in the header; `None` for the true one (`u16::MAX` if that does not fit).
    pub len: Option<u16>,
    /// The content.
    pub content: &'a [u8],
    /// The byte after the content: its type in TLS 1.3.
    pub inner_type: Option<u8>,
    /// How many zeros follow that byte.
    pub padding: usize,
    /// The sequence number under which it is sealed; `None` for the next one. The next record then
    /// continues from this number.
    pub seq: Option<u64>,
    /// Whether to seal it at all. A plaintext record uses no sequence number.
    pub is_sealed: bool,
}

impl<'a> ForgedRecord<'a> {
    /// An honest record with this content, for you to change.
    #[must_use]
    pub const fn new(version: Version, content_type: u8, content: &'a [u8]) -> Self {
        let (outer_type, inner_type) = match version {
            Version::Tls13 => (APPLICATION_DATA, Some(content_type)),
            Version::Tls12 => (content_type, None),
        };
        Self {
            outer_type,
            legacy_version: [0x03, 0x03],
            len: None,
            content,
            inner_type,
            padding: 0,
            seq: None,
            is_sealed: true,
        }
    }

    /// Whether the content is exactly one KeyUpdate.
    pub(crate) const fn is_key_update(&self) -> bool {
        let Some(content_type) = self.inner_type else { return false };
        content_type == HANDSHAKE && matches!(self.content, [KEY_UPDATE, 0, 0, 1, _])
    }

    fn header(&self, true_len: usize) -> [u8; HEADER_LEN] {
        let [major, minor] = self.legacy_version;
        let true_len = u16::try_from(true_len).unwrap_or(u16::MAX);
        let [len_hi, len_lo] = self.len.unwrap_or(true_len).to_be_bytes();
        [self.outer_type, major, minor, len_hi, len_lo]
    }
}

impl RecordForge {
    /// Creates a forge with a TLS 1.3 traffic secret. The first record has the sequence number
    /// `seq`.
    ///
    /// # Errors
    /// [`InvalidKeyLength`] if `secret` does not have the length of the suite's hash, or if the
    /// suite belongs to TLS 1.2, which has no traffic secrets.
    pub fn from_secret(
        suite: CipherSuite,
        secret: &[u8],
        seq: u64,
    ) -> Result<Self, InvalidKeyLength> {
        Ok(Self { direction: Direction::of_secret(suite, secret)?, seq })
    }

    /// Creates a forge with a raw key, like [`WriteKeys::new`](wantwrite::WriteKeys::new). Its keys
    /// cannot be updated.
    ///
    /// # Errors
    /// [`InvalidKeyLength`] if `key` does not have the suite's key length.
    pub fn from_key(
        suite: CipherSuite,
        key: &[u8],
        iv: [u8; 12],
        seq: u64,
    ) -> Result<Self, InvalidKeyLength> {
        Ok(Self { direction: Direction::of_key(suite, key, iv)?, seq })
    }

    pub(crate) const fn of_direction(direction: Direction, seq: u64) -> Self {
        Self { direction, seq }
    }

    /// Returns the bytes of `record`. The additional data is what a receiver computes from this
    /// header, so a false header does not break the tag.
    pub fn forge(&mut self, record: &ForgedRecord<'_>) -> Vec<u8> {
        let mut body = record.content.to_vec();
        body.extend(record.inner_type);
        body.resize(body.len() + record.padding, 0);
        if !record.is_sealed {
            return [&record.header(body.len()), &body[..]].concat();
        }
        let seq = record.seq.unwrap_or(self.seq);
        self.seq = seq.wrapping_add(1);
        let true_len = self.direction.explicit_nonce_len() + body.len() + TAG_LEN;
        self.direction.seal(record.header(true_len), body, seq)
    }

    /// Seals an honest record: [`forge`](Self::forge) with a [`ForgedRecord::new`].
    pub fn seal(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        self.forge(&ForgedRecord::new(self.direction.version(), content_type, content))
    }

    /// Switches to the key of the next generation, whether or not you have forged a KeyUpdate.
    ///
    /// # Errors
    /// [`NoTrafficSecret`] for raw keys and in TLS 1.2; nothing changes then.
    pub fn update_keys(&mut self) -> Result<(), NoTrafficSecret> {
        self.direction = self.direction.next_generation().ok_or(NoTrafficSecret)?;
        self.seq = 0;
        Ok(())
    }

    /// Returns an opener for the records that this forge seals from now on.
    #[must_use]
    pub fn opener(&self) -> RecordOpener {
        RecordOpener::of_direction(self.direction.clone(), self.seq)
    }

    /// The sequence number of the next record that does not set its own.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The TLS version of the records.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.direction.version()
    }
}

/// The error for updating keys that have no traffic secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoTrafficSecret;

impl fmt::Display for NoTrafficSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys without a traffic secret have no next generation")
    }
}

impl core::error::Error for NoTrafficSecret {}
