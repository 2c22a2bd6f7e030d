//! Bytes that are handed out as owned chunks, and returned if they were not sent.

use super::OutboundBuffer;
use crate::buffer::chunk::{Chunk, PutBackError};
use crate::buffer::piece::Piece;
use crate::num::{to_u32, to_u64};

/// Up to this many last pending bytes are copied, unless a pool takes their segment back. A new
/// segment takes longer to allocate and zero, and a chunk that is kept keeps its whole segment.
const MAX_COPIED: usize = 2048;

impl OutboundBuffer {
    /// Takes up to `max` bytes out as an owned chunk. It is shorter if the bytes are not
    /// contiguous.
    pub(crate) fn take(&mut self, max: usize) -> Option<Chunk> {
        if self.waiting == 0 {
            return None;
        }
        let copies = self.front.is_empty() && self.copies_rest();
        let occupied = self.occupied_bytes();
        let bytes = match (self.front.front_mut(), &mut self.tail) {
            (Some(piece), _) => piece.take(max),
            (None, Some(tail)) if copies => tail.copy(max),
            (None, Some(tail)) => tail.take(max),
            (None, None) => return None,
        };
        let (len, offset) = (bytes.len(), self.drained);
        self.marks.take(len);
        self.waiting -= len;
        self.drained += to_u64(len);
        if self.front.front().is_some_and(|piece| piece.waiting().is_empty()) {
            self.remove_front();
        }
        self.reuse_if_unused();
        // A copy is memory of its own, and its segment stays. Other chunks share the memory of their
        // segment, so only its last one is charged for it.
        let charge = if copies { to_u32(len) } else { occupied - self.occupied_bytes() };
        Some(Chunk::new(bytes, offset, self.id, charge))
    }

    /// Whether the pending bytes are so few that copying them costs less than losing their segment.
    /// A pool gets the segment back without an allocation.
    fn copies_rest(&self) -> bool {
        self.waiting <= MAX_COPIED && !self.segments.is_pooled()
    }

    /// Makes a chunk pending again, before everything else, if it is the last one taken from this
    /// buffer. It is charged for its memory, so that the buffer does not grow if all chunks are put
    /// back each time. After [`discard`](Self::discard), it only stops counting as drained.
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
            let charge = chunk.charge();
            self.charged += charge;
            self.front.push_front(Piece::Owned { bytes: chunk.into_bytes(), charge });
        }
        if self.occupied() > self.max_segments && self.tail_is_unused() {
            // The chunk takes its place.
            self.retire_tail();
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

    /// Seals one more segment's worth of bytes, each its own plaintext, and takes them out.
    fn take_next(buffer: &mut OutboundBuffer) -> Chunk {
        buffer.add_segment();
        buffer.seal(LEN, LEN);
        buffer.take(LEN).unwrap()
    }

    #[test]
    fn forgotten_bytes_cannot_be_put_back() {
        let mut buffer = buffer();
        let mut taken: Vec<Chunk> = (0..4).map(|_| take_next(&mut buffer)).collect();
        // When the last one was sealed, three were in flight, one more than is remembered.
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
    fn a_chunk_of_another_buffer_is_refused_even_at_the_right_position() {
        let mut ours = buffer();
        let mut other = buffer();
        let (chunk, foreign) = (take_next(&mut ours), take_next(&mut other));
        assert_eq!(chunk, foreign, "they look the same from outside");
        let PutBackError(foreign) = ours.put_back(foreign).unwrap_err();
        assert_eq!((ours.waiting(), ours.drained()), (0, 8));
        assert_eq!(other.put_back(foreign), Ok(()));
        assert_eq!(ours.put_back(chunk), Ok(()));
    }
}
