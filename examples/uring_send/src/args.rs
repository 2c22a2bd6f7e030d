//! The command line.

use std::time::Duration;

use lexopt::prelude::{Long, Short, ValueExt};
use program::{Args, Error, at_least_one, number, one_of};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

pub(crate) struct Options {
    pub(crate) connections: usize,
    /// The plaintext to send on each connection, in bytes.
    pub(crate) bytes: u64,
    pub(crate) tls: &'static SupportedProtocolVersion,
    pub(crate) socket: SocketKind,
    /// The most sends in flight on one connection. At least 1.
    pub(crate) chain_len: usize,
    /// The most operations in flight on all connections, receives included.
    pub(crate) entries: usize,
    /// The interval between cancellations. Never zero.
    pub(crate) cancel_every: Duration,
    pub(crate) seed: u64,
}

/// The transport of the connections. A Unix socket accepts a send in pieces, TCP mostly as a whole.
#[derive(Clone, Copy)]
pub(crate) enum SocketKind {
    Tcp,
    Unix,
}

pub(crate) const USAGE: &str = "\
Sends pseudo-random bytes with io_uring, on this machine, and compares digests.

Usage: uring_send [OPTIONS]

  --connections N    connections at the same time [4]
  --mib N            MiB to send on each [64]
  --tls VERSION      1.2 or 1.3 [1.3]
  --socket KIND      tcp, or unix, which has more short sends [tcp]
  --chain N          sends in flight on one connection, at most [8]
  --cancel-every MS  cancel the sends of a connection every MS milliseconds, which cuts some [2]
  --seed NUMBER      decides the bytes and the peers' pauses [1]
  -h, --help         this text
";

/// Parses the program's arguments. Returns `None` if they ask for help.
pub(crate) fn parse(args: &mut Args) -> Result<Option<Options>, Error> {
    let mut options = Options {
        connections: 4,
        bytes: 64 << 20,
        tls: &TLS13,
        socket: SocketKind::Tcp,
        chain_len: 8,
        entries: 0,
        cancel_every: Duration::from_millis(2),
        seed: 1,
    };
    while let Some(arg) = args.next()? {
        match arg {
            Long("connections") => {
                options.connections = args.value()?.parse_with(at_least_one(number))?;
            }
            Long("mib") => options.bytes = args.value()?.parse_with(mebibytes)?,
            Long("tls") => options.tls = args.value()?.parse_with(one_of(VERSIONS))?,
            Long("socket") => options.socket = args.value()?.parse_with(one_of(SOCKET_KINDS))?,
            Long("chain") => {
                options.chain_len = args.value()?.parse_with(at_least_one(number))?;
            }
            Long("cancel-every") => {
                let millis = args.value()?.parse_with(at_least_one(number))?;
                options.cancel_every = Duration::from_millis(millis);
            }
            Long("seed") => options.seed = args.value()?.parse()?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        }
    }
    options.entries = options.connections.saturating_mul(options.chain_len.saturating_add(1));
    if options.entries > MAX_ENTRIES {
        return Err(format!(
            "expected at most {MAX_ENTRIES} operations, --connections * (--chain + 1), got {}",
            options.entries
        )
        .into());
    }
    Ok(Some(options))
}

/// The longest queue that io_uring supports.
const MAX_ENTRIES: usize = 1 << 15;

fn mebibytes(text: &str) -> Result<u64, Error> {
    Ok(number::<u64>(text)?.checked_mul(1 << 20).ok_or("expected a smaller number")?)
}

const VERSIONS: [(&str, &SupportedProtocolVersion); 2] = [("1.2", &TLS12), ("1.3", &TLS13)];

const SOCKET_KINDS: [(&str, SocketKind); 2] =
    [("tcp", SocketKind::Tcp), ("unix", SocketKind::Unix)];
