//! Measures how much more a call through the C library costs than the same call from Rust.
//!
//! `cargo bench -p capi_bench [-- --check]`. Both sides take turns at the same work, so that
//! changes in the machine's speed affect both. The median of the differences in each round is
//! divided by the number of calls. With `--check`, the exit code is 1 if a call costs more than the
//! limit.
//!
//! The library is linked as a Rust library here, but its functions are still called through their
//! symbols. A shared library adds the jump through its table.

use core::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use capi_bench::{CAPACITY, End, Error, FromC, FromRust};
use wantwrite::Role;

const ROUNDS: usize = 401;
/// The most nanoseconds that a call may cost in addition.
const LIMIT: f64 = 5.0;
const SIZES: [usize; 2] = [16, 16 * 1024];

fn main() -> Result<ExitCode, Error> {
    let (mut rounds, mut check) = (ROUNDS, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("check") => check = true,
            // `cargo bench -- --test` only checks that a benchmark runs.
            lexopt::Arg::Long("test") => rounds = 1,
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    println!("nanoseconds per call, medians of {rounds} rounds; at most {LIMIT} more are allowed");
    println!("{:>8}  {:<32} {:>9} {:>9} {:>7}", "bytes", "calls", "Rust", "C", "more");
    let mut missed = 0;
    for size in SIZES {
        for work in WORKS {
            let measured = measure(work, size, rounds)?;
            let Measured { rust, c, more } = measured;
            let is_missed = more > LIMIT;
            missed += usize::from(is_missed);
            let mark = if is_missed { " missed" } else { "" };
            println!("{size:>8}  {:<32} {rust:>9.1} {c:>9.1} {more:>7.2}{mark}", work.name);
        }
    }
    println!("{missed} limits exceeded");
    Ok(if check && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A kind of work: its preparation, and the measured part.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    /// The number of calls each time the work is done.
    calls: usize,
    run: fn(&mut dyn End, &mut dyn End, &[u8], usize) -> f64,
}

const WORKS: [Work; 4] = [
    Work { name: "write", calls: 1, run: write },
    Work { name: "out, out_advance", calls: 2, run: drain },
    Work { name: "in, in_commit, and those below", calls: 5, run: read },
    Work { name: "wants, room", calls: 2, run: look },
];

/// Returns the nanoseconds for `times` writes.
fn write(end: &mut dyn End, _peer: &mut dyn End, plaintext: &[u8], times: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        let accepted = end.write(black_box(plaintext));
        assert_eq!(accepted, plaintext.len());
    }
    let elapsed = nanoseconds(start);
    while end.drain() > 0 {}
    elapsed
}

/// Returns the nanoseconds for looking at `times` records, one after another, and advancing over
/// them. For small records, that includes sealing them.
fn drain(end: &mut dyn End, _peer: &mut dyn End, plaintext: &[u8], times: usize) -> f64 {
    let mut elapsed = 0.0;
    for _ in 0..times {
        assert_eq!(end.write(plaintext), plaintext.len());
        let start = Instant::now();
        let drained = end.drain();
        elapsed += nanoseconds(start);
        assert!(drained > plaintext.len());
    }
    elapsed
}

/// Returns the nanoseconds for receiving, opening, viewing and consuming `times` records.
fn read(end: &mut dyn End, peer: &mut dyn End, plaintext: &[u8], times: usize) -> f64 {
    let mut elapsed = 0.0;
    let mut wire = Vec::new();
    for _ in 0..times {
        wire.clear();
        assert_eq!(peer.write(plaintext), plaintext.len());
        while peer.drain_into(&mut wire) > 0 {}
        let start = Instant::now();
        let taken = end.lend_and_commit(&wire);
        let opened = end.open();
        elapsed += nanoseconds(start);
        assert_eq!((taken, opened), (wire.len(), plaintext.len()));
    }
    elapsed
}

/// Returns the nanoseconds for reading the fill levels `times` times.
fn look(end: &mut dyn End, _peer: &mut dyn End, _plaintext: &[u8], times: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        black_box(end.look());
    }
    nanoseconds(start)
}

fn nanoseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e9
}

struct Measured {
    rust: f64,
    c: f64,
    more: f64,
}

fn measure(work: Work, size: usize, rounds: usize) -> Result<Measured, Error> {
    let plaintext = vec![7; size];
    // As many writes as there is room for, but few enough that nothing else happens in between.
    let times = (CAPACITY / 2 / size).min(1000);
    let (mut rust, mut c) = (FromRust::new(Role::Client)?, FromC::new(Role::Client)?);
    let (mut for_rust, mut for_c) = (FromRust::new(Role::Server)?, FromRust::new(Role::Server)?);
    let calls = f64::from(u32::try_from(times * work.calls)?);
    let mut results: [Vec<f64>; 3] = Default::default();
    for round in 0..rounds {
        let mut of_rust = || (work.run)(&mut rust, &mut for_rust, &plaintext, times);
        let mut of_c = || (work.run)(&mut c, &mut for_c, &plaintext, times);
        // The order alternates, because the first of a pair finds different caches.
        let (of_rust, of_c) = if round % 2 == 0 {
            let first = of_rust();
            (first, of_c())
        } else {
            let first = of_c();
            (of_rust(), first)
        };
        let round = [of_rust, of_c, of_c - of_rust];
        for (all, one) in results.iter_mut().zip(round) {
            all.push(one / calls);
        }
    }
    let [rust, c, more] = results.map(median);
    Ok(Measured { rust, c, more })
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
