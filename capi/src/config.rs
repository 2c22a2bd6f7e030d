//! Client configurations, and the code that they share with server configurations.

use core::ffi::{CStr, c_char, c_void};
use core::ptr;
use std::sync::Arc;

use wantwrite::rustls::client::Resumption;
use wantwrite::rustls::crypto::CryptoProvider;
use wantwrite::rustls::crypto::ring::default_provider;
use wantwrite::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use wantwrite::rustls::version::{TLS12, TLS13};
use wantwrite::rustls::{ClientConfig, KeyLog, RootCertStore, SupportedProtocolVersion};

use crate::error::{Failure, ww_error, ww_status};
use crate::guard;
use crate::key_log::KeyLogFile;
use crate::memory;
use crate::pem::{path_of, ww_pem};
use crate::settings::{self, Settings};
use crate::trust::{Context, Verifier, time_provider, ww_clock, ww_roots, ww_verifier};

/// TLS 1.2, for `versions`.
pub const WW_TLS12: u32 = 1;
/// TLS 1.3, for `versions`.
pub const WW_TLS13: u32 = 2;

/// The configuration of clients. It is immutable and reference counted, and any number of threads
/// may use it at the same time. Share one configuration, so that clients share its session cache.
#[derive(Debug)]
pub struct ww_client_config(Arc<ClientConfig>);

/// The settings of a client. For every field, 0 is the default, so begin with `{.size =
/// sizeof(ww_client_settings)}`. Everything that the settings point to is copied.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_client_settings {
    /// `sizeof(ww_client_settings)`.
    pub size: usize,
    /// Whom to trust, as a `ww_roots`. Default: `WW_ROOTS_WEBPKI`.
    pub roots: i32,
    /// `WW_TLS12`, `WW_TLS13`, or both combined. Default: both.
    pub versions: u32,
    /// The roots for `WW_ROOTS_PEM` and `WW_ROOTS_WEBPKI_AND_PEM`.
    pub roots_pem: ww_pem,
    /// The verifier for `WW_ROOTS_VERIFIER`.
    pub verifier: ww_verifier,
    /// Passed to the verifier as `context`.
    pub verifier_context: *mut c_void,
    /// Application protocols (ALPN) in order of preference: an array of strings that ends with
    /// NULL. Default: NULL, none.
    pub alpn: *const *const c_char,
    /// The client's certificate and its intermediates, for servers that request one.
    pub certificates: ww_pem,
    /// The private key of that certificate.
    pub private_key: ww_pem,
    /// A file to which the secrets of all connections are appended (SSLKEYLOGFILE), for debugging.
    /// Anyone who can read it can decrypt the connections.
    pub key_log_file: *const c_char,
    /// How many servers' sessions to keep for resumption, at most 1,048,576; a negative number
    /// keeps none. Memory for all of them is allocated at once. Default: 256.
    pub session_cache: i32,
    /// The clock. Default: the system's.
    pub clock: ww_clock,
    /// Passed to the clock as `context`.
    pub clock_context: *mut c_void,
}

// SAFETY: `repr(C)`, with its size first; numbers, pointers and functions, all of which can be
// NULL.
unsafe impl Settings for ww_client_settings {}

/// Creates a client configuration. `settings` (for the defaults) and `error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_client_config_new(
    settings: *const ww_client_settings,
    config: *mut *mut ww_client_config,
    error: *mut ww_error,
) -> ww_status {
    let make = || {
        let settings = match settings.is_null() {
            true => ww_client_settings::DEFAULT,
            // SAFETY: not NULL, and the caller upholds the contract of every function.
            false => unsafe { settings::read(settings) }?,
        };
        // SAFETY: what it points to obeys the contract of every function.
        let config = unsafe { settings.build() }?;
        Ok(give_shared(ww_client_config(Arc::new(config))))
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::create(config, error, make) }
}

/// Returns another handle of the same configuration, which must be freed separately. Returns NULL
/// for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_client_config_clone(
    config: *const ww_client_config,
) -> *mut ww_client_config {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { clone_shared(config) }
}

/// Frees a handle. Connections keep what they use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_client_config_free(config: *mut ww_client_config) {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { free_shared(config) };
}

