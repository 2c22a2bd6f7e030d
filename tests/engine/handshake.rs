//! What handshake messages can cost us, and what remains after a handshake: memory, sizes, suites.
#![expect(clippy::std_instead_of_alloc, clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use rustls::crypto::{CipherSuiteCommon, CryptoProvider};
use rustls::{ClientConfig, ServerConfig, SupportedCipherSuite, Tls13CipherSuite};
use wantwrite::*;
use wantwrite_testing::raw_peer::RawPeer;
use wantwrite_testing::verdict::ticket;
use wantwrite_testing::*;

/// Our connection as `role` and a stock peer, with everything configurable.
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

#[test]
fn the_inbound_buffer_has_its_configured_size_after_a_long_handshake() {
    let capacity = ReaderConfig::default().capacity;
    for suite in [TLS13, TLS12] {
        let (mut ours, mut peer) =
            client_of_a_long_chain(suite, 60_000, ConnectionConfig::default());
        // What arrives with the handshake's last flight is held in the larger memory.
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

/// The content lengths of whole records under the first suite of each version.
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

/// rustls includes the five bytes of the header in the size.
#[test]
fn the_max_fragment_size_of_rustls_applies_after_the_handshake_too() {
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
                ours.writer_mut().write_atomic(&pattern(40_000)).unwrap();
                let wire = drain(&mut ours);
                // In TLS 1.3, our cap includes the type byte.
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

/// rustls's ring provider, with its AES-128-GCM under the number of a suite that we do not support.
fn provider_with_a_foreign_suite() -> CryptoProvider {
    let mut all = rustls::crypto::ring::default_provider();
    let ring = all.cipher_suites.iter().find_map(SupportedCipherSuite::tls13).unwrap();
    let foreign = Tls13CipherSuite {
        common: CipherSuiteCommon {
            suite: rustls::CipherSuite::TLS13_AES_128_CCM_SHA256,
            hash_provider: ring.common.hash_provider,
            confidentiality_limit: ring.common.confidentiality_limit,
        },
        hkdf_provider: ring.hkdf_provider,
        aead_alg: ring.aead_alg,
        quic: None,
    };
    all.cipher_suites = vec![SupportedCipherSuite::Tls13(Box::leak(Box::new(foreign)))];
    all
}

#[test]
fn unsupported_suites_are_not_offered() {
    let identity = Identity::new(false);
    let provider = Arc::new(provider_with_a_foreign_suite());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(identity.certificate.clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions(TLS13))
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions(TLS13))
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
        .unwrap();
    let refused = |result: Result<Connection, ConnectionError>| result.unwrap_err();
    let expected = ConnectionError::UnsupportedSuite(0x1304);
    assert_eq!(refused(Connection::client(Arc::new(client), server_name())), expected);
    assert_eq!(refused(Connection::server(Arc::new(server))), expected);
    assert!(expected.to_string().contains("0x1304"));
}

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// The start of a record that contains the start of a message.
fn begin(kind: u8, len: usize) -> Vec<u8> {
    let [_, hi, mid, lo] = u32::try_from(len).unwrap().to_be_bytes();
    vec![0x16, 3, 1, 0x40, 0, kind, hi, mid, lo]
}

fn alert(description: AlertDescription) -> [u8; 7] {
    [0x15, 3, 3, 0, 2, 2, description.0]
}

#[test]
fn invalid_headers_in_the_handshake_are_refused_immediately_with_an_alert() {
    let hello = |role| if role == Role::Client { SERVER_HELLO } else { CLIENT_HELLO };
    for role in ROLES {
        let change_cipher_spec = match role {
            Role::Client => (vec![0x14, 3, 3, 0, 2], PeerFault::BadMessageLength),
            Role::Server => (vec![0x14], PeerFault::UnexpectedContentType),
        };
        for (start, fault) in [
            (vec![0x17], PeerFault::UnexpectedContentType),
            (vec![0x16, 3, 3, 0x40, 1], PeerFault::RecordOverflow),
            (vec![0x15, 3, 3, 0, 3], PeerFault::BadMessageLength),
            change_cipher_spec,
            (begin(0, 0)[..6].to_vec(), PeerFault::UnexpectedHandshakeMessage),
            (begin(3 - hello(role), 100)[..6].to_vec(), PeerFault::UnexpectedHandshakeMessage),
            (begin(11, 0xffff)[..6].to_vec(), PeerFault::UnexpectedHandshakeMessage),
            (begin(20, 12)[..6].to_vec(), PeerFault::UnexpectedHandshakeMessage),
            (begin(hello(role), 0x01_0000), PeerFault::HandshakeTooLong),
        ] {
            for step in [1, usize::MAX] {
                let (mut ours, mut peer) = pair(TLS13, role);
                drain(&mut ours);
                for piece in start.chunks(step.min(start.len())) {
                    assert_eq!(ours.error(), None, "{start:x?}");
                    assert_eq!(ours.receive(piece), piece.len());
                    let was_known = ours.wants().process;
                    let _told_below = ours.process();
                    assert_eq!(was_known, ours.error().is_some(), "{start:x?}");
                }
                assert_eq!(ours.error(), Some(Error::Peer(fault).into()), "{start:x?} {role:?}");
                assert_eq!(ours.memory_held(), 0);
                let wire = drain(&mut ours);
                assert_eq!(wire, alert(fault.alert()), "{start:x?}");
                let at_peer = peer.feed(&wire);
                assert!(matches!(at_peer, Err(rustls::Error::AlertReceived(_))), "{at_peer:?}");
            }
        }
    }
}

/// A client of TLS 1.2 that has sent its Finished: its alerts are already protected, but the peer's
/// messages are not yet.
#[test]
fn a_forbidden_message_gets_a_protected_alert() {
    let (mut ours, mut peer) = pair(TLS12, Role::Client);
    peer.feed(&drain(&mut ours)).unwrap();
    feed(&mut ours, &peer.take_wire());
    peer.feed(&drain(&mut ours)).unwrap();
    assert!(!peer.0.is_handshaking(), "it has our Finished");
    feed(&mut ours, &[0x16, 3, 3, 0, 4, CLIENT_HELLO, 0, 0, 0]);
    let fault = PeerFault::UnexpectedHandshakeMessage;
    assert_eq!(ours.error(), Some(Error::Peer(fault).into()));
    let at_peer = peer.feed(&drain(&mut ours));
    let expected = rustls::AlertDescription::UnexpectedMessage;
    assert_eq!(at_peer, Err(rustls::Error::AlertReceived(expected)));
}

/// The same client, to which a message comes in fragments that rustls joins.
#[test]
fn a_message_that_is_refused_while_it_is_joined_gets_a_protected_alert() {
    let splits: [&[&[u8]]; 3] = [&[&[4], &[1, 0, 0]], &[&[4, 1], &[0, 0]], &[&[4, 0, 0xff, 0xff]]];
    for split in splits {
        let (mut ours, mut peer) = pair(TLS12, Role::Client);
        peer.feed(&drain(&mut ours)).unwrap();
        feed(&mut ours, &peer.take_wire());
        peer.feed(&drain(&mut ours)).unwrap();
        let fragments = split.iter().copied().chain(core::iter::repeat(&[0][..]));
        for fragment in fragments.take(30_000) {
            if ours.error().is_some() {
                break;
            }
            let len = u8::try_from(fragment.len()).unwrap();
            feed(&mut ours, &[&[0x16, 3, 3, 0, len][..], fragment].concat());
        }
        let fault = PeerFault::HandshakeTooLong;
        assert_eq!(ours.error(), Some(Error::Peer(fault).into()), "{split:x?}");
        let at_peer = peer.feed(&drain(&mut ours));
        let expected = rustls::AlertDescription::DecodeError;
        assert_eq!(at_peer, Err(rustls::Error::AlertReceived(expected)), "{split:x?}");
    }
}

/// A size below our minimum.
#[test]
fn a_max_fragment_size_of_rustls_out_of_our_range_is_an_error() {
    for (size, cap) in [(32, 27), (68, 63)] {
        let identity = Identity::for_suite(TLS13);
        let mut client = client_config(TLS13, &identity);
        client.max_fragment_size = Some(size);
        let refused = Connection::client(client.into(), server_name()).err();
        let Some(ConnectionError::Config(error)) = refused else { panic!("{refused:?}") };
        assert_eq!((error.setting, error.found), ("WriterConfig::max_fragment_len", cap));
    }
}

#[test]
fn the_handshake_message_limit_applies_while_negotiating_too() {
    for role in ROLES {
        let hello = if role == Role::Client { SERVER_HELLO } else { CLIENT_HELLO };
        // The second is the default. rustls allows no more than the third.
        for (limit, longest) in [(1000, 1000), (64 * 1024, 0xffff), (usize::MAX, 0xffff)] {
            for len in [longest - 1, longest, longest + 1] {
                let mut config = ConnectionConfig::default();
                config.reader.limits.handshake_len = limit;
                let (mut ours, _) = pair_with(TLS13, role, config, |_, _| {});
                feed(&mut ours, &begin(hello, len));
                let fault = (len > longest).then_some(Error::Peer(PeerFault::HandshakeTooLong));
                assert_eq!(ours.error(), fault.map(Into::into), "{limit} {len} {role:?}");
            }
        }
    }
    assert_eq!(PeerLimits::default().handshake_len, 64 * 1024);
}

#[test]
fn a_ticket_is_accepted_up_to_64_kib_and_not_a_byte_beyond() {
    for (over, fault) in [(0, None), (1, None), (2, Some(PeerFault::HandshakeTooLong))] {
        let (mut ours, mut peer) = RawPeer::established(TLS13, Role::Client);
        let message = ticket(64 * 1024 - 1 - ticket(0).len() + 4 + over);
        assert_eq!(message.len(), 4 + 64 * 1024 - 1 + over);
        for fragment in message.chunks(MAX_FRAGMENT_LEN) {
            let wire = peer.seal(raw_peer::HANDSHAKE, fragment);
            feed(&mut ours, &wire);
        }
        assert_eq!(ours.error(), fault.map(|fault| Error::Peer(fault).into()), "{over}");
    }
}

/// The length of a protected message is unknown until rustls has opened it.
#[test]
fn held_handshake_bytes_are_bounded_and_counted_and_excess_gets_an_alert() {
    for (suite, role) in
        [TLS13, TLS12].into_iter().flat_map(|suite| ROLES.map(|role| (suite, role)))
    {
        let mut config = ConnectionConfig::default();
        config.reader.limits.handshake_len = 25_000;
        let (mut ours, mut peer) = match role {
            Role::Client => client_of_a_long_chain(suite, 62_000, config),
            Role::Server => server_of_a_long_chain(suite, 62_000, config),
        };
        let mut fed = 0;
        while ours.error().is_none() {
            peer.feed(&drain(&mut ours)).unwrap();
            let wire = peer.take_wire();
            assert!(!wire.is_empty(), "nothing more to feed");
            fed = 0;
            for piece in wire.chunks(100) {
                if ours.error().is_some() {
                    break;
                }
                feed(&mut ours, piece);
                fed += piece.len();
                // What preceded the long message is no longer held.
                let counted = ours.memory_held() + 1000;
                assert!(ours.error().is_some() || counted >= fed, "{fed}, {counted} counted");
            }
        }
        let fault = PeerFault::HandshakeTooLong;
        assert_eq!(ours.error(), Some(Error::Peer(fault).into()), "{suite:?}");
        assert!(fed <= 2 * 25_000 + 1000, "{suite:?}: {fed} bytes were held");
        // In TLS 1.3 only rustls can seal an alert, and it sends this one.
        let told = match suite.version() {
            Version::Tls13 => rustls::AlertDescription::DecodeError,
            Version::Tls12 => rustls::AlertDescription::UnexpectedMessage,
        };
        let at_peer = peer.feed(&drain(&mut ours));
        assert_eq!(at_peer, Err(rustls::Error::AlertReceived(told)), "{suite:?}");
    }
}

#[test]
fn a_message_in_one_byte_records_is_refused_at_128_kib() {
    for role in ROLES {
        let (mut ours, mut peer) = pair(TLS13, role);
        drain(&mut ours);
        let message = begin(if role == Role::Client { SERVER_HELLO } else { CLIENT_HELLO }, 0xffff);
        let message = message[5..].iter().copied().chain(core::iter::repeat(0));
        let mut fed = 0;
        for byte in message.take(30_000) {
            if ours.error().is_some() {
                break;
            }
            assert!(ours.memory_held() <= 128 * 1024);
            feed(&mut ours, &[0x16, 3, 3, 0, 1, byte]);
            fed += 6;
        }
        let fault = PeerFault::HandshakeTooLong;
        assert_eq!(ours.error(), Some(Error::Peer(fault).into()));
        assert!((128 * 1024 - 6..=128 * 1024 + 6).contains(&fed), "{fed} bytes");
        let at_peer = peer.feed(&drain(&mut ours));
        assert!(matches!(at_peer, Err(rustls::Error::AlertReceived(_))), "{at_peer:?}");
    }
}

/// After the handshake, messages are protected.
#[test]
fn a_forbidden_message_or_a_wrong_length_is_refused_at_the_header() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            for (kind, len) in
                [(0, 0), (0, 1), (1, 0xffff), (2, 0xffff), (4, 0xffff), (11, 1), (24, 1), (24, 2)]
            {
                let fault = match (suite.version(), role, kind) {
                    (Version::Tls13, Role::Client, 4)
                    | (Version::Tls12, Role::Server, 1)
                    | (Version::Tls12, Role::Client, 0)
                        if len != 1 =>
                    {
                        None
                    }
                    (Version::Tls13, _, 24) if len == 1 => None,
                    (Version::Tls13, _, 24) | (Version::Tls12, Role::Client, 0) => {
                        Some(PeerFault::BadMessageLength)
                    }
                    _ => Some(PeerFault::UnexpectedHandshakeMessage),
                };
                let (mut ours, mut peer) = RawPeer::established(suite, role);
                let start = &begin(kind, len)[5..];
                let wire = peer.seal(raw_peer::HANDSHAKE, start);
                feed(&mut ours, &wire);
                let context = format!("{suite:?} {role:?} {kind} {len}");
                assert_eq!(ours.error(), fault.map(|fault| Error::Peer(fault).into()), "{context}");
            }
        }
    }
}

