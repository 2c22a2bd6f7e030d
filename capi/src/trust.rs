//! Whom to trust: roots, the caller's verifier, or everyone; and the caller's clock.

use core::ffi::{c_char, c_void};
use core::fmt;
use core::ptr;
use core::time::Duration;
use std::ffi::CString;
use std::sync::Arc;

use wantwrite::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use wantwrite::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use wantwrite::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use wantwrite::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use wantwrite::rustls::time_provider::{DefaultTimeProvider, TimeProvider};
use wantwrite::rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme,
};

use crate::memory::ww_span;

/// Which server certificates a client accepts.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_roots {
    /// Those that chain to the Mozilla roots compiled into this library.
    WW_ROOTS_WEBPKI = 0,
    /// Those that chain to the roots in `roots_pem`.
    WW_ROOTS_PEM = 1,
    /// Those that chain to either set of roots.
    WW_ROOTS_WEBPKI_AND_PEM = 2,
    /// Those that `verifier` accepts.
    WW_ROOTS_VERIFIER = 3,
    /// All of them, for tests only: anyone on the network can then read and change everything.
    WW_ROOTS_DANGEROUS_ACCEPT_ANY_CERTIFICATE = 4,
}

/// A verifier's verdict on a certificate. Any other number counts as `WW_VERDICT_REFUSED`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_verdict {
    /// Accepted: it is the peer's certificate.
    WW_VERDICT_ACCEPTED = 0,
    /// Refused, with the alert access_denied.
    WW_VERDICT_REFUSED = 1,
    /// No trusted issuer has signed it: unknown_ca.
    WW_VERDICT_UNKNOWN_ISSUER = 2,
    /// It has expired: certificate_expired.
    WW_VERDICT_EXPIRED = 3,
    /// It has been revoked: certificate_revoked.
    WW_VERDICT_REVOKED = 4,
    /// It belongs to another name: bad_certificate.
    WW_VERDICT_WRONG_NAME = 5,
    /// It cannot be decoded: bad_certificate.
    WW_VERDICT_MALFORMED = 6,
}

/// Decides whether to accept the peer's certificates and returns a `ww_verdict`. `certificates`
/// points to `count` DER certificates, the peer's own first. `server_name` is the name that the
/// client asked for, or NULL on a server. The library itself always checks that the peer has the
/// private key.
///
/// The call that processes the handshake calls this, on its own thread; if connections share a
/// configuration, it can run on several threads at the same time. It must return normally, and must
/// not use the connection.
pub type ww_verifier = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        certificates: *const ww_span,
        count: usize,
        server_name: *const c_char,
    ) -> i32,
>;

/// Returns the seconds since the start of 1970 (UTC), or a negative number while the time is
/// unknown. Handshakes that need the time then fail. It is called in the same way as a
/// `ww_verifier`.
pub type ww_clock = Option<unsafe extern "C" fn(context: *mut c_void) -> i64>;

/// The caller's argument for a callback.
#[derive(Clone, Copy)]
pub(crate) struct Context(pub(crate) *mut c_void);

// SAFETY: it is only passed back to the caller's function, which the header says is called on any
// thread, and on several at the same time.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

type VerifierFn = unsafe extern "C" fn(*mut c_void, *const ww_span, usize, *const c_char) -> i32;
type ClockFn = unsafe extern "C" fn(*mut c_void) -> i64;

/// What decides about certificates.
#[derive(Clone, Copy)]
enum Judge {
    Caller(VerifierFn, Context),
    Anyone,
}

/// A verifier other than rustls's own, for servers and for clients.
pub(crate) struct Verifier {
    judge: Judge,
    provider: Arc<CryptoProvider>,
    mandatory: bool,
}

impl Verifier {
    /// Decides with the caller's function.
    pub(crate) fn new(
        verifier: VerifierFn,
        context: Context,
        provider: Arc<CryptoProvider>,
        mandatory: bool,
    ) -> Self {
        Self { judge: Judge::Caller(verifier, context), provider, mandatory }
    }

    /// Trusts everyone.
    pub(crate) const fn dangerous_accept_any(provider: Arc<CryptoProvider>) -> Self {
        Self { judge: Judge::Anyone, provider, mandatory: false }
    }

    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: Option<&ServerName<'_>>,
    ) -> Result<(), Error> {
        let Judge::Caller(verifier, Context(context)) = self.judge else { return Ok(()) };
        let mut chain = vec![ww_span::of(end_entity)];
        chain.extend(intermediates.iter().map(|certificate| ww_span::of(certificate)));
        // A server name contains no zero byte.
        let name = server_name.and_then(|name| CString::new(name.to_str().as_bytes()).ok());
        let name = name.as_ref().map_or(ptr::null(), |name| name.as_ptr());
        // SAFETY: a function of the type that the header states, with the arguments that the header
        // describes; all of them live until it returns.
        let verdict = unsafe { verifier(context, chain.as_ptr(), chain.len(), name) };
        match refusal(verdict) {
            None => Ok(()),
            Some(error) => Err(error.into()),
        }
    }
}

fn refusal(verdict: i32) -> Option<CertificateError> {
    Some(match verdict {
        0 => return None,
        2 => CertificateError::UnknownIssuer,
        3 => CertificateError::Expired,
        4 => CertificateError::Revoked,
        5 => CertificateError::NotValidForName,
        6 => CertificateError::BadEncoding,
        _ => CertificateError::ApplicationVerificationFailure,
    })
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge(end_entity, intermediates, Some(server_name))?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Verifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge(end_entity, intermediates, None)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls12_signature(self, message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls13_signature(self, message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ServerCertVerifier::supported_verify_schemes(self)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").finish_non_exhaustive()
    }
}

/// The caller's clock, or the system's.
pub(crate) fn time_provider(clock: ww_clock, context: *mut c_void) -> Arc<dyn TimeProvider> {
    match clock {
        Some(clock) => Arc::new(CallerClock(clock, Context(context))),
        None => Arc::new(DefaultTimeProvider),
    }
}

struct CallerClock(ClockFn, Context);

impl TimeProvider for CallerClock {
    fn current_time(&self) -> Option<UnixTime> {
        let Self(clock, Context(context)) = self;
        // SAFETY: a function of the type that the header states, with its own context.
        let seconds = unsafe { clock(*context) };
        let seconds = u64::try_from(seconds).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl fmt::Debug for CallerClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerClock").finish_non_exhaustive()
    }
}
