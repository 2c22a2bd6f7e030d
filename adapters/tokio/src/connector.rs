//! Connectors and acceptors: they make TLS streams.

use alloc::sync::Arc;
use alloc::vec::Vec;

use tokio::io::{AsyncRead, AsyncWrite};
use wantwrite::rustls::pki_types::ServerName;
use wantwrite::rustls::{ClientConfig, ServerConfig};
use wantwrite::{Connection, ConnectionConfig, Pool, Role, prepare_client_config};

use crate::handshake::TlsHandshake;

/// Makes client streams over tokio's transports. Clones share the configuration.
///
/// ```no_run
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use tokio::net::TcpStream;
/// use wantwrite_tokio::TlsConnector;
///
/// # async fn get() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = TlsConnector::from(wantwrite::webpki_client_config());
/// let socket = TcpStream::connect("example.com:443").await?;
/// let mut tls = connector.connect("example.com".try_into()?, socket).await?;
/// tls.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n").await?;
/// let mut page = Vec::new();
/// tls.read_to_end(&mut page).await?;
/// tls.shutdown().await?;
/// # Ok(())
/// # }
/// ```
///
/// The [crate page](crate) lists what to change in a program that uses tokio-rustls.
#[derive(Clone, Debug)]
pub struct TlsConnector {
    tls: Arc<ClientConfig>,
    /// The same configuration without early data, for connections that do not allow it.
    without_early_data: Arc<ClientConfig>,
    config: ConnectionConfig,
    early_data: bool,
}

impl TlsConnector {
    /// Allows or forbids streams to write early data (0-RTT). The default is to forbid it. Early
    /// data also needs rustls's `enable_early_data` and a ticket with which the server allows it.
    /// **An attacker can replay early data, and it has no forward secrecy**: enable it only if
    /// receiving your first bytes twice does no harm (RFC 9846 §2.3).
    ///
    /// With early data, [`connect`](Self::connect) returns the stream before the handshake:
    ///
    /// * Until the server has answered, whatever you write is sent as early data, without waiting.
    ///   The buffer ([`WriterConfig::capacity`](wantwrite::WriterConfig::capacity)) limits how
    ///   much; any further write waits for the handshake.
    /// * Reading, `flush`, `shutdown` and a write that has to wait finish the handshake first, and
    ///   return its error if it fails. Only then is the outcome of the negotiation known, such as
    ///   the application protocol.
    /// * **The stream resends early data that the server rejected**, after the handshake and before
    ///   anything you write later, so nothing is lost. To decide that yourself, leave this off: set
    ///   [`ConnectionConfig::early_data`], write through [`connect_with`](Self::connect_with) and
    ///   [`Connection::early_writer`], and call [`Connection::take_rejected_early_data`] after the
    ///   handshake.
    ///
    /// [`Connection::early_data_status`] says whether the server accepted it.
    #[must_use]
    pub fn early_data(self, early_data: bool) -> Self {
        Self { early_data, ..self }
    }

    /// Sets the configuration of streams made from now on. The default is
    /// [`ConnectionConfig::pooled`] with one pool for all streams of this connector and its clones.
    /// Start from [`connection_config`](Self::connection_config) or `pooled`; otherwise idle streams
    /// hold on to their buffers.
    #[must_use]
    pub fn with_connection_config(self, config: ConnectionConfig) -> Self {
        Self { config, ..self }
    }

    /// The configuration of streams made from now on. To change one setting and keep the pool,
    /// [set](Self::with_connection_config) a changed clone.
    pub const fn connection_config(&self) -> &ConnectionConfig {
        &self.config
    }

    /// A copy of this connector that offers other application protocols (RFC 7301). Both resume
    /// each other's sessions.
    #[must_use]
    pub fn with_alpn(&self, protocols: Vec<Vec<u8>>) -> Self {
        let mut tls = Arc::clone(&self.tls);
        Arc::make_mut(&mut tls).alpn_protocols = protocols;
        let without_early_data = prepare_client_config(Arc::clone(&tls));
        Self { tls, without_early_data, config: self.config.clone(), early_data: self.early_data }
    }

