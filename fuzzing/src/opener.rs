//! Records opened one by one, whatever is in them.

use wantwrite::{CipherSuite, InvalidKeyLength, Version};

use crate::direction::{Direction, HEADER_LEN};
use crate::forge::{HANDSHAKE, KEY_UPDATE};

/// Opens records with keys that somebody else has too: to look into what was sealed. It judges
/// nothing but the tag.
#[derive(Clone, Debug)]
pub struct RecordOpener {
    direction: Direction,
    seq: u64,
    generation: u64,
}

/// A record that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenedRecord {
    /// The type inside in TLS 1.3 (0 where there is none), that of the header in TLS 1.2.
    pub content_type: u8,
    /// The content.
    pub content: Vec<u8>,
    /// Zeros behind the type.
    pub padding: usize,
    /// The number that it was sealed under.
    pub seq: u64,
    /// How many KeyUpdates came before it.
    pub generation: u64,
}

impl RecordOpener {
    /// An opener of records under a TLS 1.3 traffic secret, from the number `seq` on.
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

    /// An opener of records under a raw key.
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

    /// What is in a whole record, which must be the next one; `None` changes nothing. A KeyUpdate
    /// that ends its record changes the keys for those behind it.
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

    /// Continues under the key of the next generation, if there is one.
    pub fn update_keys(&mut self) {
        if let Some(next) = self.direction.next_generation() {
            self.direction = next;
            (self.seq, self.generation) = (0, self.generation.wrapping_add(1));
        }
    }

    /// The number of the next record.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }
}
