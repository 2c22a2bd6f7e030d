//! A whole connection: rustls's handshake, then our two halves and what ties them. The only home
//! of rustls.

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
/// Drive it by its levels: while [`wants`](Self::wants)`().drain`, move bytes from
/// [`Writer::drain`] to the transport; when the transport has bytes and
/// `wants().input`, move them into [`inbound`](Self::inbound) and call
/// [`process`](Self::process). The handshake is made by the way: until it is done, writing
/// accepts 0 bytes.
///
/// Early data, the exporter and moves to other processes are switched on in [`ConnectionConfig`];
/// an [`Acceptor`] is for servers that choose their configuration by the ClientHello.
#[derive(Debug)]
pub struct Connection {
    writer: Writer,
    reader: Reader,
    stage: Stage,
}

/// How far the handshake has come.
#[derive(Debug)]
enum Stage {
    Negotiating(Box<Handshake>),
    Established(Box<Negotiated>),
    /// It failed, or was given up.
    Failed(Box<ConnectionError>),
}

impl Connection {
    /// A client that will ask for `name`: `"example.com".try_into()?`, or `host.try_into()?` for a
    /// `String`. Its first flight waits to be drained.
    ///
    /// Whichever provider the configuration has makes the handshake; records are sealed with ring.
    /// Of a provider that has suites which are not in
    /// [`CipherSuite::ALL`](crate::CipherSuite::ALL), keep the others:
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
    /// rustls's ring provider is what this crate is tested with: name it by
    /// `builder_with_provider`, because where another one is compiled in too (aws-lc-rs, as
    /// tokio-rustls has it by default) `ClientConfig::builder` panics unless the program has
    /// chosen one (`CryptoProvider::install_default`).
    ///
    /// The configuration is copied unless its `enable_secret_extraction` is set, which the
    /// hand-over needs: set it on one that many connections share, each copy takes 500 bytes.
    ///
    /// # Errors
    /// [`ConnectionError::Handshake`] if rustls refuses the configuration or the name,
    /// [`ConnectionError::UnsupportedSuite`] if its provider has a suite that is not ours.
    pub fn client(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, ConnectionError> {
        Self::client_with(config, name, ConnectionConfig::default())
    }

    /// As [`client`](Self::client), with settings. rustls's `max_fragment_size` caps our records
    /// too, beside [`WriterConfig::max_fragment_len`](crate::WriterConfig::max_fragment_len): it
    /// must be 69 or more.
    ///
    /// # Errors
    /// As [`client`](Self::client); [`ConnectionError::Config`] for a setting that is out of its
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

    /// A server that waits for a client's first flight.
    ///
    /// # Errors
    /// [`ConnectionError::Handshake`] if rustls refuses the configuration,
    /// [`ConnectionError::UnsupportedSuite`] as in [`client`](Self::client).
    pub fn server(config: Arc<ServerConfig>) -> Result<Self, ConnectionError> {
        Self::server_with(config, ConnectionConfig::default())
    }

    /// As [`server`](Self::server), with settings. `max_fragment_size` is as in
    /// [`client_with`](Self::client_with).
    ///
    /// # Errors
    /// As [`server`](Self::server); [`ConnectionError::Config`] for a setting that is out of its
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
        let ConnectionConfig { writer, reader, .. } = config;
        let inbound = reader.handshake_buffer();
        let (role, early_capacity) = (backend.role(), writer.capacity);
        let handshake = Handshake::new(backend, inbound, reader.limits, early_capacity);
        let mut this = Self {
            writer: Writer::without_keys(writer)?,
            reader: Reader::without_keys(role, &reader)?,
            stage: Stage::Negotiating(Box::new(handshake)),
        };
        this.process()?;
        Ok(this)
    }

    /// Makes of the input what can be made of it: goes on with the handshake, opens records until
    /// one has plaintext that is not consumed, answers KeyUpdates, stores tickets. Without input
    /// it changes nothing.
    ///
    /// # Errors
    /// The fatal error, again at every later call. If the peer is to be told, the alert waits in
    /// [`Writer::drain`]: drain it before closing the transport. Where it was our writing half that
    /// failed, the plaintext that was opened before comes first.
    ///
    /// [`Error::Truncated`], once: reading has ended without `close_notify`, and you can still
    /// write. During the handshake it is fatal.
    #[inline]
    pub fn process(&mut self) -> Result<(), ConnectionError> {
        if let Stage::Negotiating(handshake) = &mut self.stage {
            if self.writer.state() != WriterState::Negotiating {
                // The writer was closed or has failed by itself.
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
            // An end that was told stays what it was, and yet the connection has failed.
            if let ReaderState::PeerClosed | ReaderState::Truncated = reader.state() {
                return Err(error);
            }
        }
        let was = reader.state();
        if let Err(error) = reader.process_with(&mut WriterBeside::new(writer)) {
            // A transport that ended can still be open in the other direction.
            writer.fail(error);
            return Err(error);
        }
        let peer_closes = was == ReaderState::Open && reader.state() == ReaderState::PeerClosed;
        if peer_closes && self.answers_close() {
            // The fault of a failed half is sticky and comes at the next call.
            let _failed = self.writer.close();
        }
        Ok(())
    }

    /// The writing half, to look at.
    #[must_use]
    #[inline]
    pub const fn writer(&self) -> &Writer {
        &self.writer
    }

    /// The writing half, from the first moment of the connection: what it seals, and what the
    /// handshake has to say, is drained from it. Until the handshake is over it takes no
    /// plaintext ([`WriterState::Negotiating`]). Where nothing waits to be drained,
    /// [early data](Self::early_writer) that waits is sealed now.
    ///
    /// [`close`](Self::close) and [`abort`](Self::abort) of the connection end reading too; those
    /// of the writer do so at the next [`process`](Self::process).
    #[inline]
    pub fn writer_mut(&mut self) -> &mut Writer {
        if let Stage::Negotiating(handshake) = &mut self.stage {
            handshake.seal_early_for_drain(&mut self.writer);
        }
        &mut self.writer
    }

    /// The reading half, to look at.
    #[must_use]
    #[inline]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Seals the current record and `close_notify`: our half ends, and nothing accepted is lost if
    /// you drain it, and read to the peer's end before you drop a socket
    /// ([`WriterState::Closed`](crate::WriterState::Closed)). The
    /// peer's half stays open until its own `close_notify` (RFC 9846 §6.1). Repeated, it changes
    /// nothing.
    ///
    /// While negotiating, the handshake is given up without an alert: rustls lends none before
    /// its end. Reading fails then with [`Error::Aborted`].
    ///
    /// # Errors
    /// [`WriteError::Failed`] after a fatal fault.
    pub fn close(&mut self) -> Result<(), WriteError> {
        self.writer.close()?;
        if let Stage::Negotiating(_) = self.stage {
            self.end(Error::Aborted(AlertDescription::CLOSE_NOTIFY).into());
        }
        Ok(())
    }

    /// Ends both halves with a fatal alert: plaintext that was not read is wiped, and so is the
    /// current record. What was sealed before can still be drained, the alert behind it;
    /// `internal_error` in the place of `close_notify` and `user_canceled`, which would look like
    /// a clean end or like none (RFC 9846 §6.1). While negotiating, the alert is sent as long as
    /// what we send is in the clear: rustls lends none later.
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

    /// The handshake is over: from here on every record is ours.
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

    /// Ends a handshake for `error`, and gives it back. Its last bytes stay to be drained.
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
