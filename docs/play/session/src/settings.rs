//! The settings that the page's controls change.

use core::time::Duration;

use wantwrite::{
    CipherSuite, Coalescing, Conditions, Congestion, Padding, Sizing, SlowStart, Window,
    WriterConfig,
};

/// The largest values that the page offers.
pub(crate) const MAX_CAPACITY: usize = 256 * 1024;
pub(crate) const MAX_PER_TURN: usize = 256 * 1024;

/// The padded lengths of the inner plaintext, for `padding sizes`.
pub(crate) static PADDED_SIZES: [usize; 4] = [256, 1024, 4096, 16_384];

/// The transport conditions for `sizing congestion`: ten segments, TCP's initial window.
const WINDOW: Window = Window { mss: 1448, cwnd: 10 };
/// The duration of a turn, for `sizing slow-start`.
const TURN: Duration = Duration::from_millis(10);

/// All sessions use the same key, since the page has no secrets.
pub(crate) const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
pub(crate) const SECRET: [u8; 32] = [7; 32];

#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) capacity: usize,
    pub(crate) coalescing: bool,
    pub(crate) write: usize,
    pub(crate) drain: usize,
    pub(crate) sizing: Sizing,
    pub(crate) padding: Padding,
}

impl Settings {
    pub(crate) const DEFAULT: Self = Self {
        capacity: 64 * 1024,
        coalescing: true,
        write: 2000,
        drain: 1448,
        sizing: Sizing::Max,
        padding: Padding::None,
    };

    pub(crate) fn writer_config(&self) -> WriterConfig {
        let mut config = WriterConfig::default();
        config.capacity = self.capacity;
        config.coalescing = if self.coalescing { Coalescing::On } else { Coalescing::Off };
        (config.sizing, config.padding) = (self.sizing, self.padding);
        config
    }
}

/// Returns the conditions that are reported to the writer at the start of a turn.
pub(crate) fn conditions(turn: u32) -> Conditions {
    Conditions::at(TURN.saturating_mul(turn)).with_window(WINDOW)
}

pub(crate) fn slow_start() -> Sizing {
    Sizing::SlowStart(SlowStart::default())
}

pub(crate) fn congestion() -> Sizing {
    Sizing::Congestion(Congestion::default())
}
