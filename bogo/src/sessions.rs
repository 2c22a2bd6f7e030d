//! A client's sessions.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use wantwrite::rustls::NamedGroup;
use wantwrite::rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use wantwrite::rustls::pki_types::ServerName;

/// rustls's session store, but it counts tickets and stores no groups, because the runner expects
/// every connection to offer the same group first.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: ClientSessionMemoryCache,
    tickets: AtomicUsize,
    last_allows_early_data: AtomicBool,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        Self {
            store: ClientSessionMemoryCache::new(16),
            tickets: AtomicUsize::new(0),
            last_allows_early_data: AtomicBool::new(false),
        }
    }

    /// The number of TLS 1.3 tickets received.
    pub(crate) fn tickets(&self) -> usize {
        self.tickets.load(Ordering::Relaxed)
    }

    /// Whether the last of these tickets allows early data.
    pub(crate) fn last_allows_early_data(&self) -> bool {
        self.last_allows_early_data.load(Ordering::Relaxed)
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.store.set_tls12_session(name, value);
    }

    fn tls12_session(&self, name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.store.tls12_session(name)
    }

    fn remove_tls12_session(&self, name: &ServerName<'static>) {
        self.store.remove_tls12_session(name);
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.tickets.fetch_add(1, Ordering::Relaxed);
        self.last_allows_early_data.store(value.max_early_data_size() > 0, Ordering::Relaxed);
        self.store.insert_tls13_ticket(name, value);
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.store.take_tls13_ticket(name)
    }
}
