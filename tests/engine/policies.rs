//! Sizing, padding, coalescing, owned plaintext and hand-off, and what each does with the same
//! bytes.
#![expect(clippy::unwrap_used, reason = "tests")]

use core::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use wantwrite::*;
use wantwrite_testing::writer::*;
use wantwrite_testing::*;

/// The content lengths of the records made from `len` bytes, which are offered as one stream and
/// drained `step` bytes at a time.
fn stream(config: WriterConfig, suite: CipherSuite, len: usize, step: usize) -> Vec<usize> {
    let (mut writer, mut reader) = writer_and_reader(suite, config);
    let data = pattern(len);
    let (mut sent, mut wire) = (0, Vec::new());
    while sent < len {
        sent += writer.write(&data[sent..]).unwrap();
        drain_some(&mut writer, step, &mut wire);
    }
    wire.extend(drain_writer(&mut writer));
    let (lengths, plaintext) = open_all(&mut reader, &wire);
    assert!(plaintext == data);
    lengths
}

#[test]
fn no_runts_at_any_capacity_and_drain_length() {
    for suite in [TLS13, TLS12] {
        for records in [1, 2, 4, 16] {
            for step in [1, 536, 1448, 4096, 16384] {
                let config = with(|config| config.capacity = records * 16384);
                let lengths = stream(config, suite, 1 << 20, step);
                assert!(lengths.len() <= 64 + 2, "{records} {step}: {}", lengths.len());
            }
        }
    }
}

#[test]
fn no_runts_after_small_writes_and_key_updates() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    let data = pattern(1 << 20);
    let (mut sent, mut wire) = (100, Vec::new());
    writer.write_atomic(&data[..100]).unwrap();
    drain_some(&mut writer, 50, &mut wire);
    while sent < data.len() {
        sent += writer.write(&data[sent..]).unwrap();
        drain_some(&mut writer, 1448, &mut wire);
        if wire.len() % 7 == 0 {
            writer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
        }
    }
    wire.extend(drain_writer(&mut writer));
    let (lengths, plaintext) = open_all(&mut reader, &wire);
    assert!(plaintext == data);
    assert!(writer.progress().key_updates > 10);
    assert!(lengths.len() <= 64 + 2, "{}", lengths.len());
}

#[test]
fn fixed_records_have_their_size_and_the_last_has_the_remainder() {
    let config = with(|config| config.sizing = Sizing::Fixed(1000));
    let lengths = stream(config, TLS13, 10_500, 700);
    assert_eq!(lengths, [&[1000; 10][..], &[500]].concat());
}

#[test]
fn soft_sizes_that_divide_a_full_record_are_never_cut_short() {
    for suite in [TLS13, TLS12] {
        for size in [2048, 4096, 8192] {
            let config = with(|config| config.sizing = Sizing::Fixed(size));
            let lengths = stream(config, suite, 1 << 20, 1448);
            assert!(lengths.iter().all(|&len| len == size), "{suite:?} {size}");
        }
    }
}

#[test]
fn slow_start_starts_small_grows_and_restarts_after_an_idle_time() {
    let mut slow_start = SlowStart::default();
    slow_start.threshold = 10_000;
    let config = with(|config| config.sizing = Sizing::SlowStart(slow_start));
    let (mut writer, mut reader) = writer_and_reader(TLS13, config);
    let mut lengths = |writer: &mut Writer, now: u64| {
        writer.observe(Conditions::at(Duration::from_secs(now)));
        writer.write_atomic(&[7; 40_000]).unwrap();
        open_all(&mut reader, &drain_writer(writer)).0
    };
    let small = 1369 - 22;
    let first = lengths(&mut writer, 10);
    assert!(first.iter().take(8).all(|&len| len == small), "{first:?}");
    assert_eq!(first[8], 16384);
    assert_eq!(lengths(&mut writer, 10)[0], 16384, "not idle");
    assert_eq!(lengths(&mut writer, 11)[0], small, "idle for a second");
}

#[test]
fn congestion_limits_the_record_and_how_much_is_sealed_ahead() {
    let config = with(|config| config.sizing = Sizing::Congestion(Congestion::default()));
    let (mut writer, mut reader) = writer_and_reader(TLS13, config);
    let window = Window { mss: 1448, cwnd: 2 };
    writer.observe(Conditions::default().with_window(window));
    let room = writer.room();
    assert_eq!(writer.write(&[0; 65536]), Ok(room));
    let wire = drain_writer(&mut writer);
    assert_eq!(wire.len(), 2 * 2 * 1448, "two windows");
    assert_eq!(open_all(&mut reader, &wire).0, [2896 - 22; 2]);
}

#[test]
fn a_larger_window_lets_more_records_of_the_same_size_be_sealed_ahead() {
    let config = with(|config| {
        (config.capacity, config.sizing) = (1 << 20, Sizing::Congestion(Congestion::default()));
    });
    let (mut writer, _) = writer_and_reader(TLS13, config);
    for (cwnd, records) in [(12, 3), (20, 4), (30, 6), (12, 3)] {
        let window = Window { mss: 1448, cwnd };
        writer.observe(Conditions::default().with_window(window));
        assert_eq!(writer.room(), records * 16384, "{cwnd}");
    }
}

