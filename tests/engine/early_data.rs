//! Data before the handshake completes: 0-RTT in both directions and half-RTT, with stock rustls as
//! the peer.
#![expect(clippy::unwrap_used, reason = "tests")]

extern crate alloc;

use alloc::sync::Arc;
use std::io::{Read, Write};

use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use wantwrite::*;
use wantwrite_testing::early_data::{acquaint, acquainted};
use wantwrite_testing::*;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const MAX_EARLY: usize = 40_000;

#[derive(Clone)]
struct Configs {
    client: rustls::ClientConfig,
    server: rustls::ServerConfig,
}

impl Configs {
    /// Configurations that allow early data, where the client already has a ticket.
    fn new() -> Self {
        let (client, server) = acquainted(TLS13, u32::try_from(MAX_EARLY).unwrap());
        Self { client, server }
    }

    /// The same, where the server asks for the client's certificate.
    fn with_client_auth() -> Self {
        // Its signatures all have the same length.
        let identity = Identity::new(true);
        let mut roots = rustls::RootCertStore::empty();
        roots.add(identity.certificate.clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider(TLS13));
        let mut server = rustls::ServerConfig::builder_with_provider(provider(TLS13))
            .with_protocol_versions(versions(TLS13))
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
            .unwrap();
        let mut client = client_config(TLS13, &identity);
        client.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(
            CertifiedKey::from_der(
                vec![identity.certificate.clone()],
                identity.key.clone_key(),
                &provider(TLS13),
            )
            .unwrap(),
        ));
        client.enable_early_data = true;
        server.max_early_data_size = u32::try_from(MAX_EARLY).unwrap();
        acquaint(&client, &server);
        Self { client, server }
    }

    fn our_client(&self) -> Connection {
        let mut config = ConnectionConfig::default();
        config.early_data = true;
        Connection::client_with(self.client.clone().into(), server_name(), config).unwrap()
    }

    fn our_server(&self) -> Connection {
        let mut config = ConnectionConfig::default();
        config.early_data = true;
        Connection::server_with(self.server.clone().into(), config).unwrap()
    }
}

/// The early data that a stock server has read.
fn early_at(peer: &mut Peer) -> Vec<u8> {
    let rustls::Connection::Server(server) = &mut peer.0 else { panic!("not a server") };
    let mut early = Vec::new();
    if let Some(mut data) = server.early_data() {
        // After the early data that has arrived, the read fails with `WouldBlock`.
        let _would_block = data.read_to_end(&mut early);
    }
    early
}

#[test]
fn a_client_writes_early_data_and_a_stock_server_accepts_it() {
    for len in [0, 1, 1000, 16_384, 16_385, 39_999, MAX_EARLY] {
        let configs = Configs::new();
        let (mut ours, mut peer) = (configs.our_client(), Peer::server(configs.server.clone()));
        assert_eq!(ours.early_data_status(), EarlyDataStatus::Offered);
        let data = pattern(len);
        let mut early = ours.early_writer().unwrap();
        assert_eq!(early.write(&data), len);
        assert_eq!(early.room(), 65_536 - len);
        // Plaintext that is not marked as early is still refused.
        assert_eq!(ours.writer_mut().write(b"not early"), Ok(0));
        let hello = drain(&mut ours);
        peer.feed(&hello).unwrap();
        assert_eq!(early_at(&mut peer), data, "{len}: in the first flight");
        exchange_in_steps(&mut ours, &mut peer, usize::MAX);
        assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted);
        assert!(ours.early_writer().is_none());
        assert_eq!(ours.take_rejected_early_data(), b"");
        assert_both_ways(&mut ours, &mut peer);
    }
}

#[test]
fn small_early_writes_share_a_record_until_it_is_drained() {
    let configs = Configs::new();
    let mut ours = configs.our_client();
    let hello = drain(&mut ours);
    for byte in pattern(100) {
        assert_eq!(ours.early_writer().unwrap().write(&[byte]), 1);
    }
    assert!(ours.wants().drain);
    let wire = drain(&mut ours);
    assert_eq!(wire.len(), 5 + 100 + 1 + 16, "one record");
    let mut peer = Peer::server(configs.server);
    peer.feed(&[hello, wire].concat()).unwrap();
    assert_eq!(early_at(&mut peer), pattern(100));
}

