//! The standalone writer: fragments, slots, key updates, closing, limits.

use bytes::BytesMut;
use wantwrite::*;
use wantwrite_testing::writer::*;
use wantwrite_testing::*;

#[test]
fn fragments_have_the_sizes_that_the_protocol_allows() {
    for suite in SUITES {
        for (len, expected) in [
            (0, &[][..]),
            (1, &[1]),
            (16383, &[16383]),
            (16384, &[16384]),
            (16385, &[16384, 1]),
            (32768, &[16384, 16384]),
            (1 << 20, &[16384; 64]),
        ] {
            let config = with(|config| config.capacity = 1 << 20);
            let (mut writer, mut reader) = writer_and_reader(suite, config);
            let data = pattern(len);
            writer.write_atomic(&data).unwrap();
            let (lengths, plaintext) = open_all(&mut reader, &drain_writer(&mut writer));
            assert_eq!(lengths, expected, "{suite:?}");
            assert!(plaintext == data, "{suite:?}");
        }
    }
}

#[test]
fn a_slot_seals_the_same_bytes_as_a_write() {
    for coalescing in [Coalescing::On, Coalescing::Off] {
        let config = with(|config| config.coalescing = coalescing);
        let (mut written, _) = writer_and_reader(TLS13, config.clone());
        let (mut lent, _) = writer_and_reader(TLS13, config);
        for len in [1, 100, 16384, 5000, 16384] {
            let data = pattern(len);
            assert_eq!(written.write(&data), Ok(len));
            let mut rest = &data[..];
            while !rest.is_empty() {
                let mut slot = lent.slot().unwrap();
                let n = slot.len().min(rest.len());
                slot[..n].copy_from_slice(&rest[..n]);
                slot.commit(n).unwrap();
                rest = &rest[n..];
            }
            assert_eq!(drain_writer(&mut written), drain_writer(&mut lent), "{coalescing:?}");
        }
    }
}

#[test]
fn a_dropped_slot_commits_nothing_and_uses_no_sequence_number() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    let before = (writer.room(), writer.next_seq(), writer.progress());
    drop(writer.slot().unwrap());
    writer.slot().unwrap().commit(0).unwrap();
    let mut slot = writer.slot().unwrap();
    let available = slot.len();
    slot[0] = 1;
    assert_eq!(available, 16384);
    let overrun = Overrun { claimed: 16385, available };
    assert_eq!(slot.commit(16385), Err(WriteError::Overrun(overrun)));
    assert_eq!((writer.room(), writer.next_seq(), writer.progress()), before);
    assert!(!writer.wants_drain());
}

#[test]
fn a_full_writer_lends_an_empty_slot() {
    let config = with(|config| config.capacity = 1);
    let (mut writer, _) = writer_and_reader(TLS13, config);
    assert_eq!(writer.write(&[0; 20_000]), Ok(16384));
    assert!(writer.slot().unwrap().is_empty());
    assert_eq!(writer.buffer_state(), BufferState::Full);
}

#[test]
fn small_writes_share_a_record_until_the_drain_reaches_it() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    for _ in 0..100 {
        writer.write_atomic(&[1; 10]).unwrap();
    }
    let (lengths, _) = open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!(lengths, [1000]);
}

#[test]
fn without_coalescing_each_write_ends_its_record() {
    let config = with(|config| config.coalescing = Coalescing::Off);
    let (mut writer, mut reader) = writer_and_reader(TLS13, config);
    for len in [10, 20, 30] {
        writer.write_atomic(&vec![1; len]).unwrap();
    }
    let (lengths, _) = open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!(lengths, [10, 20, 30]);
}

#[test]
fn flush_seals_the_current_record_and_a_repeat_changes_nothing() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.flush().unwrap();
    assert!(!writer.wants_drain(), "nothing to flush");
    writer.write_atomic(b"one").unwrap();
    writer.flush().unwrap();
    writer.flush().unwrap();
    writer.write_atomic(b"two").unwrap();
    let (lengths, plaintext) = open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!((lengths, &plaintext[..]), (vec![3, 3], &b"onetwo"[..]));
}

