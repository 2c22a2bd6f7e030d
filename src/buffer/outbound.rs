//! What waits for the transport: segments and foreign memory in a FIFO, with a tail to write in.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::BufferPolicy;
#[cfg(feature = "std")]
use super::Pool;
use super::chunk::{Chunk, PutBackError};
use super::marks::Marks;
use super::piece::{Owned, Piece};
use super::segment::Segment;
use crate::num::to_u64;

/// A bounded FIFO of memory. The last segment's tail is where the next bytes are written.
#[derive(Debug)]
pub(crate) struct OutboundBuffer {
    fifo: VecDeque<Piece>,
    /// Segments that are kept for reuse ([`BufferPolicy::Retain`]).
    spare: Vec<Segment>,
    /// What each stretch of waiting bytes carries, in order; together they are `waiting` long.
    marks: Marks,
    segment_len: usize,
    max_segments: usize,
    /// Segments in the FIFO.
    segments: usize,
    /// What owned memory in the FIFO is charged.
    charged: usize,
    policy: BufferPolicy,
    #[cfg(feature = "std")]
    pool: Option<Pool>,
    /// Sealed bytes in the FIFO.
    waiting: usize,
    drained: u64,
}

impl OutboundBuffer {
    /// A buffer of at most `max_segments` segments of `segment_len` bytes; none is allocated yet.
    pub(crate) const fn new(segment_len: usize, max_segments: usize, policy: BufferPolicy) -> Self {
        Self {
            fifo: VecDeque::new(),
            spare: Vec::new(),
            marks: Marks::new(),
            segment_len,
            max_segments,
            segments: 0,
            charged: 0,
            policy,
            #[cfg(feature = "std")]
            pool: None,
            waiting: 0,
            drained: 0,
        }
    }

    /// Takes segments from `pool` and gives them back there.
    #[cfg(feature = "std")]
    pub(crate) fn with_pool(self, pool: Option<Pool>) -> Self {
        Self { pool, ..self }
    }

    /// Sealed bytes that wait to be drained.
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Bytes drained since the beginning.
    pub(crate) const fn drained(&self) -> u64 {
        self.drained
    }

    /// Plaintext whose records have been drained completely.
    pub(crate) const fn delivered(&self) -> u64 {
        self.marks.delivered()
    }

    /// The memory in which the next bytes are to be made; empty while there is none.
    pub(crate) fn tail_mut(&mut self) -> &mut [u8] {
        self.last_segment_mut().map_or(&mut [], Segment::tail_mut)
    }

    pub(crate) fn tail(&self) -> &[u8] {
        self.last_segment().map_or(&[], Segment::tail)
    }

    pub(crate) fn tail_len(&self) -> usize {
        self.last_segment().map_or(0, Segment::tail_len)
    }

    /// Length of a whole segment.
    pub(crate) const fn segment_len(&self) -> usize {
        self.segment_len
    }

    /// Bytes of the tail that are in use.
    pub(crate) fn filled_len(&self) -> usize {
        self.last_segment().map_or(0, Segment::filled_len)
    }

    /// Segments that there can be.
    pub(crate) const fn max_segments(&self) -> usize {
        self.max_segments
    }

    /// Segments that [`add_segment`](Self::add_segment) may still add.
    pub(crate) fn fresh_segments(&self) -> usize {
        self.max_segments.saturating_sub(self.segments + self.charged)
    }

    /// Segments in whose place foreign memory may stand: a lone one that is not in use makes way
    /// for it.
    pub(crate) fn segments_for_owned(&self) -> usize {
        let lone = self.fifo.len() == 1 && self.last_segment().is_some_and(Segment::is_unused);
        self.fresh_segments() + usize::from(lone)
    }

    /// Appends a segment; its whole length is the tail then.
    pub(crate) fn add_segment(&mut self) {
        debug_assert_eq!(self.filled_len(), 0, "the tail is in use");
        let segment = self.spare.pop().unwrap_or_else(|| Segment::new(self.new_memory()));
        self.segments += 1;
        self.fifo.push_back(Piece::Segment(segment));
    }

    /// Declares the first `len` bytes of the tail to be in use.
    pub(crate) fn set_filled(&mut self, len: usize) {
        if let Some(segment) = self.last_segment_mut() {
            segment.set_filled(len);
        }
    }

