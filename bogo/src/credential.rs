//! One of our certificates, and how its key signs.

use std::sync::Arc;

use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use wantwrite::rustls::sign::{CertifiedKey, Signer, SigningKey};
use wantwrite::rustls::{SignatureAlgorithm, SignatureScheme};

use crate::failure::Failure;
use crate::options::CredentialOptions;
use crate::provider::any_supported_type;

/// A certificate, and the peers that it suits.
#[derive(Debug)]
pub(crate) struct Credential {
    certified: Arc<CertifiedKey>,
    /// Use it only for peers that name an issuer of its chain.
    must_match_issuer: bool,
}

impl Credential {
    /// Returns `None` if the options name no certificate.
    pub(crate) fn load(options: &CredentialOptions) -> Result<Option<Self>, Failure> {
        let (Some(cert_file), Some(key_file)) = (&options.cert_file, &options.key_file) else {
            return Ok(None);
        };
        let unreadable = |error| Failure::Unexpected(format!("{error}"));
        let chain = CertificateDer::pem_file_iter(cert_file)
            .and_then(Iterator::collect::<Result<_, _>>)
            .map_err(unreadable)?;
        let key = PrivateKeyDer::from_pem_file(key_file).map_err(unreadable)?;
        let key = any_supported_type(&key)?;
        let key = PreferringKey { key, schemes: options.signing_prefs.clone() };
        let mut certified = CertifiedKey::new(chain, Arc::new(key));
        if !options.ocsp_response.is_empty() {
            certified.ocsp = Some(options.ocsp_response.clone());
        }
        let must_match_issuer = options.must_match_issuer;
        Ok(Some(Self { certified: Arc::new(certified), must_match_issuer }))
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    /// Whether it suits a peer that accepts these schemes.
    pub(crate) fn can_sign(&self, schemes: &[SignatureScheme]) -> bool {
        self.certified.key.choose_scheme(schemes).is_some()
    }

    /// Whether it suits a peer that accepts these authorities, given as DER names.
    pub(crate) fn has_issuer<T: AsRef<[u8]>>(&self, authorities: &[T]) -> bool {
        let mut chain = self.certified.cert.iter();
        !self.must_match_issuer
            || chain.any(|certificate| {
                let issuer = issuer(certificate);
                authorities.iter().any(|name| Some(name.as_ref()) == issuer)
            })
    }
}

/// The DER name of a certificate's issuer (RFC 5280 §4.1).
fn issuer(certificate: &[u8]) -> Option<&[u8]> {
    let mut certificate = content(certificate)?.0;
    let mut to_be_signed = content(element(&mut certificate)?)?.0;
    // Skips the version, the serial number and the algorithm.
    for _ in 0..3 {
        element(&mut to_be_signed)?;
    }
    element(&mut to_be_signed)
}

/// Splits off the next element, with its header.
fn element<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (_, len) = content(bytes)?;
    let (element, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(element)
}

/// The content of the first element in `bytes`, and the element's length.
fn content(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (_tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut len = usize::from(first);
    if let Some(len_len) = first.checked_sub(0x80) {
        let (digits, behind) = rest.split_at_checked(len_len.into())?;
        len = digits.iter().fold(0, |len, &digit| len << 8 | usize::from(digit));
        rest = behind;
    }
    Some((rest.get(..len)?, bytes.len() - rest.len() + len))
}

/// A key that signs with these schemes only, in order of preference.
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