#[test]
fn a_key_update_precedes_the_current_record() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(b"current").unwrap();
    writer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
    writer.write_atomic(b" record").unwrap();
    let wire = drain_writer(&mut writer);
    assert_eq!(record_lengths(&wire), [27, 14 + 22]);
    assert_eq!(open_all(&mut reader, &wire).1, b"current record");
    assert_eq!(writer.next_seq(), 1, "the new key has sealed one record");
}

#[test]
fn key_updates_before_the_next_record_merge_into_one() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    for _ in 0..5 {
        writer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
        writer.on_key_update(KeyUpdateRequest::Requested).unwrap();
    }
    writer.write_atomic(b"x").unwrap();
    let wire = drain_writer(&mut writer);
    assert_eq!(record_lengths(&wire), [27, 23]);
    assert_eq!(open_all(&mut reader, &wire).1, b"x");
    assert_eq!(writer.progress().key_updates, 1);
}

#[test]
fn at_most_one_request_is_outstanding() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    let mut peer = peer_of(TLS13);
    let mut requests = |writer: &mut Writer| {
        let mut requests = Vec::new();
        for record in split(&drain_writer(writer)) {
            assert_eq!(peer.receive(&record), record.len());
            requests.extend(peer.process().unwrap().key_update);
            peer.consume_all();
        }
        requests
    };
    use KeyUpdateRequest::{NotRequested, Requested};
    for expected in [Requested, NotRequested, NotRequested] {
        writer.update_keys(Requested).unwrap();
        assert_eq!(requests(&mut writer), [expected]);
    }
    writer.on_key_update(NotRequested).unwrap();
    assert_eq!(requests(&mut writer), []);
    writer.update_keys(Requested).unwrap();
    assert_eq!(requests(&mut writer), [Requested]);
}

fn peer_of(suite: CipherSuite) -> Reader {
    writer_and_reader(suite, WriterConfig::default()).1
}

fn split(wire: &[u8]) -> Vec<Vec<u8>> {
    let mut start = 0;
    let lengths = record_lengths(wire);
    lengths
        .into_iter()
        .map(|len| {
            start += len;
            wire[start - len..start].to_vec()
        })
        .collect()
}

#[test]
fn keys_are_updated_before_their_limit_in_the_middle_of_one_write() {
    for (limit, updates) in [(3, 9), (4, 4), (5, 3), (12, 0), (13, 0)] {
        let config = with(|config| {
            config.capacity = 10 * 16384;
            config.key_limits = Some(KeyLimits { records: limit, blocks: u64::MAX });
        });
        let (mut writer, mut reader) = writer_and_reader(TLS13, config);
        let data = pattern(10 * 16384);
        assert_eq!(writer.room(), data.len(), "limit {limit}");
        writer.write_atomic(&data).unwrap();
        let (lengths, plaintext) = open_all(&mut reader, &drain_writer(&mut writer));
        assert_eq!(lengths.len(), 10);
        assert!(plaintext == data);
        assert_eq!(writer.progress().key_updates, updates, "limit {limit}");
    }
}

/// The records that a key seals before it refuses more. `close_notify` and the records sealed
/// earlier count too.
#[test]
fn a_key_has_one_budget_for_its_whole_life() {
    let config =
        || with(|config| config.key_limits = Some(KeyLimits { records: 10, blocks: u64::MAX }));
    let exhaust = |writer: &mut Writer| {
        let mut records = 0;
        while writer.write(b"x").is_ok() {
            writer.flush().unwrap();
            records += 1;
            assert!(records < 100, "no limit");
        }
        records
    };
    for &suite in CipherSuite::ALL {
        let (key, iv) = ([3; 32], [5; 12]);
        let raw = |seq| WriteKeys::new(suite, &key[..suite.key_len()], iv, seq).unwrap();
        for seq in 0..12 {
            let mut writer = Writer::new(raw(seq), config()).unwrap();
            // Two records are reserved, for a control record and the end.
            assert_eq!(exhaust(&mut writer), 8_u64.saturating_sub(seq), "{suite:?} {seq}");
            assert_eq!(writer.close().is_ok(), seq < 10);
            assert!(writer.next_seq() <= 10.max(seq), "{suite:?}");
        }
        let mut writer = Writer::new(raw(0), config()).unwrap();
        writer.write(b"x").unwrap();
        drain_writer(&mut writer);
        let keys = writer.into_parts().unwrap().into_keys();
        assert_eq!(exhaust(&mut Writer::new(keys, config()).unwrap()), 7, "{suite:?}");
    }
}

