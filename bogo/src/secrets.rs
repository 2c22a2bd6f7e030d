//! What rustls logs for those who must read the traffic.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wantwrite::rustls::crypto::ring;
use wantwrite::rustls::{KeyLog, SupportedCipherSuite};

/// The secrets of the last handshake.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Mutex<Logged>);

#[derive(Debug, Default)]
struct Logged {
    client_random: Vec<u8>,
    /// TLS 1.2.
    master: Vec<u8>,
    /// TLS 1.3: the first ones after the handshake.
    client_traffic: Vec<u8>,
    server_traffic: Vec<u8>,
}

/// `-export-keying-material` and the flags that belong to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Export {
    pub(crate) len: usize,
    pub(crate) label: String,
    pub(crate) context: Option<String>,
}

impl Secrets {
    /// Length, secret we read with, secret we write with: as the runner reads them.
    pub(crate) fn traffic(&self, is_server: bool) -> Vec<u8> {
        let logged = self.logged();
        let mut secrets = [&logged.server_traffic[..], &logged.client_traffic];
        if is_server {
            secrets.reverse();
        }
        let [read, write] = secrets;
        let len = u16::try_from(read.len()).unwrap_or(u16::MAX);
        [&len.to_le_bytes()[..], read, write].concat()
    }

    /// The exporter of TLS 1.2 (RFC 5705 §4), which rustls's unbuffered connections do not have:
    /// the runner's tests of the suites begin with it.
    pub(crate) fn export(
        &self,
        suite: u16,
        server_random: &[u8],
        export: &Export,
    ) -> Option<Vec<u8>> {
        let suites = ring::default_provider().cipher_suites;
        let suite = suites.iter().find(|known| u16::from(known.suite()) == suite)?;
        let SupportedCipherSuite::Tls12(suite) = suite else { return None };
        let logged = self.logged();
        let mut seed = [&logged.client_random[..], server_random].concat();
        if let Some(context) = &export.context {
            seed.extend(u16::try_from(context.len()).ok()?.to_be_bytes());
            seed.extend(context.as_bytes());
        }
        let mut keying_material = vec![0; export.len];
        let label = export.label.as_bytes();
        suite.prf_provider.for_secret(&mut keying_material, &logged.master, label, &seed);
        Some(keying_material)
    }

    fn logged(&self) -> MutexGuard<'_, Logged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let mut logged = self.logged();
        logged.client_random = client_random.to_vec();
        match label {
            "CLIENT_RANDOM" => logged.master = secret.to_vec(),
            "CLIENT_TRAFFIC_SECRET_0" => logged.client_traffic = secret.to_vec(),
            "SERVER_TRAFFIC_SECRET_0" => logged.server_traffic = secret.to_vec(),
            _ => {}
        }
    }
}
