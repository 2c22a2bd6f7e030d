//! The hand-over from rustls's handshake to our record layer. No data is lost, whatever arrives
//! with the last bytes of the handshake and however the bytes are cut. Also, handshakes that fail.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write;

use rcgen::{CertificateParams, KeyPair};
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    AlertDescription as RustlsAlert, ClientConfig, HandshakeKind, NamedGroup, RootCertStore,
    ServerConfig,
};
use wantwrite::*;
use wantwrite_testing::*;

const SUITES_HERE: [CipherSuite; 4] = [
    TLS13,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    TLS12,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];
const AT_ONCE: usize = usize::MAX;

/// Both configurations of a suite, for several connections.
#[derive(Clone)]
struct Configs {
    client: ClientConfig,
    server: ServerConfig,
}

impl Configs {
    fn new(suite: CipherSuite) -> Self {
        let identity = Identity::for_suite(suite);
        Self { client: client_config(suite, &identity), server: server_config(suite, &identity) }
    }

    fn pair(&self, role: Role) -> (Connection, Peer) {
        let (client, server) = (self.client.clone(), self.server.clone());
        match role {
            Role::Client => {
                (Connection::client(client.into(), server_name()).unwrap(), Peer::server(server))
            }
            Role::Server => (Connection::server(server.into()).unwrap(), Peer::client(client)),
        }
    }
}

/// How each flight of the peer is fed.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Every(usize),
    /// Cuts every longer flight once, at this position.
    At(usize),
}

impl Cut {
    fn pieces(self, wire: &[u8]) -> Vec<&[u8]> {
        match self {
            Self::Every(step) => wire.chunks(step).collect(),
            Self::At(at) if at < wire.len() => vec![&wire[..at], &wire[at..]],
            Self::At(_) => vec![wire],
        }
    }
}

/// What else the peer does.
#[derive(Clone, Copy, Debug, Default)]
struct Extras {
    /// A KeyUpdate (with a request) between two pieces of its application data.
    key_update: bool,
}

/// The result of an exchange.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    plaintext: Vec<u8>,
    at_peer: Vec<u8>,
    resumed: Option<bool>,
    key_updates: u64,
    /// The application data that follows the flight is not counted.
    longest_flight: usize,
}

/// Runs a whole exchange. The peer writes before the handshake completes, so that its data follows
/// its last flight without a gap. At the end, both sides close.
fn run(configs: &Configs, role: Role, cut: Cut, extras: Extras) -> Outcome {
    let (mut ours, mut peer) = configs.pair(role);
    peer.0.writer().write_all(b"glued to the flight. ").unwrap();
    let mut plaintext = Vec::new();
    let mut longest_flight = 0;
    let mut said = false;
    let mut deliver = |ours: &mut Connection, wire: Vec<u8>| {
        for piece in cut.pieces(&wire) {
            let mut piece = piece;
            while !piece.is_empty() {
                let taken = ours.receive(piece);
                piece = &piece[taken..];
                ours.process().unwrap();
                plaintext.extend(read_all(ours));
            }
        }
    };
    loop {
        let to_peer = drain(&mut ours);
        peer.feed(&to_peer).unwrap();
        let mut bulk = 0;
        if !said && !peer.0.is_handshaking() {
            if extras.key_update {
                peer.0.refresh_traffic_keys().unwrap();
            }
            bulk = 20_000;
            peer.0.writer().write_all(&pattern(bulk)).unwrap();
            said = true;
        }
        let to_us = peer.take_wire();
        if to_peer.is_empty() && to_us.is_empty() {
            break;
        }
        longest_flight = longest_flight.max(to_us.len().saturating_sub(bulk));
        deliver(&mut ours, to_us);
    }
    assert!(said);
    ours.writer_mut().write_atomic(b"ours").unwrap();
    ours.close().unwrap();
    peer.feed(&drain(&mut ours)).unwrap();
    let at_peer = peer.take_plaintext();
    peer.0.send_close_notify();
    let to_us = peer.take_wire();
    deliver(&mut ours, to_us);
    assert_eq!(ours.writer_state(), WriterState::Closed);
    assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
    assert_eq!(ours.error(), None);
    let kind = peer.0.handshake_kind();
    assert_eq!(ours.is_resumed(), Some(kind == Some(HandshakeKind::Resumed)));
    Outcome {
        plaintext,
        at_peer,
        resumed: ours.is_resumed(),
        key_updates: ours.writer().progress().key_updates,
        longest_flight,
    }
}

