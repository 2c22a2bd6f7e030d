//! What the manual page of `SSL_write` promises, row by row, and what we promise instead. Rows 6
//! and 7 are about `Stream`; their tests are in `stream.rs`.

use wantwrite::*;
use wantwrite_testing::writer::*;
use wantwrite_testing::*;

fn writer() -> (Writer, Reader) {
    writer_and_reader(TLS13, WriterConfig::default())
}

#[test]
fn ssl_write_row_01_accepted_bytes_belong_to_the_engine() {
    let (mut writer, mut reader) = writer();
    let mut buf = pattern(100_000);
    let expected = buf.clone();
    let accepted = writer.write(&buf).unwrap();
    assert_eq!(accepted, 4 * 16384);
    buf.fill(0);
    let (lengths, plaintext) = open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!(lengths.iter().sum::<usize>(), accepted);
    assert!(plaintext == expected[..accepted]);
}

#[test]
fn ssl_write_row_02_a_fresh_connection_negotiates_as_it_is_driven() {
    for suite in [TLS13, TLS12] {
        let (mut ours, mut peer) = pair(suite, Role::Client);
        assert_eq!(ours.writer_state(), WriterState::Negotiating);
        assert_eq!(ours.writer_mut().write(b"early"), Ok(0));
        let wants = ours.wants();
        assert!(wants.drain && wants.input, "a flight is pending and needs an answer");
        let hello = drain(&mut ours);
        assert!(!ours.wants().drain);
        assert_eq!(ours.writer_mut().write(b"early"), Ok(0));
        peer.feed(&hello).unwrap();
        negotiate(&mut ours, &mut peer);
        assert_eq!(ours.writer_state(), WriterState::Open);
        assert_eq!(ours.writer_mut().write(b"hello"), Ok(5));
        peer.feed(&drain(&mut ours)).unwrap();
        assert_eq!(peer.take_plaintext(), b"hello");
    }
}

#[test]
fn ssl_write_row_03_a_key_update_request_is_answered_automatically() {
    for role in ROLES {
        let (mut ours, mut peer) = established(TLS13, role);
        peer.0.refresh_traffic_keys().unwrap();
        let request = peer.take_wire();
        feed(&mut ours, &request);
        assert_eq!(ours.writer_mut().write(b"after"), Ok(5));
        let wire = drain(&mut ours);
        assert_eq!(record_lengths(&wire), [5 + 5 + 1 + 16, 5 + 5 + 1 + 16]);
        peer.feed(&wire).unwrap();
        assert_eq!(peer.take_plaintext(), b"after");
        assert_eq!(ours.writer().progress().key_updates, 1);
    }
}

/// Apart from the handshake's randomness, the same calls give the same bytes and states.
#[test]
fn ssl_write_row_04_the_same_calls_give_the_same_bytes() {
    let run = || {
        let (mut writer, _) = writer();
        let (mut wire, mut states) = (Vec::new(), Vec::new());
        let mut rng = Rng(4);
        let data = pattern(50_000);
        for step in 0..500 {
            match step % 7 {
                0 => drop(writer.write_atomic(&data[..rng.up_to(40_000)])),
                1 => writer.flush().unwrap(),
                2 => writer.update_keys(KeyUpdateRequest::NotRequested).unwrap(),
                3 | 4 => drop(drain_some(&mut writer, rng.up_to(20_000), &mut wire)),
                _ => drop(writer.write(&data[..rng.up_to(3000)])),
            }
            states.push((writer.room(), writer.state(), writer.buffer_state(), writer.progress()));
        }
        (wire, states)
    };
    assert!(run() == run());
}

#[test]
fn ssl_write_row_05_a_connection_is_a_client_or_a_server_from_the_start() {
    let (client, _) = pair(TLS13, Role::Client);
    let (server, _) = pair(TLS13, Role::Server);
    assert!(client.wants().drain, "a client speaks first");
    assert!(!server.wants().drain, "a server waits");
}

#[test]
fn ssl_write_row_08_wants_is_computed_from_the_state() {
    let (mut ours, mut peer) = established(TLS13, Role::Client);
    assert_eq!((ours.wants().drain, ours.wants().input), (false, true));
    ours.writer_mut().write(b"x").unwrap();
    for _ in 0..3 {
        assert!(ours.wants().drain, "a level does not change when it is read");
    }
    drain(&mut ours);
    assert!(!ours.wants().drain);
    peer.0.send_close_notify();
    let wire = peer.take_wire();
    feed(&mut ours, &wire);
    assert!(!ours.wants().input, "no more input will arrive");
}

#[test]
fn ssl_write_row_09_after_the_handshake_write_never_depends_on_input() {
    for role in ROLES {
        let (mut ours, mut peer) = established(TLS13, role);
        let data = pattern(1 << 20);
        let (mut sent, mut wire) = (0, Vec::new());
        while sent < data.len() {
            sent += ours.writer_mut().write(&data[sent..]).unwrap();
            wire.extend(drain(&mut ours));
        }
        let mut received = Vec::new();
        for part in wire.chunks(10_000) {
            peer.feed(part).unwrap();
            received.extend(peer.take_plaintext());
        }
        assert!(received == data);
    }
}

