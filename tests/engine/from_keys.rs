//! Connections whose handshake was performed elsewhere, against a peer that seals by hand.
#![expect(clippy::unwrap_used, reason = "tests")]

use wantwrite::KeyUpdateRequest::{NotRequested, Requested};
use wantwrite::*;
use wantwrite_testing::raw_peer::*;
use wantwrite_testing::verdict::ticket;
use wantwrite_testing::{ROLES, SUITES, drain, established, feed, read_all};

const CLOSE_NOTIFY: [u8; 2] = [1, 0];

fn tls13() -> impl Iterator<Item = (CipherSuite, Role)> {
    let suites = SUITES.into_iter().filter(|suite| suite.version() == Version::Tls13);
    suites.flat_map(|suite| ROLES.map(|role| (suite, role)))
}

fn secret(suite: CipherSuite, byte: u8) -> TrafficSecret {
    TrafficSecret::new(suite, &bytes(suite, byte)).unwrap()
}

fn bytes(suite: CipherSuite, byte: u8) -> Vec<u8> {
    vec![byte; suite.secret_len()]
}

/// Our connection and the peer, after each has sealed this many records.
fn pair_at(suite: CipherSuite, role: Role, ours: u64, theirs: u64) -> (Connection, RawPeer) {
    let write = WriteKeys::from_secret_at(secret(suite, 1), ours);
    let read = ReadKeys::from_secret_at(secret(suite, 2), theirs);
    let connection = Connection::from_keys(write, read, role, ConnectionConfig::default()).unwrap();
    let (of_ours, of_peer) = (bytes(suite, 1), bytes(suite, 2));
    (connection, RawPeer::from_secrets(suite, (&of_peer, theirs), (&of_ours, ours)))
}

fn pair(suite: CipherSuite, role: Role) -> (Connection, RawPeer) {
    pair_at(suite, role, 0, 0)
}

fn write(ours: &mut Connection, plaintext: &[u8]) {
    assert_eq!(ours.writer_mut().write(plaintext), Ok(plaintext.len()));
}

fn update_keys(ours: &mut Connection, request: KeyUpdateRequest) -> Result<(), WriteError> {
    ours.writer_mut().update_keys(request)
}

/// Asserts that both directions carry data.
#[track_caller]
fn talk(ours: &mut Connection, peer: &mut RawPeer) {
    write(ours, b"ping");
    assert_eq!(peer.open(&drain(ours)), [(APPLICATION_DATA, b"ping".to_vec())]);
    feed(ours, &peer.seal(APPLICATION_DATA, b"pong"));
    assert_eq!(read_all(ours), b"pong");
}

#[test]
fn a_connection_from_keys_is_established_immediately_and_knows_only_its_suite() {
    for (suite, role) in tls13() {
        let (mut ours, mut peer) = pair(suite, role);
        assert_eq!(ours.wants(), established(suite, role).0.wants());
        assert_eq!(ours.writer_state(), WriterState::Open);
        assert_eq!(ours.reader_state(), ReaderState::Open);
        assert_eq!(ours.cipher_suite(), Some(suite));
        assert_eq!(ours.protocol_version(), Some(Version::Tls13));
        assert_eq!((ours.alpn_protocol(), ours.server_name()), (None, None));
        assert_eq!((ours.peer_certificates(), ours.is_resumed()), (None, None));
        assert_eq!(ours.writer().progress(), Progress::default());
        talk(&mut ours, &mut peer);
    }
}

#[test]
fn a_connection_from_keys_continues_at_their_sequence_numbers() {
    for (suite, role) in tls13() {
        let (mut ours, mut peer) = pair_at(suite, role, 7, 1 << 33);
        talk(&mut ours, &mut peer);
    }
}

