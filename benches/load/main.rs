//! `examples/https_server` under load: with our engine, with rustls's buffered connection in the
//! same event loop, and compared with nginx, all taking turns with the same certificate. After
//! that, with many clients that hardly read.
//!
//! `cargo build --release -p https_server && cargo bench -p benches --bench load`, on Linux, with
//! wrk and nginx installed. `-- --pairs N` compares only our engine with rustls's, in N pairs of
//! runs for each of several loads. Rates depend on what else the machine does, so each round gives
//! ratios, and their medians are printed. It fails if a request fails, if memory is not returned,
//! or if slow readers cost more than their buffers.
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

mod contestant;
mod pairs;
mod slow;
mod wrk;

use std::path::{Path, PathBuf};
use std::time::Duration;

use contestant::{Contestant, Site};
use program::ProgressLine;
use slow::{SlowReaders, fetch};
use wrk::Load;

type Error = Box<dyn std::error::Error + Send + Sync>;

struct Settings {
    rounds: usize,
    time: Duration,
    slow_readers: usize,
    slow_time: Duration,
}

fn main() -> Result<(), Error> {
    let mut settings = Settings {
        rounds: 5,
        time: Duration::from_secs(10),
        slow_readers: 1000,
        slow_time: Duration::from_secs(20),
    };
    let mut pairs = None;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("rounds") => {
                settings.rounds = arguments.value()?.to_string_lossy().parse()?;
            }
            lexopt::Arg::Long("pairs") => {
                pairs = Some(arguments.value()?.to_string_lossy().parse()?);
            }
            // `cargo bench -- --test` only checks that a benchmark runs.
            lexopt::Arg::Long("test") => {
                settings = Settings {
                    rounds: 1,
                    time: Duration::from_secs(2),
                    slow_readers: 200,
                    slow_time: Duration::from_secs(3),
                };
            }
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    let server = server_program()?;
    if let Some(pairs) = pairs {
        return pairs::compare(&server, pairs, PAIR_TIME);
    }
    let site = Site::new()?;
    compare(&server, &site, &settings)?;
    give_memory_back(&server, &site, &settings)?;
    read_slowly(&server, &site, &settings)
}

/// Runs all contestants under wrk.
fn compare(server: &Path, site: &Site, settings: &Settings) -> Result<(), Error> {
    let ours = Contestant::ours(server, site)?;
    let rustls = Contestant::rustls(server, site)?;
    let nginx = Contestant::nginx(site)?;
    let all = [&ours, &rustls, &nginx];

    for path in PATHS {
        let load = Load::new(path, settings.time);
        let Load { threads, connections, .. } = load;
        let clients = format!("{threads} threads, {connections} connections");
        println!("{path}: wrk, {clients}, {:?} each", settings.time);
        let mut rounds = Vec::new();
        for round in 0..settings.rounds {
            let mut outcomes = Vec::new();
            for contestant in all {
                let outcome = load.run(contestant)?;
                println!("  {round} {:>9}: {outcome}", contestant.name);
                outcomes.push(outcome);
            }
            rounds.push(outcomes);
        }
        for (i, other) in all.iter().enumerate().skip(1) {
            let rates = rounds.iter().map(|round| round[0].rate() / round[i].rate());
            let costs = rounds.iter().map(|round| round[0].cost() / round[i].cost());
            println!(
                "  ours / {}: requests per second {:.2}, processor time per request {:.2}",
                other.name,
                median(rates.collect()),
                median(costs.collect()),
            );
        }
    }
    Ok(())
}

/// The duration of each run of a pair.
const PAIR_TIME: Duration = Duration::from_secs(3);

const PATHS: [&str; 2] = ["/", "/bytes/1048576"];

/// Compares our memory before and after: with what the allocator keeps for itself, and without.
fn give_memory_back(server: &Path, site: &Site, settings: &Settings) -> Result<(), Error> {
    for allocator in ["", NOTHING_KEPT] {
        let ours = Contestant::ours_with(server, site, allocator)?;
        for path in PATHS {
            fetch(&ours, site, path)?;
        }
        let before = ours.idle_memory()?;
        let mut line = ProgressLine::steps(u64::try_from(PATHS.len())?, "runs");
        for path in PATHS {
            Load::new(path, settings.time).run(&ours)?;
            line.add(1);
        }
        drop(line);
        let after = ours.idle_memory()?;
        let name = if allocator.is_empty() { "unchanged" } else { "keeping nothing" };
        println!(
            "memory when idle, the allocator {name}: {} KiB before the load, {} KiB after it",
            before / 1024,
            after / 1024,
        );
        if allocator == NOTHING_KEPT && after > before + before / 10 {
            return Err("the memory was not returned".into());
        }
    }
    Ok(())
}

/// glibc keeps everything below the lowest block that it has cached.
const NOTHING_KEPT: &str =
    "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0:glibc.malloc.trim_threshold=65536";

/// Many clients read one byte per second, and another one must be served as usual.
fn read_slowly(server: &Path, site: &Site, settings: &Settings) -> Result<(), Error> {
    let ours = Contestant::ours(server, site)?;
    let before = ours.memory()?;
    let mut readers = SlowReaders::connect(&ours, site, settings.slow_readers)?;
    let served = readers.read(&ours, site, settings.slow_time)?;
    let grown = ours.memory()?.saturating_sub(before);
    let allowed = settings.slow_readers * FOOTPRINT;
    println!(
        "{} slow readers, {:?}: {} KiB, {} KiB of it buffers; allowed {} KiB ({FOOTPRINT} each)",
        settings.slow_readers,
        settings.slow_time,
        grown / 1024,
        ours.statistic(site, "buffer_memory")? / 1024,
        allowed / 1024,
    );
    println!("meanwhile another client: {served}");
    readers.finish()?;
    if grown > allowed {
        return Err("the slow readers cost more than their buffers".into());
    }
    Ok(())
}

/// The memory of one connection: four segments for 64 KiB, two inbound records, and a few KiB for
/// rustls's keys and the program's own state.
const FOOTPRINT: usize = 4 * 16_726 + 2 * wantwrite::MAX_RECORD_LEN + 12 * 1024;

fn server_program() -> Result<PathBuf, Error> {
    // target/release/deps/load-HASH
    let this = std::env::current_exe()?;
    let profile = this.ancestors().nth(2).ok_or("expected this program in target/PROFILE/deps")?;
    let program = profile.join("https_server");
    if !program.exists() {
        return Err(
            "https_server is not built: run cargo build --release -p https_server first".into()
        );
    }
    Ok(program)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