#[test]
fn ssl_write_row_10_nothing_is_repeated() {
    let (mut writer, mut reader) = writer();
    let data = pattern(200_000);
    let (mut sent, mut wire) = (0, Vec::new());
    while sent < data.len() {
        sent += writer.write(&data[sent..]).unwrap();
        drain_some(&mut writer, 10_000, &mut wire);
    }
    wire.extend(drain_writer(&mut writer));
    assert!(open_all(&mut reader, &wire).1 == data);
}

#[test]
fn ssl_write_row_11_draining_to_empty_clears_the_want() {
    let (mut writer, _) = writer();
    writer.write(&[0; 1000]).unwrap();
    assert_eq!(writer.buffer_state(), BufferState::Holding);
    let mut wire = Vec::new();
    while writer.wants_drain() {
        assert!(drain_some(&mut writer, 100, &mut wire) > 0, "a want that cannot be met");
    }
    assert_eq!(writer.buffer_state(), BufferState::Empty);
    assert_eq!(writer.drain().remaining(), 0);
}

#[test]
fn ssl_write_row_12_room_is_what_write_accepts() {
    let (mut writer, _) = writer();
    let (mut rng, mut wire) = (Rng(12), Vec::new());
    for _ in 0..2000 {
        let room = writer.room();
        let offered = rng.up_to(100_000);
        assert_eq!(writer.write(&vec![0; offered]), Ok(offered.min(room)));
        drain_some(&mut writer, rng.up_to(60_000), &mut wire);
    }
}

#[test]
fn ssl_write_row_13_write_all_is_all_or_nothing() {
    let (mut writer, mut reader) = writer();
    let room = writer.room();
    writer.write_atomic(&[1; 100]).unwrap();
    let before = (writer.room(), writer.progress(), writer.buffer_state());
    let too_long = vec![2; room];
    let refused = writer.write_atomic(&too_long);
    assert_eq!(refused, Err(WriteError::NoRoom { needed: room, available: room - 100 }));
    assert_eq!((writer.room(), writer.progress(), writer.buffer_state()), before);
    writer.write_atomic(&too_long[100..]).unwrap();
    assert_eq!(writer.buffer_state(), BufferState::Full);
    let (_, plaintext) = open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!(plaintext.len(), room);
}

#[test]
fn ssl_write_row_14_each_call_can_choose_its_mode() {
    let (mut writer, _) = writer();
    let room = writer.room();
    assert_eq!(writer.write(&vec![0; room + 1]), Ok(room));
    assert!(matches!(
        writer.write_atomic(&[0]),
        Err(WriteError::NoRoom { needed: 1, available: 0 })
    ));
    assert_eq!(writer.write(&[0]), Ok(0));
}

#[test]
fn ssl_write_row_15_the_returned_count_says_where_the_rest_starts() {
    let config = {
        let mut config = WriterConfig::default();
        config.capacity = 16384;
        config
    };
    let (mut writer, mut reader) = writer_and_reader(TLS13, config);
    let data = pattern(20_000);
    let accepted = writer.write(&data).unwrap();
    assert_eq!(accepted, 16384);
    let mut wire = drain_writer(&mut writer);
    assert_eq!(writer.write(&data[accepted..]), Ok(20_000 - accepted));
    wire.extend(drain_writer(&mut writer));
    assert!(open_all(&mut reader, &wire).1 == data);
}

#[test]
fn ssl_write_row_16_a_slow_drain_does_not_make_records_shorter() {
    let (mut writer, mut reader) = writer();
    let data = pattern(1 << 20);
    let (mut sent, mut wire) = (0, Vec::new());
    while sent < data.len() {
        sent += writer.write(&data[sent..]).unwrap();
        drain_some(&mut writer, 1448, &mut wire);
    }
    wire.extend(drain_writer(&mut writer));
    let (lengths, plaintext) = open_all(&mut reader, &wire);
    assert!(plaintext == data);
    assert!(lengths.len() <= 66, "{} records", lengths.len());
    assert!(lengths.iter().all(|&len| len <= 16384));
}

#[test]
fn ssl_write_row_17_other_bytes_may_be_written_after_full() {
    let (mut writer, mut reader) = writer();
    let first = vec![1; 100_000];
    let accepted = writer.write(&first).unwrap();
    assert_eq!(writer.buffer_state(), BufferState::Full);
    let mut wire = drain_writer(&mut writer);
    assert_eq!(writer.write(&[2; 500]), Ok(500));
    wire.extend(drain_writer(&mut writer));
    let (_, plaintext) = open_all(&mut reader, &wire);
    assert!(plaintext == [vec![1; accepted], vec![2; 500]].concat());
}

