//! Compares `seal_batch` with serial writing, like `tests/engine/parallel.rs`.

use wantwrite::CipherSuite;

use super::draw::{self, Input, Result};
use wantwrite_testing::batch::{BatchStep, Help, compare};

const MAX_STEPS: usize = 6;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let Ok(suite) = input.choose(CipherSuite::ALL).copied() else { return };
    let Ok(mut config) = draw::writer_config(&mut input) else { return };
    config.pool = None;
    let [batched, serial] = draw::aeads(data);
    let steps: Vec<BatchStep> = (0..MAX_STEPS).map_while(|_| step(&mut input).ok()).collect();
    compare(suite, &config, [batched, serial], &steps);
}

fn step(input: &mut Input<'_>) -> Result<BatchStep> {
    if input.is_empty() {
        return Err(arbitrary::Error::NotEnoughData);
    }
    Ok(BatchStep {
        len: draw::len(input)? << input.int_in_range(0..=2)?,
        // `Together` is rare, because starting threads is slow.
        help: match input.int_in_range(0..=15)? {
            0..=4_u8 => Help::Never,
            5..=9 => Help::First,
            10..=14 => Help::Late,
            _ => Help::Together,
        },
        drain: draw::len(input)?,
        small_write: input.arbitrary()?,
    })
}
