//! What a client says before anything is negotiated.
#![deny(clippy::indexing_slicing)]

use alloc::boxed::Box;
use core::fmt;
use core::ops::Range;

use rustls::pki_types::DnsName;

use super::super::fields::{Fields, values_u16};
use crate::error::PeerFault;
use crate::record::HANDSHAKE_HEADER_LEN;

/// A ClientHello (RFC 9846 §4.2.2), for choosing a server's configuration. Its content is not
/// verified: anyone on the network path could have written it.
///
/// Numbers are those of the IANA registries. rustls's types (`rustls::CipherSuite`,
/// `rustls::SignatureScheme`, `rustls::NamedGroup`) convert from them with `from`.
pub struct ClientHello {
    /// The message without its header.
    body: Box<[u8]>,
    server_name: Option<Box<str>>,
    cipher_suites: Range<usize>,
    alpn_protocols: Range<usize>,
    signature_schemes: Range<usize>,
    named_groups: Range<usize>,
    versions: Range<usize>,
    record_size_limit: Option<u16>,
    max_fragment_length: Option<u8>,
}

mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const MAX_FRAGMENT_LENGTH: u16 = 1;
    pub(super) const SUPPORTED_GROUPS: u16 = 10;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const RECORD_SIZE_LIMIT: u16 = 28;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
}

/// RFC 6066 §3.
const HOST_NAME: u8 = 0;

/// RFC 8449 §4.
const MIN_RECORD_SIZE_LIMIT: u16 = 64;

impl ClientHello {
    /// Decodes a complete message, including its header.
    pub(in crate::connection) fn decode(message: &[u8]) -> Result<Self, PeerFault> {
        let body = message.get(HANDSHAKE_HEADER_LEN..).unwrap_or(&[]);
        Self::read(body).ok_or(PeerFault::BadClientHello)
    }

    fn read(body: &[u8]) -> Option<Self> {
        let mut this = Self {
            body: body.into(),
            server_name: None,
            cipher_suites: 0..0,
            alpn_protocols: 0..0,
            signature_schemes: 0..0,
            named_groups: 0..0,
            versions: 0..0,
            record_size_limit: None,
            max_fragment_length: None,
        };
        let mut fields = Fields::new(body);
        let _version_and_random = fields.array::<34>()?;
        let session_id = fields.vector_u8()?;
        let suites = fields.vector_u16()?;
        let compressions = fields.vector_u8()?;
        if session_id.rest().len() > 32 || suites.is_empty() || compressions.is_empty() {
            return None;
        }
        this.cipher_suites = suites.range();
        // In TLS 1.2, hellos can omit the extensions altogether.
        let mut extensions = Fields::new(&[]);
        if !fields.is_empty() {
            extensions = fields.vector_u16()?;
        }
        if !fields.is_empty() {
            return None;
        }
        let mut seen = 0_u64;
        while !extensions.is_empty() {
            let (kind, mut data) = extensions.extension()?;
            if let Some(bit) = 1_u64.checked_shl(kind.into()) {
                if seen & bit != 0 {
                    return None;
                }
                seen |= bit;
            }
            match kind {
                extension::SERVER_NAME => this.server_name = read_server_name(data)?,
                extension::ALPN => {
                    let list = data.vector_u16()?;
                    let mut protocols = list;
                    while !protocols.is_empty() {
                        if protocols.vector_u8()?.is_empty() {
                            return None;
                        }
                    }
                    this.alpn_protocols = list.range();
                }
                extension::SIGNATURE_ALGORITHMS => {
                    this.signature_schemes = data.vector_u16()?.range()
                }
                extension::SUPPORTED_GROUPS => this.named_groups = data.vector_u16()?.range(),
                extension::SUPPORTED_VERSIONS => this.versions = data.vector_u8()?.range(),
                extension::RECORD_SIZE_LIMIT => this.record_size_limit = Some(data.u16()?),
                extension::MAX_FRAGMENT_LENGTH => this.max_fragment_length = Some(data.u8()?),
                _ => continue,
            }
            if kind != extension::SERVER_NAME && !data.is_empty() {
                return None;
            }
        }
        Some(this)
    }

