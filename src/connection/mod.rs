//! A whole connection: rustls's handshake, then our two halves and what ties them. The only home
//! of rustls.

mod config;
mod ended;
mod error;
mod established;
mod handover;
mod handshake;
mod negotiated;
mod server_name;
mod view;
mod watch;
mod writing;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::mem;

#[cfg(feature = "std")]
pub use config::webpki_client_config;
pub use config::{ConnectionConfig, Tls12Close};
use config::{check_suites, prepare_server};
pub use config::{
    client_config_builder, clock, prepare_client_config, server_config_builder,
    webpki_client_config_with_time,
};
use ended::Ended;
pub use error::ConnectionError;
use established::Established;
use handover::Tls;
use handshake::{Handshake, Status};
pub use rustls;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;
use rustls::{ClientConfig, ServerConfig};
use server_name::{RememberServerName, ServerNameCell};

use crate::aead::ReadKeys;
use crate::alert::AlertDescription;
use crate::buffer::{BufferPolicy, Chunk, InboundBuffer, OutboundBuffer, PutBackError};
use crate::error::{Error, WriteError};
use crate::reader::Inbound;
use crate::writer::{Outbound, WriterParts};

/// A TLS connection without I/O.
///
/// Drive it by its levels: while [`wants`](Self::wants)`().drain`, move bytes from
/// [`outbound`](Self::outbound) to the transport; when the transport has bytes and
/// `wants().input`, move them into [`inbound`](Self::inbound) and call
/// [`process`](Self::process). The handshake is made by the way: until it is done, writing
/// accepts 0 bytes.
///
/// 0-RTT and half-RTT data are switched off, and the TLS exporter is not available: both exist
/// only inside rustls.
#[derive(Debug)]
pub struct Connection {
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Negotiating(Box<Handshake>),
    Established(Box<Established>),
    Ended(Box<Ended>),
}

