//! A configuration chosen by the ClientHello, and records as short as the client asks for.
#![expect(clippy::unwrap_used, reason = "tests")]

extern crate alloc;

use alloc::sync::Arc;

use std::io::Write;

use wantwrite::*;
use wantwrite_testing::*;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

#[test]
fn the_client_hello_selects_a_configuration() {
    for suite in [TLS13, TLS12] {
        for step in [1, 10, 1000] {
            let identity = Identity::for_suite(suite);
            let mut client = client_config(suite, &identity);
            client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
            let mut peer = Peer::client(client);
            let mut acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
            let wire = peer.take_wire();
            for piece in wire.chunks(step) {
                assert!(acceptor.client_hello().is_none());
                feed(acceptor.connection(), piece);
            }
            let hello = acceptor.client_hello().unwrap();
            assert_eq!(hello.server_name(), Some(HOST));
            assert!(hello.alpn_protocols().eq([&b"h2"[..], b"http/1.1"]));
            assert!(hello.cipher_suites().any(|number| number == suite.to_wire()));
            assert!(hello.signature_schemes().any(|number| number == 0x0403));
            let wants = acceptor.connection().wants();
            assert!(!wants.input && !wants.process && !wants.drain);
            let mut server = server_config(suite, &identity);
            server.alpn_protocols = vec![b"http/1.1".to_vec()];
            let mut ours = acceptor.accept(server.into()).unwrap();
            assert!(ours.wants().drain);
            exchange_in_steps(&mut ours, &mut peer, step);
            assert_eq!(ours.server_name(), Some(HOST));
            assert_eq!(ours.alpn_protocol(), Some(&b"http/1.1"[..]));
            assert_both_ways(&mut ours, &mut peer);
        }
    }
}

#[test]
fn fragmented_and_retried_hellos_are_accepted() {
    let identity = Identity::for_suite(TLS13);
    let mut client = client_config(TLS13, &identity);
    client.max_fragment_size = Some(40);
    let mut peer = Peer::client(client);
    // The server supports none of the groups that the client sent a share for.
    let mut provider = rustls::crypto::CryptoProvider::clone(&provider(TLS13));
    provider.kx_groups = vec![rustls::crypto::ring::kx_group::SECP384R1];
    let server = rustls::ServerConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
        .unwrap();
    let mut acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
    let wire = peer.take_wire();
    assert!(wire.len() > 5 * 45, "the hello is in fragments");
    feed(acceptor.connection(), &wire);
    assert_eq!(acceptor.client_hello().unwrap().server_name(), Some(HOST));
    let mut ours = acceptor.accept(server.into()).unwrap();
    exchange_in_steps(&mut ours, &mut peer, 33);
    assert_eq!(ours.handshake_kind(), Some(HandshakeKind::FullWithHelloRetryRequest));
    assert_eq!(ours.key_exchange_group(), Some(0x0018));
    assert_both_ways(&mut ours, &mut peer);
}

/// Early data arrives together with the hello that the acceptor holds.
#[test]
fn bytes_after_the_hello_are_not_lost() {
    let identity = Identity::for_suite(TLS13);
    let (mut client, mut server) =
        (client_config(TLS13, &identity), server_config(TLS13, &identity));
    (client.enable_early_data, server.max_early_data_size) = (true, 1000);
    let mut config = ConnectionConfig::default();
    config.early_data = true;
    let mut first = Connection::server_with(server.clone().into(), config.clone()).unwrap();
    exchange_in_steps(&mut first, &mut Peer::client(client.clone()), usize::MAX);
    let mut peer = Peer::client(client);
    let rustls::Connection::Client(tls) = &mut peer.0 else { panic!("not a client") };
    tls.early_data().unwrap().write_all(b"early").unwrap();
    let mut acceptor = Acceptor::new(config).unwrap();
    feed(acceptor.connection(), &peer.take_wire());
    let mut ours = acceptor.accept(server.into()).unwrap();
    assert_eq!(ours.early_plaintext(), b"early");
    exchange_in_steps(&mut ours, &mut peer, usize::MAX);
    assert_both_ways(&mut ours, &mut peer);
}

