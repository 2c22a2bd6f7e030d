//! How long records become: a pure policy over values that the caller passes in.

use core::time::Duration;

use super::policy::RecordPolicy;
use crate::error::ConfigError;
use crate::num::to_u64;
use crate::record::{MAX_FRAGMENT_LEN, MAX_OVERHEAD, MIN_FRAGMENT_LIMIT};

/// The soft size of records, below the hard cap
/// ([`WriterConfig::max_fragment_len`](super::WriterConfig::max_fragment_len)).
///
/// The policy decides when a record is begun, and that record keeps its size. Nothing here reads a
/// clock or a socket: see [`Conditions`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sizing {
    /// As long as the hard cap allows. This has the least overhead.
    #[default]
    Max,
    /// At most this many bytes of content, 1 to 16,384. With 16,383, the inner plaintext of a TLS
    /// 1.3 record is a multiple of the AEAD's block size.
    Fixed(usize),
    /// Short records that fit one TCP segment at the start and after an idle time, then full ones.
    /// The peer can use the first bytes as soon as the first segment arrives.
    SlowStart(SlowStart),
    /// Records that fit the congestion window, and no more sealed ahead than the transport can send
    /// soon. A record never gets less than 64 bytes of content.
    Congestion(Congestion),
}

impl Sizing {
    pub(super) fn check(self) -> Result<(), ConfigError> {
        match self {
            Self::Max => Ok(()),
            Self::Fixed(len) => {
                ConfigError::check("Sizing::Fixed", to_u64(len), 1..=to_u64(MAX_FRAGMENT_LEN))
            }
            Self::SlowStart(SlowStart { record_len, .. }) => {
                let least = to_u64(MIN_CONTENT_LEN + MAX_OVERHEAD);
                ConfigError::check("SlowStart::record_len", to_u64(record_len), least..=u64::MAX)
            }
            Self::Congestion(Congestion { windows_ahead }) => {
                let count = to_u64(windows_ahead);
                ConfigError::check("Congestion::windows_ahead", count, 1..=u64::MAX)
            }
        }
    }
}

/// The settings of [`Sizing::SlowStart`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlowStart {
    /// The wire length of a short record, in bytes. Default 1,369: an IPv6 TCP segment with
    /// timestamps and some room for tunnels. At least 94, for 64 bytes of content.
    pub record_len: usize,
    /// How many bytes of plaintext are sent in short records. Default 128 KiB.
    pub threshold: u64,
    /// After this long without writing, short records start again. Default 1 s. This requires
    /// [`Conditions::now`].
    pub idle: Duration,
}

impl Default for SlowStart {
    fn default() -> Self {
        Self { record_len: 1369, threshold: 128 << 10, idle: Duration::from_secs(1) }
    }
}

/// The settings of [`Sizing::Congestion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Congestion {
    /// How many congestion windows of sealed bytes can be pending. More is not sealed, and `room`
    /// stops there, so that you can decide later what to send next. 1 or more; default 2.
    pub windows_ahead: usize,
}

impl Default for Congestion {
    fn default() -> Self {
        Self { windows_ahead: 2 }
    }
}

/// What you know about time and transport, passed as values before you write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conditions {
    /// A monotonic time, counted from any starting point.
    pub now: Duration,
    /// What the transport reports about itself. If `None`, [`Sizing::Congestion`] behaves like
    /// [`Sizing::Max`].
    pub window: Option<Window>,
}

/// The sending window of a TCP connection, as reported by `TCP_INFO`. A window that contains a 0
/// counts as unknown: the kernel has not filled it in yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The payload of one segment, in bytes (`tcpi_snd_mss`).
    pub mss: usize,
    /// How many segments can be in flight (`tcpi_snd_cwnd`).
    pub cwnd: usize,
}

impl Window {
    /// The size of the window in bytes; `None` if it is unknown.
    fn len(self) -> Option<usize> {
        match self.mss.saturating_mul(self.cwnd) {
            0 => None,
            len => Some(len),
        }
    }
}

impl Conditions {
    /// Creates conditions with this time and an unknown transport.
    #[must_use]
    pub const fn at(now: Duration) -> Self {
        Self { now, window: None }
    }

    /// Returns these conditions with a window.
    #[must_use]
    pub const fn with_window(self, window: Window) -> Self {
        Self { window: Some(window), ..self }
    }
}

/// A policy that follows the transport never makes records with less content than this, the
/// smallest cap of RFC 8449 §4. A shorter record would be mostly overhead and would not reach the
/// peer sooner.
const MIN_CONTENT_LEN: usize = MIN_FRAGMENT_LIMIT;

/// A policy, and what it was told.
#[derive(Debug)]
pub(super) struct Sizer {
    policy: Sizing,
    conditions: Conditions,
    /// Whether the conditions are known.
    has_observed: bool,
    /// The time of the last write under this policy, if it was known.
    written_at: Option<Duration>,
}

impl Sizer {
    pub(super) const fn new(policy: Sizing) -> Self {
        let conditions = Conditions::at(Duration::ZERO);
        Self { policy, conditions, has_observed: false, written_at: None }
    }

