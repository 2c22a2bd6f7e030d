//! Contestants take turns, so that changes in the machine's speed affect all of them.

use core::time::Duration;
use std::time::Instant;

use super::Error;

/// Does the work once and returns the time that it took.
pub type TimedRun<'a> = &'a mut dyn FnMut() -> Result<Duration, Error>;

/// Returns the nanoseconds that each of `turns` took in each round, after a warm-up round.
pub fn play<const N: usize>(
    rounds: usize,
    mut turns: [TimedRun<'_>; N],
) -> Result<[Vec<f64>; N], Error> {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for (turn, times) in turns.iter_mut().zip(&mut times) {
            let time = turn()?.as_secs_f64() * 1e9;
            if round > 0 {
                times.push(time);
            }
        }
    }
    Ok(times)
}

/// Times one turn: `calls` calls of `call`.
pub fn timed(calls: usize, mut call: impl FnMut() -> Result<(), Error>) -> Result<Duration, Error> {
    let start = Instant::now();
    for _ in 0..calls {
        call()?;
    }
    Ok(start.elapsed())
}

/// Returns the median of the values that `of` computes for each round.
pub fn median(a: &[f64], b: &[f64], of: impl Fn(f64, f64) -> f64) -> f64 {
    let mut values: Vec<f64> = a.iter().zip(b).map(|(a, b)| of(*a, *b)).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
