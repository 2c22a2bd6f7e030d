//! Memory that one call lends and another commits: how long the loan lasts, and what becomes of it.
#![expect(clippy::unwrap_used, reason = "tests")]

use core::num::NonZero;

use wantwrite::*;
use wantwrite_testing::writer::*;
use wantwrite_testing::{
    ROLES, SUITES, client_of_a_long_chain, drain, feed, pair, pattern, read_all,
    server_of_a_long_chain,
};

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const POLICIES: [BufferPolicy; 2] = [BufferPolicy::Retain, BufferPolicy::Release];

/// Runs `test` with a writer and its reader under every buffer policy.
fn under_every_policy(test: impl Fn(Writer, Reader)) {
    for suite in SUITES {
        for policy in POLICIES {
            for pool in [None, Some(Pool::new(4))] {
                let config = with(|config| {
                    config.buffers = policy;
                    config.pool = pool;
                });
                let (writer, reader) = writer_and_reader(suite, config);
                test(writer, reader);
            }
        }
    }
}

/// The position and length of `memory`.
fn place(memory: &[u8]) -> (usize, usize) {
    (memory.as_ptr().addr(), memory.len())
}

#[test]
fn a_slot_that_is_lent_again_keeps_its_memory_and_contents() {
    under_every_policy(|mut writer, mut reader| {
        for round in 0..3 {
            let slot = writer.lend_slot().unwrap();
            slot[..5].copy_from_slice(b"hello");
            let first = place(slot);
            let again = writer.lend_slot().unwrap();
            assert_eq!((&again[..5], place(again)), (&b"hello"[..], first));
            writer.commit_slot(5).unwrap();
            let behind = writer.lend_slot().unwrap();
            assert_eq!(place(behind), (first.0 + 5, first.1 - 5), "{round}");
            behind[0] = b'!';
            writer.commit_slot(1).unwrap();
            assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).1, b"hello!");
        }
    });
}

/// The caller does not say how much it has, so a slot gets neither a short tail of a segment nor
/// always a new segment.
#[test]
fn a_slot_is_in_the_tail_of_a_segment_if_that_is_long() {
    for (before, is_in_tail) in [(8_000, true), (11_000, true), (14_000, false)] {
        let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
        writer.write_atomic(&pattern(before)).unwrap();
        writer.flush().unwrap();
        let len = writer.slot().unwrap().len();
        assert_eq!(len < 16_384, is_in_tail, "{before}");
        assert!(len >= 4_096, "{before}: {len}");
    }
}

#[test]
fn a_lent_slot_survives_draining_sealed_records() {
    for before in [0, 20_000] {
        for content in [&b""[..], b"begun "] {
            under_every_policy(|mut writer, mut reader| {
                let sent = pattern(before);
                assert_eq!(writer.write(&sent), Ok(before));
                writer.flush().unwrap();
                writer.write(content).unwrap();
                let slot = writer.lend_slot().unwrap();
                slot[..5].copy_from_slice(b"hello");
                let first = place(slot);
                let room = writer.room();

                let mut wire = drain_writer(&mut writer);
                writer.shrink();
                writer.update_keys(KeyUpdateRequest::NotRequested).ok();
                assert!(!writer.wants_drain(), "the loan keeps the record");
                assert_eq!(writer.progress().records_ended.drained, 0);
                assert!(writer.room() >= room);

                let again = writer.lend_slot().unwrap();
                assert_eq!((&again[..5], place(again)), (&b"hello"[..], first));
                writer.commit_slot(5).unwrap();
                wire.extend(drain_writer(&mut writer));
                let (_, plaintext) = open_all(&mut reader, &wire);
                assert_eq!(plaintext, [&sent[..], content, b"hello"].concat());
            });
        }
    }
}

#[test]
fn chunks_are_taken_and_put_back_during_a_loan() {
    under_every_policy(|mut writer, mut reader| {
        let sent = pattern(5_000);
        writer.write(&sent).unwrap();
        writer.flush().unwrap();
        let slot = writer.lend_slot().unwrap();
        slot[0] = b'x';
        let first = place(slot);
        let chunk = drain_chunk(&mut writer);
        writer.put_back(chunk).unwrap();
        let mut wire = drain_chunk(&mut writer).to_vec();
        assert_eq!(place(writer.lend_slot().unwrap()), first);
        writer.commit_slot(1).unwrap();
        wire.extend(drain_writer(&mut writer));
        assert_eq!(open_all(&mut reader, &wire).1, [&sent[..], b"x"].concat());
    });
}

