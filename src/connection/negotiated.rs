//! What the handshake agreed on.

use alloc::boxed::Box;
use core::fmt;

use rustls::pki_types::CertificateDer;

use super::config::Tls12Close;
use super::early::EarlyData;
use super::{Connection, Stage};
use crate::aead::{CipherSuite, ExportError, ExporterSecret};
use crate::record::Version;

/// How a handshake went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeKind {
    /// With certificates.
    Full,
    /// The same, and the server asked for another key share first (RFC 9846 §2.1).
    FullWithHelloRetryRequest,
    /// From a session or a ticket (RFC 9846 §2.2).
    Resumed,
}

impl HandshakeKind {
    const ALL: [Self; 3] = [Self::Full, Self::FullWithHelloRetryRequest, Self::Resumed];

    /// A number for it; no registry has one.
    pub(super) const fn to_byte(self) -> u8 {
        match self {
            Self::Full => 0,
            Self::FullWithHelloRetryRequest => 1,
            Self::Resumed => 2,
        }
    }

    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_byte() == byte)
    }
}

/// What the handshake agreed on.
pub(super) struct Negotiated {
    suite: CipherSuite,
    peer_certificates: Option<Box<[CertificateDer<'static>]>>,
    key_exchange_group: Option<u16>,
    handshake_kind: Option<HandshakeKind>,
    extended_master_secret: Option<bool>,
    /// What most connections do not have.
    names: Option<Box<Names>>,
    extras: Option<Box<Extras>>,
    /// The peer's `close_notify` closes our half (RFC 5246 §7.2.1).
    answers_close: bool,
}

#[derive(Default)]
struct Names {
    alpn_protocol: Option<Box<[u8]>>,
    server_name: Option<Box<str>>,
}

struct Extras {
    exporter: Result<ExporterSecret, ExportError>,
    early: EarlyData,
}

impl Default for Extras {
    fn default() -> Self {
        Self { exporter: Err(ExportError::NotEnabled), early: EarlyData::default() }
    }
}

impl Negotiated {
    /// What is known of a handshake that was made elsewhere.
    pub(super) fn new(suite: CipherSuite, tls12_close: Tls12Close) -> Self {
        Self {
            suite,
            peer_certificates: None,
            key_exchange_group: None,
            handshake_kind: None,
            extended_master_secret: None,
            names: None,
            extras: None,
            answers_close: suite.version() == Version::Tls12 && tls12_close == Tls12Close::Answer,
        }
    }

    pub(super) fn with_alpn_protocol(mut self, protocol: Option<&[u8]>) -> Self {
        if let Some(protocol) = protocol {
            self.names.get_or_insert_default().alpn_protocol = Some(protocol.into());
        }
        self
    }

    pub(super) fn with_peer_certificates(self, chain: Option<&[CertificateDer<'static>]>) -> Self {
        Self { peer_certificates: chain.map(Into::into), ..self }
    }

    pub(super) fn with_server_name(mut self, name: Option<&str>) -> Self {
        if let Some(name) = name {
            self.names.get_or_insert_default().server_name = Some(name.into());
        }
        self
    }

    pub(super) fn with_key_exchange_group(self, key_exchange_group: Option<u16>) -> Self {
        Self { key_exchange_group, ..self }
    }

    pub(super) fn with_handshake_kind(self, handshake_kind: Option<HandshakeKind>) -> Self {
        Self { handshake_kind, ..self }
    }

    pub(super) fn with_extended_master_secret(self, negotiated: Option<bool>) -> Self {
        Self { extended_master_secret: negotiated, ..self }
    }

    pub(super) fn with_exporter(mut self, exporter: Result<ExporterSecret, ExportError>) -> Self {
        if exporter.as_ref().err() != Some(&ExportError::NotEnabled) {
            self.extras.get_or_insert_default().exporter = exporter;
        }
        self
    }

    pub(super) fn with_early(mut self, early: EarlyData) -> Self {
        if !early.is_empty() {
            self.extras.get_or_insert_default().early = early;
        }
        self
    }

    pub(super) fn alpn_protocol(&self) -> Option<&[u8]> {
        self.names.as_ref()?.alpn_protocol.as_deref()
    }

    pub(super) fn server_name(&self) -> Option<&str> {
        self.names.as_ref()?.server_name.as_deref()
    }

    pub(super) fn peer_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        self.peer_certificates.as_deref()
    }

    pub(super) const fn key_exchange_group(&self) -> Option<u16> {
        self.key_exchange_group
    }

    pub(super) const fn handshake_kind(&self) -> Option<HandshakeKind> {
        self.handshake_kind
    }

    pub(super) const fn extended_master_secret(&self) -> Option<bool> {
        self.extended_master_secret
    }

