//! A peer that closes its half and waits for the answer: its `close_notify` precedes ours.
#![expect(clippy::unwrap_used, clippy::std_instead_of_alloc, reason = "tests")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use wantwrite::*;
use wantwrite_testing::raw_peer::*;
use wantwrite_testing::verdict::CLOSE_NOTIFY;
use wantwrite_testing::*;

const BOTH_VERSIONS: [CipherSuite; 2] =
    [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];

/// Longer than the outbound buffer, and than what the sockets accept in one go.
const ANSWER_LEN: usize = 1_000_000;

/// The request, followed by `close_notify`.
fn last_words(peer: &mut Peer) -> Vec<u8> {
    let mut wire = peer.send(b"request");
    peer.0.send_close_notify();
    wire.extend(peer.take_wire());
    wire
}

/// What `peer` reads of `wire`. It buffers no more than 16 KiB of unread data.
fn received_by(peer: &mut Peer, wire: &[u8]) -> Vec<u8> {
    let mut received = Vec::new();
    for part in wire.chunks(4096) {
        peer.feed(part).unwrap();
        received.extend(peer.take_plaintext());
    }
    received
}

#[test]
fn law_09_a_peer_that_half_closes_gets_the_whole_answer() {
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let (mut ours, mut peer) = established(suite, role);
            ours.writer_mut().write_atomic(b"early").unwrap();
            let wire = last_words(&mut peer);
            feed(&mut ours, &wire);
            assert_eq!(read_all(&mut ours), b"request");
            assert_eq!(ours.read(&mut [0; 8]), Ok(0));
            assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
            assert_eq!(ours.writer_state(), WriterState::Open, "{suite:?} {role:?}");

            let answer = pattern(ANSWER_LEN);
            let (mut sent, mut received) = (0, Vec::new());
            while sent < answer.len() {
                sent += ours.writer_mut().write(&answer[sent..]).unwrap();
                received.extend(received_by(&mut peer, &drain(&mut ours)));
            }
            ours.close().unwrap();
            received.extend(received_by(&mut peer, &drain(&mut ours)));
            assert!(received == [b"early", &answer[..]].concat(), "{suite:?} {role:?}");
            assert_eq!(peer.0.reader().read(&mut [0; 8]).unwrap(), 0, "a clean end");
        }
    }
}

/// Over sockets, like `socat` and `stunnel`: stock rustls also closes its half of the socket.
#[test]
fn a_client_that_half_closes_its_socket_gets_the_whole_answer_of_a_stream() {
    for suite in BOTH_VERSIONS {
        let identity = Identity::for_suite(suite);
        let server = Arc::new(server_config(suite, &identity));
        let client = Arc::new(client_config(suite, &identity));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = thread::spawn(move || {
            let mut socket = TcpStream::connect(address).unwrap();
            let mut tls = rustls::ClientConnection::new(client, server_name()).unwrap();
            tls.writer().write_all(b"request").unwrap();
            let mut tls = rustls::StreamOwned::new(tls, &mut socket);
            tls.flush().unwrap();
            tls.conn.send_close_notify();
            tls.flush().unwrap();
            tls.sock.shutdown(Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            // A missing `close_notify` is an error.
            tls.read_to_end(&mut answer).unwrap();
            answer
        });
        let (socket, _) = listener.accept().unwrap();
        let mut stream = Stream::new(Connection::server(server).unwrap(), socket);
        let mut request = Vec::new();
        stream.read_to_end(&mut request).unwrap();
        assert_eq!(request, b"request");
        stream.write_all(&pattern(ANSWER_LEN)).unwrap();
        stream.close().unwrap();
        stream.get_ref().shutdown(Shutdown::Write).unwrap();
        assert!(client.join().unwrap() == pattern(ANSWER_LEN), "{suite:?}");
    }
}

#[test]
fn close_notify_with_the_request_does_not_close_our_half() {
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let wire = [
                peer.seal(APPLICATION_DATA, b"request"),
                peer.seal(ALERT, &CLOSE_NOTIFY),
                peer.seal(APPLICATION_DATA, b"ignored"),
            ]
            .concat();
            feed(&mut ours, &wire);
            assert_eq!(ours.read(&mut [0; 64]), Ok(7));
            assert_eq!(ours.reader_state(), ReaderState::PeerClosed, "the same read reached it");
            assert_eq!(ours.writer_mut().write(b"answer"), Ok(6), "{suite:?} {role:?}");
            ours.close().unwrap();
            let expected = [(APPLICATION_DATA, b"answer".to_vec()), (ALERT, CLOSE_NOTIFY.to_vec())];
            assert_eq!(peer.open(&drain(&mut ours)), expected);
            assert_eq!((ours.writer_state(), ours.error()), (WriterState::Closed, None));
        }
    }
}