#[test]
fn key_updates_in_both_directions_derive_from_the_two_secrets() {
    for (suite, role) in tls13() {
        let (mut ours, mut peer) = pair_at(suite, role, 5, 9);
        for _ in 0..3 {
            // Our KeyUpdate, which requests the peer's.
            update_keys(&mut ours, Requested).unwrap();
            let wire = drain(&mut ours);
            assert_eq!(peer.open(&wire), [(HANDSHAKE, KEY_UPDATE_REQUEST.to_vec())]);
            talk(&mut ours, &mut peer);
            let answer = peer.key_update(KEY_UPDATE);
            feed(&mut ours, &answer);
            talk(&mut ours, &mut peer);

            // The peer's KeyUpdate, which requests ours.
            let asked = peer.key_update(KEY_UPDATE_REQUEST);
            feed(&mut ours, &asked);
            let wire = drain(&mut ours);
            assert_eq!(peer.open(&wire), [(HANDSHAKE, KEY_UPDATE.to_vec())]);
            talk(&mut ours, &mut peer);

            // A KeyUpdate without a request, in either direction.
            update_keys(&mut ours, NotRequested).unwrap();
            let wire = drain(&mut ours);
            assert_eq!(peer.open(&wire), [(HANDSHAKE, KEY_UPDATE.to_vec())]);
            let told = peer.key_update(KEY_UPDATE);
            feed(&mut ours, &told);
            talk(&mut ours, &mut peer);
        }
        assert_eq!(ours.writer().progress().key_updates, 9, "{suite:?} {role:?}");
    }
}

#[test]
fn both_halves_close_in_either_order() {
    for (suite, role) in tls13() {
        for we_close_first in [true, false] {
            let (mut ours, mut peer) = pair(suite, role);
            if we_close_first {
                ours.close().unwrap();
                assert_eq!(peer.open(&drain(&mut ours)), [(ALERT, CLOSE_NOTIFY.to_vec())]);
                assert_eq!(ours.writer_state(), WriterState::Closed);
            }
            feed(&mut ours, &peer.seal(APPLICATION_DATA, b"last"));
            assert_eq!(read_all(&mut ours), b"last");
            feed(&mut ours, &peer.seal(ALERT, &CLOSE_NOTIFY));
            assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
            if !we_close_first {
                write(&mut ours, b"still open");
                ours.close().unwrap();
                let sent = peer.open(&drain(&mut ours));
                let close = (ALERT, CLOSE_NOTIFY.to_vec());
                assert_eq!(sent, [(APPLICATION_DATA, b"still open".to_vec()), close]);
            }
            assert_eq!((ours.writer_state(), ours.error()), (WriterState::Closed, None));
        }
    }
}

#[test]
fn an_end_without_close_notify_and_a_bad_record_are_distinct() {
    let (mut ours, _) = pair(SUITES[0], Role::Client);
    ours.end_of_input();
    assert_eq!(ours.process(), Err(Error::Truncated.into()));

    let (mut ours, mut peer) = pair(SUITES[0], Role::Client);
    let mut record = peer.seal(APPLICATION_DATA, b"x");
    record[6] ^= 1;
    feed(&mut ours, &record);
    assert_eq!(ours.error(), Some(Error::Peer(PeerFault::BadRecordMac).into()));
    assert_eq!(peer.open(&drain(&mut ours)), [(ALERT, vec![2, 20])]);
}

#[test]
fn a_client_ignores_tickets_and_a_server_refuses_them() {
    for (suite, role) in tls13() {
        let (mut ours, mut peer) = pair(suite, role);
        feed(&mut ours, &peer.seal(HANDSHAKE, &ticket(32)));
        let refused = Error::Peer(PeerFault::UnexpectedHandshakeMessage).into();
        match role {
            Role::Client => talk(&mut ours, &mut peer),
            Role::Server => assert_eq!(ours.error(), Some(refused)),
        }
    }
}

/// Keys without a secret for `ours`, `theirs` or both.
fn without_secrets(ours: bool, theirs: bool) -> (Connection, RawPeer) {
    let suite = SUITES[0];
    let (of_ours, of_peer) = (bytes(suite, 1), bytes(suite, 2));
    let expanded = |secret: &[u8]| {
        let key = expand(suite, secret, b"key", suite.key_len());
        (key, expand(suite, secret, b"iv", 12).try_into().unwrap())
    };
    let (key, iv) = expanded(&of_ours);
    let write = WriteKeys::new(suite, &key, iv, 0).unwrap();
    let write = if ours { write } else { WriteKeys::from_secret(secret(suite, 1)) };
    let (key, iv) = expanded(&of_peer);
    let read = ReadKeys::new(suite, &key, iv, 0).unwrap();
    let read = if theirs { read } else { ReadKeys::from_secret(secret(suite, 2)) };
    let peer = RawPeer::from_secrets(suite, (&of_peer, 0), (&of_ours, 0));
    (Connection::from_keys(write, read, Role::Client, ConnectionConfig::default()).unwrap(), peer)
}