/// Runs the exchange twice, resuming the second time. Both must give the expected outcome.
fn run_twice(configs: &Configs, role: Role, cut: Cut, extras: Extras) {
    for resumed in [false, true] {
        let outcome = run(configs, role, cut, extras);
        let context = format!("{role:?} {cut:?} {extras:?} resumed {resumed}");
        assert!(
            outcome.plaintext == [b"glued to the flight. ", &pattern(20_000)[..]].concat(),
            "{context}"
        );
        assert_eq!(outcome.at_peer, b"ours", "{context}");
        assert_eq!(outcome.resumed, Some(resumed), "{context}");
        assert_eq!(outcome.key_updates, u64::from(extras.key_update), "{context}");
    }
}

fn every_extra(suite: CipherSuite) -> &'static [Extras] {
    match suite.version() {
        Version::Tls13 => &[Extras { key_update: false }, Extras { key_update: true }],
        Version::Tls12 => &[Extras { key_update: false }],
    }
}

#[test]
fn data_right_after_the_handshake_is_read_and_tickets_are_stored_in_any_steps() {
    for suite in SUITES_HERE {
        for role in ROLES {
            for step in [1, 7, 100, AT_ONCE] {
                for &extras in every_extra(suite) {
                    run_twice(&Configs::new(suite), role, Cut::Every(step), extras);
                }
            }
        }
    }
}

#[test]
fn our_reader_joins_tickets_that_span_records() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            for step in [1, 7, 100, AT_ONCE] {
                for &extras in every_extra(suite) {
                    let mut configs = Configs::new(suite);
                    configs.server.max_fragment_size = Some(69);
                    configs.client.max_fragment_size = Some(69);
                    configs.server.ticketer = rustls::crypto::ring::Ticketer::new().unwrap();
                    run_twice(&configs, role, Cut::Every(step), extras);
                }
            }
        }
    }
}

#[test]
fn the_peers_half_rtt_data_is_read() {
    for step in [1, 7, 100, AT_ONCE] {
        for max_fragment_size in [None, Some(64)] {
            for &extras in every_extra(TLS13) {
                let mut configs = Configs::new(TLS13);
                configs.server.send_half_rtt_data = true;
                configs.server.max_fragment_size = max_fragment_size;
                run_twice(&configs, Role::Client, Cut::Every(step), extras);
            }
        }
    }
}

#[test]
fn half_rtt_data_is_in_the_servers_first_flight() {
    let mut configs = Configs::new(TLS13);
    configs.server.send_half_rtt_data = true;
    let (mut ours, mut peer) = configs.pair(Role::Client);
    peer.0.writer().write_all(b"early").unwrap();
    peer.feed(&drain(&mut ours)).unwrap();
    assert!(peer.0.is_handshaking());
    let flight = peer.take_wire();
    feed(&mut ours, &flight);
    assert_eq!(read_all(&mut ours), b"early");
    negotiate(&mut ours, &mut peer);
}

#[test]
fn the_half_rtt_setting_of_rustls_has_no_effect_on_our_server() {
    let mut configs = Configs::new(TLS13);
    configs.server.send_half_rtt_data = true;
    let (mut ours, mut peer) = configs.pair(Role::Server);
    let hello = peer.take_wire();
    feed(&mut ours, &hello);
    assert_eq!(ours.writer_mut().write(b"early"), Ok(0));
    negotiate(&mut ours, &mut peer);
    assert_both_ways(&mut ours, &mut peer);
    for step in [1, 7, 100, AT_ONCE] {
        let mut configs = Configs::new(TLS13);
        configs.server.send_half_rtt_data = true;
        run_twice(&configs, Role::Server, Cut::Every(step), Extras::default());
    }
}

