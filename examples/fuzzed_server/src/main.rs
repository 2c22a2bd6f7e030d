//! Executions per second of a fuzz target that is a request parser, with and without TLS.
#![expect(clippy::std_instead_of_core, reason = "a program, which has std")]

use std::hint::black_box;
use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use fuzzed_server::{Verdict, alone, behind_a_handshake, behind_tls};
use lexopt::Arg;
use program::{Args, Error, Program};

const USAGE: &str = "\
Measures how many times per second the request parser of https_server runs on a few inputs: alone,
over TLS without a handshake, and over TLS with a handshake. Each takes a second.

Usage: fuzzed_server

  -h, --help  this text
";

type Target = (&'static str, fn(&[u8]) -> Verdict);

const TARGETS: [Target; 3] = [
    ("the parser alone", alone),
    ("over TLS, without a handshake", behind_tls),
    ("over TLS, with a handshake", behind_a_handshake),
];

const INPUTS: [&[u8]; 4] = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
    b"GET /\0 HTTP/3.7\r\n\r\n",
];

fn main() -> ExitCode {
    Program { name: "fuzzed_server", usage: USAGE }.main(parse, |(), out| measure(out))
}

fn parse(args: &mut Args) -> Result<Option<()>, Error> {
    match args.next()? {
        Some(Arg::Short('h') | Arg::Long("help")) => Ok(None),
        Some(other) => Err(other.unexpected().into()),
        None => Ok(Some(())),
    }
}

fn measure(out: &mut dyn Write) -> Result<(), Error> {
    for input in INPUTS {
        let verdicts = TARGETS.map(|(_, run)| run(input));
        if verdicts.iter().any(|verdict| *verdict != verdicts[0]) {
            return Err(format!("one input, but different verdicts: {verdicts:?}").into());
        }
    }
    for (name, run) in TARGETS {
        let start = Instant::now();
        let mut executions = 0_u32;
        while start.elapsed() < Duration::from_secs(1) {
            for input in INPUTS {
                let _verdict = black_box(run(black_box(input)));
                executions += 1;
            }
        }
        let rate = f64::from(executions) / start.elapsed().as_secs_f64();
        writeln!(out, "{rate:>12.0} executions per second: {name}")?;
    }
    Ok(())
}
