//! Compares the writer with a model of it, under sequences of all its operations.

use std::env;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use wantwrite::*;
use wantwrite_testing::batch::Help;
use wantwrite_testing::model::{Keys, Op, Run, Snapshot, at};
use wantwrite_testing::writer::*;
use wantwrite_testing::{TLS12, TLS13};

use KeyUpdateRequest::{NotRequested, Requested};

/// Half of `WANTWRITE_MODEL_CASES` (256 by default), because the versions share them.
fn half_of_cases() -> Config {
    let cases =
        env::var("WANTWRITE_MODEL_CASES").map_or(256, |cases| cases.parse().expect("a number"));
    Config { cases: u32::div_ceil(cases, 2), failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(half_of_cases())]

    #[test]
    fn any_tls_1_3_sequence_agrees_with_the_model(
        (suite, config, ops) in sequences(&CipherSuite::ALL[..3]), keys in keys_to_begin_with()
    ) {
        run(suite, config, keys, &ops);
    }

    #[test]
    fn any_tls_1_2_sequence_agrees_with_the_model(
        (suite, config, ops) in sequences(&CipherSuite::ALL[3..6]), keys in keys_to_begin_with()
    ) {
        run(suite, config, keys, &ops);
    }
}

fn run(suite: CipherSuite, config: WriterConfig, keys: Keys, ops: &[Op]) {
    let mut run = Run::with_keys(suite, config, keys);
    for op in ops {
        run.step(op);
    }
    run.finish();
}

fn sequences(
    suites: &'static [CipherSuite],
) -> impl Strategy<Value = (CipherSuite, WriterConfig, Vec<Op>)> {
    let ops = prop_oneof![20 => op(), 1 => ending()];
    (prop::sample::select(suites), config(), prop::collection::vec(ops, 5..36))
}

fn keys_to_begin_with() -> impl Strategy<Value = Keys> {
    prop_oneof![
        6 => Just(Keys::Fresh),
        2 => (0..5_u64).prop_map(|used| Keys::Raw { used }),
        1 => (1..5_u64, 0..3_u64).prop_map(|(used, left)| Keys::Exhausted { used, left }),
        2 => (0..4_u64).prop_map(Keys::LastGenerations),
    ]
}

fn config() -> impl Strategy<Value = WriterConfig> {
    let buffers = (
        1..=8_usize,
        prop::sample::select(&[BufferPolicy::Retain, BufferPolicy::Release]),
        prop::option::weighted(0.25, 0..3_usize),
    );
    let coalescing = prop::sample::select(&[Coalescing::On, Coalescing::Off]);
    (buffers, coalescing, sizing(), padding(), max_fragment_len(), key_limits()).prop_map(
        |((records, buffers, pool), coalescing, sizing, padding, max_fragment_len, key_limits)| {
            let mut config = WriterConfig::default();
            config.capacity = records * MAX_FRAGMENT_LEN;
            (config.buffers, config.pool) = (buffers, pool.map(Pool::new));
            (config.coalescing, config.sizing, config.padding) = (coalescing, sizing, padding);
            (config.max_fragment_len, config.key_limits) = (max_fragment_len, key_limits);
            config
        },
    )
}

fn key_limits() -> impl Strategy<Value = Option<KeyLimits>> {
    prop_oneof![
        2 => Just(None),
        2 => (3..20_u64).prop_map(|records| Some(KeyLimits { records, blocks: u64::MAX })),
        1 => (8..2500_u64).prop_map(|blocks| Some(KeyLimits { records: u64::MAX, blocks })),
        1 => (3..20_u64, 8..2500_u64)
            .prop_map(|(records, blocks)| Some(KeyLimits { records, blocks })),
    ]
}

fn max_fragment_len() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(16384), 1 => 64..70_usize, 1 => 64..2000_usize, 1 => 16380..=16384_usize]
}

