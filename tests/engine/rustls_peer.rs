//! Our connection against stock rustls: every suite, both roles, through links that accept a few
//! bytes at a time.
#![expect(clippy::unwrap_used, clippy::as_conversions, reason = "tests")]

use wantwrite::*;
use wantwrite_testing::raw_peer::{APPLICATION_DATA, HANDSHAKE, KEY_UPDATE, RawPeer};
use wantwrite_testing::*;

/// Sends `len` bytes each way at the same time, 1 to 3,000 bytes at a time. Calls `at_half` when
/// half of our data has been accepted.
fn duplex(
    ours: &mut Connection,
    peer: &mut Peer,
    len: usize,
    mut at_half: impl FnMut(&mut Connection, &mut Peer),
) {
    use std::io::Write;
    let data = pattern(len);
    let mut rng = Rng(len as u64);
    let (mut accepted, mut peer_accepted) = (0, 0);
    let (mut received, mut peer_received) = (Vec::new(), Vec::new());
    let mut to_us = Vec::new();
    let mut halved = false;
    while received.len() < len || peer_received.len() < len {
        accepted += ours.writer_mut().write(&data[accepted..]).unwrap();
        if accepted >= len / 2 && !halved {
            at_half(ours, peer);
            halved = true;
        }
        if ours.wants().drain {
            let mut drain = ours.writer_mut().drain();
            let n = drain.chunk().len().min(rng.up_to(3000));
            peer.feed(&drain.chunk()[..n]).unwrap();
            drain.advance(n).unwrap();
        }
        peer_received.extend(peer.take_plaintext());
        if peer_accepted < len && to_us.len() < 64 * 1024 {
            let n = (len - peer_accepted).min(rng.up_to(20_000));
            peer.0.writer().write_all(&data[peer_accepted..peer_accepted + n]).unwrap();
            peer_accepted += n;
        }
        to_us.extend(peer.take_wire());
        let n = to_us.len().min(rng.up_to(3000));
        let taken = ours.receive(&to_us[..n]);
        to_us.drain(..taken);
        received.extend(read_all(ours));
    }
    assert!(received == data, "what the peer sent");
    assert!(peer_received == data, "what we sent");
}

#[test]
fn every_suite_and_role_carries_8_mib_in_both_directions() {
    for suite in SUITES {
        for role in ROLES {
            let (mut ours, mut peer) = established(suite, role);
            assert_eq!(ours.cipher_suite(), Some(suite));
            duplex(&mut ours, &mut peer, 8 << 20, |ours, peer| {
                if suite.version() == Version::Tls13 {
                    ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
                    peer.0.refresh_traffic_keys().unwrap();
                }
            });
            ours.close().unwrap();
            peer.feed(&drain(&mut ours)).unwrap();
            assert_eq!(ours.writer_state(), WriterState::Closed);
            peer.0.send_close_notify();
            let wire = peer.take_wire();
            feed(&mut ours, &wire);
            assert_eq!(ours.reader_state(), ReaderState::PeerClosed, "{suite:?} {role:?}");
        }
    }
}

#[test]
fn negotiated_parameters_outlive_the_handshake() {
    for role in ROLES {
        let identity = Identity::new(false);
        let mut client = client_config(TLS13, &identity);
        let mut server = server_config(TLS13, &identity);
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        let (mut ours, mut peer) = match role {
            Role::Client => {
                (Connection::client(client.into(), server_name()).unwrap(), Peer::server(server))
            }
            Role::Server => (Connection::server(server.into()).unwrap(), Peer::client(client)),
        };
        negotiate(&mut ours, &mut peer);
        assert_eq!(ours.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(ours.protocol_version(), Some(Version::Tls13));
        assert_eq!(ours.is_resumed(), Some(false));
        match role {
            Role::Client => {
                assert_eq!(ours.peer_certificates(), Some(&[identity.certificate][..]));
            }
            Role::Server => assert_eq!(ours.server_name(), Some(HOST)),
        }
    }
}

/// KeyUpdates of the peer that we asked for never count as a flood.
#[test]
fn an_upload_can_request_any_number_of_key_updates() {
    for role in ROLES {
        let (mut ours, mut peer) = established(TLS13, role);
        for _ in 0..100 {
            ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
            ours.writer_mut().write_atomic(b"upload").unwrap();
            while exchange(&mut ours, &mut peer).unwrap() {}
            assert_eq!(ours.error(), None);
        }
        assert_eq!(ours.writer().progress().key_updates, 100);
    }
}

#[test]
fn wants_process_is_set_for_whole_handshake_records_only() {
    let (mut ours, mut peer) = pair(TLS13, Role::Server);
    let hello = peer.take_wire();
    let (head, tail) = hello.split_at(hello.len() - 1);
    assert_eq!(ours.receive(head), head.len());
    assert!(!ours.wants().process);
    assert_eq!(ours.receive(tail), 1);
    assert!(ours.wants().process);
    ours.process().unwrap();
    assert!(!ours.wants().process);
    assert!(ours.wants().drain);
}

#[test]
fn wants_process_stays_set_until_held_bytes_are_opened() {
    let (mut ours, mut peer) = established(TLS13, Role::Client);
    let wire = [peer.send(b"one"), peer.send(b"two")].concat();
    assert!(!ours.wants().process);
    assert_eq!(ours.receive(&wire), wire.len());
    for expected in [b"one", b"two"] {
        assert!(ours.wants().process);
        ours.process().unwrap();
        assert!(!ours.wants().process, "its plaintext must be read first");
        assert_eq!(ours.plaintext(), expected);
        ours.consume(3).unwrap();
    }
    assert!(!ours.wants().process);
    ours.end_of_input();
    assert!(ours.wants().process);
    assert!(ours.process().is_err());
    assert!(!ours.wants().process);
}

#[test]
fn a_connection_that_awaits_a_key_update_is_not_taken_apart() {
    let (mut ours, mut peer) = established(TLS13, Role::Client);
    ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
    peer.feed(&drain(&mut ours)).unwrap();
    ours = ours.into_parts().unwrap_err();
    feed(&mut ours, &peer.send(b"the new key"));
    assert_eq!(read_all(&mut ours), b"the new key");
    assert!(ours.into_parts().is_ok());
}

/// Continuing from such a connection would lose the bytes it holds, or start in the middle of a
/// message.
#[test]
fn a_connection_that_holds_bytes_of_the_peer_is_not_taken_apart() {
    for suite in [TLS13, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let wire = peer.seal(APPLICATION_DATA, b"hello");
            let (begun, rest) = wire.split_at(4);
            for (more, held) in [(begun, "the start of a header"), (rest, "an unopened record")] {
                assert_eq!(ours.receive(more), more.len());
                ours = ours.into_parts().expect_err(held);
            }
            ours.process().unwrap();
            ours = ours.into_parts().expect_err("plaintext");
            ours.consume(4).unwrap();
            ours = ours.into_parts().expect_err("the last byte of plaintext");
            ours.consume(1).unwrap();
            assert!(ours.into_parts().is_ok(), "{suite:?} {role:?}");
        }
    }
}

