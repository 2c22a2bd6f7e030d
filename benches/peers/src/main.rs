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
use report::Report;

/// A process's memory layout is random, and can slow a contestant down by a sixth.
const PROCESSES: usize = 7;
const ROUNDS: usize = 81;

pub(crate) type Error = Box<dyn std::error::Error>;

fn main() -> Result<(), Error> {
    let Arguments { processes, rounds, from, json, svg } = Arguments::parse()?;
    let report = match from {
        Some(path) => serde_json::from_str(&fs::read_to_string(path)?)?,
        None if processes == 0 => {
            steady_the_heap();
            serde_json::to_writer(stdout(), &Report::measure(rounds)?)?;
            return Ok(());
        }
        None => {
            let reports = (0..processes).map(|_| measure_elsewhere(rounds));
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
fn measure_elsewhere(rounds: usize) -> Result<Report, Error> {
    let rounds = rounds.to_string();
    let mut command = Command::new(env::current_exe()?);
    command.args(["--processes", "0", "--rounds", &rounds]).stderr(Stdio::inherit());
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
    processes: usize,
    /// The number of rounds in each process.
    rounds: usize,
    /// If set, nothing is measured.
    from: Option<PathBuf>,
    json: Option<PathBuf>,
    svg: Option<PathBuf>,
}

impl Arguments {
    fn parse() -> Result<Self, Error> {
        let mut this =
            Self { processes: PROCESSES, rounds: ROUNDS, from: None, json: None, svg: None };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                lexopt::Arg::Long("processes") => this.processes = arguments.value()?.parse()?,
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