#[test]
fn every_two_part_split_of_the_peers_flights_gives_the_same_result() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let extras = every_extra(suite)[every_extra(suite).len() - 1];
            let mut configs = Configs::new(suite);
            configs.server.send_half_rtt_data = true;
            // Each time with a full handshake.
            configs.client.resumption = Resumption::disabled();
            let expected = run(&configs, role, Cut::Every(AT_ONCE), extras);
            for at in 1..expected.longest_flight + 10 {
                let mut outcome = run(&configs, role, Cut::At(at), extras);
                // Signatures vary in length by a few bytes.
                outcome.longest_flight = expected.longest_flight;
                assert!(outcome == expected, "{suite:?} {role:?} split at {at}");
            }
        }
    }
}

#[test]
fn sessions_resume_in_both_versions_and_roles() {
    for suite in SUITES_HERE {
        for role in ROLES {
            for stateless in [false, true] {
                let mut configs = Configs::new(suite);
                if stateless {
                    configs.server.ticketer = rustls::crypto::ring::Ticketer::new().unwrap();
                }
                for resumed in [false, true, true] {
                    let (mut ours, mut peer) = configs.pair(role);
                    negotiate(&mut ours, &mut peer);
                    assert_eq!(ours.is_resumed(), Some(resumed), "{suite:?} {role:?}");
                    assert_both_ways(&mut ours, &mut peer);
                }
            }
        }
    }
}

#[test]
fn a_hello_retry_request_changes_nothing() {
    let identity = Identity::for_suite(TLS13);
    let mut one_group = (*provider(TLS13)).clone();
    one_group.kx_groups.retain(|group| group.name() == NamedGroup::secp384r1);
    let server = ServerConfig::builder_with_provider(one_group.into())
        .with_protocol_versions(versions(TLS13))
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
        .unwrap();
    let mut configs = Configs { client: client_config(TLS13, &identity), server };
    configs.client.resumption = Resumption::disabled();
    for role in ROLES {
        for step in [1, 7, 100, AT_ONCE] {
            for &extras in every_extra(TLS13) {
                let outcome = run(&configs, role, Cut::Every(step), extras);
                let expected = [b"glued to the flight. ", &pattern(20_000)[..]].concat();
                assert!(outcome.plaintext == expected, "{role:?} {step}");
                assert_eq!(outcome.at_peer, b"ours");
            }
        }
        let (mut ours, mut peer) = configs.pair(role);
        negotiate(&mut ours, &mut peer);
        let kind = HandshakeKind::FullWithHelloRetryRequest;
        assert_eq!(peer.0.handshake_kind(), Some(kind));
        if role == Role::Server {
            assert_eq!(ours.server_name(), Some(HOST));
        }
    }
}

/// Adds client authentication. `extra` follows the client's certificate.
fn with_client_auth(suite: CipherSuite, extra: &[CertificateDer<'static>]) -> (Configs, Identity) {
    let identity = Identity::for_suite(suite);
    let mut roots = RootCertStore::empty();
    roots.add(identity.certificate.clone()).unwrap();
    let provider = provider(suite);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        .build()
        .unwrap();
    let of_server = Identity::for_suite(suite);
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![of_server.certificate.clone()], of_server.key.clone_key())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(of_server.certificate).unwrap();
    let chain = [core::slice::from_ref(&identity.certificate), extra].concat();
    let client = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, identity.key.clone_key())
        .unwrap();
    (Configs { client, server }, identity)
}

#[test]
fn a_server_knows_the_clients_certificate_even_after_resumption() {
    for suite in [TLS13, TLS12] {
        let (configs, identity) = with_client_auth(suite, &[]);
        for resumed in [false, true] {
            let (mut ours, mut peer) = configs.pair(Role::Server);
            negotiate(&mut ours, &mut peer);
            let certificate = identity.certificate.clone();
            assert_eq!(ours.peer_certificates(), Some(&[certificate][..]));
            assert_eq!(ours.is_resumed(), Some(resumed));
            assert_both_ways(&mut ours, &mut peer);
        }
        let (configs, _) = with_client_auth(suite, &[]);
        let (mut ours, mut peer) = configs.pair(Role::Client);
        negotiate(&mut ours, &mut peer);
        assert!(peer.0.peer_certificates().is_some());
        assert_both_ways(&mut ours, &mut peer);
    }
}

