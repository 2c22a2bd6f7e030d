//! The command line.

use std::num::NonZero;
use std::time::Duration;

use lexopt::prelude::{Long, Short, ValueExt};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::Error;

pub(crate) struct Options {
    pub(crate) connections: usize,
    /// Plaintext to send on each, in bytes.
    pub(crate) bytes: u64,
    pub(crate) tls: &'static SupportedProtocolVersion,
    pub(crate) socket: SocketKind,
    /// Sends in flight on one connection, at most; at least 1.
    pub(crate) chain_len: usize,
    /// Never zero.
    pub(crate) cancel_every: Duration,
    pub(crate) seed: u64,
}

/// What the connections go over. A Unix socket takes a send in pieces, TCP mostly whole.
#[derive(Clone, Copy)]
pub(crate) enum SocketKind {
    Tcp,
    Unix,
}

const USAGE: &str = "\
Sends pseudo-random bytes with io_uring, on this machine, and compares digests.

Usage: uring_send [OPTIONS]

  --connections N    at once [4]
  --mib N            how much to send on each, in MiB [64]
  --tls VERSION      1.2 or 1.3 [1.3]
  --socket KIND      tcp or unix, which has more short sends [tcp]
  --chain N          sends in flight on one connection, at most [8]
  --cancel-every MS  cancels the sends of a connection now and then, for short ones [2]
  --seed NUMBER      of the bytes and of the peers' pauses [1]
  -h, --help         this text
";

/// Reads the program's arguments; `None` after help was printed.
pub(crate) fn parse() -> Result<Option<Options>, Error> {
    let mut options = Options {
        connections: 4,
        bytes: 64 << 20,
        tls: &TLS13,
        socket: SocketKind::Tcp,
        chain_len: 8,
        cancel_every: Duration::from_millis(2),
        seed: 1,
    };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("connections") => {
                options.connections = args.value()?.parse::<NonZero<usize>>()?.get()
            }
            Long("mib") => options.bytes = args.value()?.parse::<u64>()? << 20,
            Long("tls") => options.tls = args.value()?.parse_with(tls_version)?,
            Long("socket") => options.socket = args.value()?.parse_with(socket_kind)?,
            Long("chain") => options.chain_len = args.value()?.parse::<NonZero<usize>>()?.get(),
            Long("cancel-every") => {
                let millis = args.value()?.parse::<NonZero<u64>>()?;
                options.cancel_every = Duration::from_millis(millis.get());
            }
            Long("seed") => options.seed = args.value()?.parse()?,
            Short('h') | Long("help") => {
                print!("{USAGE}");
                return Ok(None);
            }
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(Some(options))
}

fn tls_version(text: &str) -> Result<&'static SupportedProtocolVersion, Error> {
    match text {
        "1.2" => Ok(&TLS12),
        "1.3" => Ok(&TLS13),
        _ => Err("the versions are 1.2 and 1.3".into()),
    }
}

fn socket_kind(text: &str) -> Result<SocketKind, Error> {
    match text {
        "tcp" => Ok(SocketKind::Tcp),
        "unix" => Ok(SocketKind::Unix),
        _ => Err("the sockets are tcp and unix".into()),
    }
}