#[test]
fn a_policy_knows_only_what_was_observed_under_it() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    let window = Window { mss: 1448, cwnd: 2 };
    writer.observe(Conditions::default().with_window(window));
    writer.set_sizing(Sizing::Congestion(Congestion::default())).unwrap();
    assert_eq!(writer.room(), 65536, "the window is unknown");
    writer.observe(Conditions::default().with_window(window));
    assert_eq!(writer.room(), 2 * (2896 - 22));
    let mut slow_start = SlowStart::default();
    slow_start.threshold = 10_000;
    writer.set_sizing(Sizing::SlowStart(slow_start)).unwrap();
    writer.write_atomic(&[0; 10_000]).unwrap();
    open_all(&mut reader, &drain_writer(&mut writer));
    writer.set_sizing(Sizing::Max).unwrap();
    writer.observe(Conditions::at(Duration::from_secs(1)));
    writer.set_sizing(Sizing::SlowStart(slow_start)).unwrap();
    writer.observe(Conditions::at(Duration::from_secs(9)));
    writer.write_atomic(&[0; 20_000]).unwrap();
    let (lengths, _) = open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!(lengths, [16384, 3616], "an idle time before the policy was set does not count");
    writer.set_sizing(Sizing::SlowStart(slow_start)).unwrap();
    writer.write_atomic(&[0; 5_000]).unwrap();
    open_all(&mut reader, &drain_writer(&mut writer));
    writer.observe(Conditions::at(Duration::from_secs(10)));
    writer.write_atomic(&[0; 5_000]).unwrap();
    let (lengths, _) = open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!(lengths, [5000], "the time of the write before is unknown");
}

/// `TCP_INFO` before the system has filled it in describes an unknown window.
#[test]
fn a_window_with_a_zero_field_is_unknown() {
    for (mss, cwnd) in [(0, 0), (0, 10), (1448, 0)] {
        let config = with(|config| config.sizing = Sizing::Congestion(Congestion::default()));
        let (mut writer, mut reader) = writer_and_reader(TLS13, config);
        writer.observe(Conditions::default().with_window(Window { mss, cwnd }));
        assert_eq!(writer.room(), 65536, "{mss}, {cwnd}");
        writer.write_atomic(&[0; 20_000]).unwrap();
        assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).0, [16384, 3616]);
    }
}

/// Records shorter than the smallest cap of RFC 8449 §4 are useless.
#[test]
fn extreme_policies_make_no_tiny_records() {
    let slow_start = |record_len| {
        let mut slow_start = SlowStart::default();
        slow_start.record_len = record_len;
        Sizing::SlowStart(slow_start)
    };
    let mut one_ahead = Congestion::default();
    one_ahead.windows_ahead = 1;
    for suite in [TLS13, TLS12] {
        for sizing in [
            slow_start(94),
            slow_start(95),
            Sizing::Congestion(Congestion::default()),
            Sizing::Congestion(one_ahead),
        ] {
            let (mut writer, mut reader) = writer_and_reader(
                suite,
                with(|config| {
                    config.sizing = sizing;
                }),
            );
            writer.observe(Conditions::default().with_window(Window { mss: 1, cwnd: 1 }));
            let (mut sent, mut wire) = (0, Vec::new());
            while sent < 1000 {
                sent += writer.write(&[0; 1000][sent..]).unwrap();
                wire.extend(drain_writer(&mut writer));
            }
            let (lengths, _) = open_all(&mut reader, &wire);
            let (_last, whole) = lengths.split_last().unwrap();
            assert!(whole.iter().all(|&len| len >= 64), "{suite:?} {sizing:?}: {lengths:?}");
        }
    }
}

#[test]
fn policies_change_only_at_record_boundaries() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(&[1; 100]).unwrap();
    writer.set_padding(Padding::Multiple(32)).unwrap();
    writer.set_sizing(Sizing::Fixed(10)).unwrap();
    writer.write_atomic(&[1; 100]).unwrap();
    writer.flush().unwrap();
    writer.write_atomic(&[2; 25]).unwrap();
    let wire = drain_writer(&mut writer);
    assert_eq!(record_lengths(&wire), [222, 53, 53, 53], "the current record keeps its own");
    assert_eq!(open_all(&mut reader, &wire).0, [200, 10, 10, 5]);
}

/// What was written before and after a cap is set to `cap`, and the resulting contents.
#[test]
fn a_cap_applies_from_the_call_that_sets_it() {
    for (before, cap, after, contents) in [
        (1, 64, 16_000, &[63, 63, 63][..]),
        (62, 64, 100, &[63, 63, 36]),
        (63, 64, 100, &[63, 63, 37]),
        (64, 64, 100, &[64, 63, 37]),
        (100, 64, 0, &[100]),
        (100, 200, 300, &[199, 199, 2]),
        (100, 16384, 300, &[400]),
    ] {
        for by_slot in [false, true] {
            let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
            writer.write_atomic(&vec![1; before]).unwrap();
            writer.set_max_fragment_len(cap).unwrap();
            let (mut written, room) = (0, writer.room());
            while by_slot && written < after {
                let mut slot = writer.slot().unwrap();
                let n = slot.len().min(after - written);
                slot[..n].fill(2);
                slot.commit(n).unwrap();
                written += n;
            }
            writer.write_atomic(&vec![2; after - written]).unwrap();
            assert!(writer.room() <= room);
            let wire = drain_writer(&mut writer);
            let (lengths, plaintext) = open_all(&mut reader, &wire);
            assert!(plaintext == [vec![1; before], vec![2; after]].concat());
            let shown = &lengths[..lengths.len().min(contents.len())];
            assert_eq!(shown, contents, "{before}, {cap}, {after}, {by_slot}");
        }
    }
}

