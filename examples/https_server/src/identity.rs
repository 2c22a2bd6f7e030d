//! The server's certificates, and its TLS configuration.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use program::{At, certificates, private_key};
use rcgen::generate_simple_self_signed;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tempfile::NamedTempFile;

use crate::Error;
use crate::args::{Mode, Options};

/// Certificates with their keys, in order of preference.
pub(crate) struct Identity {
    keys: Vec<Arc<CertifiedKey>>,
    provider: Arc<CryptoProvider>,
    /// A certificate file for clients to trust. Removed when this is dropped.
    made: Option<NamedTempFile>,
}

impl Identity {
    /// Uses the certificates that the options name, or generates a self-signed one.
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let provider = Arc::new(ring::default_provider());
        let mut keys = Vec::new();
        for (chain, key) in &options.pairs {
            keys.push(Arc::new(read_pair(chain, key, &provider)?));
        }
        let mut made = None;
        if keys.is_empty() {
            let (key, file) = make_pair(&provider)?;
            keys.push(Arc::new(key));
            made = Some(file);
        }
        Ok(Self { keys, provider, made })
    }

    /// Returns the path of the generated certificate, if there is one.
    pub(crate) fn made_certificate(&self) -> Option<&Path> {
        self.made.as_ref().map(NamedTempFile::path)
    }

    pub(crate) fn server_config(&self, options: &Options) -> Result<ServerConfig, Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(options.versions)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(FirstVerifiable(self.keys.clone())));
        config.ticketer = ring::Ticketer::new()?;
        // RFC 8449 §4 counts the content. rustls counts the record header too.
        let max_fragment_len = options.connection.writer.max_fragment_len;
        config.max_fragment_size = Some(max_fragment_len.clamp(64, 16_384) + RECORD_HEADER_LEN);
        if options.mode == Mode::Http {
            config.alpn_protocols = vec![b"http/1.1".to_vec(), b"http/1.0".to_vec()];
        }
        Ok(config)
    }
}

const RECORD_HEADER_LEN: usize = 5;

fn read_pair(chain: &Path, key: &Path, provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
    CertifiedKey::from_der(certificates(chain)?, private_key(key)?, provider).at(format_args!(
        "{}, {}",
        chain.display(),
        key.display()
    ))
}

fn make_pair(provider: &CryptoProvider) -> Result<(CertifiedKey, NamedTempFile), Error> {
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let made = generate_simple_self_signed(names)?;
    let mut file = tempfile::Builder::new().prefix("https_server-").suffix(".pem").tempfile()?;
    file.write_all(made.cert.pem().as_bytes())?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    Ok((CertifiedKey::from_der(vec![made.cert.der().clone()], key, provider)?, file))
}

/// Chooses the first certificate whose signatures the client can verify.
#[derive(Debug)]
struct FirstVerifiable(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for FirstVerifiable {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = client_hello.signature_schemes();
        let verifiable = self.0.iter().find(|pair| pair.key.choose_scheme(schemes).is_some());
        // Without a certificate, rustls would send access_denied. With one that does not match, it
        // sends handshake_failure.
        verifiable.or_else(|| self.0.first()).cloned()
    }
}