    /// The server name that the client asks for (RFC 6066 §3), in lower case. `None` if there is
    /// none or it is not a DNS name.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// The application protocols that the client offers, most preferred first (RFC 7301).
    pub fn alpn_protocols(&self) -> impl Iterator<Item = &[u8]> {
        let mut list = Fields::new(self.part(&self.alpn_protocols));
        core::iter::from_fn(move || list.vector_u8().map(Fields::rest))
    }

    /// The cipher suites that the client offers, for all versions.
    pub fn cipher_suites(&self) -> impl Iterator<Item = u16> {
        values_u16(self.part(&self.cipher_suites))
    }

    /// The signature schemes that the client accepts (RFC 9846 §4.3.3).
    pub fn signature_schemes(&self) -> impl Iterator<Item = u16> {
        values_u16(self.part(&self.signature_schemes))
    }

    /// The groups that the client supports for the key exchange (RFC 9846 §4.3.7).
    pub fn named_groups(&self) -> impl Iterator<Item = u16> {
        values_u16(self.part(&self.named_groups))
    }

    /// The versions that the client offers (RFC 9846 §4.3.1): 0x0304 is TLS 1.3. Empty for clients
    /// older than TLS 1.3.
    pub fn versions(&self) -> impl Iterator<Item = u16> {
        values_u16(self.part(&self.versions))
    }

    /// The longest inner plaintext that the client accepts (`record_size_limit`, RFC 8449), if it
    /// says so.
    #[must_use]
    pub const fn record_size_limit(&self) -> Option<u16> {
        self.record_size_limit
    }

    /// The longest content that the client accepts (`max_fragment_length`, RFC 6066 §4), if it says
    /// so with a valid value.
    #[must_use]
    pub const fn max_fragment_length(&self) -> Option<usize> {
        match self.max_fragment_length {
            Some(1) => Some(1 << 9),
            Some(2) => Some(1 << 10),
            Some(3) => Some(1 << 11),
            Some(4) => Some(1 << 12),
            _ => None,
        }
    }

    /// The longest content of a record to this client, including type byte and padding in TLS 1.3,
    /// if the client asks for less than the protocol's limit. RFC 8449 §5: if a client sends both
    /// extensions, the newer one applies.
    pub(in crate::connection) fn size_limit(&self) -> Result<Option<usize>, PeerFault> {
        match (self.record_size_limit, self.max_fragment_length) {
            (Some(..MIN_RECORD_SIZE_LIMIT), _) => Err(PeerFault::BadRecordSizeLimit),
            (Some(limit), _) => Ok(Some(limit.into())),
            (None, None) => Ok(None),
            (None, Some(_)) => {
                self.max_fragment_length().map(Some).ok_or(PeerFault::BadMaxFragmentLength)
            }
        }
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.body.get(range.clone()).unwrap_or(&[])
    }
}

/// The outer `None` means that the list cannot be decoded.
fn read_server_name(mut data: Fields<'_>) -> Option<Option<Box<str>>> {
    let mut names = data.vector_u16()?;
    let mut host = None;
    while !names.is_empty() {
        let kind = names.u8()?;
        let name = names.vector_u16()?.rest();
        if kind == HOST_NAME && host.replace(name).is_some() {
            return None;
        }
    }
    let name = host.and_then(|name| DnsName::try_from(name).ok());
    Some(name.map(|name| name.as_ref().to_ascii_lowercase().into()))
}

