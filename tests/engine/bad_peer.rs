//! A peer that has the keys and breaks the rules, or goes up to their limits.
use std::io::{self, ErrorKind, Read, Write};

use wantwrite::*;
use wantwrite_testing::raw_peer::*;
use wantwrite_testing::verdict::*;
use wantwrite_testing::*;

const TLS13_SUITES: [CipherSuite; 3] =
    [TLS13, CipherSuite::TLS_AES_256_GCM_SHA384, CipherSuite::TLS_CHACHA20_POLY1305_SHA256];
const TLS12_SUITES: [CipherSuite; 2] =
    [TLS12, CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256];
const BOTH_VERSIONS: [CipherSuite; 2] = [TLS13, TLS12];
const ALL: [CipherSuite; 5] =
    [TLS13_SUITES[0], TLS13_SUITES[1], TLS13_SUITES[2], TLS12_SUITES[0], TLS12_SUITES[1]];

const MAX: usize = MAX_FRAGMENT_LEN;

/// Asserts that the output of `make` fails the connection with `fault`, and that the fault's alert
/// is the last record we send.
#[track_caller]
fn assert_fault(
    suites: &[CipherSuite],
    roles: &[Role],
    fault: PeerFault,
    make: impl Fn(&mut RawPeer) -> Vec<u8>,
) {
    for &suite in suites {
        for &role in roles {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let wire = make(&mut peer);
            assert_ends_with(&mut ours, &mut peer, &wire, fault);
        }
    }
}

fn repeat(n: usize, mut make: impl FnMut() -> Vec<u8>) -> Vec<u8> {
    (0..n).flat_map(|_| make()).collect()
}

#[test]
fn a_record_with_any_byte_altered_is_bad_record_mac() {
    for suite in ALL {
        let (_, mut peer) = RawPeer::established(suite, Role::Client);
        let len = peer.seal(APPLICATION_DATA, b"hello").len();
        // Only TLS 1.3 authenticates the minor version.
        let from = match suite.version() {
            Version::Tls13 => HEADER_LEN - 3,
            Version::Tls12 => HEADER_LEN,
        };
        for at in (from..len).filter(|at| !(3..HEADER_LEN).contains(at)) {
            assert_fault(&[suite], &[ROLES[at % 2]], PeerFault::BadRecordMac, |peer| {
                let mut wire = peer.seal(APPLICATION_DATA, b"hello");
                wire[at] ^= 1 << (at % 8);
                wire
            });
        }
    }
}

#[test]
fn a_header_is_refused_at_its_first_invalid_byte() {
    for (suites, wire, fault) in [
        (&ALL[..], &[24][..], PeerFault::UnexpectedContentType),
        (&ALL, &[23, 4], PeerFault::BadRecordVersion),
        (&ALL, &[23, 3, 3, 0x41], PeerFault::RecordOverflow),
        (&TLS13_SUITES, &[22], PeerFault::UnexpectedContentType),
        (&TLS12_SUITES, &[23, 3, 4], PeerFault::BadRecordVersion),
    ] {
        assert_fault(suites, &ROLES, fault, |_| wire.to_vec());
        for suite in suites {
            let (mut ours, _) = RawPeer::established(*suite, Role::Client);
            feed(&mut ours, &wire[..wire.len() - 1]);
            assert_eq!(ours.error(), None, "{suite:?} {wire:x?}");
        }
    }
}

#[test]
fn content_of_2_14_bytes_and_padding_to_that_length_are_read() {
    for suite in ALL {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let wire = peer.seal(APPLICATION_DATA, &pattern(MAX));
            feed(&mut ours, &wire);
            assert_eq!(read_all(&mut ours), pattern(MAX), "{suite:?}");
            assert_alive(&mut ours, &mut peer);
        }
    }
    for role in ROLES {
        let (mut ours, mut peer) = RawPeer::established(TLS13, role);
        let mut inner = b"hello\x17".to_vec();
        inner.resize(MAX + 1, 0);
        let wire = peer.seal_inner(APPLICATION_DATA, &inner);
        feed(&mut ours, &wire);
        assert_eq!(read_all(&mut ours), b"hello");
        assert_alive(&mut ours, &mut peer);
    }
}