#[test]
fn joined_message_bytes_are_counted_and_never_exceed_the_message() {
    let (mut ours, mut peer) = RawPeer::established(TLS13, Role::Client);
    let message = ticket(60_000);
    let mut held = 0;
    for fragment in message.chunks(1000) {
        let before = held;
        let wire = peer.seal(raw_peer::HANDSHAKE, fragment);
        feed(&mut ours, &wire);
        held = ours.memory_held() - ReaderConfig::default().capacity;
        assert!(held <= message.len(), "{held} held");
        assert!(held >= before || held == 0);
    }
    assert_eq!(held, 0, "the ticket is complete");
    let wire = peer.seal(raw_peer::HANDSHAKE, &message[..30_000.min(MAX_FRAGMENT_LEN)]);
    feed(&mut ours, &wire);
    assert_eq!(ours.memory_held() - ReaderConfig::default().capacity, MAX_FRAGMENT_LEN);
}

/// The extension types of a ClientHello, which must be all of `wire`.
fn extensions_of_hello(wire: &[u8]) -> Vec<u16> {
    let u16_at = |at: usize| usize::from(u16::from_be_bytes([wire[at], wire[at + 1]]));
    // Record and message header, version, random.
    let mut at = 5 + 4 + 2 + 32;
    at += 1 + usize::from(wire[at]);
    at += 2 + u16_at(at);
    at += 1 + usize::from(wire[at]);
    let end = at + 2 + u16_at(at);
    at += 2;
    let mut types = Vec::new();
    while at < end {
        types.push(u16::try_from(u16_at(at)).unwrap());
        at += 4 + u16_at(at + 2);
    }
    types
}

