//! Records sealed on several threads are the same bytes as on one.

use core::time::Duration;
use std::thread;

use bytes::Bytes;
use proptest::prelude::*;
use wantwrite::*;
use wantwrite_testing::batch::{BatchStep, Help, compare};
use wantwrite_testing::opener::{APPLICATION_DATA, Opener};
use wantwrite_testing::writer::*;
use wantwrite_testing::*;

fn help() -> impl Strategy<Value = Help> {
    prop_oneof![Just(Help::Never), Just(Help::First), Just(Help::Together), Just(Help::Late)]
}

fn suite() -> impl Strategy<Value = CipherSuite> {
    prop::sample::select(CipherSuite::ALL.to_vec())
}

prop_compose! {
    fn config()(
        capacity in prop_oneof![Just(1_usize), Just(65_536), Just(1 << 20)],
        max_fragment_len in prop_oneof![Just(16_384_usize), 64..16_384_usize],
        sizing in prop_oneof![
            Just(Sizing::Max),
            (500..9000_usize).prop_map(Sizing::Fixed),
            Just(Sizing::SlowStart(SlowStart::default())),
        ],
        padding in prop_oneof![
            Just(Padding::None),
            (1..600_usize).prop_map(Padding::Multiple),
            Just(Padding::Sizes(&[100, 5000, 16_385])),
        ],
        coalesces in any::<bool>(),
        releases in any::<bool>(),
        key_records in prop_oneof![Just(None), (3..40_u64).prop_map(Some)],
    ) -> WriterConfig {
        with(|config| {
            (config.capacity, config.max_fragment_len) = (capacity, max_fragment_len);
            (config.sizing, config.padding) = (sizing, padding);
            config.coalescing = if coalesces { Coalescing::On } else { Coalescing::Off };
            config.buffers = if releases { BufferPolicy::Release } else { BufferPolicy::Retain };
            config.key_limits = key_records.map(|records| KeyLimits { records, blocks: u64::MAX });
        })
    }
}

fn steps() -> impl Strategy<Value = Vec<BatchStep>> {
    let len = prop_oneof![0..200_usize, 0..40_000_usize, 0..400_000_usize];
    let step = (len, help(), 0..100_000_usize, any::<bool>())
        .prop_map(|(len, help, drain, small_write)| BatchStep { len, help, drain, small_write });
    prop::collection::vec(step, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn law_12_a_batch_gives_the_bytes_and_states_of_serial_writing(
        suite in suite(),
        config in config(),
        aead in prop::sample::select(AeadProvider::ALL),
        steps in steps(),
    ) {
        compare(suite, &config, [AeadProvider::default(), aead], &steps);
    }
}

#[test]
fn the_peer_reads_what_many_threads_seal() {
    for &suite in CipherSuite::ALL {
        let (mut writer, mut reader) = writer_and_reader(suite, with(|c| c.capacity = 1 << 20));
        let workers = SealWorkers::new(3, Duration::from_micros(50)).unwrap();
        let data = pattern(3 << 20);
        let mut rest = Bytes::from(data.clone());
        let mut wire = Vec::new();
        while !rest.is_empty() {
            assert!(writer.write_parallel(&mut rest, &workers).unwrap() > 0);
            wire.extend(drain_writer(&mut writer));
        }
        let (lengths, plaintext) = open_all(&mut reader, &wire);
        assert_eq!(lengths.len(), 192);
        assert!(plaintext == data);
    }
}

#[test]
fn law_12_write_parallel_gives_the_same_bytes_for_any_number_of_workers() {
    let data = Bytes::from(pattern(900_000));
    let sealed = |count, len| {
        let workers = SealWorkers::new(count, Duration::ZERO).unwrap();
        let (mut writer, _) = writer_and_reader(TLS13, with(|c| c.capacity = 1 << 20));
        writer.write_atomic(b"still open").unwrap();
        writer.write_parallel(&mut data.slice(..len), &workers).unwrap();
        assert_eq!(writer.write(b"behind"), Ok(6));
        drain_writer(&mut writer)
    };
    for len in [0, 1, 16_384, 524_287, 524_288, 900_000] {
        let alone = sealed(0, len);
        assert!((1..4).all(|count| sealed(count, len) == alone), "{len}");
    }
}

#[test]
fn a_dropped_batch_is_finished() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    let data = pattern(50_000);
    drop(writer.seal_batch(&mut Bytes::from(data.clone())).unwrap());
    assert!(open_all(&mut reader, &drain_writer(&mut writer)).1 == data);
}

