//! Our certificate, and how its key signs.

use std::sync::{Arc, Mutex, PoisonError};

use wantwrite::rustls::client::ResolvesClientCert;
use wantwrite::rustls::crypto::ring;
use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use wantwrite::rustls::server::{ClientHello, ResolvesServerCert};
use wantwrite::rustls::sign::{CertifiedKey, Signer, SigningKey};
use wantwrite::rustls::{SignatureAlgorithm, SignatureScheme};

use crate::failure::Failure;
use crate::options::Authentication;

/// One certificate, for everyone who asks.
#[derive(Debug)]
pub(crate) struct Identity {
    certified: Option<Arc<CertifiedKey>>,
    request: Mutex<Option<Request>>,
}

/// What a server asks a client's certificate for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Distinguished names, in DER.
    pub(crate) authorities: Vec<Vec<u8>>,
    pub(crate) schemes: Vec<SignatureScheme>,
}

impl Identity {
    pub(crate) fn load(options: &Authentication) -> Result<Self, Failure> {
        let (Some(cert_file), Some(key_file)) = (&options.cert_file, &options.key_file) else {
            return Ok(Self { certified: None, request: Mutex::default() });
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
        Ok(Self { certified: Some(Arc::new(certified)), request: Mutex::default() })
    }

    /// What the server has asked for.
    pub(crate) fn request(&self) -> Option<Request> {
        self.request.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certified.clone()
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(
        &self,
        authorities: &[&[u8]],
        offered: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        *self.request.lock().unwrap_or_else(PoisonError::into_inner) = Some(Request {
            authorities: authorities.iter().map(|name| name.to_vec()).collect(),
            schemes: offered.to_vec(),
        });
        self.certified.clone().filter(|certified| certified.key.choose_scheme(offered).is_some())
    }

    fn has_certs(&self) -> bool {
        self.certified.is_some()
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
