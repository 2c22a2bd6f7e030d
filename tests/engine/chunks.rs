//! Owned ciphertext belongs to the writer that sealed it.
#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::{Buf, BytesMut};
use wantwrite::{
    BufferPolicy, BufferState, Chunk, Pool, PutBackError, TrafficSecret, WriteKeys, Writer,
    WriterConfig,
};
use wantwrite_testing::SUITES;
use wantwrite_testing::writer::{drain_writer, open_all, with, writer_and_reader};

/// A writer that has sealed some bytes, which are the same every time.
fn sealed() -> Writer {
    let secret = TrafficSecret::new(SUITES[0], &[7; 32]).unwrap();
    let mut writer = Writer::new(WriteKeys::from_secret(secret), WriterConfig::default()).unwrap();
    writer.write(b"sealed").unwrap();
    writer.flush().unwrap();
    writer
}

fn take(writer: &mut Writer) -> Chunk {
    writer.drain().take_chunk(usize::MAX).unwrap()
}

#[test]
fn a_chunk_of_another_writer_is_refused_and_changes_nothing() {
    let (mut ours, mut other) = (sealed(), sealed());
    let chunk = take(&mut ours);
    let foreign = take(&mut other);
    assert_eq!(chunk, foreign, "the same keys give the same bytes");
    let before = ours.progress();

    let refused = ours.put_back(foreign).unwrap_err();
    let text = "expected the last chunk taken from this writer, got the one at offset 0";
    assert_eq!(refused.to_string(), text);
    assert_eq!((ours.progress(), ours.wants_drain()), (before, false));

    let PutBackError(foreign) = refused;
    other.put_back(foreign).unwrap();
    ours.put_back(chunk).unwrap();
    assert_eq!(take(&mut ours), take(&mut other));
}

#[test]
fn the_writer_accepts_a_part_of_its_own_chunk() {
    let (mut ours, mut other) = (sealed(), sealed());
    let mut chunk = take(&mut ours);
    let _lost = take(&mut other);
    chunk.advance(4);
    let PutBackError(chunk) = other.put_back(chunk).unwrap_err();
    ours.put_back(chunk).unwrap();
    assert_eq!(ours.progress().drained, 4);
}

#[test]
fn a_writer_that_continues_another_refuses_the_old_ones_chunks() {
    let mut ours = sealed();
    let chunk = take(&mut ours);
    let parts = ours.into_parts().unwrap();
    let mut next = Writer::from_parts(parts, &WriterConfig::default()).unwrap();
    assert!(next.put_back(chunk).is_err(), "it has not sealed anything");
    assert!(!next.wants_drain());
}

#[test]
fn chunks_are_equal_if_their_bytes_and_places_are() {
    let take_one = |writer: &mut Writer| writer.drain().take_chunk(1).unwrap();
    let mut writer = sealed();
    // Both are the first byte of a record's header, in different places.
    let first = take_one(&mut writer);
    let mut rest = take(&mut writer);
    let again = take_one(&mut sealed());
    assert_eq!(first, again);
    assert!(format!("{first:?}").contains("Chunk"));
    while rest.has_remaining() && rest[..1] != first[..] {
        rest.advance(1);
    }
    let same_byte = {
        let len = rest.len();
        writer.put_back(rest).unwrap();
        writer.drain().take_chunk(1).filter(|_| len > 0).unwrap()
    };
    assert_eq!(same_byte[..], first[..]);
    assert_ne!(same_byte, first);
}

/// A few bytes that are put back leave the rest of the buffer usable.
#[test]
fn copies_that_are_put_back_take_only_their_length() {
    for capacity in [16_384, 65_536] {
        let (mut writer, mut reader) =
            writer_and_reader(SUITES[0], with(|config| config.capacity = capacity));
        writer.write_atomic(&[1; 1_900]).unwrap();
        writer.flush().unwrap();
        let taken: Vec<Chunk> = core::iter::from_fn(|| writer.drain().take_chunk(512)).collect();
        assert_eq!(taken.len(), 4);
        taken.into_iter().rev().for_each(|chunk| writer.put_back(chunk).unwrap());
        assert_eq!(writer.room(), capacity);
        writer.write_atomic(&[2; 100]).unwrap();
        let wire = drain_writer(&mut writer);
        assert_eq!(open_all(&mut reader, &wire).1, [vec![1; 1_900], vec![2; 100]].concat());
    }
}

/// What is put back takes the place of segments, also if it is a copy or was the caller's memory.
#[test]
fn a_buffer_whose_chunks_are_always_put_back_does_not_grow() {
    type WriteSome = fn(&mut Writer, usize) -> usize;
    let ways: [WriteSome; 3] = [
        |writer, room| writer.write(&vec![1; room]).unwrap(),
        |writer, room| writer.write(&vec![1; room.min(100)]).unwrap(),
        |writer, room| writer.write_owned(&mut BytesMut::zeroed(room)).unwrap(),
    ];
    for write in ways {
        for (buffers, pool) in [
            (BufferPolicy::Retain, None),
            (BufferPolicy::Release, None),
            (BufferPolicy::Retain, Some(Pool::new(2))),
        ] {
            for segments in [1, 4] {
                let config = with(|config| {
                    config.capacity = segments * 16_384;
                    (config.buffers, config.pool) = (buffers, pool.clone());
                });
                let (mut writer, mut reader) = writer_and_reader(SUITES[0], config);
                let (mut accepted, mut turns) = (0, 0);
                while writer.room() > 0 && turns < 2_000 {
                    turns += 1;
                    let room = writer.room();
                    accepted += write(&mut writer, room);
                    writer.flush().unwrap();
                    let taken: Vec<Chunk> = writer.drain().take_chunks(usize::MAX).collect();
                    taken.into_iter().rev().for_each(|chunk| writer.put_back(chunk).unwrap());
                }
                assert!(accepted <= (segments + 1) * 16_384, "{accepted}");
                assert_eq!((writer.room(), writer.buffer_state()), (0, BufferState::Full));
                let wire = drain_writer(&mut writer);
                assert_eq!(open_all(&mut reader, &wire).1.len(), accepted);
                assert_eq!(writer.room(), segments * 16_384);
            }
        }
    }
}
