//! A reader without a connection.
#![expect(clippy::unwrap_used, reason = "tests")]

use wantwrite::*;
use wantwrite_testing::fuzzing::RecordForge;
use wantwrite_testing::raw_peer::{APPLICATION_DATA, HANDSHAKE};
use wantwrite_testing::verdict::{HELLO_REQUEST, ticket};
use wantwrite_testing::writer::*;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

/// A client's reader, and what seals records for it.
fn client(suite: CipherSuite, change: impl FnOnce(&mut ReaderConfig)) -> (Reader, RecordForge) {
    let mut config = ReaderConfig::default();
    change(&mut config);
    (Reader::new(keys(suite).1, Role::Client, config).unwrap(), forge(suite))
}

#[track_caller]
fn receive(reader: &mut Reader, wire: &[u8]) -> ReaderEvents {
    assert_eq!(reader.receive(wire), wire.len());
    reader.process().unwrap()
}

#[test]
fn tickets_are_counted_by_the_record() {
    let (mut reader, mut peer) = client(TLS13, |_| ());
    let both = [ticket(10), ticket(20)].concat();
    assert_eq!(receive(&mut reader, &peer.seal(HANDSHAKE, &both)).tickets, 2);
    assert_eq!(receive(&mut reader, &peer.seal(HANDSHAKE, &ticket(1))).tickets, 1);
    let events = receive(&mut reader, &peer.seal(APPLICATION_DATA, b"data"));
    assert_eq!(events, ReaderEvents::default());
}

#[test]
fn requests_to_renegotiate_are_counted() {
    let (mut reader, mut peer) = client(TLS12, |_| ());
    let events = receive(&mut reader, &peer.seal(HANDSHAKE, &HELLO_REQUEST));
    assert_eq!((events.renegotiation_requests, events.tickets), (1, 0));
}

#[test]
fn a_record_without_news_does_not_stop_processing() {
    let (mut reader, mut peer) = client(TLS13, |_| ());
    let wire = [peer.seal(APPLICATION_DATA, b""), peer.seal(APPLICATION_DATA, b"data")].concat();
    assert_eq!(receive(&mut reader, &wire), ReaderEvents::default());
    assert_eq!(reader.plaintext(), b"data");
}

#[test]
fn a_message_in_fragments_survives_shrink() {
    let (mut reader, mut peer) = client(TLS13, |_| ());
    let message = ticket(100);
    let (first, last) = message.split_at(10);
    assert_eq!(receive(&mut reader, &peer.seal(HANDSHAKE, first)).tickets, 0);
    reader.shrink();
    assert!(reader.memory_held() >= first.len());
    assert_eq!(receive(&mut reader, &peer.seal(HANDSHAKE, last)).tickets, 1);
    reader.shrink();
    assert_eq!(reader.memory_held(), 0);
}

#[test]
fn truncation_of_the_other_half_is_the_end_of_input() {
    let (mut reader, mut peer) = client(TLS13, |_| ());
    let wire = peer.seal(APPLICATION_DATA, b"data");
    assert_eq!(reader.receive(&wire), wire.len());
    reader.fail(Error::Truncated);
    assert_eq!((reader.state(), reader.error()), (ReaderState::Open, None));
    let _none = reader.process().unwrap();
    assert_eq!(reader.plaintext(), b"data");
    reader.consume_all();
    assert_eq!(reader.process(), Err(Error::Truncated));
    assert_eq!(reader.state(), ReaderState::Truncated);
}

#[test]
fn a_failure_of_the_other_half_wipes_what_was_not_opened() {
    for is_opened in [false, true] {
        let (mut reader, mut peer) = client(TLS13, |config| config.buffers = BufferPolicy::Release);
        let wire = peer.seal(APPLICATION_DATA, b"data").repeat(2);
        assert_eq!(reader.receive(&wire), wire.len());
        if is_opened {
            let _none = reader.process().unwrap();
        }
        reader.fail(Error::KeysExhausted);
        assert_eq!(reader.error().is_none(), is_opened);
        if is_opened {
            assert_eq!(reader.plaintext(), b"data");
            reader.consume_all();
        }
        assert_eq!(reader.error(), Some(Error::KeysExhausted));
        assert_eq!(reader.memory_held(), 0);
    }
}

/// In the smallest buffer, the rest of a record has room once what is in front of it is consumed,
/// however little that was. `wants_input` says whether bytes are accepted.
#[test]
fn the_record_at_the_front_has_room_in_the_smallest_buffer() {
    for len in [1, 200, 300, 1000, 8000, 16_000, MAX_FRAGMENT_LEN] {
        for step in [1, 4, 1000, usize::MAX] {
            let (mut reader, mut peer) = client(TLS13, |config| config.capacity = MAX_RECORD_LEN);
            let sent = vec![7; MAX_FRAGMENT_LEN];
            let records = [&sent[..len], &sent, &sent[..len], &sent, &sent];
            let wire = records.map(|record| peer.seal(APPLICATION_DATA, record)).concat();
            let (mut rest, mut read) = (&wire[..], 0);
            while !rest.is_empty() {
                let mut taken = 0;
                while reader.wants_input() && !rest.is_empty() {
                    let piece = reader.receive(&rest[..step.min(rest.len())]);
                    assert!(piece > 0, "{len}, {step}: it wants input and takes none");
                    rest = &rest[piece..];
                    taken += piece;
                }
                assert!(rest.is_empty() || reader.receive(rest) == 0);
                let _none = reader.process().unwrap();
                let opened = reader.plaintext().len();
                assert!(opened > 0 || taken > 0, "{len}, {step}: stuck");
                reader.consume_all();
                read += opened;
            }
            while reader.wants_process() {
                let _none = reader.process().unwrap();
                read += reader.plaintext().len();
                reader.consume_all();
            }
            assert_eq!(read, 3 * MAX_FRAGMENT_LEN + 2 * len, "{len}, {step}");
        }
    }
}