#[test]
fn a_client_can_be_refused_with_any_alert() {
    let identity = Identity::for_suite(TLS13);
    for hello_is_whole in [true, false] {
        let mut peer = Peer::client(client_config(TLS13, &identity));
        let wire = peer.take_wire();
        let mut acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
        feed(acceptor.connection(), &wire[..if hello_is_whole { wire.len() } else { 50 }]);
        let mut ours = acceptor.reject(AlertDescription::UNRECOGNIZED_NAME);
        let error = Error::Aborted(AlertDescription::UNRECOGNIZED_NAME);
        assert_eq!(ours.error(), Some(error.into()));
        let told = rustls::Error::AlertReceived(rustls::AlertDescription::UnrecognisedName);
        assert_eq!(peer.feed(&drain(&mut ours)), Err(told));
    }
}

#[test]
fn a_hello_that_does_not_decode_is_refused_with_decode_error() {
    for wire in [&[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3][..], &[0x16, 3, 1, 0, 4, 1, 0, 0, 0]] {
        let mut acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
        let _taken = acceptor.connection().receive(wire);
        let fault = Error::Peer(PeerFault::BadClientHello);
        assert_eq!(acceptor.connection().process(), Err(fault.into()));
        assert!(acceptor.client_hello().is_none());
        let mut ours = acceptor.reject(AlertDescription::UNRECOGNIZED_NAME);
        assert_eq!(drain(&mut ours), [0x15, 3, 3, 0, 2, 2, 50], "its own alert");
    }
}

#[test]
fn accepting_without_a_hello_is_an_error() {
    let identity = Identity::for_suite(TLS13);
    let server = Arc::new(server_config(TLS13, &identity));
    let acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
    let error = acceptor.accept(server).unwrap_err();
    assert_eq!(error, Error::HandshakeFailed.into());
}

/// Adds an extension to a stock client's hello: `record_size_limit` or `max_fragment_length`. That
/// changes the start of the transcript, so the handshake fails later. The tests look at the records
/// before the failure.
pub(crate) fn with_extension(wire: &[u8], extension: &[u8]) -> Vec<u8> {
    let mut wire = wire.to_vec();
    let extensions = 5 + 4 + 34;
    let session = extensions + 1 + usize::from(wire[extensions]);
    let suites = session + 2 + usize::from(u16::from_be_bytes([wire[session], wire[session + 1]]));
    let list = suites + 1 + usize::from(wire[suites]);
    // It goes first, because a pre-shared key must be the last extension.
    wire.splice(list + 2..list + 2, extension.iter().copied());
    for (at, len) in [(list, 2), (6, 3), (3, 2)] {
        let mut bytes = [0; 8];
        bytes[8 - len..].copy_from_slice(&wire[at..at + len]);
        let longer = u64::from_be_bytes(bytes) + u64::try_from(extension.len()).unwrap();
        wire[at..at + len].copy_from_slice(&longer.to_be_bytes()[8 - len..]);
    }
    wire
}

fn records(wire: &[u8]) -> Vec<usize> {
    let mut lens = Vec::new();
    let mut rest = wire;
    while !rest.is_empty() {
        let len = usize::from(u16::from_be_bytes([rest[3], rest[4]]));
        lens.push(len);
        rest = &rest[5 + len..];
    }
    lens
}

