//! A server whose configuration is chosen once the client has spoken.

use alloc::boxed::Box;
use alloc::sync::Arc;

use rustls::ServerConfig;

use super::hello::ClientHello;
use super::rustls23::{LateServer, choose};
use super::{Connection, ConnectionConfig, ConnectionError, Stage};
use crate::alert::AlertDescription;
use crate::error::Error;

/// Reads a ClientHello, then becomes a server [`Connection`] with the configuration of your choice.
///
/// Drive [`connection`](Self::connection) as any other until
/// [`client_hello`](Self::client_hello) is there; then [`accept`](Self::accept) or
/// [`reject`](Self::reject). Nothing that was read is lost, and it works without `std`.
///
/// ```
/// # use std::sync::Arc;
/// # use wantwrite::{Acceptor, AlertDescription, Connection, ConnectionError, rustls::ServerConfig};
/// fn on_input(
///     mut acceptor: Acceptor,
///     wire: &[u8],
///     choose: impl Fn(Option<&str>) -> Option<Arc<ServerConfig>>,
/// ) -> Result<Connection, Result<Acceptor, ConnectionError>> {
///     let connection = acceptor.connection();
///     let _taken = connection.receive(wire);
///     connection.process().map_err(Err)?;
///     let Some(hello) = acceptor.client_hello() else {
///         return Err(Ok(acceptor)); // not all of it is here
///     };
///     match choose(hello.server_name()) {
///         Some(config) => acceptor.accept(config).map_err(Err),
///         // The alert waits to be drained.
///         None => Ok(acceptor.reject(AlertDescription::UNRECOGNIZED_NAME)),
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Acceptor {
    connection: Connection,
    config: ConnectionConfig,
}

impl Acceptor {
    /// An acceptor for one connection, with its settings.
    ///
    /// # Errors
    /// [`ConnectionError::Config`] for a setting that is out of its range.
    pub fn new(config: ConnectionConfig) -> Result<Self, ConnectionError> {
        let backend = Box::new(LateServer::new(None, &config));
        Ok(Self { connection: Connection::negotiating(backend, config.clone())?, config })
    }

    /// The connection, to give it input, and to drain it where it fails. While a whole ClientHello
    /// waits for a configuration, it wants nothing.
    pub const fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// What the client said, once all of it is here.
    #[must_use]
    pub fn client_hello(&self) -> Option<&ClientHello> {
        match &self.connection.stage {
            Stage::Negotiating(handshake) => handshake.client_hello(),
            Stage::Established(_) | Stage::Failed(_) => None,
        }
    }

    /// Goes on with a configuration. What there is to answer waits to be drained.
    ///
    /// # Errors
    /// As [`Connection::server_with`]; why the handshake failed, if it did at once; or
    /// [`Error::HandshakeFailed`] without a ClientHello. The peer's alert is lost then: where it
    /// matters, check the configuration before.
    pub fn accept(mut self, tls: Arc<ServerConfig>) -> Result<Connection, ConnectionError> {
        let Connection { writer, stage, .. } = &mut self.connection;
        let Stage::Negotiating(handshake) = stage else {
            return Err(self.connection.error().unwrap_or_else(|| Error::HandshakeFailed.into()));
        };
        let hello = handshake.client_hello().ok_or(Error::HandshakeFailed)?;
        let config = self.config.capped(tls.max_fragment_size);
        writer.lower_max_fragment_len(config.writer.max_fragment_len);
        let (backend, limit) = choose(hello, &tls, &config)?;
        handshake.go_on_with(backend, limit, writer);
        // A failure is sticky, and its alert waits.
        let _failed = self.connection.process();
        Ok(self.connection)
    }

    /// Refuses the client with a fatal alert, which waits to be drained from what this returns: a
    /// connection that has failed with [`Error::Aborted`]. If it had failed before, it keeps its
    /// error and its alert.
    #[must_use]
    pub fn reject(mut self, alert: AlertDescription) -> Connection {
        self.connection.abort(alert);
        self.connection
    }
}