#[test]
fn the_blocks_of_a_key_are_counted_for_its_whole_life() {
    let suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let config =
        |blocks| with(|config| config.key_limits = Some(KeyLimits { records: 1000, blocks }));
    let raw = |seq| WriteKeys::new(suite, &[3; 16], [5; 12], seq).unwrap();
    // 100 bytes are 7 blocks, plus one for the tag.
    let mut writer = Writer::new(raw(0), config(1029 + 8)).unwrap();
    writer.write(&[0; 100]).unwrap();
    drain_writer(&mut writer);
    let keys = writer.into_parts().unwrap().into_keys();
    let mut writer = Writer::new(keys, config(1029 + 8)).unwrap();
    assert_eq!(writer.room(), 16384, "exactly one more full record");
    writer.write(&[0; 100]).unwrap();
    drain_writer(&mut writer);
    let keys = writer.into_parts().unwrap().into_keys();
    assert_eq!(Writer::new(keys, config(1029 + 8)).unwrap().room(), 0);
    // Only the number of records sealed elsewhere is known, so they count as full.
    assert_eq!(Writer::new(raw(1), config(1029 + 1025)).unwrap().room(), 0);
    assert_eq!(Writer::new(raw(1), config(1029 + 1026)).unwrap().room(), 16384);
}

#[test]
fn a_key_with_no_budget_cannot_close_and_reports_it() {
    for &suite in CipherSuite::ALL {
        let config = with(|config| config.key_limits = Some(KeyLimits { records: 0, blocks: 0 }));
        let (mut writer, _) = writer_and_reader(suite, config);
        assert_eq!(writer.close(), Err(WriteError::Failed { accepted: 0 }));
        assert_eq!(
            (writer.state(), writer.error()),
            (WriterState::Failed, Some(Error::KeysExhausted))
        );
        assert!(!writer.wants_drain());
    }
}

#[test]
fn a_limit_that_allows_no_record_is_refused_without_a_loop() {
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 2, blocks: u64::MAX }));
    let (mut writer, _) = writer_and_reader(TLS13, config);
    assert_eq!(writer.room(), 0);
    assert_eq!(writer.write(b"x"), Err(WriteError::KeyLimit { accepted: 0 }));
    writer.close().unwrap();
    assert_eq!(record_lengths(&drain_writer(&mut writer)), [24]);
}

#[test]
fn raw_keys_and_tls_1_2_keys_cannot_be_updated() {
    for suite in [TLS13, CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384] {
        let key = vec![1; suite.key_len()];
        let keys = WriteKeys::new(suite, &key, [2; 12], 0).unwrap();
        let mut writer = Writer::new(keys, WriterConfig::default()).unwrap();
        let refused = writer.update_keys(KeyUpdateRequest::NotRequested);
        assert_eq!(refused, Err(WriteError::NoKeyUpdate));
    }
}

#[test]
fn keys_of_the_wrong_length_are_refused() {
    let error = InvalidKeyLength { expected: 16, actual: 32 };
    assert_eq!(WriteKeys::new(TLS13, &[0; 32], [0; 12], 0).err(), Some(error));
    assert_eq!(ReadKeys::new(TLS13, &[0; 32], [0; 12], 0).err(), Some(error));
    let error = InvalidKeyLength { expected: 32, actual: 48 };
    assert_eq!(TrafficSecret::new(TLS13, &[0; 48]).err(), Some(error));
    let tls12 = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
    let error = InvalidKeyLength { expected: 0, actual: 32 };
    assert_eq!(TrafficSecret::new(tls12, &[0; 32]).err(), Some(error));
}

