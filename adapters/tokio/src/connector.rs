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
    config: ConnectionConfig,
}

impl TlsConnector {
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
        let mut this = self.clone();
        Arc::make_mut(&mut this.tls).alpn_protocols = protocols;
        this
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
        let connection = Connection::client_with(self.tls.clone(), name, self.config.clone());
        TlsHandshake::new(connection, io, Role::Client, f)
    }

    /// rustls's configuration, as the engine needs it.
    pub const fn config(&self) -> &Arc<ClientConfig> {
        &self.tls
    }
}

impl From<Arc<ClientConfig>> for TlsConnector {
    /// The configuration is copied unless its `enable_secret_extraction` is set.
    fn from(tls: Arc<ClientConfig>) -> Self {
        Self { tls: prepare_client_config(tls), config: ConnectionConfig::pooled(Pool::default()) }
    }
}

/// Makes server streams over tokio's transports; see [`TlsConnector`]. A clone shares the
/// configuration.
#[derive(Clone, Debug)]
pub struct TlsAcceptor {
    tls: Arc<ServerConfig>,
    config: ConnectionConfig,
}

impl TlsAcceptor {
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
        let connection = Connection::server_with(self.tls.clone(), self.config.clone());
        TlsHandshake::new(connection, io, Role::Server, f)
    }

    /// rustls's configuration.
    pub const fn config(&self) -> &Arc<ServerConfig> {
        &self.tls
    }
}

impl From<Arc<ServerConfig>> for TlsAcceptor {
    fn from(tls: Arc<ServerConfig>) -> Self {
        Self { tls, config: ConnectionConfig::pooled(Pool::default()) }
    }
}
