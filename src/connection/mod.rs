//! A complete connection: rustls's handshake, then our two halves and the link between them. This
//! is the only module that uses rustls.

mod acceptor;
mod backend;
mod config;
mod early;
mod error;
mod fields;
mod from_keys;
mod handshake;
mod hello;
mod moved;
mod negotiated;
mod parts;
mod post_handshake;
mod reading;
mod rustls23;
mod view;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::mem;

pub use acceptor::Acceptor;
use backend::Backend;
use config::check_suites;
#[cfg(all(feature = "std", feature = "webpki-roots"))]
pub use config::webpki_client_config;
#[cfg(feature = "webpki-roots")]
pub use config::webpki_client_config_with_time;
pub use config::{ConnectionConfig, Tls12Close};
pub use config::{client_config_builder, clock, prepare_client_config, server_config_builder};
pub use early::{EarlyDataStatus, EarlyWriter};
pub use error::ConnectionError;
use handshake::{Handshake, Status};
pub use hello::ClientHello;
pub use moved::{MoveError, MovedConnection};
pub use negotiated::HandshakeKind;
use negotiated::Negotiated;
use post_handshake::WriterBeside;
pub use rustls;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ServerConfig};
use rustls23::{LateServer, Rustls};

use crate::alert::AlertDescription;
use crate::error::{Error, WriteError};
use crate::reader::{Reader, ReaderState};
use crate::writer::{Writer, WriterState};

/// A TLS connection without I/O.
///
/// Drive it by its levels. While [`wants`](Self::wants)`().drain` is set, move bytes from
/// [`Writer::drain`] to the transport. When the transport has bytes and `wants().input` is set,
/// move them into [`inbound`](Self::inbound) and call [`process`](Self::process). This also
/// performs the handshake; until that is done, writing accepts 0 bytes.
///
/// [`ConnectionConfig`] enables early data, the exporter and moves to other processes. Use an
/// [`Acceptor`] for a server that chooses its configuration based on the ClientHello.
#[derive(Debug)]
pub struct Connection {
    writer: Writer,
    reader: Reader,
    stage: Stage,
}

/// How far the handshake has progressed.
#[derive(Debug)]
enum Stage {
    Negotiating(Box<Handshake>),
    Established(Box<Negotiated>),
    /// The handshake failed or was given up.
    Failed(Box<ConnectionError>),
}