fn drain_chunk(writer: &mut Writer) -> Chunk {
    writer.drain().take_chunk(usize::MAX).unwrap()
}

#[test]
fn a_loan_without_a_commit_leaves_nothing() {
    under_every_policy(|mut writer, mut reader| {
        // Before the first record, and after one that was drained.
        for _ in 0..2 {
            let before = (writer.progress(), writer.next_seq());
            assert!(!writer.lend_slot().unwrap().is_empty());
            writer.commit_slot(0).unwrap();
            assert_eq!((writer.progress(), writer.next_seq()), before);
            assert!(!writer.wants_drain());
            writer.shrink();
            assert_eq!(writer.memory_held(), 0);
            writer.write(b"x").unwrap();
            assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).1, b"x");
        }
    });
}

/// A call that ends a loan.
type Ends = fn(&mut Writer);

#[test]
fn calls_that_take_the_memory_end_the_loan() {
    let calls: [Ends; 6] = [
        |writer| assert_eq!(writer.write(b"y"), Ok(1)),
        |writer| writer.flush().unwrap(),
        |writer| drop(writer.slot().unwrap()),
        |writer| writer.write_cover(3).unwrap(),
        |writer| assert_eq!(writer.write_vectored(&[&b"y"[..], b"z"]), Ok(2)),
        |writer| assert_eq!(writer.write_owned(&mut (&b"y"[..]).into()), Ok(1)),
    ];
    for (call, begun) in calls.into_iter().flat_map(|call| [(call, &b""[..]), (call, b"begun")]) {
        under_every_policy(|mut writer, mut reader| {
            assert_eq!(writer.write(begun), Ok(begun.len()));
            writer.lend_slot().unwrap()[0] = b'x';
            call(&mut writer);
            let overrun = Overrun { claimed: 1, available: 0 };
            assert_eq!(writer.commit_slot(1), Err(WriteError::Overrun(overrun)));
            let wire = drain_writer(&mut writer);
            let (_, plaintext) = open_all(&mut reader, &wire);
            assert_eq!(Ok(writer.progress().accepted), plaintext.len().try_into());
            assert!(plaintext.starts_with(begun) && !plaintext.contains(&b'x'));
            writer.lend_slot().unwrap()[0] = b'x';
            writer.commit_slot(1).unwrap();
            assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).1, b"x");
        });
    }
}

/// Also if each call ends its own record.
#[test]
fn a_write_of_nothing_does_not_end_the_loan() {
    for coalescing in [Coalescing::On, Coalescing::Off] {
        let (mut writer, mut reader) =
            writer_and_reader(TLS13, with(|config| config.coalescing = coalescing));
        writer.lend_slot().unwrap()[0] = b'x';
        assert_eq!(writer.write(b""), Ok(0));
        assert_eq!(writer.write_vectored(&[&b""[..], b""]), Ok(0));
        assert_eq!(writer.write_atomic(b""), Ok(()));
        assert_eq!(writer.write_owned(&mut bytes::BytesMut::new()), Ok(0));
        assert_eq!(writer.commit_slot(1), Ok(()), "{coalescing:?}");
        assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).1, b"x");
    }
}

#[test]
fn a_leaked_slot_is_like_a_dropped_one() {
    under_every_policy(|mut writer, mut reader| {
        for use_slot in [true, false] {
            writer.write_atomic(b"before").unwrap();
            writer.flush().unwrap();
            core::mem::forget(writer.slot().unwrap());
            assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).1, b"before");
            if use_slot {
                let mut slot = writer.slot().unwrap();
                slot[..5].copy_from_slice(b"after");
                slot.commit(5).unwrap();
            } else {
                assert_eq!(writer.write(b"after"), Ok(5));
            }
            assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).1, b"after");
        }
    });
}

#[test]
fn a_commit_that_is_too_long_changes_nothing() {
    let (mut writer, mut reader) = writer_and_reader(SUITES[0], WriterConfig::default());
    let overrun =
        |committed, available| Err(WriteError::Overrun(Overrun { claimed: committed, available }));
    assert_eq!(writer.commit_slot(1), overrun(1, 0));
    assert_eq!(writer.commit_slot(0), Ok(()));
    let slot = writer.lend_slot().unwrap();
    slot.fill(7);
    let len = slot.len();
    assert_eq!(writer.commit_slot(len + 1), overrun(len + 1, len));
    assert_eq!(writer.commit_slot(len), Ok(()));
    assert_eq!(writer.commit_slot(1), overrun(1, 0));
    assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).1, vec![7; len]);
}

