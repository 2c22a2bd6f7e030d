//! Keys from a traffic secret that has already sealed records.
#![expect(clippy::unwrap_used, reason = "tests")]

use wantwrite::*;
use wantwrite_testing::SUITES;
use wantwrite_testing::writer::{drain_writer, open_all, record_lengths, with};

fn tls13() -> impl Iterator<Item = CipherSuite> {
    SUITES.into_iter().filter(|suite| suite.version() == Version::Tls13)
}

fn secret(suite: CipherSuite) -> TrafficSecret {
    TrafficSecret::new(suite, &[7; 48][..suite.secret_len()]).unwrap()
}

fn writer_at(suite: CipherSuite, seq: u64, limits: Option<KeyLimits>) -> Writer {
    let config = with(|config| config.key_limits = limits);
    Writer::new(WriteKeys::from_secret_at(secret(suite), seq), config).unwrap()
}

/// Seals `content` as a record.
fn seal(writer: &mut Writer, content: &[u8]) -> Vec<u8> {
    writer.write(content).unwrap();
    drain_writer(writer)
}

#[test]
fn a_writer_that_starts_at_a_number_seals_what_the_original_seals_there() {
    for suite in tls13() {
        let mut first = writer_at(suite, 0, None);
        let wire: Vec<_> = (0..3_u8).map(|n| seal(&mut first, &[n])).collect();
        for (seq, n) in [(1, 1_u8), (2, 2)] {
            let mut moved = writer_at(suite, seq, None);
            assert_eq!(moved.next_seq(), seq);
            assert_eq!(seal(&mut moved, &[n]), wire[usize::from(n)], "{suite:?} {seq}");
        }
        let keys = ReadKeys::from_secret_at(secret(suite), 2);
        assert_eq!(keys.seq(), 2);
        let mut reader = Reader::new(keys, Role::Server, ReaderConfig::default()).unwrap();
        assert_eq!(open_all(&mut reader, &wire[2]), (vec![1], vec![2]));
    }
}

/// Both directions can continue to the next generation.
#[test]
fn keys_at_a_number_are_updated_like_any_others() {
    for suite in tls13() {
        let mut writer =
            writer_at(suite, 1 << 40, Some(KeyLimits { records: u64::MAX, blocks: u64::MAX }));
        let keys = ReadKeys::from_secret_at(secret(suite), 1 << 40);
        let mut reader = Reader::new(keys, Role::Server, ReaderConfig::default()).unwrap();
        let mut wire = seal(&mut writer, b"a");
        writer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
        wire.extend(seal(&mut writer, b"b"));
        assert_eq!(writer.next_seq(), 1);
        assert_eq!(open_all(&mut reader, &wire), (vec![1, 1], b"ab".to_vec()));
    }
}

#[test]
fn records_before_the_number_count_against_the_key() {
    for suite in tls13() {
        let limits = KeyLimits { records: 100, blocks: u64::MAX };
        // Two records are reserved for the KeyUpdate and an alert.
        for (seq, updates) in [(0, 0), (97, 0), (98, 1), (100, 0), (u64::MAX, 0)] {
            let mut writer = writer_at(suite, seq, Some(limits));
            if seq > 99 {
                // Nothing may be sealed any more, not even a KeyUpdate.
                let refused = Err(WriteError::KeyLimit { accepted: 0 });
                assert_eq!((writer.room(), writer.wire_len(1)), (0, 0));
                assert_eq!(writer.write(b"x"), refused.map(|()| 0));
                assert_eq!(writer.write_atomic(b"x"), refused);
                assert_eq!(writer.write_owned(&mut (&b"x"[..]).into()), refused.map(|()| 0));
                assert_eq!(writer.write_cover(0), refused);
                assert_eq!(writer.slot().err(), refused.err());
                assert_eq!(writer.update_keys(KeyUpdateRequest::Requested), refused);
                assert_eq!(writer.on_key_update(KeyUpdateRequest::Requested), Ok(()));
                assert_eq!((writer.flush(), writer.error()), (Ok(()), None));
                assert!(!writer.wants_drain());
                continue;
            }
            let wire = seal(&mut writer, b"x");
            assert_eq!(writer.progress().key_updates, updates, "{suite:?} {seq}");
            assert_eq!(record_lengths(&wire).len(), 1 + usize::try_from(updates).unwrap());
        }
        // The records count as full: 1,026 blocks each.
        for (seq, updates) in [(2, 0), (3, 1)] {
            let mut writer =
                writer_at(suite, seq, Some(KeyLimits { records: 100, blocks: 2 * 1026 + 1030 }));
            writer.write(&[1; 16_384]).unwrap();
            drain_writer(&mut writer);
            assert_eq!(writer.progress().key_updates, updates, "{suite:?} {seq}");
        }
    }
}

#[test]
fn a_secret_continues_its_count_of_generations() {
    const LAST: u64 = (1 << 48) - 1;
    for (generation, more) in [(0, true), (LAST - 1, true), (LAST, false)] {
        let secret = secret(SUITES[0]).at_generation(generation);
        assert_eq!(secret.generation(), generation);
        let mut writer =
            Writer::new(WriteKeys::from_secret(secret), WriterConfig::default()).unwrap();
        let updated = writer.update_keys(KeyUpdateRequest::NotRequested);
        assert_eq!(updated, if more { Ok(()) } else { Err(WriteError::NoKeyUpdate) });
        seal(&mut writer, b"x");
        assert_eq!(writer.progress().key_updates, u64::from(more), "{generation}");
    }
}

/// `room` once counted on a generation after the last one.
#[test]
fn room_is_limited_by_the_last_generation() {
    const LAST: u64 = (1 << 48) - 1;
    for suite in tls13() {
        for left in 0..4 {
            let config = with(|config| {
                config.key_limits = Some(KeyLimits { records: 3, blocks: u64::MAX });
                config.max_fragment_len = 94;
            });
            let keys = WriteKeys::from_secret(secret(suite).at_generation(LAST - left));
            let mut writer = Writer::new(keys, config).unwrap();
            let room = writer.room();
            let accepted = match writer.write(&[7; 30_000]) {
                Ok(accepted) | Err(WriteError::KeyLimit { accepted }) => accepted,
                Err(error) => panic!("{error}"),
            };
            assert_eq!(room, accepted, "{suite:?}, {left} generations left");
            assert!(accepted < 3 * 93 * 4 + 1, "{accepted}: at most three records per key");
        }
    }
}
