//! Where TLS streams come from.

use alloc::sync::Arc;
use alloc::vec::Vec;

use tokio::io::{AsyncRead, AsyncWrite};
use wantwrite::rustls::pki_types::ServerName;
use wantwrite::rustls::{ClientConfig, ServerConfig};
use wantwrite::{Connection, ConnectionConfig, Pool, Role, prepare_client_config};

use crate::handshake::TlsHandshake;

/// Makes client streams over tokio's transports. A clone shares the configuration.
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
/// [The first page](crate) says what a program changes that comes from tokio-rustls.
#[derive(Clone, Debug)]
pub struct TlsConnector {
    tls: Arc<ClientConfig>,
    /// The same without early data, and for connections that do not allow it.
    without_early_data: Arc<ClientConfig>,
    config: ConnectionConfig,
    early_data: bool,
}

impl TlsConnector {
    /// Whether streams write early data (0-RTT), as far as rustls's `enable_early_data` is set and
    /// there is a ticket of the server that allows it. Default: no. **An attacker can send it to
    /// the server again, and it has no forward secrecy**: set it only if the first thing that you
    /// write does no harm twice (RFC 9846 §2.3).
    ///
    /// [`connect`](Self::connect) gives the stream at once then, with its handshake in front of it:
    ///
    /// * What you write until the server has answered leaves as early data, at once. The buffer
    ///   ([`WriterConfig::capacity`](wantwrite::WriterConfig::capacity)) bounds how much; more
    ///   waits for the handshake.
    /// * Reading, `flush`, `shutdown` and a write that waits finish the handshake. If it fails, they
    ///   say so. What was negotiated, such as the application protocol, is known from then on.
    /// * **What the server did not take of it is sent again**, behind the handshake and in front of
    ///   what you write then: nothing is lost. To decide that by yourself, leave this off, set
    ///   [`ConnectionConfig::early_data`], write with [`connect_with`](Self::connect_with) and
    ///   [`Connection::early_writer`], and ask for
    ///   [`Connection::take_rejected_early_data`] behind the handshake.
    ///
    /// [`Connection::early_data_status`] says what became of it.
    #[must_use]
    pub fn early_data(self, early_data: bool) -> Self {
        Self { early_data, ..self }
    }

    /// Settings for the streams made from now on. By default they are
    /// [`ConnectionConfig::pooled`], with a pool that all streams of this one and of its clones
    /// share: begin with that, or idle streams hold their buffers.
    #[must_use]
    pub fn with_connection_config(self, config: ConnectionConfig) -> Self {
        Self { config, ..self }
    }

    /// The same with other application protocols (RFC 7301). Sessions are resumed across both.
    #[must_use]
    pub fn with_alpn(&self, protocols: Vec<Vec<u8>>) -> Self {
        let mut tls = Arc::clone(&self.tls);
        Arc::make_mut(&mut tls).alpn_protocols = protocols;
        let without_early_data = prepare_client_config(Arc::clone(&tls));
        Self { tls, without_early_data, config: self.config.clone(), early_data: self.early_data }
    }

    /// The handshake with the server `name` over `io`. It has no timeout of its own: wrap it in
    /// `tokio::time::timeout`.
    pub fn connect<IO>(&self, name: ServerName<'static>, io: IO) -> TlsHandshake<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.connect_with(name, io, |_| {})
    }

    /// As [`connect`](Self::connect); the connection is shown to `f` before anything is sent.
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

    /// rustls's configuration, as the engine needs it.
    pub const fn config(&self) -> &Arc<ClientConfig> {
        &self.tls
    }
}

impl From<Arc<ClientConfig>> for TlsConnector {
    /// The configuration is copied unless its `enable_secret_extraction` is set.
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

/// Makes server streams over tokio's transports; see [`TlsConnector`]. A clone shares the
/// configuration.
#[derive(Clone, Debug)]
pub struct TlsAcceptor {
    tls: Arc<ServerConfig>,
    config: ConnectionConfig,
    early_data: bool,
}

impl TlsAcceptor {
    /// Whether clients may send early data (0-RTT), as far as rustls's `max_early_data_size` is set
    /// and its session store gives each session once. Default: no, and what a client sends early is
    /// rejected. **It may be a replay** (RFC 8470), so it is never part of what a stream reads:
    ///
    /// * [`TlsHandshake::read_early`] reads it before the handshake is over, and
    /// * [`Connection::early_plaintext`] has what was not read, through
    ///   [`TlsStream::get_mut`](crate::TlsStream::get_mut), when it is. It is in front of what the
    ///   stream reads, and no replay: the client's Finished has come.
    #[must_use]
    pub fn early_data(self, early_data: bool) -> Self {
        Self { early_data, ..self }
    }

    /// Settings for the streams made from now on, as
    /// [`TlsConnector::with_connection_config`].
    #[must_use]
    pub fn with_connection_config(self, config: ConnectionConfig) -> Self {
        Self { config, ..self }
    }

    /// The handshake with the client that is at the other end of `io`. It has no timeout of its
    /// own: wrap it in `tokio::time::timeout`.
    pub fn accept<IO>(&self, io: IO) -> TlsHandshake<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.accept_with(io, |_| {})
    }

    /// As [`accept`](Self::accept); the connection is shown to `f` before anything is received.
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
