//! The command line.

use std::path::PathBuf;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, Value, ValueExt};
use program::{Error, one_of};
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};

use crate::url::Url;

pub(crate) struct Options {
    pub(crate) url: Url,
    /// Where to connect, if not to what the URL says.
    pub(crate) connect: Option<String>,
    /// PEM file of certificates to trust, if not those of the web.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) versions: &'static [&'static SupportedProtocolVersion],
    /// Whether to connect twice, the second time with the first one's session.
    pub(crate) resume: bool,
    pub(crate) out: Option<PathBuf>,
    /// What to upload.
    pub(crate) put: Option<PathBuf>,
}

pub(crate) const USAGE: &str = "\
Fetches an HTTPS URL, or uploads to one.

Usage: https_get [OPTIONS] https://HOST[:PORT][/PATH]

  --connect HOST:PORT  connect there; the URL's host is asked for and verified all the same
  --ca FILE            PEM: trust these certificates [the Mozilla roots]
  --tls VERSION        1.2, 1.3 or both [both]
  --resume             connect twice, the second time with the first one's session
  --out FILE           where the content goes [standard output]
  --put FILE           upload this file
  -h, --help           this text
";

/// Reads the program's arguments; `None` if they ask for help.
pub(crate) fn parse(args: &mut Parser) -> Result<Option<Options>, Error> {
    let (mut url, mut connect, mut ca, mut out, mut put) = (None, None, None, None, None);
    let mut versions = BOTH;
    let mut resume = false;
    while let Some(arg) = args.next()? {
        match arg {
            Value(text) if url.is_none() => url = Some(text.parse_with(Url::parse)?),
            Long("connect") => connect = Some(args.value()?.string()?),
            Long("ca") => ca = Some(PathBuf::from(args.value()?)),
            Long("tls") => versions = args.value()?.parse_with(one_of(VERSIONS))?,
            Long("resume") => resume = true,
            Long("out") => out = Some(PathBuf::from(args.value()?)),
            Long("put") => put = Some(PathBuf::from(args.value()?)),
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        }
    }
    let url = url.ok_or("which URL?")?;
    Ok(Some(Options { url, connect, ca, versions, resume, out, put }))
}

const VERSIONS: [(&str, &[&SupportedProtocolVersion]); 3] =
    [("1.2", &[&TLS12]), ("1.3", &[&TLS13]), ("both", BOTH)];

const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
