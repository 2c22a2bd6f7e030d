//! The command line.

use lexopt::prelude::{Long, Short, ValueExt};
use program::{Args, Error, at_least_one, memory_size, one_of, size};
use wantwrite::{CipherSuite, Coalescing, Role, Version, WriterConfig};

pub(crate) struct Options {
    /// The plaintext to send, in bytes.
    pub(crate) bytes: u64,
    /// Our role. The peer has the other one.
    pub(crate) role: Role,
    /// The only suite that both sides offer. Never an RSA suite.
    pub(crate) suite: CipherSuite,
    pub(crate) writer: WriterConfig,
    /// The plaintext that one `write` is offered, in bytes. At least 1.
    pub(crate) write_size: usize,
    /// The seed of the plaintext and of the peer's pauses.
    pub(crate) seed: u64,
}

pub(crate) const USAGE: &str = "\
Sends pseudo-random bytes over 127.0.0.1 to a stock rustls peer and compares digests.

Usage: loopback [OPTIONS]

  --bytes SIZE         how much to send [256MiB]
  --role ROLE          our role: client or server [client]
  --tls VERSION        1.2 or 1.3 [1.3, or the version of --suite]
  --suite NAME         the IANA name of a cipher suite without RSA [AES-128-GCM]
  --capacity SIZE      size of the outbound buffer [64KiB]
  --coalesce on|off    whether small writes share a record [on]
  --write-size SIZE    how much to pass to each write [64KiB]
  --seed NUMBER        decides the bytes and the peer's pauses [1]
  -h, --help           this text

SIZE is a number of bytes, or one with the suffix KiB, MiB or GiB.
";

/// Parses the program's arguments. Returns `None` if they ask for help.
pub(crate) fn parse(args: &mut Args) -> Result<Option<Options>, Error> {
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
    while let Some(arg) = args.next()? {
        match arg {
            Long("bytes") => options.bytes = args.value()?.parse_with(size)?,
            Long("role") => options.role = args.value()?.parse_with(one_of(ROLES))?,
            Long("tls") => version = Some(args.value()?.parse_with(one_of(VERSIONS))?),
            Long("suite") => suite = Some(args.value()?.parse_with(ecdsa_suite)?),
            Long("capacity") => {
                options.writer.capacity = args.value()?.parse_with(at_least_one(memory_size))?;
            }
            Long("coalesce") => {
                options.writer.coalescing = args.value()?.parse_with(one_of(COALESCINGS))?;
            }
            Long("write-size") => {
                options.write_size = args.value()?.parse_with(at_least_one(memory_size))?;
            }
            Long("seed") => options.seed = args.value()?.parse()?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        }
    }
    options.suite = match (suite, version) {
        (Some(suite), Some(version)) if suite.version() != version => {
            return Err(format!("--suite {suite:?}: not a suite of --tls's version").into());
        }
        (Some(suite), _) => suite,
        (None, version) => default_suite(version.unwrap_or(Version::Tls13)),
    };
    options.writer.check()?;
    Ok(Some(options))
}

const fn default_suite(version: Version) -> CipherSuite {
    match version {
        Version::Tls12 => CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        Version::Tls13 => CipherSuite::TLS_AES_128_GCM_SHA256,
    }
}

const ROLES: [(&str, Role); 2] = [("client", Role::Client), ("server", Role::Server)];

const VERSIONS: [(&str, Version); 2] = [("1.2", Version::Tls12), ("1.3", Version::Tls13)];

const COALESCINGS: [(&str, Coalescing); 2] = [("on", Coalescing::On), ("off", Coalescing::Off)];

fn ecdsa_suite(text: &str) -> Result<CipherSuite, Error> {
    let suite = CipherSuite::ALL
        .iter()
        .copied()
        .find(|suite| format!("{suite:?}").eq_ignore_ascii_case(text));
    match suite {
        Some(suite) if needs_rsa(suite) => {
            Err("expected a suite without RSA, because ring cannot generate an RSA key".into())
        }
        Some(suite) => Ok(suite),
        None => {
            let names: Vec<String> = CipherSuite::ALL
                .iter()
                .filter(|&&suite| !needs_rsa(suite))
                .map(|suite| format!("{suite:?}"))
                .collect();
            Err(format!("expected one of: {}", names.join(", ")).into())
        }
    }
}

fn needs_rsa(suite: CipherSuite) -> bool {
    format!("{suite:?}").contains("_RSA_")
}