#[test]
fn a_fatal_alert_ends_both_halves_and_is_not_answered() {
    let cases = [
        (TLS13, FATAL, 40),
        (TLS13, WARNING, 40),
        (TLS13, FATAL, 200),
        (TLS12, FATAL, 40),
        (TLS12, FATAL, 90),
    ];
    for (suite, level, description) in cases {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            ours.writer_mut().write_atomic(b"sealed before").unwrap();
            ours.writer_mut().flush().unwrap();
            ours.writer_mut().write_atomic(b"in the current record").unwrap();
            let wire = peer.seal(ALERT, &[level, description]);
            feed(&mut ours, &wire);
            let error = Error::PeerAlert(AlertDescription(description));
            assert_failed(&mut ours, &error.into());
            assert!(!ours.wants().drain, "{suite:?} {role:?}");
            assert_eq!(drain(&mut ours), b"");
        }
    }
}

#[test]
fn a_key_update_in_fragments_or_after_a_ticket_is_followed() {
    for suite in TLS13_SUITES {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            for split in 1..5 {
                let (start, end) = KEY_UPDATE_REQUEST.split_at(split);
                let wire = [peer.seal(HANDSHAKE, start), peer.seal(HANDSHAKE, end)].concat();
                peer.update_write_key();
                feed(&mut ours, &wire);
                assert_alive(&mut ours, &mut peer);
            }
            let wire: Vec<u8> =
                KEY_UPDATE.iter().flat_map(|&byte| peer.seal(HANDSHAKE, &[byte])).collect();
            peer.update_write_key();
            feed(&mut ours, &wire);
            assert_alive(&mut ours, &mut peer);
            assert_eq!(ours.writer().progress().key_updates, 4);
        }
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Client);
        let wire = peer.seal(HANDSHAKE, &[&ticket(32)[..], &KEY_UPDATE].concat());
        peer.update_write_key();
        feed(&mut ours, &wire);
        assert_alive(&mut ours, &mut peer);
    }
}

#[test]
fn a_ticket_in_one_byte_fragments_or_many_records_is_accepted() {
    let (mut ours, mut peer) = RawPeer::established(TLS13, Role::Client);
    let wire: Vec<u8> = ticket(200).chunks(1).flat_map(|byte| peer.seal(HANDSHAKE, byte)).collect();
    feed(&mut ours, &wire);
    assert_alive(&mut ours, &mut peer);
    let wire: Vec<u8> =
        ticket(60_000).chunks(MAX).flat_map(|fragment| peer.seal(HANDSHAKE, fragment)).collect();
    feed(&mut ours, &wire);
    assert_alive(&mut ours, &mut peer);
}

#[test]
fn a_renegotiation_request_is_refused_once_and_the_second_without_data_is_fatal() {
    assert_eq!(
        PeerFault::TooManyRenegotiationRequests.alert(),
        AlertDescription::HANDSHAKE_FAILURE
    );
    let refusal = (ALERT, vec![WARNING, 100]);
    for suite in TLS12_SUITES {
        for (role, request) in [
            (Role::Client, &HELLO_REQUEST[..]),
            (Role::Server, &CLIENT_HELLO),
            (Role::Server, &[1, 0, 0, 3, 3, 3, 0]),
        ] {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            for _ in 0..3 {
                let wire = peer.seal(HANDSHAKE, request);
                feed(&mut ours, &wire);
                assert!(ours.wants().drain);
                assert_eq!(peer.open(&drain(&mut ours)), core::slice::from_ref(&refusal));
                assert_alive(&mut ours, &mut peer);
            }
            ours.writer_mut().write_atomic(b"in the current record").unwrap();
            let wire = peer.seal(HANDSHAKE, request);
            feed(&mut ours, &wire);
            let records = peer.open(&drain(&mut ours));
            let open = (APPLICATION_DATA, b"in the current record".to_vec());
            assert_eq!(records, [refusal.clone(), open]);
            // The record that we sealed counts as data too. No data follows the next request.
            let wire = repeat(2, || peer.seal(HANDSHAKE, request));
            feed(&mut ours, &wire);
            let fault = PeerFault::TooManyRenegotiationRequests;
            assert_failed_after_feed(&mut ours, &mut peer, fault);
        }
    }
}