fn sizing() -> impl Strategy<Value = Sizing> {
    prop_oneof![
        4 => Just(Sizing::Max),
        1 => (1..3000_usize).prop_map(Sizing::Fixed),
        1 => (94..1500_usize, 0..20_000_u64).prop_map(|(record_len, threshold)| {
            let mut slow_start = SlowStart::default();
            (slow_start.record_len, slow_start.threshold) = (record_len, threshold);
            Sizing::SlowStart(slow_start)
        }),
        1 => (1..4_usize).prop_map(|windows_ahead| {
            let mut congestion = Congestion::default();
            congestion.windows_ahead = windows_ahead;
            Sizing::Congestion(congestion)
        }),
    ]
}

fn padding() -> impl Strategy<Value = Padding> {
    prop_oneof![
        5 => Just(Padding::None),
        1 => (1..600_usize).prop_map(Padding::Multiple),
        1 => Just(Padding::Sizes(&[100, 1000, 5000])),
        1 => Just(Padding::With(|len| len + if len % 3 == 0 { 50 } else { 0 })),
    ]
}

fn len() -> impl Strategy<Value = usize> {
    prop_oneof![
        12 => 0..300_usize,
        3 => 300..5000_usize,
        1 => 16380..16390_usize,
        1 => 5000..60_000_usize,
    ]
}

fn help() -> impl Strategy<Value = Help> {
    prop_oneof![5 => Just(Help::Never), 5 => Just(Help::First), 5 => Just(Help::Late), 1 => Just(Help::Together)]
}

fn request() -> impl Strategy<Value = KeyUpdateRequest> {
    prop::sample::select(&[NotRequested, Requested])
}

fn op() -> impl Strategy<Value = Op> {
    let writing = prop_oneof![
        4 => len().prop_map(Op::Write),
        1 => [len(), len(), len()].prop_map(Op::WriteVectored),
        1 => len().prop_map(Op::WriteAll),
        2 => len().prop_map(Op::SlotCommit),
        1 => Just(Op::SlotDropped),
        1 => (0..100_usize).prop_map(Op::SlotOverrun),
        1 => len().prop_map(Op::SlotLent),
        2 => (prop_oneof![len(), 15_000..40_000_usize], 0..2_usize)
            .prop_map(|(len, spare)| Op::WriteOwned { len, spare }),
        1 => (0..3_usize, 0..2_usize).prop_map(|(over, spare)| Op::FillOwned { over, spare }),
        // Rarely, because threads are slow to start.
        1 => (prop_oneof![len(), 15_000..100_000_usize], help())
            .prop_map(|(len, help)| Op::SealBatch { len, help }),
        1 => len().prop_map(Op::BatchDropped),
        1 => len().prop_map(Op::Cover),
        2 => len().prop_map(Op::WireLen),
    ];
    let draining = prop_oneof![
        1 => Just(Op::Flush),
        3 => (0..400_usize).prop_map(Op::Drain),
        1 => len().prop_map(Op::Drain),
        1 => Just(Op::DrainAll),
        3 => len().prop_map(Op::Take),
        2 => Just(Op::PutBack { sent: 0 }),
        1 => (0..400_usize).prop_map(|sent| Op::PutBack { sent }),
        1 => Just(Op::PutBackWrong),
    ];
    let control = prop_oneof![
        2 => request().prop_map(Op::UpdateKeys),
        2 => request().prop_map(Op::PeerUpdate),
        1 => Just(Op::RenegotiationRequest),
        1 => Just(Op::Move),
        1 => Just(Op::Shrink),
    ];
    let policy = prop_oneof![
        1 => (0..5000_u64).prop_map(|millis| Op::Observe(at(millis))),
        1 => (prop_oneof![0..3_usize, 3..3000_usize], 0..6_usize)
            .prop_map(|(mss, cwnd)| Op::Observe(at(0).with_window(Window { mss, cwnd }))),
        1 => sizing().prop_map(Op::SetSizing),
        1 => padding().prop_map(Op::SetPadding),
        1 => max_fragment_len().prop_map(Op::SetMaxFragmentLen),
    ];
    prop_oneof![8 => writing, 7 => draining, 3 => control, 2 => policy]
}