/// The literal rule of RFC 5246 §7.2.1 is a setting.
#[test]
fn the_setting_answers_close_notify_immediately_in_tls_1_2_only() {
    let mut config = ConnectionConfig::default();
    config.tls12_close = Tls12Close::Answer;
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established_with(suite, role, config.clone());
            ours.writer_mut().write_atomic(b"accepted").unwrap();
            let wire = [
                peer.seal(APPLICATION_DATA, b"request"),
                peer.seal(APPLICATION_DATA, b", all of it"),
                peer.seal(ALERT, &CLOSE_NOTIFY),
            ]
            .concat();
            feed(&mut ours, &wire);
            let mut buf = [0; 64];
            assert_eq!(ours.read(&mut buf), Ok(18));
            assert_eq!(&buf[..18], b"request, all of it");
            assert_eq!(
                ours.writer_mut().write(b", answered"),
                Ok(10),
                "not before the request could be answered"
            );
            assert_eq!(ours.read(&mut buf), Ok(0));
            assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
            let mut expected = vec![(APPLICATION_DATA, b"accepted, answered".to_vec())];
            if suite.version() == Version::Tls12 {
                assert_eq!(ours.writer_mut().write(b"x"), Err(WriteError::Closed));
                assert_eq!(ours.writer_state(), WriterState::Closing);
                expected.push((ALERT, CLOSE_NOTIFY.to_vec()));
            }
            assert_eq!(peer.open(&drain(&mut ours)), expected, "nothing accepted is lost");
            assert_eq!(ours.writer_mut().write(b"x").is_ok(), suite.version() == Version::Tls13);
        }
    }
}

/// A read does not process an empty record, because that would reach the `close_notify` after it.
#[test]
fn with_the_setting_a_read_stops_before_empty_records() {
    let mut config = ConnectionConfig::default();
    config.tls12_close = Tls12Close::Answer;
    for suite in SUITES {
        for role in ROLES {
            for empty in [1, 2, 30] {
                let (mut ours, mut peer) = RawPeer::established_with(suite, role, config.clone());
                let mut wire = peer.seal(APPLICATION_DATA, b"");
                wire.extend(peer.seal(APPLICATION_DATA, b"request"));
                for _ in 0..empty {
                    wire.extend(peer.seal(APPLICATION_DATA, b""));
                }
                wire.extend(peer.seal(ALERT, &CLOSE_NOTIFY));
                feed(&mut ours, &wire);
                let mut buf = [0; 64];
                assert_eq!(ours.read(&mut buf), Ok(7));
                assert_eq!(ours.writer_mut().write(b"answer"), Ok(6), "{suite:?} {role:?} {empty}");
                // This is what brings the caller back.
                assert_eq!(ours.wants().process, suite.version() == Version::Tls12);
                assert_eq!(ours.read(&mut buf), Ok(0));
                assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
                let mut expected = vec![(APPLICATION_DATA, b"answer".to_vec())];
                if suite.version() == Version::Tls12 {
                    assert_eq!(ours.writer_mut().write(b"x"), Err(WriteError::Closed));
                    expected.push((ALERT, CLOSE_NOTIFY.to_vec()));
                }
                assert_eq!(peer.open(&drain(&mut ours)), expected);
            }
        }
    }
}

/// One byte of content is enough for a read to continue.
#[test]
fn with_the_setting_a_read_continues_with_the_shortest_record() {
    let mut config = ConnectionConfig::default();
    config.tls12_close = Tls12Close::Answer;
    for &suite in CipherSuite::ALL {
        let (mut ours, mut peer) = RawPeer::established_with(suite, Role::Server, config.clone());
        let wire = [
            peer.seal(APPLICATION_DATA, b"request"),
            peer.seal(APPLICATION_DATA, b"."),
            peer.seal(APPLICATION_DATA, b""),
            peer.seal(APPLICATION_DATA, b"next"),
        ]
        .concat();
        feed(&mut ours, &wire);
        let mut buf = [0; 64];
        let is_tls12 = suite.version() == Version::Tls12;
        assert_eq!(ours.read(&mut buf), Ok(if is_tls12 { 8 } else { 12 }), "{suite:?}");
        assert_eq!(ours.read(&mut buf), Ok(if is_tls12 { 4 } else { 0 }), "{suite:?}");
    }
}
