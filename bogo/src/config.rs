//! Configurations of rustls, and the state that connections share.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wantwrite::rustls::client::{Resumption, Tls12Resumption};
use wantwrite::rustls::pki_types::ServerName;
use wantwrite::rustls::server::{
    NoServerSessionStorage, ProducesTickets, ServerSessionMemoryCache,
};
use wantwrite::rustls::time_provider::TimeProvider;
use wantwrite::rustls::version::{TLS12, TLS13};
use wantwrite::rustls::{
    CertificateError, ClientConfig, OtherError, ServerConfig, SupportedProtocolVersion,
};
use wantwrite::{Acceptor, Connection, ConnectionConfig, clock};

use crate::failure::Failure;
use crate::flags::Invocation;
use crate::identity::Identity;
use crate::options::{Authentication, ClientAuth, Options, Tls};
use crate::provider::{Ticketer, ech_mode, provider};
use crate::secrets::Secrets;
use crate::sessions::Sessions;
use crate::verifier::Verifier;

/// How much early data a server accepts: the same as BoringSSL.
const MAX_EARLY_DATA: u32 = 14336;

/// The name under which sessions are stored if the runner gives none.
pub(crate) const DEFAULT_NAME: &str = "example.com";

/// Creates connections that can resume each other's sessions.
#[derive(Debug)]
pub(crate) struct Configs {
    is_server: bool,
    resumes: bool,
    /// rustls accepts early data only for stateful sessions.
    stateful: bool,
    delay: Duration,
    pub(crate) sessions: Arc<Sessions>,
    first_peering: Peering,
    cache: Arc<ServerSessionMemoryCache>,
    /// The number of seconds by which the clock is ahead.
    ahead: Arc<AtomicU64>,
    ticketer: Arc<dyn ProducesTickets>,
    pub(crate) secrets: Arc<Secrets>,
}

impl Configs {
    pub(crate) fn new(invocation: &Invocation) -> Result<Self, Failure> {
        Ok(Self {
            is_server: invocation.is_server,
            resumes: invocation.resume_count > 0,
            stateful: invocation.initial.tls.early_data || invocation.resume.tls.early_data,
            delay: invocation.resumption_delay,
            sessions: Arc::new(Sessions::new()),
            first_peering: Peering::new(&invocation.initial.tls.authentication)?,
            cache: ServerSessionMemoryCache::new(16),
            ahead: Arc::default(),
            ticketer: Ticketer::new()?,
            secrets: Arc::default(),
        })
    }

    pub(crate) fn is_server(&self) -> bool {
        self.is_server
    }

    /// Advances the clock before a session is resumed.
    pub(crate) fn let_time_pass(&self) {
        self.ahead.fetch_add(self.delay.as_secs(), Ordering::Relaxed);
    }

    /// Creates a client, or a server that has its configuration from the start.
    pub(crate) fn connection(
        &self,
        options: &Options,
        peering: &Peering,
    ) -> Result<Connection, Failure> {
        let config = connection_config(options);
        Ok(if self.is_server {
            Connection::server_with(Arc::new(self.server(&options.tls, peering)?), config)?
        } else {
            let name = options.tls.host_name.as_deref().unwrap_or(DEFAULT_NAME).to_owned();
            let name = ServerName::try_from(name)
                .map_err(|error| Failure::Unexpected(error.to_string()))?;
            Connection::client_with(Arc::new(self.client(&options.tls, peering)?), name, config)?
        })
    }

    /// Creates a server that waits for the ClientHello.
    pub(crate) fn acceptor(&self, options: &Options) -> Result<Acceptor, Failure> {
        Ok(Acceptor::new(connection_config(options))?)
    }