#[test]
fn our_client_offers_no_early_data_even_if_its_configuration_and_ticket_allow_it() {
    const EARLY_DATA: u16 = 42;
    const PRE_SHARED_KEY: u16 = 41;
    let identity = Identity::for_suite(TLS13);
    let mut server = server_config(TLS13, &identity);
    server.max_early_data_size = 1000;
    let server = Arc::new(server);
    let mut client = client_config(TLS13, &identity);
    client.enable_early_data = true;
    for has_secret_extraction in [false, true] {
        client.enable_secret_extraction = has_secret_extraction;
        let client = Arc::new(client.clone());
        {
            // The ticket belongs to a stock client, which would offer it.
            let peer = || Peer(rustls::ServerConnection::new(server.clone()).unwrap().into());
            let mut first =
                Peer(rustls::ClientConnection::new(client.clone(), server_name()).unwrap().into());
            let mut first_peer = peer();
            for _ in 0..4 {
                first_peer.feed(&first.take_wire()).unwrap();
                first.feed(&first_peer.take_wire()).unwrap();
            }
            let mut ours = Connection::client(client.clone(), server_name()).unwrap();
            let mut peer = peer();
            let hello = drain(&mut ours);
            let extensions = extensions_of_hello(&hello);
            assert!(extensions.contains(&PRE_SHARED_KEY));
            assert!(!extensions.contains(&EARLY_DATA), "{extensions:?}");
            peer.feed(&hello).unwrap();
            negotiate(&mut ours, &mut peer);
            assert_eq!(ours.is_resumed(), Some(true));
        }
    }
}