    /// Whether the policy depends on conditions.
    const fn follows_conditions(&self) -> bool {
        matches!(self.policy, Sizing::SlowStart(_) | Sizing::Congestion(_))
    }

    /// Whether short records start again under these conditions.
    pub(super) fn starts_again(&self, conditions: Conditions) -> bool {
        let (Sizing::SlowStart(slow_start), Some(written_at)) = (self.policy, self.written_at)
        else {
            return false;
        };
        conditions.now.saturating_sub(written_at) >= slow_start.idle
    }

    /// Returns whether the lengths of records, or how much may be pending, can now be different.
    pub(super) fn observe(&mut self, conditions: Conditions) -> bool {
        let follows = matches!(self.policy, Sizing::Congestion(_));
        let changed = follows && self.conditions.window != conditions.window;
        if self.follows_conditions() {
            self.conditions = conditions;
            self.has_observed = true;
        }
        changed
    }

    /// The content of the next record once `sent` bytes of plaintext have been sent.
    pub(super) fn content_len(&self, sent: u64, policy: RecordPolicy) -> usize {
        let overhead = policy.format().overhead();
        let within = |wire_len: usize| wire_len.saturating_sub(overhead).max(MIN_CONTENT_LEN);
        let content_len = match (self.policy, self.window_len()) {
            (Sizing::Fixed(len), _) => len,
            (Sizing::SlowStart(slow_start), _) if sent < slow_start.threshold => {
                within(slow_start.record_len)
            }
            // The peer can open a record only when its last segment has arrived: a record longer
            // than the window takes another round trip.
            (Sizing::Congestion(_), Some(window_len)) => within(window_len),
            _ => usize::MAX,
        };
        content_len.min(policy.max_content())
    }

    /// The content of a record after the short ones at the start.
    pub(super) fn full_content_len(&self, policy: RecordPolicy) -> usize {
        self.content_len(u64::MAX, policy)
    }

    /// How much plaintext is sent in shorter records than what follows it.
    pub(super) const fn ramp_len(&self) -> u64 {
        match self.policy {
            Sizing::SlowStart(slow_start) => slow_start.threshold,
            _ => 0,
        }
    }

    fn window_len(&self) -> Option<usize> {
        self.conditions.window.and_then(Window::len)
    }

    /// How many sealed bytes may be pending.
    pub(super) fn sealed_ahead(&self) -> usize {
        match self.policy {
            Sizing::Congestion(Congestion { windows_ahead }) => {
                self.window_len().map_or(usize::MAX, |len| len.saturating_mul(windows_ahead))
            }
            _ => usize::MAX,
        }
    }

    /// A record was sealed.
    #[inline]
    pub(super) const fn on_sealed(&mut self) {
        if self.has_observed {
            self.written_at = Some(self.conditions.now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{RecordFormat, Version};
    use crate::writer::policy::Cap;

    const CAP: usize = 16384;

    fn content_len(sizer: &Sizer, sent: u64) -> usize {
        let cap = Cap::new(RecordFormat::new(Version::Tls13, 0), CAP);
        sizer.content_len(sent, RecordPolicy::unpadded(cap))
    }

    #[test]
    fn fixed_is_bounded_by_the_cap() {
        for (len, expected) in [(1, 1), (1000, 1000), (CAP, CAP), (CAP + 1, CAP)] {
            assert_eq!(content_len(&Sizer::new(Sizing::Fixed(len)), 0), expected);
        }
    }

    #[test]
    fn slow_start_is_small_up_to_its_threshold_and_again_after_an_idle_time() {
        let threshold = 10_000;
        let policy = SlowStart { threshold, ..SlowStart::default() };
        let mut sizer = Sizer::new(Sizing::SlowStart(policy));
        sizer.observe(Conditions::at(Duration::from_secs(5)));
        assert_eq!(content_len(&sizer, 0), 1369 - 22);
        assert_eq!(content_len(&sizer, 9_999), 1369 - 22);
        assert_eq!(content_len(&sizer, 10_000), CAP);
        sizer.on_sealed();
        assert!(!sizer.starts_again(Conditions::at(Duration::from_millis(5999))));
        assert!(sizer.starts_again(Conditions::at(Duration::from_millis(6000))));
    }

    #[test]
    fn congestion_follows_the_window() {
        let mut sizer = Sizer::new(Sizing::Congestion(Congestion::default()));
        assert_eq!((content_len(&sizer, 0), sizer.sealed_ahead()), (CAP, usize::MAX));
        for (cwnd, len, ahead) in
            [(0, CAP, usize::MAX), (1, 1448 - 22, 2896), (4, 4 * 1448 - 22, 11584)]
        {
            let window = Window { mss: 1448, cwnd };
            sizer.observe(Conditions::default().with_window(window));
            assert_eq!((content_len(&sizer, 0), sizer.sealed_ahead()), (len, ahead));
        }
        sizer.observe(Conditions::default().with_window(Window { mss: 1448, cwnd: 100 }));
        assert_eq!(content_len(&sizer, 0), CAP);
    }
}
