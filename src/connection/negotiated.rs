//! What the handshake agreed on.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use rustls::pki_types::CertificateDer;
use rustls::{CommonState, HandshakeKind};

use super::config::Tls12Close;
use super::{Connection, Stage};
use crate::aead::CipherSuite;
use crate::record::Version;

/// The suite that was negotiated, if it is one of ours.
pub(super) fn negotiated_suite(common: &CommonState) -> Option<CipherSuite> {
    CipherSuite::from_wire(u16::from(common.negotiated_cipher_suite()?.suite()))
}

/// The number of the suite that was negotiated, if it is not one of ours.
pub(super) fn foreign_suite(common: &CommonState) -> Option<u16> {
    let number = u16::from(common.negotiated_cipher_suite()?.suite());
    CipherSuite::from_wire(number).is_none().then_some(number)
}

/// What the handshake agreed on. rustls forgets most of it at the hand-over.
pub(super) struct Negotiated {
    pub(super) suite: CipherSuite,
    pub(super) alpn_protocol: Option<Box<[u8]>>,
    pub(super) peer_certificates: Option<Box<[CertificateDer<'static>]>>,
    pub(super) server_name: Option<Box<str>>,
    /// `None` if it is not known.
    pub(super) resumed: Option<bool>,
    /// The peer's `close_notify` closes our half (RFC 5246 §7.2.1).
    pub(super) answers_close: bool,
}

impl Negotiated {
    pub(super) fn of(
        common: &CommonState,
        suite: CipherSuite,
        server_name: Option<String>,
        tls12_close: Tls12Close,
    ) -> Self {
        Self {
            alpn_protocol: common.alpn_protocol().map(Into::into),
            peer_certificates: common.peer_certificates().map(Into::into),
            server_name: server_name.map(Into::into),
            resumed: Some(common.handshake_kind() == Some(HandshakeKind::Resumed)),
            ..Self::elsewhere(suite, tls12_close)
        }
    }

    /// What is known of a handshake that was made elsewhere.
    pub(super) fn elsewhere(suite: CipherSuite, tls12_close: Tls12Close) -> Self {
        Self {
            suite,
            alpn_protocol: None,
            peer_certificates: None,
            server_name: None,
            resumed: None,
            answers_close: suite.version() == Version::Tls12 && tls12_close == Tls12Close::Answer,
        }
    }
}

/// Certificates are counted: they are long, and any bytes can be in them.
impl fmt::Debug for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Negotiated")
            .field("suite", &self.suite)
            .field("alpn_protocol", &self.alpn_protocol)
            .field("peer_certificates", &self.peer_certificates.as_ref().map(|all| all.len()))
            .field("server_name", &self.server_name)
            .field("resumed", &self.resumed)
            .field("answers_close", &self.answers_close)
            .finish()
    }
}

impl Connection {
    /// The protocol version, once the handshake is over.
    #[must_use]
    pub fn protocol_version(&self) -> Option<Version> {
        self.cipher_suite().map(CipherSuite::version)
    }

    /// The cipher suite, once the handshake is over.
    #[must_use]
    pub fn cipher_suite(&self) -> Option<CipherSuite> {
        self.negotiated().map(|negotiated| negotiated.suite)
    }

    /// The application protocol that was agreed on (RFC 7301), once the handshake is over.
    #[must_use]
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        self.negotiated()?.alpn_protocol.as_deref()
    }

    /// The server name that the client asked for (RFC 6066 §3), on a server once the handshake
    /// is over.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.negotiated()?.server_name.as_deref()
    }

    /// The peer's certificates, its own first, once the handshake is over.
    #[must_use]
    pub fn peer_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        self.negotiated()?.peer_certificates.as_deref()
    }

    /// Whether the session was resumed (RFC 9846 §2.2), once the handshake is over. `None`, as
    /// everything but version and suite, for a connection [`from_keys`](Self::from_keys).
    #[must_use]
    pub fn is_resumed(&self) -> Option<bool> {
        self.negotiated()?.resumed
    }

    fn negotiated(&self) -> Option<&Negotiated> {
        match &self.stage {
            Stage::Established(negotiated) => Some(negotiated),
            Stage::Negotiating(_) | Stage::Failed(_) => None,
        }
    }
}

