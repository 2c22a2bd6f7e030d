//! When our writing half fails, reading still returns the plaintext that was opened before, then
//! ends.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Cursor, ErrorKind, Read, Write};

use bytes::Bytes;
use wantwrite::*;
use wantwrite_testing::raw_peer::*;
use wantwrite_testing::*;

const BOTH_VERSIONS: [CipherSuite; 2] =
    [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];

/// Causes a fault of the writing half alone.
fn fail_writing(ours: &mut Connection) {
    core::mem::forget(ours.writer_mut().seal_batch(&mut Bytes::from(pattern(40_000))).unwrap());
    assert_eq!(ours.writer_state(), WriterState::Failed);
}

#[test]
fn plaintext_that_was_opened_is_read_before_the_writers_fault() {
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let opened = ours.reader().records();
            let wire = [
                peer.seal(APPLICATION_DATA, b"opened before"),
                peer.seal(APPLICATION_DATA, b"not opened"),
            ]
            .concat();
            feed(&mut ours, &wire);
            assert_eq!(ours.plaintext(), b"opened before");
            fail_writing(&mut ours);
            let error = ConnectionError::from(Error::SealingAbandoned);
            assert_eq!(ours.error().as_ref(), Some(&error));
            for _ in 0..2 {
                assert_eq!(ours.process(), Ok(()), "{suite:?} {role:?}");
                assert_eq!(ours.plaintext(), b"opened before");
                assert_eq!(ours.reader_state(), ReaderState::Open);
                assert!(!ours.wants().input && ours.inbound().is_none());
            }
            ours.consume(7).unwrap();
            let mut buf = [0; 64];
            assert_eq!(ours.read(&mut buf), Ok(6));
            assert_eq!(&buf[..6], b"before");
            assert_eq!(ours.reader_state(), ReaderState::Failed);
            assert_eq!(ours.read(&mut buf).as_ref(), Err(&error));
            assert_eq!(ours.process().as_ref(), Err(&error));
            assert_eq!((ours.plaintext(), ours.reader().records()), (&b""[..], opened + 1));
        }
    }
}

#[test]
fn no_record_is_opened_after_the_writer_failed() {
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let opened = ours.reader().records();
            let wire = peer.seal(APPLICATION_DATA, b"held");
            assert_eq!(ours.receive(&wire), wire.len());
            fail_writing(&mut ours);
            let error = ConnectionError::from(Error::SealingAbandoned);
            assert_eq!(ours.process().as_ref(), Err(&error), "{suite:?} {role:?}");
            assert_eq!(ours.read(&mut [0; 64]).as_ref(), Err(&error));
            assert_eq!((ours.plaintext(), ours.reader().records()), (&b""[..], opened));
            assert_eq!(ours.reader_state(), ReaderState::Failed);
            let more = peer.seal(APPLICATION_DATA, b"ignored");
            assert_eq!(ours.receive(&more), more.len());
            assert_eq!(ours.process().as_ref(), Err(&error));
            assert_eq!((ours.plaintext(), ours.reader().records()), (&b""[..], opened));
        }
    }
}

#[test]
fn a_clean_end_that_was_read_stays_a_clean_end() {
    for suite in BOTH_VERSIONS {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Client);
        let wire = peer.seal(ALERT, &verdict::CLOSE_NOTIFY);
        feed(&mut ours, &wire);
        assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
        fail_writing(&mut ours);
        assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
        assert_eq!(ours.process(), Err(Error::SealingAbandoned.into()));
        assert_eq!(ours.reader_state(), ReaderState::PeerClosed, "all was received");
    }
}

#[test]
fn an_abort_by_the_caller_discards_unread_plaintext() {
    for suite in BOTH_VERSIONS {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Server);
        let wire = peer.seal(APPLICATION_DATA, b"unread");
        feed(&mut ours, &wire);
        assert_eq!(ours.plaintext(), b"unread");
        ours.abort(AlertDescription::INTERNAL_ERROR);
        assert_eq!(ours.plaintext(), b"");
        let error = Error::Aborted(AlertDescription::INTERNAL_ERROR).into();
        assert_eq!(ours.process(), Err(error));
        assert_eq!(ours.reader_state(), ReaderState::Failed);
    }
}

/// Records are opened one at a time, so the plaintext before a fault has been returned.
#[test]
fn a_peer_fault_is_reported_after_the_plaintext_before_it() {
    for suite in BOTH_VERSIONS {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Client);
        let mut wire = peer.seal(APPLICATION_DATA, b"before");
        wire.extend([APPLICATION_DATA, 3, 3, 0, 40]);
        wire.extend([0; 40]);
        feed(&mut ours, &wire);
        for _ in 0..2 {
            assert_eq!(ours.process(), Ok(()));
            assert_eq!((ours.plaintext(), ours.error()), (&b"before"[..], None));
        }
        assert_eq!(ours.read(&mut [0; 64]), Ok(6));
        assert_eq!(ours.process(), Err(Error::Peer(PeerFault::BadRecordMac).into()));
    }
}

#[test]
fn a_separate_reader_returns_what_it_opened_before_the_writer_failed() {
    for suite in BOTH_VERSIONS {
        let (mut writer, mut reader) = writer::writer_and_reader(suite, WriterConfig::default());
        for record in [&b"opened"[..], b"not opened"] {
            writer.write_atomic(record).unwrap();
            writer.flush().unwrap();
        }
        let wire = writer::drain_writer(&mut writer);
        assert_eq!(reader.receive(&wire), wire.len());
        let _events = reader.process().unwrap();
        reader.fail(Error::KeysExhausted);
        reader.fail(Error::SealingAbandoned);
        assert!(reader.process().is_ok());
        assert_eq!((reader.plaintext(), reader.state()), (&b"opened"[..], ReaderState::Open));
        assert!(!reader.wants_input() && !reader.wants_process());
        reader.consume(3).unwrap();
        assert_eq!(reader.plaintext(), b"ned");
        reader.consume(3).unwrap();
        assert_eq!(reader.process(), Err(Error::KeysExhausted), "the first fault");
        assert_eq!((reader.plaintext(), reader.records()), (&b""[..], 1));
        assert_eq!((reader.state(), reader.memory_held()), (ReaderState::Failed, 0));
    }
}

/// The adapters too return what was opened, then the fault.
#[test]
fn a_stream_returns_what_was_opened_before_the_writers_fault() {
    for suite in BOTH_VERSIONS {
        let (ours, mut peer) = RawPeer::established(suite, Role::Client);
        let wire = peer.seal(APPLICATION_DATA, b"opened before");
        let mut stream = Stream::new(ours, Cursor::new(wire));
        let mut buf = [0; 64];
        assert_eq!(stream.read(&mut buf[..7]).unwrap(), 7);
        fail_writing(stream.connection_mut());
        assert_eq!(stream.write(b"x").unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(stream.read(&mut buf).unwrap(), 6, "{suite:?}");
        assert_eq!(&buf[..6], b"before");
        assert_eq!(stream.read(&mut buf).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