#[test]
fn early_data_can_be_written_until_the_servers_finished_arrives() {
    let configs = Configs::new();
    let (mut ours, mut peer) = (configs.our_client(), Peer::server(configs.server));
    peer.feed(&drain(&mut ours)).unwrap();
    assert_eq!(ours.early_writer().unwrap().write(b"late, "), 6);
    peer.feed(&drain(&mut ours)).unwrap();
    assert_eq!(ours.early_writer().unwrap().write(b"and not sealed yet"), 18);
    // Accepted early data is sent before our last flight.
    exchange_in_steps(&mut ours, &mut peer, 7);
    assert_eq!(early_at(&mut peer), b"late, and not sealed yet");
    assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted);
    assert_both_ways(&mut ours, &mut peer);
}

#[test]
fn rejected_early_data_is_returned_and_never_resent() {
    for len in [0, 5, 20_000] {
        let configs = Configs::new();
        let mut ours = configs.our_client();
        let data = pattern(len);
        assert_eq!(ours.early_writer().unwrap().write(&data), len);
        // The server has forgotten the ticket.
        let mut other = configs.server.clone();
        other.session_storage = rustls::server::ServerSessionMemoryCache::new(8);
        other.max_early_data_size = 0;
        let mut peer = Peer::server(other);
        let to_peer = drain(&mut ours);
        if len < 10_000 {
            peer.feed(&to_peer).unwrap();
        } else {
            // rustls refuses to skip this much. The hello alone makes it reject early data.
            let hello_len = 5 + usize::from(u16::from_be_bytes([to_peer[3], to_peer[4]]));
            peer.feed(&to_peer[..hello_len]).unwrap();
        }
        exchange_in_steps(&mut ours, &mut peer, 50);
        assert_eq!(ours.early_data_status(), EarlyDataStatus::Rejected);
        assert_eq!(ours.take_rejected_early_data(), data);
        assert_eq!(ours.take_rejected_early_data(), b"", "once");
        assert_eq!(peer.take_plaintext(), b"");
        assert_both_ways(&mut ours, &mut peer);
    }
}

/// The rest of a second hello, or of a flight, can be as long as an EndOfEarlyData.
#[test]
fn rejected_early_data_is_returned_at_every_fragment_size() {
    let (without_auth, with_auth) = (Configs::new(), Configs::with_client_auth());
    let another_group = with_another_group(&without_auth.server);
    let mut forgetful = with_auth.server.clone();
    forgetful.session_storage = rustls::server::ServerSessionMemoryCache::new(8);
    // What is around a fragment, in addition to the header, and the rest that looks like one.
    let cases = [(&without_auth, another_group, 0, 21), (&with_auth, forgetful, 17, 4)];
    for (configs, server, around, rest) in cases {
        let reject = |max_fragment_size| {
            acquaint(&configs.client, &configs.server);
            let mut configs = configs.clone();
            configs.client.max_fragment_size = max_fragment_size;
            let (mut ours, mut peer) = (configs.our_client(), Peer::server(server.clone()));
            assert_eq!(ours.early_writer().unwrap().write(b"early"), 5);
            peer.feed(&drain(&mut ours)).unwrap();
            feed(&mut ours, &peer.take_wire());
            let second = drain(&mut ours);
            peer.feed(&second).unwrap();
            exchange_in_steps(&mut ours, &mut peer, usize::MAX);
            assert_eq!(
                (ours.early_data_status(), ours.take_rejected_early_data()),
                (EarlyDataStatus::Rejected, b"early".to_vec()),
                "{max_fragment_size:?}"
            );
            assert_both_ways(&mut ours, &mut peer);
            second
        };
        let whole = records(&reject(None));
        assert_eq!(whole.len(), 1);
        let len = whole[0] - around;
        let sizes = (69..len + 5).filter(|size| (len % (size - 5)).abs_diff(rest) <= 1);
        let mut found = 0;
        for size in sizes {
            let second = reject(Some(size));
            found += usize::from(records(&second).last() == Some(&(rest + around)));
        }
        assert!(found > 0, "a record of that length");
    }
}

/// The lengths of the records, without their headers.
fn records(wire: &[u8]) -> Vec<usize> {
    let (mut lens, mut rest) = (Vec::new(), wire);
    while !rest.is_empty() {
        let len = usize::from(u16::from_be_bytes([rest[3], rest[4]]));
        lens.push(len);
        rest = &rest[5 + len..];
    }
    lens
}