#[test]
fn a_missing_client_certificate_fails_the_handshake_of_our_server() {
    for suite in [TLS13, TLS12] {
        let (mut configs, _) = with_client_auth(suite, &[]);
        configs.client.client_auth_cert_resolver =
            Configs::new(suite).client.client_auth_cert_resolver;
        let (mut ours, mut peer) = configs.pair(Role::Server);
        let at_peer = carry_until_failure(&mut ours, &mut peer);
        let none = rustls::Error::NoCertificatesPresented;
        assert_failed(&mut ours, &ConnectionError::Handshake(none));
        assert!(matches!(at_peer, Some(rustls::Error::AlertReceived(_))), "{suite:?}: {at_peer:?}");
    }
}

/// A resumed stock client offers `len` bytes of early data to our server, which is fed `step` bytes
/// at a time.
fn offer_early_data(len: usize, step: usize) -> (Connection, Peer) {
    let mut configs = Configs::new(TLS13);
    configs.server.max_early_data_size = 65_536;
    configs.client.enable_early_data = true;
    // Our own tickets do not allow any, so a stock server on the same store handles the first
    // connection.
    let mut server = Peer::server(configs.server.clone());
    let mut client = Peer::client(configs.client.clone());
    loop {
        let (a, b) = (client.take_wire(), server.take_wire());
        if a.is_empty() && b.is_empty() {
            break;
        }
        server.feed(&a).unwrap();
        client.feed(&b).unwrap();
    }
    let (mut ours, mut peer) = configs.pair(Role::Server);
    let rustls::Connection::Client(client) = &mut peer.0 else { panic!("not a client") };
    client.early_data().expect("the ticket allows early data").write_all(&pattern(len)).unwrap();
    loop {
        let to_us = peer.take_wire();
        for piece in to_us.chunks(step) {
            feed(&mut ours, piece);
        }
        let to_peer = drain(&mut ours);
        if peer.feed(&to_peer).is_err() || (to_us.is_empty() && to_peer.is_empty()) {
            break;
        }
    }
    (ours, peer)
}

#[test]
fn early_data_is_refused_and_the_connection_works() {
    for len in [1, 1000, 8000] {
        for step in [1, 7, 100, AT_ONCE] {
            assert_early_data_is_refused(len, step);
        }
    }
}

fn assert_early_data_is_refused(len: usize, step: usize) {
    let (mut ours, mut peer) = offer_early_data(len, step);
    assert_eq!(ours.error(), None);
    let rustls::Connection::Client(client) = &peer.0 else { panic!("not a client") };
    assert!(!client.is_early_data_accepted());
    assert_eq!(ours.is_resumed(), Some(true));
    assert_eq!(read_all(&mut ours), b"");
    assert_both_ways(&mut ours, &mut peer);
}

/// rustls counts a record that it skips again with every later record, and gives up at 16 KiB. So
/// rejecting more than about 8 KiB ends the handshake.
#[test]
fn too_much_refused_early_data_is_an_error_and_never_plaintext() {
    for len in [16_000, 40_000] {
        let (mut ours, _) = offer_early_data(len, AT_ONCE);
        assert!(ours.error().is_some());
        assert_eq!(ours.writer_state(), WriterState::Failed);
        assert!(ours.plaintext().is_empty());
        assert!(ours.read(&mut [0; 8]).is_err());
    }
}

/// Carries bytes both ways until our connection fails or nothing moves. Returns the peer's error.
fn carry_until_failure(ours: &mut Connection, peer: &mut Peer) -> Option<rustls::Error> {
    let mut at_peer = None;
    for _ in 0..20 {
        match exchange(ours, peer) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => at_peer = at_peer.or(Some(error)),
        }
    }
    at_peer
}

#[track_caller]
fn assert_failed(ours: &mut Connection, error: &ConnectionError) {
    assert_eq!(ours.process().as_ref(), Err(error));
    assert_eq!(ours.process().as_ref(), Err(error), "again");
    assert_eq!(ours.read(&mut [0; 8]).as_ref(), Err(error));
    assert_eq!(ours.error().as_ref(), Some(error));
    assert_eq!(ours.writer_state(), WriterState::Failed);
    let failed = WriteError::Failed { accepted: 0 };
    assert_eq!(ours.writer_mut().write(b"x"), Err(failed));
    assert_eq!(ours.writer_mut().write_atomic(b"x"), Err(failed));
    assert_eq!(ours.writer_mut().slot().map(|slot| slot.len()), Err(failed));
    assert_eq!(ours.writer_mut().flush(), Err(failed));
    assert_eq!(ours.close(), Err(failed));
    assert_eq!(ours.writer_mut().update_keys(KeyUpdateRequest::Requested), Err(failed));
    assert_eq!(ours.writer().room(), 0);
    assert!(!ours.wants().input);
    assert!(ours.inbound().is_none());
    assert_eq!(ours.receive(b"more"), 4, "accepted and ignored");
    assert_eq!(ours.process().as_ref(), Err(error));
}

