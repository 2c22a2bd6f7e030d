//! What small TLS servers have in common.

use std::env::args;

use wantwrite::rustls::ServerConfig;
use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Error;

/// For the certificate and the key in the PEM files that are the program's two arguments.
///
/// # Errors
/// Arguments that are missing, and files that cannot be read or do not fit each other.
pub fn server_config() -> Result<ServerConfig, Error> {
    let [_, chain, key] = &args().collect::<Vec<_>>()[..] else {
        return Err("expected two arguments: CERTIFICATE KEY".into());
    };
    let chain = CertificateDer::pem_file_iter(chain)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    Ok(ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?)
}