#[test]
fn a_renegotiation_request_right_after_the_last_flight_gets_a_warning() {
    for suite in TLS12_SUITES {
        for step in [1, usize::MAX] {
            let (mut ours, mut wire, mut peer) = RawPeer::finished_and(suite, b"");
            wire.extend(peer.seal(HANDSHAKE, &HELLO_REQUEST));
            wire.extend(peer.seal(APPLICATION_DATA, b"behind"));
            for piece in wire.chunks(step) {
                feed(&mut ours, piece);
            }
            assert_eq!(read_all(&mut ours), b"behind");
            let refusal = (ALERT, vec![WARNING, 100]);
            let records = peer.open(&drain(&mut ours));
            assert_eq!(records, core::slice::from_ref(&refusal));
            assert_alive(&mut ours, &mut peer);
        }
    }
}

#[test]
fn a_handshake_message_after_finished_in_the_same_record_is_refused() {
    for split in 1..=4 {
        let (start, end) = HELLO_REQUEST.split_at(split);
        let (mut ours, mut wire, mut peer) = RawPeer::finished_and(TLS12, start);
        wire.extend(peer.seal(HANDSHAKE, end));
        wire.extend(peer.seal(APPLICATION_DATA, b"behind"));
        feed(&mut ours, &wire);
        let fault = rustls::PeerMisbehaved::KeyEpochWithPendingFragment.into();
        assert_eq!(ours.error(), Some(ConnectionError::Handshake(fault)));
        assert_eq!(read_all(&mut ours), b"");
        assert_eq!(ours.writer_state(), WriterState::Failed);
        assert!(ours.wants().drain, "an alert is pending");
    }
}

#[test]
fn bytes_after_close_notify_are_ignored_and_the_end_is_clean() {
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let behind = [
                peer.seal(APPLICATION_DATA, b"before"),
                peer.seal(ALERT, &CLOSE_NOTIFY),
                peer.seal(APPLICATION_DATA, b"after"),
                b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            ]
            .concat();
            feed(&mut ours, &behind);
            assert_eq!(read_all(&mut ours), b"before");
            assert_eq!(ours.process(), Ok(()));
            assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
            assert!(!ours.wants().input);
            assert_eq!(ours.receive(&[0; 100]), 100);
            ours.end_of_input();
            assert_eq!(ours.process(), Ok(()));
            assert_eq!(ours.read(&mut [0; 8]), Ok(0));
            assert_eq!(ours.error(), None);
            let close_notify = (ALERT, CLOSE_NOTIFY.to_vec());
            ours.writer_mut().write_atomic(b"our half is open").unwrap();
            let data = (APPLICATION_DATA, b"our half is open".to_vec());
            ours.close().unwrap();
            assert_eq!(peer.open(&drain(&mut ours)), [data, close_notify]);
            assert_eq!(ours.writer_state(), WriterState::Closed);
        }
    }
}

#[test]
fn bytes_after_close_notify_are_not_kept() {
    for suite in [TLS13, TLS12_SUITES[0]] {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Client);
        let end = peer.seal(ALERT, &CLOSE_NOTIFY);
        let wire = [end, peer.seal(APPLICATION_DATA, b"more"), vec![0; 1000]].concat();
        assert_eq!(ours.receive(&wire), wire.len());
        ours.process().unwrap();
        assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
        drain(&mut ours);
        // `shrink` frees the memory of empty buffers.
        ours.shrink();
        assert_eq!(ours.memory_held(), 0, "{suite:?}");
    }
}

#[test]
fn an_end_of_input_without_close_notify_is_a_truncation_and_writing_continues() {
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            for cut in [0, 1, 4, 5, 6, 20] {
                let (mut ours, mut peer) = RawPeer::established(suite, role);
                let wire = peer.seal(APPLICATION_DATA, b"whole");
                feed(&mut ours, &wire);
                let wire = peer.seal(APPLICATION_DATA, b"cut");
                feed(&mut ours, &wire[..cut]);
                ours.end_of_input();
                let mut whole = [0; 9];
                assert_eq!(ours.read(&mut whole), Ok(5));
                assert_eq!(&whole[..5], b"whole");
                assert_eq!(ours.process(), Err(Error::Truncated.into()));
                assert_eq!(ours.process(), Ok(()), "reported once");
                assert_eq!(ours.error(), None, "no fault");
                assert!(!ours.wants().process);
                for _ in 0..2 {
                    assert_eq!(ours.read(&mut [0; 9]), Err(Error::Truncated.into()), "never 0");
                }
                assert_eq!(ours.reader_state(), ReaderState::Truncated);
                assert!(!ours.wants().input);
                assert_eq!(ours.writer_state(), WriterState::Open);
                ours.writer_mut().write_atomic(b"still").unwrap();
                ours.close().unwrap();
                let records = peer.open(&drain(&mut ours));
                let data = (APPLICATION_DATA, b"still".to_vec());
                assert_eq!(records, [data, (ALERT, CLOSE_NOTIFY.to_vec())]);
            }
        }
    }
}

