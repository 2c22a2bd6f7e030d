//! An HTTPS server that hands its connections to its successor while they are in use: no byte is
//! lost, and no client notices.
//!
//!     cargo run -p upgrade -- --addr 127.0.0.1:8443 --cert server.pem
//!     curl --cacert server.pem https://localhost:8443/bytes/100000000 >/dev/null &
//!     curl --cacert server.pem https://localhost:8443/upgrade
//!
//! The old process drains each connection, takes it apart (`dangerous_into_moved`), and sends its
//! socket and its bytes over a Unix socket; `handoff.rs` has both ends of that. It ends when the
//! last one has left.
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

mod client;
mod handoff;
mod server;

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use handoff::Inheritance;
use lexopt::prelude::*;
use program::{Error, Program};
use server::{Identity, Server};

const USAGE: &str = "\
Usage: upgrade [--addr ADDRESS] [--cert FILE]

An HTTPS server for GET /bytes/N, /pid, /upgrade and /quit. Asked to upgrade, it starts another
process of itself, which continues all connections. Asked to quit, it ends with its last client.

  --addr ADDRESS  where to listen (127.0.0.1:8443)
  --cert FILE     where to write the self-signed certificate, for clients to trust (server.pem)
  --help          this text
";

fn main() -> ExitCode {
    Program { name: "upgrade", usage: USAGE }.main(parse, run)
}

enum Options {
    Listen {
        addr: SocketAddr,
        cert: PathBuf,
    },
    /// Standard input is the Unix socket of the process before.
    Succeed,
}

fn parse(arguments: &mut lexopt::Parser) -> Result<Option<Options>, Error> {
    let mut addr = SocketAddr::from(([127, 0, 0, 1], 8443));
    let mut cert = PathBuf::from("server.pem");
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("addr") => addr = arguments.value()?.parse()?,
            Long("cert") => cert = arguments.value()?.into(),
            Long(handoff::SUCCEED) => return Ok(Some(Options::Succeed)),
            Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(Options::Listen { addr, cert }))
}

fn run(options: Options, out: &mut dyn Write) -> Result<(), Error> {
    let server = match options {
        Options::Listen { addr, cert } => {
            let identity = Identity::new()?;
            fs::write(&cert, identity.certificate_pem())
                .map_err(|error| format!("{}: {error}", cert.display()))?;
            let listener = TcpListener::bind(addr).map_err(|error| format!("{addr}: {error}"))?;
            writeln!(out, "listening on {}", listener.local_addr()?)?;
            out.flush()?;
            Server::new(listener, identity)?
        }
        Options::Succeed => {
            let mut inheritance = Inheritance::from_stdin()?;
            let (listener, identity) = inheritance.first()?;
            Server::new(listener, identity)?.with_inheritance(inheritance)
        }
    };
    server.run()
}
