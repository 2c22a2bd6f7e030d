//! The peer's fatal alert: we send nothing after it.

use std::io::{self, ErrorKind, Read, Write};

use bytes::{Buf, BytesMut};
use wantwrite::*;
use wantwrite_testing::raw_peer::*;
use wantwrite_testing::verdict::*;
use wantwrite_testing::*;

const BOTH_VERSIONS: [CipherSuite; 2] =
    [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];

const ALERT_FROM_PEER: [u8; 2] = [FATAL, AlertDescription::INTERNAL_ERROR.0];

/// Asserts that nothing is or can become pending, and that a loop over the levels ends.
#[track_caller]
fn assert_nothing_leaves(ours: &mut Connection) {
    assert_eq!(ours.wants(), Wants::default());
    assert_eq!(ours.writer_mut().drain().remaining(), 0);
    assert!(ours.writer_mut().drain().take_chunk(usize::MAX).is_none());
    assert_eq!(ours.writer().buffer_state(), BufferState::Empty);
    assert_eq!((ours.writer_state(), ours.writer().room()), (WriterState::Failed, 0));
    assert_eq!(ours.writer_mut().flush(), Err(WriteError::Failed { accepted: 0 }));
    assert_eq!(ours.close(), Err(WriteError::Failed { accepted: 0 }));
    ours.abort(AlertDescription::INTERNAL_ERROR);
    assert_eq!(ours.wants(), Wants::default(), "an alert is not answered with an alert");
}

#[test]
fn law_09_after_the_peers_fatal_alert_nothing_is_drained() {
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            ours.writer_mut().write_atomic(&pattern(50_000)).unwrap();
            ours.writer_mut().drain().advance(1000).unwrap();
            let drained = ours.writer().progress().drained;
            let wire = peer.seal(ALERT, &ALERT_FROM_PEER);
            feed(&mut ours, &wire);
            let error = Error::PeerAlert(AlertDescription::INTERNAL_ERROR);
            assert_failed(&mut ours, &error.into());
            assert_nothing_leaves(&mut ours);
            assert_eq!(ours.writer().progress().drained, drained);
        }
    }
}

#[test]
fn after_the_peers_fatal_alert_owned_memory_and_due_records_are_dropped_too() {
    for suite in BOTH_VERSIONS {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Server);
        ours.writer_mut().write_atomic(b"first").unwrap();
        let _in_place =
            ours.writer_mut().write_owned(&mut BytesMut::from(&pattern(20_000)[..])).unwrap();
        ours.writer_mut().write_atomic(b"in the current record").unwrap();
        let _due = ours.writer_mut().update_keys(KeyUpdateRequest::Requested);
        let wire = peer.seal(ALERT, &ALERT_FROM_PEER);
        feed(&mut ours, &wire);
        assert!(ours.error().is_some());
        assert_nothing_leaves(&mut ours);
    }
}

#[test]
fn after_the_peers_fatal_alert_our_close_notify_is_not_drained_either() {
    for suite in BOTH_VERSIONS {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Client);
        ours.writer_mut().write_and_close(&pattern(30_000)).unwrap();
        assert_eq!(ours.writer_state(), WriterState::Closing);
        let wire = peer.seal(ALERT, &ALERT_FROM_PEER);
        feed(&mut ours, &wire);
        assert_nothing_leaves(&mut ours);
    }
}

#[test]
fn a_chunk_put_back_after_the_peers_fatal_alert_is_dropped() {
    for suite in BOTH_VERSIONS {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Client);
        ours.writer_mut().write_atomic(&pattern(50_000)).unwrap();
        let mut first = ours.writer_mut().drain().take_chunk(10_000).unwrap();
        let second = ours.writer_mut().drain().take_chunk(20_000).unwrap();
        let sent = first.offset() + 4000;
        let wire = peer.seal(ALERT, &ALERT_FROM_PEER);
        feed(&mut ours, &wire);
        ours.writer_mut().put_back(second).unwrap();
        first.advance(4000);
        ours.writer_mut().put_back(first).unwrap();
        assert_nothing_leaves(&mut ours);
        assert_eq!(
            ours.writer().progress().drained,
            sent,
            "bytes that were not sent are not counted"
        );
    }
}

#[test]
fn dropped_memory_returns_to_the_pool() {
    let pool = Pool::new(8);
    let mut config = ConnectionConfig::default();
    config.writer.pool = Some(pool.clone());
    let suite = BOTH_VERSIONS[0];
    let (mut ours, mut peer) = RawPeer::established_with(suite, Role::Client, config);
    ours.writer_mut().write_atomic(&pattern(50_000)).unwrap();
    ours.writer_mut().flush().unwrap();
    let wire = peer.seal(ALERT, &ALERT_FROM_PEER);
    feed(&mut ours, &wire);
    assert_nothing_leaves(&mut ours);
    assert_eq!((ours.memory_held(), pool.len()), (0, 4));
}

#[test]
fn after_a_fatal_alert_in_the_handshake_nothing_is_drained() {
    let plaintext_alert = |level| [ALERT, 3, 3, 0, 2, level, 40];
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let (mut ours, mut peer) = pair(suite, role);
            if role == Role::Server {
                feed(&mut ours, &peer.take_wire());
            }
            let taken = ours.writer_mut().drain().take_chunk(10).unwrap();
            assert!(ours.wants().drain, "the flight is pending");
            feed(&mut ours, &plaintext_alert(FATAL));
            let alert = rustls::AlertDescription::HandshakeFailure;
            let error = ConnectionError::Handshake(rustls::Error::AlertReceived(alert));
            assert_failed(&mut ours, &error);
            ours.writer_mut().put_back(taken).unwrap();
            assert_nothing_leaves(&mut ours);
        }
    }
}