#[test]
fn many_key_update_requests_get_one_answer_before_the_next_application_record() {
    for suite in TLS13_SUITES {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let wire = repeat(5, || {
                [peer.key_update(KEY_UPDATE_REQUEST), peer.seal(APPLICATION_DATA, b"x")].concat()
            });
            feed(&mut ours, &wire);
            assert_eq!(read_all(&mut ours), b"xxxxx");
            assert!(ours.wants().drain);
            ours.writer_mut().write_atomic(b"hello").unwrap();
            let records = peer.open(&drain(&mut ours));
            let answer = (HANDSHAKE, KEY_UPDATE.to_vec());
            let data = (APPLICATION_DATA, b"hello".to_vec());
            assert_eq!(records, [answer, data]);
            assert_eq!(ours.writer().progress().key_updates, 1);
            assert_alive(&mut ours, &mut peer);
        }
    }
}

#[test]
fn an_answer_is_sent_without_a_write() {
    for role in ROLES {
        let (mut ours, mut peer) = RawPeer::established(TLS13, role);
        let wire = peer.key_update(KEY_UPDATE);
        feed(&mut ours, &wire);
        assert!(!ours.wants().drain, "no answer was requested");
        let wire = peer.key_update(KEY_UPDATE_REQUEST);
        feed(&mut ours, &wire);
        assert!(ours.wants().drain);
        let records = peer.open(&drain(&mut ours));
        assert_eq!(records, [(HANDSHAKE, KEY_UPDATE.to_vec())]);
        assert_alive(&mut ours, &mut peer);
    }
}

#[test]
fn a_current_record_is_sealed_under_the_new_key_after_the_answer() {
    for suite in TLS13_SUITES {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            ours.writer_mut().write_atomic(b"sealed").unwrap();
            ours.writer_mut().flush().unwrap();
            ours.writer_mut().write_atomic(b"op").unwrap();
            let wire = peer.key_update(KEY_UPDATE_REQUEST);
            feed(&mut ours, &wire);
            ours.writer_mut().write_atomic(b"en").unwrap();
            let records = peer.open(&drain(&mut ours));
            let expected = [
                (APPLICATION_DATA, b"sealed".to_vec()),
                (HANDSHAKE, KEY_UPDATE.to_vec()),
                (APPLICATION_DATA, b"open".to_vec()),
            ];
            assert_eq!(records, expected);
            assert_alive(&mut ours, &mut peer);
        }
    }
}

#[test]
fn an_almost_full_current_record_keeps_its_content_after_the_answer() {
    for suite in TLS13_SUITES {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Server);
        let content = pattern(MAX - 1);
        ours.writer_mut().write_atomic(&content).unwrap();
        let wire = peer.key_update(KEY_UPDATE_REQUEST);
        feed(&mut ours, &wire);
        let room = ours.writer().room();
        let rest = vec![0x55; room];
        ours.writer_mut().write_atomic(&rest).unwrap();
        let records = peer.open(&drain(&mut ours));
        assert_eq!(records[0], (HANDSHAKE, KEY_UPDATE.to_vec()));
        let data: Vec<u8> = records[1..]
            .iter()
            .flat_map(|(content_type, content)| {
                assert_eq!(*content_type, APPLICATION_DATA);
                content.clone()
            })
            .collect();
        assert!(data == [content, rest].concat());
        assert_alive(&mut ours, &mut peer);
    }
}