/// A server that asks for another key share, with a HelloRetryRequest.
fn with_another_group(config: &rustls::ServerConfig) -> rustls::ServerConfig {
    let mut provider = rustls::crypto::CryptoProvider::clone(&provider(TLS13));
    provider.kx_groups = vec![rustls::crypto::ring::kx_group::SECP384R1];
    let mut server = rustls::ServerConfig::builder_with_provider(provider.into())
        .with_protocol_versions(versions(TLS13))
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(config.cert_resolver.clone());
    server.max_early_data_size = config.max_early_data_size;
    server
}

/// rustls continues to seal with the key of the early data, which the server has rejected.
#[test]
fn after_a_retry_request_the_server_can_read_our_alert() {
    const UNEXPECTED: rustls::AlertDescription = rustls::AlertDescription::UnexpectedMessage;
    const DECODE: rustls::AlertDescription = rustls::AlertDescription::DecodeError;
    for early in [0, 1000] {
        for (wire, expected) in [
            // No content type, and an empty ServerHello.
            (&[99][..], UNEXPECTED),
            (&[22, 3, 3, 0, 4, 2, 0, 0, 0], DECODE),
            // A message that only we refuse.
            (&[22, 3, 3, 0, 4, 1, 0, 0, 0], UNEXPECTED),
        ] {
            let configs = Configs::new();
            let mut ours = configs.our_client();
            let mut peer = Peer::server(with_another_group(&configs.server));
            assert_eq!(ours.early_writer().unwrap().write(&pattern(early)), early);
            peer.feed(&drain(&mut ours)).unwrap();
            feed(&mut ours, &peer.take_wire());
            peer.feed(&drain(&mut ours)).unwrap();
            feed(&mut ours, wire);
            assert!(ours.error().is_some(), "{wire:?}");
            let told = peer.feed(&drain(&mut ours));
            assert_eq!(told, Err(rustls::Error::AlertReceived(expected)), "{early} {wire:?}");
        }
    }
}

#[test]
fn the_server_can_read_our_alert_for_a_faulty_hello_of_its_own() {
    const ILLEGAL: rustls::AlertDescription = rustls::AlertDescription::IllegalParameter;
    let configs = Configs::new();
    // It rejects the early data, with and without a HelloRetryRequest.
    let mut rejecting = configs.server.clone();
    rejecting.max_early_data_size = 0;
    for server in [with_another_group(&configs.server), rejecting] {
        let configs = Configs::new();
        let mut ours = configs.our_client();
        let mut peer = Peer::server(server);
        assert_eq!(ours.early_writer().unwrap().write(b"early"), 5);
        peer.feed(&drain(&mut ours)).unwrap();
        let mut flight = peer.take_wire();
        // A suite that was not offered, after headers, version, random and session identifier.
        flight[5 + 4 + 2 + 32 + 33] ^= 0xff;
        feed(&mut ours, &flight);
        assert!(ours.error().is_some());
        let told = peer.feed(&drain(&mut ours));
        assert_eq!(told, Err(rustls::Error::AlertReceived(ILLEGAL)));
    }
}

#[test]
fn early_data_is_accepted_at_any_fragment_size() {
    for size in (69..400).step_by(7) {
        for mut configs in [Configs::new(), Configs::with_client_auth()] {
            configs.client.max_fragment_size = Some(size);
            let (mut ours, mut peer) = (configs.our_client(), Peer::server(configs.server));
            let data = pattern(1000);
            assert_eq!(ours.early_writer().unwrap().write(&data), 1000);
            exchange_in_steps(&mut ours, &mut peer, usize::MAX);
            assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted, "{size}");
            assert_eq!(ours.take_rejected_early_data(), b"", "{size}");
            assert_eq!(early_at(&mut peer), data);
            assert_both_ways(&mut ours, &mut peer);
        }
    }
}

#[test]
fn early_data_beyond_the_ticket_limit_is_returned() {
    let configs = Configs::new();
    let (mut ours, mut peer) = (configs.our_client(), Peer::server(configs.server));
    let data = pattern(50_000);
    assert_eq!(ours.early_writer().unwrap().write(&data), 50_000);
    exchange_in_steps(&mut ours, &mut peer, usize::MAX);
    assert_eq!(early_at(&mut peer), data[..MAX_EARLY]);
    assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted);
    assert_eq!(ours.take_rejected_early_data(), data[MAX_EARLY..]);
    assert_both_ways(&mut ours, &mut peer);
}

