//! Contestants in turns within one process, and medians of the ratios of each round: what makes
//! the machine slower or faster meanwhile does so for all of them.
//!
//! `cargo bench -p benches --bench paired [-- --suite aes128|aes256|chacha20] [--check]`. A ratio of 1 is ring
//! alone: header and nonce made, content and type byte already in place, nothing copied. Beside a
//! ratio stands the limit that it is held to; with `--check` the exit code is 1 if one is missed.

use core::time::Duration;
use std::process::ExitCode;
use std::time::Instant;

use contestants::{
    Coalesced, Contestant, RingAlone, RingAndCopy, RingEach, Rustls, Slot, Suite, Write,
    WriteFresh, WriteOwned,
};

const SIZES: [usize; 8] = [16, 64, 256, 1024, 4096, 16384, 65536, 1 << 20];
const ROUNDS: usize = 41;
/// Bytes, with some for the cost of a record, that a contestant seals in one round.
const WORK: usize = 1 << 20;
/// Bytes that are prepared at once: what was just made is near the processor.
const BATCH: usize = 64 << 10;
/// The burst of small writes that is drained once.
const SMALL: usize = 64;
const WRITES: usize = 100;

type Error = Box<dyn core::error::Error>;

fn main() -> Result<ExitCode, Error> {
    let mut suites = vec![Suite::Aes128, Suite::Aes256, Suite::Chacha20];
    let (mut rounds, mut check) = (ROUNDS, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("suite") => {
                suites = vec![arguments.value()?.to_string_lossy().parse()?];
            }
            lexopt::Arg::Long("check") => check = true,
            // What `cargo bench -- --test` asks of a benchmark: that it runs.
            lexopt::Arg::Long("test") => rounds = 1,
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    let mut missed = 0;
    for suite in suites {
        missed += print_table(suite, rounds)?;
    }
    println!("{missed} limits missed");
    Ok(if check && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns how many limits were missed.
fn print_table(suite: Suite, rounds: usize) -> Result<usize, Error> {
    println!("{suite:?}, TLS 1.3, drained after each write, medians of {rounds} rounds");
    print!("{:>10} {:>10}", "bytes", "ring, ns");
    for contestant in contestants(suite, SMALL)?.iter().skip(1) {
        print!(" {:>13}", contestant.name());
    }
    println!();
    let mut missed = 0;
    for size in SIZES {
        let result = measure(&mut contestants(suite, size)?, size, rounds)?;
        print!("{size:>10} {:>10.0}", result.nanoseconds);
        for (name, ratio) in result.ratios {
            missed += print_ratio(ratio, limit(suite, name, size));
        }
        println!();
    }
    let mut burst: [Box<dyn Contestant>; 3] = [
        Box::new(RingEach::new(suite, SMALL, WRITES)?),
        Box::new(Coalesced::new(suite, SMALL, WRITES)?),
        Box::new(Rustls::new(suite, SMALL)?.writing(WRITES)),
    ];
    let result = measure(&mut burst, SMALL * WRITES, rounds)?;
    print!("{WRITES} writes of {SMALL} bytes, drained once:");
    for (name, ratio) in result.ratios {
        print!(" {name}");
        missed += print_ratio(ratio, (name == "write").then_some(0.10));
    }
    println!("\n");
    Ok(missed)
}

fn print_ratio(ratio: f64, limit: Option<f64>) -> usize {
    // What is printed as equal is equal.
    let ratio = (ratio * 100.0).round() / 100.0;
    let missed = limit.is_some_and(|limit| ratio > limit);
    match limit {
        Some(limit) => print!("  {ratio:.2} {} {limit:.2}", if missed { '>' } else { '≤' }),
        None => print!("  {ratio:>4.2}       "),
    }
    usize::from(missed)
}

/// What a contestant is held to.
fn limit(suite: Suite, name: &str, size: usize) -> Option<f64> {
    match (name, suite, size) {
        ("write", Suite::Chacha20, _) => Some(1.06),
        ("write", _, 0..=256) => Some(1.08),
        ("write", _, 0..1_000_000) => Some(1.10),
        ("write", _, _) => Some(1.12),
        ("slot", _, 0..=256) => Some(1.05),
        ("slot", _, 4096..) => Some(1.02),
        ("write_owned", _, 16384..) => Some(1.03),
        _ => None,
    }
}

fn contestants(suite: Suite, size: usize) -> Result<Vec<Box<dyn Contestant>>, Error> {
    Ok(vec![
        Box::new(RingAlone::new(suite, size)?),
        Box::new(RingAndCopy::new(suite, size)?),
        Box::new(Write::new(suite, size)?),
        Box::new(Slot::new(suite, size)?),
        Box::new(WriteFresh::new(suite, size)?),
        Box::new(WriteOwned::new(suite, size)?),
        Box::new(Rustls::new(suite, size)?),
    ])
}

/// What became of one size.
struct Measured {
    /// Of the first contestant.
    nanoseconds: f64,
    /// The others' names and times, relative to the first one's.
    ratios: Vec<(&'static str, f64)>,
}

fn measure(
    contestants: &mut [Box<dyn Contestant>],
    size: usize,
    rounds: usize,
) -> Result<Measured, Error> {
    let batch = (BATCH / size).clamp(1, 64);
    let batches = (WORK / (size + 1024) / batch).max(1);
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    // The first round warms up.
    for round in 0..=rounds {
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            let mut time = Duration::ZERO;
            for _ in 0..batches {
                contestant.prepare(batch);
                let start = Instant::now();
                for _ in 0..batch {
                    contestant.seal()?;
                }
                time += start.elapsed();
            }
            if round > 0 || rounds == 1 {
                times.push(time.as_secs_f64());
            }
        }
    }
    let (first, others) = times.split_first().ok_or("no contestant")?;
    let iterations = f64::from(u32::try_from(batch * batches)?);
    let nanoseconds = median(first.iter().map(|time| time * 1e9 / iterations).collect());
    let ratios = contestants.iter().skip(1).zip(others).map(|(contestant, times)| {
        let ratios = times.iter().zip(first).map(|(time, first)| time / first);
        (contestant.name(), median(ratios.collect()))
    });
    Ok(Measured { nanoseconds, ratios: ratios.collect() })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