    fn client(&self, tls: &Tls, peering: &Peering) -> Result<ClientConfig, Failure> {
        let Peering { verifier, identity, .. } = peering;
        let builder = ClientConfig::builder_with_details(provider(tls), self.clock());
        let builder = match ech_mode(tls)? {
            Some(mode) => builder.with_ech(mode)?,
            None => builder.with_protocol_versions(&versions(tls))?,
        };
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_client_cert_resolver(identity.clone());
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
        config.cert_compressors = tls.compressions.iter().map(|it| it.compressor()).collect();
        config.cert_decompressors = tls.compressions.iter().map(|it| it.decompressor()).collect();
        config.check_selected_alpn = !tls.any_alpn;
        config.enable_early_data = tls.early_data;
        Ok(config)
    }

    pub(crate) fn server(&self, tls: &Tls, peering: &Peering) -> Result<ServerConfig, Failure> {
        let Peering { verifier, identity, .. } = peering;
        let mut config = ServerConfig::builder_with_details(provider(tls), self.clock())
            .with_protocol_versions(&versions(tls))?
            .with_client_cert_verifier(verifier.clone())
            .with_cert_resolver(identity.clone());
        if !tls.no_tickets && !self.stateful {
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
        config.cert_compressors = tls.compressions.iter().map(|it| it.compressor()).collect();
        config.cert_decompressors = tls.compressions.iter().map(|it| it.decompressor()).collect();
        config.ignore_client_order = tls.server_preference;
        config.key_log = self.secrets.clone();
        if tls.early_data {
            config.max_early_data_size = MAX_EARLY_DATA;
        }
        config.send_half_rtt_data = tls.early_data || tls.everything;
        Ok(config)
    }

    /// rustls resumes a session only with the verifier and the identity that created it.
    pub(crate) fn peering(&self, options: &Tls) -> Result<Peering, Failure> {
        if options.authentication == self.first_peering.options {
            return Ok(self.first_peering.clone());
        }
        Peering::new(&options.authentication)
    }

    fn clock(&self) -> Arc<dyn TimeProvider> {
        let ahead = Arc::clone(&self.ahead);
        clock(move || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
            Some(now + Duration::from_secs(ahead.load(Ordering::Relaxed)))
        })
    }
}

pub(crate) fn connection_config(options: &Options) -> ConnectionConfig {
    let mut config = ConnectionConfig::default();
    // As many as BoringSSL tolerates. The other limits already match.
    config.reader.limits.warnings = wantwrite::Credit { initial: 4, saved: 4, cost: 1 };
    if let Some(len) = options.tls.max_send_fragment {
        config.writer.max_fragment_len = len;
    }
    let everything = options.tls.everything;
    config.early_data = options.tls.early_data || everything;
    config.exporter = options.script.export.len > 0 || everything;
    config.peer_size_limits = everything;
    config.movable = everything || options.tls.moves;
    config
}

/// The certificates of both sides.
#[derive(Clone, Debug)]
pub(crate) struct Peering {
    options: Authentication,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) identity: Arc<Identity>,
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

/// The error with which to reject a peer's certificate.
pub(crate) fn refusal(options: &Tls) -> Option<CertificateError> {
    if options.ocsp_fail {
        return Some(CertificateError::InvalidOcspResponse);
    }
    let looks = options.authentication.client_auth != ClientAuth::None;
    let error = match options.custom_verify {
        true => CertificateError::Other(OtherError(Arc::new(RefusedByCallback))),
        false => CertificateError::ApplicationVerificationFailure,
    };
    (options.verify_fail && looks).then_some(error)
}

/// rustls sends `certificate_unknown` for it.
#[derive(Debug)]
struct RefusedByCallback;

impl fmt::Display for RefusedByCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused by a callback")
    }
}

impl Error for RefusedByCallback {}

fn versions(options: &Tls) -> Vec<&'static SupportedProtocolVersion> {
    let allowed = options.min_version..=options.max_version;
    [(&TLS12, options.no_tls12), (&TLS13, options.no_tls13)]
        .into_iter()
        .filter(|(version, no)| !no && allowed.contains(&version.version.into()))
        .map(|(version, _)| version)
        .collect()
}

/// rustls includes the record's header in this size.
fn max_fragment_size(options: &Tls) -> Option<usize> {
    options.max_send_fragment.map(|len| len + 5)
}
