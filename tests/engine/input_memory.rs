//! Inbound memory that the caller owns while the transport fills it.
#![expect(clippy::unwrap_used, reason = "tests")]

use core::num::NonZero;

use bytes::BytesMut;
use wantwrite::*;
use wantwrite_testing::writer::*;
use wantwrite_testing::{
    Identity, ROLES, SUITES, client_of_a_long_chain, drain, established, feed, pair, read_all,
    server_config, server_of_a_long_chain,
};

const POLICIES: [BufferPolicy; 2] = [BufferPolicy::Retain, BufferPolicy::Release];

/// A reader, and what to send it: this many records that contain `hello`.
fn reader(policy: BufferPolicy, records: usize) -> (Reader, Vec<u8>) {
    let (mut writer, _) = writer_and_reader(SUITES[0], WriterConfig::default());
    for _ in 0..records {
        writer.write(b"hello").unwrap();
        writer.flush().unwrap();
    }
    let (_, read) = keys(SUITES[0]);
    let mut config = ReaderConfig::default();
    config.buffers = policy;
    (Reader::new(read, Role::Server, config).unwrap(), drain_writer(&mut writer))
}

const NOT_OURS: fn(usize) -> Result<(), Overrun> = |claimed| Err(Overrun { claimed, available: 0 });

#[test]
fn earlier_input_is_read_while_the_memory_after_it_is_taken() {
    for policy in POLICIES {
        let (mut reader, wire) = reader(policy, 3);
        let (head, rest) = wire.split_at(40);
        assert_eq!(reader.receive(head), 40);
        let mut memory = reader.take_inbound().unwrap();
        assert!(reader.wants_input());
        assert!(reader.take_inbound().is_none());
        assert!(reader.lend_inbound().is_none());
        assert!(reader.inbound().is_none());
        assert_eq!(reader.receive(rest), 0);
        assert_eq!((reader.commit_inbound(0), reader.commit_inbound(1)), (Ok(()), NOT_OURS(1)));

        let _events = reader.process().unwrap();
        assert_eq!(reader.plaintext(), b"hello");
        reader.consume(5).unwrap();
        let _events = reader.process().unwrap();
        reader.shrink();
        memory[..rest.len()].copy_from_slice(rest);
        reader.give_back_inbound(memory, rest.len()).unwrap();

        assert_eq!(open_all(&mut reader, &[]).1, b"hellohello", "{policy:?}");
        assert_eq!(reader.memory_held() == 0, policy == BufferPolicy::Release, "{policy:?}");
    }
}

#[test]
fn taken_memory_is_opened_in_place_and_taken_again() {
    let (mut reader, wire) = reader(BufferPolicy::Retain, 100);
    let mut places = Vec::new();
    for record in wire.chunks(wire.len() / 100) {
        let mut memory = reader.take_inbound().unwrap();
        memory[..record.len()].copy_from_slice(record);
        let place = memory.as_ptr().addr();
        reader.give_back_inbound(memory, record.len()).unwrap();
        let _events = reader.process().unwrap();
        let opened = reader.plaintext().as_ptr().addr();
        assert!((place..place + record.len()).contains(&opened));
        reader.consume(5).unwrap();
        places.push(place);
    }
    places.dedup();
    assert_eq!(places.len(), 1);
}

#[test]
fn taken_memory_contains_no_plaintext() {
    for policy in POLICIES {
        let (mut reader, wire) = reader(policy, 3);
        let len = wire.len() / 3;
        assert_eq!(reader.receive(&wire[..2 * len]), 2 * len);
        let _events = reader.process().unwrap();
        reader.consume(5).unwrap();
        let _events = reader.process().unwrap();
        reader.consume(5).unwrap();
        let mut memory = reader.take_inbound().unwrap();
        assert!(memory.len() > 2 * len);
        assert!(memory.iter().all(|&byte| byte == 0), "{policy:?}");
        memory[..len].copy_from_slice(&wire[2 * len..]);
        reader.give_back_inbound(memory, len).unwrap();
        assert_eq!(open_all(&mut reader, &[]).1, b"hello");
    }
}

#[test]
fn memory_of_another_reader_is_refused() {
    let (mut ours, wire) = reader(BufferPolicy::Retain, 3);
    let (mut other, _) = reader(BufferPolicy::Retain, 3);
    assert_eq!(ours.give_back_inbound(BytesMut::zeroed(10), 1), NOT_OURS(1));
    let mut memory = ours.take_inbound().unwrap();
    let foreign = other.take_inbound().unwrap();
    assert_eq!(ours.give_back_inbound(foreign, 1), NOT_OURS(1));
    memory[..wire.len()].copy_from_slice(&wire);
    let available = memory.len();
    let claimed = available + 1;
    assert_eq!(ours.give_back_inbound(memory, claimed), Err(Overrun { claimed, available }));
    // The memory has come back with what was written into it.
    ours.commit_inbound(wire.len()).unwrap();
    assert_eq!(open_all(&mut ours, &[]).1, b"hello".repeat(3));
}