#[test]
fn an_answer_follows_a_full_buffer_and_precedes_the_next_application_record() {
    for role in ROLES {
        let mut config = ConnectionConfig::default();
        config.writer.capacity = MAX;
        let (mut ours, mut peer) = RawPeer::established_with(TLS13, role, config);
        let room = ours.writer().room();
        assert_eq!(ours.writer_mut().write(&pattern(room + 1)), Ok(room));
        assert_eq!(ours.writer().buffer_state(), BufferState::Full);
        let wire = peer.key_update(KEY_UPDATE_REQUEST);
        feed(&mut ours, &wire);
        assert_eq!(ours.writer_mut().write(b"x"), Ok(0));
        ours.writer_mut().flush().unwrap();
        let mut wire = Vec::new();
        let mut written = 0;
        while ours.wants().drain {
            let mut drain = ours.writer_mut().drain();
            let n = drain.chunk().len().min(1000);
            wire.extend_from_slice(&drain.chunk()[..n]);
            drain.advance(n).unwrap();
            if written < 3 {
                written += ours.writer_mut().write(&b"xyz"[written..]).unwrap();
            }
        }
        let records = peer.open(&wire);
        let answer_at =
            records.iter().position(|record| *record == (HANDSHAKE, KEY_UPDATE.to_vec())).unwrap();
        let (before, after) = records.split_at(answer_at);
        let len = |records: &[(u8, Vec<u8>)]| records.iter().map(|(_, c)| c.len()).sum::<usize>();
        assert_eq!(len(before), room);
        assert_eq!(len(&after[1..]), 3);
        assert_alive(&mut ours, &mut peer);
    }
}

#[test]
fn crossing_updates_move_each_side_by_two_generations() {
    for suite in TLS13_SUITES {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
            let to_peer = drain(&mut ours);
            let to_us = peer.key_update(KEY_UPDATE_REQUEST);
            feed(&mut ours, &to_us);
            let records = peer.open(&to_peer);
            assert_eq!(records, [(HANDSHAKE, KEY_UPDATE_REQUEST.to_vec())]);
            let records = peer.open(&drain(&mut ours));
            assert_eq!(records, [(HANDSHAKE, KEY_UPDATE.to_vec())]);
            // The peer's answer to our request.
            let to_us = peer.key_update(KEY_UPDATE);
            feed(&mut ours, &to_us);
            assert!(!ours.wants().drain);
            assert_eq!(ours.writer().progress().key_updates, 2);
            assert_alive(&mut ours, &mut peer);
        }
    }
}

#[test]
fn a_key_update_request_does_not_answer_ours() {
    for suite in TLS13_SUITES {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
            peer.open(&drain(&mut ours));
            let wire = peer.key_update(KEY_UPDATE_REQUEST);
            feed(&mut ours, &wire);
            peer.open(&drain(&mut ours));
            // The answer to our request is on its way.
            let mut ours = ours.into_parts().expect_err("the peer owes a KeyUpdate");
            ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
            let records = peer.open(&drain(&mut ours));
            assert_eq!(records, [(HANDSHAKE, KEY_UPDATE.to_vec())], "one request outstanding");
            let wire = peer.key_update(KEY_UPDATE);
            feed(&mut ours, &wire);
            assert_alive(&mut ours, &mut peer);
            assert!(ours.into_parts().is_ok());
        }
    }
}

#[test]
fn at_most_one_of_our_requests_is_outstanding() {
    let (mut ours, mut peer) = RawPeer::established(TLS13, Role::Client);
    for expected in [KEY_UPDATE_REQUEST, KEY_UPDATE, KEY_UPDATE] {
        ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
        let records = peer.open(&drain(&mut ours));
        assert_eq!(records, [(HANDSHAKE, expected.to_vec())]);
    }
    let wire = peer.key_update(KEY_UPDATE);
    feed(&mut ours, &wire);
    ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
    let records = peer.open(&drain(&mut ours));
    assert_eq!(records, [(HANDSHAKE, KEY_UPDATE_REQUEST.to_vec())]);
    assert_alive(&mut ours, &mut peer);
}

#[test]
fn a_key_update_request_after_our_close_is_followed_but_not_answered() {
    for role in ROLES {
        let (mut ours, mut peer) = RawPeer::established(TLS13, role);
        ours.close().unwrap();
        let records = peer.open(&drain(&mut ours));
        assert_eq!(records, [(ALERT, CLOSE_NOTIFY.to_vec())]);
        let wire =
            [peer.key_update(KEY_UPDATE_REQUEST), peer.seal(APPLICATION_DATA, b"late")].concat();
        feed(&mut ours, &wire);
        assert_eq!(read_all(&mut ours), b"late");
        assert!(!ours.wants().drain);
        assert_eq!(ours.writer_state(), WriterState::Closed);
    }
}