#[test]
fn a_leaked_batch_fails_the_writer_and_keeps_earlier_records() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(&pattern(16_384)).unwrap();
    core::mem::forget(writer.seal_batch(&mut Bytes::from(pattern(40_000))).unwrap());
    assert_eq!(writer.error(), Some(Error::SealingAbandoned));
    assert_eq!(writer.write(b"x"), Err(WriteError::Failed { accepted: 0 }));
    assert!(writer.seal_batch(&mut Bytes::from_static(b"x")).is_err());
    assert!(open_all(&mut reader, &drain_writer(&mut writer)).1 == pattern(16_384));
}

#[test]
fn a_batch_is_refused_when_write_is_and_accepts_nothing() {
    for suite in [TLS13, TLS12] {
        let (mut writer, _) = writer_and_reader(suite, WriterConfig::default());
        let mut plaintext = Bytes::from(pattern(100_000));
        assert_eq!(writer.seal_batch(&mut plaintext).unwrap().finish(), Ok(65_536));
        assert_eq!(plaintext.len(), 100_000 - 65_536);
        assert_eq!(writer.seal_batch(&mut plaintext).unwrap().finish(), Ok(0), "full");
        writer.close().unwrap();
        assert_eq!(writer.seal_batch(&mut plaintext).unwrap_err(), WriteError::Closed);
        assert_eq!(plaintext.len(), 100_000 - 65_536);
    }
}

#[test]
fn segments_of_a_pool_return_after_a_batch() {
    let pool = Pool::new(8);
    let config = with(|config| config.pool = Some(pool.clone()));
    let (mut writer, _) = writer_and_reader(TLS13, config);
    for _ in 0..3 {
        let mut plaintext = Bytes::from(pattern(65_536));
        assert_eq!(writer.seal_batch(&mut plaintext).unwrap().finish(), Ok(65_536));
        drain_writer(&mut writer);
        assert_eq!(pool.len(), 4);
    }
}

#[test]
fn a_batch_without_room_for_more_fills_the_current_record() {
    let workers = SealWorkers::new(1, Duration::ZERO).unwrap();
    for with_workers in [false, true] {
        let (mut writer, mut reader) = writer_and_reader(TLS13, with(|c| c.capacity = 1));
        let data = pattern(600_000);
        writer.write_atomic(&data[..15_800]).unwrap();
        let room = writer.room();
        assert!(room > 0);
        let mut plaintext = Bytes::from(data.clone()).slice(15_800..);
        let accepted = if with_workers {
            writer.write_parallel(&mut plaintext, &workers)
        } else {
            writer.seal_batch(&mut plaintext).unwrap().finish()
        };
        assert_eq!(accepted, Ok(room));
        assert_eq!(writer.progress().records, 1);
        let (lengths, opened) = open_all(&mut reader, &drain_writer(&mut writer));
        assert_eq!(lengths, [15_800 + room]);
        assert!(opened == data[..15_800 + room]);
    }
}

