//! A certificate generated for this run, and both sides' TLS configurations that use it.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion,
};
use wantwrite::{Connection, ConnectionConfig};

use crate::Error;

pub(crate) struct Identity {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Identity {
    pub(crate) fn new(tls: &'static SupportedProtocolVersion) -> Result<Self, Error> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([HOST.to_owned()])?;
        let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone())?;
        let provider = Arc::new(ring::default_provider());
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[tls])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[tls])?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)?;
        Ok(Self { client: client.into(), server: server.into() })
    }

    /// Creates our connection.
    pub(crate) fn client(&self, config: ConnectionConfig) -> Result<Connection, Error> {
        let name = ServerName::try_from(HOST)?;
        Ok(Connection::client_with(Arc::clone(&self.client), name, config)?)
    }

    /// Creates the peer's connection.
    pub(crate) fn server(&self) -> Result<rustls::Connection, Error> {
        Ok(ServerConnection::new(Arc::clone(&self.server))?.into())
    }
}

const HOST: &str = "localhost";
