//! The traffic secrets that rustls logs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use wantwrite::rustls::KeyLog;

/// The first traffic secrets of the last TLS 1.3 handshake.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Mutex<Logged>);

#[derive(Debug, Default)]
struct Logged {
    client_traffic: Vec<u8>,
    server_traffic: Vec<u8>,
}

impl Secrets {
    /// The runner's format: the length, our read secret, our write secret.
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

    fn logged(&self) -> MutexGuard<'_, Logged> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        let mut logged = self.logged();
        match label {
            "CLIENT_TRAFFIC_SECRET_0" => logged.client_traffic = secret.to_vec(),
            "SERVER_TRAFFIC_SECRET_0" => logged.server_traffic = secret.to_vec(),
            _ => {}
        }
    }
}
