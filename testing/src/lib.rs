//! Shared by the tests of all packages: certificates, configurations, a stock rustls peer, and
//! links that accept a few bytes at a time.
#![expect(
    missing_docs,
    missing_debug_implementations,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::new_without_default,
    clippy::should_implement_trait,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "test code"
)]

pub mod batch;
pub mod design;
pub mod draw;
pub mod early_data;
pub mod https;
pub mod model;
pub mod opener;
pub mod openssl;
pub mod process;
pub mod programs;
pub mod raw_peer;
pub mod scan;
pub mod verdict;
pub mod violations;
pub mod wire;
pub mod writer;

/// Connections without randomness, re-exported for the packages that only depend on this one.
pub use wantwrite_fuzzing as fuzzing;

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedCipherSuite};
use wantwrite::{CipherSuite, Connection, ConnectionConfig, Role, Version};

/// For tests that work with any suite of the version. An ECDSA certificate works with both.
pub const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
pub const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

/// How long a test waits for anything at most.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The host name of every test certificate.
pub const HOST: &str = "localhost";

pub fn server_name() -> ServerName<'static> {
    ServerName::try_from(HOST).unwrap()
}

/// A self-signed certificate and its key.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    pub key: PrivateKeyDer<'static>,
    pub certificate_pem: String,
    pub key_pem: String,
}

impl Identity {
    /// Creates an ECDSA or an RSA identity. ring cannot generate RSA keys, so that key is in
    /// `data`; it is not a secret.
    pub fn new(rsa: bool) -> Self {
        let key = if rsa {
            KeyPair::from_pem(include_str!("../data/rsa_test_key.pem")).unwrap()
        } else {
            KeyPair::generate().unwrap()
        };
        let certificate =
            CertificateParams::new([HOST.to_owned()]).unwrap().self_signed(&key).unwrap();
        Self {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }

    /// An identity that `suite` can be negotiated with.
    pub fn for_suite(suite: CipherSuite) -> Self {
        Self::new(format!("{suite:?}").contains("_RSA_"))
    }

    /// Writes the certificate and the key to PEM files, and returns their paths in this order.
    pub fn store(&self, directory: &Path, name: &str) -> [PathBuf; 2] {
        let chain = directory.join(format!("{name}.pem"));
        let key = directory.join(format!("{name}.key"));
        fs::write(&chain, &self.certificate_pem).unwrap();
        fs::write(&key, &self.key_pem).unwrap();
        [chain, key]
    }
}

/// rustls's ring provider with only this suite.
pub fn provider(suite: CipherSuite) -> Arc<CryptoProvider> {
    let mut provider = ring::default_provider();
    provider
        .cipher_suites
        .retain(|ours: &SupportedCipherSuite| u16::from(ours.suite()) == suite.to_wire());
    assert_eq!(provider.cipher_suites.len(), 1, "{suite:?} is not in rustls's provider");
    Arc::new(provider)
}

pub fn versions(suite: CipherSuite) -> &'static [&'static rustls::SupportedProtocolVersion] {
    static TLS12: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    static TLS13: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    match suite.version() {
        Version::Tls12 => &TLS12,
        Version::Tls13 => &TLS13,
    }
}

pub fn client_config(suite: CipherSuite, identity: &Identity) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(identity.certificate.clone()).unwrap();
    ClientConfig::builder_with_provider(provider(suite))
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

pub fn server_config(suite: CipherSuite, identity: &Identity) -> ServerConfig {
    ServerConfig::builder_with_provider(provider(suite))
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
        .unwrap()
}

/// A stock rustls connection in the other role: the peer of our connection.
pub struct Peer(pub rustls::Connection);

impl Peer {
    pub fn client(config: ClientConfig) -> Self {
        let tls = rustls::ClientConnection::new(Arc::new(config), server_name()).unwrap();
        Self(tls.into())
    }

    pub fn server(config: ServerConfig) -> Self {
        Self(rustls::ServerConnection::new(Arc::new(config)).unwrap().into())
    }

    /// Feeds wire bytes and processes them. Errors are rustls's own.
    pub fn feed(&mut self, mut wire: &[u8]) -> Result<(), rustls::Error> {
        while !wire.is_empty() {
            self.0.read_tls(&mut wire).unwrap();
            self.0.process_new_packets()?;
        }
        Ok(())
    }

    /// Everything that it has to send.
    pub fn take_wire(&mut self) -> Vec<u8> {
        let mut wire = Vec::new();
        while self.0.wants_write() {
            self.0.write_tls(&mut wire).unwrap();
        }
        wire
    }

    /// All the plaintext that it has received.
    pub fn take_plaintext(&mut self) -> Vec<u8> {
        let mut plaintext = Vec::new();
        // Reading ends with `WouldBlock`, or with an error if close_notify is missing.
        let _ = self.0.reader().read_to_end(&mut plaintext);
        plaintext
    }

    pub fn send(&mut self, plaintext: &[u8]) -> Vec<u8> {
        self.0.writer().write_all(plaintext).unwrap();
        self.take_wire()
    }
}

/// Our connection and a stock rustls peer in the other role, before the handshake.
pub fn pair(suite: CipherSuite, role: Role) -> (Connection, Peer) {
    let identity = Identity::for_suite(suite);
    let (client, server) = (client_config(suite, &identity), server_config(suite, &identity));
    match role {
        Role::Client => {
            (Connection::client(Arc::new(client), server_name()).unwrap(), Peer::server(server))
        }
        Role::Server => (Connection::server(Arc::new(server)).unwrap(), Peer::client(client)),
    }
}

