//! The settings of a writer.

use crate::aead::KeyLimits;
use crate::buffer::BufferPolicy;
use crate::record::{MAX_FRAGMENT_LEN, MAX_OVERHEAD, MIN_FRAGMENT_LIMIT, TAG_LEN};

/// How a [`Writer`](crate::Writer) cuts and holds records.
///
/// ```
/// let mut config = wantwrite::WriterConfig::default();
/// config.capacity = 16 * 1024;
/// config.coalescing = wantwrite::Coalescing::Off;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriterConfig {
    /// How much plaintext the outbound buffer is made for, in bytes: it holds as many segments,
    /// each for one record of the largest size, as this needs, at least one. Default 64 KiB.
    pub capacity: usize,
    /// Hard cap on a record: at most this many bytes of content, in TLS 1.3 of content, type
    /// byte and padding together (as `record_size_limit` counts, RFC 8449 §4). Clamped to
    /// 64..=16,384; 16,384, the default, is the protocol's own limit (16,384 bytes of content in
    /// both versions).
    pub max_fragment_len: usize,
    /// When small writes share a record.
    pub coalescing: Coalescing,
    /// What becomes of empty segments.
    pub buffers: BufferPolicy,
    /// How much one key may seal; `None`, the default, for the limits of RFC 9846 §5.5
    /// ([`KeyLimits::for_suite`]).
    pub key_limits: Option<KeyLimits>,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self {
            capacity: 4 * MAX_FRAGMENT_LEN,
            max_fragment_len: MAX_FRAGMENT_LEN,
            coalescing: Coalescing::default(),
            buffers: BufferPolicy::default(),
            key_limits: None,
        }
    }
}

/// When a record that is not full is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coalescing {
    /// When `flush` or `close` asks, or when the drain reaches it: writes made while earlier
    /// bytes wait share a record, and nothing waits for a timer.
    #[default]
    On,
    /// At the end of each `write`, `write_all` and `commit`.
    Off,
}

/// Room at the end of every segment that records of application data leave free: one control
/// record in front of the open record (a KeyUpdate, or a warning in TLS 1.2), one alert after it.
pub(super) const CONTROL_RESERVE: usize = MAX_KEY_UPDATE_RECORD_LEN + MAX_ALERT_RECORD_LEN;

/// A KeyUpdate in TLS 1.3, or an alert in TLS 1.2, whichever is longer.
const MAX_KEY_UPDATE_RECORD_LEN: usize = crate::record::KEY_UPDATE_LEN + MAX_OVERHEAD;

pub(super) const MAX_ALERT_RECORD_LEN: usize = 2 + MAX_OVERHEAD;

impl WriterConfig {
    /// The hard cap within its bounds.
    pub(crate) fn fragment_limit(&self) -> usize {
        self.max_fragment_len
            .clamp(MIN_FRAGMENT_LIMIT, MAX_FRAGMENT_LEN)
    }

    /// A segment holds a KeyUpdate, then a record of the largest size, and its reserve: a
    /// KeyUpdate does not cut the record behind it short.
    pub(crate) const fn segment_len() -> usize {
        MAX_KEY_UPDATE_RECORD_LEN + MAX_FRAGMENT_LEN + MAX_OVERHEAD + CONTROL_RESERVE
    }

    pub(crate) fn segments(&self) -> usize {
        self.capacity.div_ceil(MAX_FRAGMENT_LEN).max(1)
    }
}

const _: () = assert!(MAX_ALERT_RECORD_LEN > TAG_LEN && CONTROL_RESERVE < 128);