#[test]
fn a_server_keeps_to_the_record_size_limit_of_the_client() {
    for suite in [TLS13, TLS12] {
        for (extension, limit) in [
            (&[0, 28, 0, 2, 0, 64][..], 64),
            (&[0, 28, 0, 2, 2, 0], 512),
            (&[0, 1, 0, 1, 1], 512),
            (&[0, 1, 0, 1, 2], 1024),
        ] {
            let identity = Identity::for_suite(suite);
            let mut peer = Peer::client(client_config(suite, &identity));
            let wire = with_extension(&peer.take_wire(), extension);
            let mut config = ConnectionConfig::default();
            let longest = |config| {
                let server = server_config(suite, &identity);
                let mut ours = Connection::server_with(server.into(), config).unwrap();
                feed(&mut ours, &wire);
                // Ciphertext adds a type byte and a tag to its content. Plaintext has neither.
                records(&drain(&mut ours)).into_iter().max().unwrap()
            };
            let unlimited = longest(config.clone());
            assert!(unlimited > limit.min(300), "{suite:?} {extension:?}: {unlimited}");
            config.peer_size_limits = true;
            let limited = longest(config);
            assert!(limited <= limit + 16, "{suite:?} {extension:?}: {limited}");
        }
    }
}

#[test]
fn a_record_size_limit_below_64_is_refused() {
    let identity = Identity::for_suite(TLS13);
    let mut peer = Peer::client(client_config(TLS13, &identity));
    let wire = with_extension(&peer.take_wire(), &[0, 28, 0, 2, 0, 63]);
    let mut config = ConnectionConfig::default();
    config.peer_size_limits = true;
    let server = server_config(TLS13, &identity);
    let mut ours = Connection::server_with(server.into(), config).unwrap();
    let _taken = ours.receive(&wire);
    let fault = Error::Peer(PeerFault::BadRecordSizeLimit);
    assert_eq!(ours.process(), Err(fault.into()));
    let told = rustls::Error::AlertReceived(rustls::AlertDescription::IllegalParameter);
    assert_eq!(peer.feed(&drain(&mut ours)), Err(told));
}

/// RFC 6066 §4. Beside a `record_size_limit` it is ignored (RFC 8449 §5).
#[test]
fn a_max_fragment_length_that_does_not_exist_is_refused() {
    let identity = Identity::for_suite(TLS13);
    let mut config = ConnectionConfig::default();
    config.peer_size_limits = true;
    for value in [0, 5, 255] {
        let mut peer = Peer::client(client_config(TLS13, &identity));
        let wire = with_extension(&peer.take_wire(), &[0, 1, 0, 1, value]);
        let server = || server_config(TLS13, &identity).into();
        let mut ours = Connection::server_with(server(), config.clone()).unwrap();
        let _taken = ours.receive(&wire);
        let fault = Error::Peer(PeerFault::BadMaxFragmentLength);
        assert_eq!(ours.process(), Err(fault.into()), "{value}");
        let told = rustls::Error::AlertReceived(rustls::AlertDescription::IllegalParameter);
        assert_eq!(peer.feed(&drain(&mut ours)), Err(told));

        let wire = with_extension(&wire, &[0, 28, 0, 2, 2, 0]);
        let mut ours = Connection::server_with(server(), config.clone()).unwrap();
        feed(&mut ours, &wire);
        assert_eq!(ours.error(), None, "{value}");
    }
}

/// The limits are exact, so that a change by one shows.
#[test]
fn the_longest_record_is_as_long_as_the_client_allows() {
    for (suite, longest) in [(TLS13, 200 + 16), (TLS12, 199)] {
        let identity = Identity::for_suite(suite);
        let mut peer = Peer::client(client_config(suite, &identity));
        let wire = with_extension(&peer.take_wire(), &[0, 28, 0, 2, 0, 200]);
        let mut config = ConnectionConfig::default();
        config.peer_size_limits = true;
        let server = server_config(suite, &identity);
        let mut ours = Connection::server_with(server.into(), config).unwrap();
        feed(&mut ours, &wire);
        assert_eq!(records(&drain(&mut ours)).into_iter().max(), Some(longest), "{suite:?}");
    }
}

#[test]
fn every_max_fragment_length_is_shown() {
    for (value, len) in
        [(1, Some(512)), (2, Some(1024)), (3, Some(2048)), (4, Some(4096)), (5, None)]
    {
        let identity = Identity::for_suite(TLS13);
        let mut peer = Peer::client(client_config(TLS13, &identity));
        let wire = with_extension(&peer.take_wire(), &[0, 1, 0, 1, value]);
        let mut acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
        feed(acceptor.connection(), &wire);
        assert_eq!(acceptor.client_hello().unwrap().max_fragment_length(), len);
    }
}

