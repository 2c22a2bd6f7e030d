//! A single-threaded HTTPS/1.1 server: a mio event loop, with our engine for every connection.
//!
//!     cargo run --release -p https_server -- --help
//!     curl -k https://127.0.0.1:8443/
//!
//! `ours.rs` connects the engine to a non-blocking socket with a loop over a driver, and
//! `client.rs` calls it. `http.rs` and the files that it names produce the content. For comparison,
//! `stock.rs` drives rustls's own buffered connection with a loop of its own.
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

mod app;
mod args;
mod body;
mod client;
mod content;
mod echo;
mod engine;
mod http;
mod identity;
mod ours;
mod request;
mod response;
mod server;
mod socket;
mod stats;
mod stock;

use std::io::Write;
use std::process::ExitCode;

use args::{EngineName, Options, USAGE};
use engine::Engine;
use identity::Identity;
use ours::Ours;
use program::{Error, Program};
use request::Request;
use server::Server;
use stock::Stock;

/// Runs the program.
pub fn main() -> ExitCode {
    Program { name: "https_server", usage: USAGE }.main(args::parse, |options, out| {
        match options.engine {
            EngineName::Wantwrite => serve::<Ours>(&options, out),
            EngineName::Rustls => serve::<Stock>(&options, out),
        }
    })
}

/// Parses the start of a connection's plaintext as the server does, for fuzzing. Returns the length
/// of a request's head, `None` if the head is incomplete, or the error that the server would answer
/// with.
///
/// # Errors
/// The status line of the server's answer to an invalid request.
pub fn parse_request(bytes: &[u8]) -> Result<Option<usize>, &'static str> {
    match Request::parse(bytes) {
        Ok(request) => Ok(request.map(|(_, len)| len)),
        Err(status) => Err(status.line()),
    }
}

fn serve<E: Engine>(options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let identity = Identity::new(options)?;
    let server = Server::<E>::bind(options, identity.server_config(options)?)?;
    if let Some(path) = identity.made_certificate() {
        writeln!(out, "certificate {}", path.display())?;
    }
    writeln!(out, "listening on {}", server.local_addr()?)?;
    let stats = server.run()?;
    write!(out, "{stats}")?;
    Ok(())
}