#[test]
fn ssl_write_row_18_writing_nothing_changes_nothing() {
    let (mut writer, _) = writer();
    for step in 0..4 {
        let before = (writer.room(), writer.progress(), writer.buffer_state(), writer.state());
        assert_eq!(writer.write(b""), Ok(0));
        assert_eq!(writer.write_atomic(b""), Ok(()));
        let after = (writer.room(), writer.progress(), writer.buffer_state(), writer.state());
        assert_eq!(before, after);
        match step {
            0 => drop(writer.write(b"current record")),
            1 => drop(writer.write(&[0; 100_000])),
            _ => drop(drain_writer(&mut writer)),
        }
    }
    let (mut negotiating, _) = pair(TLS13, Role::Client);
    assert_eq!(negotiating.writer_mut().write(b""), Ok(0));
}

#[test]
fn ssl_write_row_19_three_counters_are_never_mixed() {
    let (mut writer, _) = writer();
    writer.write(&[0; 1000]).unwrap();
    let progress = writer.progress();
    assert_eq!((progress.accepted, progress.drained, progress.drained_plaintext), (1000, 0, 0));
    let mut wire = Vec::new();
    drain_some(&mut writer, 1021, &mut wire);
    let progress = writer.progress();
    assert_eq!((progress.accepted, progress.drained, progress.drained_plaintext), (1000, 1021, 0));
    drain_some(&mut writer, 1, &mut wire);
    let progress = writer.progress();
    assert_eq!(
        (progress.accepted, progress.drained, progress.drained_plaintext),
        (1000, 1022, 1000)
    );
}

#[test]
fn ssl_write_row_20_each_half_closes_independently() {
    for suite in [TLS13, TLS12] {
        let (mut ours, mut peer) = established(suite, Role::Client);
        peer.0.send_close_notify();
        let wire = peer.take_wire();
        feed(&mut ours, &wire);
        assert_eq!(ours.read(&mut [0; 10]), Ok(0));
        assert_eq!(ours.reader_state(), ReaderState::PeerClosed);

        assert_eq!(ours.writer_mut().write(b"still open"), Ok(10));
        ours.close().unwrap();
        assert_eq!(ours.writer_mut().write(b"x"), Err(WriteError::Closed));
        assert_eq!(ours.writer_mut().write(b""), Err(WriteError::Closed));
        assert_eq!(ours.writer_state(), WriterState::Closing);
        peer.feed(&drain(&mut ours)).unwrap();
        assert_eq!(ours.writer_state(), WriterState::Closed);
        assert_eq!(peer.take_plaintext(), b"still open");
        ours.close().unwrap();
        assert!(!ours.wants().drain, "closing again sends nothing");
    }
}

#[test]
fn ssl_write_row_21_truncation_differs_from_a_clean_end() {
    for suite in [TLS13, TLS12] {
        let (mut ours, mut peer) = established(suite, Role::Client);
        let wire = peer.send(b"all of it, or not");
        feed(&mut ours, &wire);
        ours.end_of_input();
        let mut buf = [0; 100];
        assert_eq!(ours.read(&mut buf), Ok(17), "received plaintext is read first");
        assert_eq!(ours.read(&mut buf), Err(Error::Truncated.into()));
        assert_eq!(ours.reader_state(), ReaderState::Truncated);

        let (mut ours, mut peer) = established(suite, Role::Client);
        peer.0.send_close_notify();
        let wire = peer.take_wire();
        feed(&mut ours, &wire);
        ours.end_of_input();
        assert_eq!(ours.read(&mut buf), Ok(0));
        assert_eq!(ours.reader_state(), ReaderState::PeerClosed);
    }
}

#[test]
fn ssl_write_row_22_errors_after_partial_acceptance_carry_the_count() {
    let mut config = WriterConfig::default();
    config.key_limits = Some(KeyLimits { records: 5, blocks: u64::MAX });
    let (mut writer, mut reader) = writer_and_reader(TLS12, config);
    assert_eq!(writer.room(), 2 * 16384);
    let data = pattern(3 * 16384);
    assert_eq!(writer.write(&data), Err(WriteError::KeyLimit { accepted: 2 * 16384 }));
    assert_eq!(writer.write(&data), Err(WriteError::KeyLimit { accepted: 0 }));
    writer.close().unwrap();
    let (_, plaintext) = open_all(&mut reader, &drain_writer(&mut writer));
    assert!(plaintext == data[..2 * 16384]);
    assert_eq!(reader.state(), ReaderState::PeerClosed, "close_notify is still sent");
}

#[test]
fn ssl_write_row_22_a_fatal_error_is_sticky() {
    let (mut writer, _) = writer();
    writer.abort(AlertDescription::INTERNAL_ERROR);
    for _ in 0..2 {
        assert_eq!(writer.write(b"x"), Err(WriteError::Failed { accepted: 0 }));
        assert_eq!(writer.flush(), Err(WriteError::Failed { accepted: 0 }));
        assert_eq!(writer.close(), Err(WriteError::Failed { accepted: 0 }));
    }
    assert_eq!(record_lengths(&drain_writer(&mut writer)), [5 + 2 + 1 + 16], "one alert");
}
