//! Sends lines to a server and prints its answers. The library describes how.
//!
//!     openssl s_server -rev -accept 127.0.0.1:4433 -cert cert.pem -key key.pem &
//!     cargo run -p embedded_client -- --ca cert.pem hello

extern crate alloc;

use alloc::sync::Arc;
use core::net::SocketAddr;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::{Arg, ValueExt};
use program::{Args, At, Error, Program, explain, roots};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;

const USAGE: &str = "\
Sends lines to a server that answers each with a line, and prints the answers.

Usage: embedded_client [OPTIONS] --ca FILE LINE...

  --connect ADDRESS:PORT  the server [127.0.0.1:4433]
  --name HOST             its name in its certificate [localhost]
  --ca FILE               trust the certificates in this PEM file
  -h, --help              this text

`openssl s_server -rev` is such a server: it reverses every line.
";

struct Options {
    address: SocketAddr,
    name: ServerName<'static>,
    ca: PathBuf,
    lines: Vec<String>,
}

fn main() -> ExitCode {
    Program { name: "embedded_client", usage: USAGE }.main(parse, run)
}

fn parse(args: &mut Args) -> Result<Option<Options>, Error> {
    let mut address = SocketAddr::from(([127, 0, 0, 1], 4433));
    let mut name = server_name("localhost")?;
    let (mut ca, mut lines) = (None, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Long("connect") => address = args.value()?.parse()?,
            Arg::Long("name") => name = args.value()?.parse_with(server_name)?,
            Arg::Long("ca") => ca = Some(args.value()?.into()),
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Value(line) => lines.push(line.string()?),
            arg => return Err(arg.unexpected().into()),
        }
    }
    let ca = ca.ok_or("expected --ca FILE")?;
    Ok(Some(Options { address, name, ca, lines }))
}

fn server_name(text: &str) -> Result<ServerName<'static>, Error> {
    let name = ServerName::try_from(text.to_owned());
    Ok(name.map_err(|_| "expected a host name or an address")?)
}

fn run(options: Options, out: &mut dyn Write) -> Result<(), Error> {
    let Options { address, name, ca, lines } = options;
    let config =
        ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(&ca)?)
            .with_no_client_auth();
    let answers = embedded_client::talk(address, Arc::new(config), name, lines)
        .map_err(|error| explain(error, "--ca"))
        .at(address)?;
    for answer in answers {
        writeln!(out, "{answer}")?;
    }
    Ok(())
}