fn ending() -> impl Strategy<Value = Op> {
    prop_oneof![Just(Op::Close), len().prop_map(Op::Final), Just(Op::Abort)]
}

/// Every sequence of five calls, with a buffer that two small records fill.
#[test]
fn every_short_sequence_agrees_with_the_model() {
    let alphabet = [
        Op::Write(1),
        Op::WireLen(64),
        Op::SlotCommit(10),
        Op::Flush,
        Op::Drain(30),
        Op::Take(30),
        Op::PutBack { sent: 3 },
        Op::UpdateKeys(Requested),
        Op::Close,
    ];
    let config = with(|config| {
        (config.capacity, config.max_fragment_len) = (1, 64);
        config.sizing = Sizing::Congestion(Congestion::default());
        config.key_limits = Some(KeyLimits { records: 4, blocks: u64::MAX });
    });
    let tiny_window = Op::Observe(at(0).with_window(Window { mss: 80, cwnd: 1 }));
    for suite in [TLS13, TLS12] {
        for number in 0..alphabet.len().pow(5) {
            let ops = (0..5).map(|i| number / alphabet.len().pow(i) % alphabet.len());
            let mut ops: Vec<Op> = ops.map(|i| alphabet[i].clone()).collect();
            ops.insert(0, tiny_window.clone());
            run(suite, config.clone(), Keys::Fresh, &ops);
        }
    }
}

/// The wire length of `len` bytes in records of 16,384.
fn full_records(len: usize, overhead: usize) -> usize {
    len + len.div_ceil(16384) * overhead
}

#[test]
fn room_and_wire_len_are_exact_for_every_length() {
    for (suite, overhead) in [(TLS13, 22), (TLS12, 29)] {
        for open in [0, 1, 100, 16383] {
            let mut writer = writer_and_reader(suite, WriterConfig::default()).0;
            writer.write_atomic(&vec![1; open]).unwrap();
            assert_eq!(writer.room(), 65536 - open);
            for n in 0..=65536 {
                let expected = full_records(open + n, overhead) - full_records(open, overhead);
                assert_eq!(writer.wire_len(n), expected, "{n} behind {open}");
            }
        }
        let mut writer = writer_and_reader(suite, WriterConfig::default()).0;
        for n in 0..65536 {
            assert_eq!(writer.room(), 65536 - n);
            writer.write_atomic(&[1]).unwrap();
        }
        let near_full = |n: &usize| (n + 2) % 16384 <= 4;
        for n in (0..=65536).filter(|n| n % 97 == 0 || near_full(n)) {
            let mut writer = writer_and_reader(suite, WriterConfig::default()).0;
            writer.write_atomic(&vec![1; n]).unwrap();
            assert_eq!(drain_writer(&mut writer).len(), full_records(n, overhead));
        }
    }
}

/// Runs the same sequences in every test run.
fn reproducible<T>(strategy: &impl Strategy<Value = T>, count: usize, mut each: impl FnMut(T)) {
    let mut runner = TestRunner::deterministic();
    for _ in 0..count {
        each(strategy.new_tree(&mut runner).expect("the filter refuses nothing").current());
    }
}

#[test]
fn law_12_the_same_calls_give_the_same_bytes_and_states() {
    reproducible(&sequences(CipherSuite::ALL), 200, |(suite, config, ops)| {
        let trace = || {
            let mut run = Run::new(suite, config.clone());
            let mut trace = Vec::new();
            for op in &ops {
                run.step(op);
                trace.push((run.snapshot(), run.wire().to_vec()));
            }
            trace
        };
        assert!(trace() == trace());
    });
}

/// The opener accepts only the next number, under the generation that it follows.
#[test]
fn law_05_a_nonce_is_used_once_over_many_key_updates_and_moves() {
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 20, blocks: u64::MAX }));
    let mut run = Run::new(TLS13, config);
    reproducible(&op(), 100_000, |op| run.step(&op));
    run.finish();
    let (records, key_updates, _) = run.opened();
    assert!(records > 10_000 && key_updates > 1000, "{records} {key_updates}");
}

