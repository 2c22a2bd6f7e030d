//! Bytes that leave as the caller's own, and come back if they were not sent.

use super::OutboundBuffer;
use crate::buffer::chunk::{Chunk, PutBackError};
use crate::buffer::piece::Piece;
use crate::num::to_u64;

/// The last bytes that wait, up to so many, are copied where no pool takes their segment back: a
/// new one takes longer to allocate and to zero, and a chunk that is kept keeps all of its segment.
const MAX_COPIED: usize = 2048;

impl OutboundBuffer {
    /// Takes at most `max` bytes out as the caller's own; less if they do not lie together.
    pub(crate) fn take(&mut self, max: usize) -> Option<Chunk> {
        if self.waiting == 0 {
            return None;
        }
        let copies = self.copies_rest();
        let bytes = match (self.front.front_mut(), &mut self.tail) {
            (Some(piece), _) => piece.take(max),
            (None, Some(tail)) if copies => tail.copy(max),
            (None, Some(tail)) => tail.take(max),
            (None, None) => return None,
        };
        let len = bytes.len();
        let chunk = Chunk::new(bytes, self.drained, self.id);
        self.marks.take(len);
        self.waiting -= len;
        self.drained += to_u64(len);
        if self.front.front().is_some_and(|piece| piece.waiting().is_empty()) {
            self.remove_front();
        }
        self.reuse_if_unused();
        Some(chunk)
    }

    /// Whether all that waits is so short that a copy costs less than the segment, which would go
    /// with it. A pool gets that back, without an allocation.
    fn copies_rest(&self) -> bool {
        self.waiting <= MAX_COPIED && !self.segments.is_pooled()
    }

    /// Makes a chunk wait again, in front of everything, if it is the last one taken of this
    /// buffer; behind [`discard`](Self::discard) it only counts as not drained.
    pub(crate) fn put_back(&mut self, chunk: Chunk) -> Result<(), PutBackError> {
        let len = chunk.len();
        let is_last = chunk.offset().checked_add(to_u64(len)) == Some(self.drained);
        if !chunk.is_of(self.id) || !is_last || self.marks.remembered() < len {
            return Err(PutBackError(chunk));
        }
        self.marks.put_back(len);
        self.waiting += len;
        self.drained -= to_u64(len);
        if len > 0 {
            self.front.push_front(Piece::Owned { bytes: chunk.into_bytes(), charge: 0 });
        }
        if self.discards {
            self.discard();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::buffer::{BufferPolicy, SegmentStore};

    const LEN: usize = 8;

    fn buffer() -> OutboundBuffer {
        OutboundBuffer::new(SegmentStore::new(LEN, BufferPolicy::Retain), 2)
    }

    /// One more segment's worth of bytes, each its own plaintext, is sealed and taken out.
    fn take_next(buffer: &mut OutboundBuffer) -> Chunk {
        buffer.add_segment();
        buffer.seal(LEN, LEN);
        buffer.take(LEN).unwrap()
    }

    #[test]
    fn bytes_that_were_forgotten_are_not_put_back() {
        let mut buffer = buffer();
        let mut taken: Vec<Chunk> = (0..4).map(|_| take_next(&mut buffer)).collect();
        // When the last one was sealed three were in flight, one more than is remembered.
        for _ in 0..3 {
            assert_eq!(buffer.put_back(taken.pop().unwrap()), Ok(()));
        }
        let before = (buffer.waiting(), buffer.drained(), buffer.drained_plaintext());
        assert_eq!(before, (24, 8, 8));
        let forgotten = taken.pop().unwrap();
        let PutBackError(forgotten) = buffer.put_back(forgotten).unwrap_err();
        assert_eq!((forgotten.offset(), forgotten.len()), (0, LEN));
        assert_eq!((buffer.waiting(), buffer.drained(), buffer.drained_plaintext()), before);
    }
    #[test]
    fn a_chunk_of_another_buffer_is_refused_at_the_same_place() {
        let mut ours = buffer();
        let mut other = buffer();
        let (chunk, foreign) = (take_next(&mut ours), take_next(&mut other));
        assert_eq!(chunk, foreign, "as far as anybody sees");
        let PutBackError(foreign) = ours.put_back(foreign).unwrap_err();
        assert_eq!((ours.waiting(), ours.drained()), (0, 8));
        assert_eq!(other.put_back(foreign), Ok(()));
        assert_eq!(ours.put_back(chunk), Ok(()));
    }
}
