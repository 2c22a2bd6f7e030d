//! Configurations, from PEM in memory.

use core::ffi::{CStr, c_char, c_void};
use core::ptr;

use wantwrite_capi::*;

use crate::made;

/// A `ww_client_config`.
#[derive(Debug)]
pub struct ClientConfig(*mut ww_client_config);

impl ClientConfig {
    /// Creates a client configuration from the default settings, as changed by `set`.
    ///
    /// # Safety
    /// `set` must set only valid pointers.
    pub unsafe fn new(set: impl FnOnce(&mut ww_client_settings)) -> Result<Self, Box<ww_error>> {
        let mut settings = ww_client_settings {
            size: size_of::<ww_client_settings>(),
            roots: 0,
            versions: 0,
            roots_pem: NO_PEM,
            verifier: None,
            verifier_context: ptr::null_mut(),
            alpn: ptr::null(),
            certificates: NO_PEM,
            private_key: NO_PEM,
            key_log_file: ptr::null(),
            session_cache: 0,
            clock: None,
            clock_context: ptr::null_mut(),
        };
        set(&mut settings);
        // SAFETY: all pointers are valid.
        made(|config, error| unsafe { ww_client_config_new(&settings, config, error) }).map(Self)
    }

    /// Trusts the certificates in `roots`.
    pub fn trusting(roots: &str, versions: u32, alpn: &[&CStr]) -> Result<Self, Box<ww_error>> {
        let alpn = texts(alpn);
        let set = |settings: &mut ww_client_settings| {
            settings.roots = 1;
            settings.roots_pem = pem(roots);
            settings.versions = versions;
            settings.alpn = alpn.as_ptr();
        };
        // SAFETY: all pointers are valid.
        unsafe { Self::new(set) }
    }

    pub(crate) const fn get(&self) -> *const ww_client_config {
        self.0
    }
}

// SAFETY: any number of threads can use it at the same time.
unsafe impl Send for ClientConfig {}

impl Clone for ClientConfig {
    fn clone(&self) -> Self {
        // SAFETY: the handle is live.
        Self(unsafe { ww_client_config_clone(self.0) })
    }
}

impl Drop for ClientConfig {
    fn drop(&mut self) {
        // SAFETY: the handle is live, and is not used again.
        unsafe { ww_client_config_free(self.0) };
    }
}

/// A `ww_server_config`.
#[derive(Debug)]
pub struct ServerConfig(*mut ww_server_config);

impl ServerConfig {
    /// Creates a server configuration from the default settings without a certificate, as changed
    /// by `set`.
    ///
    /// # Safety
    /// `set` must set only valid pointers.
    pub unsafe fn new(set: impl FnOnce(&mut ww_server_settings)) -> Result<Self, Box<ww_error>> {
        let mut settings = ww_server_settings {
            size: size_of::<ww_server_settings>(),
            client_auth: 0,
            versions: 0,
            certificates: NO_PEM,
            private_key: NO_PEM,
            client_roots_pem: NO_PEM,
            verifier: None,
            verifier_context: ptr::null_mut(),
            alpn: ptr::null(),
            key_log_file: ptr::null(),
            session_cache: 0,
            stateless_tickets: 0,
            clock: None,
            clock_context: ptr::null_mut(),
        };
        set(&mut settings);
        // SAFETY: all pointers are valid.
        made(|config, error| unsafe { ww_server_config_new(&settings, config, error) }).map(Self)
    }

    /// Creates a server configuration with this certificate and its key.
    pub fn with(certificate: &str, key: &str, alpn: &[&CStr]) -> Result<Self, Box<ww_error>> {
        let alpn = texts(alpn);
        let set = |settings: &mut ww_server_settings| {
            settings.certificates = pem(certificate);
            settings.private_key = pem(key);
            settings.alpn = alpn.as_ptr();
        };
        // SAFETY: all pointers are valid.
        unsafe { Self::new(set) }
    }

    pub(crate) const fn get(&self) -> *const ww_server_config {
        self.0
    }
}

// SAFETY: any number of threads can use it at the same time.
unsafe impl Send for ServerConfig {}

impl Clone for ServerConfig {
    fn clone(&self) -> Self {
        // SAFETY: the handle is live.
        Self(unsafe { ww_server_config_clone(self.0) })
    }
}

impl Drop for ServerConfig {
    fn drop(&mut self) {
        // SAFETY: the handle is live, and is not used again.
        unsafe { ww_server_config_free(self.0) };
    }
}

const NO_PEM: ww_pem = ww_pem { path: ptr::null(), data: ptr::null(), len: 0 };

/// PEM in memory. `text` must outlive the call that uses it.
pub const fn pem(text: &str) -> ww_pem {
    ww_pem { path: ptr::null(), data: text.as_ptr(), len: text.len() }
}

/// A NULL-terminated array of texts.
fn texts(texts: &[&CStr]) -> Vec<*const c_char> {
    let null: *const c_void = ptr::null();
    texts.iter().map(|text| text.as_ptr()).chain([null.cast()]).collect()
}