    pub(super) fn exporter(&self) -> Result<&ExporterSecret, ExportError> {
        let extras = self.extras.as_ref().ok_or(ExportError::NotEnabled)?;
        extras.exporter.as_ref().map_err(|&error| error)
    }

    pub(super) fn early(&self) -> Option<&EarlyData> {
        self.extras.as_ref().map(|extras| &extras.early)
    }

    pub(super) fn early_mut(&mut self) -> Option<&mut EarlyData> {
        self.extras.as_mut().map(|extras| &mut extras.early)
    }

    /// Whether the peer's `close_notify` closes our half.
    pub(super) const fn answers_close(&self) -> bool {
        self.answers_close
    }
}

/// Certificates are counted: they are long, and any bytes can be in them.
impl fmt::Debug for Negotiated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Negotiated")
            .field("suite", &self.suite)
            .field("alpn_protocol", &self.alpn_protocol())
            .field("peer_certificates", &self.peer_certificates.as_ref().map(|all| all.len()))
            .field("server_name", &self.server_name())
            .field("key_exchange_group", &self.key_exchange_group)
            .field("handshake_kind", &self.handshake_kind)
            .field("extended_master_secret", &self.extended_master_secret)
            .field("exporter", &self.exporter())
            .field("early", &self.early())
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
        self.negotiated()?.alpn_protocol()
    }

    /// The server name that the client asked for (RFC 6066 §3), on a server once the handshake
    /// is over.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.negotiated()?.server_name()
    }

    /// The peer's certificates, its own first, once the handshake is over.
    #[must_use]
    pub fn peer_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        self.negotiated()?.peer_certificates()
    }

    /// How the handshake went, once it is over. `None`, as everything but version and suite, for a
    /// connection [`from_keys`](Self::from_keys).
    #[must_use]
    pub fn handshake_kind(&self) -> Option<HandshakeKind> {
        self.negotiated()?.handshake_kind()
    }

    /// Whether the session was resumed, once the handshake is over: the one question about its
    /// [kind](Self::handshake_kind) that most programs have.
    #[must_use]
    pub fn is_resumed(&self) -> Option<bool> {
        Some(self.handshake_kind()? == HandshakeKind::Resumed)
    }

    /// The number of the group that the keys were agreed on in (IANA "TLS Supported Groups"; rustls's
    /// `NamedGroup` can be made of it), once the handshake is over. `None` too for a resumption
    /// without a new key exchange.
    #[must_use]
    pub fn key_exchange_group(&self) -> Option<u16> {
        self.negotiated()?.key_exchange_group()
    }

    /// Whether TLS 1.2 has used the Extended Master Secret (RFC 7627), once the handshake is over.
    /// `None` in TLS 1.3, which always does the like.
    #[must_use]
    pub fn extended_master_secret(&self) -> Option<bool> {
        self.negotiated()?.extended_master_secret()
    }

    /// Fills `out` with keying material for another protocol, and returns it (RFC 9846 §7.5,
    /// RFC 5705): both ends of this connection, and nobody else, get the same for the same label,
    /// context and length. In TLS 1.2 no context is not the same as an empty one.
    ///
    /// Channel binding (RFC 9266) is 32 bytes of `b"EXPORTER-Channel-Binding"` with an empty
    /// context.
    ///
    /// # Errors
    /// [`ExportError`]: the handshake is not over, [`ConnectionConfig::exporter`] is not set,
    /// TLS 1.2 has no Extended Master Secret, the label is TLS's own, or something is too long.
    /// `out` is unchanged then.
    ///
    /// [`ConnectionConfig::exporter`]: crate::ConnectionConfig::exporter
    pub fn export_keying_material<T: AsMut<[u8]>>(
        &self,
        mut out: T,
        label: &[u8],
        context: Option<&[u8]>,
    ) -> Result<T, ExportError> {
        let negotiated = self.negotiated().ok_or(ExportError::NotEstablished)?;
        negotiated.exporter()?.export(out.as_mut(), label, context)?;
        Ok(out)
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
    use super::super::handshake::Handshake;
    use super::super::rustls23::Rustls;
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
                let (ours, mut peer): (_, rustls::Connection) = if we_are_the_client {
                    let ours = Rustls::unchecked_client(client, name).unwrap();
                    (ours, rustls::ServerConnection::new(server).unwrap().into())
                } else {
                    let ours = Rustls::unchecked_server(server).unwrap();
                    (ours, rustls::ClientConnection::new(client, name).unwrap().into())
                };
                let inbound = InboundBuffer::new(1 << 16, BufferPolicy::Retain);
                let mut ours = Handshake::new(Box::new(ours), inbound, PeerLimits::default(), 0);
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
