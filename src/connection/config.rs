//! Settings of a connection, and rustls's made ready for it.

use alloc::sync::Arc;

use rustls::client::WantsClientCert;
use rustls::crypto::ring::default_provider;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig};

use crate::reader::ReaderConfig;
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
}

/// A client configuration that trusts the Mozilla roots (`webpki-roots`), with ring, for TLS 1.2
/// and 1.3, without a client certificate. Clock and randomness are the system's.
#[cfg(feature = "std")]
#[must_use]
pub fn webpki_client_config() -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the ring provider has suites for TLS 1.2 and 1.3")
        .with_root_certificates(webpki_roots());
    finish_client_config(builder)
}

/// The same with the caller's clock, for programs without `std`.
#[must_use]
pub fn webpki_client_config_with_time(time: Arc<dyn TimeProvider>) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_details(Arc::new(default_provider()), time)
        .with_safe_default_protocol_versions()
        .expect("the ring provider has suites for TLS 1.2 and 1.3")
        .with_root_certificates(webpki_roots());
    finish_client_config(builder)
}

fn webpki_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn finish_client_config(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
) -> Arc<ClientConfig> {
    let mut config = builder.with_no_client_auth();
    // Spares every connection a copy of the configuration.
    config.enable_secret_extraction = true;
    Arc::new(config)
}

/// The configuration as the hand-over needs it: secrets can be taken out, and no early data,
/// which exists only inside rustls. A copy is made only where something has to change.
pub(crate) fn prepare_client(mut config: Arc<ClientConfig>) -> Arc<ClientConfig> {
    if !config.enable_secret_extraction || config.enable_early_data {
        let config = Arc::make_mut(&mut config);
        config.enable_secret_extraction = true;
        config.enable_early_data = false;
    }
    config
}

/// As [`prepare_client`]. Half-RTT data would be sent by rustls, before the hand-over.
pub(super) fn prepare_server(config: &ServerConfig) -> ServerConfig {
    let mut config = config.clone();
    config.enable_secret_extraction = true;
    config.max_early_data_size = 0;
    config.send_half_rtt_data = false;
    config
}
