//! TLS without randomness: the same calls give the same bytes, handshake included. For fuzzers
//! and simulations, to be copied; a connection made with it is secret to nobody.
//!
//! What is random in rustls comes from its `CryptoProvider`: `secure_random`, the key exchange,
//! and signatures but for Ed25519's. What else differs from run to run is the clock.

use core::cell::Cell;
use core::time::Duration;
use std::sync::{Arc, LazyLock};

use rcgen::{CertificateParams, KeyPair};
use rustls::client::Resumption;
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret,
    SupportedKxGroup, ring,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::ServerSessionMemoryCache;
use rustls::{ClientConfig, NamedGroup, PeerMisbehaved, RootCertStore, ServerConfig};
use wantwrite::{CipherSuite, Connection, ConnectionConfig, clock};

use crate::{HOST, server_name, versions};

/// Those that an Ed25519 certificate can be used with.
pub const SUITES: [CipherSuite; 6] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

thread_local! {
    static COUNTER: Cell<u64> = const { Cell::new(0) };
}

/// Begins anew: to be called before each input.
pub fn restart() {
    COUNTER.set(0);
}

/// Both ends, not yet negotiated.
pub fn pair(suite: CipherSuite, config: ConnectionConfig) -> (Connection, Connection) {
    let Configs { client, server } = configs(suite);
    (
        Connection::client_with(client.clone(), server_name(), config.clone()).unwrap(),
        Connection::server_with(server.clone(), config).unwrap(),
    )
}

/// Configurations of both roles, made once for a suite.
pub struct Configs {
    pub client: Arc<ClientConfig>,
    pub server: Arc<ServerConfig>,
}

pub fn configs(suite: CipherSuite) -> &'static Configs {
    static CONFIGS: LazyLock<[Configs; 6]> = LazyLock::new(|| SUITES.map(make_configs));
    &CONFIGS[SUITES.iter().position(|with| *with == suite).unwrap()]
}

fn make_configs(suite: CipherSuite) -> Configs {
    // PKCS #8 around a seed of Ed25519 (RFC 8410 §7).
    let prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let key = PrivatePkcs8KeyDer::from([&prefix[..], &[7; 32]].concat());
    let signer = KeyPair::try_from(&key).unwrap();
    let certificate =
        CertificateParams::new([HOST.to_owned()]).unwrap().self_signed(&signer).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();

    let provider = Arc::new(provider(suite));
    let clock = clock(|| Some(Duration::from_secs(1_700_000_000)));
    let mut client = ClientConfig::builder_with_details(provider.clone(), clock.clone())
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.enable_secret_extraction = true;
    // What one input leaves behind must not change the next.
    client.resumption = Resumption::disabled();
    let mut server = ServerConfig::builder_with_details(provider, clock)
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::from(key))
        .unwrap();
    server.session_storage = ServerSessionMemoryCache::new(8);
    Configs { client: client.into(), server: server.into() }
}

fn provider(suite: CipherSuite) -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites.retain(|with| u16::from(with.suite()) == suite.to_wire());
    provider.kx_groups = vec![&Counted];
    provider.secure_random = &Counted;
    provider
}

/// Randomness that counts, and a key exchange without secrets.
#[derive(Debug)]
struct Counted;

impl SecureRandom for Counted {
    fn fill(&self, buf: &mut [u8]) -> Result<(), GetRandomFailed> {
        for bytes in buf.chunks_mut(8) {
            let count = COUNTER.get() + 1;
            COUNTER.set(count);
            bytes.copy_from_slice(&count.to_be_bytes()[8 - bytes.len()..]);
        }
        Ok(())
    }
}

impl SupportedKxGroup for Counted {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, rustls::Error> {
        let mut share = [0; SHARE_LEN];
        self.fill(&mut share)?;
        Ok(Box::new(Exchange { share }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

const SHARE_LEN: usize = 32;

/// The shared secret is both shares, XORed.
struct Exchange {
    share: [u8; SHARE_LEN],
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, rustls::Error> {
        if peer.len() != SHARE_LEN {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        let secret: Vec<u8> =
            self.share.iter().zip(peer).map(|(ours, peers)| ours ^ peers).collect();
        Ok(SharedSecret::from(secret))
    }

    fn pub_key(&self) -> &[u8] {
        &self.share
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}