#[test]
fn a_sequence_number_never_wraps() {
    let keys = WriteKeys::new(TLS13, &[1; 16], [2; 12], u64::MAX - 3).unwrap();
    let limits = KeyLimits { records: u64::MAX, blocks: u64::MAX };
    let mut writer = Writer::new(keys, with(|config| config.key_limits = Some(limits))).unwrap();
    assert_eq!(writer.write(&[0; 20_000]), Err(WriteError::KeyLimit { accepted: 16384 }));
    writer.close().unwrap();
    assert_eq!(record_lengths(&drain_writer(&mut writer)).len(), 2);
    assert_eq!(writer.next_seq(), u64::MAX - 1);
}

#[test]
fn close_loses_nothing_and_nothing_follows_close_notify() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    let data = pattern(65536);
    writer.write_atomic(&data).unwrap();
    assert_eq!(writer.buffer_state(), BufferState::Full);
    writer.close().unwrap();
    assert_eq!(writer.state(), WriterState::Closing);
    assert_eq!(writer.room(), 0);
    assert_eq!(writer.update_keys(KeyUpdateRequest::Requested), Err(WriteError::Closed));
    writer.abort(AlertDescription::INTERNAL_ERROR);
    let wire = drain_writer(&mut writer);
    assert_eq!(record_lengths(&wire).len(), 5, "no alert after close_notify");
    assert!(open_all(&mut reader, &wire).1 == data);
    assert_eq!(reader.state(), ReaderState::PeerClosed);
}

#[test]
fn abort_drops_the_current_record_and_keeps_sealed_records() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(b"sealed").unwrap();
    writer.flush().unwrap();
    writer.write_atomic(b"not sealed").unwrap();
    writer.abort(AlertDescription::INTERNAL_ERROR);
    let wire = drain_writer(&mut writer);
    assert_eq!(record_lengths(&wire), [6 + 22, 24]);
    assert_eq!(reader.receive(&wire), wire.len());
    let _ = reader.process().unwrap();
    assert_eq!(reader.plaintext(), b"sealed");
    reader.consume(6).unwrap();
    assert_eq!(reader.process(), Err(Error::PeerAlert(AlertDescription::INTERNAL_ERROR)));
    assert_eq!(writer.error(), Some(Error::Aborted(AlertDescription::INTERNAL_ERROR)));
}

#[test]
fn release_holds_no_memory_when_drained_and_retain_reuses_it() {
    for (policy, held) in [(BufferPolicy::Retain, 4), (BufferPolicy::Release, 0)] {
        let config = with(|config| config.buffers = policy);
        let (mut writer, _) = writer_and_reader(TLS13, config);
        assert_eq!(writer.memory_held(), 0, "nothing before the first write");
        writer.write(&[0; 100_000]).unwrap();
        let segment = writer.memory_held() / 4;
        drain_writer(&mut writer);
        assert_eq!(writer.memory_held(), held * segment, "{policy:?}");
    }
}

#[test]
fn a_smaller_fragment_limit_caps_every_record() {
    for (limit, content) in [(64, 63), (512, 511), (16383, 16382), (16384, 16384)] {
        let config = with(|config| config.max_fragment_len = limit);
        let (mut writer, mut reader) = writer_and_reader(TLS13, config);
        let data = pattern(40_000);
        writer.write_atomic(&data).unwrap();
        let (lengths, plaintext) = open_all(&mut reader, &drain_writer(&mut writer));
        assert!(plaintext == data);
        assert_eq!(lengths.iter().max(), Some(&content), "limit {limit}");
    }
}

#[test]
fn a_renegotiation_request_has_no_effect_in_tls_1_3() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.on_key_update(KeyUpdateRequest::Requested).unwrap();
    writer.on_renegotiation_request();
    writer.write_atomic(b"x").unwrap();
    assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).1, b"x");
    assert_eq!(writer.progress().key_updates, 1);
}

