//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, ValueExt};
use program::{Error, at_least_one, one_of};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use wantwrite::{BufferPolicy, Coalescing, ConnectionConfig, Padding, Sizing, SlowStart};

pub(crate) struct Options {
    pub(crate) addr: SocketAddr,
    /// PEM files of certificate chains and their keys; none for a certificate that is made.
    pub(crate) pairs: Vec<(PathBuf, PathBuf)>,
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    pub(crate) engine: EngineName,
    pub(crate) mode: Mode,
    /// Directory of static files.
    pub(crate) root: Option<PathBuf>,
    pub(crate) connection: ConnectionConfig,
    /// Plaintext between two KeyUpdates of ours, in bytes.
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

pub(crate) const USAGE: &str = "\
Serves HTTP/1.1 over TLS, or echoes, from one thread.

Usage: https_server [OPTIONS]

  --addr ADDR             where to listen; port 0 for any [127.0.0.1:8443]
  --cert FILE --key FILE  PEM: a certificate chain and its key (PKCS#8, SEC1, PKCS#1); given
                          twice, the client gets the first that it can verify
                          [a self-signed certificate, whose path is printed]
  --tls VERSION           1.2, 1.3 or both [both]
  --engine NAME           wantwrite, or rustls for its own buffered connection [wantwrite]
  --mode MODE             http, or echo: what is read is written back [http]
  --root DIR              static files, served besides the paths below
  --max-connections N     others wait until one has ended [10000]
  --idle-timeout SECONDS  a connection that moves nothing for so long is closed [60]
  -h, --help              this text

Of our engine:
  --capacity BYTES        of each connection's outbound buffer [65536]
  --max-fragment BYTES    hard cap on a record's content [16384]
  --sizing POLICY         max, fixed:BYTES or slow-start [max]
  --coalesce on|off       whether small writes share a record [on]
  --padding POLICY        none or multiple:BYTES [none]
  --update-keys-every BYTES  a KeyUpdate after so much plaintext (TLS 1.3)
  --release-buffers       a connection that holds nothing keeps no buffer

Paths: / a page; /bytes/N that many bytes, byte i is 'a' + i % 26; /stats counters of all
connections; /keyupdate a KeyUpdate (TLS 1.3), then the page; /keepalive the page, on a connection
that the server does not close. PUT and POST, to any path, answer what they were sent.
";

/// Reads the program's arguments; `None` if they ask for help.
pub(crate) fn parse(args: &mut Parser) -> Result<Option<Options>, Error> {
    let mut options = Options {
        addr: SocketAddr::from(([127, 0, 0, 1], 8443)),
        pairs: Vec::new(),
        versions: BOTH,
        engine: EngineName::Wantwrite,
        mode: Mode::Http,
        root: None,
        connection: ConnectionConfig::default(),
        update_keys_every: None,
        max_connections: 10_000,
        idle_timeout: Duration::from_secs(60),
    };
    let (mut chains, mut keys) = (Vec::new(), Vec::new());
    let number = |text: &str| at_least_one(|text| Ok(text.parse::<u64>()?))(text);
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
            Long("capacity") => writer.capacity = args.value()?.parse()?,
            Long("max-fragment") => writer.max_fragment_len = args.value()?.parse()?,
            Long("sizing") => writer.sizing = args.value()?.parse_with(sizing)?,
            Long("coalesce") => {
                writer.coalescing = args.value()?.parse_with(one_of(COALESCINGS))?
            }
            Long("padding") => writer.padding = args.value()?.parse_with(padding)?,
            Long("update-keys-every") => {
                options.update_keys_every = Some(args.value()?.parse_with(number)?);
            }
            Long("release-buffers") => {
                writer.buffers = BufferPolicy::Release;
                options.connection.reader.buffers = BufferPolicy::Release;
            }
            Long("max-connections") => {
                options.max_connections = usize::try_from(args.value()?.parse_with(number)?)?;
            }
            Long("idle-timeout") => {
                let seconds = args.value()?.parse_with(number)?;
                options.idle_timeout = Duration::from_secs(seconds);
            }
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        }
    }
    if chains.len() != keys.len() {
        return Err("every --cert needs its --key".into());
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

const COALESCINGS: [(&str, Coalescing); 2] = [("on", Coalescing::On), ("off", Coalescing::Off)];

fn sizing(text: &str) -> Result<Sizing, Error> {
    match text.split_once(':') {
        None if text == "max" => Ok(Sizing::Max),
        None if text == "slow-start" => Ok(Sizing::SlowStart(SlowStart::default())),
        Some(("fixed", len)) => Ok(Sizing::Fixed(len.parse()?)),
        _ => Err("the policies are max, fixed:BYTES and slow-start".into()),
    }
}

fn padding(text: &str) -> Result<Padding, Error> {
    match text.split_once(':') {
        None if text == "none" => Ok(Padding::None),
        Some(("multiple", len)) => Ok(Padding::Multiple(len.parse()?)),
        _ => Err("the policies are none and multiple:BYTES".into()),
    }
}