#[track_caller]
fn handshake_error(ours: &Connection) -> rustls::Error {
    match ours.error() {
        Some(ConnectionError::Handshake(error)) => error,
        other => panic!("not a failed handshake: {other:?}"),
    }
}

#[test]
fn our_client_refuses_a_wrong_name_and_an_unknown_ca_and_the_peer_reads_the_alert() {
    for suite in [TLS13, TLS12] {
        let configs = Configs::new(suite);
        let other = Configs::new(suite);
        let wrong_name = ServerName::try_from("other.example").unwrap();
        for (client, name) in [(&configs.client, wrong_name), (&other.client, server_name())] {
            let mut ours = Connection::client(client.clone().into(), name).unwrap();
            let mut peer = Peer::server(configs.server.clone());
            let at_peer = carry_until_failure(&mut ours, &mut peer);
            let error = handshake_error(&ours);
            assert!(matches!(error, rustls::Error::InvalidCertificate(_)));
            assert_failed(&mut ours, &ConnectionError::Handshake(error));
            assert!(
                matches!(at_peer, Some(rustls::Error::AlertReceived(_))),
                "{suite:?} {at_peer:?}"
            );
        }
    }
}

#[test]
fn our_server_reads_the_alert_of_a_client_that_refuses_its_certificate() {
    for suite in [TLS13, TLS12] {
        let mut ours = Connection::server(Configs::new(suite).server.into()).unwrap();
        let mut peer = Peer::client(Configs::new(suite).client);
        let at_peer = carry_until_failure(&mut ours, &mut peer);
        assert!(matches!(at_peer, Some(rustls::Error::InvalidCertificate(_))));
        // rustls still sends its alert after a failure.
        let wire = peer.take_wire();
        feed(&mut ours, &wire);
        let error = handshake_error(&ours);
        assert!(matches!(error, rustls::Error::AlertReceived(_)), "{error:?}");
        assert_failed(&mut ours, &ConnectionError::Handshake(error));
        assert!(drain(&mut ours).is_empty(), "an alert is not answered with an alert");
    }
}

#[test]
fn no_common_suite_is_handshake_failure_on_both_sides() {
    let other = Configs::new(CipherSuite::TLS_CHACHA20_POLY1305_SHA256);
    let configs = Configs::new(TLS13);
    let mut ours = Connection::server(configs.server.into()).unwrap();
    let mut peer = Peer::client(other.client);
    let at_peer = carry_until_failure(&mut ours, &mut peer);
    let failure = rustls::Error::AlertReceived(RustlsAlert::HandshakeFailure);
    assert_eq!(at_peer, Some(failure.clone()));
    let error = handshake_error(&ours);
    assert!(matches!(error, rustls::Error::PeerIncompatible(_)));
    assert_failed(&mut ours, &ConnectionError::Handshake(error));

    let mut ours = Connection::client(configs.client.into(), server_name()).unwrap();
    let mut peer = Peer::server(other.server);
    carry_until_failure(&mut ours, &mut peer);
    let wire = peer.take_wire();
    feed(&mut ours, &wire);
    assert_failed(&mut ours, &ConnectionError::Handshake(failure));
}

