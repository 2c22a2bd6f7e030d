//! A certificate generated for this run, and both sides' TLS configurations that use it.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};
use wantwrite::{CipherSuite, Connection, ConnectionConfig, Role, Version};

use crate::Error;
use crate::args::Options;

/// A self-signed ECDSA certificate that the client trusts, and the one suite that both sides offer.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    provider: Arc<CryptoProvider>,
    version: [&'static SupportedProtocolVersion; 1],
}

impl Identity {
    pub(crate) fn new(suite: CipherSuite) -> Result<Self, Error> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([HOST.to_owned()])?;
        let mut provider = ring::default_provider();
        provider.cipher_suites.retain(|theirs| u16::from(theirs.suite()) == suite.to_wire());
        Ok(Self {
            certificate: cert.der().clone(),
            key: PrivateKeyDer::try_from(signing_key.serialize_der())?,
            provider: Arc::new(provider),
            version: [match suite.version() {
                Version::Tls12 => &rustls::version::TLS12,
                Version::Tls13 => &rustls::version::TLS13,
            }],
        })
    }

    /// Creates our connection.
    pub(crate) fn ours(&self, options: &Options) -> Result<Connection, Error> {
        let mut config = ConnectionConfig::default();
        config.writer = options.writer.clone();
        Ok(match options.role {
            Role::Client => {
                Connection::client_with(Arc::new(self.client_config()?), host()?, config)?
            }
            Role::Server => Connection::server_with(self.server_config()?.into(), config)?,
        })
    }

    /// Creates the peer's stock rustls connection, whose role is the opposite of `ours`.
    pub(crate) fn peers(&self, ours: Role) -> Result<rustls::Connection, Error> {
        Ok(match ours {
            Role::Client => ServerConnection::new(Arc::new(self.server_config()?))?.into(),
            Role::Server => ClientConnection::new(Arc::new(self.client_config()?), host()?)?.into(),
        })
    }

    fn client_config(&self) -> Result<ClientConfig, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        Ok(ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&self.version)?
            .with_root_certificates(roots)
            .with_no_client_auth())
    }

    fn server_config(&self) -> Result<ServerConfig, Error> {
        Ok(ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&self.version)?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())?)
    }
}

fn host() -> Result<ServerName<'static>, Error> {
    Ok(ServerName::try_from(HOST)?)
}

const HOST: &str = "localhost";
