//! Full handshakes that produce the same bytes on every run.

use core::time::Duration;
use std::sync::{Arc, LazyLock};

use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::server::ServerSessionMemoryCache;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use wantwrite::{CipherSuite, Connection, ConnectionConfig, ConnectionError, Version};

use crate::{provider, seed};

/// The host name of [`server_config`]'s certificate.
pub const SERVER_NAME: &str = "localhost";

/// The suites that work with [`server_config`]'s certificate, whose key is Ed25519.
pub const SUITES: [CipherSuite; 6] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// A certificate for [`SERVER_NAME`], self-signed with the key below and valid until 4096.
const CERTIFICATE: &[u8] = include_bytes!("certificate.der");

/// An Ed25519 key in PKCS #8 (RFC 8410 §7). Its signatures use no randomness.
const KEY: [u8; 48] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
];

/// A clock that always shows November 2023.
#[must_use]
pub fn clock() -> Arc<dyn TimeProvider> {
    wantwrite::clock(|| Some(Duration::from_secs(1_700_000_000)))
}

/// A client configuration without randomness, which trusts [`server_config`]'s certificate. It
/// resumes no sessions, so that one input cannot affect the next.
///
/// # Errors
/// rustls's, if none of the suites is in its provider.
pub fn client_config(suites: &[CipherSuite]) -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(CERTIFICATE))?;
    let provider = Arc::new(provider(suites));
    let mut config = ClientConfig::builder_with_details(provider, clock())
        .with_protocol_versions(&versions(suites))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.enable_secret_extraction = true;
    Ok(config)
}

/// A server configuration without randomness, with a certificate for [`SERVER_NAME`].
///
/// # Errors
/// rustls's, if none of the suites is in its provider.
pub fn server_config(suites: &[CipherSuite]) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(provider(suites));
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(KEY.to_vec()));
    let mut config = ServerConfig::builder_with_details(provider, clock())
        .with_protocol_versions(&versions(suites))?
        .with_no_client_auth()
        .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], key)?;
    config.session_storage = ServerSessionMemoryCache::new(8);
    config.enable_secret_extraction = true;
    Ok(config)
}

/// [`SERVER_NAME`] as rustls's type.
#[must_use]
pub fn server_name() -> ServerName<'static> {
    ServerName::try_from(SERVER_NAME).expect("a host name of ASCII letters is valid")
}

/// A new client and a new server, whose handshake is determined by `seed`.
///
/// # Errors
/// [`ConnectionError::UnsupportedSuite`] for a suite that is not in [`SUITES`],
/// [`ConnectionError::Config`] for a setting that is out of its range.
pub fn strangers(
    seed: u64,
    suite: CipherSuite,
    config: ConnectionConfig,
) -> Result<(Connection, Connection), ConnectionError> {
    seed::seed(seed);
    let (client, server) = configs(suite)?;
    Ok((
        Connection::client_with(client, server_name(), config.clone())?,
        Connection::server_with(server, config)?,
    ))
}

type Configs = (Arc<ClientConfig>, Arc<ServerConfig>);

/// The configurations of one suite. They are built once and cached, because building them takes
/// longer than running a short input.
///
/// # Errors
/// As [`strangers`].
pub fn configs(suite: CipherSuite) -> Result<Configs, ConnectionError> {
    static CONFIGS: LazyLock<[Result<Configs, rustls::Error>; SUITES.len()]> =
        LazyLock::new(|| {
            SUITES
                .map(|suite| Ok((client_config(&[suite])?.into(), server_config(&[suite])?.into())))
        });
    let at = SUITES.iter().position(|with| *with == suite);
    let made = at.and_then(|at| CONFIGS.get(at));
    Ok(made.ok_or(ConnectionError::UnsupportedSuite(suite.to_wire()))?.clone()?)
}

fn versions(suites: &[CipherSuite]) -> Vec<&'static SupportedProtocolVersion> {
    let has = |version| suites.iter().any(|suite| suite.version() == version);
    let mut versions = Vec::new();
    if has(Version::Tls13) {
        versions.push(&rustls::version::TLS13);
    }
    if has(Version::Tls12) {
        versions.push(&rustls::version::TLS12);
    }
    versions
}
