//! What rustls's handshake needs from its environment: the time, and a lock for the sessions that
//! can be resumed. (Randomness is provided by the `getrandom` package next to this one.)

use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::fmt;

use wantwrite::rustls::client::{ClientSessionMemoryCache, Resumption};
use wantwrite::rustls::lock::{Lock, MakeMutex, MutexGuard, Poisoned};
use wantwrite::rustls::pki_types::CertificateDer;
use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::rustls::{ClientConfig, RootCertStore};
use wantwrite::{ConnectionError, client_config_builder, clock, webpki_client_config_with_time};

use crate::Error;
use crate::sys::{self, Errno, File};

/// Trusts the certificates in the file `ca`, or the Mozilla roots, which are compiled in.
pub(crate) fn client_config(ca: Option<&CStr>) -> Result<Arc<ClientConfig>, Error> {
    let time = clock(sys::unix_time);
    let mut config = match ca {
        None => webpki_client_config_with_time(time),
        Some(path) => client_config_builder(time)
            .with_root_certificates(
                roots(path).map_err(|error| format!("{}: {error}", path.to_string_lossy()))?,
            )
            .with_no_client_auth()
            .into(),
    };
    let ours = Arc::make_mut(&mut config);
    // Spares each connection a copy of the configuration.
    ours.enable_secret_extraction = true;
    let sessions = ClientSessionMemoryCache::new::<Spinning>(1);
    ours.resumption = Resumption::store(Arc::new(sessions));
    Ok(config)
}

fn roots(path: &CStr) -> Result<RootCertStore, Error> {
    let pem = read_file(path)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate =
            certificate.map_err(|_| "expected certificates in PEM; the file is damaged")?;
        roots.add(certificate).map_err(ConnectionError::from)?;
    }
    if roots.is_empty() {
        return Err(
            "expected a certificate in PEM, which begins with -----BEGIN CERTIFICATE-----".into()
        );
    }
    Ok(roots)
}

fn read_file(path: &CStr) -> Result<Vec<u8>, Error> {
    let file = File::open(path)?;
    let mut content = Vec::new();
    let mut block = [0; 4096];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(content),
            Ok(len) => content.extend_from_slice(block.get(..len).unwrap_or_default()),
            Err(Errno::INTERRUPTED) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The lock for rustls's session cache. The program has one thread, so there is never contention.
struct Spinning;

impl MakeMutex for Spinning {
    fn make_mutex<T: Send + 'static>(value: T) -> Arc<dyn Lock<T>> {
        Arc::new(Spin(spin::Mutex::new(value)))
    }
}

struct Spin<T>(spin::Mutex<T>);

impl<T: Send> Lock<T> for Spin<T> {
    fn lock(&self) -> Result<MutexGuard<'_, T>, Poisoned> {
        Ok(Box::new(self.0.lock()))
    }
}

impl<T> fmt::Debug for Spin<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spin").finish_non_exhaustive()
    }
}