/// RFC 9846 §6: in TLS 1.3 an alert of any level ends the connection, and `close_notify` ends a
/// handshake too.
#[test]
fn after_an_alert_of_any_level_in_a_tls_1_3_handshake_nothing_is_drained() {
    for alert in [[WARNING, 40], [7, 40], CLOSE_NOTIFY] {
        let (mut ours, mut peer) = pair(BOTH_VERSIONS[0], Role::Server);
        feed(&mut ours, &peer.take_wire());
        assert!(ours.wants().drain, "the flight is pending");
        feed(&mut ours, &[&[ALERT, 3, 3, 0, 2][..], &alert].concat());
        let error = ours.error();
        assert!(
            matches!(error, Some(ConnectionError::Handshake(rustls::Error::AlertReceived(_)))),
            "{error:?}"
        );
        assert_nothing_leaves(&mut ours);
    }
}

/// RFC 5246 §7.2: an undefined level is a fault, and is answered with its alert.
#[test]
fn a_handshake_alert_of_unknown_level_is_answered() {
    let suite = BOTH_VERSIONS[1];
    let (mut ours, mut peer) = pair(suite, Role::Server);
    feed(&mut ours, &peer.take_wire());
    drain(&mut ours);
    feed(&mut ours, &[ALERT, 3, 3, 0, 2, 7, 40]);
    assert!(ours.error().is_some());
    let answer = [ALERT, 3, 3, 0, 2, FATAL, AlertDescription::ILLEGAL_PARAMETER.0];
    assert_eq!(drain(&mut ours), answer);
}

#[test]
fn a_separate_writer_is_told_of_the_peers_fatal_alert() {
    let alert = AlertDescription::BAD_RECORD_MAC;
    for suite in BOTH_VERSIONS {
        let ends: [fn(&mut Writer); 3] = [
            |_| {},
            |writer| writer.close().unwrap(),
            |writer| writer.abort(AlertDescription::INTERNAL_ERROR),
        ];
        for end in ends {
            let (mut writer, _) = writer::writer_and_reader(suite, WriterConfig::default());
            writer.write_atomic(&pattern(30_000)).unwrap();
            writer.flush().unwrap();
            end(&mut writer);
            assert!(writer.wants_drain());
            let chunk = writer.drain().take_chunk(100).unwrap();
            writer.fail(Error::PeerAlert(alert));
            writer.put_back(chunk).unwrap();
            assert!(!writer.wants_drain());
            assert_eq!((writer.drain().remaining(), writer.progress().drained), (0, 0));
            assert_eq!(writer.state(), WriterState::Failed);
            assert_eq!(writer.write(b"x"), Err(WriteError::Failed { accepted: 0 }));
        }
    }
}

#[test]
fn a_separate_writer_is_told_what_ended_its_reader() {
    for suite in BOTH_VERSIONS {
        let (mut writer, mut reader) = writer::writer_and_reader(suite, WriterConfig::default());
        writer.fail(Error::Truncated);
        assert_eq!((writer.state(), writer.error()), (WriterState::Open, None));
        let fault = Error::Peer(PeerFault::BadRecordMac);
        writer.fail(fault);
        writer.fail(Error::Truncated);
        assert_eq!((writer.state(), writer.error()), (WriterState::Failed, Some(fault)));
        let wire = writer::drain_writer(&mut writer);
        assert_eq!(reader.receive(&wire), wire.len());
        let alert = Error::PeerAlert(AlertDescription::BAD_RECORD_MAC);
        assert_eq!(reader.process(), Err(alert));
        assert_eq!((reader.state(), reader.error()), (ReaderState::Failed, Some(alert)));
    }
}

#[test]
fn a_truncated_connection_still_drains_pending_bytes() {
    for suite in BOTH_VERSIONS {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Client);
        ours.writer_mut().write_atomic(b"held").unwrap();
        ours.end_of_input();
        assert_eq!(ours.process(), Err(Error::Truncated.into()));
        let expected = [(APPLICATION_DATA, b"held".to_vec())];
        assert_eq!(peer.open(&drain(&mut ours)), expected);
    }
}

/// A transport that accepts nothing, and returns what it holds.
struct Full(Vec<u8>);

impl Read for Full {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let n = (&self.0[..]).read(buf)?;
        self.0.drain(..n);
        Ok(n)
    }
}

impl Write for Full {
    fn write(&mut self, _buf: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The transport no longer accepts anything, and would block forever.
#[test]
fn a_stream_does_not_wait_for_room_after_the_peers_fatal_alert() {
    for suite in BOTH_VERSIONS {
        let (ours, mut peer) = RawPeer::established(suite, Role::Server);
        let mut stream = Stream::new(ours, Full(Vec::new()));
        assert_eq!(stream.write(&pattern(50_000)).unwrap(), 50_000);
        assert_eq!(stream.flush().unwrap_err().kind(), ErrorKind::WouldBlock);
        stream.get_mut().0 = peer.seal(ALERT, &ALERT_FROM_PEER);
        let mut buf = [0; 8];
        assert_eq!(stream.read(&mut buf).unwrap_err().kind(), ErrorKind::ConnectionAborted);
        assert_eq!(stream.write(b"x").unwrap_err().kind(), ErrorKind::ConnectionAborted);
        assert_eq!(stream.flush().unwrap_err().kind(), ErrorKind::ConnectionAborted);
        assert_eq!(stream.close().unwrap_err().kind(), ErrorKind::ConnectionAborted);
    }
}
