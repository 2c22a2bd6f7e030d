//! Secrets that rustls gives only to its key log.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use once_cell::race::OnceBox;
use rustls::KeyLog;
use zeroize::Zeroizing;

/// Which secrets of a handshake are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::connection) struct KeptSecrets {
    exporter: bool,
    traffic: bool,
}

impl KeptSecrets {
    pub(in crate::connection) const fn new(exporter: bool, traffic: bool) -> Self {
        Self { exporter, traffic }
    }

    pub(super) const fn is_empty(self) -> bool {
        !self.exporter && !self.traffic
    }

    /// Whether rustls has to log this TLS 1.3 secret for us.
    fn contains(self, label: &str) -> bool {
        match label {
            EXPORTER => self.exporter,
            CLIENT_TRAFFIC | SERVER_TRAFFIC => self.traffic,
            _ => false,
        }
    }
}

// The labels of the key log format.
const EXPORTER: &str = "EXPORTER_SECRET";
const CLIENT_TRAFFIC: &str = "CLIENT_TRAFFIC_SECRET_0";
const SERVER_TRAFFIC: &str = "SERVER_TRAFFIC_SECRET_0";
const MASTER: &str = "CLIENT_RANDOM";

/// One connection's secrets. Each is set at most once, and wiped with the last reference.
#[derive(Default)]
pub(super) struct Secrets {
    exporter: OnceBox<Zeroizing<Vec<u8>>>,
    client_traffic: OnceBox<Zeroizing<Vec<u8>>>,
    server_traffic: OnceBox<Zeroizing<Vec<u8>>>,
    /// The master secret of TLS 1.2, with the client's random.
    master: OnceBox<(Vec<u8>, Zeroizing<Vec<u8>>)>,
}

impl Secrets {
    pub(super) fn exporter(&self) -> Option<&[u8]> {
        self.exporter.get().map(|secret| &secret[..])
    }

    /// The first traffic secrets of the client and of the server.
    pub(super) fn traffic(&self) -> Option<(&[u8], &[u8])> {
        Some((self.client_traffic.get()?, self.server_traffic.get()?))
    }

    /// The client's random and the master secret of TLS 1.2.
    pub(super) fn master(&self) -> Option<(&[u8], &[u8])> {
        self.master.get().map(|(random, secret)| (&random[..], &secret[..]))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

/// A key log that keeps the secrets it was asked for and forwards to the configured key log.
#[derive(Debug)]
pub(super) struct KeepSecrets {
    inner: Arc<dyn KeyLog>,
    kept: KeptSecrets,
    secrets: Arc<Secrets>,
}

impl KeepSecrets {
    /// Wraps `log`, and returns the place where the secrets will be stored.
    pub(super) fn before(log: &mut Arc<dyn KeyLog>, kept: KeptSecrets) -> Arc<Secrets> {
        let secrets = Arc::new(Secrets::default());
        let inner = Arc::clone(log);
        *log = Arc::new(Self { inner, kept, secrets: Arc::clone(&secrets) });
        secrets
    }
}

impl KeyLog for KeepSecrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let keep = |place: &OnceBox<Zeroizing<Vec<u8>>>| {
            let _first_stays = place.set(Box::new(Zeroizing::new(secret.to_vec())));
        };
        match label {
            EXPORTER if self.kept.exporter => keep(&self.secrets.exporter),
            CLIENT_TRAFFIC if self.kept.traffic => keep(&self.secrets.client_traffic),
            SERVER_TRAFFIC if self.kept.traffic => keep(&self.secrets.server_traffic),
            MASTER if self.kept.exporter => {
                let secret = Zeroizing::new(secret.to_vec());
                let _first_stays =
                    self.secrets.master.set(Box::new((client_random.to_vec(), secret)));
            }
            _ => {}
        }
        // The inner log gets what it would get without us, and nothing that it declined.
        if !self.kept.contains(label) || self.inner.will_log(label) {
            self.inner.log(label, client_random, secret);
        }
    }

    fn will_log(&self, label: &str) -> bool {
        self.kept.contains(label) || self.inner.will_log(label)
    }
}
