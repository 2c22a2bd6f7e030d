//! Certificates and keys from files, and explanations for rejected certificates.

use std::path::{Path, PathBuf};

use lexopt::Arg;
use wantwrite::rustls::pki_types::pem::{self, PemObject};
use wantwrite::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use wantwrite::rustls::{self, CertificateError, RootCertStore, ServerConfig};

use crate::{Args, At, Error};

/// Reads the certificates in a PEM file.
///
/// # Errors
/// The file cannot be read, is not PEM, or has no certificate. The error names the file.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let chain = read.map_err(|error| explain_pem(&error, CERTIFICATE)).at(path.display())?;
    if chain.is_empty() {
        return Err(CERTIFICATE).at(path.display());
    }
    Ok(chain)
}

/// Reads the first private key in a PEM file.
///
/// # Errors
/// The file cannot be read, is not PEM, or has no private key. The error names the file.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let read = PrivateKeyDer::from_pem_file(path);
    read.map_err(|error| explain_pem(&error, PRIVATE_KEY)).at(path.display())
}

/// Returns a root store with the certificates in a PEM file.
///
/// # Errors
/// The errors of [`certificates`], or a certificate that cannot be parsed.
pub fn roots(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).at(path.display())?;
    }
    Ok(roots)
}

const CERTIFICATE: &str =
    "expected a certificate in PEM, which begins with -----BEGIN CERTIFICATE-----";
const PRIVATE_KEY: &str =
    "expected a private key in PEM (PKCS#8, SEC1 or PKCS#1), without password";

fn explain_pem(error: &pem::Error, expected: &str) -> String {
    match error {
        pem::Error::NoItemsFound => expected.to_owned(),
        pem::Error::Io(error) => error.to_string(),
        error => format!("{expected}; the file is damaged: {error}"),
    }
}

/// The two file arguments of a small server.
#[derive(Debug)]
pub struct CertificateAndKey {
    certificate: PathBuf,
    key: PathBuf,
}

impl CertificateAndKey {
    /// Parses the arguments CERTIFICATE and KEY. Returns `None` if they ask for help.
    ///
    /// # Errors
    /// Missing or additional arguments.
    pub fn parse(args: &mut Args) -> Result<Option<Self>, Error> {
        let (mut certificate, mut key) = (None, None);
        while let Some(arg) = args.next()? {
            match arg {
                Arg::Value(path) if certificate.is_none() => certificate = Some(path.into()),
                Arg::Value(path) if key.is_none() => key = Some(path.into()),
                Arg::Short('h') | Arg::Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        let certificate = certificate.ok_or("expected CERTIFICATE, a PEM file")?;
        let key = key.ok_or("expected KEY, the PEM file of the certificate's private key")?;
        Ok(Some(Self { certificate, key }))
    }

    /// Returns the configuration of a server with this certificate.
    ///
    /// # Errors
    /// A file that cannot be used, or a key that does not belong to the certificate.
    pub fn server_config(&self) -> Result<ServerConfig, Error> {
        let (chain, key) = (certificates(&self.certificate)?, private_key(&self.key)?);
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
        config.at(format_args!("{}, {}", self.certificate.display(), self.key.display()))
    }
}

/// Explains why a server's certificate was rejected and what you can do about it, if that is why a
/// handshake failed. `trust` is the argument that names trusted certificates. Returns any other
/// error unchanged.
#[must_use]
pub fn explain(error: impl Into<Error>, trust: &str) -> Error {
    let error = error.into();
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&*error);
    while let Some(found) = source {
        if let Some(rustls::Error::InvalidCertificate(error)) = found.downcast_ref() {
            if let Some(text) = explain_certificate(error, trust) {
                return text.into();
            }
        }
        // `io::Error::source` skips the error that it wraps.
        let inner = found.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let inner = inner.map(|inner| -> &(dyn std::error::Error + 'static) { inner });
        source = inner.or_else(|| found.source());
    }
    error
}

fn explain_certificate(error: &CertificateError, trust: &str) -> Option<String> {
    match error {
        CertificateError::UnknownIssuer => Some(format!(
            "the server's certificate was not issued by a trusted authority (UnknownIssuer); \
             name the PEM file of its authority with {trust}"
        )),
        CertificateError::Other(error) if error.to_string() == "CaUsedAsEndEntity" => Some(
            "the server's certificate is that of an authority (CA:TRUE), which a server may not \
             use as its own; with OpenSSL, make one with \
             -addext basicConstraints=critical,CA:FALSE"
                .to_owned(),
        ),
        _ => None,
    }
}
