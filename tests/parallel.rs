//! Records sealed on several threads: the same bytes as from one.

mod common;

use core::time::Duration;
use std::thread;

use bytes::Bytes;
use common::writer::*;
use common::*;
use proptest::prelude::*;
use wantwrite::*;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

/// Who runs the jobs of a batch.
#[derive(Clone, Copy, Debug)]
enum Help {
    /// Nobody: `finish` seals everything.
    Never,
    /// Somebody, before `finish` has begun.
    First,
    /// Two threads, at the same time as `finish`.
    Together,
    /// Somebody, when everything is sealed.
    Late,
}

fn seal_batch(writer: &mut Writer, plaintext: &mut Bytes, help: Help) -> Result<usize, WriteError> {
    let batch = writer.seal_batch(plaintext)?;
    let tasks = batch.tasks();
    match help {
        Help::Never => batch.finish(),
        Help::First => {
            assert_eq!(batch.job().run(), tasks);
            batch.finish()
        }
        Help::Together => {
            let (first, second) = (batch.job(), batch.job());
            thread::scope(|scope| {
                scope.spawn(move || first.run());
                scope.spawn(move || second.run());
                batch.finish()
            })
        }
        Help::Late => {
            let job = batch.job();
            let result = batch.finish();
            assert_eq!(job.run(), 0, "everything is sealed");
            result
        }
    }
}

/// The same by one thread.
fn seal_serially(writer: &mut Writer, plaintext: &[u8]) -> Result<usize, WriteError> {
    writer.flush()?;
    let result = writer.write(plaintext);
    writer.flush()?;
    result
}

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
            config.key_limits = key_records.map(|records| KeyLimits::new(records, u64::MAX));
        })
    }
}

/// What is written, and how much is drained behind it.
type Step = (usize, Help, usize, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let len = prop_oneof![0..200_usize, 0..40_000_usize, 0..400_000_usize];
    prop::collection::vec((len, help(), 0..100_000_usize, any::<bool>()), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn law_12_a_batch_has_the_bytes_and_states_of_serial_writing(
        suite in suite(),
        config in config(),
        steps in steps(),
    ) {
        let (mut batched, _) = writer_and_reader(suite, config.clone());
        let (mut serial, _) = writer_and_reader(suite, config);
        let data = Bytes::from(pattern(400_000));
        for (len, help, drain, small_write) in steps {
            if small_write {
                prop_assert_eq!(batched.write(b"small"), serial.write(b"small"));
                let _ = batched.update_keys(KeyUpdateRequest::Requested);
                let _ = serial.update_keys(KeyUpdateRequest::Requested);
            }
            let mut plaintext = data.slice(..len);
            let result = seal_batch(&mut batched, &mut plaintext, help);
            prop_assert_eq!(result, seal_serially(&mut serial, &data[..len]));
            let accepted = result.unwrap_or_else(WriteError::accepted);
            prop_assert_eq!(&plaintext[..], &data[accepted..len], "the rest stays");
            prop_assert_eq!(batched.progress(), serial.progress());
            prop_assert_eq!((batched.room(), batched.state()), (serial.room(), serial.state()));
            prop_assert_eq!(batched.next_seq(), serial.next_seq());
            prop_assert_eq!(batched.memory_held(), serial.memory_held());
            let (mut left, mut right) = (Vec::new(), Vec::new());
            drain_some(&mut batched, drain, &mut left);
            drain_some(&mut serial, drain, &mut right);
            prop_assert!(left == right);
        }
        prop_assert_eq!(batched.close(), serial.close());
        prop_assert!(drain_writer(&mut batched) == drain_writer(&mut serial));
    }
}

#[test]
fn the_peer_reads_what_many_threads_sealed() {
    for suite in CipherSuite::ALL {
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
fn law_12_write_parallel_has_the_same_bytes_whatever_the_number_of_workers() {
    let data = Bytes::from(pattern(900_000));
    let sealed = |count, len| {
        let workers = SealWorkers::new(count, Duration::ZERO).unwrap();
        let (mut writer, _) = writer_and_reader(TLS13, with(|c| c.capacity = 1 << 20));
        writer.write_all(b"still open").unwrap();
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
fn a_leaked_batch_fails_the_writer_and_leaves_what_was_sealed_before() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_all(&pattern(16_384)).unwrap();
    core::mem::forget(writer.seal_batch(&mut Bytes::from(pattern(40_000))).unwrap());
    assert_eq!(writer.error(), Some(Error::SealingAbandoned));
    assert_eq!(writer.write(b"x"), Err(WriteError::Failed { accepted: 0 }));
    assert!(writer.seal_batch(&mut Bytes::from_static(b"x")).is_err());
    assert!(open_all(&mut reader, &drain_writer(&mut writer)).1 == pattern(16_384));
}

#[test]
fn a_batch_is_refused_where_write_is_and_takes_nothing() {
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
fn segments_of_a_pool_come_back_from_a_batch() {
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
