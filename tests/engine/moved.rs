//! Established connections that move to another process. Here, they move from one value to another.
#![expect(clippy::unwrap_used, reason = "tests")]

extern crate alloc;

use alloc::sync::Arc;

use wantwrite::*;
use wantwrite_testing::raw_peer::{HANDSHAKE, RawPeer};
use wantwrite_testing::verdict::ticket;
use wantwrite_testing::*;

fn config() -> ConnectionConfig {
    let mut config = ConnectionConfig::default();
    (config.movable, config.exporter) = (true, true);
    config
}

fn established(suite: CipherSuite, role: Role, config: ConnectionConfig) -> (Connection, Peer) {
    let identity = Identity::for_suite(suite);
    let (mut client, mut server) =
        (client_config(suite, &identity), server_config(suite, &identity));
    client.alpn_protocols = vec![b"h2".to_vec()];
    server.alpn_protocols = vec![b"h2".to_vec()];
    let (mut ours, mut peer) = match role {
        Role::Client => (
            Connection::client_with(client.into(), server_name(), config).unwrap(),
            Peer::server(server),
        ),
        Role::Server => {
            (Connection::server_with(server.into(), config).unwrap(), Peer::client(client))
        }
    };
    exchange_in_steps(&mut ours, &mut peer, usize::MAX);
    (ours, peer)
}

/// Moves the connection through bytes, as to another process.
fn through_bytes(connection: Connection) -> Connection {
    let moved = connection.dangerous_into_moved().expect("idle");
    let mut message = moved.dangerous_bytes().to_vec();
    let moved = MovedConnection::from_bytes(&mut message).unwrap();
    assert!(message.iter().all(|&byte| byte == 0), "the memory it was read from is wiped");
    assert_eq!(MovedConnection::from_bytes(&mut message).err(), Some(MoveError::AlreadyUsed));
    moved.into_connection(ConnectionConfig::default()).unwrap()
}

#[test]
fn a_connection_continues_elsewhere_in_every_suite_and_role() {
    for &suite in CipherSuite::ALL {
        for role in ROLES {
            let (mut ours, mut peer) = established(suite, role, config());
            assert_both_ways(&mut ours, &mut peer);
            for _ in 0..3 {
                let seen = |ours: &Connection| {
                    let exported = ours.export_keying_material([0; 32], b"label", None);
                    let chain = ours.peer_certificates().map(<[_]>::to_vec);
                    let names = (
                        ours.alpn_protocol().map(<[u8]>::to_vec),
                        ours.server_name().map(String::from),
                    );
                    (
                        (ours.cipher_suite(), ours.key_exchange_group(), ours.handshake_kind()),
                        (ours.extended_master_secret(), exported, chain, names),
                    )
                };
                let before = seen(&ours);
                assert!(before.1.1.is_ok());
                ours = through_bytes(ours);
                assert_eq!(seen(&ours), before, "{suite:?} {role:?}");
                assert_both_ways(&mut ours, &mut peer);
            }
            ours.close().unwrap();
            peer.feed(&drain(&mut ours)).unwrap();
        }
    }
}

#[test]
fn both_peers_update_keys_before_and_after_a_move() {
    for role in ROLES {
        let (mut ours, mut peer) = established(TLS13, role, config());
        for _ in 0..4 {
            peer.0.refresh_traffic_keys().unwrap();
            exchange_in_steps(&mut ours, &mut peer, 7);
            ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
            // The answer is outstanding while the connection moves.
            peer.feed(&drain(&mut ours)).unwrap();
            ours = through_bytes(ours);
            exchange_in_steps(&mut ours, &mut peer, 7);
            assert_both_ways(&mut ours, &mut peer);
        }
    }
}