#[test]
fn a_fault_after_our_close_is_an_error_without_an_alert() {
    for suite in BOTH_VERSIONS {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Client);
        ours.close().unwrap();
        drain(&mut ours);
        let wire = peer.seal(ALERT, b"");
        feed(&mut ours, &wire);
        assert_failed(&mut ours, &Error::Peer(PeerFault::EmptyFragment).into());
        assert!(!ours.wants().drain);
    }
}

#[test]
fn faults_are_the_same_if_bytes_arrive_one_at_a_time() {
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let mut wire = peer.seal(APPLICATION_DATA, b"");
            wire.extend(peer.seal(ALERT, &[WARNING, 90]));
            wire.extend(peer.seal(HANDSHAKE, &[20, 0, 0, 0]));
            for (i, byte) in wire.iter().enumerate() {
                assert_eq!(ours.process(), Ok(()), "{i}");
                assert_eq!(ours.receive(&[*byte]), 1);
            }
            let fault = PeerFault::UnexpectedHandshakeMessage;
            assert_failed_after_feed(&mut ours, &mut peer, fault);
        }
    }
}

#[test]
fn plaintext_before_a_fault_in_the_same_input_is_read_first() {
    for suite in BOTH_VERSIONS {
        let (mut ours, mut peer) = RawPeer::established(suite, Role::Server);
        let wire =
            [peer.seal(APPLICATION_DATA, b"good"), peer.seal(HANDSHAKE, &[20, 0, 0, 0])].concat();
        feed(&mut ours, &wire);
        assert_eq!(ours.read(&mut [0; 64]), Ok(4));
        let fault = PeerFault::UnexpectedHandshakeMessage;
        assert_failed_after_feed(&mut ours, &mut peer, fault);
    }
}

/// `read` returns what precedes the end, and leaves the report to `process`.
#[test]
fn a_read_does_not_swallow_the_report_of_a_truncation() {
    for suite in ALL {
        for role in ROLES {
            for (cut, empty) in [(0, 0), (0, 1), (3, 1), (10, 2)] {
                let (mut ours, mut peer) = RawPeer::established(suite, role);
                let wire = truncated(&mut peer, cut, empty);
                assert_eq!(ours.receive(&wire), wire.len());
                ours.end_of_input();
                assert_eq!(ours.read(&mut [0; 64]), Ok(4), "{suite:?} {cut} {empty}");
                assert!(ours.wants().process);
                assert_eq!((ours.reader_state(), ours.error()), (ReaderState::Open, None));
                assert_eq!(ours.process(), Err(Error::Truncated.into()), "{suite:?} {cut} {empty}");
                assert_eq!(ours.process(), Ok(()), "once");
                assert_eq!(ours.reader_state(), ReaderState::Truncated);
                assert!(!ours.wants().process);
                assert_eq!(ours.read(&mut [0; 64]), Err(Error::Truncated.into()));
                assert_eq!(ours.writer_mut().write(b"still open"), Ok(10));

                let (ours, mut peer) = RawPeer::established(suite, role);
                let wire = truncated(&mut peer, cut, empty);
                let mut stream = Stream::new(ours, Input(&wire));
                assert_eq!(stream.read(&mut [0; 64]).unwrap(), 4);
                for _ in 0..2 {
                    let error = stream.read(&mut [0; 64]).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{suite:?} {cut} {empty}");
                }
            }
        }
    }
}

/// Data, empty records, and the start of a record that never ends.
fn truncated(peer: &mut RawPeer, cut: usize, empty: usize) -> Vec<u8> {
    let mut wire = peer.seal(APPLICATION_DATA, b"data");
    wire.extend(repeat(empty, || peer.seal(APPLICATION_DATA, b"")));
    wire.extend(&peer.seal(APPLICATION_DATA, b"cut")[..cut]);
    wire
}

/// A transport that delivers these bytes, then ends, and takes everything.
struct Input<'a>(&'a [u8]);

impl Read for Input<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Input<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
