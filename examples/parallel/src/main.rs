//! Seals one connection's records on several processors and on one: the same bytes, sooner.
//!
//! `cargo run --release -p parallel [-- --threads N --suite aes128|aes256|chacha20]`
//!
//! Each column is a way to run the jobs of a batch next to the calling thread: threads kept awake,
//! threads that sleep between batches, a rayon pool, threads spawned for each batch. A figure is
//! the time that `write` takes on one thread, divided by theirs. Figures are medians over rounds in
//! which the executors take turns. Without a transport there is no driver either: what each
//! `Writer` has sealed is only looked at and dropped.

use core::time::Duration;
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use bytes::Bytes;
use lexopt::prelude::{Long, Short, ValueExt};
use parallel::executors::{Executor, Rayon, Serial, Spawned, Workers};
use program::{Args, Error, Program, at_least_one, number, one_of};
use ring::digest::{Context, SHA256};
use wantwrite::{CipherSuite, TrafficSecret, WriteKeys, Writer, WriterConfig};

const SIZES: [usize; 9] =
    [16 << 10, 32 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20, 4 << 20];
const ROUNDS: usize = 31;
/// The plaintext sealed in one round, in bytes.
const WORK: usize = 8 << 20;

const USAGE: &str = "\
Compares sealing one connection's records on several threads with sealing them on one.

Usage: parallel [OPTIONS]

  --threads N          threads besides the calling one, 1 to 1024 [the processors less one]
  --suite NAME         aes128, aes256 or chacha20 [aes128]
  -h, --help           this text
";

struct Options {
    threads: usize,
    suite: CipherSuite,
}

fn main() -> ExitCode {
    Program { name: "parallel", usage: USAGE }.main(parse, run)
}

fn parse(args: &mut Args) -> Result<Option<Options>, Error> {
    let processors = std::thread::available_parallelism()?.get();
    let threads = (processors - 1).clamp(1, MAX_THREADS);
    let mut options = Options { threads, suite: CipherSuite::TLS_AES_128_GCM_SHA256 };
    while let Some(arg) = args.next()? {
        match arg {
            Long("threads") => options.threads = args.value()?.parse_with(thread_count)?,
            Long("suite") => options.suite = args.value()?.parse_with(one_of(SUITES))?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(Some(options))
}

fn thread_count(text: &str) -> Result<usize, Error> {
    match at_least_one(number)(text)? {
        threads @ ..=MAX_THREADS => Ok(threads),
        _ => Err(format!("expected at most {MAX_THREADS} threads").into()),
    }
}

/// More threads would only test how many the system allows.
const MAX_THREADS: usize = 1024;

fn run(Options { threads, suite }: Options, out: &mut dyn Write) -> Result<(), Error> {
    let mut executors: [Box<dyn Executor>; 5] = [
        Box::new(Serial),
        Box::new(Workers::new("awake", threads, Duration::from_millis(2))?),
        Box::new(Workers::new("sleeping", threads, Duration::ZERO)?),
        Box::new(Rayon::new(threads)?),
        Box::new(Spawned::new(threads)),
    ];
    writeln!(
        out,
        "{suite:?}, {threads} threads besides the calling one, medians of {ROUNDS} rounds"
    )?;
    write!(out, "{:>10} {:>10}", "bytes", "MiB/s")?;
    for executor in executors.iter().skip(1) {
        write!(out, " {:>9}", executor.name())?;
    }
    writeln!(out, "  the same bytes")?;
    for size in SIZES {
        let measured = measure(&mut executors, suite, size)?;
        write!(out, "{size:>10} {:>10.0}", measured.serial_rate)?;
        for speed_up in measured.speed_ups {
            write!(out, " {speed_up:>9.2}")?;
        }
        writeln!(out, "  yes")?;
    }
    Ok(())
}

const SUITES: [(&str, CipherSuite); 3] = [
    ("aes128", CipherSuite::TLS_AES_128_GCM_SHA256),
    ("aes256", CipherSuite::TLS_AES_256_GCM_SHA384),
    ("chacha20", CipherSuite::TLS_CHACHA20_POLY1305_SHA256),
];

struct Measured {
    /// The first executor's rate in MiB per second.
    serial_rate: f64,
    /// The other executors' rates, relative to it.
    speed_ups: Vec<f64>,
}

fn measure(
    executors: &mut [Box<dyn Executor>],
    suite: CipherSuite,
    size: usize,
) -> Result<Measured, Error> {
    let plaintext: Bytes = (0..=250_u8).cycle().take(size).collect();
    let batches = WORK / size;
    let mut writers = Vec::new();
    for _ in &*executors {
        writers.push(writer(suite, size)?);
    }
    let mut times = vec![Vec::with_capacity(ROUNDS); executors.len()];
    // The first round warms up and compares the bytes.
    for round in 0..=ROUNDS {
        let mut digests = Vec::new();
        for ((executor, writer), times) in executors.iter_mut().zip(&mut writers).zip(&mut times) {
            let mut digest = (round == 0).then(|| Context::new(&SHA256));
            let start = Instant::now();
            for _ in 0..batches {
                if executor.seal(writer, plaintext.clone())? != size {
                    return Err("not everything was accepted".into());
                }
                drain(writer, digest.as_mut());
            }
            if round > 0 {
                times.push(start.elapsed().as_secs_f64());
            }
            digests.extend(digest.map(Context::finish));
        }
        if digests
            .windows(2)
            .any(|pair| pair.first().map(AsRef::as_ref) != pair.last().map(AsRef::as_ref))
        {
            return Err("the records differ".into());
        }
    }
    let (serial, others) = times.split_first().ok_or("no executor")?;
    let ratios = others.iter().map(|times| {
        median(serial.iter().zip(times).map(|(serial, time)| serial / time).collect())
    });
    let mebibytes = f64::from(u32::try_from(batches * size / 1024)?) / 1024.0;
    Ok(Measured {
        serial_rate: median(serial.iter().map(|time| mebibytes / time).collect()),
        speed_ups: ratios.collect(),
    })
}

fn writer(suite: CipherSuite, capacity: usize) -> Result<Writer, Error> {
    let secret = [7; 48];
    let secret = secret.get(..suite.secret_len()).ok_or("no such secret")?;
    let mut config = WriterConfig::default();
    config.capacity = capacity;
    Ok(Writer::new(WriteKeys::from_secret(TrafficSecret::new(suite, secret)?), config)?)
}

fn drain(writer: &mut Writer, mut digest: Option<&mut Context>) {
    while writer.wants_drain() {
        let mut drain = writer.drain();
        let chunk = drain.chunk();
        if let Some(digest) = &mut digest {
            digest.update(chunk);
        }
        let len = chunk.len();
        drain.advance(len).expect("a chunk is no longer than the pending bytes");
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