impl ww_client_config {
    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

/// Gives a reference-counted object to C.
pub(crate) fn give_shared<T>(object: T) -> *mut T {
    Arc::into_raw(Arc::new(object)).cast_mut()
}

/// # Safety
/// `object` is NULL or a live object from [`give_shared`].
pub(crate) unsafe fn clone_shared<T>(object: *const T) -> *mut T {
    if !object.is_null() {
        // SAFETY: it came from `Arc::into_raw`, and C holds a reference to it.
        unsafe { Arc::increment_strong_count(object) };
    }
    object.cast_mut()
}

/// # Safety
/// The same as [`clone_shared`]; C gives up a reference.
pub(crate) unsafe fn free_shared<T>(object: *mut T) {
    if !object.is_null() {
        // SAFETY: it came from `Arc::into_raw`, and C gives up its reference.
        let object = unsafe { Arc::from_raw(object) };
        guard::drop_caught(object);
    }
}

impl ww_client_settings {
    const DEFAULT: Self = Self {
        size: 0,
        roots: 0,
        versions: 0,
        roots_pem: ww_pem::NONE,
        verifier: None,
        verifier_context: ptr::null_mut(),
        alpn: ptr::null(),
        certificates: ww_pem::NONE,
        private_key: ww_pem::NONE,
        key_log_file: ptr::null(),
        session_cache: 0,
        clock: None,
        clock_context: ptr::null_mut(),
    };