#[test]
fn a_connection_inside_a_handshake_message_is_not_taken_apart() {
    for role in ROLES {
        let (mut ours, mut peer) = RawPeer::established(TLS13, role);
        for len in 1..KEY_UPDATE.len() {
            let (begun, rest) = KEY_UPDATE.split_at(len);
            feed(&mut ours, &peer.seal(HANDSHAKE, begun));
            assert!(!ours.wants().process, "everything was opened");
            ours = ours.into_parts().unwrap_err();
            feed(&mut ours, &peer.seal(HANDSHAKE, rest));
            peer.update_write_key();
        }
        assert!(ours.into_parts().is_ok(), "{role:?}");
    }
}

#[test]
fn a_connection_taken_apart_continues_from_its_keys() {
    for suite in [TLS13, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256] {
        for role in ROLES {
            let (mut ours, mut peer) = established(suite, role);
            ours.writer_mut().write_atomic(b"before").unwrap();
            ours = ours.into_parts().unwrap_err();
            peer.feed(&drain(&mut ours)).unwrap();
            let (parts, keys) = ours.into_parts().unwrap();

            let mut writer = Writer::from_parts(parts, &WriterConfig::default()).unwrap();
            writer.write_atomic(b", after").unwrap();
            peer.feed(writer.drain().chunk()).unwrap();
            assert_eq!(peer.take_plaintext(), b"before, after");

            let (key, iv) = keys.dangerous_raw();
            let keys = ReadKeys::new(suite, key, iv, keys.seq()).unwrap();
            let mut reader = Reader::new(keys, role, ReaderConfig::default()).unwrap();
            let wire = peer.send(b"to a reader");
            assert_eq!(reader.receive(&wire), wire.len());
            let _ = reader.process().unwrap();
            assert_eq!(reader.plaintext(), b"to a reader");
        }
    }
}

#[test]
fn law_10_both_buffers_stay_within_their_bounds() {
    for role in ROLES {
        let (mut ours, mut peer) = established(TLS13, role);
        let limit = ReaderConfig::default().capacity + 5 * 16384;
        let mut held = 0;
        for _ in 0..100 {
            let _accepted = ours.writer_mut().write(&pattern(100_000)).unwrap();
            let wire = peer.send(&pattern(16_384));
            let _taken = ours.receive(&wire);
            ours.process().unwrap();
            held = held.max(ours.memory_held());
        }
        assert!(ours.writer_mut().drain().remaining() <= 4 * 16_500);
        assert!((16_384..=limit).contains(&held), "{held}");
    }
}

#[test]
fn connections_and_halves_can_be_sent_to_other_threads() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<Connection>();
    is_send::<Writer>();
    is_send::<Reader>();
    is_send::<Stream<std::net::TcpStream>>();
    is_send::<Chunk>();
    is_send::<WriterParts>();
    is_sync::<Pool>();
    is_sync::<Connection>();
}

#[test]
fn an_idle_connection_under_release_or_a_pool_holds_no_buffer() {
    let identity = Identity::new(false);
    let mut release = ConnectionConfig::default();
    release.writer.buffers = BufferPolicy::Release;
    release.reader.buffers = BufferPolicy::Release;
    let pooled = ConnectionConfig::pooled(Pool::new(8));
    let configs = [release, pooled];
    for (role, config) in ROLES.into_iter().flat_map(|role| configs.each_ref().map(|c| (role, c))) {
        let client = client_config(TLS13, &identity);
        let server = server_config(TLS13, &identity);
        let (mut ours, mut peer) = match role {
            Role::Client => (
                Connection::client_with(client.into(), server_name(), config.clone()).unwrap(),
                Peer::server(server),
            ),
            Role::Server => (
                Connection::server_with(server.into(), config.clone()).unwrap(),
                Peer::client(client),
            ),
        };
        assert_eq!(ours.memory_held(), 0, "{role:?} whose peer is silent");
        negotiate(&mut ours, &mut peer);
        assert_eq!(ours.memory_held(), 0, "{role:?} after the handshake");
        let _accepted = ours.writer_mut().write(&pattern(100_000)).unwrap();
        let wire = peer.send(b"both ways");
        feed(&mut ours, &wire);
        assert!(ours.memory_held() > 4 * 16_384);
        assert_eq!(read_all(&mut ours), b"both ways");
        drain(&mut ours);
        assert_eq!(ours.memory_held(), 0, "{role:?} when idle");
    }
}
