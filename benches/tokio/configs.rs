//! The configurations that both contestants and their peer use.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

type Error = Box<dyn core::error::Error + Send + Sync>;

/// A server's configuration, and its certificate for clients to trust.
#[derive(Debug)]
pub struct Configs {
    /// The server's configuration.
    pub server: Arc<ServerConfig>,
    roots: Arc<RootCertStore>,
    pem: String,
}

impl Configs {
    /// Creates a configuration with a generated certificate.
    ///
    /// # Errors
    /// An error of ring, rcgen or rustls.
    pub fn new() -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone())?;
        let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der())?,
            )?;
        Ok(Self { server: Arc::new(server), roots: Arc::new(roots), pem: certificate.pem() })
    }

    /// Returns a client's configuration, with its own session store if it is to resume sessions.
    ///
    /// # Errors
    /// An error of rustls.
    pub fn client(&self, resumes: bool) -> Result<Arc<ClientConfig>, Error> {
        let mut client = trusting(Arc::clone(&self.roots))?;
        // Spares our connections a copy of the configuration.
        client.enable_secret_extraction = true;
        if !resumes {
            client.resumption = rustls::client::Resumption::disabled();
        }
        Ok(Arc::new(client))
    }

    /// Returns the certificate on one line.
    pub fn certificate(&self) -> String {
        self.pem.lines().collect::<Vec<_>>().join("|")
    }
}

/// Returns the configuration of a client in another process, which wrote the certificate on one
/// line.
///
/// # Errors
/// The line does not contain a certificate.
pub fn client_of(certificate: &str) -> Result<Arc<ClientConfig>, Error> {
    let pem = certificate.replace('|', "\n");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes())?)?;
    let mut client = trusting(Arc::new(roots))?;
    client.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(client))
}

fn trusting(roots: Arc<RootCertStore>) -> Result<ClientConfig, Error> {
    Ok(ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// Returns the server's name.
///
/// # Errors
/// Never fails.
pub fn localhost() -> Result<ServerName<'static>, Error> {
    Ok(ServerName::try_from("localhost")?)
}
