//! A peer that sends records without data: what it is allowed, and where the limit is.

use wantwrite::*;
use wantwrite_testing::raw_peer::*;
use wantwrite_testing::verdict::*;
use wantwrite_testing::*;

const TLS13_SUITES: [CipherSuite; 3] =
    [TLS13, CipherSuite::TLS_AES_256_GCM_SHA384, CipherSuite::TLS_CHACHA20_POLY1305_SHA256];
const BOTH_VERSIONS: [CipherSuite; 2] = [TLS13, TLS12];

fn repeat(n: usize, mut make: impl FnMut() -> Vec<u8>) -> Vec<u8> {
    (0..n).flat_map(|_| make()).collect()
}

#[test]
fn law_10_warnings_are_ignored_up_to_32_in_a_row() {
    assert_eq!(PeerFault::TooManyWarnings.alert(), AlertDescription::UNEXPECTED_MESSAGE);
    for (suite, alert) in [
        (TLS13, [WARNING, 90]),
        (TLS13, [FATAL, 90]),
        (TLS12, [WARNING, 90]),
        (TLS12, [WARNING, 41]),
        (TLS12, [WARNING, 100]),
    ] {
        limit_of_32(suite, PeerFault::TooManyWarnings, |peer| peer.seal(ALERT, &alert));
    }
}

#[test]
fn law_10_empty_records_are_ignored_up_to_32_in_a_row() {
    for suite in BOTH_VERSIONS {
        limit_of_32(suite, PeerFault::TooManyEmptyRecords, |peer| peer.seal(APPLICATION_DATA, b""));
    }
    limit_of_32(TLS13, PeerFault::TooManyEmptyRecords, |peer| {
        peer.seal_inner(APPLICATION_DATA, &[APPLICATION_DATA, 0, 0, 0])
    });
}

#[test]
fn law_10_key_updates_are_followed_up_to_32_in_a_row() {
    for suite in TLS13_SUITES {
        for message in [KEY_UPDATE, KEY_UPDATE_REQUEST] {
            limit_of_32(suite, PeerFault::TooManyKeyUpdates, |peer| peer.key_update(message));
        }
    }
}

/// Asserts that 32 without data are legal, and that the 33rd is `fault`.
#[track_caller]
fn limit_of_32(suite: CipherSuite, fault: PeerFault, make: impl Fn(&mut RawPeer) -> Vec<u8>) {
    for role in ROLES {
        for count in [31, 32] {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let wire = repeat(count, || make(&mut peer));
            feed(&mut ours, &wire);
            assert_alive(&mut ours, &mut peer);
        }
        let (mut ours, mut peer) = RawPeer::established(suite, role);
        let wire = repeat(33, || make(&mut peer));
        feed(&mut ours, &wire);
        assert_failed_after_feed(&mut ours, &mut peer, fault);
    }
}

/// A KeyUpdate costs as much credit as eight one-byte records return.
#[test]
fn law_10_one_byte_of_data_does_not_restore_all_credit() {
    for suite in TLS13_SUITES {
        for role in ROLES {
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let wire = repeat(32, || peer.key_update(KEY_UPDATE));
            feed(&mut ours, &wire);
            for _ in 0..10 {
                let wire = repeat(8, || peer.seal(APPLICATION_DATA, b"x"));
                feed(&mut ours, &wire);
                assert_eq!(read_all(&mut ours), b"xxxxxxxx");
                let wire = peer.key_update(KEY_UPDATE);
                feed(&mut ours, &wire);
            }
            let wire = repeat(7, || peer.seal(APPLICATION_DATA, b"x"));
            feed(&mut ours, &wire);
            assert_eq!(read_all(&mut ours), b"xxxxxxx");
            let wire = peer.key_update(KEY_UPDATE);
            feed(&mut ours, &wire);
            assert_failed(&mut ours, &Error::Peer(PeerFault::TooManyKeyUpdates).into());
        }
    }
}

