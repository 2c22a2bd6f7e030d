//! What a writer predicts about future records.

use wantwrite::{CipherSuite, Padding, Sizing, SlowStart, Writer, WriterConfig};

use super::Error;
use super::halves::writer;

/// Capacities for plaintext, in bytes.
pub const CAPACITIES: [usize; 4] = [64 << 10, 1 << 20, 64 << 20, 1 << 30];

/// How records are sized and padded, without user-defined functions.
pub struct Policy {
    pub name: &'static str,
    /// The bytes sent in short records before the others start. 0 for none.
    ramp: u64,
    sizing: Sizing,
    padding: Padding,
}

const fn policy(name: &'static str, ramp: u64, sizing: Sizing, padding: Padding) -> Policy {
    Policy { name, ramp, sizing, padding }
}

const SIZES: Padding = Padding::Sizes(&[256, 1_024, 4_096, 16_385]);

pub const ONE_SIZE: [Policy; 6] = [
    policy("full", 0, Sizing::Max, Padding::None),
    policy("64 B", 0, Sizing::Fixed(64), Padding::None),
    policy("100 B", 0, Sizing::Fixed(100), Padding::None),
    policy("full, padded to 16 B", 0, Sizing::Max, Padding::Multiple(16)),
    policy("100 B, padded to 48 B", 0, Sizing::Fixed(100), Padding::Multiple(48)),
    policy("full, padded to sizes", 0, Sizing::Max, SIZES),
];

pub const TWO_SIZES: [Policy; 3] = [
    policy("ramp", 50_000, Sizing::Max, Padding::None),
    policy("ramp, padded to 16 B", 50_000, Sizing::Max, Padding::Multiple(16)),
    policy("ramp, padded to sizes", 50_000, Sizing::Max, SIZES),
];

/// Creates a writer in the middle of its work: sealed bytes are pending, and there is a current
/// record.
pub fn busy_writer(suite: CipherSuite, capacity: usize, policy: &Policy) -> Result<Writer, Error> {
    let mut config = WriterConfig::default();
    (config.capacity, config.sizing, config.padding) = (capacity, policy.sizing, policy.padding);
    if policy.ramp > 0 {
        let mut ramp = SlowStart::default();
        ramp.threshold = policy.ramp;
        config.sizing = Sizing::SlowStart(ramp);
    }
    let mut writer = writer(suite, config)?;
    writer.write(&[1; 20_000])?;
    writer.flush()?;
    writer.write(&[1; 10])?;
    Ok(writer)
}