#[test]
fn a_batch_beyond_the_key_budget_fills_the_current_record_and_changes_nothing_else() {
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 4, blocks: u64::MAX }));
    let (mut writer, _) = writer_and_reader(TLS12, config);
    writer.write_atomic(b"x").unwrap();
    let mut plaintext = Bytes::from(pattern(20_000));
    let filled = WriteError::KeyLimit { accepted: 16_383 };
    assert_eq!(writer.seal_batch(&mut plaintext).unwrap().finish(), Err(filled));
    let before = (writer.next_seq(), writer.progress());
    let refused = writer.seal_batch(&mut plaintext).map(|_| ());
    assert_eq!(refused, Err(WriteError::KeyLimit { accepted: 0 }));
    assert_eq!((writer.next_seq(), writer.progress()), before);
}

#[test]
fn a_leaked_batch_without_records_does_not_change_the_writer() {
    let (mut writer, _) = writer_and_reader(TLS13, with(|c| c.capacity = 1));
    while writer.write(&pattern(16_384)).unwrap() > 0 {}
    // So many that there is no room for the last one.
    while writer.progress().key_updates < writer.next_seq() + 1_000 {
        writer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
        let before = writer.progress().key_updates;
        writer.flush().unwrap();
        if writer.progress().key_updates == before {
            break;
        }
    }
    core::mem::forget(writer.seal_batch(&mut Bytes::from_static(b"x")).unwrap());
    assert_eq!(writer.error(), None);
    drain_writer(&mut writer);
    assert_eq!(writer.write(b"x"), Ok(1));
}

#[test]
fn a_connection_stops_reading_after_its_batch_was_leaked() {
    let (mut ours, _peer) = established(TLS13, Role::Client);
    core::mem::forget(ours.writer_mut().seal_batch(&mut Bytes::from(pattern(40_000))).unwrap());
    assert_eq!(
        (ours.writer_state(), ours.reader_state()),
        (WriterState::Failed, ReaderState::Failed)
    );
    assert_eq!(ours.wants(), Wants::default());
}

/// A helper that was asked but has not run keeps neither the plaintext nor the plan alive.
#[test]
fn a_finished_batch_holds_nothing_while_its_jobs_are_queued() {
    for suite in [TLS13, TLS12] {
        let (mut writer, _) = writer_and_reader(suite, with(|c| c.capacity = 1 << 20));
        let mut waiting = Vec::new();
        for _ in 0..3 {
            let data = Bytes::from(pattern(600_000));
            let batch = writer.seal_batch(&mut data.clone()).unwrap();
            waiting.extend([batch.job(), batch.job()]);
            assert_eq!(batch.finish(), Ok(600_000));
            assert!(data.is_unique(), "a queued job holds the plaintext");
            drain_writer(&mut writer);
            let batch = writer.seal_batch(&mut data.clone()).unwrap();
            waiting.push(batch.job());
            drop(batch);
            assert!(data.is_unique(), "a job of a dropped batch holds the plaintext");
            drain_writer(&mut writer);
        }
        assert!(waiting.iter().all(|job| job.run() == 0));
    }
}

/// Helpers that are still running when `finish` returns have already released the plaintext.
#[test]
fn a_finished_batch_holds_nothing_while_its_helpers_return() {
    let (mut writer, _) = writer_and_reader(TLS13, with(|c| c.capacity = 1 << 20));
    for _ in 0..200 {
        let data = Bytes::from(pattern(100_000));
        let batch = writer.seal_batch(&mut data.clone()).unwrap();
        let jobs = [batch.job(), batch.job()];
        thread::scope(|scope| {
            for job in &jobs {
                scope.spawn(|| job.run());
            }
            assert_eq!(batch.finish(), Ok(100_000));
            assert!(data.is_unique());
        });
        drain_writer(&mut writer);
    }
}

/// The fate of a job.
#[derive(Clone, Copy)]
enum Fate {
    Dropped,
    RunBefore,
    RunBeside,
    RunAfter,
}

const FATES: [Fate; 4] = [Fate::Dropped, Fate::RunBefore, Fate::RunBeside, Fate::RunAfter];