    /// Memory of segments that is held, in use or not.
    pub(crate) fn memory_held(&self) -> usize {
        (self.segments + self.spare.len()) * self.segment_len
    }

    /// Remembers that the first `len` bytes of the tail are lent: they are wiped when dropped.
    pub(crate) fn set_lent(&mut self, len: usize) {
        if let Some(segment) = self.last_segment_mut() {
            segment.set_lent(len);
        }
    }

    /// The first `len` bytes of the tail are ready; they carry `plaintext` bytes.
    pub(crate) fn seal(&mut self, len: usize, plaintext: usize) {
        if let Some(segment) = self.last_segment_mut() {
            segment.seal(len);
            self.mark(len, plaintext);
        }
    }

    /// Forgets what is in use of the tail and overwrites it.
    pub(crate) fn wipe_tail(&mut self) {
        if let Some(segment) = self.last_segment_mut() {
            segment.wipe_tail();
        }
        self.reuse_if_unused();
    }

    /// Appends foreign memory, outside the capacity. The tail must not be in use.
    pub(crate) fn append_owned(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.mark(bytes.len(), 0);
            self.append_piece(bytes, 0);
        }
    }

    /// Appends foreign memory that takes the place of `charge` segments while it waits. What it
    /// carries is to be [`mark`](Self::mark)ed by the caller. The tail must not be in use.
    pub(crate) fn append_piece(&mut self, bytes: Bytes, charge: usize) {
        debug_assert_eq!(self.filled_len(), 0, "the tail is in use");
        self.make_way();
        self.charged += charge;
        self.fifo.push_back(Piece::Owned(Owned { bytes, charge }));
    }

    /// The bytes to drain next; empty only if none wait.
    pub(crate) fn chunk(&self) -> &[u8] {
        self.chunks().next().unwrap_or(&[])
    }

    /// All waiting bytes, in order, in as few chunks as they lie in.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.fifo.iter().map(Piece::waiting).filter(|chunk| !chunk.is_empty())
    }

    /// Takes the first `len` waiting bytes out.
    ///
    /// # Panics
    /// If fewer wait.
    pub(crate) fn advance(&mut self, len: usize) {
        assert!(len <= self.waiting, "advanced past the {} bytes that wait", self.waiting);
        if len == 0 {
            return;
        }
        self.marks.drain(len);
        self.waiting -= len;
        self.drained += to_u64(len);
        let mut rest = len;
        while let Some(front) = self.fifo.front_mut() {
            let n = front.waiting().len().min(rest);
            front.drain(n);
            rest -= n;
            if !self.pop_drained() {
                break;
            }
        }
    }

    /// Takes at most `max` bytes out as the caller's own; less if they do not lie together.
    pub(crate) fn take(&mut self, max: usize) -> Option<Chunk> {
        let front = self.fifo.iter_mut().find(|piece| !piece.waiting().is_empty())?;
        let bytes = front.take(max);
        let chunk = Chunk { bytes, offset: self.drained };
        self.marks.take(chunk.bytes.len());
        self.waiting -= chunk.bytes.len();
        self.drained += to_u64(chunk.bytes.len());
        while self.pop_drained() {}
        Some(chunk)
    }

    /// Makes a chunk wait again, in front of everything, if it is the last one taken.
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
            self.fifo.push_front(Piece::Owned(Owned { bytes: chunk.bytes, charge: 0 }));
        }
        Ok(())
    }

    /// Recycles the first piece if it is drained. A segment that is being written in stays, and
    /// so does a lone one that can be used again. Says whether there is a next piece to look at.
    fn pop_drained(&mut self) -> bool {
        let is_last = self.fifo.len() == 1;
        match self.fifo.front_mut() {
            Some(front) if !front.waiting().is_empty() => return false,
            Some(Piece::Segment(segment)) if is_last => {
                if segment.is_unused() {
                    self.reuse_if_unused();
                }
                return false;
            }
            Some(Piece::Segment(_) | Piece::Owned(_)) => {}
            None => return false,
        }
        match self.fifo.pop_front() {
            Some(Piece::Segment(segment)) => self.recycle(segment),
            Some(Piece::Owned(owned)) => self.charged -= owned.charge,
            None => {}
        }
        true
    }

    /// A lone segment that nothing waits in and nothing is written in starts over, or goes.
    pub(crate) fn reuse_if_unused(&mut self) {
        if self.fifo.len() != 1 {
            return;
        }
        let keeps = self.last_segment().is_some_and(|segment| self.keeps(segment));
        match self.fifo.front_mut() {
            Some(Piece::Segment(segment)) if segment.is_unused() && keeps => segment.reset(),
            Some(Piece::Segment(segment)) if segment.is_unused() => {
                self.make_way();
                self.marks.shrink();
            }
            _ => {}
        }
    }

    /// The last `wire` bytes appended carry `plaintext` bytes.
    pub(crate) fn mark(&mut self, wire: usize, plaintext: usize) {
        self.waiting += wire;
        self.marks.push(wire, plaintext);
        self.marks.forget(self.max_segments.saturating_mul(self.segment_len));
    }

    #[cfg(feature = "std")]
    fn new_memory(&self) -> BytesMut {
        let pooled = self.pool.as_ref().and_then(|pool| pool.take(self.segment_len));
        pooled.unwrap_or_else(|| BytesMut::zeroed(self.segment_len))
    }

    #[cfg(not(feature = "std"))]
    fn new_memory(&self) -> BytesMut {
        BytesMut::zeroed(self.segment_len)
    }

    /// Whether an empty segment stays with this buffer.
    fn keeps(&self, segment: &Segment) -> bool {
        #[cfg(feature = "std")]
        if self.pool.is_some() {
            return false;
        }
        matches!(self.policy, BufferPolicy::Retain) && segment.len() == self.segment_len
    }

    /// Recycles a lone segment that is not in use.
    fn make_way(&mut self) {
        if self.fifo.len() == 1 && self.last_segment().is_some_and(Segment::is_unused) {
            if let Some(Piece::Segment(segment)) = self.fifo.pop_front() {
                self.recycle(segment);
            }
        }
    }

    fn recycle(&mut self, mut segment: Segment) {
        self.segments -= 1;
        if self.keeps(&segment) {
            segment.reset();
            self.spare.push(segment);
        } else {
            self.give_away(segment);
        }
    }

    #[cfg(feature = "std")]
    fn give_away(&self, segment: Segment) {
        if let Some(pool) = &self.pool {
            pool.give(segment.into_memory());
        }
    }

    #[cfg(not(feature = "std"))]
    fn give_away(&self, segment: Segment) {
        drop(segment);
    }

    fn last_segment(&self) -> Option<&Segment> {
        match self.fifo.back() {
            Some(Piece::Segment(segment)) => Some(segment),
            _ => None,
        }
    }

    fn last_segment_mut(&mut self) -> Option<&mut Segment> {
        match self.fifo.back_mut() {
            Some(Piece::Segment(segment)) => Some(segment),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    use bytes::Buf;

    const LEN: usize = 8;

    fn buffer(policy: BufferPolicy) -> OutboundBuffer {
        OutboundBuffer::new(LEN, 2, policy)
    }

    fn put(buffer: &mut OutboundBuffer, bytes: &[u8]) {
        buffer.tail_mut()[..bytes.len()].copy_from_slice(bytes);
        buffer.seal(bytes.len(), bytes.len());
    }

    #[test]
    fn bytes_come_out_in_the_order_they_were_put_in() {
        let mut buffer = buffer(BufferPolicy::Retain);
        buffer.add_segment();
        put(&mut buffer, b"abc");
        put(&mut buffer, b"de");
        buffer.append_owned(Bytes::from_static(b"fgh"));
        buffer.add_segment();
        put(&mut buffer, b"ij");
        let chunks: Vec<&[u8]> = buffer.chunks().collect();
        assert_eq!(chunks, vec![&b"abcde"[..], b"fgh", b"ij"]);

        let mut out = Vec::new();
        while buffer.waiting() > 0 {
            out.push(buffer.chunk()[0]);
            buffer.advance(1);
        }
        assert_eq!(out, b"abcdefghij");
        assert_eq!((buffer.drained(), buffer.delivered()), (10, 7));
    }

    #[test]
    fn plaintext_is_delivered_when_its_whole_record_is_drained() {
        let mut buffer = buffer(BufferPolicy::Retain);
        buffer.add_segment();
        put(&mut buffer, b"abc");
        put(&mut buffer, b"de");
        buffer.advance(2);
        assert_eq!(buffer.delivered(), 0);
        buffer.advance(2);
        assert_eq!(buffer.delivered(), 3);
        buffer.advance(1);
        assert_eq!(buffer.delivered(), 5);
    }

    #[test]
    fn a_drained_segment_is_reused_and_its_whole_length_is_tail_again() {
        let mut buffer = buffer(BufferPolicy::Retain);
        buffer.add_segment();
        put(&mut buffer, b"abcdefgh");
        assert_eq!((buffer.tail_len(), buffer.fresh_segments()), (0, 1));
        buffer.advance(8);
        assert_eq!((buffer.tail_len(), buffer.fresh_segments()), (LEN, 1));
        assert_eq!(buffer.memory_held(), LEN);
    }

    #[test]
    fn a_segment_in_use_is_neither_reused_nor_released() {
        for policy in [BufferPolicy::Retain, BufferPolicy::Release] {
            let mut buffer = buffer(policy);
            buffer.add_segment();
            put(&mut buffer, b"abc");
            buffer.set_filled(2);
            buffer.advance(3);
            assert_eq!((buffer.tail_len(), buffer.filled_len()), (5, 2), "{policy:?}");
        }
    }

    #[test]
    fn release_gives_all_memory_back_when_empty() {
        let mut buffer = buffer(BufferPolicy::Release);
        buffer.add_segment();
        put(&mut buffer, b"abcdefgh");
        buffer.add_segment();
        put(&mut buffer, b"ij");
        buffer.advance(9);
        assert_eq!(buffer.memory_held(), LEN, "the front segment is released at once");
        buffer.advance(1);
        assert_eq!(buffer.memory_held(), 0);
    }

    #[test]
    fn a_wiped_tail_holds_zeros() {
        let mut buffer = buffer(BufferPolicy::Retain);
        buffer.add_segment();
        put(&mut buffer, b"abc");
        buffer.tail_mut()[..5].copy_from_slice(b"defgh");
        buffer.set_lent(5);
        buffer.set_filled(2);
        buffer.wipe_tail();
        assert_eq!(buffer.tail(), [0; 5]);
        assert_eq!(buffer.chunk(), b"abc");
    }

    #[test]
    fn taken_chunks_are_the_same_bytes_and_can_be_put_back_in_order() {
        let mut buffer = buffer(BufferPolicy::Retain);
        buffer.add_segment();
        put(&mut buffer, b"abc");
        put(&mut buffer, b"de");
        buffer.tail_mut()[..2].copy_from_slice(b"fg");
        buffer.set_filled(2);
        let first = buffer.take(4).unwrap();
        let second = buffer.take(4).unwrap();
        assert_eq!((&first[..], &second[..]), (&b"abcd"[..], &b"e"[..]));
        assert_eq!((buffer.waiting(), buffer.delivered()), (0, 5));
        assert!(buffer.take(1).is_none());
        assert_eq!(&buffer.tail()[..2], b"fg", "what is written in stays");

        let PutBackError(mut first) = buffer.put_back(first).unwrap_err();
        buffer.put_back(second).unwrap();
        first.advance(1);
        buffer.put_back(first).unwrap();
        assert_eq!((buffer.waiting(), buffer.drained(), buffer.delivered()), (4, 1, 0));
        buffer.seal(2, 2);
        let chunks: Vec<&[u8]> = buffer.chunks().collect();
        assert_eq!(chunks.concat(), b"bcdefg");
    }

    #[test]
    fn nothing_is_put_back_behind_what_was_drained_for_good() {
        let mut buffer = buffer(BufferPolicy::Retain);
        buffer.add_segment();
        put(&mut buffer, b"abcdef");
        let chunk = buffer.take(2).unwrap();
        buffer.advance(1);
        assert!(buffer.put_back(chunk).is_err());
        assert_eq!(buffer.chunk(), b"def");
    }

    #[cfg(feature = "std")]
    #[test]
    fn a_pool_gets_segments_back_when_their_chunks_are_gone() {
        let pool = Pool::new(4);
        let mut buffer = buffer(BufferPolicy::Retain).with_pool(Some(pool.clone()));
        buffer.add_segment();
        put(&mut buffer, b"abcdefgh");
        let chunk = buffer.take(8).unwrap();
        assert_eq!((buffer.memory_held(), pool.len()), (0, 1));
        assert!(pool.take(LEN).is_none(), "its chunk is in use");
        drop(chunk);
        assert!(pool.take(LEN).is_some_and(|memory| memory.len() == LEN));
    }
}