#[test]
fn a_loan_ends_when_the_writer_closes_or_aborts() {
    under_every_policy(|mut writer, _| {
        writer.lend_slot().unwrap()[0] = b'x';
        let mut writer = writer.into_parts().unwrap_err();
        writer.close().unwrap();
        assert_eq!(writer.commit_slot(1), Err(WriteError::Closed));
        assert_eq!(writer.lend_slot().err(), Some(WriteError::Closed));
    });
    under_every_policy(|mut writer, _| {
        writer.write(b"begun").unwrap();
        writer.lend_slot().unwrap()[0] = b'x';
        let mut writer = writer.into_parts().unwrap_err();
        writer.abort(AlertDescription::INTERNAL_ERROR);
        assert_eq!(writer.commit_slot(1), Err(WriteError::Failed { accepted: 0 }));
    });
}

#[test]
fn a_full_writer_lends_nothing() {
    let (mut writer, _) = writer_and_reader(SUITES[0], WriterConfig::default());
    while writer.room() > 0 {
        let n = writer.lend_slot().unwrap().len();
        assert_eq!(writer.commit_slot(n), Ok(()));
    }
    assert!(writer.lend_slot().unwrap().is_empty());
}

/// A reader, and wire bytes with some records for it.
fn reader(policy: BufferPolicy) -> (Reader, Vec<u8>) {
    let (mut writer, _) = writer_and_reader(SUITES[0], WriterConfig::default());
    for _ in 0..3 {
        writer.write(b"hello").unwrap();
        writer.flush().unwrap();
    }
    let (_, read) = keys(SUITES[0]);
    let mut config = ReaderConfig::default();
    config.buffers = policy;
    (Reader::new(read, Role::Server, config).unwrap(), drain_writer(&mut writer))
}

#[test]
fn lent_input_memory_survives_reading_earlier_input() {
    for policy in POLICIES {
        let (mut reader, wire) = reader(policy);
        let (head, rest) = wire.split_at(40);
        assert_eq!(reader.receive(head), 40);
        let memory = reader.lend_inbound().unwrap();
        memory[..rest.len()].copy_from_slice(rest);
        let first = place(memory);

        let _events = reader.process().unwrap();
        assert_eq!(reader.plaintext(), b"hello");
        reader.consume(5).unwrap();
        let _events = reader.process().unwrap();
        reader.shrink();
        let again = reader.lend_inbound().unwrap();
        assert_eq!((&again[..rest.len()], place(again)), (rest, first));

        reader.commit_inbound(rest.len()).unwrap();
        assert_eq!(open_all(&mut reader, &[]).1, b"hellohello", "{policy:?}");
        assert!(reader.wants_input());
    }
}

#[test]
fn an_empty_reader_keeps_lent_memory_and_releases_it_after_the_loan() {
    for policy in POLICIES {
        let (mut reader, wire) = reader(policy);
        let (head, rest) = wire.split_at(wire.len() / 3);
        assert_eq!(reader.receive(head), head.len());
        let memory = reader.lend_inbound().unwrap();
        memory[..rest.len()].copy_from_slice(rest);
        let first = place(memory);
        let _events = reader.process().unwrap();
        reader.consume(5).unwrap();
        let _events = reader.process().unwrap();
        assert_eq!(place(reader.lend_inbound().unwrap()), first);
        reader.commit_inbound(rest.len()).unwrap();
        assert_eq!(open_all(&mut reader, &[]).1, b"hellohello");
        let held = reader.memory_held();
        assert_eq!(held == 0, policy == BufferPolicy::Release, "{policy:?} {held}");

        assert!(reader.lend_inbound().is_some());
        reader.commit_inbound(0).unwrap();
        assert_eq!(reader.memory_held(), held, "{policy:?}");
    }
}

