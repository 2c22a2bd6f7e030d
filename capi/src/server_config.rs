//! Server configurations.

use core::ffi::{c_char, c_void};
use std::sync::Arc;

use wantwrite::rustls::crypto::CryptoProvider;
use wantwrite::rustls::crypto::ring::{Ticketer, default_provider};
use wantwrite::rustls::server::danger::ClientCertVerifier;
use wantwrite::rustls::server::{NoClientAuth, WebPkiClientVerifier};
use wantwrite::rustls::server::{NoServerSessionStorage, ServerSessionMemoryCache};
use wantwrite::rustls::{RootCertStore, ServerConfig};

use crate::config::{
    clone_shared, free_shared, give_shared, identity, key_log, mismatch, protocols, refused,
    sessions, versions,
};
use crate::error::{Failure, ww_error, ww_status};
use crate::guard;
use crate::pem::ww_pem;
use crate::settings::{self, Settings};
use crate::trust::{Context, Verifier, time_provider, ww_clock, ww_verifier};

/// Whether a server requests certificates from its clients.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_client_auth {
    /// Does not request one.
    WW_CLIENT_AUTH_NONE = 0,
    /// Requests one, and accepts clients without it.
    WW_CLIENT_AUTH_OPTIONAL = 1,
    /// Requests one, and refuses clients without it.
    WW_CLIENT_AUTH_REQUIRED = 2,
}

/// The configuration of servers. It is immutable and reference counted, and any number of threads
/// may use it at the same time. Share one configuration, so that connections share its sessions.
#[derive(Debug)]
pub struct ww_server_config(Arc<ServerConfig>);

/// The settings of a server. For every field except the certificate and its key, 0 is the default,
/// so begin with `{.size = sizeof(ww_server_settings)}`. Everything that the settings point to is
/// copied.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_server_settings {
    /// `sizeof(ww_server_settings)`.
    pub size: usize,
    /// Whether to request client certificates, as a `ww_client_auth`. Default: no.
    pub client_auth: i32,
    /// `WW_TLS12`, `WW_TLS13`, or both combined. Default: both.
    pub versions: u32,
    /// The server's certificate and its intermediates. Required.
    pub certificates: ww_pem,
    /// The private key of that certificate. Required.
    pub private_key: ww_pem,
    /// The roots that client certificates must chain to. Set this or `verifier`.
    pub client_roots_pem: ww_pem,
    /// Decides about client certificates. Set this or `client_roots_pem`.
    pub verifier: ww_verifier,
    /// Passed to the verifier as `context`.
    pub verifier_context: *mut c_void,
    /// Application protocols (ALPN) in order of preference: an array of strings that ends with
    /// NULL. Default: NULL, none.
    pub alpn: *const *const c_char,
    /// A file to which the secrets of all connections are appended (SSLKEYLOGFILE), for debugging.
    /// Anyone who can read it can decrypt the connections.
    pub key_log_file: *const c_char,
    /// How many sessions to keep for resumption, at most 1,048,576; a negative number keeps none
    /// and sends no tickets. Each TLS 1.3 connection adds two. Memory for all of them is allocated
    /// at once. Default: 256.
    pub session_cache: i32,
    /// Stores sessions in encrypted tickets at the clients, instead of here. The key that encrypts
    /// the tickets changes every six hours.
    pub stateless_tickets: i32,
    /// The clock. Default: the system's.
    pub clock: ww_clock,
    /// Passed to the clock as `context`.
    pub clock_context: *mut c_void,
}

// SAFETY: `repr(C)`, with its size first; numbers, pointers and functions, all of which can be
// NULL.
unsafe impl Settings for ww_server_settings {}

/// Creates a server configuration. `error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_server_config_new(
    settings: *const ww_server_settings,
    config: *mut *mut ww_server_config,
    error: *mut ww_error,
) -> ww_status {
    let make = || {
        if settings.is_null() {
            return Err(Failure::null("settings with a certificate"));
        }
        // SAFETY: not NULL, and the caller upholds the contract of every function.
        let settings = unsafe { settings::read(settings) }?;
        // SAFETY: what it points to obeys the contract of every function.
        let config = unsafe { build(&settings) }?;
        Ok(give_shared(ww_server_config(Arc::new(config))))
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::create(config, error, make) }
}

/// Returns another handle of the same configuration, which must be freed separately. Returns NULL
/// for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_server_config_clone(
    config: *const ww_server_config,
) -> *mut ww_server_config {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { clone_shared(config) }
}

/// Frees a handle. Connections keep what they use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_server_config_free(config: *mut ww_server_config) {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { free_shared(config) };
}

impl ww_server_config {
    pub(crate) fn tls(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

/// # Safety
/// What the settings point to obeys the contract of every function.
unsafe fn build(settings: &ww_server_settings) -> Result<ServerConfig, Failure> {
    let provider = Arc::new(default_provider());
    let time = time_provider(settings.clock, settings.clock_context);
    // SAFETY: the caller upholds this function's contract.
    let verifier = unsafe { client_verifier(settings, Arc::clone(&provider)) }?;
    // SAFETY: the caller upholds this function's contract.
    let identity = unsafe { identity(&settings.certificates, &settings.private_key) }?;
    let Some((chain, key)) = identity else {
        return Err(mismatch("expected a certificate and its private key, got none"));
    };
    let mut config = ServerConfig::builder_with_details(provider, time)
        .with_protocol_versions(&versions(settings.versions)?)
        .map_err(refused)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(refused)?;
    // SAFETY: the caller upholds this function's contract.
    config.alpn_protocols = unsafe { protocols(settings.alpn) }?;
    // SAFETY: the caller upholds this function's contract.
    if let Some(log) = unsafe { key_log(settings.key_log_file) }? {
        config.key_log = log;
    }
    match sessions(settings.session_cache)? {
        Some(_) if settings.stateless_tickets != 0 => {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.ticketer = Ticketer::new().map_err(refused)?;
        }
        Some(sessions) => config.session_storage = ServerSessionMemoryCache::new(sessions),
        None => {
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
    }
    // Saves every connection from copying the configuration.
    config.enable_secret_extraction = true;
    Ok(config)
}

/// # Safety
/// What the settings point to obeys the contract of every function.
unsafe fn client_verifier(
    settings: &ww_server_settings,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Failure> {
    let has_roots = !settings.client_roots_pem.is_none();
    let mandatory = match settings.client_auth {
        0 if has_roots || settings.verifier.is_some() => {
            return Err(mismatch(
                "client_auth: expected one that uses the roots or verifier, got 0",
            ));
        }
        0 => return Ok(Arc::new(NoClientAuth)),
        1 => false,
        2 => true,
        _ => return Err(mismatch("client_auth: expected a ww_client_auth, got another value")),
    };
    match settings.verifier {
        Some(_) if has_roots => Err(mismatch("expected client_roots_pem or a verifier, got both")),
        Some(verifier) => {
            let context = Context(settings.verifier_context);
            Ok(Arc::new(Verifier::new(verifier, context, provider, mandatory)))
        }
        None if !has_roots => Err(mismatch("expected client_roots_pem or a verifier, got none")),
        None => {
            let mut roots = RootCertStore::empty();
            // SAFETY: the caller upholds this function's contract.
            unsafe { settings.client_roots_pem.add_to(&mut roots, "client_roots_pem") }?;
            let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let builder = if mandatory { builder } else { builder.allow_unauthenticated() };
            Ok(builder.build().map_err(refused)?)
        }
    }
}
