//! The command line.

use lexopt::prelude::{Long, Short, ValueExt};
use wantwrite::{CipherSuite, Coalescing, Role, Version, WriterConfig};

use crate::Error;

pub(crate) enum Command {
    Run(Options),
    Help,
}

pub(crate) struct Options {
    /// Plaintext to send, in bytes.
    pub(crate) bytes: u64,
    /// Ours; the peer has the other one.
    pub(crate) role: Role,
    /// The only one that both sides offer; never one of RSA.
    pub(crate) suite: CipherSuite,
    pub(crate) writer: WriterConfig,
    /// What one `write` is offered, in bytes; at least 1.
    pub(crate) write_size: usize,
    /// Of the plaintext and of the peer's pauses.
    pub(crate) seed: u64,
}

pub(crate) const USAGE: &str = "\
Sends pseudo-random bytes over 127.0.0.1 to a stock rustls peer and compares digests.

Usage: loopback [OPTIONS]

  --bytes SIZE         how much to send [256MiB]
  --role ROLE          ours: client or server [client]
  --tls VERSION        1.2 or 1.3 [1.3, or what --suite needs]
  --suite NAME         as the IANA writes it, without RSA [AES-128-GCM]
  --capacity SIZE      of the outbound buffer [64KiB]
  --coalesce on|off    whether small writes share a record [on]
  --write-size SIZE    what one write is offered [64KiB]
  --seed NUMBER        of the bytes and of the peer's pauses [1]
  -h, --help           this text

SIZE is a number of bytes, or one with the suffix KiB, MiB or GiB.
";

/// Reads the program's arguments.
pub(crate) fn parse() -> Result<Command, Error> {
    let mut options = Options {
        bytes: 256 << 20,
        role: Role::Client,
        suite: default_suite(Version::Tls13),
        writer: WriterConfig::default(),
        write_size: 64 << 10,
        seed: 1,
    };
    let mut version = None;
    let mut suite = None;
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("bytes") => options.bytes = args.value()?.parse_with(size)?,
            Long("role") => options.role = args.value()?.parse_with(role)?,
            Long("tls") => version = Some(args.value()?.parse_with(tls_version)?),
            Long("suite") => suite = Some(args.value()?.parse_with(ecdsa_suite)?),
            Long("capacity") => options.writer.capacity = args.value()?.parse_with(memory_size)?,
            Long("coalesce") => options.writer.coalescing = args.value()?.parse_with(coalescing)?,
            Long("write-size") => options.write_size = args.value()?.parse_with(memory_size)?,
            Long("seed") => options.seed = args.value()?.parse()?,
            Short('h') | Long("help") => return Ok(Command::Help),
            _ => return Err(arg.unexpected().into()),
        }
    }
    if options.write_size == 0 {
        return Err("--write-size must be at least 1".into());
    }
    options.suite = match (suite, version) {
        (Some(suite), Some(version)) if suite.version() != version => {
            return Err(
                format!("{suite:?} is not a suite of the version that --tls asks for").into()
            );
        }
        (Some(suite), _) => suite,
        (None, version) => default_suite(version.unwrap_or(Version::Tls13)),
    };
    Ok(Command::Run(options))
}

const fn default_suite(version: Version) -> CipherSuite {
    match version {
        Version::Tls12 => CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        Version::Tls13 => CipherSuite::TLS_AES_128_GCM_SHA256,
    }
}

fn size(text: &str) -> Result<u64, Error> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit: u64 = match &text[digits.len()..] {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err("the suffixes are KiB, MiB and GiB".into()),
    };
    let number: u64 = digits.parse()?;
    Ok(number.checked_mul(unit).ok_or("that is too much")?)
}

fn memory_size(text: &str) -> Result<usize, Error> {
    Ok(usize::try_from(size(text)?)?)
}

fn role(text: &str) -> Result<Role, Error> {
    match text {
        "client" => Ok(Role::Client),
        "server" => Ok(Role::Server),
        _ => Err("the roles are client and server".into()),
    }
}

fn tls_version(text: &str) -> Result<Version, Error> {
    match text {
        "1.2" => Ok(Version::Tls12),
        "1.3" => Ok(Version::Tls13),
        _ => Err("the versions are 1.2 and 1.3".into()),
    }
}

fn coalescing(text: &str) -> Result<Coalescing, Error> {
    match text {
        "on" => Ok(Coalescing::On),
        "off" => Ok(Coalescing::Off),
        _ => Err("it is on or off".into()),
    }
}

fn ecdsa_suite(text: &str) -> Result<CipherSuite, Error> {
    let suite = CipherSuite::ALL
        .iter()
        .copied()
        .find(|suite| format!("{suite:?}").eq_ignore_ascii_case(text));
    match suite {
        Some(suite) if needs_rsa(suite) => Err(
            "it needs an RSA key, which ring does not make; in TLS 1.2 only ECDSA suites work here"
                .into(),
        ),
        Some(suite) => Ok(suite),
        None => {
            let names: Vec<String> = CipherSuite::ALL
                .iter()
                .filter(|&&suite| !needs_rsa(suite))
                .map(|suite| format!("{suite:?}"))
                .collect();
            Err(format!("the suites are {}", names.join(", ")).into())
        }
    }
}

fn needs_rsa(suite: CipherSuite) -> bool {
    format!("{suite:?}").contains("_RSA_")
}
