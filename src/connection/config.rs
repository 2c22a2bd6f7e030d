//! Settings of a connection, and rustls's made ready for it.

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

/// The settings of both halves. Fields are assigned: more may come.
///
/// ```
/// let mut config = wantwrite::ConnectionConfig::default();
/// config.writer.capacity = 256 * 1024;
/// config.reader.buffers = wantwrite::BufferPolicy::Release;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ConnectionConfig {
    /// Of what we write.
    pub writer: WriterConfig,
    /// Of what we read.
    pub reader: ReaderConfig,
    /// What the peer's `close_notify` does to our half in TLS 1.2.
    pub tls12_close: Tls12Close,
    /// Whether [`export_keying_material`](crate::Connection::export_keying_material) is to work. A
    /// copy of rustls's configuration is made for each connection then, and the exporter secret is
    /// kept. Default: no.
    pub exporter: bool,
    /// Whether early data (0-RTT) may be used. A client also needs rustls's `enable_early_data`, a
    /// server `max_early_data_size`, and reads it with
    /// [`early_plaintext`](crate::Connection::early_plaintext). Default: no.
    pub early_data: bool,
    /// Whether a server sends no longer records, handshake records too, than a client asks for by
    /// `record_size_limit` (RFC 8449) or `max_fragment_length` (RFC 6066 §4). It answers neither
    /// extension, because rustls knows none of them. Default: no.
    pub peer_size_limits: bool,
    /// Whether the connection can be [moved](crate::Connection::dangerous_into_moved) to another
    /// process. The traffic secrets are kept for that. Default: no.
    pub movable: bool,
}

/// What the peer's `close_notify` does to our half in TLS 1.2. In TLS 1.3 it does nothing to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tls12Close {
    /// Our half stays open, as in TLS 1.3 (RFC 9846 §6.1): a peer that ends its half and waits for
    /// the answer, as `socat` and `stunnel` do, gets it.
    #[default]
    HalfOpen,
    /// The letter of RFC 5246 §7.2.1: our half is closed as soon as the peer's `close_notify` is
    /// processed. What was accepted before is still sent. So answer what you have read before you
    /// call [`process`](crate::Connection::process) again; [`read`](crate::Connection::read)
    /// stops in front of it by itself.
    Answer,
}

impl ConnectionConfig {
    /// The default settings, with `pool` for both halves. Give a clone of it to every connection:
    /// those that are idle hold no buffer then, and those that are busy allocate none.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn pooled(pool: Pool) -> Self {
        let mut config = Self::default();
        config.writer.pool = Some(pool.clone());
        config.reader.pool = Some(pool);
        config
    }

    /// Whether a connection can be made with these settings, without making one.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.writer.check()?;
        self.reader.check()
    }

    /// What a handshake's key log is listened to for.
    pub(super) const fn kept_secrets(&self) -> KeptSecrets {
        KeptSecrets::new(self.exporter, self.movable)
    }

    /// With rustls's cap on records (`max_fragment_size`) as one more on ours. rustls counts the
    /// record header in it, and has refused values that are out of its range.
    pub(super) fn capped(mut self, max_fragment_size: Option<usize>) -> Self {
        if let Some(size) = max_fragment_size {
            let cap = &mut self.writer.max_fragment_len;
            *cap = size.saturating_sub(HEADER_LEN).min(*cap);
        }
        self
    }
}

/// A client configuration that trusts the Mozilla roots (`webpki-roots`), with ring, for TLS 1.3
/// and (feature `tls12`) 1.2, without a client certificate. Clock and randomness are the system's.
#[cfg(all(feature = "std", feature = "webpki-roots"))]
#[must_use]
pub fn webpki_client_config() -> Arc<ClientConfig> {
    webpki_client_config_with_time(Arc::new(DefaultTimeProvider))
}

/// The same with the caller's clock, for programs without `std`: see [`clock`].
#[cfg(feature = "webpki-roots")]
#[must_use]
pub fn webpki_client_config_with_time(time: Arc<dyn TimeProvider>) -> Arc<ClientConfig> {
    finish_client_config(client_config_builder(time).with_root_certificates(webpki_roots()))
}

/// What is negotiated, whatever rustls is built with.
const VERSIONS: &[&SupportedProtocolVersion] = &[
    &version::TLS13,
    #[cfg(feature = "tls12")]
    &version::TLS12,
];

/// The beginning of a client configuration without `std`: ring, TLS 1.3 and (feature `tls12`) 1.2,
/// the caller's clock. What remains is whom to trust, and a client certificate or none.
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

/// As [`client_config_builder`], for a server: what remains is whether clients are asked for
/// certificates, and the server's own.
#[must_use]
pub fn server_config_builder(
    time: Arc<dyn TimeProvider>,
) -> ConfigBuilder<ServerConfig, WantsVerifier> {
    ServerConfig::builder_with_details(Arc::new(default_provider()), time)
        .with_protocol_versions(VERSIONS)
        .expect("the ring provider has suites for each version")
}

/// A function as the clock that rustls asks: the time since the beginning of 1970 (UTC), or
/// `None` while it is not known, which fails the handshakes that need it. Certificates are
/// checked against it, and the age of tickets.
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
    // Spares every connection a copy of the configuration.
    config.enable_secret_extraction = true;
    Arc::new(config)
}

/// A suite that is not ours must not be offered, and rustls lets no configuration change its
/// provider.
pub(super) fn check_suites(provider: &CryptoProvider) -> Result<(), ConnectionError> {
    let mut numbers = provider.cipher_suites.iter().map(|suite| u16::from(suite.suite()));
    match numbers.find(|&number| CipherSuite::from_wire(number).is_none()) {
        Some(number) => Err(ConnectionError::UnsupportedSuite(number)),
        None => Ok(()),
    }
}

/// The configuration as [`Connection::client`](crate::Connection::client) needs it: secrets can be
/// taken out, and no early data, which [`ConnectionConfig::early_data`] does not allow by default.
///
/// A copy is made only where something has to change. Every connection does this for itself; a
/// program that makes many with one configuration does it once before, and spares each the copy.
#[must_use]
pub fn prepare_client_config(mut config: Arc<ClientConfig>) -> Arc<ClientConfig> {
    if !config.enable_secret_extraction || config.enable_early_data {
        let config = Arc::make_mut(&mut config);
        config.enable_secret_extraction = true;
        config.enable_early_data = false;
    }
    config
}
