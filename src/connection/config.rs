//! The settings of a connection, and how rustls's configuration is prepared for it.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

#[cfg(feature = "webpki-roots")]
use rustls::RootCertStore;
#[cfg(feature = "webpki-roots")]
use rustls::client::WantsClientCert;
use rustls::crypto::CryptoProvider;
#[cfg(not(feature = "ring"))]
pub(super) use rustls::crypto::aws_lc_rs::default_provider;
#[cfg(feature = "ring")]
pub(super) use rustls::crypto::ring::default_provider;
use rustls::pki_types::UnixTime;
#[cfg(all(feature = "std", feature = "webpki-roots"))]
use rustls::time_provider::DefaultTimeProvider;
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, ConfigBuilder, ServerConfig, SupportedProtocolVersion, WantsVerifier, version,
};

use super::ConnectionError;
use super::rustls23::KeptSecrets;
use crate::aead::CipherSuite;
#[cfg(feature = "std")]
use crate::buffer::Pool;
use crate::error::ConfigError;
use crate::reader::ReaderConfig;
use crate::record::HEADER_LEN;
use crate::writer::WriterConfig;

/// The settings of both halves. Assign the fields one by one, because more may be added.
///
/// ```
/// let mut config = wantwrite::ConnectionConfig::default();
/// config.writer.capacity = 256 * 1024;
/// config.reader.buffers = wantwrite::BufferPolicy::Release;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ConnectionConfig {
    /// The settings of the writing half.
    pub writer: WriterConfig,
    /// The settings of the reading half.
    pub reader: ReaderConfig,
    /// What the peer's `close_notify` does to our half in TLS 1.2.
    pub tls12_close: Tls12Close,
    /// Whether [`export_keying_material`](crate::Connection::export_keying_material) works. If so,
    /// each connection makes a copy of rustls's configuration and keeps the exporter secret.
    /// Default: no.
    pub exporter: bool,
    /// Whether early data (0-RTT) is allowed. A client also needs rustls's `enable_early_data`. A
    /// server also needs `max_early_data_size`, and reads early data with
    /// [`early_plaintext`](crate::Connection::early_plaintext). Default: no.
    pub early_data: bool,
    /// Whether a server respects a client's `record_size_limit` (RFC 8449) or `max_fragment_length`
    /// (RFC 6066 §4) in all records it sends, handshake records included. It refuses a value that
    /// these RFCs do not allow, with `illegal_parameter`.
    /// [`set_max_fragment_len`](crate::Writer::set_max_fragment_len) does not lift the client's
    /// limit, which stays with the connection when it is taken apart or moved. The server does not
    /// answer either extension, because rustls does not support them. Default: no.
    pub peer_size_limits: bool,
    /// Whether the connection can be [moved](crate::Connection::dangerous_into_moved) to another
    /// process. The traffic secrets are kept for that. Default: no.
    pub movable: bool,
}

/// What the peer's `close_notify` does to our half in TLS 1.2. In TLS 1.3 it never affects our
/// half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tls12Close {
    /// Our half stays open, as in TLS 1.3 (RFC 9846 §6.1). A peer that ends its half and waits for
    /// the response, as `socat` and `stunnel` do, still gets it.
    #[default]
    HalfOpen,
    /// Follows RFC 5246 §7.2.1 to the letter: our half closes as soon as the peer's `close_notify`
    /// is processed. What was accepted before is still sent. So respond to what you have read
    /// before you call [`process`](crate::Connection::process) again;
    /// [`read`](crate::Connection::read) stops before the `close_notify` automatically.
    Answer,
}

impl ConnectionConfig {
    /// The default settings, with `pool` for both halves. Give a clone to every connection: idle
    /// connections then hold no buffers, and busy ones do not allocate any.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn pooled(pool: Pool) -> Self {
        let mut config = Self::default();
        config.writer.pool = Some(pool.clone());
        config.reader.pool = Some(pool);
        config
    }

    /// Checks whether a connection can be created with these settings, without creating one.
    ///
    /// # Errors
    /// The first setting that is out of range.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.writer.check()?;
        self.reader.check()
    }

    /// Which secrets are captured from the handshake's key log.
    pub(super) const fn kept_secrets(&self) -> KeptSecrets {
        KeptSecrets::new(self.exporter, self.movable)
    }

    /// Adds rustls's cap on records (`max_fragment_size`) to ours. rustls includes the record
    /// header in it and has already rejected values out of range.
    pub(super) fn capped(mut self, max_fragment_size: Option<usize>) -> Self {
        if let Some(size) = max_fragment_size {
            let cap = &mut self.writer.max_fragment_len;
            *cap = size.saturating_sub(HEADER_LEN).min(*cap);
        }
        self
    }
}

