//! What can be seen of a connection.

use rustls::pki_types::CertificateDer;

use super::early::EarlyData;
use super::negotiated::{HandshakeKind, Negotiated};
use super::{Connection, ConnectionError, Stage};
use crate::aead::{CipherSuite, ExportError};
use crate::reader::ReaderState;
use crate::record::Version;
use crate::writer::{Wants, WriterState};

impl Connection {
    /// What must happen for the connection to go on.
    #[must_use]
    pub fn wants(&self) -> Wants {
        let drain = self.writer.wants_drain();
        if let Stage::Negotiating(handshake) = &self.stage {
            let drain = drain || handshake.has_early_pending();
            let (input, process) = (handshake.wants_input(), handshake.wants_process());
            return Wants { drain, input, process };
        }
        // A half that has failed takes the other one with it, which learns of it when it is
        // called: plaintext that was opened before is still to be read.
        let input = !self.writer.has_failed() && self.reader.wants_input();
        Wants { drain, input, process: self.reader.wants_process() }
    }

    /// The life of our writing half.
    #[must_use]
    #[inline]
    pub fn writer_state(&self) -> WriterState {
        self.writer.state()
    }

    /// The life of our reading half.
    #[must_use]
    #[inline]
    pub fn reader_state(&self) -> ReaderState {
        match self.reader.state() {
            ReaderState::Open if self.writer.has_failed() && !self.reader.holds_plaintext() => {
                ReaderState::Failed
            }
            state => state,
        }
    }

    /// The fatal error, if there was one: that of [`process`](Self::process), which may have
    /// plaintext to give before it. [`Truncated`](crate::Error::Truncated) is one in the handshake
    /// only; later it is a [`reader_state`](Self::reader_state). A handshake that was given up by
    /// [`close`](Self::close) is [`Aborted`](crate::Error::Aborted) with `close_notify`.
    #[must_use]
    pub fn error(&self) -> Option<ConnectionError> {
        match &self.stage {
            Stage::Failed(error) => Some(ConnectionError::clone(error)),
            Stage::Negotiating(_) | Stage::Established(_) => {
                self.writer.error().or_else(|| self.reader.error()).map(Into::into)
            }
        }
    }

    /// Gives back all memory that holds nothing or can be made again, whatever the
    /// [`BufferPolicy`](crate::BufferPolicy): for a connection that is going to be idle. The next
    /// record in either direction takes some 100 ns longer, because ring's key is made anew.
    pub fn shrink(&mut self) {
        self.reader.shrink();
        self.writer.shrink();
    }

    /// Bytes of buffer memory held now, in use or kept for reuse: segments, inbound memory, and the
    /// part of a handshake message that is being joined, and early data.
    /// Foreign memory that waits (the handshake's flights, owned plaintext, chunks put back) is
    /// not counted.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        let handshake = match &self.stage {
            Stage::Negotiating(handshake) => handshake.memory_held(),
            Stage::Established(negotiated) => negotiated.early().map_or(0, EarlyData::memory_held),
            Stage::Failed(_) => 0,
        };
        self.writer.memory_held() + self.reader.memory_held() + handshake
    }

    /// The protocol version, once the handshake is over.
    #[must_use]
    #[inline]
    pub fn protocol_version(&self) -> Option<Version> {
        self.cipher_suite().map(CipherSuite::version)
    }

    /// The cipher suite, once the handshake is over.
    #[must_use]
    #[inline]
    pub fn cipher_suite(&self) -> Option<CipherSuite> {
        self.negotiated().map(Negotiated::suite)
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

    #[inline]
    fn negotiated(&self) -> Option<&Negotiated> {
        match &self.stage {
            Stage::Established(negotiated) => Some(negotiated),
            Stage::Negotiating(_) | Stage::Failed(_) => None,
        }
    }
}