impl fmt::Debug for ClientHello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientHello")
            .field("len", &self.body.len())
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
        let len = u16::try_from(data.len()).unwrap();
        [&kind.to_be_bytes()[..], &len.to_be_bytes(), data].concat()
    }

    fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
        let extensions = extensions.concat();
        let mut body = vec![3, 3];
        body.extend([9; 32]);
        body.extend([0, 0, 4, 0x13, 0x01, 0xc0, 0x2b, 1, 0]);
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[1, 0][..], &len, &body].concat()
    }

    fn name(name: &[u8]) -> Vec<u8> {
        let len = u16::try_from(name.len()).unwrap();
        let entry = [&[0][..], &len.to_be_bytes(), name].concat();
        let len = u16::try_from(entry.len()).unwrap();
        extension(0, &[&len.to_be_bytes()[..], &entry].concat())
    }

    #[test]
    fn every_field_is_found() {
        let message = hello(&[
            name(b"Example.COM"),
            extension(
                16,
                &[0, 12, 2, b'h', b'2', 8, b'h', b't', b't', b'p', b'/', b'1', b'.', b'1'],
            ),
            extension(13, &[0, 4, 4, 3, 8, 4]),
            extension(10, &[0, 2, 0, 29]),
            extension(43, &[4, 3, 4, 3, 3]),
            extension(28, &[2, 0]),
            extension(1, &[2]),
            extension(0x4469, &[1, 2, 3]),
        ]);
        let hello = ClientHello::decode(&message).unwrap();
        assert_eq!(hello.server_name(), Some("example.com"));
        assert!(hello.alpn_protocols().eq([&b"h2"[..], b"http/1.1"]));
        assert!(hello.signature_schemes().eq([0x0403, 0x0804]));
        assert!(hello.named_groups().eq([29]));
        assert!(hello.versions().eq([0x0304, 0x0303]));
        assert!(hello.cipher_suites().eq([0x1301, 0xc02b]));
        assert_eq!(
            (hello.record_size_limit(), hello.max_fragment_length()),
            (Some(512), Some(1024))
        );
        assert_eq!(hello.size_limit(), Ok(Some(512)));
    }

    #[test]
    fn a_hello_without_extensions_has_no_other_fields() {
        let whole = hello(&[]);
        let mut body = whole[4..whole.len() - 2].to_vec();
        body.splice(..0, [1, 0, 0, 0]);
        let hello = ClientHello::decode(&body).unwrap();
        assert_eq!(hello.server_name(), None);
        assert_eq!(hello.versions().count() + hello.alpn_protocols().count(), 0);
        assert_eq!(hello.size_limit(), Ok(None));
    }

    #[test]
    fn a_hello_that_does_not_decode_is_refused() {
        let good = hello(&[name(b"a"), extension(28, &[2, 0])]);
        assert!(ClientHello::decode(&good).is_ok());
        for len in 0..good.len() {
            // A hello without any extensions is valid too.
            if len != 4 + 34 + 1 + 6 + 2 {
                assert!(ClientHello::decode(&good[..len]).is_err(), "{len}");
            }
        }
        let bad = [
            vec![name(b"a"), name(b"b")],
            vec![extension(28, &[2])],
            vec![extension(28, &[2, 0, 0])],
            vec![extension(16, &[0, 1, 0])],
            vec![extension(13, &[0, 2, 4, 3, 9])],
        ];
        for extensions in bad {
            let fault = ClientHello::decode(&hello(&extensions)).err();
            assert_eq!(fault, Some(PeerFault::BadClientHello), "{extensions:?}");
        }
        for (limit, expected) in
            [([0, 63], Err(PeerFault::BadRecordSizeLimit)), ([0, 64], Ok(Some(64)))]
        {
            let hello = ClientHello::decode(&hello(&[extension(28, &limit)])).unwrap();
            assert_eq!(hello.size_limit(), expected);
        }
    }

    #[test]
    fn an_address_or_an_invalid_name_is_not_a_server_name() {
        for bytes in [&b"127.0.0.1"[..], b"a b", b"\xff", b""] {
            let hello = ClientHello::decode(&hello(&[name(bytes)])).unwrap();
            assert_eq!(hello.server_name(), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_session_id_that_is_too_long_or_an_empty_list_is_refused() {
        let hello = |session_id: usize, suites: &[u8], compressions: &[u8]| {
            let mut body = vec![3, 3];
            body.extend([9; 32]);
            body.push(u8::try_from(session_id).unwrap());
            body.extend(vec![8; session_id]);
            body.extend(u16::try_from(suites.len()).unwrap().to_be_bytes());
            body.extend(suites);
            body.push(u8::try_from(compressions.len()).unwrap());
            body.extend(compressions);
            let len = u16::try_from(body.len()).unwrap().to_be_bytes();
            ClientHello::decode(&[&[1, 0][..], &len, &body].concat()).is_ok()
        };
        assert!(hello(0, &[0x13, 1], &[0]) && hello(32, &[0x13, 1], &[0]));
        assert!(!hello(33, &[0x13, 1], &[0]));
        assert!(!hello(0, &[], &[0]));
        assert!(!hello(0, &[0x13, 1], &[]));
    }
}