#[test]
fn a_cap_applies_to_the_padding_of_the_current_record() {
    let config = with(|config| config.padding = Padding::Multiple(512));
    let (mut writer, mut reader) = writer_and_reader(TLS13, config);
    writer.write_atomic(&[1; 10]).unwrap();
    writer.set_max_fragment_len(100).unwrap();
    writer.write_atomic(&[1; 80]).unwrap();
    let wire = drain_writer(&mut writer);
    assert_eq!(record_lengths(&wire), [5 + 100 + 16]);
    assert_eq!(open_all(&mut reader, &wire).0, [90]);
}

#[test]
fn padded_records_have_the_padded_length() {
    let policies = [
        (Padding::Multiple(512), 512),
        (Padding::Sizes(&[100, 600, 1000]), 600),
        (Padding::With(|len| len + 99), 600),
    ];
    for (padding, inner) in policies {
        let config = with(|config| config.padding = padding);
        let (mut writer, mut reader) = writer_and_reader(TLS13, config);
        writer.write_atomic(&[1; 500]).unwrap();
        let wire = drain_writer(&mut writer);
        assert_eq!(record_lengths(&wire), [5 + inner + 16], "{padding:?}");
        assert_eq!(open_all(&mut reader, &wire).0, [500]);
    }
    let config = with(|config| config.padding = Padding::Multiple(512));
    let (mut writer, _) = writer_and_reader(TLS12, config);
    writer.write_atomic(&[1; 500]).unwrap();
    assert_eq!(record_lengths(&drain_writer(&mut writer)), [5 + 8 + 500 + 16], "not in TLS 1.2");
}

#[test]
fn a_padded_record_never_exceeds_the_cap() {
    for limit in [64, 1000, 16384] {
        let config = with(|config| {
            config.max_fragment_len = limit;
            config.padding = Padding::With(|_| usize::MAX);
        });
        let (mut writer, mut reader) = writer_and_reader(TLS13, config);
        let inner = if limit == 16384 { 16385 } else { limit };
        writer.write_atomic(&pattern(20_000)[..limit]).unwrap();
        let wire = drain_writer(&mut writer);
        assert!(record_lengths(&wire).iter().all(|&len| len == 5 + inner + 16), "{limit}");
        assert!(open_all(&mut reader, &wire).1 == pattern(20_000)[..limit]);
    }
}

#[test]
fn a_cover_record_is_empty_and_has_the_requested_length() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(b"before").unwrap();
    writer.write_cover(100).unwrap();
    writer.write_cover(0).unwrap();
    writer.write_cover(usize::MAX).unwrap();
    writer.write_atomic(b"after").unwrap();
    let wire = drain_writer(&mut writer);
    assert_eq!(record_lengths(&wire), [28, 122, 22, 16406, 27]);
    assert_eq!(open_all(&mut reader, &wire).1, b"beforeafter");
    writer.set_sizing(Sizing::Fixed(10)).unwrap();
    writer.write_cover(100).unwrap();
    assert_eq!(record_lengths(&drain_writer(&mut writer)), [122], "the soft size is for content");
    let (mut writer, mut reader) = writer_and_reader(TLS12, WriterConfig::default());
    writer.write_cover(100).unwrap();
    let wire = drain_writer(&mut writer);
    assert_eq!(record_lengths(&wire), [5 + 8 + 16]);
    assert_eq!(open_all(&mut reader, &wire).1, b"");
}

#[test]
fn a_cover_record_without_room_changes_nothing() {
    let config = with(|config| config.capacity = 1);
    let (mut writer, _) = writer_and_reader(TLS13, config);
    writer.write_atomic(&[0; 16384]).unwrap();
    let before = (writer.room(), writer.progress());
    let refused = writer.write_cover(10);
    assert_eq!(refused, Err(WriteError::NoRoom { needed: 10, available: 0 }));
    assert_eq!((writer.room(), writer.progress()), before);
}

#[test]
fn write_vectored_shares_records_between_its_buffers() {
    let config = with(|config| config.coalescing = Coalescing::Off);
    let (mut writer, mut reader) = writer_and_reader(TLS13, config);
    let parts = [pattern(10), pattern(16384), Vec::new(), pattern(20)];
    let slices = parts.each_ref().map(|part| std::io::IoSlice::new(part));
    assert_eq!(writer.write_vectored(&slices), Ok(16414));
    let (lengths, plaintext) = open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!(lengths, [16384, 30]);
    assert!(plaintext == parts.concat());
    assert_eq!(writer.write_vectored::<&[u8]>(&[]), Ok(0));
}

#[test]
fn owned_plaintext_seals_to_the_same_bytes_as_writing_without_coalescing() {
    for suite in SUITES {
        for (len, spare) in [
            (100, 0),
            (4096, 0),
            (4096, 1),
            (16384, 1),
            (16385, 0),
            (40_000, 0),
            (50_000, 0),
            (65536, 1),
        ] {
            let config = with(|config| config.coalescing = Coalescing::Off);
            let (mut owned, _) = writer_and_reader(suite, config.clone());
            let (mut copied, _) = writer_and_reader(suite, config);
            for writer in [&mut owned, &mut copied] {
                writer.write_atomic(b"current record").unwrap();
                writer.flush().unwrap();
            }
            let mut plaintext = BytesMut::with_capacity(len + spare);
            plaintext.extend_from_slice(&pattern(len));
            assert_eq!(owned.room().min(len), copied.room().min(len));
            while !plaintext.is_empty() {
                let accepted = owned.write_owned(&mut plaintext).unwrap();
                if accepted == 0 {
                    break;
                }
            }
            let sent = len - plaintext.len();
            copied.write_atomic(&pattern(len)[..sent]).unwrap();
            assert_eq!(owned.progress().accepted, copied.progress().accepted);
            assert!(sent >= len.min(3 * 16384), "{sent} of {len}");
            assert!(drain_writer(&mut owned) == drain_writer(&mut copied), "{suite:?} {len}");
            let delivered = owned.progress().drained_plaintext;
            assert_eq!(delivered, owned.progress().accepted);
        }
    }
}

