//! What the handshake negotiated.

use alloc::boxed::Box;
use core::fmt;

use rustls::pki_types::CertificateDer;

use super::config::Tls12Close;
use super::early::EarlyData;
use crate::aead::{CipherSuite, ExportError, ExporterSecret};
use crate::record::Version;

/// The kind of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandshakeKind {
    /// A full handshake, with certificates.
    Full,
    /// A full handshake in which the server first asked for another key share (RFC 9846 §2.1).
    FullWithHelloRetryRequest,
    /// Resumed from a session or a ticket (RFC 9846 §2.2).
    Resumed,
}

impl HandshakeKind {
    const ALL: [Self; 3] = [Self::Full, Self::FullWithHelloRetryRequest, Self::Resumed];

    /// Our own number for it; there is no registry of these.
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

/// What the handshake negotiated.
pub(super) struct Negotiated {
    suite: CipherSuite,
    peer_certificates: Option<Box<[CertificateDer<'static>]>>,
    key_exchange_group: Option<u16>,
    handshake_kind: Option<HandshakeKind>,
    extended_master_secret: Option<bool>,
    /// Boxed, because most connections do not have these.
    names: Option<Box<Names>>,
    extras: Option<Box<Extras>>,
    /// Whether the peer's `close_notify` closes our half (RFC 5246 §7.2.1).
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
    /// What is known about a handshake that took place elsewhere.
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

    pub(super) const fn suite(&self) -> CipherSuite {
        self.suite
    }

    /// Whether the peer's `close_notify` closes our half.
    pub(super) const fn answers_close(&self) -> bool {
        self.answers_close
    }
}

/// Certificates are only counted: they are long and can contain any bytes.
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
