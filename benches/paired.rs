//! Contestants take turns within one process, and the results are medians of each round's ratios,
//! so that changes in the machine's speed affect all of them.
//!
//! `cargo bench -p benches --bench paired [-- --suite aes128|aes256|chacha20] [--check]`. A ratio
//! of 1 is ring alone: it creates the header and the nonce, with the content and the type byte
//! already in place, and copies nothing. With `--features aws-lc`, the same follows with AWS-LC for
//! both, which honours `OPENSSL_ia32cap`: with `:~0x600d0230000`, it seals as on a processor
//! without AVX-512 and VAES. The limit for a ratio is printed next to it; the limits of
//! `write` and `write_owned` are at least 3 % above what ring costs in the same table after a copy,
//! or in the caller's own memory. With `--check`, the exit code is 1 if any is exceeded.

use core::time::Duration;
use std::process::ExitCode;
use std::time::Instant;

use contestants::{
    Coalesced, Contestant, RingAlone, RingAndCopy, RingEach, RingOwned, Rustls, Slot, Suite, Write,
    WriteFresh, WriteOwned,
};

const SIZES: [usize; 8] = [16, 64, 256, 1024, 4096, 16384, 65536, 1 << 20];
const ROUNDS: usize = 41;
/// The bytes that a contestant seals in one round, with an allowance per record.
const WORK: usize = 1 << 20;
/// The bytes that are prepared together: few enough to still be in the cache when they are used.
const BATCH: usize = 64 << 10;
/// The number of small writes before a drain.
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
            // `cargo bench -- --test` only checks that a benchmark runs.
            lexopt::Arg::Long("test") => rounds = 1,
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    let mut missed = 0;
    for &suite in &suites {
        missed += print_table(suite, rounds)?;
    }
    #[cfg(feature = "aws-lc")]
    for suite in suites {
        missed += aws_lc::print_table(suite, rounds)?;
    }
    println!("{missed} limits exceeded");
    Ok(if check && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns how many limits were exceeded.
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
        for &(name, ratio) in &result.ratios {
            let limit = limit(suite, name, size).map(|limit| result.raise(limit, name));
            missed += print_ratio(ratio, limit);
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
        missed += print_ratio(ratio, if name == "write" { limit_for_small(suite) } else { None });
    }
    println!("\n");
    Ok(missed)
}

fn print_ratio(ratio: f64, limit: Option<f64>) -> usize {
    // Rounded, so that a ratio that is printed as equal to the limit passes.
    let ratio = (ratio * 100.0).round() / 100.0;
    let missed = limit.is_some_and(|limit| ratio > limit);
    match limit {
        Some(limit) => print!("  {ratio:.2} {} {limit:.2}", if missed { '>' } else { '≤' }),
        None => print!("  {ratio:>4.2}       "),
    }
    usize::from(missed)
}

/// Returns a contestant's limit, before [`Measured::raise`].
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

/// Returns the limit for small writes that share a record. With ChaCha20, sealing that record takes
/// 0.16 on its own.
const fn limit_for_small(suite: Suite) -> Option<f64> {
    match suite {
        Suite::Aes128 | Suite::Aes256 => Some(0.10),
        Suite::Chacha20 => None,
    }
}

fn contestants(suite: Suite, size: usize) -> Result<Vec<Box<dyn Contestant>>, Error> {
    Ok(vec![
        Box::new(RingAlone::new(suite, size)?),
        Box::new(RingAndCopy::new(suite, size)?),
        Box::new(Write::new(suite, size)?),
        Box::new(Slot::new(suite, size)?),
        Box::new(WriteFresh::new(suite, size)?),
        Box::new(RingOwned::new(suite, size)?),
        Box::new(WriteOwned::new(suite, size)?),
        Box::new(Rustls::new(suite, size)?),
    ])
}

/// AWS-LC, with content and type byte already in place, against a writer that uses AWS-LC.
#[cfg(feature = "aws-lc")]
mod aws_lc {
    use contestants::AwsLcEach;

    use super::{Contestant, Error, SIZES, Slot, Suite, Write, measure, print_ratio};

    /// Of `write`, for every size, on a processor without AVX-512.
    const LIMIT: f64 = 1.02;

    pub(super) fn print_table(suite: Suite, rounds: usize) -> Result<usize, Error> {
        println!("{suite:?} by AWS-LC, the same");
        println!("{:>10} {:>10} {:>13} {:>13}", "bytes", "AWS-LC, ns", "write", "slot");
        let mut missed = 0;
        for size in SIZES {
            let mut contestants: [Box<dyn Contestant>; 3] = [
                Box::new(AwsLcEach::new(suite, size, 1)?),
                Box::new(Write::by_aws_lc(suite, size)?),
                Box::new(Slot::by_aws_lc(suite, size)?),
            ];
            let result = measure(&mut contestants, size, rounds)?;
            print!("{size:>10} {:>10.0}", result.nanoseconds);
            for (name, ratio) in result.ratios {
                missed += print_ratio(ratio, (name == "write").then_some(LIMIT));
            }
            println!();
        }
        println!();
        Ok(missed)
    }
}

/// The results for one size.
struct Measured {
    /// The first contestant's time.
    nanoseconds: f64,
    /// The names of the others, and their times relative to the first one's.
    ratios: Vec<(&'static str, f64)>,
}

impl Measured {
    /// Raises a contestant's limit to 3 % above its lower bound, which depends on the processor: the
    /// faster it seals, the more a copy and cold memory weigh.
    fn raise(&self, limit: f64, name: &str) -> f64 {
        let bound = match name {
            "write" => "copy + ring",
            "write_owned" => "ring, owned",
            _ => return limit,
        };
        let bound = self.ratios.iter().find(|(name, _)| *name == bound);
        bound.map_or(limit, |(_, bound)| limit.max(bound * 1.03))
    }
}

fn measure(
    contestants: &mut [Box<dyn Contestant>],
    size: usize,
    rounds: usize,
) -> Result<Measured, Error> {
    let batch = (BATCH / size).clamp(1, 64);
    let batches = (WORK / (size + 1024) / batch).max(1);
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    // The first round is a warm-up.
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