#[test]
fn a_direction_without_a_secret_has_no_next_key() {
    for (of_ours, of_theirs) in [(true, true), (true, false), (false, true)] {
        let (mut ours, mut peer) = without_secrets(of_ours, of_theirs);
        talk(&mut ours, &mut peer);
        let expected = if of_ours { Err(WriteError::NoKeyUpdate) } else { Ok(()) };
        assert_eq!(update_keys(&mut ours, NotRequested), expected);
        peer.open(&drain(&mut ours));
        let told = peer.key_update(KEY_UPDATE_REQUEST);
        feed(&mut ours, &told);
        if of_theirs {
            assert_eq!(ours.error(), Some(Error::KeysExhausted.into()));
            let sent = peer.open(&drain(&mut ours));
            assert_eq!(sent.last(), Some(&(ALERT, vec![2, 80])));
        } else {
            talk(&mut ours, &mut peer);
        }
    }
}

/// Both endpoints are ours, without a handshake.
#[test]
fn tls_1_2_carries_data_and_closes_as_configured() {
    for suite in SUITES.into_iter().filter(|suite| suite.version() == Version::Tls12) {
        for tls12_close in [Tls12Close::HalfOpen, Tls12Close::Answer] {
            let mut ends =
                [(1, 2, Role::Client), (2, 1, Role::Server)].map(|(ours, theirs, role)| {
                    let key = |byte| vec![byte; suite.key_len()];
                    let write = WriteKeys::new(suite, &key(ours), [ours; 12], 1).unwrap();
                    let read = ReadKeys::new(suite, &key(theirs), [theirs; 12], 1).unwrap();
                    let mut config = ConnectionConfig::default();
                    config.tls12_close = tls12_close;
                    Connection::from_keys(write, read, role, config).unwrap()
                });
            let [client, server] = &mut ends;
            write(client, b"ping");
            client.close().unwrap();
            feed(server, &drain(client));
            assert_eq!(read_all(server), b"ping");
            server.process().unwrap();
            assert_eq!(server.reader_state(), ReaderState::PeerClosed);
            let is_open = server.writer_state() == WriterState::Open;
            assert_eq!(is_open, tls12_close == Tls12Close::HalfOpen, "{suite:?}");
            assert!(update_keys(server, NotRequested).is_err());
        }
    }
}

#[test]
fn a_connection_from_keys_is_rebuilt_from_its_secrets() {
    for (suite, role) in tls13() {
        let (mut ours, mut peer) = pair(suite, role);
        for moves in 0..3 {
            talk(&mut ours, &mut peer);
            let (parts, read) = ours.into_parts().unwrap();
            assert_eq!((parts.suite(), read.seq()), (suite, if moves == 0 { 1 } else { 2 }));
            ours =
                Connection::from_keys(parts.into_keys(), read, role, ConnectionConfig::default())
                    .unwrap();
            talk(&mut ours, &mut peer);
            update_keys(&mut ours, NotRequested).unwrap();
            peer.open(&drain(&mut ours));
            let told = peer.key_update(KEY_UPDATE);
            feed(&mut ours, &told);
            talk(&mut ours, &mut peer);
        }
    }
}

/// What rustls derives the next keys from stays with it.
#[test]
fn a_connection_of_rustls_moves_without_its_key_updates() {
    for suite in SUITES {
        for role in ROLES {
            let (mut ours, mut peer) = established(suite, role);
            assert_eq!(read_all(&mut ours), b"");
            let (parts, read) = ours.into_parts().unwrap();
            let keys = parts.into_keys();
            let mut ours =
                Connection::from_keys(keys, read, role, ConnectionConfig::default()).unwrap();
            write(&mut ours, b"moved");
            peer.feed(&drain(&mut ours)).unwrap();
            assert_eq!(peer.take_plaintext(), b"moved");
            feed(&mut ours, &peer.send(b"on"));
            assert_eq!(read_all(&mut ours), b"on");
            assert_eq!(update_keys(&mut ours, NotRequested), Err(WriteError::NoKeyUpdate));
        }
    }
}
