//! Copies 16 KiB from every offset within a page to several others: the cost of a call must not
//! depend on where the caller's memory is. Some processors' `rep movsb` is several times slower at
//! some distances (AMD Zen 3: if the source is just below the destination, modulo 4,096).
//!
//! `cargo bench -p benches --bench offsets [-- --check]`. With `--check`, exceeding a limit is an
//! error. `one long copy` shows whether the C library and the processor have the effect at all.

use core::hint::black_box;
use core::time::Duration;
use std::fs;
use std::io::Write;
use std::time::Instant;

use benches::common::Error;
use benches::common::halves::{drain_all, reader, writer};
use benches::common::handshake::{Ends, carry_input};
use benches::common::stock::drain;
use rustls::ClientConnection;
use wantwrite::{
    CipherSuite, Connection, ConnectionConfig, Reader, ReaderConfig, Writer, WriterConfig,
};

const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const LEN: usize = 16_384;
const PAGE: usize = 4_096;
/// Rounds over all offsets, and over those that look slow.
const ROUNDS: (usize, usize) = (15, 40);
/// The number of addresses for the other end of the copy.
const PLACES: usize = 5;
const LIMIT: f64 = 1.10;

/// Copies [`LEN`] bytes to or from this offset in the caller's memory.
trait Copying {
    fn copy(&mut self, memory: &mut [u8]) -> Result<Duration, Error>;
}

type Make = fn() -> Result<Box<dyn Copying>, Error>;