#[test]
fn what_is_given_back_can_be_written_again_as_far_as_there_is_room() {
    let (client, server) = acquainted(TLS13, 1000);
    let mut config = ConnectionConfig::default();
    config.early_data = true;
    // Then not everything that was kept fits into the buffer.
    config.writer.max_fragment_len = 64;
    let mut ours = Connection::client_with(client.into(), server_name(), config).unwrap();
    let mut peer = Peer::server(server);
    let data = pattern(60_000);
    assert_eq!(ours.resend_early_data(), Ok(0), "before the handshake is over");
    assert_eq!(ours.early_writer().unwrap().write(&data), 60_000);
    exchange_in_steps(&mut ours, &mut peer, usize::MAX);
    let mut received = early_at(&mut peer);
    assert!(ours.rejected_early_data() == &data[received.len()..]);
    let room = ours.writer().room();
    assert_eq!(ours.resend_early_data(), Ok(room));
    assert_eq!(ours.resend_early_data(), Ok(0), "no room");
    for part in drain(&mut ours).chunks(4096) {
        peer.feed(part).unwrap();
        received.extend(peer.take_plaintext());
    }
    exchange_in_steps(&mut ours, &mut peer, usize::MAX);
    // It is ours until it is taken.
    let mut ours = ours.into_parts().map(|_| ()).expect_err("it holds early data");
    let rest = ours.take_rejected_early_data();
    assert!(ours.rejected_early_data().is_empty() && ours.resend_early_data() == Ok(0));
    received.extend(&rest);
    assert!(!rest.is_empty() && received == data);
    assert!(ours.into_parts().is_ok());
}

#[test]
fn early_data_is_off_by_default_and_without_a_ticket() {
    let configs = Configs::new();
    let mut ours = Connection::client(configs.client.into(), server_name()).unwrap();
    assert!(ours.early_writer().is_none());
    let mut configs = Configs::new();
    configs.client.resumption = rustls::client::Resumption::in_memory_sessions(8);
    let mut ours = configs.our_client();
    assert!(ours.early_writer().is_none());
    let mut peer = Peer::server(configs.server);
    exchange_in_steps(&mut ours, &mut peer, usize::MAX);
    assert_eq!(ours.early_data_status(), EarlyDataStatus::NotOffered);
}

#[test]
fn a_server_reads_early_data_separately_from_other_plaintext() {
    for len in [1, 1000, 16_385, MAX_EARLY] {
        for step in [1, 100, usize::MAX] {
            let configs = Configs::new();
            let mut ours = configs.our_server();
            let mut peer = Peer::client(configs.client.clone());
            let rustls::Connection::Client(client) = &mut peer.0 else { panic!("not a client") };
            client.early_data().unwrap().write_all(&pattern(len)).unwrap();
            for piece in peer.take_wire().chunks(step) {
                feed(&mut ours, piece);
            }
            assert_eq!(ours.writer_state(), WriterState::Negotiating);
            assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted);
            assert_eq!(ours.early_plaintext(), pattern(len));
            assert!(ours.plaintext().is_empty());
            ours.consume_early(1).unwrap();
            peer.0.writer().write_all(b"not early").unwrap();
            exchange_in_steps(&mut ours, &mut peer, step);
            let rustls::Connection::Client(client) = &peer.0 else { panic!("not a client") };
            assert!(client.is_early_data_accepted());
            // Both are still there, separately.
            assert_eq!(ours.early_plaintext(), &pattern(len)[1..]);
            assert_eq!(ours.plaintext(), b"not early");
            assert!(ours.consume_early(len).is_err());
            ours.consume_early(len - 1).unwrap();
            assert_eq!(read_all(&mut ours), b"not early");
            assert_both_ways(&mut ours, &mut peer);
        }
    }
}

#[test]
fn a_server_that_holds_early_data_is_not_taken_apart() {
    let configs = Configs::new();
    let mut ours = configs.our_server();
    let mut peer = Peer::client(configs.client);
    let rustls::Connection::Client(client) = &mut peer.0 else { panic!("not a client") };
    client.early_data().unwrap().write_all(b"early").unwrap();
    exchange_in_steps(&mut ours, &mut peer, usize::MAX);
    let mut ours = ours.into_parts().map(|_| ()).expect_err("it holds early data");
    ours.consume_early(5).unwrap();
    assert!(ours.into_parts().is_ok());
}

