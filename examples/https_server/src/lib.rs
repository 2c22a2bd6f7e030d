//! A single-threaded HTTPS/1.1 server: a mio event loop with our engine for every connection.
//!
//!     cargo run --release -p https_server -- --help
//!     curl -k https://127.0.0.1:8443/
//!
//! How the engine meets a non-blocking socket stands in `ours.rs`, a loop over a driver, and in
//! `client.rs`; what is served, in `http.rs` and the files that it names. `stock.rs` is rustls's
//! own buffered connection with a loop of its own, to compare.
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

/// The program.
pub fn main() -> ExitCode {
    Program { name: "https_server", usage: USAGE }.main(args::parse, |options, out| {
        match options.engine {
            EngineName::Wantwrite => serve::<Ours>(&options, out),
            EngineName::Rustls => serve::<Stock>(&options, out),
        }
    })
}

/// What the server makes of the beginning of a connection's plaintext, for those that fuzz it: the
/// length of a request's head, nothing if that is not whole, or what it would answer.
///
/// # Errors
/// The status line of the answer to something else.
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