/// Our connection and a stock rustls peer, after the handshake, with nothing in flight.
pub fn established(suite: CipherSuite, role: Role) -> (Connection, Peer) {
    let (mut ours, mut peer) = pair(suite, role);
    negotiate(&mut ours, &mut peer);
    (ours, peer)
}

/// Carries bytes both ways until both endpoints have none left.
pub fn negotiate(ours: &mut Connection, peer: &mut Peer) {
    while exchange(ours, peer).unwrap() {}
    assert!(!peer.0.is_handshaking(), "the handshake did not end");
}

/// Carries pending bytes both ways, once. Returns whether there were any.
pub fn exchange(ours: &mut Connection, peer: &mut Peer) -> Result<bool, rustls::Error> {
    let to_peer = drain(ours);
    let fed = peer.feed(&to_peer);
    let to_us = peer.take_wire();
    feed(ours, &to_us);
    let _sticky = ours.process();
    fed?;
    Ok(!to_peer.is_empty() || !to_us.is_empty())
}

/// The certificate of `identity`, followed by others of about `len` bytes that verify nothing.
fn long_chain(identity: &Identity, len: usize) -> Vec<CertificateDer<'static>> {
    let names: Vec<String> = (0..100).map(|i| format!("{i:0>40}.example")).collect();
    let key = KeyPair::generate().unwrap();
    let more = CertificateParams::new(names).unwrap().self_signed(&key).unwrap().der().clone();
    let mut chain = vec![identity.certificate.clone()];
    chain.extend(vec![more.clone(); len / more.len()]);
    chain
}

/// Our client of a server whose certificates are about `len` bytes long.
pub fn client_of_a_long_chain(
    suite: CipherSuite,
    len: usize,
    config: ConnectionConfig,
) -> (Connection, Peer) {
    let identity = Identity::for_suite(suite);
    let server = ServerConfig::builder_with_provider(provider(suite))
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(long_chain(&identity, len), identity.key.clone_key())
        .unwrap();
    let client = Arc::new(client_config(suite, &identity));
    (Connection::client_with(client, server_name(), config).unwrap(), Peer::server(server))
}

/// Our server for a client whose certificates are about `len` bytes long.
pub fn server_of_a_long_chain(
    suite: CipherSuite,
    len: usize,
    config: ConnectionConfig,
) -> (Connection, Peer) {
    let identity = Identity::for_suite(suite);
    let mut roots = RootCertStore::empty();
    roots.add(identity.certificate.clone()).unwrap();
    let roots = Arc::new(roots);
    let provider = provider(suite);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone());
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
        .unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(long_chain(&identity, len), identity.key.clone_key())
        .unwrap();
    (Connection::server_with(Arc::new(server), config).unwrap(), Peer::client(client))
}

/// Drains everything that our connection has to send.
pub fn drain(ours: &mut Connection) -> Vec<u8> {
    let mut wire = Vec::new();
    while ours.wants().drain {
        let mut drain = ours.writer_mut().drain();
        let chunk = drain.chunk();
        assert!(!chunk.is_empty(), "wants().drain without anything to drain");
        wire.extend_from_slice(chunk);
        let len = chunk.len();
        drain.advance(len).unwrap();
    }
    wire
}

/// Feeds our connection. Stops at an error, which is sticky, or when plaintext keeps the buffer
/// full.
pub fn feed(ours: &mut Connection, mut wire: &[u8]) {
    while !wire.is_empty() {
        let has_memory = ours.inbound().is_some();
        assert!(has_memory || !ours.wants().input, "input is wanted without memory for it");
        let taken = ours.receive(wire);
        wire = &wire[taken..];
        if ours.process().is_err() || taken == 0 {
            break;
        }
    }
}

/// Reads everything that our connection has received.
pub fn read_all(ours: &mut Connection) -> Vec<u8> {
    let mut plaintext = Vec::new();
    let mut buf = [0; 4096];
    while let Ok(n @ 1..) = ours.read(&mut buf) {
        plaintext.extend_from_slice(&buf[..n]);
    }
    plaintext
}

/// Bytes that differ from position to position.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8 ^ (i >> 10) as u8).collect()
}

/// Small reproducible numbers (SplitMix64).
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }

    /// A number in `1..=max`.
    pub fn up_to(&mut self, max: usize) -> usize {
        (self.next() % max as u64) as usize + 1
    }
}

/// Tests all `items` in parallel, so that waits for other programs overlap.
pub fn at_once<T: Send>(items: impl IntoIterator<Item = T>, test: impl Fn(T) + Sync) {
    let test = &test;
    thread::scope(|scope| {
        for item in items {
            scope.spawn(move || test(item));
        }
    });
}

pub const SUITES: [CipherSuite; CipherSuite::ALL.len()] = *CipherSuite::ALL.first_chunk().unwrap();
pub const ROLES: [Role; 2] = [Role::Client, Role::Server];

/// Passes bytes both ways until there are none left. Our connection gets `step` bytes at a time.
pub fn exchange_in_steps(ours: &mut Connection, peer: &mut Peer, step: usize) {
    loop {
        let to_peer = drain(ours);
        peer.feed(&to_peer).unwrap();
        let to_us = peer.take_wire();
        for piece in to_us.chunks(step) {
            feed(ours, piece);
        }
        if to_peer.is_empty() && to_us.is_empty() {
            return;
        }
    }
}

#[track_caller]
pub fn assert_both_ways(ours: &mut Connection, peer: &mut Peer) {
    let wire = peer.send(b"from the peer");
    feed(ours, &wire);
    assert_eq!(read_all(ours), b"from the peer");
    ours.writer_mut().write_atomic(b"from us").unwrap();
    peer.feed(&drain(ours)).unwrap();
    assert_eq!(peer.take_plaintext(), b"from us");
}
