//! The command line.

use std::net::SocketAddr;

use lexopt::{Arg, ValueExt};
use program::{Args, Error, one_of};
use wantwrite::CipherSuite;

pub(crate) const USAGE: &str = "\
Commits violations of TLS against an HTTPS server on this machine, each on its own connection,
and prints a row for each: the violation, the alert that the RFCs require, and the server's answer.

Usage: violations [OPTIONS] ADDRESS

  ADDRESS        a loopback address and a port, such as 127.0.0.1:8443
  --tls VERSION  1.2 or 1.3 [1.3]
  --only TEXT    only violations whose row contains this text
  --all-ways     commit each violation in every way, not only in the first
  -h, --help     this text
";

pub(crate) struct Options {
    pub(crate) address: SocketAddr,
    pub(crate) suite: CipherSuite,
    pub(crate) all_ways: bool,
    /// The text that a row must contain to be played.
    pub(crate) only: String,
}

pub(crate) fn parse(args: &mut Args) -> Result<Option<Options>, Error> {
    let mut suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let (mut address, mut all_ways, mut only) = (None, false, String::new());
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Long("tls") => {
                suite = args.value()?.parse_with(one_of(SUITES))?;
            }
            Arg::Long("only") => only = args.value()?.string()?,
            Arg::Long("all-ways") => all_ways = true,
            Arg::Value(value) if address.is_none() => {
                address = Some(value.parse_with(loopback)?);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    let address = address.ok_or("expected ADDRESS, such as 127.0.0.1:8443")?;
    Ok(Some(Options { address, suite, all_ways, only }))
}

/// Accepts only a loopback address: sent anywhere else, a violation would be an attack.
fn loopback(text: &str) -> Result<SocketAddr, Error> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        _ => {
            Err("expected ADDRESS to be a loopback address and a port, such as 127.0.0.1:8443"
                .into())
        }
    }
}

const SUITES: [(&str, CipherSuite); 2] = [
    ("1.2", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("1.3", CipherSuite::TLS_AES_128_GCM_SHA256),
];
