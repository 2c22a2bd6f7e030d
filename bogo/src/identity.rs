//! Our certificate, and how its key signs.

use std::sync::Arc;

use wantwrite::rustls::client::ResolvesClientCert;
use wantwrite::rustls::crypto::ring;
use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use wantwrite::rustls::server::{ClientHello, ResolvesServerCert};
use wantwrite::rustls::sign::{CertifiedKey, Signer, SigningKey};
use wantwrite::rustls::{SignatureAlgorithm, SignatureScheme};

use crate::exchange::Failure;
use crate::options::Authentication;

/// One certificate, for whoever asks.
#[derive(Debug)]
pub(crate) struct Identity(Option<Arc<CertifiedKey>>);

impl Identity {
    pub(crate) fn load(options: &Authentication) -> Result<Self, Failure> {
        let (Some(cert_file), Some(key_file)) = (&options.cert_file, &options.key_file) else {
            return Ok(Self(None));
        };
        let unreadable = |error| Failure::Unexpected(format!("{error}"));
        let chain = CertificateDer::pem_file_iter(cert_file)
            .and_then(Iterator::collect::<Result<_, _>>)
            .map_err(unreadable)?;
        let key = PrivateKeyDer::from_pem_file(key_file).map_err(unreadable)?;
        let key = ring::sign::any_supported_type(&key)?;
        let key = PreferringKey { key, schemes: options.signing_prefs.clone() };
        let mut certified = CertifiedKey::new(chain, Arc::new(key));
        if !options.ocsp_response.is_empty() {
            certified.ocsp = Some(options.ocsp_response.clone());
        }
        Ok(Self(Some(Arc::new(certified))))
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], offered: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone().filter(|certified| certified.key.choose_scheme(offered).is_some())
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// A key that signs by these schemes only, the first one first.
#[derive(Debug)]
struct PreferringKey {
    key: Arc<dyn SigningKey>,
    schemes: Vec<SignatureScheme>,
}

impl SigningKey for PreferringKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        if self.schemes.is_empty() {
            return self.key.choose_scheme(offered);
        }
        let mut common = self.schemes.iter().filter(|scheme| offered.contains(scheme));
        common.find_map(|&scheme| self.key.choose_scheme(&[scheme]))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}