#[test]
fn refused_renegotiations_reserve_the_record_for_close_notify() {
    let suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    // The handshake sealed one record.
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 4, blocks: u64::MAX }));
    let (mut writer, mut reader) = writer_and_reader(suite, config);
    writer.write_atomic(b"x").unwrap();
    for _ in 0..5 {
        writer.on_renegotiation_request();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).1, b"x");
    assert_eq!(reader.state(), ReaderState::PeerClosed);
}

#[test]
fn draining_no_bytes_does_not_affect_a_taken_chunk() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(b"taken").unwrap();
    let chunk = writer.drain().take_chunk(10).unwrap();
    writer.drain().advance(0).unwrap();
    assert_eq!(writer.put_back(chunk), Ok(()));
}

#[test]
fn a_cover_record_has_the_requested_length_under_every_policy() {
    for change in [
        |config: &mut WriterConfig| config.sizing = Sizing::Fixed(100),
        |config: &mut WriterConfig| config.padding = Padding::With(|len| len),
    ] {
        let mut config = with(change);
        config.capacity = 1;
        let (mut writer, _) = writer_and_reader(TLS13, config);
        writer.write_atomic(&[1; 50]).unwrap();
        writer.write_cover(1000).unwrap();
        assert_eq!(record_lengths(&drain_writer(&mut writer)), [72, 1022]);
    }
}

#[test]
fn a_cover_record_beyond_the_key_budget_is_refused_for_that_reason() {
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 2, blocks: u64::MAX }));
    let (mut writer, _) = writer_and_reader(TLS13, config);
    assert_eq!(writer.write_cover(1), Err(WriteError::KeyLimit { accepted: 0 }));
}

#[test]
fn renegotiation_requests_reserve_the_last_record_for_close_notify() {
    let suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    // The handshake sealed one record.
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 4, blocks: u64::MAX }));
    let (mut writer, mut reader) = writer_and_reader(suite, config);
    for _ in 0..5 {
        writer.on_renegotiation_request();
        assert!(reader.receive(&drain_writer(&mut writer)) <= 31);
        let _ = reader.process().unwrap();
    }
    assert_eq!(writer.next_seq(), 3);
    writer.close().unwrap();
    let _ = open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!(reader.state(), ReaderState::PeerClosed);
}

#[test]
fn padding_has_no_effect_in_tls_1_2() {
    let suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let config = with(|config| config.padding = Padding::Multiple(1000));
    let (mut writer, _) = writer_and_reader(suite, config);
    writer.set_padding(Padding::Multiple(500)).unwrap();
    assert_eq!((writer.room(), writer.wire_len(1)), (4 * 16384, 30));
    writer.write_atomic(b"x").unwrap();
    assert_eq!(record_lengths(&drain_writer(&mut writer)), [30]);
}

#[test]
fn owned_plaintext_fills_the_last_record_of_a_key() {
    let suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    // The handshake sealed one record.
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 4, blocks: u64::MAX }));
    let (mut writer, mut reader) = writer_and_reader(suite, config);
    writer.write_atomic(&[1; 10]).unwrap();
    let mut owned = BytesMut::from(&[1; 20_000][..]);
    let accepted = 16384 - 10;
    assert_eq!(writer.room(), accepted);
    assert_eq!(writer.write_owned(&mut owned), Err(WriteError::KeyLimit { accepted }));
    assert_eq!(owned.len(), 20_000 - accepted);
    assert_eq!(open_all(&mut reader, &drain_writer(&mut writer)).0, [16384]);
}

#[test]
fn empty_owned_plaintext_changes_nothing() {
    let (mut writer, _) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(b"open").unwrap();
    assert_eq!(writer.write_owned(&mut BytesMut::new()), Ok(0));
    assert_eq!(writer.progress().records, 0);
}

