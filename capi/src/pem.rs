//! PEM from files and from memory.

use core::ffi::{CStr, c_char, c_void};
use core::ptr;
use std::fs;
use std::path::Path;

use wantwrite::rustls::RootCertStore;
use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::error::{Failure, ww_status};
use crate::memory;

/// PEM in a file (`path`) or in memory (`data` and `len`). All zeros means none; setting both is an
/// error.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_pem {
    /// The path of a file, or NULL.
    pub path: *const c_char,
    /// PEM in memory, or NULL.
    pub data: *const u8,
    /// How many bytes of PEM.
    pub len: usize,
}

impl ww_pem {
    pub(crate) const NONE: Self = Self { path: ptr::null(), data: ptr::null(), len: 0 };

    pub(crate) const fn is_none(&self) -> bool {
        self.path.is_null() && self.data.is_null() && self.len == 0
    }

    /// Reads all of it.
    ///
    /// # Safety
    /// Its pointers obey the contract of every function.
    unsafe fn read(&self, what: &str) -> Result<Vec<u8>, Failure> {
        let setting = |text| Failure::of_caller(ww_status::WW_ERROR_SETTING, text);
        // SAFETY: the caller upholds this function's contract.
        match unsafe { memory::text(self.path) } {
            Some(_) if !self.data.is_null() => {
                Err(setting(format!("expected a file or memory for {what}, got both")))
            }
            Some(path) => fs::read(path_of(path)?).map_err(|error| {
                let text = format!("{what}: {}: {error}", path.to_string_lossy());
                Failure::of_caller(ww_status::WW_ERROR_FILE, text)
            }),
            None => {
                // SAFETY: the caller upholds this function's contract.
                let bytes = unsafe { memory::bytes(self.data.cast::<c_void>(), self.len) };
                let bytes = bytes.map_err(|status| {
                    Failure::of_caller(status, format!("expected {what}, got invalid memory"))
                })?;
                Ok(bytes.to_vec())
            }
        }
    }

    /// The certificates in it, at least one.
    ///
    /// # Safety
    /// Its pointers obey the contract of every function.
    pub(crate) unsafe fn certificates(
        &self,
        what: &str,
    ) -> Result<Vec<CertificateDer<'static>>, Failure> {
        // SAFETY: the caller upholds this function's contract.
        let pem = unsafe { self.read(what) }?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        match certificates {
            Ok(certificates) if certificates.is_empty() => {
                Err(undecodable(format!("{what}: expected a certificate, got none")))
            }
            Ok(certificates) => Ok(certificates),
            Err(error) => Err(undecodable(format!("{what}: {error}"))),
        }
    }

    /// The first private key in it.
    ///
    /// # Safety
    /// Its pointers obey the contract of every function.
    pub(crate) unsafe fn private_key(&self, what: &str) -> Result<PrivateKeyDer<'static>, Failure> {
        // SAFETY: the caller upholds this function's contract.
        let pem = Zeroizing::new(unsafe { self.read(what) }?);
        PrivateKeyDer::from_pem_slice(&pem).map_err(|error| undecodable(format!("{what}: {error}")))
    }

    /// Adds the certificates in it to the trusted roots.
    ///
    /// # Safety
    /// Its pointers obey the contract of every function.
    pub(crate) unsafe fn add_to(
        &self,
        store: &mut RootCertStore,
        what: &str,
    ) -> Result<(), Failure> {
        // SAFETY: the caller upholds this function's contract.
        for certificate in unsafe { self.certificates(what) }? {
            store.add(certificate).map_err(|error| {
                Failure::of_caller(ww_status::WW_ERROR_IDENTITY, format!("{what}: {error}"))
            })?;
        }
        Ok(())
    }
}

fn undecodable(text: String) -> Failure {
    Failure::of_caller(ww_status::WW_ERROR_PEM, text)
}

/// A path from the caller: any bytes on Unix, UTF-8 elsewhere.
pub(crate) fn path_of(path: &CStr) -> Result<&Path, Failure> {
    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        Ok(Path::new(OsStr::from_bytes(path.to_bytes())))
    }
    #[cfg(not(unix))]
    {
        let text = "expected a path in UTF-8, got other bytes";
        path.to_str()
            .map(Path::new)
            .map_err(|_| Failure::of_caller(ww_status::WW_ERROR_ARGUMENT, text))
    }
}
