//! The limits for reading and for connections. Each is measured in turns with its reference, as the
//! median over the rounds. The limits for writing are in `paired`.
//!
//! `cargo bench -p benches --bench limits [-- [SECTION ...] [--check]]`. With `--check`, exceeding
//! a limit is an error.

use core::hint::black_box;
use core::time::Duration;

use benches::common::Error;
use benches::common::crowd::Crowd;
use benches::common::forecasts::{CAPACITIES, Fill, ONE_SIZE, TWO_SIZES, busy_writer};
use benches::common::halves::{SUITES, drain_all, writer};
use benches::common::handshake::Ends;
use benches::common::opening::{Ours, Ring};
use benches::common::orders::{Order, Records};
use benches::common::rounds::{TimedRun, median, play, timed};
use wantwrite::{
    BufferState, CipherSuite, ConnectionConfig, MAX_RECORD_LEN, Padding, Writer, WriterConfig,
};

const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const ROUNDS: usize = 101;
/// The number of rounds that use the same memory.
const ROUNDS_IN_PLACE: usize = 11;
const CROWD: usize = 100_000;

/// How much work to do.
struct Effort {
    rounds: usize,
    crowd: usize,
}

type Section = fn(&Effort) -> Result<bool, Error>;

fn main() -> Result<(), Error> {
    let mut effort = Effort { rounds: ROUNDS, crowd: CROWD };
    let (mut check, mut only) = (false, Vec::new());
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("check") => check = true,
            // `cargo bench -- --test` only checks that a benchmark runs.
            lexopt::Arg::Long("test") => effort = Effort { rounds: 1, crowd: 1_000 },
            lexopt::Arg::Long("bench") => {}
            lexopt::Arg::Value(name) => only.push(name),
            other => return Err(other.unexpected().into()),
        }
    }
    println!("{:<58} {:>8} {:>8}", "", "measured", "limit");
    let sections: [(&str, Section); 7] = [
        ("opening", opening),
        ("orders", orders),
        ("padding", padding),
        ("layers", layers),
        ("crowd", crowd),
        ("forecasts", forecasts),
        ("places", places),
    ];
    let mut held = true;
    for (name, section) in sections {
        if only.is_empty() || only.iter().any(|only| only == name) {
            held &= section(&effort)?;
        }
    }
    if check && !held { Err("a limit was exceeded".into()) } else { Ok(()) }
}