#[cfg(all(test, feature = "std"))]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use alloc::boxed::Box;
    use alloc::sync::Arc;
    use alloc::vec;
    use alloc::vec::Vec;

    use rustls::crypto::ring::default_provider;
    use rustls::crypto::{CipherSuiteCommon, CryptoProvider};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{
        AlertDescription, ClientConfig, ConfigBuilder, ConfigSide, RootCertStore, ServerConfig,
        SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite, WantsVerifier,
    };

    use super::super::ConnectionError;
    use super::super::config::Tls12Close;
    use super::super::handover::Tls;
    use super::super::handshake::Handshake;
    use crate::buffer::{BufferPolicy, InboundBuffer};
    use crate::reader::PeerLimits;
    use crate::writer::{Writer, WriterConfig};

    /// Numbers of suites that are not ours: AES-128-CCM, in TLS 1.3 and 1.2.
    const FOREIGN: [u16; 2] = [0x1304, 0xc0ac];

    /// rustls's ring provider with one suite, which goes by a number that is not ours.
    fn provider(number: u16) -> Arc<CryptoProvider> {
        let mut provider = default_provider();
        let is_tls13 = number == FOREIGN[0];
        provider.cipher_suites.retain(|suite| suite.tls13().is_some() == is_tls13);
        let suite = match provider.cipher_suites[0] {
            SupportedCipherSuite::Tls13(ours) => {
                let common = named(number, &ours.common);
                SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
                    common,
                    hkdf_provider: ours.hkdf_provider,
                    aead_alg: ours.aead_alg,
                    quic: None,
                })))
            }
            SupportedCipherSuite::Tls12(ours) => {
                let common = named(number, &ours.common);
                SupportedCipherSuite::Tls12(Box::leak(Box::new(Tls12CipherSuite {
                    common,
                    prf_provider: ours.prf_provider,
                    kx: ours.kx,
                    sign: ours.sign,
                    aead_alg: ours.aead_alg,
                })))
            }
        };
        provider.cipher_suites = vec![suite];
        Arc::new(provider)
    }

    fn named(number: u16, common: &CipherSuiteCommon) -> CipherSuiteCommon {
        CipherSuiteCommon {
            suite: number.into(),
            hash_provider: common.hash_provider,
            confidentiality_limit: common.confidentiality_limit,
        }
    }

    fn configs(number: u16) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
        fn builder<S: ConfigSide>(
            builder: ConfigBuilder<S, rustls::WantsVersions>,
            number: u16,
        ) -> ConfigBuilder<S, WantsVerifier> {
            let version = if number == FOREIGN[0] {
                &rustls::version::TLS13
            } else {
                &rustls::version::TLS12
            };
            builder.with_protocol_versions(&[version]).unwrap()
        }

        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["localhost".into()])
            .unwrap()
            .self_signed(&key)
            .unwrap()
            .der()
            .clone();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let mut client = builder(ClientConfig::builder_with_provider(provider(number)), number)
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.enable_secret_extraction = true;
        let server = builder(ServerConfig::builder_with_provider(provider(number)), number)
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        (Arc::new(client), Arc::new(server))
    }

    fn drain(writer: &mut Writer) -> Vec<u8> {
        let mut wire = Vec::new();
        let mut drain = writer.drain();
        while drain.remaining() > 0 {
            wire.extend_from_slice(drain.chunk());
            let len = drain.chunk().len();
            drain.advance(len).unwrap();
        }
        wire
    }

    /// Configurations with such suites are refused: this is behind that.
    #[test]
    fn a_foreign_suite_that_is_negotiated_ends_the_handshake_with_an_alert() {
        for number in FOREIGN {
            for we_are_the_client in [true, false] {
                let (client, server) = configs(number);
                let name = "localhost".try_into().unwrap();
                let (tls, mut peer): (_, rustls::Connection) = if we_are_the_client {
                    let ours = rustls::client::UnbufferedClientConnection::new(client, name);
                    let peer = rustls::ServerConnection::new(server).unwrap();
                    (Tls::Client(ours.unwrap()), peer.into())
                } else {
                    let ours = rustls::server::UnbufferedServerConnection::new(server);
                    let peer = rustls::ClientConnection::new(client, name).unwrap();
                    (Tls::Server(ours.unwrap()), peer.into())
                };
                let inbound = InboundBuffer::new(1 << 16, BufferPolicy::Retain);
                let mut ours = Handshake::new(
                    tls,
                    None,
                    inbound,
                    PeerLimits::default(),
                    Tls12Close::default(),
                );
                let mut writer = Writer::without_keys(WriterConfig::default()).unwrap();
                let mut at_peer = Ok(());
                let mut result = ours.advance(&mut writer).map(|_| ());
                for _ in 0..4 {
                    let wire = drain(&mut writer);
                    let mut rest = &wire[..];
                    while !rest.is_empty() && at_peer.is_ok() {
                        peer.read_tls(&mut rest).unwrap();
                        at_peer = peer.process_new_packets().map(|_| ());
                    }
                    let mut wire = Vec::new();
                    while peer.wants_write() {
                        peer.write_tls(&mut wire).unwrap();
                    }
                    if result.is_ok() {
                        let inbound = ours.inbound().unwrap();
                        inbound.free_mut()[..wire.len()].copy_from_slice(&wire);
                        inbound.commit(wire.len());
                        result = ours.advance(&mut writer).map(|_| ());
                    }
                }
                assert_eq!(result, Err(ConnectionError::UnsupportedSuite(number)));
                let told = rustls::Error::AlertReceived(AlertDescription::HandshakeFailure);
                assert_eq!(at_peer, Err(told), "{number:#x} {we_are_the_client}");
            }
        }
    }
}
