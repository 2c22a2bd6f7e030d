//! rustls's configurations, and what connections share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wantwrite::rustls::client::{Resumption, Tls12Resumption};
use wantwrite::rustls::crypto::{CryptoProvider, ring};
use wantwrite::rustls::pki_types::ServerName;
use wantwrite::rustls::server::{
    NoServerSessionStorage, ProducesTickets, ServerSessionMemoryCache,
};
use wantwrite::rustls::version::{TLS12, TLS13};
use wantwrite::rustls::{CertificateError, ClientConfig, ServerConfig, SupportedProtocolVersion};
use wantwrite::{Connection, ConnectionConfig, clock};

use crate::exchange::Failure;
use crate::flags::Invocation;
use crate::identity::Identity;
use crate::options::{Authentication, ClientAuth, Options, Tls};
use crate::secrets::Secrets;
use crate::sessions::Sessions;
use crate::verifier::Verifier;

/// The name under which sessions are kept where the runner gives none.
const DEFAULT_NAME: &str = "example.com";

/// What makes connections that can resume each other's sessions.
#[derive(Debug)]
pub(crate) struct Configs {
    is_server: bool,
    resumes: bool,
    delay: Duration,
    pub(crate) sessions: Arc<Sessions>,
    first_peering: Peering,
    cache: Arc<ServerSessionMemoryCache>,
    /// Seconds by which the clock is ahead.
    ahead: Arc<AtomicU64>,
    ticketer: Arc<dyn ProducesTickets>,
    pub(crate) secrets: Arc<Secrets>,
}

impl Configs {
    pub(crate) fn new(invocation: &Invocation) -> Result<Self, Failure> {
        Ok(Self {
            is_server: invocation.is_server,
            resumes: invocation.resume_count > 0,
            delay: invocation.resumption_delay,
            sessions: Arc::new(Sessions::new()),
            first_peering: Peering::new(&invocation.initial.tls.authentication)?,
            cache: ServerSessionMemoryCache::new(16),
            ahead: Arc::default(),
            ticketer: ring::Ticketer::new()?,
            secrets: Arc::default(),
        })
    }

    pub(crate) fn is_server(&self) -> bool {
        self.is_server
    }

    /// The clock goes on before a session is resumed.
    pub(crate) fn let_time_pass(&self) {
        self.ahead.fetch_add(self.delay.as_secs(), Ordering::Relaxed);
    }

    pub(crate) fn connection(&self, options: &Options) -> Result<Connection, Failure> {
        let mut config = ConnectionConfig::default();
        // As many as BoringSSL puts up with; the other limits are the same.
        config.reader.limits.warnings = wantwrite::Credit { initial: 4, saved: 4, cost: 1 };
        if let Some(len) = options.tls.max_send_fragment {
            config.writer.max_fragment_len = len;
        }
        Ok(if self.is_server {
            Connection::server_with(Arc::new(self.server(options)?), config)?
        } else {
            let name = options.tls.host_name.as_deref().unwrap_or(DEFAULT_NAME).to_owned();
            let name = ServerName::try_from(name)
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
            Connection::client_with(Arc::new(self.client(options)?), name, config)?
        })
    }

    fn client(&self, options: &Options) -> Result<ClientConfig, Failure> {
        let tls = &options.tls;
        let Peering { verifier, identity, .. } = self.peering(tls)?;
        verifier.set_refusal(refusal(tls));
        let mut config = ClientConfig::builder_with_details(provider(tls), self.clock())
            .with_protocol_versions(&versions(tls))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_cert_resolver(identity);
        config.resumption =
            Resumption::store(self.sessions.clone()).tls12_resumption(if tls.no_tickets {
                Tls12Resumption::SessionIdOnly
            } else {
                Tls12Resumption::SessionIdOrTickets
            });
        config.enable_sni = tls.host_name.is_some();
        config.alpn_protocols.clone_from(&tls.alpn);
        config.max_fragment_size = max_fragment_size(tls);
        config.require_ems = tls.require_ems;
        config.key_log = self.secrets.clone();
        Ok(config)
    }

    fn server(&self, options: &Options) -> Result<ServerConfig, Failure> {
        let tls = &options.tls;
        let Peering { verifier, identity, .. } = self.peering(tls)?;
        verifier.set_refusal(refusal(tls));
        let mut config = ServerConfig::builder_with_details(provider(tls), self.clock())
            .with_protocol_versions(&versions(tls))?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(identity);
        if !tls.no_tickets {
            config.ticketer = Arc::clone(&self.ticketer);
        }
        config.session_storage = if self.resumes || !tls.no_tickets {
            self.cache.clone()
        } else {
            Arc::new(NoServerSessionStorage {})
        };
        config.alpn_protocols.clone_from(&tls.alpn);
        config.max_fragment_size = max_fragment_size(tls);
        config.require_ems = tls.require_ems;
        config.ignore_client_order = tls.server_preference;
        config.key_log = self.secrets.clone();
        Ok(config)
    }

    /// rustls resumes a session only with the verifier and the identity that began it.
    fn peering(&self, options: &Tls) -> Result<Peering, Failure> {
        if options.authentication == self.first_peering.options {
            return Ok(self.first_peering.clone());
        }
        Peering::new(&options.authentication)
    }

    fn clock(&self) -> Arc<dyn wantwrite::rustls::time_provider::TimeProvider> {
        let ahead = Arc::clone(&self.ahead);
        clock(move || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
            Some(now + Duration::from_secs(ahead.load(Ordering::Relaxed)))
        })
    }
}

fn refusal(options: &Tls) -> Option<CertificateError> {
    if options.ocsp_fail {
        return Some(CertificateError::InvalidOcspResponse);
    }
    let looks = options.authentication.client_auth != ClientAuth::None;
    (options.verify_fail && looks).then_some(CertificateError::ApplicationVerificationFailure)
}

/// Both sides' certificates.
#[derive(Clone, Debug)]
struct Peering {
    options: Authentication,
    verifier: Arc<Verifier>,
    identity: Arc<Identity>,
}

impl Peering {
    fn new(options: &Authentication) -> Result<Self, Failure> {
        Ok(Self {
            options: options.clone(),
            verifier: Arc::new(Verifier::new(options)),
            identity: Arc::new(Identity::load(options)?),
        })
    }
}

fn provider(options: &Tls) -> Arc<CryptoProvider> {
    let mut provider = ring::default_provider();
    if !options.curves.is_empty() {
        provider.kx_groups.retain(|group| options.curves.contains(&group.name()));
    }
    Arc::new(provider)
}

fn versions(options: &Tls) -> Vec<&'static SupportedProtocolVersion> {
    let allowed = options.min_version..=options.max_version;
    [(&TLS12, options.no_tls12), (&TLS13, options.no_tls13)]
        .into_iter()
        .filter(|(version, no)| !no && allowed.contains(&version.version.into()))
        .map(|(version, _)| version)
        .collect()
}

/// rustls counts the record's header too.
fn max_fragment_size(options: &Tls) -> Option<usize> {
    options.max_send_fragment.map(|len| len + 5)
}
