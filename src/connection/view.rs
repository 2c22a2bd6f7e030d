//! What you can observe of a connection.

use rustls::pki_types::CertificateDer;

use super::early::EarlyData;
use super::negotiated::{HandshakeKind, Negotiated};
use super::{Connection, ConnectionError, Stage};
use crate::aead::{CipherSuite, ExportError};
use crate::reader::{ReaderState, Role};
use crate::record::Version;
use crate::writer::{Wants, WriterState};

impl Connection {
    /// What the connection needs to make progress.
    #[must_use]
    pub fn wants(&self) -> Wants {
        let drain = self.writer.wants_drain();
        if let Stage::Negotiating(handshake) = &self.stage {
            let drain = drain || handshake.has_early_pending(&self.writer);
            let (input, process) = (handshake.wants_input(), handshake.wants_process());
            return Wants { drain, input, process };
        }
        // If the writer has failed, the reader learns of it at its next call. Until then, plaintext
        // that was opened before can still be read.
        let input = !self.writer.has_failed() && self.reader.wants_input();
        Wants { drain, input, process: self.reader.wants_process() }
    }

    /// Our role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.reader.role()
    }

    /// The state of our writing half.
    #[must_use]
    #[inline]
    pub fn writer_state(&self) -> WriterState {
        self.writer.state()
    }

    /// The state of our reading half.
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

    /// The fatal error, if there is one. It is the error that [`process`](Self::process) returns,
    /// possibly after some last plaintext. [`Truncated`](crate::Error::Truncated) counts only
    /// during the handshake; later it is a [`reader_state`](Self::reader_state). If
    /// [`close`](Self::close) gave up the handshake, the error is
    /// [`Aborted`](crate::Error::Aborted) with `close_notify`.
    #[must_use]
    pub fn error(&self) -> Option<ConnectionError> {
        match &self.stage {
            Stage::Failed(error) => Some(ConnectionError::clone(error)),
            Stage::Negotiating(_) | Stage::Established(_) => {
                self.writer.error().or_else(|| self.reader.error()).map(Into::into)
            }
        }
    }

    /// Frees all memory that is empty or can be rebuilt, regardless of the
    /// [`BufferPolicy`](crate::BufferPolicy). Call it when a connection becomes idle. The next
    /// record in either direction takes about 100 ns longer, because ring's key has to be rebuilt.
    pub fn shrink(&mut self) {
        self.reader.shrink();
        self.writer.shrink();
    }

    /// The buffer memory held now, in bytes, whether in use or kept for reuse: segments, inbound
    /// memory, partially joined handshake messages, and early data. Pending foreign memory (the
    /// handshake's flights, owned plaintext, chunks that were put back) does not count.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        let handshake = match &self.stage {
            Stage::Negotiating(handshake) => handshake.memory_held(),
            Stage::Established(negotiated) => negotiated.early().map_or(0, EarlyData::memory_held),
            Stage::Failed(_) => 0,
        };
        self.writer.memory_held() + self.reader.memory_held() + handshake
    }

    /// The protocol version. `None` until the handshake is over.
    #[must_use]
    #[inline]
    pub fn protocol_version(&self) -> Option<Version> {
        self.cipher_suite().map(CipherSuite::version)
    }

    /// The cipher suite. `None` until the handshake is over.
    #[must_use]
    #[inline]
    pub fn cipher_suite(&self) -> Option<CipherSuite> {
        self.negotiated().map(Negotiated::suite)
    }

    /// The negotiated application protocol (RFC 7301). `None` until the handshake is over.
    #[must_use]
    pub fn alpn_protocol(&self) -> Option<&[u8]> {
        self.negotiated()?.alpn_protocol()
    }

    /// The server name that the client asked for (RFC 6066 §3). Available only on a server, once
    /// the handshake is over.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.negotiated()?.server_name()
    }

    /// The peer's certificates, its own first. `None` until the handshake is over.
    #[must_use]
    pub fn peer_certificates(&self) -> Option<&[CertificateDer<'static>]> {
        self.negotiated()?.peer_certificates()
    }

    /// The kind of handshake. `None` until it is over. For a connection
    /// [`from_keys`](Self::from_keys), this is always `None`, as is everything else except version
    /// and suite.
    #[must_use]
    pub fn handshake_kind(&self) -> Option<HandshakeKind> {
        self.negotiated()?.handshake_kind()
    }

    /// Whether the session was resumed. `None` until the handshake is over. This is all that most
    /// programs need to know about the [kind](Self::handshake_kind) of handshake.
    #[must_use]
    pub fn is_resumed(&self) -> Option<bool> {
        Some(self.handshake_kind()? == HandshakeKind::Resumed)
    }

    /// The number of the group used for the key exchange (IANA "TLS Supported Groups"; rustls's
    /// `NamedGroup` converts from it). `None` until the handshake is over, and for a resumption
    /// without a new key exchange.
    #[must_use]
    pub fn key_exchange_group(&self) -> Option<u16> {
        self.negotiated()?.key_exchange_group()
    }

    /// Whether TLS 1.2 used the Extended Master Secret (RFC 7627). `None` until the handshake is
    /// over, and in TLS 1.3, which always provides the equivalent.
    #[must_use]
    pub fn extended_master_secret(&self) -> Option<bool> {
        self.negotiated()?.extended_master_secret()
    }

    /// Fills `out` with keying material for another protocol and returns it (RFC 9846 §7.5, RFC
    /// 5705). The two peers of this connection, and no one else, get the same material for the same
    /// label, context and length. In TLS 1.2, no context is not the same as an empty one.
    ///
    /// For channel binding (RFC 9266), export 32 bytes with `b"EXPORTER-Channel-Binding"` and an
    /// empty context.
    ///
    /// # Errors
    /// [`ExportError`] if the handshake is not over, [`ConnectionConfig::exporter`] is not set, TLS
    /// 1.2 was negotiated without the Extended Master Secret, the label belongs to TLS itself, or
    /// something is too long. `out` does not change then.
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