#[test]
fn a_server_refuses_early_data_by_default() {
    let configs = Configs::new();
    let mut ours = Connection::server(configs.server.clone().into()).unwrap();
    let mut peer = Peer::client(configs.client);
    let rustls::Connection::Client(client) = &mut peer.0 else { panic!("not a client") };
    client.early_data().unwrap().write_all(b"early").unwrap();
    exchange_in_steps(&mut ours, &mut peer, usize::MAX);
    let rustls::Connection::Client(client) = &peer.0 else { panic!("not a client") };
    assert!(!client.is_early_data_accepted());
    assert_eq!(ours.early_plaintext(), b"");
    assert_both_ways(&mut ours, &mut peer);
}

/// More than `max_early_data_size` ends the handshake (RFC 9846 §4.3.10).
#[test]
fn early_data_is_bounded() {
    let mut configs = Configs::new();
    configs.server.max_early_data_size = 1000;
    let mut ours = configs.our_server();
    let mut peer = Peer::client(configs.client);
    let rustls::Connection::Client(client) = &mut peer.0 else { panic!("not a client") };
    client.early_data().unwrap().write_all(&pattern(20_000)).unwrap();
    let wire = peer.take_wire();
    let mut rest = &wire[..];
    while ours.process().is_ok() {
        assert!(!rest.is_empty(), "all of it was accepted");
        rest = &rest[ours.receive(rest)..];
    }
    assert!(ours.early_plaintext().is_empty());
}

#[test]
fn a_server_can_write_after_its_finished() {
    // A stock client buffers 16 KiB of unread data.
    for len in [1, 100, 5000] {
        let mut configs = Configs::new();
        configs.server.send_half_rtt_data = true;
        configs.server.send_tls13_tickets = 2;
        let (mut ours, mut peer) = (configs.our_server(), Peer::client(configs.client.clone()));
        assert!(ours.early_writer().is_none());
        feed(&mut ours, &peer.take_wire());
        assert_eq!(ours.writer_state(), WriterState::Negotiating);
        // Three records or more, followed by tickets: the sequence number must follow.
        for _ in 0..3 {
            let mut early = ours.early_writer().unwrap();
            assert_eq!(early.write(&pattern(len)), len);
            early.flush();
        }
        assert_eq!(ours.early_writer().unwrap().write(b"waits"), 5);
        peer.feed(&drain(&mut ours)).unwrap();
        let expected = [&pattern(len)[..], &pattern(len), &pattern(len), b"waits"].concat();
        assert_eq!(peer.take_plaintext(), expected, "before the client's Finished is read");
        exchange_in_steps(&mut ours, &mut peer, 9);
        assert_both_ways(&mut ours, &mut peer);
    }
}

#[test]
fn early_data_holds_no_more_than_the_capacity() {
    let mut configs = Configs::new();
    configs.server.send_half_rtt_data = true;
    let mut config = ConnectionConfig::default();
    (config.early_data, config.writer.capacity) = (true, 10_000);
    let client = configs.client.clone().into();
    let mut ours = Connection::client_with(client, server_name(), config.clone()).unwrap();
    assert_eq!(ours.early_writer().unwrap().write(&pattern(20_000)), 10_000);
    assert_eq!(ours.early_writer().unwrap().room(), 0);

    let mut ours = Connection::server_with(configs.server.clone().into(), config).unwrap();
    let mut peer = Peer::client(configs.client);
    feed(&mut ours, &peer.take_wire());
    peer.feed(&drain(&mut ours)).unwrap();
    assert_eq!(ours.early_writer().unwrap().write(&pattern(20_000)), 10_000);
    peer.feed(&drain(&mut ours)).unwrap();
    assert_eq!(ours.early_writer().unwrap().write(&pattern(5)), 5);
    exchange_in_steps(&mut ours, &mut peer, usize::MAX);
    assert_eq!(peer.take_plaintext(), [&pattern(10_000)[..], &pattern(5)].concat());
}

