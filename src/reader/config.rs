//! The settings of a reader.

use super::PeerLimits;
use crate::aead::AeadProvider;
#[cfg(feature = "std")]
use crate::buffer::Pool;
use crate::buffer::{BufferPolicy, InboundBuffer};
use crate::error::ConfigError;
use crate::num::to_u64;
use crate::record::MAX_RECORD_LEN;

/// How a [`Reader`](crate::Reader) holds records, and what it puts up with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReaderConfig {
    /// Bytes from the transport that may be held, opened or not: one record of the largest size
    /// ([`MAX_RECORD_LEN`]) to 1 GiB. Default two such records. While whole
    /// records are held, less may be lent: bytes are not moved for little room.
    pub capacity: usize,
    /// What becomes of the empty buffer.
    pub buffers: BufferPolicy,
    /// Where the buffer comes from, and goes to whenever it is empty; `None`, the default, for
    /// the allocator.
    #[cfg(feature = "std")]
    pub pool: Option<Pool>,
    /// Limits on a peer that sends no application data.
    pub limits: PeerLimits,
    /// Whose AEAD opens.
    pub aead: AeadProvider,
}

impl Default for ReaderConfig {
    fn default() -> Self {
        Self {
            capacity: 2 * MAX_RECORD_LEN,
            buffers: BufferPolicy::default(),
            #[cfg(feature = "std")]
            pool: None,
            limits: PeerLimits::default(),
            aead: AeadProvider::default(),
        }
    }
}

/// What a handshake begins with: nearly every first flight fits, and a peer that sends none costs
/// no more. It grows where that is needed.
#[cfg(feature = "rustls")]
const HANDSHAKE_CAPACITY: usize = 4096;

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

    /// The inbound buffer that this asks for.
    pub(crate) fn inbound_buffer(&self) -> InboundBuffer {
        let buffer = InboundBuffer::new(self.capacity, self.buffers);
        #[cfg(feature = "std")]
        let buffer = buffer.with_pool(self.pool.clone());
        buffer
    }

    /// The buffer that a handshake begins with. A pool has but one length.
    #[cfg(feature = "rustls")]
    pub(crate) fn handshake_buffer(&self) -> InboundBuffer {
        #[cfg(feature = "std")]
        if self.pool.is_some() {
            return self.inbound_buffer();
        }
        InboundBuffer::new(self.capacity.min(HANDSHAKE_CAPACITY), self.buffers)
    }
}