#[test]
fn owned_plaintext_is_drained_from_the_callers_memory() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    let vec = {
        let mut vec = Vec::with_capacity(32769);
        vec.extend(pattern(32768));
        vec
    };
    let address = vec.as_ptr();
    let mut plaintext = Bytes::from(vec).try_into_mut().unwrap();
    assert_eq!(writer.write_owned(&mut plaintext), Ok(32768));
    assert!(plaintext.is_empty());
    let drain = writer.drain();
    let chunks: Vec<&[u8]> = drain.chunks().collect();
    let lengths: Vec<usize> = chunks.iter().map(|chunk| chunk.len()).collect();
    assert_eq!(lengths, [5, 16384, 17 + 5, 16384, 17]);
    assert_eq!(chunks[1].as_ptr(), address, "no copy");
}

#[test]
fn only_the_last_record_of_owned_plaintext_without_a_spare_byte_is_copied() {
    for (suite, in_place) in [(TLS13, 2), (TLS12, 3)] {
        let (mut writer, _) = writer_and_reader(suite, WriterConfig::default());
        let bytes = Bytes::from(pattern(40_000).into_boxed_slice());
        let memory = bytes.as_ptr_range();
        let mut plaintext = bytes.try_into_mut().unwrap();
        assert_eq!(plaintext.capacity(), 40_000);
        assert_eq!(writer.write_owned(&mut plaintext), Ok(40_000));
        let lies_there = |chunk: &&[u8]| memory.contains(&chunk.as_ptr());
        assert_eq!(writer.drain().chunks().filter(lies_there).count(), in_place, "{suite:?}");
    }
}

#[test]
fn owned_plaintext_counts_against_the_capacity() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    let mut plaintext = BytesMut::from(&pattern(100_000)[..]);
    assert_eq!(writer.write_owned(&mut plaintext), Ok(65536));
    assert_eq!((plaintext.len(), writer.room()), (100_000 - 65536, 0));
    assert_eq!(writer.write_owned(&mut plaintext), Ok(0));
    drain_some(&mut writer, 2 * 16406, &mut Vec::new());
    assert!(writer.room() >= 16384);
}

#[test]
fn owned_plaintext_can_update_keys_and_precede_a_close() {
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 4, blocks: u64::MAX }));
    let (mut writer, mut reader) = writer_and_reader(TLS13, config);
    writer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
    let mut plaintext = BytesMut::with_capacity(65537);
    plaintext.extend_from_slice(&pattern(65536));
    assert_eq!(writer.write_owned(&mut plaintext), Ok(65536));
    writer.close().unwrap();
    let (_, opened) = open_all(&mut reader, &drain_writer(&mut writer));
    assert!(opened == pattern(65536));
    assert_eq!(reader.state(), ReaderState::PeerClosed);
    assert_eq!(writer.progress().key_updates, 2);
    assert_eq!(writer.progress().drained_plaintext, 65536);
}

#[test]
fn chunks_are_handed_off_without_a_copy_and_put_back_in_order() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(&pattern(40_000)).unwrap();
    writer.flush().unwrap();
    let point = writer.progress().flush_point();
    let mut chunks: Vec<Chunk> = writer.drain().take_chunks(usize::MAX).collect();
    assert_eq!(chunks.len(), 3, "one per segment");
    assert!(writer.progress().is_drained(point));

    let mut wire = chunks.remove(0).to_vec();
    let (mut second, third) = (chunks.remove(0), chunks.remove(0));
    let PutBackError(second_again) = writer.put_back(second).unwrap_err();
    second = second_again;
    writer.put_back(third).unwrap();
    wire.extend_from_slice(&second[..1000]);
    second.advance(1000);
    writer.put_back(second).unwrap();
    assert!(!writer.progress().is_drained(point));

    writer.write_atomic(b"more").unwrap();
    wire.extend(drain_writer(&mut writer));
    assert!(open_all(&mut reader, &wire).1 == [pattern(40_000), b"more".to_vec()].concat());
    assert!(writer.progress().is_drained(point));
}

#[test]
fn short_pieces_of_a_long_backlog_are_not_copied() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(&pattern(16_384)).unwrap();
    writer.flush().unwrap();
    let chunks: Vec<Chunk> = core::iter::from_fn(|| writer.drain().take_chunk(1448)).collect();
    let in_place = chunks.windows(2).filter(|pair| pair[0].as_ptr_range().end == pair[1].as_ptr());
    // 16,406 bytes make 11 chunks of 1,448 bytes. The last one begins when 1,926 bytes are pending.
    assert_eq!((chunks.len(), in_place.count()), (12, 9));
}

#[test]
fn chunks_are_taken_up_to_a_total_length() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(&pattern(40_000)).unwrap();
    writer.flush().unwrap();
    for max in [20_000, 1, 0, 10_000] {
        let waiting = writer.drain().remaining();
        let chunks: Vec<Chunk> = writer.drain().take_chunks(max).collect();
        assert_eq!(chunks.iter().map(|chunk| chunk.len()).sum::<usize>(), max);
        assert_eq!(writer.drain().remaining(), waiting - max);
    }
}