/// During the handshake rustls seals, and does not seal more than its own setting allows.
#[test]
fn early_data_stays_within_the_size_of_rustls_whatever_cap_is_set() {
    for len in [100, 101, 3_000] {
        let mut configs = Configs::new();
        configs.server.send_half_rtt_data = true;
        configs.server.max_fragment_size = Some(105);
        configs.client.max_fragment_size = Some(105);
        let (mut ours, mut peer) = (configs.our_client(), Peer::server(configs.server.clone()));
        ours.writer_mut().set_max_fragment_len(16_384).unwrap();
        assert_eq!(ours.early_writer().unwrap().write(&pattern(len)), len);
        peer.feed(&drain(&mut ours)).unwrap();
        assert_eq!(early_at(&mut peer), pattern(len));
        negotiate(&mut ours, &mut peer);
        assert_both_ways(&mut ours, &mut peer);

        let (mut ours, mut peer) = (configs.our_server(), Peer::client(configs.client));
        feed(&mut ours, &peer.take_wire());
        ours.writer_mut().set_max_fragment_len(16_384).unwrap();
        assert_eq!(ours.early_writer().unwrap().write(&pattern(len)), len);
        peer.feed(&drain(&mut ours)).unwrap();
        assert_eq!(peer.take_plaintext(), pattern(len));
        negotiate(&mut ours, &mut peer);
        assert_both_ways(&mut ours, &mut peer);
    }
}

#[test]
fn a_flush_ends_the_record_of_early_data() {
    let mut ours = Configs::new().our_client();
    let _hello = drain(&mut ours);
    for _ in 0..2 {
        let mut early = ours.early_writer().unwrap();
        assert_eq!(early.write(b"early"), 5);
        early.flush();
    }
    assert_eq!(drain(&mut ours).len(), 2 * (5 + 5 + 1 + 16), "two records");
}

#[test]
fn early_data_is_counted_as_memory() {
    let configs = Configs::new();
    let mut ours = configs.our_client();
    let before = ours.memory_held();
    assert_eq!(ours.early_writer().unwrap().write(&pattern(10_000)), 10_000);
    // The sealed record, and the plaintext in case the server does not take it.
    assert!(ours.memory_held() >= before + 10_000);

    let mut ours = configs.our_server();
    let mut peer = Peer::client(configs.client);
    let rustls::Connection::Client(client) = &mut peer.0 else { panic!("not a client") };
    client.early_data().unwrap().write_all(&pattern(10_000)).unwrap();
    feed(&mut ours, &peer.take_wire());
    let held = ours.memory_held();
    assert!(held >= 10_000);
    ours.consume_early(10_000).unwrap();
    assert!(ours.memory_held() <= held - 10_000);
}

#[test]
fn after_a_failure_there_is_no_early_data_to_consume() {
    let mut ours = Configs::new().our_server();
    ours.abort(AlertDescription::INTERNAL_ERROR);
    assert_eq!(ours.consume_early(0), Ok(()));
    assert_eq!(ours.consume_early(1), Err(Overrun { claimed: 1, available: 0 }));
}

#[test]
fn early_data_is_sealed_as_soon_as_it_fills_a_record() {
    let configs = Configs::new();
    let mut ours = configs.our_client();
    let before = ours.writer().waiting();
    assert_eq!(ours.early_writer().unwrap().write(&pattern(16_383)), 16_383);
    assert_eq!(ours.writer().waiting(), before);
    assert_eq!(ours.early_writer().unwrap().write(b"x"), 1);
    assert_eq!(ours.writer().waiting(), before + 16_384 + 22);
}

/// The server sends its flight in small records, and what is written in between arrives too.
#[test]
fn early_data_can_be_written_between_the_fragments_of_the_servers_flight() {
    let mut configs = Configs::new();
    configs.server.max_fragment_size = Some(40);
    let mut ours = configs.our_client();
    let mut peer = Peer::server(configs.server);
    assert_eq!(ours.early_writer().unwrap().write(b"early, "), 7);
    peer.feed(&drain(&mut ours)).unwrap();
    let flight = peer.take_wire();
    let (mut rest, mut written) = (&flight[..], b"early, ".to_vec());
    assert_eq!(rest[..5], [0x16, 3, 3, 0, 35]);
    feed(&mut ours, &rest[..5]);
    let held = ours.memory_held();
    feed(&mut ours, &rest[5..40]);
    rest = &rest[40..];
    assert!(ours.memory_held() > held, "the start of the ServerHello");
    while !rest.is_empty() {
        let len = 5 + usize::from(u16::from_be_bytes([rest[3], rest[4]]));
        feed(&mut ours, &rest[..len]);
        rest = &rest[len..];
        if let Some(mut early) = ours.early_writer() {
            assert_eq!(early.write(b"early, "), 7);
            written.extend(b"early, ");
        }
    }
    assert!(written.len() > 7);
    exchange_in_steps(&mut ours, &mut peer, usize::MAX);
    assert_eq!(early_at(&mut peer), written);
    assert_both_ways(&mut ours, &mut peer);
}

