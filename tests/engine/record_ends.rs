//! The counters of why records ended.

use bytes::{Bytes, BytesMut};
use wantwrite::*;
use wantwrite_testing::SUITES;
use wantwrite_testing::writer::*;

const LEN: usize = 1000;

/// A writer whose records have `LEN` bytes of content.
fn writer(suite: CipherSuite) -> Writer {
    let config = with(|config| {
        config.max_fragment_len = LEN + usize::from(suite.version() == Version::Tls13);
    });
    writer_and_reader(suite, config).0
}

/// What ended the records, in the order of the fields. The sum is the number of records.
fn ends(writer: &Writer) -> [u64; 6] {
    let Progress { records, records_ended, .. } = writer.progress();
    let RecordEnds { full, flushed, drained, closed, capped, cover, .. } = records_ended;
    let ends = [full, flushed, drained, closed, capped, cover];
    assert_eq!(ends.iter().sum::<u64>(), records);
    ends
}

/// Asserts what ended the records of a writer that did `work`.
#[track_caller]
fn ended(expected: [u64; 6], mut work: impl FnMut(&mut Writer)) {
    for suite in SUITES {
        let mut writer = writer(suite);
        work(&mut writer);
        assert_eq!(ends(&writer), expected, "{suite:?}");
    }
}

#[test]
fn a_record_ends_when_it_is_full() {
    ended([2, 0, 0, 0, 0, 0], |writer| {
        assert_eq!(writer.write(&[1; 2 * LEN + 1]), Ok(2 * LEN + 1));
    });
}

#[test]
fn a_record_ends_when_it_is_flushed() {
    ended([1, 1, 0, 0, 0, 0], |writer| {
        writer.write(&[1; LEN + 1]).unwrap();
        writer.flush().unwrap();
        writer.flush().unwrap();
        drain_writer(writer);
    });
}

#[test]
fn a_record_ends_when_it_is_drained() {
    ended([0, 0, 2, 0, 0, 0], |writer| {
        for _ in 0..2 {
            writer.write(b"x").unwrap();
            drain_writer(writer);
        }
    });
}

#[test]
fn a_record_ends_when_the_writer_closes() {
    ended([0, 0, 0, 1, 0, 0], |writer| {
        writer.write(b"x").unwrap();
        writer.close().unwrap();
        writer.close().unwrap();
        drain_writer(writer);
    });
}

#[test]
fn a_record_ends_when_a_policy_allows_no_more() {
    ended([0, 0, 0, 0, 1, 0], |writer| {
        writer.write(&[1; 200]).unwrap();
        writer.set_max_fragment_len(100).unwrap();
    });
}

#[test]
fn a_cover_record_ends_the_record_before_it() {
    ended([0, 0, 0, 0, 0, 3], |writer| {
        writer.write(b"x").unwrap();
        writer.write_cover(10).unwrap();
        writer.write_cover(10).unwrap();
    });
}

#[test]
fn a_call_that_ends_its_record_flushes_it() {
    ended([1, 3, 0, 0, 0, 0], |writer| {
        writer.write_owned(&mut BytesMut::from(&b"x"[..])).unwrap();
        writer.seal_batch(&mut Bytes::from_static(b"x")).unwrap().finish().unwrap();
        writer.seal_batch(&mut Bytes::from_static(&[1; LEN + 1])).unwrap().finish().unwrap();
    });
    // Records of 4 KiB and more are sealed in the caller's memory.
    for suite in SUITES {
        let (mut writer, _) = writer_and_reader(suite, WriterConfig::default());
        let mut plaintext = BytesMut::with_capacity(40_001);
        plaintext.resize(40_000, 1);
        assert_eq!(writer.write_owned(&mut plaintext), Ok(40_000));
        assert_eq!(ends(&writer), [2, 1, 0, 0, 0, 0], "{suite:?}");

        let (mut writer, _) =
            writer_and_reader(suite, with(|config| config.coalescing = Coalescing::Off));
        writer.write(b"x").unwrap();
        writer.write(b"y").unwrap();
        assert_eq!(ends(&writer), [0, 2, 0, 0, 0, 0], "{suite:?}");
    }
}

#[test]
fn a_new_key_does_not_end_a_record() {
    let (mut writer, _) = writer_and_reader(SUITES[0], WriterConfig::default());
    writer.write(b"x").unwrap();
    writer.update_keys(KeyUpdateRequest::NotRequested).unwrap();
    writer.write(b"y").unwrap();
    assert_eq!(ends(&writer), [0; 6]);
    drain_writer(&mut writer);
    assert_eq!((ends(&writer), writer.progress().key_updates), ([0, 0, 1, 0, 0, 0], 1));
}

#[test]
fn a_wiped_record_is_not_counted() {
    ended([0; 6], |writer| {
        writer.write(b"x").unwrap();
        writer.abort(AlertDescription::INTERNAL_ERROR);
        drain_writer(writer);
    });
}
