//! The settings of a reader.

use super::PeerLimits;
use crate::buffer::BufferPolicy;
use crate::record::MAX_RECORD_LEN;

/// How a [`Reader`](crate::Reader) holds records, and what it puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderConfig {
    /// Bytes from the transport that may be held, opened or not; at least one record of the
    /// largest size ([`MAX_RECORD_LEN`]), at most 1 GiB. Default two such records. While whole
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
    pub(crate) fn buffer_capacity(&self) -> usize {
        self.capacity.clamp(MAX_RECORD_LEN, MAX_CAPACITY)
    }
}
