//! What the handshake may cost us and what it leaves behind: memory, sizes, suites.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;

use common::*;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use wantwrite::*;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

/// Our client of a server whose certificates take about `len` bytes.
fn client_of_a_long_chain(suite: CipherSuite, len: usize) -> (Connection, Peer) {
    let identity = Identity::for_suite(suite);
    let names: Vec<String> = (0..100).map(|i| format!("{i:0>40}.example")).collect();
    let key = KeyPair::generate().unwrap();
    let more = CertificateParams::new(names).unwrap().self_signed(&key).unwrap().der().clone();
    let mut chain = vec![identity.certificate.clone()];
    chain.extend(vec![more.clone(); len / more.len()]);
    let server = ServerConfig::builder_with_provider(provider(suite))
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, identity.key.clone_key())
        .unwrap();
    let client = Arc::new(client_config(suite, &identity));
    (Connection::client(client, server_name()).unwrap(), Peer::server(server))
}

#[test]
fn after_a_long_handshake_the_inbound_buffer_has_the_size_that_was_asked_for() {
    let capacity = ReaderConfig::default().capacity;
    for suite in [TLS13, TLS12] {
        let (mut ours, mut peer) = client_of_a_long_chain(suite, 60_000);
        // What the handshake's last flight brings with it is held in the longer memory.
        while peer.0.is_handshaking() {
            peer.feed(&drain(&mut ours)).unwrap();
            if peer.0.is_handshaking() {
                feed(&mut ours, &peer.take_wire());
            }
        }
        let data = pattern(150_000);
        let mut wire = peer.take_wire();
        for piece in data.chunks(50_000) {
            wire.extend(peer.send(piece));
        }
        let (mut fed, mut received) = (0, Vec::new());
        while fed < wire.len() {
            let mut taken = 1;
            while taken > 0 {
                taken = ours.receive(&wire[fed..]);
                fed += taken;
            }
            let mut buf = [0; 1000];
            while let Ok(n @ 1..) = ours.read(&mut buf) {
                received.extend_from_slice(&buf[..n]);
            }
        }
        assert_eq!(received, data);
        assert!(ours.memory_held() <= capacity, "{suite:?}: {} held", ours.memory_held());
        let more = peer.send(&data[..20_000]);
        feed(&mut ours, &more);
        assert!(ours.memory_held() <= capacity, "{suite:?}: {} held", ours.memory_held());
        assert_eq!(read_all(&mut ours), &data[..20_000]);
    }
}
