//! The command line.

use std::net::SocketAddr;

use lexopt::{Arg, Parser, ValueExt};
use program::Error;
use wantwrite::CipherSuite;

pub(crate) const USAGE: &str = "\
Usage: violations [OPTIONS] ADDRESS

Commits violations of TLS against an HTTPS server on this machine, each on a connection of its own,
and prints a row for each: what it was, the alert that the RFCs want, and what came.

ADDRESS is one of this machine's loopback, with a port, as 127.0.0.1:8443.

Options:
  --tls 1.3|1.2   the version (1.3)
  --only TEXT     those whose row has this text in it
  --all-ways      each violation in all the ways to commit it, and not only in the first
  -h, --help      this text
";

pub(crate) struct Options {
    pub(crate) address: SocketAddr,
    pub(crate) suite: CipherSuite,
    pub(crate) all_ways: bool,
    /// Part of the rows' text.
    pub(crate) only: String,
}

pub(crate) fn parse(args: &mut Parser) -> Result<Option<Options>, Error> {
    let mut suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let (mut address, mut all_ways, mut only) = (None, false, String::new());
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Long("tls") => {
                suite = match args.value()?.to_str() {
                    Some("1.3") => CipherSuite::TLS_AES_128_GCM_SHA256,
                    Some("1.2") => CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                    _ => return Err("--tls: expected 1.3 or 1.2".into()),
                };
            }
            Arg::Long("only") => only = args.value()?.string()?,
            Arg::Long("all-ways") => all_ways = true,
            Arg::Value(value) if address.is_none() => {
                address = Some(value.parse::<SocketAddr>()?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let address = address.ok_or("expected the server's address")?;
    // What this sends is an attack elsewhere.
    if !address.ip().is_loopback() {
        return Err(format!("expected an address of this machine's loopback, got {address}").into());
    }
    Ok(Some(Options { address, suite, all_ways, only }))
}