#[test]
fn a_limit_on_handshake_messages_does_not_limit_records_of_early_data() {
    for handshake_len in [1_000, 8_000, 100_000] {
        let configs = Configs::new();
        let mut config = ConnectionConfig::default();
        config.early_data = true;
        config.reader.limits.handshake_len = handshake_len;
        let mut ours = Connection::server_with(configs.server.clone().into(), config).unwrap();
        let mut peer = Peer::client(configs.client.clone());
        let rustls::Connection::Client(client) = &mut peer.0 else { panic!("not a client") };
        client.early_data().unwrap().write_all(&pattern(16_384)).unwrap();
        feed(&mut ours, &peer.take_wire());
        assert_eq!((ours.error(), ours.early_plaintext().len()), (None, 16_384));
    }
}

#[test]
fn no_early_data_is_accepted_once_the_writer_was_closed_or_aborted() {
    for abort in [false, true] {
        let mut configs = Configs::new();
        configs.server.send_half_rtt_data = true;
        let (mut server, mut peer) = (configs.our_server(), Peer::client(configs.client.clone()));
        feed(&mut server, &peer.take_wire());
        for mut ours in [configs.our_client(), server] {
            assert_eq!(ours.early_writer().unwrap().write(b"accepted"), 8);
            match abort {
                false => ours.writer_mut().close().unwrap(),
                true => ours.writer_mut().abort(AlertDescription::INTERNAL_ERROR),
            }
            assert!(ours.early_writer().is_none());
            let wire = drain(&mut ours);
            let sealed = records(&wire).contains(&(8 + 17));
            assert_eq!(sealed, !abort, "what was accepted before");
        }
    }
}

/// The limits that a key of early data can reach, and how many records of 1,000 bytes they allow.
const LOW_LIMITS: [(KeyLimits, usize); 2] = [
    (KeyLimits { records: 10, blocks: u64::MAX }, 8),
    (KeyLimits { records: 1 << 20, blocks: 10_000 }, 10_000 / 1_025),
];

/// Writes as many records of early data as are accepted. Returns how many.
fn write_early_records(ours: &mut Connection) -> usize {
    let mut written = 0;
    while let Some(mut early) = ours.early_writer() {
        if early.room() < 1_000 {
            break;
        }
        assert_eq!(early.write(&[1; 1_000]), 1_000);
        early.flush();
        written += 1;
        assert!(written < 100, "it never ends");
    }
    written
}

#[test]
fn early_records_count_against_the_limits_of_their_key() {
    for (limits, most) in LOW_LIMITS {
        let configs = Configs::new();
        let mut config = ConnectionConfig::default();
        (config.early_data, config.writer.key_limits) = (true, Some(limits));
        let tls = configs.client.clone().into();
        let mut ours = Connection::client_with(tls, server_name(), config).unwrap();
        let written = write_early_records(&mut ours);
        assert!((2..=most).contains(&written), "{written} {limits:?}");
        let mut peer = Peer::server(configs.server);
        peer.feed(&drain(&mut ours)).unwrap();
        assert_eq!(early_at(&mut peer).len(), written * 1_000);
        negotiate(&mut ours, &mut peer);
        assert_both_ways(&mut ours, &mut peer);
    }
}

#[test]
fn half_rtt_records_and_tickets_count_against_the_limits_of_their_key() {
    for ((limits, most), tickets) in LOW_LIMITS.into_iter().flat_map(|low| [(low, 0), (low, 4)]) {
        let mut configs = Configs::new();
        configs.server.send_half_rtt_data = true;
        configs.server.send_tls13_tickets = tickets;
        let mut config = ConnectionConfig::default();
        config.writer.key_limits = Some(limits);
        let mut ours = Connection::server_with(configs.server.into(), config).unwrap();
        let mut peer = Peer::client(configs.client);
        feed(&mut ours, &peer.take_wire());
        let written = write_early_records(&mut ours);
        // A ticket is assumed to take a whole record.
        assert!((2..=most - tickets).contains(&written), "{written} {limits:?}");
        negotiate(&mut ours, &mut peer);
        assert_eq!(peer.take_plaintext().len(), written * 1_000);
        assert_both_ways(&mut ours, &mut peer);
    }
}