    /// Starts a handshake with the server `name` over `io`. It never times out: wrap it in
    /// `tokio::time::timeout`.
    pub fn connect<IO>(&self, name: ServerName<'static>, io: IO) -> TlsHandshake<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.connect_with(name, io, |_| {})
    }

    /// Like [`connect`](Self::connect), but calls `f` with the connection before anything is sent.
    pub fn connect_with<IO, F>(&self, name: ServerName<'static>, io: IO, f: F) -> TlsHandshake<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
        F: FnOnce(&mut Connection),
    {
        let mut config = self.config.clone();
        config.early_data |= self.early_data;
        let tls = if config.early_data { &self.tls } else { &self.without_early_data };
        let connection = Connection::client_with(Arc::clone(tls), name, config);
        let handshake = TlsHandshake::new(connection, io, Role::Client, f);
        if self.early_data { handshake.with_early_data() } else { handshake }
    }

    /// rustls's configuration, prepared for the engine.
    pub const fn config(&self) -> &Arc<ClientConfig> {
        &self.tls
    }
}

impl From<Arc<ClientConfig>> for TlsConnector {
    /// Copies the configuration unless its `enable_secret_extraction` is already set.
    fn from(mut tls: Arc<ClientConfig>) -> Self {
        if !tls.enable_secret_extraction {
            Arc::make_mut(&mut tls).enable_secret_extraction = true;
        }
        Self {
            without_early_data: prepare_client_config(Arc::clone(&tls)),
            tls,
            config: ConnectionConfig::pooled(Pool::default()),
            early_data: false,
        }
    }
}

/// Makes server streams over tokio's transports; see [`TlsConnector`]. Clones share the
/// configuration.
#[derive(Clone, Debug)]
pub struct TlsAcceptor {
    tls: Arc<ServerConfig>,
    config: ConnectionConfig,
    early_data: bool,
}

impl TlsAcceptor {
    /// Allows or forbids clients to send early data (0-RTT). By default it is rejected. Early data
    /// also needs rustls's `max_early_data_size` and a session store that hands out each session
    /// only once. **Early data may be a replay** (RFC 8470), so a stream never returns it from a
    /// read:
    ///
    /// * [`TlsHandshake::read_early`] reads it before the handshake is complete.
    /// * After the handshake, [`Connection::early_plaintext`] holds what you have not read, through
    ///   [`TlsStream::get_mut`](crate::TlsStream::get_mut). It precedes what the stream reads, and
    ///   is known not to be a replay: the client's Finished has arrived.
    #[must_use]
    pub fn early_data(self, early_data: bool) -> Self {
        Self { early_data, ..self }
    }

    /// Sets the configuration of streams made from now on, like
    /// [`TlsConnector::with_connection_config`].
    #[must_use]
    pub fn with_connection_config(self, config: ConnectionConfig) -> Self {
        Self { config, ..self }
    }

    /// The configuration of streams made from now on, like [`TlsConnector::connection_config`].
    pub const fn connection_config(&self) -> &ConnectionConfig {
        &self.config
    }

    /// Starts a handshake with the client at the other end of `io`. It never times out: wrap it in
    /// `tokio::time::timeout`.
    pub fn accept<IO>(&self, io: IO) -> TlsHandshake<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.accept_with(io, |_| {})
    }

    /// Like [`accept`](Self::accept), but calls `f` with the connection before anything is
    /// received.
    pub fn accept_with<IO, F>(&self, io: IO, f: F) -> TlsHandshake<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
        F: FnOnce(&mut Connection),
    {
        let mut config = self.config.clone();
        config.early_data |= self.early_data;
        let connection = Connection::server_with(self.tls.clone(), config);
        TlsHandshake::new(connection, io, Role::Server, f)
    }

    /// rustls's configuration.
    pub const fn config(&self) -> &Arc<ServerConfig> {
        &self.tls
    }
}

impl From<Arc<ServerConfig>> for TlsAcceptor {
    fn from(tls: Arc<ServerConfig>) -> Self {
        Self { tls, config: ConnectionConfig::pooled(Pool::default()), early_data: false }
    }
}
