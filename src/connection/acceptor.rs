//! A server whose configuration is chosen once the client has sent its ClientHello.

use alloc::boxed::Box;
use alloc::sync::Arc;

use rustls::ServerConfig;

use super::hello::ClientHello;
use super::rustls23::{LateServer, choose};
use super::{Connection, ConnectionConfig, ConnectionError, Stage};
use crate::alert::AlertDescription;
use crate::error::Error;

/// Reads a ClientHello, then becomes a server [`Connection`] with a configuration of your choice.
///
/// Drive [`connection`](Self::connection) like any other until [`client_hello`](Self::client_hello)
/// returns something, then call [`accept`](Self::accept) or [`reject`](Self::reject). Nothing that
/// was read is lost. This works without `std`.
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
///         return Err(Ok(acceptor)); // the ClientHello is not complete yet
///     };
///     match choose(hello.server_name()) {
///         Some(config) => acceptor.accept(config).map_err(Err),
///         // The alert is pending: drain it.
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
    /// Creates an acceptor for one connection, with its settings.
    ///
    /// # Errors
    /// [`ConnectionError::Config`] if a setting is out of range.
    pub fn new(config: ConnectionConfig) -> Result<Self, ConnectionError> {
        let backend = Box::new(LateServer::new(None, &config));
        Ok(Self { connection: Connection::negotiating(backend, config.clone())?, config })
    }

    /// Returns the connection, so that you can feed it input and, if it fails, drain it. Once the
    /// whole ClientHello is here and needs a configuration, the connection wants nothing.
    pub const fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Returns the ClientHello once all of it is here.
    #[must_use]
    pub fn client_hello(&self) -> Option<&ClientHello> {
        match &self.connection.stage {
            Stage::Negotiating(handshake) => handshake.client_hello(),
            Stage::Established(_) | Stage::Failed(_) => None,
        }
    }

    /// Continues with a configuration. The response is pending: drain it.
    ///
    /// # Errors
    /// The errors of [`Connection::server_with`]; the reason why the handshake failed, if it failed
    /// before this call; or [`Error::HandshakeFailed`] without a ClientHello. In each case the
    /// alert for the peer is lost. If that matters, check the configuration first. A handshake that
    /// fails later, with the new configuration, is not an error of this call: the connection
    /// returned has failed, and its alert is pending.
    pub fn accept(mut self, tls: Arc<ServerConfig>) -> Result<Connection, ConnectionError> {
        let Connection { writer, stage, .. } = &mut self.connection;
        let Stage::Negotiating(handshake) = stage else {
            return Err(self.connection.error().unwrap_or_else(|| Error::HandshakeFailed.into()));
        };
        let hello = handshake.client_hello().ok_or(Error::HandshakeFailed)?;
        let config = self.config.capped(tls.max_fragment_size);
        let (backend, limit) = choose(hello, &tls, &config)?;
        config.check()?;
        writer.lower_max_fragment_len(config.writer.max_fragment_len);
        handshake.go_on_with(backend, limit, writer);
        // A failure is sticky, and its alert is pending.
        let _failed = self.connection.process();
        Ok(self.connection)
    }

    /// Rejects the client with a fatal alert. Returns a connection that has failed with
    /// [`Error::Aborted`] and in which the alert is pending. If the connection had already failed,
    /// it keeps its error and its alert.
    #[must_use]
    pub fn reject(mut self, alert: AlertDescription) -> Connection {
        self.connection.abort(alert);
        self.connection
    }
}
