//! The rustls configuration for the handshake.

use alloc::sync::Arc;

use wantwrite::rustls::pki_types::CertificateDer;
use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::rustls::{ClientConfig, RootCertStore};
use wantwrite::{ConnectionError, client_config_builder, clock};

use crate::Error;
use crate::machine;

/// Returns the configuration of a client that trusts only these certificates.
pub(crate) fn config(pem: &[u8]) -> Result<Arc<ClientConfig>, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| "the file with certificates is not PEM")?;
        roots.add(certificate).map_err(ConnectionError::from)?;
    }
    let time = clock(machine::unix_time);
    let mut config =
        client_config_builder(time).with_root_certificates(roots).with_no_client_auth();
    // Spares the connection a copy of the configuration.
    config.enable_secret_extraction = true;
    Ok(config.into())
}