#[test]
fn putting_back_a_chunk_does_not_touch_the_current_record() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(&pattern(1000)).unwrap();
    let mut chunk = writer.drain().take_chunk(usize::MAX).unwrap();
    writer.write_atomic(b"small").unwrap();
    let mut wire = chunk[..100].to_vec();
    chunk.advance(100);
    writer.put_back(chunk).unwrap();
    writer.write_atomic(b"small").unwrap();
    wire.extend(drain_writer(&mut writer));
    assert_eq!(open_all(&mut reader, &wire).0, [1000, 10]);
}

#[test]
fn a_pool_lends_segments_to_many_connections_and_keeps_them() {
    let pool = Pool::new(8);
    let config = with(|config| config.pool = Some(pool.clone()));
    let mut writers = [(); 3].map(|()| writer_and_reader(TLS13, config.clone()).0);
    for round in 0..3 {
        for writer in &mut writers {
            writer.write_atomic(&[1; 30_000]).unwrap();
            drain_writer(writer);
            assert_eq!(writer.memory_held(), 0);
        }
        assert_eq!(pool.len(), 2, "round {round}");
    }
}

#[test]
fn write_final_seals_data_and_close_notify_together() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    let too_long = vec![0; 65537];
    let refused = writer.write_and_close(&too_long);
    assert_eq!(refused, Err(WriteError::NoRoom { needed: 65537, available: 65536 }));
    assert_eq!(writer.state(), WriterState::Open);
    writer.write_and_close(b"last words").unwrap();
    assert_eq!(writer.state(), WriterState::Closing);
    let wire = drain_writer(&mut writer);
    assert_eq!(open_all(&mut reader, &wire).1, b"last words");
    assert_eq!(reader.state(), ReaderState::PeerClosed);
}

#[test]
fn a_writer_taken_apart_continues_where_it_stopped() {
    for suite in [TLS13, TLS12] {
        let (mut writer, mut reader) = writer_and_reader(suite, WriterConfig::default());
        writer.write_atomic(b"one").unwrap();
        writer = writer.into_parts().unwrap_err();
        let mut wire = drain_writer(&mut writer);
        let seq = writer.next_seq();
        let parts = writer.into_parts().unwrap();
        assert_eq!(parts.suite(), suite);
        let mut writer = Writer::from_parts(parts, &WriterConfig::default()).unwrap();
        assert_eq!(writer.next_seq(), seq);
        writer.write_atomic(b"two").unwrap();
        if suite == TLS13 {
            writer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
        }
        wire.extend(drain_writer(&mut writer));
        assert_eq!(open_all(&mut reader, &wire).1, b"onetwo");
        let keys = writer.into_parts().unwrap().into_keys();
        assert_eq!(keys.dangerous_raw().0.len(), suite.key_len());
    }
}

#[test]
fn a_budget_moves_with_its_key() {
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 6, blocks: u64::MAX }));
    let (mut writer, _) = writer_and_reader(TLS12, config.clone());
    for left in [3, 2, 1, 0] {
        assert_eq!(writer.room(), left * 16384);
        if left > 0 {
            writer.write_atomic(b"x").unwrap();
            drain_writer(&mut writer);
        }
        writer = Writer::from_parts(writer.into_parts().unwrap(), &config).unwrap();
    }
}

/// Also through writers with other limits, which can be lower than what the key has sealed.
#[test]
fn sealed_blocks_move_with_their_key() {
    let limits =
        |blocks| with(|config| config.key_limits = Some(KeyLimits { records: 1 << 24, blocks }));
    // Three full records, then one more and two control records.
    for (limit, updates) in [(3 * 1026 + 1030, 0), (3 * 1026 + 1029, 1)] {
        for between in [2_000, 3 * 1026, 1 << 34, u64::MAX] {
            let (mut writer, _) = writer_and_reader(TLS13, limits(1 << 20));
            for _ in 0..3 {
                writer.write_atomic(&[0; 16_384]).unwrap();
                drain_writer(&mut writer);
            }
            for limits in [limits(between), limits(limit)] {
                writer = Writer::from_parts(writer.into_parts().unwrap(), &limits).unwrap();
            }
            writer.write_atomic(&[0; 16_384]).unwrap();
            assert_eq!(writer.progress().key_updates, updates, "{limit} {between}");
        }
    }
}

#[test]
fn twenty_generations_each_way_with_a_rustls_peer() {
    for role in ROLES {
        let (mut ours, mut peer) = established(TLS13, role);
        for generation in 0..20 {
            // The requests cross: both endpoints ask before either has seen the other's request.
            ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
            peer.0.refresh_traffic_keys().unwrap();
            let text = format!("generation {generation}");
            ours.writer_mut().write_atomic(text.as_bytes()).unwrap();
            let (to_peer, to_us) = (drain(&mut ours), peer.send(text.as_bytes()));
            peer.feed(&to_peer).unwrap();
            feed(&mut ours, &to_us);
            assert_eq!(peer.take_plaintext(), text.as_bytes());
            assert_eq!(read_all(&mut ours), text.as_bytes());
            while exchange(&mut ours, &mut peer).unwrap() {}
        }
        // Our own, and an answer to each of the peer's.
        assert_eq!(ours.writer().progress().key_updates, 40);
    }
}

