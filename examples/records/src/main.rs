//! Shows how long records become: our writer with each sizing policy, and rustls's buffered writer,
//! do the same work through a transport that accepts a few bytes at a time.
//!
//!     cargo run --release -p records -- --capacity 65536 --drain 1448 --bytes 1MiB
//!
//! The work is in `work.rs`, the contestants are in `ours.rs` and `stock.rs`. Ours is a `Writer`
//! without a connection, drained by hand: a driver would itself decide how much to send at a time.
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

mod args;
mod ours;
mod stock;
mod table;
mod work;

use std::io::Write;
use std::process::ExitCode;

use args::{Options, USAGE};
use ours::Ours;
use program::{Error, Program, ProgressLine};
use ring::rand::{SecureRandom, SystemRandom};
use stock::Stock;
use wantwrite::{Coalescing, Congestion, Sizing, SlowStart};
use work::Sender;

fn main() -> ExitCode {
    Program { name: "records", usage: USAGE }.main(args::parse, run)
}

fn run(options: Options, out: &mut dyn Write) -> Result<(), Error> {
    let mut plaintext = vec![0; options.bytes.max(work::BURST_LEN)];
    SystemRandom::new().fill(&mut plaintext)?;
    let (long, short) = (&plaintext[..options.bytes], &plaintext[..work::BURST_LEN]);
    let mut intact = true;

    table::print_stream_head(out, &options)?;
    for mut sender in contestants(options.capacity, options.fixed)? {
        let mut line = ProgressLine::bytes(Some(options.bytes.try_into()?));
        let outcome =
            work::stream(sender.as_mut(), long, options.write_size, options.drain, &mut line)?;
        drop(line);
        table::print_stream_row(out, &sender.name(), &outcome)?;
        intact &= outcome.intact;
    }
    table::print_burst_head(out)?;
    for mut sender in contestants(BURST_CAPACITY, options.fixed)? {
        let outcome = work::burst(sender.as_mut(), short, options.drain)?;
        table::print_burst_row(out, &sender.name(), &outcome)?;
        intact &= outcome.intact;
    }
    if intact { Ok(()) } else { Err("the opened plaintext differs from what was sent".into()) }
}

fn contestants(capacity: usize, fixed: usize) -> Result<Vec<Box<dyn Sender>>, Error> {
    let sizings = [
        Sizing::Max,
        Sizing::Fixed(fixed),
        Sizing::SlowStart(SlowStart::default()),
        Sizing::Congestion(Congestion::default()),
    ];
    let mut contestants: Vec<Box<dyn Sender>> = Vec::new();
    for coalescing in [Coalescing::On, Coalescing::Off] {
        for sizing in sizings {
            contestants.push(Box::new(Ours::new(capacity, sizing, coalescing)?));
        }
    }
    contestants.push(Box::new(Stock::new(capacity)?));
    Ok(contestants)
}

/// Enough for a burst with one record per write.
const BURST_CAPACITY: usize = 64 * 1024;