/// A long flight makes the handshake's memory longer than the reader's.
#[test]
fn memory_lent_during_the_handshake_keeps_its_length_after_it() {
    for suite in SUITES {
        for make in [client_of_a_long_chain, server_of_a_long_chain] {
            let (mut ours, mut peer) = make(suite, 60_000, ConnectionConfig::default());
            let mut lent = (0, 0);
            while ours.protocol_version().is_none() {
                peer.feed(&drain(&mut ours)).unwrap();
                let flight = peer.take_wire();
                // The last part begins within the last record.
                let (most, last) = flight.split_at(flight.len().saturating_sub(20));
                feed(&mut ours, most);
                assert_eq!(ours.receive(last), last.len());
                lent = place(ours.lend_inbound().unwrap());
                ours.process().unwrap();
            }
            // In TLS 1.3, rustls needs the whole flight until its end.
            let is_long = lent.1 > 2 * MAX_RECORD_LEN;
            assert_eq!(is_long, suite.version() == Version::Tls12, "{suite:?} {lent:?}");
            peer.feed(&drain(&mut ours)).unwrap();
            let data = pattern(2 * lent.1);
            peer.0.set_buffer_limit(None);
            let wire = peer.send(&data);

            // The transport fills all the memory that it was lent.
            let memory = ours.lend_inbound().unwrap();
            assert_eq!(place(memory), lent, "{suite:?}");
            memory.copy_from_slice(&wire[..lent.1]);
            ours.commit_inbound(lent.1).unwrap();
            let mut received = Vec::new();
            let mut rest = &wire[lent.1..];
            while received.len() < data.len() {
                ours.process().unwrap();
                received.extend(read_all(&mut ours));
                let n = ours.receive(rest);
                rest = &rest[n..];
            }
            assert!(received == data, "{suite:?}");
            // For the rest of its life, the reader has its own memory.
            assert!(ours.lend_inbound().unwrap().len() <= 2 * MAX_RECORD_LEN);
        }
    }
}

#[test]
fn memory_that_is_lent_when_the_input_ends_stays_until_it_is_committed() {
    for policy in POLICIES {
        for pool in [None, Some(Pool::new(4))] {
            let (mut writer, _) = writer_and_reader(SUITES[0], WriterConfig::default());
            writer.write(b"hello").unwrap();
            let wire = drain_writer(&mut writer);
            let (_, read) = keys(SUITES[0]);
            let mut config = ReaderConfig::default();
            (config.buffers, config.pool) = (policy, pool);
            let mut reader = Reader::new(read, Role::Server, config).unwrap();
            assert_eq!(reader.receive(&wire), wire.len());
            let _events = reader.process().unwrap();
            let held = reader.memory_held();
            let lent = reader.lend_inbound().unwrap().len();
            reader.end_of_input();
            reader.consume(5).unwrap();
            assert_eq!(reader.process(), Err(Error::Truncated));
            assert_eq!(reader.memory_held(), held, "the transport can still write into it");
            assert_eq!(reader.commit_inbound(lent), Ok(()), "ignored");
            assert_eq!((reader.memory_held(), reader.plaintext().len()), (0, 0), "{policy:?}");
        }
    }
}

#[test]
fn input_that_was_not_lent_is_not_committed() {
    let (mut reader, wire) = reader(BufferPolicy::Retain);
    let overrun = |committed, available| Err(Overrun { claimed: committed, available });
    assert_eq!(reader.commit_inbound(1), overrun(1, 0));
    let len = reader.lend_inbound().unwrap().len();
    assert_eq!(reader.commit_inbound(len + 1), overrun(len + 1, len));
    reader.lend_inbound().unwrap()[..wire.len()].copy_from_slice(&wire);
    reader.commit_inbound(wire.len()).unwrap();
    assert_eq!(reader.commit_inbound(1), overrun(1, 0));
    // Receiving input in another way ends a loan.
    assert!(reader.lend_inbound().is_some());
    assert_eq!(reader.receive(&[]), 0);
    assert_eq!(reader.commit_inbound(1), overrun(1, 0));
    assert_eq!(open_all(&mut reader, &[]).1, b"hello".repeat(3));
}

#[test]
fn a_full_or_finished_reader_lends_nothing() {
    let (mut reader, _) = reader(BufferPolicy::Release);
    while let Some(memory) = reader.lend_inbound() {
        let n = memory.len();
        reader.commit_inbound(n).unwrap();
    }
    assert!(!reader.wants_input());

    let (mut reader, _) = self::reader(BufferPolicy::Release);
    let n = reader.lend_inbound().unwrap().len();
    reader.end_of_input();
    assert!(reader.lend_inbound().is_none());
    assert_eq!(reader.commit_inbound(n), Ok(()), "ignored");
    assert_eq!(reader.process(), Err(Error::Truncated));
    assert_eq!(reader.memory_held(), 0);
}

#[test]
fn a_full_reader_lends_memory_after_it_has_been_read() {
    for policy in POLICIES {
        let (mut writer, _) = writer_and_reader(SUITES[0], WriterConfig::default());
        assert_eq!(writer.write(&pattern(4 << 14)).unwrap(), 4 << 14);
        let wire = drain_writer(&mut writer);
        let (mut reader, _) = reader(policy);
        let mut taken = reader.receive(&wire);
        let _events = reader.process().unwrap();
        taken += reader.receive(&wire[taken..]);
        assert!(taken < wire.len() && reader.lend_inbound().is_none(), "it is full");

        while !reader.plaintext().is_empty() {
            let n = reader.plaintext().len();
            reader.consume(n).unwrap();
            let _events = reader.process().unwrap();
        }
        assert!(reader.wants_input());
        assert!(reader.lend_inbound().is_some(), "{policy:?}");
    }
}