#[test]
fn counting_only_blocks_lets_short_records_continue() {
    let records_and_blocks = KeyLimits::for_suite(TLS12);
    assert_eq!((records_and_blocks.records, records_and_blocks.blocks), (1 << 24, 1 << 34));
    let blocks = KeyLimits { records: u64::MAX, ..KeyLimits::for_suite(TLS12) };
    assert_eq!((blocks.records, blocks.blocks), (u64::MAX, 1 << 34));
    let chacha = KeyLimits::for_suite(CipherSuite::TLS_CHACHA20_POLY1305_SHA256);
    assert_eq!((chacha.records, chacha.blocks), (u64::MAX, u64::MAX));
}

#[test]
fn padding_has_no_effect_in_tls_1_2_and_takes_no_room() {
    let config = with(|config| config.padding = Padding::Multiple(4096));
    let (mut writer, _) = writer_and_reader(TLS12, config);
    assert_eq!(writer.wire_len(1), 30);
    let room = writer.room();
    assert_eq!(writer.write(&[0; 100_000]), Ok(room));
    writer.set_padding(Padding::With(|_| 16384)).unwrap();
    assert_eq!(writer.wire_len(1), 30);
}

#[test]
fn a_zero_window_does_not_stop_the_writer_forever() {
    let config = with(|config| config.sizing = Sizing::Congestion(Congestion::default()));
    let (mut writer, _) = writer_and_reader(TLS13, config);
    writer.observe(Conditions::default().with_window(Window { mss: 0, cwnd: 0 }));
    for _ in 0..3 {
        assert!(writer.write(b"abc").unwrap() > 0);
        assert!(writer.wants_drain());
        drain_writer(&mut writer);
    }
}

#[test]
fn every_chunk_taken_since_the_last_write_can_be_put_back() {
    let config = with(|config| config.sizing = Sizing::Fixed(4096));
    let (mut writer, mut reader) = writer_and_reader(TLS13, config);
    let mut plaintext = BytesMut::with_capacity(65537);
    plaintext.extend_from_slice(&pattern(65536));
    assert_eq!(writer.write_owned(&mut plaintext), Ok(65536));
    let chunks: Vec<Chunk> = core::iter::from_fn(|| writer.drain().take_chunk(50)).collect();
    assert!(chunks.len() > 1000);
    for chunk in chunks.into_iter().rev() {
        writer.put_back(chunk).unwrap();
    }
    assert_eq!((writer.progress().drained, writer.progress().drained_plaintext), (0, 0));
    assert!(open_all(&mut reader, &drain_writer(&mut writer)).1 == pattern(65536));

    let config = with(|config| config.capacity = 16384);
    let (mut writer, _) = writer_and_reader(TLS13, config);
    writer.write_atomic(&[1; 16384]).unwrap();
    let chunk = writer.drain().take_chunk(usize::MAX).unwrap();
    writer.write_atomic(&[2; 16384]).unwrap();
    writer.put_back(chunk).unwrap();
    let chunks: Vec<Chunk> = writer.drain().take_chunks(usize::MAX).collect();
    assert_eq!(chunks.len(), 2);
    for chunk in chunks.into_iter().rev() {
        writer.put_back(chunk).unwrap();
    }
    assert_eq!(writer.drain().remaining(), 2 * 16406);
    assert!(writer.drain().take_chunk(0).is_none());
}

#[test]
fn owned_plaintext_uses_all_the_room_after_the_buffer_was_used() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(b"used").unwrap();
    drain_writer(&mut writer);
    let mut plaintext = BytesMut::from(&pattern(100_000)[..]);
    assert_eq!(writer.write_owned(&mut plaintext), Ok(65536));

    let config = with(|config| config.sizing = Sizing::Fixed(1000));
    let (mut writer, _) = writer_and_reader(TLS13, config);
    let mut plaintext = BytesMut::with_capacity(8001);
    plaintext.extend_from_slice(&pattern(8000));
    assert_eq!(writer.write_owned(&mut plaintext), Ok(8000));
    assert!(writer.room() >= 3 * 16000, "{}: one segment's worth is charged", writer.room());
}

#[test]
fn writing_an_empty_owned_buffer_changes_nothing() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(b"open").unwrap();
    assert_eq!(writer.write_owned(&mut BytesMut::new()), Ok(0));
    assert_eq!(writer.progress().records, 0);
}

#[test]
fn a_cover_record_fits_under_any_policy_or_is_refused() {
    let config = with(|config| {
        config.capacity = 16384;
        config.padding = Padding::Multiple(16384);
    });
    let (mut writer, _) = writer_and_reader(TLS13, config);
    writer.set_padding(Padding::None).unwrap();
    writer.write_atomic(&[0; 5000]).unwrap();
    writer.flush().unwrap();
    writer.set_padding(Padding::Multiple(16384)).unwrap();
    let before = writer.progress().records;
    writer.write_cover(1000).unwrap();
    assert_eq!(writer.progress().records, before + 1);
}

#[test]
fn the_ends_of_each_range_are_valid_settings() {
    for capacity in [1, 1 << 30] {
        let config = with(|config| {
            config.capacity = capacity;
            config.sizing = Sizing::Fixed(1);
            config.max_fragment_len = 64;
            config.padding = Padding::Multiple(usize::MAX);
        });
        let (mut writer, _) = writer_and_reader(TLS13, config);
        writer.write_atomic(b"x").unwrap();
        assert_eq!(writer.wire_len(usize::MAX), usize::MAX);
    }
    drop(Pool::new(usize::MAX));
    let mut config = ReaderConfig::default();
    config.capacity = MAX_RECORD_LEN;
    let (_, keys) = keys(TLS13);
    let mut reader = Reader::new(keys, Role::Client, config).unwrap();
    assert_eq!(reader.inbound().unwrap().len(), MAX_RECORD_LEN);
}

