//! The parts of a URL that this program needs.

use rustls::pki_types::ServerName;

use crate::Error;

/// `https://HOST[:PORT][/PATH]`
pub(crate) struct Url {
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) name: ServerName<'static>,
    pub(crate) port: u16,
    /// The value of the `Host` header.
    pub(crate) authority: String,
    /// Includes the query.
    pub(crate) path: String,
}

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let rest =
            text.strip_prefix("https://").ok_or("expected a URL that begins with https://")?;
        let rest = rest.split('#').next().unwrap_or_default();
        if rest.contains(|c: char| c.is_ascii_control() || c == ' ') {
            return Err("expected spaces and control characters percent-encoded, as %20".into());
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err("credentials in a URL (user:password@) are not supported: omit them".into());
        }
        let (host, port) = split_authority(authority).ok_or("expected a host after https://")?;
        let port = match port.map(str::parse) {
            None => 443,
            Some(Ok(port @ 1..)) => port,
            Some(_) => return Err("expected a port from 1 to 65535".into()),
        };
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| format!("expected a host name or an address, got {host:?}"))?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { host: host.to_owned(), name, port, authority: authority.to_owned(), path })
    }
}

/// Splits an authority into the host and the port.
fn split_authority(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(address) => address.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
    (!host.is_empty()).then_some((host, port))
}
