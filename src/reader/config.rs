//! The settings of a reader.

use super::PeerLimits;
use crate::buffer::BufferPolicy;
use crate::error::ConfigError;
use crate::num::to_u64;
use crate::record::MAX_RECORD_LEN;

/// How a [`Reader`](crate::Reader) holds records, and what it puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderConfig {
    /// Bytes from the transport that may be held, opened or not: one record of the largest size
    /// ([`MAX_RECORD_LEN`]) to 1 GiB. Default two such records. While whole
    /// records are held, less may be lent: bytes are not moved for little room.
    pub capacity: usize,
    /// What becomes of the empty buffer.
    pub buffers: BufferPolicy,
    /// Limits on a peer that sends no application data.
    pub limits: PeerLimits,
}

impl Default for ReaderConfig {
    fn default() -> Self {
        Self {
            capacity: 2 * MAX_RECORD_LEN,
            buffers: BufferPolicy::default(),
            limits: PeerLimits::default(),
        }
    }
}

/// There is no "unlimited".
const MAX_CAPACITY: usize = 1 << 30;

impl ReaderConfig {
    /// Whether a reader can be made with these settings, without making one.
    ///
    /// # Errors
    /// The first setting that is out of its range: the documentation of each says which that is.
    pub fn check(&self) -> Result<(), ConfigError> {
        let range = to_u64(MAX_RECORD_LEN)..=to_u64(MAX_CAPACITY);
        ConfigError::check("ReaderConfig::capacity", to_u64(self.capacity), range)?;
        self.limits.check()
    }
}
