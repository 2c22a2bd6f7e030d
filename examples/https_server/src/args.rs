//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::{Long, Short, ValueExt};
use program::{Args, Error, at_least_one, number, one_of};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use wantwrite::{BufferPolicy, Coalescing, ConnectionConfig, Padding, Pool, Sizing, SlowStart};

pub(crate) struct Options {
    pub(crate) addr: SocketAddr,
    /// PEM files of certificate chains and their keys. If there are none, a certificate is
    /// generated.
    pub(crate) pairs: Vec<(PathBuf, PathBuf)>,
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    pub(crate) engine: EngineName,
    pub(crate) mode: Mode,
    /// The directory of static files.
    pub(crate) root: Option<PathBuf>,
    pub(crate) connection: ConnectionConfig,
    /// The plaintext between two of our KeyUpdates, in bytes.
    pub(crate) update_keys_every: Option<u64>,
    pub(crate) max_connections: usize,
    pub(crate) idle_timeout: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum EngineName {
    Wantwrite,
    Rustls,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Http,
    Echo,
}

/// What becomes of a connection's empty buffers.
#[derive(Clone, Copy)]
enum Buffers {
    Pool,
    Retain,
    Release,
}

impl Buffers {
    fn apply(self, config: &mut ConnectionConfig) {
        let (pool, policy) = match self {
            Self::Pool => (Some(Pool::default()), BufferPolicy::Retain),
            Self::Retain => (None, BufferPolicy::Retain),
            Self::Release => (None, BufferPolicy::Release),
        };
        (config.writer.pool, config.reader.pool) = (pool.clone(), pool);
        (config.writer.buffers, config.reader.buffers) = (policy, policy);
    }
}

pub(crate) const USAGE: &str = "\
Serves HTTP/1.1 over TLS, or echoes, from one thread.

Usage: https_server [OPTIONS]

  --addr ADDRESS:PORT     the address to listen on; port 0 for any [127.0.0.1:8443]
  --cert FILE --key FILE  PEM files of a certificate chain and its key (PKCS#8, SEC1 or PKCS#1);
                          of several pairs, each client gets the first that it can verify
                          [a self-signed certificate, whose path is printed]
  --tls VERSION           1.2, 1.3 or both [both]
  --engine NAME           wantwrite, or rustls for its own buffered connection [wantwrite]
  --mode MODE             http, or echo, which writes back everything that it reads [http]
  --root DIR              serve the files in this directory, in addition to the paths below
  --max-connections N     how many to serve at a time; others wait [10000]
  --idle-timeout SECONDS  close a connection that moves nothing for this long [60]
  -h, --help              this text

Options of wantwrite's engine:
  --capacity BYTES        size of each connection's outbound buffer [65536]
  --max-fragment BYTES    the most content in a record [16384]
  --sizing POLICY         max, fixed:BYTES or slow-start [max]
  --coalesce on|off       whether small writes share a record [on]
  --padding POLICY        none or multiple:BYTES [none]
  --update-keys-every BYTES  send a KeyUpdate after every BYTES of plaintext (TLS 1.3)
  --buffers POLICY        what becomes of a connection's empty buffers: pool (others use them),
                          retain (it keeps them) or release (they are freed) [pool]

Paths: / is a page; /bytes/N is N bytes, byte i is 'a' + i % 26; /stats has the counters of all
connections; /keyupdate sends a KeyUpdate (TLS 1.3), then the page; /keepalive is the page, on a
connection that the server does not close. PUT and POST work on any path: the answer is the length
and the SHA-256 of the content.
";

/// Parses the program's arguments. Returns `None` if they ask for help.
pub(crate) fn parse(args: &mut Args) -> Result<Option<Options>, Error> {
    let mut options = Options {
        addr: SocketAddr::from(([127, 0, 0, 1], 8443)),
        pairs: Vec::new(),
        versions: BOTH,
        engine: EngineName::Wantwrite,
        mode: Mode::Http,
        root: None,
        connection: ConnectionConfig::pooled(Pool::default()),
        update_keys_every: None,
        max_connections: 10_000,
        idle_timeout: Duration::from_secs(60),
    };
    let (mut chains, mut keys) = (Vec::new(), Vec::new());
    while let Some(arg) = args.next()? {
        let writer = &mut options.connection.writer;
        match arg {
            Long("addr") => options.addr = args.value()?.parse()?,
            Long("cert") => chains.push(PathBuf::from(args.value()?)),
            Long("key") => keys.push(PathBuf::from(args.value()?)),
            Long("tls") => options.versions = args.value()?.parse_with(one_of(VERSIONS))?,
            Long("engine") => options.engine = args.value()?.parse_with(one_of(ENGINES))?,
            Long("mode") => options.mode = args.value()?.parse_with(one_of(MODES))?,
            Long("root") => options.root = Some(PathBuf::from(args.value()?)),
            Long("capacity") => writer.capacity = args.value()?.parse_with(at_least_one(number))?,
            Long("max-fragment") => writer.max_fragment_len = args.value()?.parse()?,
            Long("sizing") => writer.sizing = args.value()?.parse_with(sizing)?,
            Long("coalesce") => {
                writer.coalescing = args.value()?.parse_with(one_of(COALESCINGS))?
            }
            Long("padding") => writer.padding = args.value()?.parse_with(padding)?,
            Long("update-keys-every") => {
                options.update_keys_every = Some(args.value()?.parse_with(at_least_one(number))?);
            }
            Long("buffers") => {
                let buffers = args.value()?.parse_with(one_of(BUFFERS))?;
                buffers.apply(&mut options.connection);
            }
            Long("max-connections") => {
                options.max_connections = args.value()?.parse_with(at_least_one(number))?;
            }
            Long("idle-timeout") => {
                let seconds = args.value()?.parse_with(at_least_one(number))?;
                options.idle_timeout = Duration::from_secs(seconds);
            }
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        }
    }
    if chains.len() != keys.len() {
        return Err("expected as many --key as --cert: each certificate needs its key".into());
    }
    options.connection.check()?;
    options.pairs = chains.into_iter().zip(keys).collect();
    Ok(Some(options))
}

const VERSIONS: [(&str, &[&SupportedProtocolVersion]); 3] =
    [("1.2", &[&TLS12]), ("1.3", &[&TLS13]), ("both", BOTH)];

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

const ENGINES: [(&str, EngineName); 2] =
    [("wantwrite", EngineName::Wantwrite), ("rustls", EngineName::Rustls)];

const MODES: [(&str, Mode); 2] = [("http", Mode::Http), ("echo", Mode::Echo)];

const BUFFERS: [(&str, Buffers); 3] =
    [("pool", Buffers::Pool), ("retain", Buffers::Retain), ("release", Buffers::Release)];

const COALESCINGS: [(&str, Coalescing); 2] = [("on", Coalescing::On), ("off", Coalescing::Off)];

fn sizing(text: &str) -> Result<Sizing, Error> {
    match text.split_once(':') {
        None if text == "max" => Ok(Sizing::Max),
        None if text == "slow-start" => Ok(Sizing::SlowStart(SlowStart::default())),
        Some(("fixed", len)) => Ok(Sizing::Fixed(len.parse()?)),
        _ => Err("expected max, fixed:BYTES or slow-start".into()),
    }
}

fn padding(text: &str) -> Result<Padding, Error> {
    match text.split_once(':') {
        None if text == "none" => Ok(Padding::None),
        Some(("multiple", len)) => Ok(Padding::Multiple(len.parse()?)),
        _ => Err("expected none or multiple:BYTES".into()),
    }
}
