//! Bytes that leave as the caller's own, and come back if they were not sent.

use super::OutboundBuffer;
use crate::buffer::chunk::{Chunk, PutBackError};
use crate::buffer::piece::{Owned, Piece};
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
        let chunk = Chunk { bytes, offset: self.drained };
        self.marks.take(chunk.bytes.len());
        self.waiting -= chunk.bytes.len();
        self.drained += to_u64(chunk.bytes.len());
        self.drain_front(0);
        self.reuse_if_unused();
        Some(chunk)
    }

    /// Whether all that waits is so short that a copy costs less than the segment, which would go
    /// with it. A pool gets that back, without an allocation.
    fn copies_rest(&self) -> bool {
        #[cfg(feature = "std")]
        if self.pool.is_some() {
            return false;
        }
        self.waiting <= MAX_COPIED
    }

    /// Makes a chunk wait again, in front of everything, if it is the last one taken; behind
    /// [`discard`](Self::discard) it only counts as not drained.
    pub(crate) fn put_back(&mut self, chunk: Chunk) -> Result<(), PutBackError> {
        let len = chunk.bytes.len();
        let is_last = chunk.offset.checked_add(to_u64(len)) == Some(self.drained);
        if !is_last || self.marks.remembered() < len {
            return Err(PutBackError(chunk));
        }
        self.marks.put_back(len);
        self.waiting += len;
        self.drained -= to_u64(len);
        if len > 0 {
            self.front.push_front(Piece::Owned(Owned { bytes: chunk.bytes, charge: 0 }));
        }
        if self.discards {
            self.discard();
        }
        Ok(())
    }
}