#[test]
fn bytes_that_are_not_tls_fail_the_handshake_immediately_with_an_alert() {
    let strange: [&[u8]; 9] = [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\0\0\0\0\0\0\0\0",
        &[0xff; 64],
        &[0x16, 9, 9, 0, 100],
        &[0x16, 3, 3, 0xff, 0xff],
        &[0x16, 3, 3, 0, 5, 0xff, 0, 0, 1, 0],
        &[0x17, 3, 3, 0, 5, 1, 2, 3, 4, 5],
    ];
    for role in ROLES {
        for bytes in strange {
            for step in [1, AT_ONCE] {
                let (mut ours, mut peer) = Configs::new(TLS13).pair(role);
                drain(&mut ours);
                for piece in bytes.chunks(step.min(bytes.len())) {
                    feed(&mut ours, piece);
                }
                // The error is rustls's, or ours if no whole record was needed.
                let error = ours.error().expect("an error");
                assert_failed(&mut ours, &error);
                assert!(ours.wants().drain, "an alert is pending");
                let wire = drain(&mut ours);
                let at_peer = peer.feed(&wire);
                assert!(
                    matches!(at_peer, Err(rustls::Error::AlertReceived(_))),
                    "{bytes:x?} {role:?}: {at_peer:?}"
                );
            }
        }
    }
}

#[test]
fn an_end_of_input_in_the_handshake_is_a_truncation() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            for cut in [0, 3, 5, 50] {
                let (mut ours, mut peer) = Configs::new(suite).pair(role);
                peer.feed(&drain(&mut ours)).unwrap();
                let wire = peer.take_wire();
                feed(&mut ours, &wire[..cut]);
                ours.end_of_input();
                assert_failed(&mut ours, &Error::Truncated.into());
                assert_eq!(ours.reader_state(), ReaderState::Truncated);
            }
        }
    }
}

#[test]
fn an_end_of_input_after_the_last_flight_leaves_the_connection_writable() {
    for suite in [TLS13, TLS12] {
        let (mut ours, mut peer) = Configs::new(suite).pair(Role::Client);
        loop {
            peer.feed(&drain(&mut ours)).unwrap();
            let wire = peer.take_wire();
            let mut rest = &wire[..];
            while !rest.is_empty() {
                let taken = ours.receive(rest);
                rest = &rest[taken..];
            }
            if !peer.0.is_handshaking() || suite.version() == Version::Tls13 {
                break;
            }
            ours.process().unwrap();
        }
        ours.end_of_input();
        assert_eq!(ours.process(), Err(Error::Truncated.into()));
        assert_eq!(ours.reader_state(), ReaderState::Truncated);
        assert_eq!(ours.writer_state(), WriterState::Open);
        ours.writer_mut().write_atomic(b"last words").unwrap();
        ours.close().unwrap();
        peer.feed(&drain(&mut ours)).unwrap();
        assert_eq!(peer.take_plaintext(), b"last words");
    }
}

/// Certificates of about `len` bytes in total that verify nothing.
fn ballast(len: usize) -> Vec<CertificateDer<'static>> {
    let names: Vec<String> = (0..100).map(|i| format!("{i:0>40}.example")).collect();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    let der = certificate.der().clone();
    let n = len / der.len();
    vec![der; n]
}

fn with_server_chain(suite: CipherSuite, extra: &[CertificateDer<'static>]) -> Configs {
    let identity = Identity::for_suite(suite);
    let client = client_config(suite, &identity);
    let chain = [core::slice::from_ref(&identity.certificate), extra].concat();
    let server = ServerConfig::builder_with_provider(provider(suite))
        .with_protocol_versions(versions(suite))
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, identity.key.clone_key())
        .unwrap();
    Configs { client, server }
}

#[test]
fn certificate_chains_of_up_to_60_kib_arrive_in_records_of_any_size() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            for len in [40_000, 60_000] {
                for max_fragment_size in [None, Some(1000), Some(64)] {
                    let extra = ballast(len);
                    let mut of_server = with_server_chain(suite, &extra);
                    let (mut of_client, _) = with_client_auth(suite, &extra);
                    for configs in [&mut of_server, &mut of_client] {
                        match role {
                            Role::Client => configs.server.max_fragment_size = max_fragment_size,
                            Role::Server => configs.client.max_fragment_size = max_fragment_size,
                        }
                        let (mut ours, mut peer) = configs.pair(role);
                        while exchange(&mut ours, &mut peer).unwrap() {}
                        let context = format!("{suite:?} {role:?} {len} {max_fragment_size:?}");
                        assert_eq!(ours.error(), None, "{context}");
                        assert!(!peer.0.is_handshaking(), "{context}");
                        assert_both_ways(&mut ours, &mut peer);
                    }
                }
            }
        }
    }
}

