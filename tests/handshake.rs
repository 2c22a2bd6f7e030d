//! What the handshake may cost us and what it leaves behind: memory, sizes, suites.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;

use common::*;
use rcgen::{CertificateParams, KeyPair};
use rustls::{ClientConfig, ServerConfig};
use wantwrite::*;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

/// Ours of `role` and a stock peer, with a say in everything.
fn pair_with(
    suite: CipherSuite,
    role: Role,
    config: ConnectionConfig,
    edit: impl FnOnce(&mut ClientConfig, &mut ServerConfig),
) -> (Connection, Peer) {
    let identity = Identity::for_suite(suite);
    let mut client = client_config(suite, &identity);
    let mut server = server_config(suite, &identity);
    edit(&mut client, &mut server);
    match role {
        Role::Client => {
            let client = Arc::new(client);
            let ours = Connection::client_with(client, server_name(), config).unwrap();
            (ours, Peer::server(server))
        }
        Role::Server => {
            let ours = Connection::server_with(Arc::new(server), config).unwrap();
            (ours, Peer::client(client))
        }
    }
}

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

/// The contents' lengths of whole records under the first suite of each version.
fn content_lens(mut wire: &[u8], version: Version) -> Vec<usize> {
    let overhead = match version {
        Version::Tls13 => 1 + 16,
        Version::Tls12 => 8 + 16,
    };
    let mut lens = Vec::new();
    while let Some((header, rest)) = wire.split_first_chunk::<5>() {
        let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
        lens.push(len - overhead);
        wire = &rest[len..];
    }
    lens
}

/// rustls counts five bytes of header in it.
#[test]
fn the_max_fragment_size_of_rustls_holds_behind_the_handshake_too() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            for (of_rustls, of_ours, longest) in [
                (None, 16_384, 16_384),
                (Some(16_389), 16_384, 16_384),
                (Some(16_388), 16_384, 16_383),
                (Some(1_005), 16_384, 1_000),
                (Some(1_005), 600, 600),
                (Some(605), 1_000, 600),
            ] {
                let mut config = ConnectionConfig::default();
                config.writer.max_fragment_len = of_ours;
                let (mut ours, mut peer) = pair_with(suite, role, config, |client, server| {
                    client.max_fragment_size = of_rustls;
                    server.max_fragment_size = of_rustls;
                });
                negotiate(&mut ours, &mut peer);
                ours.write_all(&pattern(40_000)).unwrap();
                let wire = drain(&mut ours);
                // In TLS 1.3 a cap of ours counts the type byte too.
                let is_capped = longest < 16_384;
                let type_len = usize::from(is_capped && suite.version() == Version::Tls13);
                let longest_seen = content_lens(&wire, suite.version()).into_iter().max();
                assert_eq!(longest_seen, Some(longest - type_len), "{suite:?} {of_rustls:?}");
                let mut received = Vec::new();
                for piece in wire.chunks(10_000) {
                    peer.feed(piece).unwrap();
                    received.extend(peer.take_plaintext());
                }
                assert_eq!(received, pattern(40_000));
            }
        }
    }
}
