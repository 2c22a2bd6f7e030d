//! As much of a URL as is needed here.

use crate::Error;

/// `https://HOST[:PORT][/PATH]`
pub(crate) struct Url {
    /// A name, or an address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What goes into the `Host` header.
    pub(crate) authority: String,
    /// With the query.
    pub(crate) path: String,
}

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix("https://").ok_or("it does not begin with https://")?;
        let rest = rest.split('#').next().unwrap_or_default();
        if rest.contains(|c: char| c.is_ascii_control() || c == ' ') {
            return Err("it has characters that are to be encoded".into());
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = split_authority(authority).ok_or("it names no host")?;
        let port = port.map_or(Ok(443), str::parse)?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { host: host.to_owned(), port, authority: authority.to_owned(), path })
    }
}

/// The host and the port.
fn split_authority(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, rest) = match authority.strip_prefix('[') {
        Some(address) => address.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
    (!host.is_empty()).then_some((host, port))
}
