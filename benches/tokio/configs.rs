//! Configurations that both contestants and their peer share.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

type Error = Box<dyn core::error::Error + Send + Sync>;

/// A server, and who trusts it.
#[derive(Debug)]
pub struct Configs {
    /// The server's.
    pub server: Arc<ServerConfig>,
    roots: Arc<RootCertStore>,
    pem: String,
}

impl Configs {
    /// With a certificate that is made for it.
    ///
    /// # Errors
    /// What ring, rcgen or rustls says.
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

    /// With a store of sessions of its own, if it is to resume them.
    ///
    /// # Errors
    /// What rustls says.
    pub fn client(&self, resumes: bool) -> Result<Arc<ClientConfig>, Error> {
        let mut client = trusting(Arc::clone(&self.roots))?;
        // Spares our connections a copy.
        client.enable_secret_extraction = true;
        if !resumes {
            client.resumption = rustls::client::Resumption::disabled();
        }
        Ok(Arc::new(client))
    }

    /// The certificate, on one line.
    pub fn certificate(&self) -> String {
        self.pem.lines().collect::<Vec<_>>().join("|")
    }
}

/// A client of another process, which has written its certificate on one line.
///
/// # Errors
/// If the line does not hold a certificate.
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

/// The server's name.
///
/// # Errors
/// None.
pub fn localhost() -> Result<ServerName<'static>, Error> {
    Ok(ServerName::try_from("localhost")?)
}