#[test]
fn the_smallest_window_leaves_room_in_an_empty_buffer() {
    let config = with(|config| config.sizing = Sizing::Congestion(Congestion::default()));
    let (mut writer, _) = writer_and_reader(TLS13, config);
    let window = Window { mss: 1, cwnd: 1 };
    writer.observe(Conditions::default().with_window(window));
    assert_eq!((writer.room(), writer.wire_len(65)), (64, 65 + 2 * 22));
    assert_eq!(writer.write(&[0; 65]), Ok(64));
    assert_eq!(writer.room(), 0);
}

#[test]
fn a_refused_renegotiation_after_a_current_record_reserves_one_for_close_notify() {
    let suite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    // The handshake sealed one record.
    let config =
        with(|config| config.key_limits = Some(KeyLimits { records: 4, blocks: u64::MAX }));
    let (mut writer, mut reader) = writer_and_reader(suite, config);
    writer.on_renegotiation_request();
    writer.write_atomic(b"x").unwrap();
    writer.on_renegotiation_request();
    writer.close().unwrap();
    let _ = open_all(&mut reader, &drain_writer(&mut writer));
    assert_eq!(reader.state(), ReaderState::PeerClosed);
}

#[test]
fn aborting_with_close_notify_is_not_a_clean_end() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    writer.write_atomic(b"sealed").unwrap();
    writer.flush().unwrap();
    writer.write_atomic(b"wiped").unwrap();
    writer.abort(AlertDescription::CLOSE_NOTIFY);
    let wire = drain_writer(&mut writer);
    assert_eq!(reader.receive(&wire), wire.len());
    let _events = reader.process().unwrap();
    assert_eq!(reader.plaintext(), b"sealed");
    reader.consume_all();
    let alert = Error::PeerAlert(AlertDescription::INTERNAL_ERROR);
    assert_eq!(reader.process(), Err(alert));
}

#[test]
fn a_reader_driven_by_its_levels_reports_a_fault_after_a_key_update() {
    for behind in [&[23, 3, 3, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &[]] {
        let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
        writer.update_keys(KeyUpdateRequest::Requested).unwrap();
        let wire = [&drain_writer(&mut writer), behind].concat();
        assert_eq!(reader.receive(&wire), wire.len());
        reader.end_of_input();
        let mut told = Vec::new();
        while reader.wants_process() {
            match reader.process() {
                Ok(events) => told.push(Ok(events.key_update)),
                Err(error) => told.push(Err(error)),
            }
            reader.consume_all();
        }
        let fault = match behind {
            [] => Error::Truncated,
            _ => Error::Peer(PeerFault::BadRecordMac),
        };
        assert_eq!(told, [Ok(Some(KeyUpdateRequest::Requested)), Err(fault)]);
    }
}

#[test]
fn an_update_without_a_request_does_not_cancel_a_pending_request() {
    use KeyUpdateRequest::{NotRequested, Requested};
    for requests in [[Requested, NotRequested], [NotRequested, Requested]] {
        let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
        for request in requests {
            writer.update_keys(request).unwrap();
        }
        let wire = drain_writer(&mut writer);
        assert_eq!(reader.receive(&wire), wire.len());
        assert_eq!(reader.process().unwrap().key_update, Some(Requested));
        assert_eq!(writer.progress().key_updates, 1);
    }
}

#[test]
fn a_reader_wants_input_while_it_has_memory_and_until_the_peer_closes() {
    let (mut writer, mut reader) = writer_and_reader(TLS13, WriterConfig::default());
    assert!(reader.wants_input());
    writer.write_atomic(&[7; 60_000]).unwrap();
    writer.close().unwrap();
    let wire = drain_writer(&mut writer);
    let mut rest = &wire[reader.receive(&wire)..];
    assert!(!reader.wants_input(), "full");
    while !rest.is_empty() || reader.wants_process() {
        let _events = reader.process().unwrap();
        reader.consume_all();
        rest = &rest[reader.receive(rest)..];
    }
    assert_eq!((reader.state(), reader.wants_input()), (ReaderState::PeerClosed, false));
}
