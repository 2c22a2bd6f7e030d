//! Contestants in turns within one process, and medians of the ratios of each round: what makes
//! the machine slower or faster meanwhile does so for all of them.
//!
//! `cargo bench --bench paired [-- --suite aes128|aes256|chacha20]`. A ratio of 1 is ring alone: header
//! and nonce made, content and type byte already in place, nothing copied.

mod contestants;

use std::time::Instant;

use contestants::{
    Contestant, RingAlone, RingAndCopy, Rustls, Slot, Suite, Write, WriteFresh, WriteOwned,
};

const SIZES: [usize; 8] = [16, 64, 256, 1024, 4096, 16384, 65536, 1 << 20];
const ROUNDS: usize = 41;
/// Bytes, with some for the cost of a record, that a contestant seals in one round.
const WORK: usize = 1 << 20;

type Error = Box<dyn core::error::Error>;

fn main() -> Result<(), Error> {
    let mut suite = Suite::Aes128;
    let mut rounds = ROUNDS;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("suite") => suite = arguments.value()?.to_string_lossy().parse()?,
            // What `cargo bench -- --test` asks of a benchmark: that it runs.
            lexopt::Arg::Long("test") => rounds = 1,
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    println!("{suite:?}, TLS 1.3, drained after each write, medians of {rounds} rounds");
    print!("{:>10} {:>10}", "bytes", "ring, ns");
    for name in contestants(suite, 16)?.iter().skip(1).map(|contestant| contestant.name()) {
        print!(" {name:>12}");
    }
    println!();
    for size in SIZES {
        let mut contestants = contestants(suite, size)?;
        let iterations = (WORK / (size + 1024)).max(1);
        let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
        // The first round warms up.
        for round in 0..=rounds {
            for (contestant, times) in contestants.iter_mut().zip(&mut times) {
                contestant.prepare(iterations);
                let start = Instant::now();
                for _ in 0..iterations {
                    contestant.seal()?;
                }
                let time = start.elapsed().as_secs_f64();
                if round > 0 || rounds == 1 {
                    times.push(time);
                }
            }
        }
        let (ring, others) = times.split_first().ok_or("no contestant")?;
        let nanoseconds =
            ring.iter().map(|time| time * 1e9 / f64::from(u32::try_from(iterations).unwrap_or(1)));
        print!("{size:>10} {:>10.0}", median(nanoseconds.collect()));
        for times in others {
            let ratios = times.iter().zip(ring).map(|(time, ring)| time / ring);
            print!(" {:>12.2}", median(ratios.collect()));
        }
        println!();
    }
    Ok(())
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

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
