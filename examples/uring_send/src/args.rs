//! The command line.

use std::num::NonZero;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, ValueExt};
use program::{Error, one_of};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

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

pub(crate) const USAGE: &str = "\
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

/// Reads the program's arguments; `None` if they ask for help.
pub(crate) fn parse(args: &mut Parser) -> Result<Option<Options>, Error> {
    let mut options = Options {
        connections: 4,
        bytes: 64 << 20,
        tls: &TLS13,
        socket: SocketKind::Tcp,
        chain_len: 8,
        cancel_every: Duration::from_millis(2),
        seed: 1,
    };
    while let Some(arg) = args.next()? {
        match arg {
            Long("connections") => {
                options.connections = args.value()?.parse::<NonZero<usize>>()?.get()
            }
            Long("mib") => options.bytes = args.value()?.parse::<u64>()? << 20,
            Long("tls") => options.tls = args.value()?.parse_with(one_of(VERSIONS))?,
            Long("socket") => options.socket = args.value()?.parse_with(one_of(SOCKET_KINDS))?,
            Long("chain") => options.chain_len = args.value()?.parse::<NonZero<usize>>()?.get(),
            Long("cancel-every") => {
                let millis = args.value()?.parse::<NonZero<u64>>()?;
                options.cancel_every = Duration::from_millis(millis.get());
            }
            Long("seed") => options.seed = args.value()?.parse()?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(Some(options))
}

const VERSIONS: [(&str, &SupportedProtocolVersion); 2] = [("1.2", &TLS12), ("1.3", &TLS13)];

const SOCKET_KINDS: [(&str, SocketKind); 2] =
    [("tcp", SocketKind::Tcp), ("unix", SocketKind::Unix)];
