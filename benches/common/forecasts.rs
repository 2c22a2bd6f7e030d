//! What a writer predicts about future records.

use wantwrite::{
    CipherSuite, Conditions, Congestion, Padding, Sizing, SlowStart, Window, Writer, WriterConfig,
};

use super::Error;
use super::halves::writer;

/// Capacities for plaintext, in bytes.
pub const CAPACITIES: [usize; 4] = [64 << 10, 1 << 20, 64 << 20, 1 << 30];

/// How records are sized and padded, without user-defined functions.
pub struct Policy {
    pub name: &'static str,
    sizes: Sizes,
    padding: Padding,
}

enum Sizes {
    Of(Sizing),
    /// The bytes sent in short records before the others start.
    Ramp(u64),
    /// The segments in a congestion window.
    Window(usize),
}

const fn policy(name: &'static str, sizes: Sizes, padding: Padding) -> Policy {
    Policy { name, sizes, padding }
}

const FULL: Sizes = Sizes::Of(Sizing::Max);
const SIZES: Padding = Padding::Sizes(&[256, 1_024, 4_096, 16_385]);

pub const ONE_SIZE: [Policy; 8] = [
    policy("full", FULL, Padding::None),
    policy("64 B", Sizes::Of(Sizing::Fixed(64)), Padding::None),
    policy("100 B", Sizes::Of(Sizing::Fixed(100)), Padding::None),
    policy("full, padded to 16 B", FULL, Padding::Multiple(16)),
    policy("100 B, padded to 48 B", Sizes::Of(Sizing::Fixed(100)), Padding::Multiple(48)),
    policy("full, padded to sizes", FULL, SIZES),
    policy("window of 10", Sizes::Window(10), Padding::None),
    policy("window of 100, padded to sizes", Sizes::Window(100), SIZES),
];

pub const TWO_SIZES: [Policy; 3] = [
    policy("ramp", Sizes::Ramp(50_000), Padding::None),
    policy("ramp, padded to 16 B", Sizes::Ramp(50_000), Padding::Multiple(16)),
    policy("ramp, padded to sizes", Sizes::Ramp(50_000), SIZES),
];

/// How much of the buffer is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    Little,
    /// All but the last segment.
    Most,
}

/// Creates a writer in the middle of its work: sealed bytes are pending, and there is a current
/// record.
pub fn busy_writer(
    suite: CipherSuite,
    capacity: usize,
    policy: &Policy,
    fill: Fill,
) -> Result<Writer, Error> {
    let mut config = WriterConfig::default();
    (config.capacity, config.padding) = (capacity, policy.padding);
    let mut conditions = Conditions::default();
    config.sizing = match policy.sizes {
        Sizes::Of(sizing) => sizing,
        Sizes::Ramp(threshold) => {
            let mut ramp = SlowStart::default();
            ramp.threshold = threshold;
            Sizing::SlowStart(ramp)
        }
        Sizes::Window(cwnd) => {
            conditions = conditions.with_window(Window { mss: 1_448, cwnd });
            Sizing::Congestion(Congestion::default())
        }
    };
    let mut writer = writer(suite, config)?;
    writer.observe(conditions);
    let len = match fill {
        Fill::Little => 20_000,
        Fill::Most => writer.room().saturating_sub(10_000),
    };
    writer.write(&vec![1; len])?;
    writer.flush()?;
    writer.write(&[1; 10])?;
    Ok(writer)
}