#[test]
fn levels_alone_drive_a_handshake_that_is_longer_than_the_buffer() {
    for suite in [TLS13, TLS12] {
        for (len, capacity) in
            [(60_000, ReaderConfig::default().capacity), (20_000, MAX_RECORD_LEN)]
        {
            for (step, max_fragment_size) in [(536, None), (4096, Some(1400)), (AT_ONCE, None)] {
                let mut configs = with_server_chain(suite, &ballast(len));
                configs.server.max_fragment_size = max_fragment_size;
                let mut peer = Peer::server(configs.server);
                let mut config = ConnectionConfig::default();
                config.reader.capacity = capacity;
                let client = configs.client.into();
                let mut ours = Connection::client_with(client, server_name(), config).unwrap();
                negotiate_by_levels(&mut ours, &mut peer, step);
                assert_both_ways(&mut ours, &mut peer);
            }
        }
    }
}

/// Negotiates like a caller that only looks at `wants`.
fn negotiate_by_levels(ours: &mut Connection, peer: &mut Peer, step: usize) {
    let mut to_us = Vec::new();
    while ours.writer_state() == WriterState::Negotiating {
        peer.feed(&drain(ours)).unwrap();
        to_us.extend(peer.take_wire());
        let wants = ours.wants();
        if wants.process {
            ours.process().unwrap();
        } else {
            assert!(wants.input, "nothing is wanted");
            let mut inbound = ours.inbound().expect("input is wanted");
            let n = inbound.len().min(step).min(to_us.len());
            assert!(n > 0, "a read of nothing");
            inbound[..n].copy_from_slice(&to_us[..n]);
            inbound.commit(n).unwrap();
            to_us.drain(..n);
        }
    }
    feed(ours, &to_us);
    peer.feed(&drain(ours)).unwrap();
}

#[test]
fn a_record_version_that_only_rustls_knows_is_refused_at_every_split() {
    let mut hello = Configs::new(TLS13).pair(Role::Server).1.take_wire();
    hello[1..3].copy_from_slice(&[0xfe, 0xfd]);
    for cut in 1..hello.len() {
        let (mut ours, _) = Configs::new(TLS13).pair(Role::Server);
        for part in [&hello[..cut], &hello[cut..]] {
            feed(&mut ours, part);
        }
        let fault = Error::Peer(PeerFault::BadRecordVersion);
        assert_eq!(ours.error(), Some(fault.into()), "{cut}");
    }
}

#[test]
fn a_handshake_message_longer_than_64_kib_is_an_error_and_not_a_hang() {
    for announced in [0x01_0000, 0xff_ffff] {
        for in_fragments in [false, true] {
            for role in ROLES {
                let (mut ours, _) = Configs::new(TLS13).pair(role);
                drain(&mut ours);
                let [_, hi, mid, lo] = u32::to_be_bytes(announced);
                let kind = if role == Role::Client { 2 } else { 1 };
                let start = [kind, hi, mid, lo];
                let mut fed = 0;
                let mut fragment =
                    if in_fragments { start.to_vec() } else { [&start[..], &[0; 1000]].concat() };
                while ours.error().is_none() && fed < 1_000_000 {
                    let [hi, lo] = u16::try_from(fragment.len()).unwrap().to_be_bytes();
                    let record = [&[0x16, 3, 3, hi, lo][..], &fragment].concat();
                    feed(&mut ours, &record);
                    fed += record.len();
                    fragment = vec![0; 16_384];
                }
                let error = ours.error().expect("an error before 1 MB");
                assert_failed(&mut ours, &error);
                assert!(fed < 200_000, "{announced:#x} {role:?}: {fed} bytes were held");
            }
        }
    }
}