impl Connection {
    /// A client that will ask for `name`: `"example.com".try_into()?`, or `host.try_into()?` for a
    /// `String`. Its first flight waits to be drained.
    ///
    /// Whichever provider the configuration has makes the handshake; records are sealed with ring.
    /// Of a provider that has suites which are not in [`CipherSuite::ALL`](crate::CipherSuite::ALL),
    /// keep the others:
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
    /// too, beside [`WriterConfig::max_fragment_len`](crate::WriterConfig::max_fragment_len).
    ///
    /// # Errors
    /// As [`client`](Self::client).
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
    /// As [`server`](Self::server).
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
        let reader = &config.reader;
        let inbound = InboundBuffer::new(reader.buffer_capacity(), reader.buffers);
        let handshake = Handshake::new(tls, name, inbound, config);
        let mut this = Self { phase: Phase::Negotiating(Box::new(handshake)) };
        this.process()?;
        Ok(this)
    }

    /// Makes of the input what can be made of it: goes on with the handshake, opens records until
    /// one has plaintext that is not consumed, answers KeyUpdates, stores tickets. Without input
    /// it changes nothing.
    ///
    /// # Errors
    /// The fatal error, again at every later call. If the peer is to be told, the alert waits in
    /// [`outbound`](Self::outbound): drain it before closing the transport. After [`Error::Truncated`] writing goes on. Where it was our writing half that failed, the
    /// plaintext that was opened before comes first.
    pub fn process(&mut self) -> Result<(), ConnectionError> {
        match &mut self.phase {
            Phase::Negotiating(handshake) => match handshake.advance() {
                Ok(Status::Blocked) => Ok(()),
                Ok(Status::Done) => {
                    self.hand_over()?;
                    // What came behind the handshake.
                    self.process()
                }
                Err(error) => Err(self.fail(error)),
            },
            Phase::Established(established) => Ok(established.process()?),
            Phase::Ended(ended) => Err(ended.read_error()),
        }
    }

    /// The bytes for the transport, as a [`Buf`](bytes::Buf). If none wait, the open record is
    /// sealed first.
    #[inline]
    pub fn outbound(&mut self) -> Outbound<'_> {
        match &mut self.phase {
            Phase::Negotiating(handshake) => Outbound::new(&mut handshake.outbound),
            Phase::Ended(ended) => Outbound::new(&mut ended.outbound),
            Phase::Established(established) => established.write.outbound(),
        }
    }

    /// Puts back what the transport did not take of a chunk: it waits again, in front of
    /// everything, and the open record stays open. See
    /// [`Writer::put_back`](crate::Writer::put_back).
    ///
    /// # Errors
    /// As [`Writer::put_back`](crate::Writer::put_back).
    pub fn put_back(&mut self, chunk: Chunk) -> Result<(), PutBackError> {
        match &mut self.phase {
            Phase::Negotiating(handshake) => handshake.outbound.put_back(chunk),
            Phase::Ended(ended) => ended.outbound.put_back(chunk),
            Phase::Established(established) => established.write.put_back(chunk),
        }
    }

    /// Memory for the transport's next bytes, to read straight into; then call
    /// [`process`](Self::process).
    pub fn inbound(&mut self) -> Inbound<'_> {
        Inbound::new(match &mut self.phase {
            Phase::Negotiating(handshake) => handshake.inbound(),
            Phase::Ended(_) => None,
            Phase::Established(established) => established.read.inbound(),
        })
    }

    /// Copies as much of `wire` as there is room for and returns how much that was; then call
    /// [`process`](Self::process). Bytes after the end of reading are taken and ignored.
    #[must_use]
    pub fn receive(&mut self, wire: &[u8]) -> usize {
        self.inbound().receive(wire)
    }

    /// The transport has ended. Whole records that are held are still read; after them
    /// [`process`](Self::process) gives [`Error::Truncated`], unless the peer had closed. Not to
    /// be called for a read of 0 bytes into no memory: see [`Inbound`].
    pub fn end_of_input(&mut self) {
        match &mut self.phase {
            Phase::Negotiating(handshake) => handshake.end_of_input(),
            Phase::Established(established) => established.read.end_of_input(),
            Phase::Ended(_) => {}
        }
    }

    /// The plaintext of the record that is open, at most 16,384 bytes; empty if there is none:
    /// then [`process`](Self::process) may find more.
    #[must_use]
    pub fn plaintext(&self) -> &[u8] {
        match &self.phase {
            Phase::Established(established) => established.read.plaintext(),
            Phase::Negotiating(_) | Phase::Ended(_) => &[],
        }
    }

    /// Removes `n` bytes from the front of the plaintext, or all if it has fewer.
    pub fn consume(&mut self, n: usize) {
        if let Phase::Established(established) = &mut self.phase {
            established.read.consume(n);
        }
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
                Ok(()) => {}
                Err(_) if len > 0 => return Ok(len),
                Err(error) => return Err(error),
            }
            let plaintext = self.plaintext();
            let n = take(plaintext).min(plaintext.len());
            self.consume(n);
            len += n;
            if n == 0 || !self.reads_on() {
                return Ok(len);
            }
        }
    }

    fn reads_on(&self) -> bool {
        match &self.phase {
            Phase::Established(established) => established.reads_on(),
            Phase::Negotiating(_) | Phase::Ended(_) => false,
        }
    }

    /// Seals the open record and `close_notify`: our half ends, and nothing accepted is lost if you
    /// drain it, and read to the peer's end before you drop a socket
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
        match &mut self.phase {
            Phase::Established(established) => established.write.close(),
            Phase::Negotiating(_) => {
                self.end(None);
                Ok(())
            }
            Phase::Ended(ended) => ended.finished(),
        }
    }

    /// Ends both halves with a fatal alert: plaintext that was not read is wiped, and so is the
    /// open record. What was sealed before can still be drained, the alert behind it;
    /// `internal_error` in the place of `close_notify` and `user_canceled`, which would look like
    /// a clean end or like none (RFC 9846 §6.1). While negotiating no alert is sent, as in
    /// [`close`](Self::close).
    pub fn abort(&mut self, alert: AlertDescription) {
        match &mut self.phase {
            Phase::Established(established) => established.abort(Error::Aborted(alert)),
            Phase::Negotiating(_) => self.end(Some(Error::Aborted(alert).into())),
            Phase::Ended(_) => {}
        }
    }

    /// Takes an established connection apart, for kernel TLS or another process: both directions'
    /// keys with their next sequence numbers. What made next generations stays with rustls and is
    /// gone: whoever goes on cannot update keys, nor store tickets.
    ///
    /// # Errors
    /// The connection itself if it is not at rest: open both ways, nothing to drain or due,
    /// nothing held of the peer's bytes, and no KeyUpdate outstanding that the peer was asked for.
    pub fn into_parts(self) -> Result<(WriterParts, ReadKeys), Self> {
        match self.phase {
            Phase::Established(established) if established.is_at_rest() => {
                Ok(established.into_parts())
            }
            phase => Err(Self { phase }),
        }
    }

    /// The handshake is over: from here on every record is ours.
    fn hand_over(&mut self) -> Result<(), ConnectionError> {
        match self.leave() {
            Phase::Negotiating(handshake) => match Established::from_handshake(*handshake) {
                Ok(established) => self.phase = Phase::Established(Box::new(established)),
                Err(error) => return Err(self.fail(error)),
            },
            phase @ (Phase::Established(_) | Phase::Ended(_)) => self.phase = phase,
        }
        Ok(())
    }

    /// Ends a handshake for `error`, and gives it back.
    fn fail(&mut self, error: ConnectionError) -> ConnectionError {
        self.end(Some(error.clone()));
        error
    }

    /// Ends a handshake; its last bytes stay to be drained.
    fn end(&mut self, fault: Option<ConnectionError>) {
        let outbound = match self.leave() {
            Phase::Negotiating(handshake) => handshake.outbound,
            Phase::Established(_) | Phase::Ended(_) => nothing(),
        };
        self.phase = Phase::Ended(Box::new(Ended { outbound, fault }));
    }

    /// The phase, in whose place another is to be put.
    fn leave(&mut self) -> Phase {
        let ended = Ended { outbound: nothing(), fault: None };
        mem::replace(&mut self.phase, Phase::Ended(Box::new(ended)))
    }
}

const fn nothing() -> OutboundBuffer {
    OutboundBuffer::new(0, 0, BufferPolicy::Retain)
}
