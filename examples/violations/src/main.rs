//! Plays violations of TLS against a server on this machine, as a client that has completed its
//! handshake, and prints which alert the server sent.
//!
//!     cargo run --release -p violations -- --tls 1.3 127.0.0.1:8443
//!
//! The violations are those in DESIGN.md's table (`testing/src/violations.rs`), which also has the
//! alerts that the RFCs prescribe. The server must speak HTTP, so that the program can tell whether
//! the connection still works, and have an ECDSA certificate, which is not verified.
#![expect(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program, which has std"
)]

mod answer;
mod args;
mod client;

use std::io::Write;
use std::process::ExitCode;

use args::{Options, USAGE};
use client::Client;
use program::{At, Error, Program};
use wantwrite::{Role, Version};
use wantwrite_testing::violations::{VIOLATIONS, Verdict, Violation};

fn main() -> ExitCode {
    Program { name: "violations", usage: USAGE }.main(args::parse, |options, out| {
        for violation in VIOLATIONS {
            let is_asked_for = violation.to_string().contains(&options.only);
            if is_asked_for && violation.roles.contains(&Role::Server) {
                play(violation, &options, out)?;
            }
        }
        Ok(())
    })
}

/// Prints a row for each variant: its description, the alert that the RFC prescribes, and what the
/// server did.
fn play(violation: &Violation, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let version = options.suite.version();
    let verdict = match version {
        Version::Tls13 => violation.verdicts.tls13,
        Version::Tls12 => violation.verdicts.tls12,
    };
    if matches!(verdict, Verdict::Absent) {
        return Ok(());
    }
    let ways = (violation.ways)(version, Role::Server);
    let count = if options.all_ways { ways.len() } else { 1 };
    for make in &ways[..count.min(ways.len())] {
        let mut client = Client::connect(options).at(options.address)?;
        let wire = make(&mut client.raw);
        let answer = client.ask(&wire, violation.is_by_header).at(violation)?;
        writeln!(out, "| {violation} | {verdict} | {answer} |")?;
        out.flush()?;
    }
    Ok(())
}