#[test]
fn a_hello_in_fragments_is_counted_as_memory() {
    let identity = Identity::for_suite(TLS13);
    let mut peer = Peer::client(client_config(TLS13, &identity));
    let wire = peer.take_wire();
    let message = &wire[5..];
    let mut acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
    let fragment = |part: &[u8]| {
        let [hi, lo] = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&[22, 3, 1, hi, lo], part].concat()
    };
    feed(acceptor.connection(), &fragment(&message[..100]));
    let held = acceptor.connection().memory_held();
    feed(acceptor.connection(), &fragment(&message[100..150]));
    assert!(acceptor.client_hello().is_none());
    assert!(acceptor.connection().memory_held() >= 150.max(held));
}

#[test]
fn a_chosen_configuration_with_a_size_out_of_our_range_is_an_error() {
    for (size, cap) in [(32, 27), (68, 63)] {
        let identity = Identity::for_suite(TLS13);
        let mut peer = Peer::client(client_config(TLS13, &identity));
        let mut acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
        feed(acceptor.connection(), &peer.take_wire());
        let mut server = server_config(TLS13, &identity);
        server.max_fragment_size = Some(size);
        let refused = acceptor.accept(server.into()).err();
        let Some(ConnectionError::Config(error)) = refused else { panic!("{refused:?}") };
        assert_eq!((error.setting, error.found), ("WriterConfig::max_fragment_len", cap));
    }
}

#[test]
fn the_chosen_configuration_caps_records_after_the_handshake_too() {
    for (suite, longest) in [(TLS13, 1000 + 16), (TLS12, 8 + 1000 + 16)] {
        let identity = Identity::for_suite(suite);
        let mut peer = Peer::client(client_config(suite, &identity));
        let mut acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
        feed(acceptor.connection(), &peer.take_wire());
        let mut server = server_config(suite, &identity);
        server.max_fragment_size = Some(1_005);
        let mut ours = acceptor.accept(server.into()).unwrap();
        negotiate(&mut ours, &mut peer);
        ours.writer_mut().write_atomic(&pattern(5_000)).unwrap();
        let wire = drain(&mut ours);
        assert_eq!(records(&wire).into_iter().max(), Some(longest), "{suite:?}");
        peer.feed(&wire).unwrap();
        assert_eq!(peer.take_plaintext(), pattern(5_000));
    }
}

/// The longest limit accepts what the default accepts, in every way to split a hello.
#[test]
fn the_longest_limit_on_messages_is_no_special_case() {
    for suite in [TLS13, TLS12] {
        for (size, step) in [(None, usize::MAX), (Some(45), usize::MAX), (Some(45), 7)] {
            let identity = Identity::for_suite(suite);
            let mut client = client_config(suite, &identity);
            client.max_fragment_size = size;
            let server = Arc::new(server_config(suite, &identity));
            let mut config = ConnectionConfig::default();
            config.peer_size_limits = true;
            for max in [usize::MAX, usize::MAX - 1, usize::MAX / 2, usize::MAX / 2 + 1] {
                config.reader.limits.handshake_len = max;
                config.check().unwrap();
                let mut peer = Peer::client(client.clone());
                let mut ours = Connection::server_with(server.clone(), config.clone()).unwrap();
                exchange_in_steps(&mut ours, &mut peer, step);
                assert_both_ways(&mut ours, &mut peer);

                let mut peer = Peer::client(client.clone());
                let mut acceptor = Acceptor::new(config.clone()).unwrap();
                feed(acceptor.connection(), &peer.take_wire());
                let mut ours = acceptor.accept(server.clone()).unwrap();
                exchange_in_steps(&mut ours, &mut peer, step);
                assert_both_ways(&mut ours, &mut peer);
            }
        }
    }
}
