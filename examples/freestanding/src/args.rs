//! The command line.

use alloc::format;
use core::ffi::CStr;
use core::net::SocketAddr;

use wantwrite::rustls::pki_types::ServerName;

use crate::Error;

const USAGE: &str = "\
usage: freestanding --connect ADDRESS:PORT --name HOST [--ca FILE] [--mib N] [--reversed]
                    [--connections N]

  --ca FILE        trust these certificates (PEM) instead of the Mozilla roots
  --mib N          send N MiB; default 64
  --reversed       the server returns each line reversed, as `openssl s_server -rev`
  --connections N  one after another; each resumes the session of the one before; default 1";

pub(crate) struct Options {
    pub(crate) address: SocketAddr,
    pub(crate) name: ServerName<'static>,
    pub(crate) ca: Option<&'static CStr>,
    pub(crate) bytes: u64,
    pub(crate) reply: Reply,
    pub(crate) connections: u32,
}

/// What a server makes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Same,
    Reversed,
}

impl Options {
    pub(crate) fn parse(arguments: &[&'static CStr]) -> Result<Self, Error> {
        let mut arguments = arguments.iter().copied();
        let (mut address, mut name, mut ca) = (None, None, None);
        let (mut mib, mut reply, mut connections) = (64_u32, Reply::Same, 1);
        while let Some(option) = arguments.next() {
            let option = option.to_str()?;
            if option == "--reversed" {
                reply = Reply::Reversed;
                continue;
            }
            let value = arguments.next().ok_or(USAGE)?;
            match option {
                "--connect" => address = Some(parse(option, value, str::parse)?),
                "--name" => name = Some(parse(option, value, ServerName::try_from)?),
                "--ca" => ca = Some(value),
                "--mib" => mib = parse(option, value, str::parse)?,
                "--connections" => connections = parse(option, value, str::parse)?,
                _ => return Err(USAGE.into()),
            }
        }
        Ok(Self {
            address: address.ok_or(USAGE)?,
            name: name.ok_or(USAGE)?,
            ca,
            bytes: u64::from(mib) * 1024 * 1024,
            reply,
            connections,
        })
    }
}

fn parse<T, E>(
    option: &str,
    value: &'static CStr,
    parse: impl FnOnce(&'static str) -> Result<T, E>,
) -> Result<T, Error> {
    let value = value.to_str()?;
    parse(value).map_err(|_| format!("{option}: {value:?} is not a value for it").into())
}