#[test]
fn input_in_transit_when_reading_fails_is_ignored() {
    let (mut reader, _) = reader(BufferPolicy::Release);
    assert_eq!(reader.receive(&[0x18; 5]), 5);
    assert!(reader.lend_inbound().is_some());
    assert!(reader.process().is_err());
    assert!(reader.lend_inbound().is_none());
    assert_eq!(reader.commit_inbound(100), Ok(()));

    let (mut ours, _) = pair(SUITES[0], Role::Server);
    assert!(ours.lend_inbound().is_some());
    ours.close().unwrap();
    assert!(ours.lend_inbound().is_none());
    assert_eq!(ours.commit_inbound(100), Ok(()));
}

/// Feeds the bytes of a transport through loans of at most `max` bytes, and processes in between.
fn feed_lent(ours: &mut Connection, wire: &[u8], max: NonZero<usize>) {
    let mut rest = wire;
    while !rest.is_empty() {
        let memory = ours.lend_inbound().expect("input is wanted");
        let n = memory.len().min(rest.len()).min(max.get());
        let first = place(memory);
        memory[..n].copy_from_slice(&rest[..n]);
        // Earlier input is processed while this input is still arriving.
        ours.process().unwrap();
        assert_eq!(place(ours.lend_inbound().unwrap()), first);
        ours.commit_inbound(n).unwrap();
        rest = &rest[n..];
    }
    ours.process().unwrap();
}

#[test]
fn a_handshake_and_its_data_arrive_through_loans() {
    for suite in SUITES {
        for role in ROLES {
            for max in [1, 100, usize::MAX] {
                let max = NonZero::new(max).unwrap();
                let (mut ours, mut peer) = pair(suite, role);
                loop {
                    let out = drain(&mut ours);
                    peer.feed(&out).unwrap();
                    let wire = peer.take_wire();
                    if out.is_empty() && wire.is_empty() {
                        break;
                    }
                    feed_lent(&mut ours, &wire, max);
                }
                feed_lent(&mut ours, &peer.send(b"hello"), max);
                assert_eq!(read_all(&mut ours), b"hello", "{suite:?} {role:?} {max}");
            }
        }
    }
}

/// This holds however the record is sealed: a whole one can be sealed straight from the caller's
/// memory.
#[test]
fn a_long_write_after_a_loan_follows_the_key_update_that_became_due() {
    for &aead in AeadProvider::ALL {
        let secret = || TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32]).unwrap();
        let config = with(|config| config.aead = aead);
        let mut writer = Writer::new(WriteKeys::from_secret(secret()), config).unwrap();
        assert_eq!(writer.lend_slot().unwrap().len(), 16_384);
        writer.on_key_update(KeyUpdateRequest::Requested).unwrap();
        let plaintext = pattern(20_000);
        assert_eq!(writer.write(&plaintext), Ok(plaintext.len()), "{aead:?}");
        let mut reader =
            Reader::new(ReadKeys::from_secret(secret()), Role::Server, ReaderConfig::default())
                .unwrap();
        let (_, opened) = open_all(&mut reader, &drain_writer(&mut writer));
        assert!(opened == plaintext, "{aead:?}");
        assert_eq!(writer.progress().key_updates, 1);
        assert_eq!(writer.next_seq(), 2, "{aead:?}: both records are under the new key");
    }
}

#[test]
fn wire_len_counts_a_record_on_loan_only_if_something_is_written() {
    for suite in SUITES {
        for n in [1, 500, 1_000, 16_384] {
            let (mut writer, _) = writer_and_reader(suite, WriterConfig::default());
            assert!(!writer.lend_slot().unwrap().is_empty());
            // The record that was lent keeps the size that it was begun with.
            writer.set_sizing(Sizing::Fixed(100)).unwrap();
            assert_eq!(writer.wire_len(0), 0);
            let expected = writer.wire_len(n);
            let slot = writer.lend_slot().unwrap();
            slot[..n].fill(7);
            writer.commit_slot(n).unwrap();
            assert_eq!(drain_writer(&mut writer).len(), expected, "{suite:?} {n}");
        }
    }
}
