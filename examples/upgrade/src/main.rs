//! An HTTPS server that hands its connections to its successor while they are in use: no byte is
//! lost, and no client notices.
//!
//!     cargo run -p upgrade -- --addr 127.0.0.1:8443 --cert server.pem
//!     curl --cacert server.pem https://localhost:8443/bytes/100000000 >/dev/null &
//!     curl --cacert server.pem https://localhost:8443/upgrade
//!
//! The old process drains each connection, takes it apart (`dangerous_into_moved`), and sends its
//! socket and its bytes over a Unix socket. `handoff.rs` implements both sides of that. The old
//! process ends when the last connection has moved.
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
use program::{Args, At, Error, Program};
use server::{Identity, Server};

const USAGE: &str = "\
An HTTPS server for GET /bytes/N, /pid, /upgrade and /quit. For /upgrade it starts another process
of itself, which continues all connections. For /quit it ends when its last client has gone.

Usage: upgrade [OPTIONS]

  --addr ADDRESS:PORT  the address to listen on; port 0 for any [127.0.0.1:8443]
  --cert FILE          write the self-signed certificate to this file, for clients to trust
                       [server.pem]
  -h, --help           this text
";

fn main() -> ExitCode {
    Program { name: "upgrade", usage: USAGE }.main(parse, run)
}

enum Options {
    Listen {
        addr: SocketAddr,
        cert: PathBuf,
    },
    /// Standard input is the Unix socket to the previous process.
    Succeed,
}

fn parse(args: &mut Args) -> Result<Option<Options>, Error> {
    let mut addr = SocketAddr::from(([127, 0, 0, 1], 8443));
    let mut cert = PathBuf::from("server.pem");
    while let Some(arg) = args.next()? {
        match arg {
            Long("addr") => addr = args.value()?.parse()?,
            Long("cert") => cert = args.value()?.into(),
            Long(handoff::SUCCEED) => return Ok(Some(Options::Succeed)),
            Short('h') | Long("help") => return Ok(None),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(Options::Listen { addr, cert }))
}

fn run(options: Options, out: &mut dyn Write) -> Result<(), Error> {
    let server = match options {
        Options::Listen { addr, cert } => {
            let identity = Identity::new()?;
            let listener = TcpListener::bind(addr).at(addr)?;
            fs::write(&cert, identity.certificate_pem()).at(cert.display())?;
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
