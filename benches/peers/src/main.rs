//! Seals the same plaintext with wantwrite and with its alternatives. README.md explains why and
//! how.
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

mod chart;
mod measure;
mod peer;
mod peers;
mod report;
mod server;
mod transport;

use std::hint::black_box;
use std::io::stdout;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::{env, fs};

use lexopt::ValueExt;
use program::ProgressLine;
use report::Report;

/// A process's memory layout is random, and can slow a contestant down by a sixth.
const PROCESSES: u64 = 7;
const ROUNDS: usize = 81;

pub(crate) type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let Arguments { processes, before, of, rounds, from, json, svg } = Arguments::parse()?;
    let report = match from {
        Some(path) => serde_json::from_str(&fs::read_to_string(path)?)?,
        None if processes == 0 => {
            steady_the_heap();
            let cases = u64::try_from(report::MEASUREMENTS)?;
            let mut line = ProgressLine::steps(of * cases, "cases");
            line.set(before * cases);
            serde_json::to_writer(stdout(), &Report::measure(rounds, || line.add(1))?)?;
            return Ok(());
        }
        None => {
            let reports = (0..processes).map(|before| measure_elsewhere(rounds, before, processes));
            Report::median(reports.collect::<Result<_, _>>()?)?
        }
    };
    print!("{}", report.markdown());
    if let Some(path) = json {
        fs::write(path, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    if let Some(path) = svg {
        svg::save(path, &chart::draw(&report)?)?;
    }
    Ok(())
}

/// Measures in a separate process, which returns its report as JSON.
fn measure_elsewhere(rounds: usize, before: u64, of: u64) -> Result<Report, Error> {
    let [rounds, before, of] = [rounds.to_string(), before.to_string(), of.to_string()];
    let mut command = Command::new(env::current_exe()?);
    // It inherits a terminal, to show its progress on.
    command.args(["--processes", "0", "--rounds", &rounds, "--before", &before, "--of", &of]);
    command.stderr(Stdio::inherit());
    let output = command.output()?;
    if !output.status.success() {
        return Err("a measuring process failed".into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Frees one large block. After that, glibc no longer returns the end of the heap to the system
/// repeatedly. This is the state of a program that has run for a while, and it is the same from the
/// first case to the last.
fn steady_the_heap() {
    drop(black_box(vec![0_u8; 16 << 20]));
}

struct Arguments {
    /// The number of processes. 0 measures in this one.
    processes: u64,
    /// In one of these processes: how many have measured before it, and how many there are.
    before: u64,
    of: u64,
    /// The number of rounds in each process.
    rounds: usize,
    /// If set, nothing is measured.
    from: Option<PathBuf>,
    json: Option<PathBuf>,
    svg: Option<PathBuf>,
}

impl Arguments {
    fn parse() -> Result<Self, Error> {
        let mut this = Self {
            processes: PROCESSES,
            before: 0,
            of: 1,
            rounds: ROUNDS,
            from: None,
            json: None,
            svg: None,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                lexopt::Arg::Long("processes") => this.processes = arguments.value()?.parse()?,
                lexopt::Arg::Long("before") => this.before = arguments.value()?.parse()?,
                lexopt::Arg::Long("of") => this.of = arguments.value()?.parse()?,
                lexopt::Arg::Long("rounds") => this.rounds = arguments.value()?.parse()?,
                lexopt::Arg::Long("from") => this.from = Some(arguments.value()?.into()),
                lexopt::Arg::Long("json") => this.json = Some(arguments.value()?.into()),
                lexopt::Arg::Long("svg") => this.svg = Some(arguments.value()?.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(this)
    }
}
