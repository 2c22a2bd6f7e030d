//! A whole connection: rustls's handshake, then our two halves and what ties them. The only home
//! of rustls.

mod config;
mod error;
mod from_keys;
mod handover;
mod handshake;
mod lending;
mod negotiated;
mod post_handshake;
mod server_name;
mod view;
mod watch;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::mem;

#[cfg(all(feature = "std", feature = "webpki-roots"))]
pub use config::webpki_client_config;
#[cfg(feature = "webpki-roots")]
pub use config::webpki_client_config_with_time;
pub use config::{ConnectionConfig, Tls12Close};
use config::{check_suites, prepare_server};
pub use config::{client_config_builder, clock, prepare_client_config, server_config_builder};
pub use error::ConnectionError;
use handover::Tls;
use handshake::{HandedOver, Handshake, Status};
use negotiated::Negotiated;
use post_handshake::WriterBeside;
pub use rustls;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use rustls::{ClientConfig, ServerConfig};
use server_name::{RememberServerName, ServerNameCell};

use crate::aead::ReadKeys;
use crate::alert::AlertDescription;
use crate::error::{Error, Overrun, WriteError};
use crate::reader::{Inbound, Reader, ReaderState};
use crate::writer::{Writer, WriterParts, WriterState};

/// A TLS connection without I/O.
///
/// Drive it by its levels: while [`wants`](Self::wants)`().drain`, move bytes from
/// [`Writer::drain`] to the transport; when the transport has bytes and
/// `wants().input`, move them into [`inbound`](Self::inbound) and call
/// [`process`](Self::process). The handshake is made by the way: until it is done, writing
/// accepts 0 bytes.
///
/// 0-RTT and half-RTT data are switched off, and the TLS exporter is not available: both exist
/// only inside rustls.
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
        check_suites(tls.crypto_provider())?;
        let config = config.capped(tls.max_fragment_size);
        let tls = UnbufferedClientConnection::new(prepare_client_config(tls), name)?;
        Self::negotiating(Tls::Client(tls), None, config)
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
        check_suites(tls.crypto_provider())?;
        let config = config.capped(tls.max_fragment_size);
        let mut tls = prepare_server(&tls);
        let (resolver, name) = RememberServerName::before(Arc::clone(&tls.cert_resolver));
        tls.cert_resolver = resolver;
        let tls = UnbufferedServerConnection::new(Arc::new(tls))?;
        Self::negotiating(Tls::Server(tls), Some(name), config)
    }

    fn negotiating(
        tls: Tls,
        name: Option<ServerNameCell>,
        config: ConnectionConfig,
    ) -> Result<Self, ConnectionError> {
        let ConnectionConfig { writer, reader, tls12_close } = config;
        let inbound = reader.handshake_buffer();
        let role = tls.role();
        let mut this = Self {
            writer: Writer::without_keys(writer)?,
            reader: Reader::without_keys(role, &reader)?,
            stage: Stage::Negotiating(Box::new(Handshake::new(
                tls,
                name,
                inbound,
                reader.limits,
                tls12_close,
            ))),
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
    pub fn process(&mut self) -> Result<(), ConnectionError> {
        if let Stage::Negotiating(handshake) = &mut self.stage {
            if self.writer.state() != WriterState::Negotiating {
                // The writer was closed or has failed by itself.
                let closed = Error::Aborted(AlertDescription::CLOSE_NOTIFY);
                let error = self.writer.error().unwrap_or(closed);
                return Err(self.end(error.into()));
            }
            match handshake.advance(&mut self.writer) {
                Ok(Status::Blocked) => return Ok(()),
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
        if let Err(error) = reader.process_with(&mut WriterBeside { writer }) {
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
    /// plaintext ([`WriterState::Negotiating`]).
    ///
    /// [`close`](Self::close) and [`abort`](Self::abort) of the connection end reading too; those
    /// of the writer do so at the next [`process`](Self::process).
    #[inline]
    pub const fn writer_mut(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// The reading half, to look at.
    #[must_use]
    #[inline]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Memory for the transport's next bytes, to read straight into; then call
    /// [`process`](Self::process). `None` while there is none, as in [`Reader::inbound`].
    pub fn inbound(&mut self) -> Option<Inbound<'_>> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => Inbound::new(handshake.inbound()?),
            Stage::Established(_) | Stage::Failed(_) => self.reader.inbound(),
        }
    }

    /// Copies as much of `wire` as there is room for and returns how much that was; then call
    /// [`process`](Self::process). Bytes after the end of reading are taken and ignored.
    #[must_use]
    pub fn receive(&mut self, wire: &[u8]) -> usize {
        match &mut self.stage {
            Stage::Negotiating(handshake) if !handshake.input_has_ended() => {
                self.inbound().map_or(0, |inbound| inbound.receive(wire))
            }
            Stage::Negotiating(_) => wire.len(),
            Stage::Established(_) | Stage::Failed(_) => self.reader.receive(wire),
        }
    }

    /// The transport has ended. Whole records that are held are still read; after them
    /// [`process`](Self::process) gives [`Error::Truncated`] once, unless the peer had closed. Not
    /// to be called for a read of 0 bytes into no memory: see [`Inbound`].
    pub fn end_of_input(&mut self) {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.end_of_input(),
            Stage::Established(_) | Stage::Failed(_) => self.reader.end_of_input(),
        }
    }

    /// The plaintext of the record that was opened last, at most 16,384 bytes; empty if there is
    /// none: then [`process`](Self::process) may find more.
    #[must_use]
    pub fn plaintext(&self) -> &[u8] {
        self.reader.plaintext()
    }

    /// Removes `n` bytes from the front of the plaintext.
    ///
    /// # Errors
    /// [`Overrun`] if it has fewer; nothing is removed then.
    pub fn consume(&mut self, n: usize) -> Result<(), Overrun> {
        self.reader.consume(n)
    }

    /// Removes all plaintext of the record that is open.
    pub fn consume_all(&mut self) {
        self.reader.consume_all();
    }

    /// Copies plaintext into `buf`, processing input as needed, and returns how many bytes that
    /// were. 0 means that input is needed, or that nothing more will come:
    /// [`reader_state`](Self::reader_state) tells.
    ///
    /// # Errors
    /// As [`process`](Self::process); bytes copied before an error are returned first, the error
    /// comes at the next call.
    pub fn read(&mut self, buf: &mut [u8]) -> Result<usize, ConnectionError> {
        if buf.is_empty() {
            return Ok(0);
        }
        let mut len = 0;
        self.read_with(|plaintext| {
            let n = plaintext.len().min(buf.len() - len);
            buf[len..len + n].copy_from_slice(&plaintext[..n]);
            len += n;
            n
        })
    }

    /// As [`read`](Self::read), to where `take` puts the plaintext that it is shown. It returns
    /// how much that was, 0 when it takes no more. It may be called several times: once for each
    /// record that is there.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_with(
        &mut self,
        mut take: impl FnMut(&[u8]) -> usize,
    ) -> Result<usize, ConnectionError> {
        let mut len = 0;
        loop {
            match self.process() {
                // Never 0, as at a clean end.
                Ok(()) if len == 0 && self.reader.state() == ReaderState::Truncated => {
                    return Err(Error::Truncated.into());
                }
                Ok(()) => {}
                Err(_) if len > 0 => return Ok(len),
                Err(error) => return Err(error),
            }
            let plaintext = self.plaintext();
            let n = take(plaintext).min(plaintext.len());
            let _within = self.consume(n);
            len += n;
            if n == 0 || !self.reads_on() {
                return Ok(len);
            }
        }
    }

    /// Whether the call that has read a record finds more behind it; not where the peer's
    /// `close_notify` closes our half, before the caller could answer what came in front of it.
    fn reads_on(&self) -> bool {
        if !self.plaintext().is_empty() {
            return false;
        }
        if self.answers_close() { self.reader.holds_data() } else { self.reader.holds_record() }
    }

    /// Whether the peer's `close_notify` closes our half (RFC 5246 §7.2.1).
    fn answers_close(&self) -> bool {
        matches!(&self.stage, Stage::Established(negotiated) if negotiated.answers_close)
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
    /// a clean end or like none (RFC 9846 §6.1). While negotiating no alert is sent, as in
    /// [`close`](Self::close).
    pub fn abort(&mut self, alert: AlertDescription) {
        let error = Error::Aborted(alert);
        match self.stage {
            Stage::Negotiating(_) => {
                self.end(error.into());
            }
            Stage::Established(_) => {
                self.writer.fail(error);
                self.reader.abort(error);
            }
            Stage::Failed(_) => {}
        }
    }

    /// Takes an established connection apart, for kernel TLS or another process: both directions'
    /// keys with their next sequence numbers. After a handshake, what made next generations stays
    /// with rustls and is gone: the keys cannot be updated any more, nor tickets stored. Keys that
    /// came by [`from_keys`](Self::from_keys) leave with their traffic secrets.
    ///
    /// # Errors
    /// The connection itself if it is not at rest: open both ways, nothing to drain or due,
    /// nothing held of the peer's bytes, and no KeyUpdate outstanding that the peer was asked for.
    #[expect(clippy::result_large_err, reason = "the connection itself: boxing would allocate")]
    pub fn into_parts(mut self) -> Result<(WriterParts, ReadKeys), Self> {
        if !self.reader.is_at_rest() || self.writer.expects_peer_update() {
            return Err(self);
        }
        let Some((parts, secret)) = self.writer.take_parts() else { return Err(self) };
        match self.reader.take_keys() {
            Some(keys) => Ok((parts, keys.with_secret(secret))),
            None => Err(self),
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
        let input_ended = handshake.input_has_ended();
        match handshake.hand_over() {
            Ok(HandedOver { write_keys, next_keys, read_keys, inbound, negotiated }) => {
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
