//! What a call through the C library costs more than the same call from Rust.
//!
//! `cargo bench -p capi_bench [-- --check]`. Both ends do the same work in turns, and the
//! medians of the differences of each round are divided by the number of calls: what makes the
//! machine slower or faster meanwhile does so for both. With `--check` the exit code is 1 if a
//! call costs more than the limit.
//!
//! The library is linked in here as a Rust library. Its functions are called by their symbols
//! all the same; a shared library adds the jump through its table.

use core::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use capi_bench::{CAPACITY, End, Error, FromC, FromRust};
use wantwrite::Role;

const ROUNDS: usize = 401;
/// Nanoseconds that a call may cost more.
const LIMIT: f64 = 5.0;
const SIZES: [usize; 2] = [16, 16 * 1024];

fn main() -> Result<ExitCode, Error> {
    let (mut rounds, mut check) = (ROUNDS, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("check") => check = true,
            // What `cargo bench -- --test` asks of a benchmark: that it runs.
            lexopt::Arg::Long("test") => rounds = 1,
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    println!("nanoseconds a call, medians of {rounds} rounds; at most {LIMIT} more are allowed");
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
    println!("{missed} limits missed");
    Ok(if check && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A kind of work: what is done before and what is measured.
#[derive(Clone, Copy)]
struct Work {
    name: &'static str,
    /// Calls for each time that it is done.
    calls: usize,
    run: fn(&mut dyn End, &mut dyn End, &[u8], usize) -> f64,
}

const WORKS: [Work; 4] = [
    Work { name: "write", calls: 1, run: write },
    Work { name: "out, out_advance", calls: 2, run: drain },
    Work { name: "in, in_commit, and those below", calls: 5, run: read },
    Work { name: "wants, room", calls: 2, run: look },
];

/// Nanoseconds for `times` writes.
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

/// Nanoseconds for looking at `times` records, one after another, and advancing over them. With
/// small ones that includes sealing them.
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

/// Nanoseconds for taking, opening, seeing and consuming a record, `times` of them.
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

/// Nanoseconds for looking at the levels, `times` times.
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
    // As many as there is room for, and not so many that something else comes between.
    let times = (CAPACITY / 2 / size).min(1000);
    let (mut rust, mut c) = (FromRust::new(Role::Client)?, FromC::new(Role::Client)?);
    let (mut for_rust, mut for_c) = (FromRust::new(Role::Server)?, FromRust::new(Role::Server)?);
    let calls = f64::from(u32::try_from(times * work.calls)?);
    let mut results: [Vec<f64>; 3] = Default::default();
    for round in 0..rounds {
        let mut of_rust = || (work.run)(&mut rust, &mut for_rust, &plaintext, times);
        let mut of_c = || (work.run)(&mut c, &mut for_c, &plaintext, times);
        // Who begins changes: the first of a pair finds other caches.
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