impl Connection {
    /// Creates a client that asks for `name`: `"example.com".try_into()?`, or `host.try_into()?`
    /// for a `String`. Its first flight is pending: drain it.
    ///
    /// The configuration's provider performs the handshake; records are sealed with ring. If the
    /// provider has suites that are not in [`CipherSuite::ALL`](crate::CipherSuite::ALL), remove
    /// them:
    ///
    /// ```
    /// use wantwrite::{CipherSuite, rustls::crypto::CryptoProvider};
    ///
    /// fn keep_our_suites(provider: &mut CryptoProvider) {
    ///     let is_ours = |number| CipherSuite::from_wire(number).is_some();
    ///     provider.cipher_suites.retain(|suite| is_ours(suite.suite().into()));
    /// }
    /// ```
    ///
    /// This crate is tested with rustls's ring provider. Name it explicitly with
    /// `builder_with_provider`: if another provider is compiled in too (aws-lc-rs, which
    /// tokio-rustls enables by default), `ClientConfig::builder` panics unless the program has
    /// chosen one (`CryptoProvider::install_default`).
    ///
    /// The hand-over requires `enable_secret_extraction`. If the configuration does not set it,
    /// each connection makes a copy of 500 bytes, so set it on a configuration that many
    /// connections share.
    ///
    /// # Errors
    /// [`ConnectionError::Handshake`] if rustls rejects the configuration or the name,
    /// [`ConnectionError::UnsupportedSuite`] if the provider has a suite that this crate does not
    /// support.
    pub fn client(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, ConnectionError> {
        Self::client_with(config, name, ConnectionConfig::default())
    }

    /// Like [`client`](Self::client), with settings. rustls's `max_fragment_size` also caps our
    /// records, in addition to
    /// [`WriterConfig::max_fragment_len`](crate::WriterConfig::max_fragment_len): the lower one
    /// applies, until [`Writer::set_max_fragment_len`] replaces both. It must be 69 or more.
    ///
    /// # Errors
    /// The same as [`client`](Self::client), and [`ConnectionError::Config`] if a setting is out of
    /// range.
    pub fn client_with(
        tls: Arc<ClientConfig>,
        name: ServerName<'static>,
        config: ConnectionConfig,
    ) -> Result<Self, ConnectionError> {
        let config = config.capped(tls.max_fragment_size);
        let backend = Rustls::new_client(tls, name, &config)?;
        Self::negotiating(Box::new(backend), config)
    }

    /// Creates a server that waits for a client's first flight.
    ///
    /// # Errors
    /// [`ConnectionError::Handshake`] if rustls rejects the configuration,
    /// [`ConnectionError::UnsupportedSuite`] as for [`client`](Self::client).
    pub fn server(config: Arc<ServerConfig>) -> Result<Self, ConnectionError> {
        Self::server_with(config, ConnectionConfig::default())
    }

    /// Like [`server`](Self::server), with settings. `max_fragment_size` works as in
    /// [`client_with`](Self::client_with).
    ///
    /// # Errors
    /// The same as [`server`](Self::server), and [`ConnectionError::Config`] if a setting is out of
    /// range.
    pub fn server_with(
        tls: Arc<ServerConfig>,
        config: ConnectionConfig,
    ) -> Result<Self, ConnectionError> {
        let config = config.capped(tls.max_fragment_size);
        let backend: Box<dyn Backend> = if config.peer_size_limits {
            check_suites(tls.crypto_provider())?;
            Box::new(LateServer::new(Some(tls), &config))
        } else {
            Box::new(Rustls::new_server(&tls, &config, None)?)
        };
        Self::negotiating(backend, config)
    }

    fn negotiating(
        backend: Box<dyn Backend>,
        config: ConnectionConfig,
    ) -> Result<Self, ConnectionError> {
        let ConnectionConfig { writer: writer_config, reader: reader_config, .. } = config;
        let early_capacity = writer_config.capacity;
        // These check the settings.
        let writer = Writer::without_keys(writer_config)?;
        let reader = Reader::without_keys(backend.role(), &reader_config)?;
        let inbound = reader_config.handshake_buffer();
        let handshake = Handshake::new(backend, inbound, reader_config.limits, early_capacity);
        let stage = Stage::Negotiating(Box::new(handshake));
        let mut this = Self { writer, reader, stage };
        this.process()?;
        Ok(this)
    }

    /// Processes the input as far as possible: continues the handshake, opens records until one has
    /// plaintext for you to consume, answers KeyUpdates, and stores tickets. Without input it
    /// changes nothing.
    ///
    /// # Errors
    /// The fatal error, which every later call returns again. If the peer has to be told, the alert
    /// is pending in [`Writer::drain`]: drain it before you close the transport. If our writing
    /// half failed, you still get the plaintext that was opened before.
    ///
    /// [`Error::Truncated`], once: reading has ended without `close_notify`, but you can still
    /// write. During the handshake this error is fatal.
    #[inline]
    pub fn process(&mut self) -> Result<(), ConnectionError> {
        if let Stage::Negotiating(handshake) = &mut self.stage {
            if self.writer.state() != WriterState::Negotiating {
                // The writer was closed or has failed on its own.
                let closed = Error::Aborted(AlertDescription::CLOSE_NOTIFY);
                let error = self.writer.error().unwrap_or(closed);
                return Err(self.end(error.into()));
            }
            match handshake.advance(&mut self.writer) {
                Ok(Status::Blocked | Status::Hello) => return Ok(()),
                Ok(Status::Done) => self.hand_over()?,
                Err(error) => return Err(self.end(error)),
            }
        }
        match &self.stage {
            Stage::Negotiating(_) => Ok(()),
            Stage::Established(_) => Ok(self.process_records()?),
            Stage::Failed(error) => Err(ConnectionError::clone(error)),
        }
    }

    #[inline]
    fn process_records(&mut self) -> Result<(), Error> {
        let Self { writer, reader, .. } = self;
        if let Some(error) = writer.error() {
            reader.fail(error);
            // An end that was already reported does not change, yet the connection has failed.
            if let ReaderState::PeerClosed | ReaderState::Truncated = reader.state() {
                return Err(error);
            }
        }
        let was = reader.state();
        if let Err(error) = reader.process_with(&mut WriterBeside::new(writer)) {
            // When a transport's input has ended, its output can still be open.
            writer.fail(error);
            return Err(error);
        }
        let peer_closes = was == ReaderState::Open && reader.state() == ReaderState::PeerClosed;
        if peer_closes && self.answers_close() {
            // The failure is sticky, so the next call reports it.
            let _failed = self.writer.close();
        }
        Ok(())
    }

    /// Returns the writing half, read-only.
    #[must_use]
    #[inline]
    pub const fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Returns the writing half. It exists from the start of the connection: drain what it seals,
    /// and the handshake's own messages, from it. Until the handshake is over it does not accept
    /// plaintext ([`WriterState::Negotiating`]). If nothing is pending, this call seals [early
    /// data](Self::early_writer) that was accepted.
    ///
    /// The connection's [`close`](Self::close) and [`abort`](Self::abort) also end reading; the
    /// writer's own do so at the next [`process`](Self::process).
    #[inline]
    pub fn writer_mut(&mut self) -> &mut Writer {
        if let Stage::Negotiating(handshake) = &mut self.stage {
            handshake.seal_early_for_drain(&mut self.writer);
        }
        &mut self.writer
    }

    /// Returns the reading half, read-only.
    #[must_use]
    #[inline]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Seals the current record and `close_notify`, which ends our half. Nothing accepted is lost
    /// if you drain it, and if you read to the peer's end before you drop a socket
    /// ([`WriterState::Closed`](crate::WriterState::Closed)). The peer's half stays open until its
    /// own `close_notify` (RFC 9846 §6.1). A repeated call changes nothing.
    ///
    /// During the handshake this gives up the handshake without an alert, because rustls does not
    /// allow one before its end. Reading then fails with [`Error::Aborted`].
    ///
    /// # Errors
    /// [`WriteError::Failed`] after a fatal error.
    pub fn close(&mut self) -> Result<(), WriteError> {
        self.writer.close()?;
        if let Stage::Negotiating(_) = self.stage {
            self.end(Error::Aborted(AlertDescription::CLOSE_NOTIFY).into());
        }
        Ok(())
    }

    /// Ends both halves with a fatal alert. Unread plaintext and the current record are wiped. You
    /// can still drain what was sealed before, and then the alert. For `close_notify` and
    /// `user_canceled`, which do not signal an error (RFC 9846 §6.1), `internal_error` is sent
    /// instead. During the handshake, the alert is sent only while our output is unprotected, apart
    /// from early data: rustls does not allow an alert later. In TLS 1.3, this means until a client
    /// has the ServerHello, or until a server has sent it; in TLS 1.2, until our
    /// change_cipher_spec.
    pub fn abort(&mut self, alert: AlertDescription) {
        let error = Error::Aborted(alert);
        match &mut self.stage {
            Stage::Negotiating(handshake) => {
                handshake.abort(error.alert().unwrap_or(alert), &mut self.writer);
                self.end(error.into());
            }
            Stage::Established(_) => {
                self.writer.fail(error);
                self.reader.abort(error);
            }
            Stage::Failed(_) => {}
        }
    }

    /// The handshake is over: from here on we seal and open every record.
    fn hand_over(&mut self) -> Result<(), ConnectionError> {
        let failed = Stage::Failed(Box::new(Error::HandshakeFailed.into()));
        let handshake = match mem::replace(&mut self.stage, failed) {
            Stage::Negotiating(handshake) => handshake,
            stage @ (Stage::Established(_) | Stage::Failed(_)) => {
                self.stage = stage;
                return Ok(());
            }
        };
        let input_ended = handshake.input().has_ended();
        match handshake.hand_over() {
            Ok((handed_over, inbound)) => {
                let (write_keys, read_keys, next_keys, negotiated) = handed_over.into_parts();
                self.writer.begin(write_keys, next_keys);
                self.reader.begin_in(read_keys, inbound);
                self.stage = Stage::Established(Box::new(negotiated));
            }
            Err(error) => return Err(self.end(error)),
        }
        if input_ended {
            self.reader.end_of_input();
        }
        Ok(())
    }

    /// Ends a handshake with `error` and returns `error`. The handshake's last bytes stay pending.
    fn end(&mut self, error: ConnectionError) -> ConnectionError {
        let fault = match error {
            ConnectionError::Record(error) => error,
            ConnectionError::Handshake(_)
            | ConnectionError::UnsupportedSuite(_)
            | ConnectionError::Config(_) => Error::HandshakeFailed,
        };
        self.writer.end_handshake(fault);
        self.reader.abort(fault);
        self.stage = Stage::Failed(Box::new(error.clone()));
        error
    }
}