#[test]
fn partial_records_move_too() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (mut ours, mut peer) = established(suite, role, config());
            let wire = peer.send(b"cut in two");
            for cut in 1..wire.len() {
                let (mut ours, mut peer) = established(suite, role, config());
                let wire = peer.send(b"cut in two");
                feed(&mut ours, &wire[..cut]);
                let mut ours = through_bytes(ours);
                feed(&mut ours, &wire[cut..]);
                assert_eq!(read_all(&mut ours), b"cut in two");
                if cut % 16 == 0 {
                    assert_both_ways(&mut ours, &mut peer);
                }
            }
            // A whole record that was not processed moves too, and is opened afterwards.
            assert_eq!(ours.receive(&wire), wire.len());
            let mut ours = through_bytes(ours);
            assert_eq!(ours.plaintext(), b"cut in two");
            assert_eq!(read_all(&mut ours), b"cut in two");
        }
    }
}

/// The other process has a smaller capacity. It wants input again once there is room.
#[test]
fn more_input_than_the_new_capacity_moves_too() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let mut large = config();
            large.reader.capacity = 1 << 20;
            let (mut ours, mut peer) = established(suite, role, large);
            let data = pattern(60_000);
            // A stock peer holds no more than 64 KiB of unsent data.
            let wire = [peer.send(&data), peer.send(&data)].concat();
            let (wire, rest) = wire.split_at(wire.len() - 1000);
            assert_eq!(ours.receive(wire), wire.len());
            let mut ours = through_bytes(ours);
            assert!(!ours.wants().input && ours.inbound().is_none());
            assert!(ours.memory_held() >= wire.len());
            let mut received = read_all(&mut ours);
            assert!(ours.wants().input);
            assert!(ours.memory_held() < wire.len(), "back to its own capacity");
            feed(&mut ours, rest);
            received.extend(read_all(&mut ours));
            assert!(received == [&data[..], &data].concat(), "{suite:?} {role:?}");
            assert_both_ways(&mut ours, &mut peer);
        }
    }
}

#[test]
fn a_busy_or_immovable_connection_is_returned() {
    let stays = |connection: Connection| match connection.dangerous_into_moved() {
        Ok(_) => panic!("it moved"),
        Err(connection) => connection,
    };
    // rustls keeps what the next keys are derived from.
    let (ours, mut peer) = established(TLS13, Role::Client, ConnectionConfig::default());
    assert_both_ways(&mut stays(ours), &mut peer);
    // TLS 1.2 has no next keys.
    let (ours, mut peer) = established(TLS12, Role::Client, ConnectionConfig::default());
    assert_both_ways(&mut through_bytes(ours), &mut peer);

    let (mut ours, mut peer) = established(TLS13, Role::Server, config());
    ours.writer_mut().write_atomic(b"waits").unwrap();
    ours = stays(ours);
    peer.feed(&drain(&mut ours)).unwrap();
    assert_eq!(peer.take_plaintext(), b"waits");
    feed(&mut ours, &peer.send(b"unread"));
    ours = stays(ours);
    assert_eq!(read_all(&mut ours), b"unread");
    ours = through_bytes(ours);
    assert_both_ways(&mut ours, &mut peer);
    ours.close().unwrap();
    let _closed = stays(ours);
    let client = client_config(TLS13, &Identity::for_suite(TLS13)).into();
    let _negotiating = stays(Connection::client_with(client, server_name(), config()).unwrap());
}

