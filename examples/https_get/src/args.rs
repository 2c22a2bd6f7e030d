//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::{Long, Short, Value, ValueExt};
use program::{Args, Error, at_least_one, host_and_port, number, one_of};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::url::Url;

pub(crate) struct Options {
    pub(crate) url: Url,
    /// The address to connect to, if it differs from the URL's.
    pub(crate) connect: Option<String>,
    /// PEM file of certificates to trust, if not the Mozilla roots.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    /// Whether to connect twice and resume the first connection's session.
    pub(crate) resume: bool,
    pub(crate) out: Option<PathBuf>,
    /// The file to upload.
    pub(crate) put: Option<PathBuf>,
    /// How long to wait for the server each time.
    pub(crate) patience: Duration,
}

pub(crate) const USAGE: &str = "\
Fetches an HTTPS URL, or uploads to one.

Usage: https_get [OPTIONS] https://HOST[:PORT][/PATH]

  --connect HOST:PORT  connect to this address; the URL's host is still requested and verified
  --ca FILE            trust the certificates in this PEM file [the Mozilla roots]
  --tls VERSION        1.2, 1.3 or both [both]
  --resume             connect twice, the second time with the first one's session
  --out FILE           write the content to this file [standard output]
  --put FILE           upload this file
  --timeout SECONDS    give up when the server sends and accepts nothing for this long [60]
  -h, --help           this text
";

/// Parses the program's arguments. Returns `None` if they ask for help.
pub(crate) fn parse(args: &mut Args) -> Result<Option<Options>, Error> {
    let (mut url, mut connect, mut ca, mut out, mut put) = (None, None, None, None, None);
    let mut versions = BOTH;
    let mut resume = false;
    let mut patience = Duration::from_secs(60);
    while let Some(arg) = args.next()? {
        match arg {
            Value(text) if url.is_none() => url = Some(text.parse_with(Url::parse)?),
            Long("connect") => connect = Some(args.value()?.parse_with(host_and_port)?),
            Long("ca") => ca = Some(PathBuf::from(args.value()?)),
            Long("tls") => versions = args.value()?.parse_with(one_of(VERSIONS))?,
            Long("resume") => resume = true,
            Long("out") => out = Some(PathBuf::from(args.value()?)),
            Long("put") => put = Some(PathBuf::from(args.value()?)),
            Long("timeout") => {
                patience = Duration::from_secs(args.value()?.parse_with(at_least_one(number))?);
            }
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        }
    }
    let url = url.ok_or("expected a URL")?;
    Ok(Some(Options { url, connect, ca, versions, resume, out, put, patience }))
}

const VERSIONS: [(&str, &[&SupportedProtocolVersion]); 3] =
    [("1.2", &[&TLS12]), ("1.3", &[&TLS13]), ("both", BOTH)];

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