/// Opens 16 KiB records in place, as a multiple of the time of ring's `open_in_place`. The address
/// of the memory makes a difference, so it is reallocated several times.
fn opening(effort: &Effort) -> Result<bool, Error> {
    let mut held = true;
    for (name, suite) in SUITES.into_iter().take(3) {
        let (mut ours, mut ring) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds.div_ceil(ROUNDS_IN_PLACE) {
            let (mut reader, mut alone) = (Ours::new(suite, 16384)?, Ring::new(suite, 16384)?);
            let turns: [TimedRun<'_>; 2] = [&mut || reader.open(300), &mut || alone.open(300)];
            let [reader, alone] = play(ROUNDS_IN_PLACE, turns)?;
            ours.extend(reader);
            ring.extend(alone);
        }
        let ratio = median(&ours, &ring, |ours, ring| ours / ring);
        held &= row(&format!("16 KiB records opened, of ring's time, {name}"), ratio, 1.03);
    }
    Ok(held)
}

/// Reads records with every order of calls, as a multiple of the time of the best order. Reports
/// the worst case over the lengths of reads and of the buffer.
fn orders(effort: &Effort) -> Result<bool, Error> {
    const ROUNDS: usize = 31;
    let lens: [&[usize]; 9] = [
        &[1],
        &[78],
        &[1_000],
        &[4_000],
        &[16_384],
        // 22 bytes on the wire.
        &[0, 1],
        &[1, 16_384],
        &[16_384, 1, 1, 1],
        &[1, 1_000],
    ];
    let mut held = true;
    for content_lens in lens {
        let records = Records::by_turns(SUITE, content_lens, Padding::None)?;
        let mut worst = 0.0_f64;
        for capacity in [MAX_RECORD_LEN, 20_000, 2 * MAX_RECORD_LEN, 128 * 1024] {
            // With shorter reads, the orders differ in how often the caller asks what is wanted.
            for read_len in [100, 1_460, 16_384, usize::MAX] {
                let read = |order| records.read(order, read_len, capacity);
                let turns: [TimedRun<'_>; 4] = [
                    &mut || read(Order::AtOnce),
                    &mut || read(Order::WhenFull),
                    &mut || read(Order::OneWhenFull),
                    &mut || read(Order::OneAfterRead),
                ];
                let times = play(effort.rounds.min(ROUNDS), turns)?;
                // The minimum: other work on the machine can only make them longer.
                let least = |times: Vec<f64>| times.into_iter().fold(f64::INFINITY, f64::min);
                let times = times.map(least);
                let best = times.into_iter().fold(f64::INFINITY, f64::min);
                worst = times.into_iter().fold(worst, |worst, time| worst.max(time / best));
            }
        }
        let lens: Vec<String> = content_lens.iter().map(|len| (len + 22).to_string()).collect();
        let name = format!("records of {} B, worst order of reads", lens.join(", "));
        held &= row(&name, worst, 1.3);
    }
    Ok(held)
}

/// One byte and 16,383 bytes of padding, as a multiple of a record full of content.
fn padding(effort: &Effort) -> Result<bool, Error> {
    let full = Records::new(SUITE, 16_384)?;
    let padded = Records::padded(SUITE, 1, Padding::Sizes(&[16_385]))?;
    let read = |records: &Records| records.read(Order::AtOnce, usize::MAX, 1 << 20);
    let turns: [TimedRun<'_>; 2] = [&mut || read(&padded), &mut || read(&full)];
    let [padded, full] = play(effort.rounds, turns)?;
    let ratio = median(&padded, &full, |padded, full| padded / full);
    Ok(row("16 KiB records of padding, of such of content", ratio, 1.3))
}

/// How much longer a call on a connection takes than one on its writer, in nanoseconds.
fn layers(effort: &Effort) -> Result<bool, Error> {
    const CALLS: usize = 100;
    const TURNS: usize = 1_000;
    let plaintext = [1; 16];
    let mut writer = writer(SUITE, WriterConfig::default())?;
    let (mut client, _server) = Ends::new(SUITE)?.ours(&ConnectionConfig::default())?;
    let mut by_writer = || {
        timed(TURNS, || {
            for _ in 0..CALLS {
                writer.write(black_box(&plaintext))?;
            }
            drain_all(writer.drain());
            Ok(())
        })
    };
    let mut by_connection = || {
        timed(TURNS, || {
            for _ in 0..CALLS {
                client.writer_mut().write(black_box(&plaintext))?;
            }
            drain_all(client.writer_mut().drain());
            Ok(())
        })
    };
    let [writer, connection] = play(effort.rounds, [&mut by_writer, &mut by_connection])?;
    let calls = Duration::from_nanos((CALLS * TURNS).try_into()?).as_secs_f64() * 1e9;
    let more = median(&connection, &writer, |connection, writer| (connection - writer) / calls);
    Ok(row("a connection's write, more than its writer's, ns", more, 5.0))
}

/// Records on one hundred active connections among many idle ones, as a multiple of the time
/// without the idle ones. The limit is how much two measurements of the same thing differ on a
/// machine that does other work too.
fn crowd(effort: &Effort) -> Result<bool, Error> {
    const RECORDS: usize = 10_000;
    let (mut few, mut many) = (Crowd::new(SUITE)?, Crowd::new(SUITE)?);
    few.grow(100)?;
    many.grow(effort.crowd)?;
    let [few, many] = play(
        effort.rounds,
        [&mut || timed(RECORDS, || few.seal()), &mut || timed(RECORDS, || many.seal())],
    )?;
    let ratio = median(&many, &few, |many, few| many / few);
    let name = format!("100 of {} connections active, of 100 of 100", effort.crowd);
    Ok(row(&name, ratio, 1.05))
}

/// The predictions about future records, in nanoseconds: the worst over capacities and policies.
fn forecasts(effort: &Effort) -> Result<bool, Error> {
    type Call = fn(&Writer, usize) -> usize;
    let calls: [(&str, Call); 4] = [
        ("room()", |writer, _| writer.room()),
        ("buffer_state()", |writer, _| usize::from(writer.buffer_state() == BufferState::Full)),
        ("wire_len() of the room", |writer, room| writer.wire_len(room)),
        ("wire_len() of 1 GiB", |writer, _| writer.wire_len(1 << 30)),
    ];
    let policies = || ONE_SIZE.iter().chain(&TWO_SIZES);
    let mut held = true;
    for (name, call) in calls {
        let (mut worst, mut of) = (0.0, String::new());
        for (policy, capacity, fill) in policies().flat_map(|policy| {
            let small = CAPACITIES.map(|capacity| (policy, capacity, Fill::Little));
            small.into_iter().chain([(policy, 64 << 10, Fill::Most)])
        }) {
            let writer = busy_writer(SUITE, capacity, policy, fill)?;
            let room = writer.room();
            let mut turn = || {
                timed(1_000, || {
                    black_box(call(black_box(&writer), room));
                    Ok(())
                })
            };
            let [times] = play(effort.rounds.min(11), [&mut turn])?;
            // The minimum: other work on the machine can only make them longer.
            let least = times.into_iter().fold(f64::INFINITY, f64::min) / 1_000.0;
            if least > worst {
                (worst, of) = (least, format!("{} KiB, {fill:?}, {}", capacity >> 10, policy.name));
            }
        }
        held &= row(&format!("{name}, ns ({of})"), worst, 50.0);
    }
    Ok(held)
}

/// Records of 16 bytes from writers at different addresses, with the slowest as a multiple of the
/// median. On an Intel Xeon, one writer in 256 takes up to 16 % longer than the others, a different
/// one in each process. On AMD Zen 3, it is one in about 700, and it can exceed the limit: up to
/// 1.7 times the median. There, the first-level cache finds a line by a hash of its address, and
/// two lines with the same hash displace each other. Of 16,384 writers, 91 shared a hash with the
/// stack or within themselves; 22 of the 23 slow ones were among them. The program can choose
/// neither the stack's address nor a writer's.
fn places(effort: &Effort) -> Result<bool, Error> {
    const PLACES: usize = 256;
    const CALLS: usize = 50;
    let mut held = true;
    for (name, suite) in SUITES.into_iter().take(3) {
        let (mut writers, mut in_the_way) = (Vec::new(), Vec::new());
        for place in 0..PLACES {
            in_the_way.push(vec![0_u8; 1 + 16 * (place % 37)]);
            writers.push((writer(suite, WriterConfig::default())?, f64::INFINITY));
        }
        for _ in 0..effort.rounds {
            for (writer, least) in &mut writers {
                // Warm, as a connection's code and data mostly are.
                writer.write(&[1; 16])?;
                drain_all(writer.drain());
                let time = timed(CALLS, || {
                    writer.write(black_box(&[1; 16]))?;
                    drain_all(writer.drain());
                    Ok(())
                })?;
                *least = least.min(time.as_secs_f64() * 1e9);
            }
        }
        let mut times: Vec<f64> = writers.iter().map(|(_, least)| *least).collect();
        times.sort_by(f64::total_cmp);
        let (middle, slowest) = (times[PLACES / 2], times[PLACES - 1]);
        let name = format!("16 B records at the slowest place, of the median, {name}");
        held &= row(&name, slowest / middle, 1.20);
    }
    Ok(held)
}

fn row(name: &str, measured: f64, limit: f64) -> bool {
    println!("{name:<58} {measured:>8.3} {limit:>8.2}");
    measured <= limit
}
