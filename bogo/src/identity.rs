//! Our certificates, and the choice of one for a peer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wantwrite::rustls::SignatureScheme;
use wantwrite::rustls::client::ResolvesClientCert;
use wantwrite::rustls::server::{ClientHello, ResolvesServerCert};
use wantwrite::rustls::sign::CertifiedKey;

use crate::credential::Credential;
use crate::failure::Failure;
use crate::options::Authentication;

/// Certificates in our order of preference.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Preferred to the default.
    chosen_first: Vec<Credential>,
    default: Option<Credential>,
    seen: Mutex<Seen>,
}

/// The request and the selection of the last handshake.
#[derive(Clone, Debug, Default)]
struct Seen {
    request: Option<Request>,
    selected: Option<usize>,
}

/// A server's request for a client certificate.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Distinguished names, in DER.
    pub(crate) authorities: Vec<Vec<u8>>,
    pub(crate) schemes: Vec<SignatureScheme>,
}

impl Identity {
    pub(crate) fn load(options: &Authentication) -> Result<Self, Failure> {
        let loaded = options.credentials.iter().map(Credential::load);
        Ok(Self {
            chosen_first: loaded.filter_map(Result::transpose).collect::<Result<_, _>>()?,
            default: Credential::load(&options.default_credential)?,
            seen: Mutex::default(),
        })
    }

    /// The server's request.
    pub(crate) fn request(&self) -> Option<Request> {
        self.seen().request.clone()
    }

    /// The index of the last selected certificate; `None` for the default.
    pub(crate) fn selected(&self) -> Option<usize> {
        self.seen().selected
    }

    /// Whether a certificate suits a peer that accepts these schemes.
    pub(crate) fn can_sign(&self, schemes: &[SignatureScheme]) -> bool {
        self.chosen_first.iter().chain(&self.default).any(|it| it.can_sign(schemes))
    }

    /// The first certificate that suits a peer. A server falls back to its default, and rustls then
    /// reports why that does not work.
    fn select<T: AsRef<[u8]>>(
        &self,
        schemes: &[SignatureScheme],
        authorities: &[T],
    ) -> Option<Arc<CertifiedKey>> {
        let is_for_peer = |it: &Credential| it.can_sign(schemes) && it.has_issuer(authorities);
        let selected = self.chosen_first.iter().position(is_for_peer);
        self.seen().selected = selected;
        let selected = selected.and_then(|index| self.chosen_first.get(index));
        Some(selected.or(self.default.as_ref())?.certified())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let authorities = hello.certificate_authorities().unwrap_or_default();
        self.select(hello.signature_schemes(), authorities)
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(
        &self,
        authorities: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        self.seen().request = Some(Request {
            authorities: authorities.iter().map(|name| name.to_vec()).collect(),
            schemes: schemes.to_vec(),
        });
        let certified = self.select(schemes, authorities)?;
        certified.key.choose_scheme(schemes).is_some().then_some(certified)
    }

    fn has_certs(&self) -> bool {
        !self.chosen_first.is_empty() || self.default.is_some()
    }
}