/// Like Java: a reader that has reached its key limit asks after every record until our answer
/// arrives.
#[test]
fn law_10_a_peer_that_only_reads_can_request_an_update_per_sealed_record() {
    const RECORDS: usize = 2_000;
    for suite in TLS13_SUITES {
        for role in ROLES {
            for over in [0, 1] {
                let (mut ours, mut peer) = RawPeer::established(suite, role);
                let mut in_flight = Vec::new();
                for _ in 0..RECORDS {
                    ours.writer_mut().write_atomic(b"a record").unwrap();
                    in_flight.extend(drain(&mut ours));
                }
                assert_eq!(peer.open(&in_flight).len(), RECORDS);
                let wire = repeat(RECORDS + 32, || peer.key_update(KEY_UPDATE_REQUEST));
                feed(&mut ours, &wire);
                assert_eq!(peer.open(&drain(&mut ours)), [(HANDSHAKE, KEY_UPDATE.to_vec())]);
                assert_eq!(ours.writer().progress().key_updates, 1, "one answer");
                if over == 0 {
                    assert_alive(&mut ours, &mut peer);
                } else {
                    let wire = peer.key_update(KEY_UPDATE_REQUEST);
                    feed(&mut ours, &wire);
                    assert_failed_after_feed(&mut ours, &mut peer, PeerFault::TooManyKeyUpdates);
                }
            }
        }
    }
}

/// Requests that cross ours do not count as answers to it.
#[test]
fn law_10_requests_count_while_an_answer_is_owed_but_the_answer_does_not() {
    for role in ROLES {
        let (mut ours, mut peer) = RawPeer::established(TLS13, role);
        ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
        peer.open(&drain(&mut ours));
        let wire = repeat(32, || peer.key_update(KEY_UPDATE_REQUEST));
        feed(&mut ours, &wire);
        let wire = peer.key_update(KEY_UPDATE);
        feed(&mut ours, &wire);
        assert_eq!(peer.open(&drain(&mut ours)), [(HANDSHAKE, KEY_UPDATE.to_vec())]);
        let wire = peer.key_update(KEY_UPDATE_REQUEST);
        feed(&mut ours, &wire);
        assert_failed_after_feed(&mut ours, &mut peer, PeerFault::TooManyKeyUpdates);
    }
}

/// A standalone reader has to be informed of the records that the writer sealed.
#[test]
fn law_10_records_sealed_by_a_separate_writer_restore_credit() {
    for sealed in 0..3 {
        let secret = || TrafficSecret::new(TLS13, &[7; 32]).unwrap();
        let mut peer =
            Writer::new(WriteKeys::from_secret(secret()), WriterConfig::default()).unwrap();
        let keys = ReadKeys::from_secret(secret());
        let mut reader = Reader::new(keys, Role::Client, ReaderConfig::default()).unwrap();
        reader.on_sealed(sealed);
        reader.on_sealed(0);
        let mut followed = 0;
        loop {
            peer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
            let taken = reader.receive(peer.drain().chunk());
            peer.drain().advance(taken).unwrap();
            match reader.process() {
                Ok(events) => followed += u64::from(events.key_update.is_some()),
                Err(error) => break assert_eq!(error, PeerFault::TooManyKeyUpdates.into()),
            }
        }
        assert_eq!(followed, 32 + sealed);
    }
}

#[test]
fn limits_are_counted_separately_and_can_be_set() {
    for role in ROLES {
        let (mut ours, mut peer) = RawPeer::established(TLS13, role);
        let wire = repeat(32, || {
            [
                peer.seal(APPLICATION_DATA, b""),
                peer.key_update(KEY_UPDATE),
                peer.seal(ALERT, &[WARNING, 90]),
            ]
            .concat()
        });
        feed(&mut ours, &wire);
        assert_alive(&mut ours, &mut peer);

        let mut config = ConnectionConfig::default();
        config.reader.limits.key_updates = Credit { initial: 0, saved: 0, cost: 1 };
        let (mut ours, mut peer) = RawPeer::established_with(TLS13, role, config);
        let wire = peer.key_update(KEY_UPDATE);
        assert_ends_with(&mut ours, &mut peer, &wire, PeerFault::TooManyKeyUpdates);
    }
}
