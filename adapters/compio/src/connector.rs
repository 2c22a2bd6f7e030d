//! Connectors and acceptors: they make TLS streams.

use alloc::sync::Arc;
use std::io;

use compio_io::util::Splittable;
use compio_io::{AsyncRead, AsyncWrite};
use wantwrite::rustls::pki_types::ServerName;
use wantwrite::rustls::{ClientConfig, ServerConfig};
use wantwrite::{Connection, ConnectionConfig, Pool, Role, prepare_client_config};

use crate::stream::TlsStream;

/// Makes client streams over compio's transports. Clones share the configuration and the memory:
/// streams take it from a [`Pool`]. It returns there once the transport has sent what was sealed in
/// it, or once you have read what was received in it.
#[derive(Clone, Debug)]
pub struct TlsConnector {
    tls: Arc<ClientConfig>,
    config: ConnectionConfig,
}

impl TlsConnector {
    /// Sets the configuration of streams made from now on. Start from
    /// [`connection_config`](Self::connection_config) or [`ConnectionConfig::pooled`]: without a
    /// pool, sending costs an allocation per 16 KiB.
    #[must_use]
    pub fn with_connection_config(self, config: ConnectionConfig) -> Self {
        Self { config, ..self }
    }

    /// The configuration of streams made from now on. To change one setting and keep the pool,
    /// [set](Self::with_connection_config) a changed clone.
    pub const fn connection_config(&self) -> &ConnectionConfig {
        &self.config
    }

    /// Performs a handshake with the server `name` over `io`. It never times out: wrap it in
    /// `compio::time::timeout`. Dropping the future drops the transport.
    ///
    /// # Errors
    /// * `InvalidData` with a [`ConnectionError`](wantwrite::ConnectionError) inside if the
    ///   handshake failed; the transport has our alert by then, unless it failed too.
    /// * `UnexpectedEof` if the transport ended.
    /// * The transport's own error.
    pub async fn connect<S: Splittable>(
        &self,
        name: ServerName<'static>,
        io: S,
    ) -> io::Result<TlsStream<S>>
    where
        S::ReadHalf: AsyncRead + 'static,
        S::WriteHalf: AsyncWrite + 'static,
    {
        let connection = Connection::client_with(self.tls.clone(), name, self.config.clone())?;
        let mut stream = TlsStream::new(connection, io);
        stream.finish_handshake(Role::Client).await?;
        Ok(stream)
    }

    /// rustls's configuration, prepared for the engine.
    pub const fn config(&self) -> &Arc<ClientConfig> {
        &self.tls
    }
}

impl From<Arc<ClientConfig>> for TlsConnector {
    /// Copies the configuration unless its `enable_secret_extraction` is already set.
    fn from(tls: Arc<ClientConfig>) -> Self {
        Self { tls: prepare_client_config(tls), config: ConnectionConfig::pooled(Pool::default()) }
    }
}

/// Makes server streams over compio's transports; see [`TlsConnector`]. Clones share the
/// configuration and the memory.
#[derive(Clone, Debug)]
pub struct TlsAcceptor {
    tls: Arc<ServerConfig>,
    config: ConnectionConfig,
}

impl TlsAcceptor {
    /// Like [`TlsConnector::with_connection_config`].
    #[must_use]
    pub fn with_connection_config(self, config: ConnectionConfig) -> Self {
        Self { config, ..self }
    }

    /// The configuration of streams made from now on, like [`TlsConnector::connection_config`].
    pub const fn connection_config(&self) -> &ConnectionConfig {
        &self.config
    }

    /// Performs a handshake with the client at the other end of `io`. See
    /// [`TlsConnector::connect`].
    ///
    /// # Errors
    /// The same as [`TlsConnector::connect`].
    pub async fn accept<S: Splittable>(&self, io: S) -> io::Result<TlsStream<S>>
    where
        S::ReadHalf: AsyncRead + 'static,
        S::WriteHalf: AsyncWrite + 'static,
    {
        let connection = Connection::server_with(self.tls.clone(), self.config.clone())?;
        let mut stream = TlsStream::new(connection, io);
        stream.finish_handshake(Role::Server).await?;
        Ok(stream)
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