#[test]
fn taken_memory_is_ignored_after_reading_ends() {
    let (mut reader, _) = reader(BufferPolicy::Release, 1);
    assert_eq!(reader.receive(&[0x18; 5]), 5);
    let memory = reader.take_inbound().unwrap();
    assert!(reader.process().is_err());
    assert!(reader.take_inbound().is_none());
    assert_eq!(reader.give_back_inbound(memory, 100), Ok(()));
    assert_eq!(reader.memory_held(), 0);

    let (mut reader, _) = self::reader(BufferPolicy::Release, 1);
    let memory = reader.take_inbound().unwrap();
    reader.end_of_input();
    assert_eq!(reader.give_back_inbound(memory, 100), Ok(()), "ignored");
    assert_eq!(reader.process(), Err(Error::Truncated));
    assert_eq!(reader.memory_held(), 0);

    for suite in SUITES {
        for role in ROLES {
            let (mut ours, _) = pair(suite, role);
            let memory = ours.take_inbound().unwrap();
            ours.close().unwrap();
            assert!(ours.take_inbound().is_none());
            assert_eq!(ours.give_back_inbound(memory, 100), Ok(()));
        }
    }
}

#[test]
fn a_connection_is_not_taken_apart_while_its_memory_is_taken() {
    let (mut ours, mut peer) = established(SUITES[0], Role::Server);
    let memory = ours.take_inbound().unwrap();
    let mut ours = ours.into_parts().unwrap_err();
    ours.give_back_inbound(memory, 0).unwrap();
    assert!(ours.receive(&peer.send(b"hello")) > 0);
    ours.process().unwrap();
    assert_eq!(read_all(&mut ours), b"hello");
}

#[test]
fn a_fault_while_memory_is_taken_leaves_no_part_of_it_in_the_pool() {
    for suite in SUITES {
        let pool = Pool::default();
        for _ in 0..3 {
            let config = ConnectionConfig::pooled(pool.clone());
            let tls = server_config(suite, &Identity::for_suite(suite));
            let mut ours = Connection::server_with(tls.into(), config).unwrap();
            assert_eq!(ours.receive(&[0x18]), 1);
            let memory = ours.take_inbound().unwrap();
            assert!(ours.process().is_err());
            ours.give_back_inbound(memory, 0).unwrap();
            drop(ours);
            let pooled = pool.inbound_len();
            assert!([0, 2 * MAX_RECORD_LEN].contains(&pooled), "{suite:?} {pooled}");
        }
    }
}

/// Otherwise peers with long flights would fill the pool with memory that no other connection asks
/// for.
#[test]
fn memory_that_grew_for_a_long_flight_does_not_go_into_the_pool() {
    for suite in SUITES {
        for make in [client_of_a_long_chain, server_of_a_long_chain] {
            let pool = Pool::default();
            for _ in 0..3 {
                let config = ConnectionConfig::pooled(pool.clone());
                let (mut ours, mut peer) = make(suite, 60_000, config);
                let mut longest = 0;
                while ours.protocol_version().is_none() {
                    peer.feed(&drain(&mut ours)).unwrap();
                    for piece in peer.take_wire().chunks(1000) {
                        feed(&mut ours, piece);
                        longest = longest.max(ours.memory_held());
                    }
                }
                assert!(longest > 2 * MAX_RECORD_LEN);
                peer.feed(&drain(&mut ours)).unwrap();
                drop(ours);
                assert_eq!(pool.inbound_len(), 2 * MAX_RECORD_LEN, "{suite:?}");
            }
        }
    }
}

/// Feeds the bytes of a transport through memory that is taken, at most `max` at a time, and
/// processes in between.
fn feed_taken(ours: &mut Connection, wire: &[u8], max: NonZero<usize>) {
    let mut rest = wire;
    while !rest.is_empty() {
        let mut memory = ours.take_inbound().expect("input is wanted");
        let n = memory.len().min(rest.len()).min(max.get());
        // Earlier input is processed while this memory is away.
        ours.process().unwrap();
        memory[..n].copy_from_slice(&rest[..n]);
        ours.give_back_inbound(memory, n).unwrap();
        rest = &rest[n..];
    }
    ours.process().unwrap();
}

#[test]
fn a_handshake_and_its_data_arrive_in_taken_memory() {
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
                    feed_taken(&mut ours, &wire, max);
                }
                feed_taken(&mut ours, &peer.send(b"hello"), max);
                assert_eq!(read_all(&mut ours), b"hello", "{suite:?} {role:?} {max}");
            }
        }
    }
}
