//! Configurations of servers.

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

/// Whether a server asks clients for certificates.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_client_auth {
    /// It does not.
    WW_CLIENT_AUTH_NONE = 0,
    /// It does, and takes clients that have none.
    WW_CLIENT_AUTH_OPTIONAL = 1,
    /// It does, and refuses clients that have none.
    WW_CLIENT_AUTH_REQUIRED = 2,
}

/// What servers are made with. It does not change, is reference counted, and may be used from
/// any number of threads at once: share one, and with it its sessions.
#[derive(Debug)]
pub struct ww_server_config(Arc<ServerConfig>);

/// The settings of a server. 0 is the default of each; so begin with
/// `{.size = sizeof(ww_server_settings)}`. Whatever they point to is copied.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_server_settings {
    /// `sizeof(ww_server_settings)`.
    pub size: usize,
    /// Whether clients are asked for certificates: a `ww_client_auth`. Default: no.
    pub client_auth: i32,
    /// `WW_TLS12`, `WW_TLS13`, or both of them. Default: both.
    pub versions: u32,
    /// The server's certificate and those behind it. Must be set.
    pub certificates: ww_pem,
    /// The private key of that certificate. Must be set.
    pub private_key: ww_pem,
    /// The roots that vouch for clients; or else `verifier`.
    pub client_roots_pem: ww_pem,
    /// Decides about clients' certificates; or else `client_roots_pem`.
    pub verifier: ww_verifier,
    /// What it is called with.
    pub verifier_context: *mut c_void,
    /// Application protocols (ALPN), the most wanted first: an array of texts with NULL at its
    /// end. Default: NULL, none.
    pub alpn: *const *const c_char,
    /// A file to which the secrets of all connections are written (SSLKEYLOGFILE). Anyone who
    /// can read it can decrypt them: for debugging.
    pub key_log_file: *const c_char,
    /// How many sessions are kept for resumption; negative: none, and no tickets. Default: 256.
    pub session_cache: i32,
    /// Sessions are kept by the clients, in encrypted tickets, and not here. The key of the
    /// tickets changes every six hours.
    pub stateless_tickets: i32,
    /// The clock. Default: the system's.
    pub clock: ww_clock,
    /// What it is called with.
    pub clock_context: *mut c_void,
}

// SAFETY: `repr(C)`, its size first; numbers, pointers and functions, each of which can be NULL.
unsafe impl Settings for ww_server_settings {}

/// A configuration of servers. `error` may be NULL.
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
        // SAFETY: not NULL, and as the contract of every function says.
        let settings = unsafe { settings::read(settings) }?;
        // SAFETY: what it points to is as the contract of every function says.
        let config = unsafe { build(&settings) }?;
        Ok(give_shared(ww_server_config(Arc::new(config))))
    };
    // SAFETY: the contract of every function.
    unsafe { guard::create(config, error, make) }
}

/// Another handle of the same configuration, to be freed by itself. NULL gives NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_server_config_clone(
    config: *const ww_server_config,
) -> *mut ww_server_config {
    // SAFETY: the contract of every function.
    unsafe { clone_shared(config) }
}

/// Gives a handle up. Connections keep what they use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_server_config_free(config: *mut ww_server_config) {
    // SAFETY: the contract of every function.
    unsafe { free_shared(config) };
}

impl ww_server_config {
    pub(crate) fn tls(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

/// # Safety
/// What the settings point to is as the contract of every function says.
unsafe fn build(settings: &ww_server_settings) -> Result<ServerConfig, Failure> {
    let provider = Arc::new(default_provider());
    let time = time_provider(settings.clock, settings.clock_context);
    // SAFETY: as this function's.
    let verifier = unsafe { client_verifier(settings, Arc::clone(&provider)) }?;
    // SAFETY: as this function's.
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
    // SAFETY: as this function's.
    config.alpn_protocols = unsafe { protocols(settings.alpn) }?;
    // SAFETY: as this function's.
    if let Some(log) = unsafe { key_log(settings.key_log_file) }? {
        config.key_log = log;
    }
    match sessions(settings.session_cache) {
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
    // Spares every connection a copy of the configuration.
    config.enable_secret_extraction = true;
    Ok(config)
}

/// # Safety
/// What the settings point to is as the contract of every function says.
unsafe fn client_verifier(
    settings: &ww_server_settings,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Failure> {
    let has_roots = !settings.client_roots_pem.is_none();
    let mandatory = match settings.client_auth {
        0 if has_roots || settings.verifier.is_some() => {
            return Err(mismatch(
                "there is somebody to decide about clients, and client_auth is 0",
            ));
        }
        0 => return Ok(Arc::new(NoClientAuth)),
        1 => false,
        2 => true,
        _ => return Err(mismatch("client_auth: expected a ww_client_auth, got something else")),
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
            // SAFETY: as this function's.
            unsafe { settings.client_roots_pem.add_to(&mut roots, "client_roots_pem") }?;
            let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let builder = if mandatory { builder } else { builder.allow_unauthenticated() };
            Ok(builder.build().map_err(refused)?)
        }
    }
}