fn main() -> Result<(), Error> {
    let (mut rounds, mut step, mut check) = (ROUNDS, 1, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("check") => check = true,
            // `cargo bench -- --test` only checks that a benchmark runs.
            lexopt::Arg::Long("test") => (rounds, step) = ((1, 0), 512),
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    println!("{}", processor());
    println!("{:<18} {:>10} {:>10} {:>12}", "16 KiB", "median, ns", "worst, ns", "worst/median");
    let contestants: [(&str, Make, bool); 7] = [
        ("one long copy", || Ok(Box::new(Copy { to: vec![0; LEN], block: LEN })), false),
        ("copy in blocks", || Ok(Box::new(Copy { to: vec![0; LEN], block: 1024 })), false),
        ("write", || Ok(Box::new(writer(SUITE, WriterConfig::default())?)), true),
        (
            "write_vectored",
            || Ok(Box::new(Vectored(writer(SUITE, WriterConfig::default())?))),
            true,
        ),
        ("receive, process", || Ok(Box::new(Receive::new()?)), true),
        ("read", || Ok(Box::new(Read::new()?)), true),
        ("rustls, write", || Ok(Box::new(Ends::new(SUITE)?.buffered()?.0)), false),
    ];
    let mut held = true;
    for (name, make, is_ours) in contestants {
        let (median, worst) = measure(make, rounds, step)?;
        let ratio = worst / median;
        print!("{name:<18} {median:>10.0} {worst:>10.0} {ratio:>12.2}");
        if is_ours {
            held &= ratio <= LIMIT;
            print!(" {} {LIMIT:.2}", if ratio <= LIMIT { '≤' } else { '>' });
        }
        println!();
    }
    if check && !held { Err("a limit was exceeded".into()) } else { Ok(()) }
}

/// Returns the median over all offsets and places, and the worst, in nanoseconds.
fn measure(make: Make, rounds: (usize, usize), step: usize) -> Result<(f64, f64), Error> {
    let mut memory = vec![1; LEN + 2 * PAGE];
    let page = PAGE - memory.as_ptr().addr() % PAGE;
    let mut times = Vec::new();
    let mut in_the_way = Vec::new();
    for place in 0..PLACES {
        // Moves later allocations to another offset in their page.
        in_the_way.push(vec![0_u8; 1 + 816 * place]);
        let mut copying = make()?;
        let mut times_here = vec![f64::INFINITY; PAGE.div_ceil(step)];
        let mut measure = |offset: usize, least: &mut f64| {
            let time = copying.copy(&mut memory[page + offset * step..][..LEN])?;
            // Other work on the machine can only make it longer.
            *least = least.min(time.as_secs_f64() * 1e9);
            Ok::<_, Error>(())
        };
        for _ in 0..rounds.0 {
            times_here.iter_mut().enumerate().try_for_each(|(i, least)| measure(i, least))?;
        }
        for _ in 0..rounds.1 {
            let slow = 1.03 * median(&times_here);
            for (i, least) in times_here.iter_mut().enumerate().filter(|(_, least)| **least > slow)
            {
                // Twice, because the work in between has displaced the cache's content.
                measure(i, least)?;
                measure(i, least)?;
            }
        }
        times.append(&mut times_here);
    }
    Ok((median(&times), times.iter().copied().fold(0.0, f64::max)))
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of = |key| info.lines().find(|line| line.starts_with(key)).unwrap_or("unknown processor");
    ["model name", "cpu family", "model\t"].map(of).join("; ").replace('\t', "")
}

/// A copy without an engine around it.
struct Copy {
    to: Vec<u8>,
    block: usize,
}

impl Copying for Copy {
    fn copy(&mut self, memory: &mut [u8]) -> Result<Duration, Error> {
        let start = Instant::now();
        for (to, from) in self.to.chunks_mut(self.block).zip(black_box(memory).chunks(self.block)) {
            to.copy_from_slice(from);
        }
        black_box(&self.to);
        Ok(start.elapsed())
    }
}

impl Copying for Writer {
    fn copy(&mut self, memory: &mut [u8]) -> Result<Duration, Error> {
        let start = Instant::now();
        self.write(black_box(memory))?;
        drain_all(self.drain());
        Ok(start.elapsed())
    }
}

struct Vectored(Writer);

impl Copying for Vectored {
    fn copy(&mut self, memory: &mut [u8]) -> Result<Duration, Error> {
        let (head, body) = black_box(&*memory).split_at(10);
        let start = Instant::now();
        self.0.write_vectored(&[head, body])?;
        drain_all(self.0.drain());
        Ok(start.elapsed())
    }
}

/// Receives records of that length on the wire.
struct Receive {
    writer: Writer,
    reader: Reader,
}

impl Receive {
    fn new() -> Result<Self, Error> {
        let reader = reader(SUITE, ReaderConfig::default())?;
        Ok(Self { writer: writer(SUITE, WriterConfig::default())?, reader })
    }
}

impl Copying for Receive {
    fn copy(&mut self, memory: &mut [u8]) -> Result<Duration, Error> {
        self.writer.write_atomic(&[1; LEN - 22])?;
        self.writer.flush()?;
        let mut drain = self.writer.drain();
        memory.copy_from_slice(drain.chunk());
        drain.advance(LEN)?;
        let start = Instant::now();
        let received = self.reader.receive(black_box(memory));
        let _events = self.reader.process()?;
        let time = start.elapsed();
        self.reader.consume_all();
        if received == LEN { Ok(time) } else { Err("not everything was received".into()) }
    }
}

struct Read {
    client: Connection,
    server: Connection,
}

impl Read {
    fn new() -> Result<Self, Error> {
        let (client, server) = Ends::new(SUITE)?.ours(&ConnectionConfig::default())?;
        Ok(Self { client, server })
    }
}

impl Copying for Read {
    fn copy(&mut self, memory: &mut [u8]) -> Result<Duration, Error> {
        self.client.writer_mut().write_atomic(memory)?;
        carry_input(&mut self.client, &mut self.server)?;
        let start = Instant::now();
        let n = self.server.read(memory)?;
        let time = start.elapsed();
        if n == LEN { Ok(time) } else { Err("not everything was read".into()) }
    }
}

impl Copying for ClientConnection {
    fn copy(&mut self, memory: &mut [u8]) -> Result<Duration, Error> {
        let start = Instant::now();
        self.writer().write_all(black_box(memory))?;
        drain(self)?;
        Ok(start.elapsed())
    }
}