/// Returns a client configuration that trusts the Mozilla roots (`webpki-roots`), uses ring, and
/// offers TLS 1.3 and (feature `tls12`) 1.2, without a client certificate. Clock and randomness
/// come from the operating system.
#[cfg(all(feature = "std", feature = "webpki-roots"))]
#[must_use]
pub fn webpki_client_config() -> Arc<ClientConfig> {
    webpki_client_config_with_time(Arc::new(DefaultTimeProvider))
}

/// Like `webpki_client_config`, with your own clock, for programs without `std`: see [`clock`].
#[cfg(feature = "webpki-roots")]
#[must_use]
pub fn webpki_client_config_with_time(time: Arc<dyn TimeProvider>) -> Arc<ClientConfig> {
    finish_client_config(client_config_builder(time).with_root_certificates(webpki_roots()))
}

/// The versions to negotiate, regardless of how rustls is built.
const VERSIONS: &[&SupportedProtocolVersion] = &[
    &version::TLS13,
    #[cfg(feature = "tls12")]
    &version::TLS12,
];

/// Starts a client configuration without `std`: ring, TLS 1.3 and (feature `tls12`) 1.2, and your
/// own clock. You still have to choose whom to trust, and whether to send a client certificate.
///
/// ```
/// use core::time::Duration;
/// use wantwrite::{client_config_builder, clock, rustls};
///
/// # fn seconds_since_1970() -> Option<u64> { Some(1_700_000_000) }
/// # let roots = rustls::RootCertStore::empty();
/// let time = clock(|| seconds_since_1970().map(Duration::from_secs));
/// let config = client_config_builder(time).with_root_certificates(roots).with_no_client_auth();
/// ```
#[must_use]
pub fn client_config_builder(
    time: Arc<dyn TimeProvider>,
) -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_details(Arc::new(default_provider()), time)
        .with_protocol_versions(VERSIONS)
        .expect("the ring provider has suites for each version")
}

/// Like [`client_config_builder`], for a server. You still have to choose whether to ask clients
/// for certificates, and the server's own certificate.
#[must_use]
pub fn server_config_builder(
    time: Arc<dyn TimeProvider>,
) -> ConfigBuilder<ServerConfig, WantsVerifier> {
    ServerConfig::builder_with_details(Arc::new(default_provider()), time)
        .with_protocol_versions(VERSIONS)
        .expect("the ring provider has suites for each version")
}

/// Makes a clock for rustls out of a function. The function returns the time since the start of
/// 1970 (UTC), or `None` while the time is unknown, in which case handshakes that need it fail.
/// Certificates and the age of tickets are checked against this clock.
#[must_use]
pub fn clock(now: impl Fn() -> Option<Duration> + Send + Sync + 'static) -> Arc<dyn TimeProvider> {
    Arc::new(Clock(now))
}

struct Clock<F>(F);

impl<F: Fn() -> Option<Duration> + Send + Sync> TimeProvider for Clock<F> {
    fn current_time(&self) -> Option<UnixTime> {
        (self.0)().map(UnixTime::since_unix_epoch)
    }
}

impl<F> fmt::Debug for Clock<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}

#[cfg(feature = "webpki-roots")]
fn webpki_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

#[cfg(feature = "webpki-roots")]
fn finish_client_config(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
) -> Arc<ClientConfig> {
    let mut config = builder.with_no_client_auth();
    // This saves every connection a copy of the configuration.
    config.enable_secret_extraction = true;
    Arc::new(config)
}

/// A suite that we do not support must not be offered, and rustls does not let us change the
/// provider in a configuration.
pub(super) fn check_suites(provider: &CryptoProvider) -> Result<(), ConnectionError> {
    let mut numbers = provider.cipher_suites.iter().map(|suite| u16::from(suite.suite()));
    match numbers.find(|&number| CipherSuite::from_wire(number).is_none()) {
        Some(number) => Err(ConnectionError::UnsupportedSuite(number)),
        None => Ok(()),
    }
}

/// Returns the configuration as [`Connection::client`](crate::Connection::client) needs it: secrets
/// can be extracted, and early data is off, because [`ConnectionConfig::early_data`] does not allow
/// it by default.
///
/// This makes a copy only if something has to change. Every connection does this itself. If your
/// program creates many connections with one configuration, call this once beforehand to save each
/// of them the copy.
#[must_use]
pub fn prepare_client_config(mut config: Arc<ClientConfig>) -> Arc<ClientConfig> {
    if !config.enable_secret_extraction || config.enable_early_data {
        let config = Arc::make_mut(&mut config);
        config.enable_secret_extraction = true;
        config.enable_early_data = false;
    }
    config
}
