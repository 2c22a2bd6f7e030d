//! The command line.

use alloc::format;
use core::ffi::CStr;
use core::net::SocketAddr;

use wantwrite::rustls::pki_types::ServerName;

use crate::Error;

pub(crate) const USAGE: &str = "\
Sends lines to a TLS server that returns them, and compares what comes back.

Usage: freestanding --connect ADDRESS:PORT --name HOST [OPTIONS]

  --connect ADDRESS:PORT  the server
  --name HOST             its name in its certificate
  --ca FILE               trust the certificates in this PEM file [the Mozilla roots]
  --mib N                 MiB to send [64]
  --reversed              expect each line reversed, as `openssl s_server -rev` returns it
  --connections N         connections, one after another; each resumes the last one's session [1]
  -h, --help              this text
";

pub(crate) struct Options {
    pub(crate) address: SocketAddr,
    pub(crate) name: ServerName<'static>,
    pub(crate) ca: Option<&'static CStr>,
    pub(crate) bytes: u64,
    pub(crate) reply: Reply,
    pub(crate) connections: u32,
}

/// How the server answers a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Same,
    Reversed,
}

impl Options {
    /// Parses the program's arguments. Returns `None` if they ask for help.
    pub(crate) fn parse(arguments: &[&'static CStr]) -> Result<Option<Self>, Error> {
        let mut arguments = arguments.iter().copied();
        let (mut address, mut name, mut ca) = (None, None, None);
        let (mut mib, mut reply, mut connections) = (64_u32, Reply::Same, 1);
        while let Some(option) = arguments.next() {
            let option = option.to_str()?;
            if option == "--reversed" {
                reply = Reply::Reversed;
                continue;
            }
            if matches!(option, "-h" | "--help") {
                return Ok(None);
            }
            if !OPTIONS.contains(&option) {
                return Err(format!("invalid option {option:?}").into());
            }
            let value = arguments.next().ok_or_else(|| format!("{option}: expected a value"))?;
            match option {
                "--connect" => address = Some(parse(option, value, str::parse)?),
                "--name" => name = Some(parse(option, value, ServerName::try_from)?),
                "--ca" => ca = Some(value),
                "--mib" => mib = parse(option, value, str::parse)?,
                _ => connections = parse(option, value, str::parse)?,
            }
        }
        Ok(Some(Self {
            address: address.ok_or("expected --connect ADDRESS:PORT")?,
            name: name.ok_or("expected --name HOST")?,
            ca,
            bytes: u64::from(mib) * 1024 * 1024,
            reply,
            connections,
        }))
    }
}

/// The options that take a value.
const OPTIONS: [&str; 5] = ["--connect", "--name", "--ca", "--mib", "--connections"];

fn expected(option: &str) -> &'static str {
    match option {
        "--connect" => "expected an address and a port, such as 127.0.0.1:8443",
        "--name" => "expected a host name or an address",
        _ => "expected a number",
    }
}

fn parse<T, E>(
    option: &str,
    value: &'static CStr,
    parse: impl FnOnce(&'static str) -> Result<T, E>,
) -> Result<T, Error> {
    let value = value.to_str()?;
    parse(value).map_err(|_| format!("{option} {value:?}: {}", expected(option)).into())
}