#[test]
fn a_setting_out_of_its_range_is_an_error_that_names_it() {
    let sizing = |sizing| with(|config| config.sizing = sizing);
    let slow_start = |record_len| {
        let mut slow_start = SlowStart::default();
        slow_start.record_len = record_len;
        sizing(Sizing::SlowStart(slow_start))
    };
    let ahead = |windows_ahead| {
        let mut congestion = Congestion::default();
        congestion.windows_ahead = windows_ahead;
        sizing(Sizing::Congestion(congestion))
    };
    let capacity = |capacity| with(|config| config.capacity = capacity);
    let cap = |cap| with(|config| config.max_fragment_len = cap);
    let padding = |padding| with(|config| config.padding = padding);
    for (config, setting, found) in [
        (capacity(0), "WriterConfig::capacity", 0),
        (capacity((1 << 30) + 1), "WriterConfig::capacity", (1 << 30) + 1),
        (cap(63), "WriterConfig::max_fragment_len", 63),
        (cap(16_385), "WriterConfig::max_fragment_len", 16_385),
        (sizing(Sizing::Fixed(0)), "Sizing::Fixed", 0),
        (sizing(Sizing::Fixed(16_385)), "Sizing::Fixed", 16_385),
        (slow_start(93), "SlowStart::record_len", 93),
        (ahead(0), "Congestion::windows_ahead", 0),
        (padding(Padding::Multiple(0)), "Padding::Multiple", 0),
        (padding(Padding::Sizes(&[10, 20, 19])), "Padding::Sizes", 19),
    ] {
        let error = config.check().unwrap_err();
        assert_eq!((error.setting, error.found), (setting, found));
        assert!(error.found < error.least || error.found > error.most, "{error}");
        let (keys, _) = keys(TLS13);
        assert_eq!(Writer::new(keys, config.clone()).err(), Some(error));
        let mut both = ConnectionConfig::default();
        both.writer = config.clone();
        assert_eq!(both.check(), Err(error));
        assert_eq!(refused_by_connections(&both), ConnectionError::Config(error));

        let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
        let set = [
            writer.set_sizing(config.sizing),
            writer.set_padding(config.padding),
            writer.set_max_fragment_len(config.max_fragment_len),
        ];
        let errors: Vec<_> = set.into_iter().filter_map(Result::err).collect();
        let expected = if setting.ends_with("::capacity") { vec![] } else { vec![error] };
        assert_eq!(errors, expected);
        writer.write_atomic(&[0; 20_000]).unwrap();
        let lengths = record_lengths(&drain_writer(&mut writer));
        assert_eq!(lengths, [16_406, 3_638], "nothing has changed");
    }
    let credit = |credit| {
        let mut config = ReaderConfig::default();
        config.limits.tickets = credit;
        config
    };
    let capacity = |capacity| {
        let mut config = ReaderConfig::default();
        config.capacity = capacity;
        config
    };
    for (config, setting) in [
        (capacity(MAX_RECORD_LEN - 1), "ReaderConfig::capacity"),
        (capacity((1 << 30) + 1), "ReaderConfig::capacity"),
        (capacity(usize::MAX), "ReaderConfig::capacity"),
        (credit(Credit { initial: 2, saved: 1, cost: 1 }), "Credit::saved"),
        (credit(Credit { initial: 1, saved: 1, cost: 0 }), "Credit::cost"),
    ] {
        let error = config.check().unwrap_err();
        assert_eq!(error.setting, setting);
        let (_, keys) = keys(TLS13);
        assert_eq!(Reader::new(keys, Role::Client, config.clone()).err(), Some(error));
        for pool in [None, Some(Pool::new(1))] {
            let mut both = ConnectionConfig::default();
            both.reader = config.clone();
            both.reader.pool = pool;
            assert_eq!(refused_by_connections(&both), ConnectionError::Config(error));
        }
    }
}

/// The error with which both a client and a server reject these settings.
fn refused_by_connections(config: &ConnectionConfig) -> ConnectionError {
    let identity = Identity::for_suite(TLS13);
    let (client, server) = (client_config(TLS13, &identity), server_config(TLS13, &identity));
    let client = Connection::client_with(client.into(), server_name(), config.clone());
    let server = Connection::server_with(server.into(), config.clone());
    let error = client.err().unwrap();
    assert_eq!(server.err().as_ref(), Some(&error));
    error
}