#[test]
fn a_truncated_moved_connection_is_refused_and_an_altered_one_is_harmless() {
    let (ours, _) = established(TLS13, Role::Client, config());
    let mut bytes = ours.dangerous_into_moved().unwrap().dangerous_bytes().to_vec();
    for len in 0..bytes.len() {
        let cut = MovedConnection::from_bytes(&mut bytes[..len].to_vec());
        let refused = cut.and_then(|moved| moved.into_connection(ConnectionConfig::default()));
        assert!(refused.is_err(), "{len}");
    }
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 0xff;
        // An error or another connection is fine, but not a panic or unbounded work.
        if let Ok(moved) = MovedConnection::from_bytes(&mut altered) {
            let _error_or_connection = moved.into_connection(ConnectionConfig::default());
        }
    }
    // The limit that a client sets is between 64 and 16,384, which means that it set none.
    let is_read = |limit: u16| {
        let mut altered = bytes.clone();
        assert_eq!(altered[12..14], 16_384_u16.to_be_bytes());
        altered[12..14].copy_from_slice(&limit.to_be_bytes());
        let moved = MovedConnection::from_bytes(&mut altered).unwrap();
        moved.into_connection(ConnectionConfig::default()).is_ok()
    };
    assert_eq!([63, 64, 16_384, 16_385].map(is_read), [false, true, true, false]);
    let mut longer = [&bytes[..], &[0]].concat();
    let longer = MovedConnection::from_bytes(&mut longer).unwrap();
    let refused = longer.into_connection(ConnectionConfig::default()).unwrap_err();
    assert_eq!(refused, MoveError::Malformed);
    let other = MovedConnection::from_bytes(&mut b"something else".to_vec()).unwrap_err();
    assert_eq!(other, MoveError::UnknownFormat);
    let mut invalid = ConnectionConfig::default();
    invalid.writer.capacity = 0;
    let moved = MovedConnection::from_bytes(&mut bytes).unwrap();
    assert!(matches!(moved.into_connection(invalid), Err(MoveError::Config(_))));
}

/// A movable client stores tickets, and a connection that resumes from one says so where it went.
#[test]
fn a_resumed_connection_is_still_a_resumed_one_elsewhere() {
    let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let identity = Identity::for_suite(suite);
    let client = Arc::new(client_config(suite, &identity));
    let server = Arc::new(server_config(suite, &identity));
    for role in ROLES {
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let (mut ours, mut peer) = match role {
                Role::Client => (
                    Connection::client_with(client.clone(), server_name(), config()).unwrap(),
                    Peer::server(rustls::ServerConfig::clone(&server)),
                ),
                Role::Server => (
                    Connection::server_with(server.clone(), config()).unwrap(),
                    Peer::client(rustls::ClientConfig::clone(&client)),
                ),
            };
            exchange_in_steps(&mut ours, &mut peer, usize::MAX);
            let mut ours = through_bytes(ours);
            assert_both_ways(&mut ours, &mut peer);
            kinds.push(ours.handshake_kind().unwrap());
        }
        assert_eq!(kinds[1], HandshakeKind::Resumed, "{role:?}");
        if role == Role::Client {
            assert_eq!(kinds[0], HandshakeKind::Full);
        }
    }
}

#[test]
fn the_reason_why_nothing_is_exported_moves_too() {
    for suite in SUITES {
        let mut config = config();
        config.exporter = false;
        let (ours, _peer) = established(suite, Role::Client, config);
        let export = |ours: &Connection| ours.export_keying_material([0; 32], b"label", None).err();
        let reason = export(&ours);
        assert!(reason.is_some());
        assert_eq!(export(&through_bytes(ours)), reason, "{suite:?}");
    }
}

/// Only a server sends tickets.
#[test]
fn the_role_moves_too() {
    for role in ROLES {
        let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
        let (ours, mut peer) = RawPeer::established_with(suite, role, config());
        let mut ours = through_bytes(ours);
        let wire = peer.seal(HANDSHAKE, &ticket(10));
        assert_eq!(ours.receive(&wire), wire.len());
        let fault = Error::Peer(PeerFault::UnexpectedHandshakeMessage);
        let expected = match role {
            Role::Client => Ok(()),
            Role::Server => Err(fault.into()),
        };
        assert_eq!(ours.process(), expected, "{role:?}");
    }
}

#[test]
fn a_movable_connection_has_the_room_of_any_other() {
    let room = |movable| {
        let mut config = ConnectionConfig::default();
        config.movable = movable;
        config.writer.capacity = 1 << 20;
        config.writer.key_limits = Some(KeyLimits { records: 5, blocks: u64::MAX });
        RawPeer::established_with(SUITES[0], Role::Client, config).0.writer().room()
    };
    assert_eq!(room(true), room(false));
    assert!(room(true) > 20 * 16_384, "it takes many keys");
}