    /// # Safety
    /// What it points to obeys the contract of every function.
    unsafe fn build(&self) -> Result<ClientConfig, Failure> {
        let provider = Arc::new(default_provider());
        let time = time_provider(self.clock, self.clock_context);
        let builder = ClientConfig::builder_with_details(Arc::clone(&provider), time)
            .with_protocol_versions(&versions(self.versions)?)
            .map_err(refused)?;
        // SAFETY: the caller upholds this function's contract.
        let builder = match unsafe { self.trust(provider) }? {
            Trust::Roots(roots) => builder.with_root_certificates(roots),
            Trust::Verifier(verifier) => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        // SAFETY: the caller upholds this function's contract.
        let mut config = match unsafe { identity(&self.certificates, &self.private_key) }? {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(refused)?,
            None => builder.with_no_client_auth(),
        };
        // SAFETY: the caller upholds this function's contract.
        config.alpn_protocols = unsafe { protocols(self.alpn) }?;
        // SAFETY: the caller upholds this function's contract.
        if let Some(log) = unsafe { key_log(self.key_log_file) }? {
            config.key_log = log;
        }
        if let Some(servers) = sessions(self.session_cache)? {
            config.resumption = Resumption::in_memory_sessions(servers * SESSIONS_PER_SERVER);
        } else {
            config.resumption = Resumption::disabled();
        }
        // Saves every connection from copying the configuration.
        config.enable_secret_extraction = true;
        Ok(config)
    }

    /// # Safety
    /// The same as [`build`](Self::build).
    unsafe fn trust(&self, provider: Arc<CryptoProvider>) -> Result<Trust, Failure> {
        let roots = ROOTS.into_iter().find(|(_, number)| *number == self.roots);
        let Some((roots, _)) = roots else {
            return Err(Failure::of_caller(ww_status::WW_ERROR_ARGUMENT, "expected a ww_roots"));
        };
        let takes_pem = matches!(roots, ww_roots::WW_ROOTS_PEM | ww_roots::WW_ROOTS_WEBPKI_AND_PEM);
        if !takes_pem && !self.roots_pem.is_none() {
            return Err(mismatch("roots_pem: expected none with these roots, got some"));
        }
        match (roots, self.verifier) {
            (ww_roots::WW_ROOTS_VERIFIER, Some(verifier)) => {
                let context = Context(self.verifier_context);
                Ok(Trust::Verifier(Verifier::new(verifier, context, provider, false)))
            }
            (ww_roots::WW_ROOTS_VERIFIER, None) => Err(mismatch("expected a verifier, got NULL")),
            (_, Some(_)) => {
                Err(mismatch("verifier: expected NULL unless roots is WW_ROOTS_VERIFIER"))
            }
            (ww_roots::WW_ROOTS_DANGEROUS_ACCEPT_ANY_CERTIFICATE, None) => {
                Ok(Trust::Verifier(Verifier::dangerous_accept_any(provider)))
            }
            (roots, None) => {
                let mut store = RootCertStore::empty();
                if roots != ww_roots::WW_ROOTS_PEM {
                    store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
                }
                if takes_pem {
                    // SAFETY: the caller upholds this function's contract.
                    unsafe { self.roots_pem.add_to(&mut store, "roots_pem") }?;
                }
                Ok(Trust::Roots(store))
            }
        }
    }
}

enum Trust {
    Roots(RootCertStore),
    Verifier(Verifier),
}

const ROOTS: [(ww_roots, i32); 5] = [
    (ww_roots::WW_ROOTS_WEBPKI, 0),
    (ww_roots::WW_ROOTS_PEM, 1),
    (ww_roots::WW_ROOTS_WEBPKI_AND_PEM, 2),
    (ww_roots::WW_ROOTS_VERIFIER, 3),
    (ww_roots::WW_ROOTS_DANGEROUS_ACCEPT_ANY_CERTIFICATE, 4),
];

pub(crate) fn mismatch(text: &str) -> Failure {
    Failure::of_caller(ww_status::WW_ERROR_SETTING, text)
}

/// An error of settings that rustls does not accept.
pub(crate) fn refused(error: impl core::fmt::Display) -> Failure {
    Failure::of_caller(ww_status::WW_ERROR_IDENTITY, error.to_string())
}

pub(crate) fn versions(mask: u32) -> Result<Vec<&'static SupportedProtocolVersion>, Failure> {
    let mask = if mask == 0 { WW_TLS12 | WW_TLS13 } else { mask };
    if mask & !(WW_TLS12 | WW_TLS13) != 0 {
        return Err(mismatch("versions: expected WW_TLS12, WW_TLS13 or both, got another value"));
    }
    let offered = [(&TLS13, WW_TLS13), (&TLS12, WW_TLS12)];
    Ok(offered.into_iter().filter(|(_, bit)| mask & bit != 0).map(|(version, _)| version).collect())
}

/// A client's cache keeps this many TLS 1.3 tickets for each server, and rustls divides the size of
/// the cache by it.
const SESSIONS_PER_SERVER: usize = 8;

/// How many sessions to keep, if any.
pub(crate) fn sessions(setting: i32) -> Result<Option<usize>, Failure> {
    match usize::try_from(setting) {
        Ok(0) => Ok(Some(256)),
        Ok(sessions) if sessions <= MAX_SESSIONS => Ok(Some(sessions)),
        Ok(sessions) => {
            let text = format!("session_cache: expected at most {MAX_SESSIONS}, got {sessions}");
            Err(Failure::of_caller(ww_status::WW_ERROR_SETTING, text))
        }
        Err(_) => Ok(None),
    }
}

/// rustls allocates memory for all sessions at once, and an allocation failure aborts the program.
const MAX_SESSIONS: usize = 1 << 20;

/// The certificate chain and its key, if they are set.
///
/// # Safety
/// The pointers of both obey the contract of every function.
pub(crate) unsafe fn identity(
    certificates: &ww_pem,
    private_key: &ww_pem,
) -> Result<Option<Identity>, Failure> {
    if certificates.is_none() && private_key.is_none() {
        return Ok(None);
    }
    // SAFETY: the caller upholds this function's contract.
    let chain = unsafe { certificates.certificates("certificates") }?;
    // SAFETY: the caller upholds this function's contract.
    let key = unsafe { private_key.private_key("private_key") }?;
    Ok(Some((chain, key)))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The application protocols.
///
/// # Safety
/// `alpn` is NULL or an array of strings that ends with NULL.
pub(crate) unsafe fn protocols(alpn: *const *const c_char) -> Result<Vec<Vec<u8>>, Failure> {
    let mut protocols = Vec::new();
    if alpn.is_null() {
        return Ok(protocols);
    }
    loop {
        // SAFETY: all earlier elements were not NULL, so this one belongs to the array too.
        let place = unsafe { alpn.add(protocols.len()) };
        // SAFETY: it belongs to the array.
        let text = unsafe { place.read() };
        // SAFETY: NULL or a string.
        match unsafe { memory::text(text) }.map(CStr::to_bytes) {
            None => return Ok(protocols),
            Some(name) if (1..=255).contains(&name.len()) => protocols.push(name.to_vec()),
            Some(name) => {
                let len = name.len();
                let text = format!("alpn: expected a protocol of 1 to 255 bytes, got {len}");
                return Err(Failure::of_caller(ww_status::WW_ERROR_ARGUMENT, text));
            }
        }
    }
}

/// The key log, if one was requested.
///
/// # Safety
/// `path` is NULL or a string.
pub(crate) unsafe fn key_log(path: *const c_char) -> Result<Option<Arc<dyn KeyLog>>, Failure> {
    // SAFETY: the caller upholds this function's contract.
    match unsafe { memory::text(path) } {
        Some(path) => Ok(Some(Arc::new(KeyLogFile::open(path_of(path)?)?))),
        None => Ok(None),
    }
}

/// C may use these on any number of threads at the same time.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<ww_client_config>();
    is_shared::<crate::server_config::ww_server_config>();
    is_shared::<crate::pool::ww_pool>();
};
