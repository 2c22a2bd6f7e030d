//! Where TLS streams come from.

use alloc::sync::Arc;
use std::io;

use compio_io::util::Splittable;
use compio_io::{AsyncRead, AsyncWrite};
use wantwrite::rustls::pki_types::ServerName;
use wantwrite::rustls::{ClientConfig, ServerConfig};
use wantwrite::{Connection, ConnectionConfig, Pool, Role, prepare_client_config};

use crate::stream::TlsStream;

/// Makes client streams over compio's transports. A clone shares the configuration, and the
/// memory: streams take it from a [`Pool`], to which it comes back when the transport has sent what
/// was sealed there, or when what was received is read.
#[derive(Clone, Debug)]
pub struct TlsConnector {
    tls: Arc<ClientConfig>,
    config: ConnectionConfig,
}

impl TlsConnector {
    /// Settings for the streams made from now on. Begin with [`ConnectionConfig::pooled`]: without
    /// a pool each 16 KiB that are sent cost an allocation.
    #[must_use]
    pub fn with_connection_config(self, config: ConnectionConfig) -> Self {
        Self { config, ..self }
    }

    /// Shakes hands with the server `name` over `io`. It has no timeout of its own: wrap it in
    /// `compio::time::timeout`. Dropped, it drops the transport.
    ///
    /// # Errors
    /// `InvalidData` with a [`ConnectionError`](wantwrite::ConnectionError) in it if the handshake
    /// failed (our alert was offered to the transport), `UnexpectedEof` if the transport ended, or
    /// the transport's own error.
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

/// Makes server streams over compio's transports; see [`TlsConnector`]. A clone shares the
/// configuration and the memory.
#[derive(Clone, Debug)]
pub struct TlsAcceptor {
    tls: Arc<ServerConfig>,
    config: ConnectionConfig,
}

impl TlsAcceptor {
    /// As [`TlsConnector::with_connection_config`].
    #[must_use]
    pub fn with_connection_config(self, config: ConnectionConfig) -> Self {
        Self { config, ..self }
    }

    /// Shakes hands with the client that is at the other end of `io`. See
    /// [`TlsConnector::connect`].
    ///
    /// # Errors
    /// As there.
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
