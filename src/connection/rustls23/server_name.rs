//! The server name that a client asked for (RFC 6066 §3).
//!
//! rustls shows it to the certificate resolver, but afterwards only in its buffered API. This
//! resolver wraps the configured one and remembers the name.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;

use once_cell::race::OnceBox;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Where the name is stored; set at most once.
pub(super) type ServerNameCell = Arc<OnceBox<String>>;

#[derive(Debug)]
pub(super) struct RememberServerName {
    resolver: Arc<dyn ResolvesServerCert>,
    name: ServerNameCell,
}

impl RememberServerName {
    pub(super) fn before(resolver: Arc<dyn ResolvesServerCert>) -> (Arc<Self>, ServerNameCell) {
        let name = ServerNameCell::default();
        (Arc::new(Self { resolver, name: Arc::clone(&name) }), name)
    }
}

impl ResolvesServerCert for RememberServerName {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let Some(name) = client_hello.server_name() {
            // A second hello, after a HelloRetryRequest, must ask for the same name.
            let _already_set = self.name.set(Box::new(String::from(name)));
        }
        self.resolver.resolve(client_hello)
    }

    fn only_raw_public_keys(&self) -> bool {
        self.resolver.only_raw_public_keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct RawPublicKeys(bool);

    impl ResolvesServerCert for RawPublicKeys {
        fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
            None
        }

        fn only_raw_public_keys(&self) -> bool {
            self.0
        }
    }

    #[test]
    fn a_resolver_of_raw_public_keys_is_preserved() {
        for only in [false, true] {
            let (resolver, _name) = RememberServerName::before(Arc::new(RawPublicKeys(only)));
            assert_eq!(resolver.only_raw_public_keys(), only);
        }
    }
}
