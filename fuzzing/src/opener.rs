//! Opens records one by one, whatever they contain.

use wantwrite::{CipherSuite, InvalidKeyLength, Version};

use crate::direction::{Direction, HEADER_LEN};
use crate::forge::{HANDSHAKE, KEY_UPDATE};

/// Opens the records of a peer whose keys you know. It checks only the tag, and accepts any
/// content.
#[derive(Clone, Debug)]
pub struct RecordOpener {
    direction: Direction,
    seq: u64,
    generation: u64,
}

/// The contents of a record that a [`RecordOpener`] opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenedRecord {
    /// In TLS 1.3 the inner content type, or 0 if the record has none; in TLS 1.2 the header's.
    pub content_type: u8,
    /// The content.
    pub content: Vec<u8>,
    /// The number of zeros after the type.
    pub padding: usize,
    /// The sequence number under which it was sealed.
    pub seq: u64,
    /// The number of KeyUpdates before it.
    pub generation: u64,
}

impl RecordOpener {
    /// Creates an opener for a TLS 1.3 traffic secret. The first record has the sequence number
    /// `seq`.
    ///
    /// # Errors
    /// As [`RecordForge::from_secret`](crate::RecordForge::from_secret).
    pub fn from_secret(
        suite: CipherSuite,
        secret: &[u8],
        seq: u64,
    ) -> Result<Self, InvalidKeyLength> {
        Ok(Self::of_direction(Direction::of_secret(suite, secret)?, seq))
    }

    /// Creates an opener for a raw key. The first record has the sequence number `seq`.
    ///
    /// # Errors
    /// As [`RecordForge::from_key`](crate::RecordForge::from_key).
    pub fn from_key(
        suite: CipherSuite,
        key: &[u8],
        iv: [u8; 12],
        seq: u64,
    ) -> Result<Self, InvalidKeyLength> {
        Ok(Self::of_direction(Direction::of_key(suite, key, iv)?, seq))
    }

    pub(crate) const fn of_direction(direction: Direction, seq: u64) -> Self {
        Self { direction, seq, generation: 0 }
    }

    /// Opens the next record, which must be complete. Returns `None`, and changes nothing, if that
    /// fails. After a record whose content is exactly one KeyUpdate, the opener uses the next
    /// generation of keys.
    pub fn open(&mut self, record: &[u8]) -> Option<OpenedRecord> {
        let (header, _) = record.split_first_chunk::<HEADER_LEN>()?;
        let mut content = self.direction.open(record, self.seq)?;
        let (mut content_type, mut padding) = (header[0], 0);
        if self.direction.version() == Version::Tls13 {
            let inner_len = content.len();
            content.truncate(content.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1));
            padding = inner_len - content.len();
            content_type = content.pop().unwrap_or(0);
        }
        let (seq, generation) = (self.seq, self.generation);
        self.seq = seq.wrapping_add(1);
        if content_type == HANDSHAKE && matches!(content[..], [KEY_UPDATE, 0, 0, 1, _]) {
            self.update_keys();
        }
        Some(OpenedRecord { content_type, content, padding, seq, generation })
    }

    /// Switches to the key of the next generation. Does nothing for raw keys and in TLS 1.2.
    pub fn update_keys(&mut self) {
        if let Some(next) = self.direction.next_generation() {
            self.direction = next;
            (self.seq, self.generation) = (0, self.generation.wrapping_add(1));
        }
    }

    /// The sequence number of the next record.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }
}