#[test]
fn while_negotiating_writing_accepts_nothing_and_changes_nothing() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (mut ours, mut peer) = Configs::new(suite).pair(role);
            let (mut to_peer, mut rounds) = (Vec::new(), 0);
            while ours.writer_state() == WriterState::Negotiating {
                let wants = ours.wants();
                assert!(wants.input);
                assert_eq!(ours.writer().room(), 0);
                assert_eq!(ours.writer_mut().write(b"x"), Ok(0));
                assert_eq!(ours.writer_mut().write(b""), Ok(0));
                assert_eq!(ours.writer_mut().write_atomic(b""), Ok(()));
                assert_eq!(ours.writer_mut().write_atomic(b"x"), Err(WriteError::Negotiating));
                assert!(ours.writer_mut().slot().unwrap().is_empty());
                assert_eq!(ours.writer_mut().slot().unwrap().commit(0), Ok(()));
                let overrun = Overrun { claimed: 1, available: 0 };
                assert_eq!(
                    ours.writer_mut().slot().unwrap().commit(1),
                    Err(WriteError::Overrun(overrun))
                );
                assert_eq!(ours.writer_mut().flush(), Ok(()));
                assert_eq!(
                    ours.writer_mut().update_keys(KeyUpdateRequest::Requested),
                    Err(WriteError::Negotiating)
                );
                assert_eq!(ours.reader_state(), ReaderState::Negotiating);
                assert_eq!(ours.read(&mut [0; 8]), Ok(0));
                assert_eq!(ours.protocol_version(), None);
                assert_eq!(ours.is_resumed(), None);
                assert_eq!(ours.wants(), wants);
                to_peer.extend(drain(&mut ours));
                peer.feed(&to_peer).unwrap();
                to_peer.clear();
                let wire = peer.take_wire();
                feed(&mut ours, &wire);
                rounds += 1;
                assert!(rounds < 10);
            }
            negotiate(&mut ours, &mut peer);
            assert_eq!(ours.writer().progress().accepted, 0);
            assert_both_ways(&mut ours, &mut peer);
        }
    }
}

#[test]
fn close_while_negotiating_is_an_end_without_an_alert() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (mut ours, mut peer) = Configs::new(suite).pair(role);
            if role == Role::Server {
                let hello = peer.take_wire();
                feed(&mut ours, &hello);
            }
            assert_eq!(ours.close(), Ok(()));
            assert_eq!(ours.close(), Ok(()), "again");
            assert_eq!(ours.writer_state(), WriterState::Closing, "its flight is pending");
            assert!(!ours.wants().input);
            assert_eq!(ours.writer_mut().write(b"x"), Err(WriteError::Closed));
            assert_eq!(ours.writer_mut().write_atomic(b"x"), Err(WriteError::Closed));
            assert_eq!(
                ours.writer_mut().update_keys(KeyUpdateRequest::Requested),
                Err(WriteError::Closed)
            );
            assert_eq!(ours.writer_mut().flush(), Ok(()));
            let given_up = Error::Aborted(AlertDescription::CLOSE_NOTIFY);
            assert_eq!(ours.process(), Err(given_up.into()));
            assert_eq!(ours.read(&mut [0; 8]), Err(given_up.into()), "not a clean end");
            assert_eq!(ours.error(), Some(given_up.into()));
            peer.feed(&drain(&mut ours)).unwrap();
            assert_eq!(ours.writer_state(), WriterState::Closed);
            assert_eq!(ours.reader_state(), ReaderState::Failed);
            ours.end_of_input();
            assert_eq!(ours.process(), Err(given_up.into()));
        }
    }
}

#[test]
fn abort_while_negotiating_alerts_the_peer_until_records_are_protected() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (mut ours, mut peer) = Configs::new(suite).pair(role);
            if role == Role::Server {
                let hello = peer.take_wire();
                feed(&mut ours, &hello);
            }
            ours.abort(AlertDescription::INTERNAL_ERROR);
            let error = Error::Aborted(AlertDescription::INTERNAL_ERROR);
            assert_failed(&mut ours, &error.into());
            assert_eq!(ours.reader_state(), ReaderState::Failed);
            let told = rustls::Error::AlertReceived(rustls::AlertDescription::InternalError);
            // A TLS 1.3 server has already protected its flight.
            let is_protected = role == Role::Server && suite == TLS13;
            let expected = if is_protected { Ok(()) } else { Err(told) };
            assert_eq!(peer.feed(&drain(&mut ours)), expected, "{suite:?} {role:?}");
            assert!(!ours.wants().drain);
            ours.abort(AlertDescription::USER_CANCELED);
            assert_failed(&mut ours, &error.into());
        }
    }
}
