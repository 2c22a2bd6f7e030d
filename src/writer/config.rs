//! The settings of a writer.

use super::padding::Padding;
use super::sizing::Sizing;
use crate::aead::{AeadProvider, KeyLimits};
#[cfg(feature = "std")]
use crate::buffer::Pool;
use crate::buffer::{BufferPolicy, OutboundBuffer, SegmentStore};
use crate::error::ConfigError;
use crate::num::to_u64;
use crate::record::{MAX_FRAGMENT_LEN, MAX_OVERHEAD, MIN_FRAGMENT_LIMIT};

/// How a [`Writer`](crate::Writer) cuts plaintext into records and holds them.
///
/// ```
/// let mut config = wantwrite::WriterConfig::default();
/// config.capacity = 16 * 1024;
/// config.coalescing = wantwrite::Coalescing::Off;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WriterConfig {
    /// How many bytes of plaintext the outbound buffer is made for. It holds as many segments as
    /// that takes. A segment holds one record of the largest size, so the capacity is effectively
    /// rounded up to a multiple of 16 KiB. 1 to 1 GiB; default 64 KiB.
    pub capacity: usize,
    /// The hard cap on a record, in bytes. In TLS 1.2 it limits the content; in TLS 1.3 it limits
    /// content, type byte and padding together, as `record_size_limit` does (RFC 8449 §4). 64 to
    /// 16,384. The default, 16,384, is the protocol's own limit, which allows 16,384 bytes of
    /// content in both versions.
    pub max_fragment_len: usize,
    /// Whether small writes share a record.
    pub coalescing: Coalescing,
    /// The soft size of records.
    pub sizing: Sizing,
    /// How much padding records get (TLS 1.3).
    pub padding: Padding,
    /// What happens to empty segments.
    pub buffers: BufferPolicy,
    /// Where segments come from and return to. `None`, the default, means the allocator.
    #[cfg(feature = "std")]
    pub pool: Option<Pool>,
    /// How much one key may seal. `None`, the default, means the limits of RFC 9846 §5.5
    /// ([`KeyLimits::for_suite`]).
    pub key_limits: Option<KeyLimits>,
    /// The provider of the AEAD that seals.
    pub aead: AeadProvider,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self {
            capacity: 4 * MAX_FRAGMENT_LEN,
            max_fragment_len: MAX_FRAGMENT_LEN,
            coalescing: Coalescing::default(),
            sizing: Sizing::default(),
            padding: Padding::default(),
            buffers: BufferPolicy::default(),
            #[cfg(feature = "std")]
            pool: None,
            key_limits: None,
            aead: AeadProvider::default(),
        }
    }
}

/// There is no "unlimited" setting.
pub(super) const MAX_CAPACITY: usize = 1 << 30;

/// When a record that is not full is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coalescing {
    /// When you call `flush` or `close`, or when the drain reaches it. Writes made while earlier
    /// bytes are pending share a record, and nothing waits for a timer.
    #[default]
    On,
    /// At the end of each `write`, `write_atomic` and `commit`.
    Off,
}

/// The room that records of application data leave free at the end of every segment: for one
/// control record before the current record (a KeyUpdate, or a warning in TLS 1.2) and one alert
/// after it.
pub(super) const CONTROL_RESERVE: usize = MAX_KEY_UPDATE_RECORD_LEN + MAX_ALERT_RECORD_LEN;

/// The length of a KeyUpdate in TLS 1.3 or an alert in TLS 1.2, whichever is longer.
const MAX_KEY_UPDATE_RECORD_LEN: usize = crate::record::KEY_UPDATE_LEN + MAX_OVERHEAD;

pub(super) const MAX_ALERT_RECORD_LEN: usize = 2 + MAX_OVERHEAD;

/// The longest control record of any kind.
pub(super) const MAX_CONTROL_RECORD_LEN: usize = MAX_KEY_UPDATE_RECORD_LEN;

impl WriterConfig {
    /// Checks whether a writer can be created with these settings, without creating one.
    ///
    /// # Errors
    /// The first setting that is out of range. Each setting documents its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        ConfigError::check(
            "WriterConfig::capacity",
            to_u64(self.capacity),
            1..=to_u64(MAX_CAPACITY),
        )?;
        check_max_fragment_len(self.max_fragment_len)?;
        self.sizing.check()?;
        self.padding.check()
    }

    /// The outbound buffer that these settings ask for.
    pub(crate) fn outbound_buffer(&self) -> OutboundBuffer {
        let segments = SegmentStore::new(SEGMENT_LEN, self.buffers);
        #[cfg(feature = "std")]
        let segments = segments.with_pool(self.pool.clone());
        OutboundBuffer::new(segments, self.capacity.div_ceil(MAX_FRAGMENT_LEN))
    }
}

/// A segment holds a KeyUpdate, then one record of the largest size or eight records that share its
/// content, and the reserve. So neither a KeyUpdate nor a soft size of 2, 4 or 8 KiB cuts a record
/// short.
pub(super) const SEGMENT_LEN: usize =
    MAX_KEY_UPDATE_RECORD_LEN + MAX_FRAGMENT_LEN + 8 * MAX_OVERHEAD + CONTROL_RESERVE;

pub(super) fn check_max_fragment_len(len: usize) -> Result<(), ConfigError> {
    let range = to_u64(MIN_FRAGMENT_LIMIT)..=to_u64(MAX_FRAGMENT_LEN);
    ConfigError::check("WriterConfig::max_fragment_len", to_u64(len), range)
}