#[test]
fn law_01_accepted_bytes_belong_to_the_engine() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, with(|config| config.capacity = 1));
    let mut buf = vec![1; 20_000];
    assert_eq!(writer.write(&buf), Ok(16384));
    buf.fill(2);
    assert_eq!(writer.write(b"other arguments"), Ok(0));
    assert!(open_all(&mut reader, &drain_writer(&mut writer)).1 == vec![1; 16384]);
}

#[test]
fn law_02_recoverable_refusals_change_nothing() {
    let (mut writer, _) = writer_and_reader(TLS12, with(|config| config.capacity = 1));
    writer.write_atomic(b"open").unwrap();
    let before = Snapshot::of(&writer);
    let (needed, available) = (16381, 16380);
    let no_room = WriteError::NoRoom { needed, available };
    assert_eq!(writer.write_atomic(&vec![0; needed]), Err(no_room));
    assert_eq!(writer.write_and_close(&vec![0; needed]), Err(no_room));
    assert_eq!(writer.update_keys(NotRequested), Err(WriteError::NoKeyUpdate));
    assert_eq!(Snapshot::of(&writer), before);
}

#[test]
fn law_03_room_is_what_write_accepts_with_a_control_record_due() {
    for &suite in CipherSuite::ALL {
        let (mut writer, _) = writer_and_reader(suite, WriterConfig::default());
        writer.write_atomic(&[0; 100]).unwrap();
        let _no_key_update = writer.update_keys(Requested);
        let room = writer.room();
        assert_eq!(writer.write(&[0; 100_000]), Ok(room));
        assert_eq!(writer.room(), 0);
    }
}

/// The figures given up front for half a million records match the records that are sealed.
#[test]
fn law_03_room_and_wire_len_are_exact_in_a_huge_buffer() {
    let mut ramp = SlowStart::default();
    ramp.threshold = 20_000_000;
    let limits = |records| Some(KeyLimits { records, blocks: u64::MAX });
    let offered = vec![7; 50 << 20];
    for (sizing, padding, key_limits) in [
        (Sizing::Fixed(100), Padding::None, None),
        (Sizing::Fixed(1_000), Padding::Multiple(48), limits(10_007)),
        (Sizing::SlowStart(ramp), Padding::Sizes(&[1_024, 1_400, 8_000]), limits(1_000)),
        (Sizing::Max, Padding::With(|len| len.max(5_000)), None),
    ] {
        let config = with(|config| {
            (config.capacity, config.sizing) = (48 << 20, sizing);
            (config.padding, config.key_limits) = (padding, key_limits);
        });
        let (mut writer, _) = writer_and_reader(TLS13, config);
        writer.write_atomic(&[1; 10]).unwrap();
        let (room, of_none) = (writer.room(), writer.wire_len(0));
        let wire_len = writer.wire_len(room);
        assert_eq!(writer.write(&offered), Ok(room), "{sizing:?} {padding:?}");
        assert_eq!((writer.room(), of_none), (0, 0));
        writer.flush().unwrap();
        // The record of the ten bytes written before does not count.
        let record_of_ten = {
            let (mut alone, _) = writer_and_reader(TLS13, with(|config| config.padding = padding));
            alone.write_atomic(&[1; 10]).unwrap();
            drain_writer(&mut alone).len()
        };
        assert_eq!(writer.waiting() - record_of_ten, wire_len, "{sizing:?} {padding:?}");
    }
}