/// Every combination of fates of three jobs, in consecutive batches of which some are dropped. The
/// opener accepts only the next number.
#[test]
fn law_05_no_number_is_sealed_twice_if_jobs_are_abandoned() {
    for suite in [TLS13, TLS12] {
        for number in 0..FATES.len().pow(3) {
            let fates = [0, 1, 2].map(|job| FATES[number / FATES.len().pow(job) % FATES.len()]);
            let config = with(|config| {
                (config.capacity, config.sizing) = (1 << 17, Sizing::Fixed(2000));
                config.key_limits = Some(KeyLimits { records: 300, blocks: u64::MAX });
            });
            let (mut writer, _) = writer_and_reader(suite, config);
            let mut opener = Opener::new(suite);
            let mut opened = 0;
            for is_dropped in [false, true, false] {
                writer.write_atomic(b"current").unwrap();
                let mut plaintext = Bytes::from(pattern(100_000));
                opened += 7 + abandon(&mut writer, &mut plaintext, fates, is_dropped);
                let mut wire = &drain_writer(&mut writer)[..];
                while let [_, _, _, hi, lo, ..] = *wire {
                    let (record, rest) =
                        wire.split_at(5 + usize::from(u16::from_be_bytes([hi, lo])));
                    let record = opener.open(record);
                    if record.content_type == APPLICATION_DATA {
                        opened -= record.content.len();
                    }
                    wire = rest;
                }
                assert_eq!(opened, 0, "accepted plaintext was sealed once");
            }
        }
    }
}

/// Seals a batch whose jobs have these fates. Returns how much was accepted.
fn abandon(
    writer: &mut Writer,
    plaintext: &mut Bytes,
    fates: [Fate; 3],
    is_dropped: bool,
) -> usize {
    let before = plaintext.len();
    let batch = writer.seal_batch(plaintext).expect("the buffer has room");
    let jobs = fates.map(|fate| (fate, batch.job()));
    thread::scope(|scope| {
        let mut late = Vec::new();
        for (fate, job) in jobs {
            match fate {
                Fate::Dropped => drop(job),
                Fate::RunBefore => {
                    job.run();
                }
                Fate::RunBeside => {
                    scope.spawn(move || job.run());
                }
                Fate::RunAfter => late.push(job),
            }
        }
        if is_dropped {
            drop(batch);
        } else {
            batch.finish().expect("nothing fails the writer");
        }
        for job in late {
            assert_eq!(job.run(), 0, "nothing is left");
        }
    });
    before - plaintext.len()
}

/// What its jobs seal is never sent, and the keys for its numbers are not handed out.
#[test]
fn law_05_the_numbers_of_a_leaked_batch_are_never_reused() {
    for suite in [TLS13, TLS12] {
        let (mut writer, mut reader) = writer_and_reader(suite, WriterConfig::default());
        writer.write_atomic(b"before").unwrap();
        writer.flush().unwrap();
        let mut plaintext = Bytes::from(pattern(40_000));
        let batch = writer.seal_batch(&mut plaintext).unwrap();
        let jobs = [batch.job(), batch.job()];
        core::mem::forget(batch);
        let _sealed = jobs.map(|job| job.run());
        assert_eq!(writer.write(b"behind"), Err(WriteError::Failed { accepted: 0 }));
        let mut writer = writer.into_parts().expect_err("these keys must not leave");
        let read = open_all(&mut reader, &drain_writer(&mut writer)).1;
        assert!(b"before".starts_with(&read), "bytes in segments of the batch are lost with it");
        assert!(writer.into_parts().is_err());
    }
}

#[test]
fn an_empty_parallel_write_does_not_end_the_current_record() {
    let workers = SealWorkers::new(0, Duration::ZERO).unwrap();
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(b"still open").unwrap();
    assert_eq!(writer.write_parallel(&mut Bytes::new(), &workers), Ok(0));
    assert_eq!(writer.waiting(), 0);
}
