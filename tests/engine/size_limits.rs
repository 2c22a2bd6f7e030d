//! Records stay as short as the client asked for, whatever happens to the writer.
#![expect(clippy::unwrap_used, reason = "tests")]

extern crate alloc;

use alloc::sync::Arc;

use rustls::crypto::hash::{Context, Hash, HashAlgorithm, Output};
use rustls::crypto::{CipherSuiteCommon, CryptoProvider};
use rustls::{ClientConfig, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};
use wantwrite::*;
use wantwrite_testing::*;

use crate::acceptor::with_extension;

/// `record_size_limit` (RFC 8449).
const LIMIT: usize = 200;
const EXTENSION: &[u8] = &[0, 28, 0, 2, 0, 200];

/// Lower, the same, higher, and the protocol's own limit.
const LATER: [usize; 5] = [150, LIMIT, LIMIT + 1, 1_400, 16_384];

/// The hash of a stock client's transcript, which has the extension in its hello.
struct WithExtension(&'static dyn Hash);

impl Hash for WithExtension {
    fn start(&self) -> Box<dyn Context> {
        Box::new(Transcript { of: self.0.start(), is_empty: true })
    }

    fn hash(&self, data: &[u8]) -> Output {
        self.0.hash(data)
    }

    fn output_len(&self) -> usize {
        self.0.output_len()
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.0.algorithm()
    }
}

struct Transcript {
    of: Box<dyn Context>,
    is_empty: bool,
}

impl Context for Transcript {
    fn fork_finish(&self) -> Output {
        self.of.fork_finish()
    }

    fn fork(&self) -> Box<dyn Context> {
        Box::new(Self { of: self.of.fork(), is_empty: self.is_empty })
    }

    fn finish(self: Box<Self>) -> Output {
        self.of.finish()
    }

    fn update(&mut self, data: &[u8]) {
        let [hi, lo] = u16::try_from(data.len()).unwrap().to_be_bytes();
        match data {
            // A client's transcript begins with its hello.
            [1, ..] if self.is_empty => {
                let record = with_extension(&[&[22, 3, 1, hi, lo], data].concat(), EXTENSION);
                self.of.update(&record[5..]);
            }
            _ => self.of.update(data),
        }
        self.is_empty = false;
    }
}

/// The configuration of a stock client whose handshakes succeed although `EXTENSION` is added to
/// its hello on the way.
fn small_client_config(suite: CipherSuite, identity: &Identity) -> ClientConfig {
    let mut small = CryptoProvider::clone(&provider(suite));
    let common = |common: &CipherSuiteCommon| CipherSuiteCommon {
        suite: common.suite,
        hash_provider: Box::leak(Box::new(WithExtension(common.hash_provider))),
        confidentiality_limit: common.confidentiality_limit,
    };
    for suite in &mut small.cipher_suites {
        *suite = match *suite {
            SupportedCipherSuite::Tls13(stock) => {
                let suite = Tls13CipherSuite {
                    common: common(&stock.common),
                    hkdf_provider: stock.hkdf_provider,
                    aead_alg: stock.aead_alg,
                    quic: None,
                };
                SupportedCipherSuite::Tls13(Box::leak(Box::new(suite)))
            }
            SupportedCipherSuite::Tls12(stock) => {
                let suite = Tls12CipherSuite {
                    common: common(&stock.common),
                    prf_provider: stock.prf_provider,
                    kx: stock.kx,
                    sign: stock.sign,
                    aead_alg: stock.aead_alg,
                };
                SupportedCipherSuite::Tls12(Box::leak(Box::new(suite)))
            }
        };
    }
    let mut roots = rustls::RootCertStore::empty();
    roots.add(identity.certificate.clone()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(small))
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn limited() -> ConnectionConfig {
    let mut config = ConnectionConfig::default();
    (config.peer_size_limits, config.movable) = (true, true);
    config
}

/// Our server and a client that asked for short records, before the server has read the hello.
fn meet(suite: CipherSuite, config: ConnectionConfig) -> (Connection, Peer, Vec<u8>) {
    let identity = Identity::for_suite(suite);
    let mut peer = Peer::client(small_client_config(suite, &identity));
    let hello = with_extension(&peer.take_wire(), EXTENSION);
    let mut server = server_config(suite, &identity);
    server.send_half_rtt_data = true;
    (Connection::server_with(server.into(), config).unwrap(), peer, hello)
}

fn established(suite: CipherSuite, config: ConnectionConfig) -> (Connection, Peer) {
    let (mut ours, mut peer, hello) = meet(suite, config);
    feed(&mut ours, &hello);
    negotiate(&mut ours, &mut peer);
    (ours, peer)
}

/// The length of the longest fragment in `wire`, with its type byte in TLS 1.3.
fn longest(suite: CipherSuite, wire: &[u8]) -> usize {
    let overhead = match suite.version() {
        Version::Tls13 => 16,
        Version::Tls12 => 8 + 16,
    };
    let (mut longest, mut rest) = (0, wire);
    while let Some((header, after)) = rest.split_first_chunk::<5>() {
        let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
        longest = longest.max(len.saturating_sub(overhead));
        rest = &after[len..];
    }
    longest
}

/// Writes as much as there is room for, and checks the records: none is longer than `cap`, and what
/// was predicted is exact.
#[track_caller]
fn assert_capped(ours: &mut Writer, suite: CipherSuite, cap: usize) -> Vec<u8> {
    let (room, data) = (ours.room(), pattern(100_000));
    assert_eq!(ours.max_fragment_len(), cap);
    assert!((1..data.len()).contains(&room));
    let (waiting, wire_len) = (ours.waiting(), ours.wire_len(room));
    assert_eq!(ours.write(&data), Ok(room));
    ours.flush().unwrap();
    assert_eq!(ours.waiting() - waiting, wire_len);
    let mut wire = Vec::new();
    while ours.wants_drain() {
        let mut drain = ours.drain();
        let len = drain.chunk().len();
        wire.extend_from_slice(drain.chunk());
        drain.advance(len).unwrap();
    }
    assert_eq!(longest(suite, &wire), cap);
    wire
}

/// Like [`assert_capped`], and the client reads what was written.
#[track_caller]
fn assert_read(ours: &mut Connection, peer: &mut Peer, cap: usize) {
    let suite = ours.cipher_suite().unwrap();
    let wire = assert_capped(ours.writer_mut(), suite, cap);
    let mut received = Vec::new();
    for piece in wire.chunks(10_000) {
        peer.feed(piece).unwrap();
        received.extend(peer.take_plaintext());
    }
    assert!(pattern(100_000).starts_with(&received) && received.len() > 16_384);
}

fn through_bytes(connection: Connection, config: ConnectionConfig) -> Connection {
    let moved = connection.dangerous_into_moved().expect("idle");
    let mut message = moved.dangerous_bytes().to_vec();
    MovedConnection::from_bytes(&mut message).unwrap().into_connection(config).unwrap()
}

#[test]
fn a_later_cap_does_not_exceed_what_the_client_allows() {
    for suite in [TLS13, TLS12] {
        let (mut ours, mut peer) = established(suite, limited());
        assert_read(&mut ours, &mut peer, LIMIT);
        for len in LATER {
            ours.writer_mut().set_max_fragment_len(len).unwrap();
            assert_read(&mut ours, &mut peer, len.min(LIMIT));
        }
    }
}

#[test]
fn a_later_cap_does_not_lengthen_the_current_record() {
    for suite in [TLS13, TLS12] {
        for held in [1, LIMIT - 2] {
            let (mut ours, mut peer) = established(suite, limited());
            ours.writer_mut().write_atomic(&pattern(held)).unwrap();
            ours.writer_mut().set_max_fragment_len(1_400).unwrap();
            ours.writer_mut().write_atomic(&pattern(3_000)).unwrap();
            let wire = drain(&mut ours);
            assert_eq!(longest(suite, &wire), LIMIT, "{suite:?}");
            peer.feed(&wire).unwrap();
            assert_eq!(peer.take_plaintext(), [pattern(held), pattern(3_000)].concat());
        }
    }
}

#[test]
fn a_cap_set_during_the_handshake_does_not_exceed_what_the_client_allows() {
    for suite in [TLS13, TLS12] {
        for (before, after) in [(100, 16_384), (16_384, 100), (1_400, 16_384)] {
            let (mut ours, mut peer, hello) = meet(suite, limited());
            ours.writer_mut().set_max_fragment_len(before).unwrap();
            feed(&mut ours, &hello);
            assert_eq!(ours.writer().max_fragment_len(), before.min(LIMIT));
            ours.writer_mut().set_max_fragment_len(after).unwrap();
            negotiate(&mut ours, &mut peer);
            assert_read(&mut ours, &mut peer, after.min(LIMIT));
        }
    }
}

/// A server's early data is sealed during the handshake, by rustls.
#[test]
fn half_rtt_data_does_not_exceed_what_the_client_allows() {
    let mut config = limited();
    config.early_data = true;
    let (mut ours, mut peer, hello) = meet(TLS13, config);
    feed(&mut ours, &hello);
    ours.writer_mut().set_max_fragment_len(16_384).unwrap();
    assert_eq!(ours.early_writer().unwrap().write(&pattern(3_000)), 3_000);
    let wire = drain(&mut ours);
    // The handshake's own records are protected too, or short.
    assert_eq!(longest(TLS13, &wire), LIMIT);
    peer.feed(&wire).unwrap();
    assert_eq!(peer.take_plaintext(), pattern(3_000));
}

#[test]
fn what_the_client_allows_moves_to_another_process() {
    for suite in [TLS13, TLS12] {
        let (mut ours, mut peer) = established(suite, limited());
        for len in LATER {
            // The settings are those of the other process. They need not ask for this again.
            ours = through_bytes(ours, ConnectionConfig::default());
            assert_read(&mut ours, &mut peer, LIMIT);
            ours.writer_mut().set_max_fragment_len(len).unwrap();
            assert_read(&mut ours, &mut peer, len.min(LIMIT));
        }
        let mut config = ConnectionConfig::default();
        config.writer.max_fragment_len = 100;
        let mut ours = through_bytes(ours, config);
        assert_read(&mut ours, &mut peer, 100);
        ours.writer_mut().set_max_fragment_len(16_384).unwrap();
        assert_read(&mut ours, &mut peer, LIMIT);
    }
}

#[test]
fn a_writer_made_of_parts_knows_what_the_client_allows() {
    for suite in [TLS13, TLS12] {
        let (ours, _peer) = established(suite, limited());
        let (mut parts, _) = ours.into_parts().unwrap();
        for len in LATER {
            let mut writer = Writer::from_parts(parts, &WriterConfig::default()).unwrap();
            assert_capped(&mut writer, suite, LIMIT);
            writer.set_max_fragment_len(len).unwrap();
            assert_capped(&mut writer, suite, len.min(LIMIT));
            parts = writer.into_parts().unwrap();
        }
    }
}

/// Unlike what the client allows, the caps of both configurations are settings.
#[test]
fn a_later_cap_replaces_those_of_the_configurations() {
    for (of_rustls, of_ours) in [(Some(105), 16_384), (None, 100), (Some(105), 1_000)] {
        let identity = Identity::for_suite(TLS13);
        let mut server = server_config(TLS13, &identity);
        server.max_fragment_size = of_rustls;
        let mut peer = Peer::client(small_client_config(TLS13, &identity));
        let hello = with_extension(&peer.take_wire(), EXTENSION);
        for peer_size_limits in [false, true] {
            let mut config = limited();
            config.writer.max_fragment_len = of_ours;
            config.peer_size_limits = peer_size_limits;
            let server = Arc::new(server.clone());
            let mut first = Connection::server_with(server.clone(), config.clone()).unwrap();
            feed(&mut first, &hello);
            let mut acceptor = Acceptor::new(config).unwrap();
            feed(acceptor.connection(), &hello);
            for mut ours in [first, acceptor.accept(server).unwrap()] {
                assert_eq!(ours.writer().max_fragment_len(), 100);
                ours.writer_mut().set_max_fragment_len(1_400).unwrap();
                let expected = if peer_size_limits { LIMIT } else { 1_400 };
                assert_eq!(ours.writer().max_fragment_len(), expected);
            }
        }
    }
}
