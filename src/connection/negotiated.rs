//! What the handshake agreed on.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

use rustls::pki_types::CertificateDer;
use rustls::{CommonState, HandshakeKind};

use super::{Connection, Phase};
use crate::aead::CipherSuite;
use crate::record::Version;

/// The suite that was negotiated, if it is one of ours; it always is with rustls's ring provider.
pub(super) fn negotiated_suite(common: &CommonState) -> Option<CipherSuite> {
    CipherSuite::from_wire(u16::from(common.negotiated_cipher_suite()?.suite()))
}

/// What the handshake agreed on. rustls forgets most of it at the hand-over.
pub(super) struct Negotiated {
    pub(super) suite: CipherSuite,
    pub(super) alpn_protocol: Option<Box<[u8]>>,
    pub(super) peer_certificates: Option<Box<[CertificateDer<'static>]>>,
    pub(super) server_name: Option<Box<str>>,
    pub(super) resumed: bool,
}

impl Negotiated {
    pub(super) fn of(
        common: &CommonState,
        suite: CipherSuite,
        server_name: Option<String>,
    ) -> Self {
        Self {
            suite,
            alpn_protocol: common.alpn_protocol().map(Into::into),
            peer_certificates: common.peer_certificates().map(Into::into),
            server_name: server_name.map(Into::into),
            resumed: common.handshake_kind() == Some(HandshakeKind::Resumed),
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

    /// Whether the session was resumed (RFC 9846 §2.2), once the handshake is over.
    #[must_use]
    pub fn is_resumed(&self) -> Option<bool> {
        self.negotiated().map(|negotiated| negotiated.resumed)
    }

    fn negotiated(&self) -> Option<&Negotiated> {
        match &self.phase {
            Phase::Established(established) => Some(&established.negotiated),
            Phase::Negotiating(_) | Phase::Ended(_) => None,
        }
    }
}
