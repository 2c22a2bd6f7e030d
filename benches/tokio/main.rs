//! Compares wantwrite-tokio with tokio-rustls: in turns, in one process and on one thread, with the
//! same runtime, peer and certificate.
//!
//! `cargo bench -p tokio_benches --bench tokio [-- --renew] [--check]`. CPU is the system's time
//! for the thread that runs the runtime. The peer is stock rustls with blocking sockets on another
//! thread. A figure is the median of the ratios of all pairs of turns, ours / theirs, with its
//! quartiles and its limit. `--renew` writes the table to adapters/tokio/README.md. With `--check`,
//! the exit code is 1 if a limit is exceeded. `--only WORD` measures only the rows whose name
//! contains that word.
//!
//! The rows with hyper need h2load (Debian: nghttp2-client). Without it, they count as exceeded.
//! `--syscalls` instead counts the system calls of hyper's server, with strace.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

mod floor;
mod handshakes;
mod http;
mod idle;
mod peer;
mod report;
mod syscalls;
mod transfers;

use std::process::ExitCode;

use lexopt::ValueExt;
use report::Report;

type Error = Box<dyn core::error::Error + Send + Sync>;

/// How much work to do.
#[derive(Clone, Copy)]
struct Scale {
    /// The number of turns of each contestant.
    pairs: usize,
    /// Divides the work of a turn, to make it shorter than a real measurement.
    divisor: usize,
    connections: usize,
}

const EARNEST: Scale = Scale { pairs: 21, divisor: 1, connections: 1000 };
const TEST: Scale = Scale { pairs: 1, divisor: 100, connections: 10 };

fn main() -> Result<ExitCode, Error> {
    let (mut scale, mut check, mut renew) = (EARNEST, false, false);
    let mut only = None;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("bench") => {}
            // `cargo bench -- --test` only checks that a benchmark runs.
            lexopt::Arg::Long("test") => scale = TEST,
            lexopt::Arg::Long("check") => check = true,
            lexopt::Arg::Long("renew") => renew = true,
            lexopt::Arg::Long("only") => only = Some(arguments.value()?.string()?),
            lexopt::Arg::Long("syscalls") => return syscalls::count().map(|()| ExitCode::SUCCESS),
            // A child process, whose system calls are counted.
            lexopt::Arg::Long("serve") => {
                syscalls::serve_until_eof(&arguments.value()?.string()?)?;
                return Ok(ExitCode::SUCCESS);
            }
            // A child process, which holds the connections to be measured.
            lexopt::Arg::Long("hold") => {
                idle::hold(&arguments.value()?.string()?)?;
                return Ok(ExitCode::SUCCESS);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    idle::allow_many_files()?;
    let mut report = Report::new(only);
    transfers::measure(scale, &mut report)?;
    handshakes::measure(scale, &mut report)?;
    http::measure(scale, &mut report)?;
    idle::measure(scale, &mut report)?;
    println!("{} limits exceeded", report.missed());
    if renew {
        report.renew("../../adapters/tokio/README.md")?;
    }
    Ok(if check && report.missed() > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
