//! Accepts any peer certificate, but verifies the signatures of the handshake.

use std::sync::{Mutex, PoisonError};

use wantwrite::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use wantwrite::rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use wantwrite::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use wantwrite::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use wantwrite::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved,
    SignatureScheme,
};

use crate::options::{Authentication, ClientAuth};
use crate::provider::default_provider;

/// Verifies servers and clients.
#[derive(Debug)]
pub(crate) struct Verifier {
    algorithms: WebPkiSupportedAlgorithms,
    /// Empty for all.
    schemes: Vec<SignatureScheme>,
    refusal: Mutex<Option<CertificateError>>,
    /// The scheme of the peer's last signature.
    scheme: Mutex<Option<SignatureScheme>>,
    /// The name for which a server's certificate was last verified.
    name: Mutex<Option<String>>,
    client_auth: ClientAuth,
    authorities: Vec<DistinguishedName>,
    ocsp_response: Vec<u8>,
}

impl Verifier {
    pub(crate) fn new(options: &Authentication) -> Self {
        let authorities = options.client_authorities.iter().cloned().map(Into::into).collect();
        Self {
            algorithms: default_provider().signature_verification_algorithms,
            schemes: options.verify_prefs.clone(),
            refusal: Mutex::default(),
            scheme: Mutex::default(),
            name: Mutex::default(),
            client_auth: options.client_auth,
            authorities,
            ocsp_response: options.expected_ocsp_response.clone(),
        }
    }

    /// Sets the error with which to reject the next connection's certificates. It does not affect
    /// which sessions can be resumed.
    pub(crate) fn set_refusal(&self, refusal: Option<CertificateError>) {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }

    /// The scheme of the peer's last signature.
    pub(crate) fn scheme(&self) -> Option<SignatureScheme> {
        *self.scheme.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name for which a server's certificate was last verified.
    pub(crate) fn name(&self) -> Option<String> {
        self.name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn verify_certificate(&self) -> Result<(), Error> {
        match &*self.refusal.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(refusal) => Err(refusal.clone().into()),
            None => Ok(()),
        }
    }

    fn check_scheme(&self, scheme: SignatureScheme) -> Result<(), Error> {
        if !self.schemes.is_empty() && !self.schemes.contains(&scheme) {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        *self.scheme.lock().unwrap_or_else(PoisonError::into_inner) = Some(scheme);
        Ok(())
    }

    fn verify_tls12(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_scheme(signed.scheme)?;
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_scheme(signed.scheme)?;
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        if !self.schemes.is_empty() {
            let supported = schemes;
            schemes = self.schemes.clone();
            schemes.retain(|scheme| supported.contains(scheme));
        }
        schemes
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(name.to_str().into_owned());
        assert!(
            self.ocsp_response.is_empty() || self.ocsp_response == ocsp_response,
            "expected another OCSP response"
        );
        self.verify_certificate().map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_tls12(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

impl ClientCertVerifier for Verifier {
    fn offer_client_auth(&self) -> bool {
        self.client_auth != ClientAuth::None
    }

    fn client_auth_mandatory(&self) -> bool {
        self.client_auth == ClientAuth::Required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.authorities
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verify_certificate().map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_tls12(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_tls13(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}
