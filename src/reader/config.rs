//! The settings of a reader.

use super::PeerLimits;
use crate::aead::AeadProvider;
#[cfg(feature = "std")]
use crate::buffer::Pool;
use crate::buffer::{BufferPolicy, InboundBuffer};
use crate::error::ConfigError;
use crate::num::to_u64;
use crate::record::MAX_RECORD_LEN;

/// How a [`Reader`](crate::Reader) holds records, and what it tolerates.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReaderConfig {
    /// How many bytes from the transport can be held, opened or not: from one record of the largest
    /// size ([`MAX_RECORD_LEN`]) to 1 GiB. Default: two such records. While complete records are
    /// held, less may be lent, because bytes are not moved to gain a little room.
    pub capacity: usize,
    /// What happens to the empty buffer.
    pub buffers: BufferPolicy,
    /// Where the buffer comes from and where it returns whenever it is empty. `None`, the default,
    /// means the allocator.
    #[cfg(feature = "std")]
    pub pool: Option<Pool>,
    /// The limits on a peer that sends no application data.
    pub limits: PeerLimits,
    /// The provider of the AEAD that opens records.
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

/// The initial capacity for a handshake. Nearly every first flight fits, and a peer that sends none
/// costs no more. It grows if necessary.
#[cfg(feature = "rustls")]
const HANDSHAKE_CAPACITY: usize = 4096;

/// There is no "unlimited" setting.
const MAX_CAPACITY: usize = 1 << 30;

impl ReaderConfig {
    /// Checks whether a reader can be created with these settings, without creating one.
    ///
    /// # Errors
    /// The first setting that is out of range. Each setting documents its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        let range = to_u64(MAX_RECORD_LEN)..=to_u64(MAX_CAPACITY);
        ConfigError::check("ReaderConfig::capacity", to_u64(self.capacity), range)?;
        self.limits.check()
    }

    /// The inbound buffer that these settings ask for.
    pub(crate) fn inbound_buffer(&self) -> InboundBuffer {
        let buffer = InboundBuffer::new(self.capacity, self.buffers);
        #[cfg(feature = "std")]
        let buffer = buffer.with_pool(self.pool.clone());
        buffer
    }

    /// The buffer for the start of a handshake. With a pool, all buffers have the same length.
    #[cfg(feature = "rustls")]
    pub(crate) fn handshake_buffer(&self) -> InboundBuffer {
        #[cfg(feature = "std")]
        if self.pool.is_some() {
            return self.inbound_buffer();
        }
        InboundBuffer::new(self.capacity.min(HANDSHAKE_CAPACITY), self.buffers)
    }
}