#[test]
fn wire_len_beyond_the_room_equals_alternate_filling_and_draining() {
    let sizings = || {
        let mut ahead = Congestion::default();
        ahead.windows_ahead = 3;
        [Sizing::Max, Sizing::Fixed(3000), Sizing::SlowStart(SlowStart::default())]
            .into_iter()
            .chain([Congestion::default(), ahead].map(Sizing::Congestion))
    };
    for (suite, capacity) in [(TLS13, 1), (TLS13, 65536), (TLS12, 20000)] {
        for (sizing, cwnd) in sizings().flat_map(|sizing| [1, 3, 14].map(|cwnd| (sizing, cwnd))) {
            for (held, flushed) in [(0, false), (5000, false), (9000, true), (17000, true)] {
                let writer = || {
                    let config = with(|c| (c.capacity, c.sizing) = (capacity, sizing));
                    let (mut writer, _) = writer_and_reader(suite, config);
                    let window = Window { mss: 1000, cwnd };
                    writer.observe(Conditions::default().with_window(window));
                    writer.write(&pattern(held)).unwrap();
                    if flushed {
                        writer.flush().unwrap();
                    }
                    writer
                };
                let (mut writer, mut without) = (writer(), writer());
                let data = pattern(50_000);
                let expected = writer.wire_len(data.len());
                let mut rest = &data[..];
                while !rest.is_empty() {
                    let accepted = writer.write(rest).unwrap();
                    rest = &rest[accepted..];
                    if !rest.is_empty() {
                        drain_writer(&mut writer);
                    }
                }
                drain_writer(&mut writer);
                drain_writer(&mut without);
                let made = writer.progress().drained - without.progress().drained;
                let expected = u64::try_from(expected).unwrap();
                assert_eq!(made, expected, "{suite:?} {capacity} {sizing:?} {cwnd} {held}");
            }
        }
    }
}

#[test]
fn owned_plaintext_reaches_the_block_limit_where_written_plaintext_does() {
    for suite in [TLS13, TLS12] {
        for blocks in [2100, 2200, 2300, 2500] {
            let config = with(|config| {
                config.coalescing = Coalescing::Off;
                config.key_limits = Some(KeyLimits { records: u64::MAX, blocks });
            });
            let (mut owned, _) = writer_and_reader(suite, config.clone());
            let (mut written, _) = writer_and_reader(suite, config);
            let data = pattern(2 * 16384 + 100);
            let mut plaintext = BytesMut::with_capacity(data.len() + 1);
            plaintext.extend_from_slice(&data);
            assert_eq!(
                owned.write_owned(&mut plaintext),
                written.write(&data),
                "{suite:?} {blocks}"
            );
            assert!(drain_writer(&mut owned) == drain_writer(&mut written), "{suite:?} {blocks}");
        }
    }
}

#[test]
fn owned_plaintext_in_short_records_is_copied() {
    let config = with(|config| config.sizing = Sizing::Fixed(1000));
    let (mut writer, _) = writer_and_reader(TLS13, config);
    let mut plaintext = BytesMut::with_capacity(40_001);
    plaintext.resize(40_000, 1);
    assert_eq!(writer.write_owned(&mut plaintext), Ok(40_000));
    assert!(writer.memory_held() > 40_000, "it is in segments");
}

#[test]
fn short_chunks_in_flight_hold_only_their_own_memory() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    let mut in_flight = Vec::new();
    for _ in 0..100 {
        writer.write_atomic(&[7; 16]).unwrap();
        in_flight.push(writer.drain().take_chunk(usize::MAX).unwrap());
        assert!(writer.memory_held() > 16384, "the segment went with the chunk");
    }
    let last = in_flight.pop().unwrap();
    let last_len = last.len();
    writer.put_back(last).unwrap();
    let wire: Vec<u8> = in_flight.iter().flat_map(|chunk| chunk.to_vec()).collect();
    let wire = [wire, drain_writer(&mut writer)].concat();
    assert_eq!(wire.len(), 100 * last_len);
    assert_eq!(open_all(&mut reader, &wire).0, [16; 100]);
}

#[test]
fn an_empty_write_begins_no_record() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    // Then it has memory for a record.
    writer.write_atomic(b"hello").unwrap();
    drain_writer(&mut writer);
    assert_eq!(writer.write(b""), Ok(0));
    writer.set_sizing(Sizing::Fixed(100)).unwrap();
    writer.write_atomic(&[7; 1000]).unwrap();
    assert_eq!(drain_writer(&mut writer).len(), 1000 + 10 * 22);
}

#[test]
fn wire_len_is_known_up_to_1_gib() {
    let (writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    let records = (1 << 30) / 16_384;
    assert_eq!(writer.wire_len(1 << 30), (1 << 30) + records * 22);
    assert_eq!(writer.wire_len((1 << 30) + 1), usize::MAX);
}

/// A short record can then need more memory than a longer one.
#[test]
fn padding_that_makes_short_records_longer_fits_too() {
    for short in [200, 1_000, 16_000] {
        let padding = match short {
            200 => Padding::With(|len| if len <= 100 { 200 } else { len }),
            1_000 => Padding::With(|len| if len <= 100 { 1_000 } else { len }),
            _ => Padding::With(|len| if len <= 100 { 16_000 } else { len }),
        };
        let sizings = [Sizing::Max, Sizing::Fixed(150)];
        let firsts = sizings.map(|sizing| (0..16_384).step_by(41).map(move |len| (len, sizing)));
        for (first, sizing) in firsts.into_iter().flatten() {
            let config = with(|config| (config.padding, config.sizing) = (padding, sizing));
            let (mut writer, mut reader) = writer_and_reader(TLS13, config);
            let mut sent = Vec::new();
            for len in [first, 50, 101, 7] {
                let n = len.min(writer.room());
                let expected = writer.wire_len(n);
                let before = writer.waiting();
                assert_eq!(writer.write(&pattern(n)), Ok(n), "{short} {first}");
                writer.flush().unwrap();
                assert_eq!(writer.waiting() - before, expected, "{short} {first}");
                sent.extend(pattern(n));
            }
            assert!(open_all(&mut reader, &drain_writer(&mut writer)).1 == sent, "{first}");
        }
    }
}