/// Each writing call is offered more than there is room for, at every relevant length of the
/// current record.
#[test]
fn law_03_room_is_what_every_writing_call_accepts() {
    const LEN: usize = 100_000;
    let offered = vec![7; LEN];
    type Call = fn(&mut Writer, &[u8]) -> usize;
    let calls: [(&str, Call); 5] = [
        ("write", |writer, offered| writer.write(offered).unwrap()),
        ("write_vectored", |writer, offered| {
            writer.write_vectored(&[&offered[..10], &offered[10..]]).unwrap()
        }),
        ("write_owned", |writer, offered| {
            writer.write_owned(&mut BytesMut::from(offered)).unwrap()
        }),
        ("write_owned with a byte to spare", |writer, offered| {
            let mut owned = BytesMut::with_capacity(offered.len() + 1);
            owned.extend_from_slice(offered);
            writer.write_owned(&mut owned).unwrap()
        }),
        ("seal_batch", |writer, offered| {
            writer.seal_batch(&mut Bytes::copy_from_slice(offered)).unwrap().finish().unwrap()
        }),
    ];
    for suite in [TLS13, TLS12] {
        for sizing in [Sizing::Max, Sizing::Fixed(5000), Sizing::Fixed(4096), Sizing::Fixed(100)] {
            for (head, drained) in [(0, 0), (4, 0), (4, 30), (4, 1), (10_000, 10), (30_000, 20_000)]
            {
                for (name, call) in calls {
                    let config = with(|config| config.sizing = sizing);
                    let (mut writer, _) = writer_and_reader(suite, config);
                    writer.write_atomic(&offered[..head]).unwrap();
                    drain_some(&mut writer, drained, &mut Vec::new());
                    let room = writer.room();
                    let accepted = call(&mut writer, &offered);
                    assert_eq!(accepted, room, "{name} {suite:?} {sizing:?} {head} {drained}");
                }
            }
        }
    }
}

#[test]
fn law_04_only_room_and_budget_limit_write() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    for _ in 0..100 {
        writer.on_key_update(Requested).unwrap();
        assert_eq!(writer.write(b"x"), Ok(1));
    }
}

#[test]
fn law_06_records_after_a_key_update_use_the_new_key() {
    let mut run = Run::new(TLS13, WriterConfig::default());
    let update = Op::UpdateKeys(NotRequested);
    for op in [Op::Write(5), Op::Flush, update, Op::Write(5), Op::Flush] {
        run.step(&op);
    }
    assert_eq!(run.snapshot().next_seq, 1);
    run.finish();
    assert_eq!(run.opened(), (2, 1, 10));
}

#[test]
fn law_07_many_requests_get_one_answer_before_the_next_application_record() {
    let mut run = Run::new(TLS13, WriterConfig::default());
    for _ in 0..5 {
        run.step(&Op::PeerUpdate(Requested));
    }
    run.step(&Op::Write(1));
    run.finish();
    assert_eq!(run.opened(), (1, 1, 1));
}

#[test]
fn law_08_tls_1_2_refuses_at_the_limit_and_still_sends_close_notify() {
    // The handshake sealed one record.
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 4, blocks: u64::MAX }));
    let (mut writer, mut reader) = writer_and_reader(TLS12, config);
    let refused = WriteError::KeyLimit { accepted: 16384 };
    assert_eq!(writer.write(&[0; 20_000]), Err(refused));
    writer.close().unwrap();
    open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!(reader.state(), ReaderState::PeerClosed);
}

#[test]
fn law_09_nothing_is_sealed_after_the_end() {
    for abort in [false, true] {
        let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
        if abort {
            writer.abort(AlertDescription::INTERNAL_ERROR);
        } else {
            writer.close().unwrap();
        }
        let end = writer.next_seq();
        let _refused = (writer.write(b"x"), writer.write_cover(1), writer.update_keys(Requested));
        let _unchanged = (writer.on_key_update(Requested), writer.close(), writer.flush());
        writer.abort(AlertDescription::DECODE_ERROR);
        assert_eq!(writer.next_seq(), end);
        assert_eq!(record_lengths(&drain_writer(&mut writer)), [24]);
    }
}

#[test]
fn law_11_buffers_are_released_only_when_empty() {
    let config = with(|config| config.buffers = BufferPolicy::Release);
    let (mut writer, _) = writer_and_reader(TLS13, config);
    writer.write_atomic(b"sealed").unwrap();
    writer.flush().unwrap();
    writer.write_atomic(b"open").unwrap();
    let held = writer.memory_held();
    drain_some(&mut writer, 28, &mut Vec::new());
    assert_eq!(writer.memory_held(), held, "the current record is in it");
    drain_writer(&mut writer);
    assert_eq!(writer.memory_held(), 0);
}
