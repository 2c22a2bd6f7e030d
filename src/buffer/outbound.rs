//! Bytes pending for the transport: segments and foreign memory in a FIFO, with a tail to write to.

mod charge;
#[cfg(feature = "parallel")]
mod detached;
mod discard;
mod hand_off;

use alloc::collections::VecDeque;
use core::fmt;

use bytes::Bytes;

use super::chunk::BufferId;
use super::marks::Marks;
use super::piece::Piece;
use super::segment::Segment;
use super::segment_store::SegmentStore;
use crate::num::{to_u32, to_u64, to_usize};

/// A bounded FIFO of memory: pending bytes in front, then the segment that the next bytes are
/// written to.
pub(crate) struct OutboundBuffer {
    /// The id of the chunks that it hands out.
    id: BufferId,
    /// Every piece has pending bytes.
    front: VecDeque<Piece>,
    /// Kept separately, because a buffer that is drained in time has no other segments.
    tail: Option<Segment>,
    /// What each range of pending bytes carries, in order. Together they are `waiting` bytes long.
    marks: Marks,
    /// Where segments come from and return to. It counts those in use, including the tail.
    segments: SegmentStore,
    max_segments: u32,
    /// How many bytes of segments the owned memory in front is charged for.
    charged: u32,
    /// The number of pending sealed bytes.
    waiting: usize,
    drained: u64,
    /// Nothing may be sent any more.
    discards: bool,
}

/// Room for the marks of a few full records: 128 bytes.
const KEPT_MARKS: usize = 16;

impl OutboundBuffer {
    /// Creates a buffer of at most `max_segments` segments. None is allocated yet.
    pub(crate) fn new(segments: SegmentStore, max_segments: usize) -> Self {
        Self {
            id: BufferId::new(),
            front: VecDeque::new(),
            tail: None,
            marks: Marks::default(),
            segments,
            max_segments: to_u32(max_segments),
            charged: 0,
            waiting: 0,
            drained: 0,
            discards: false,
        }
    }

    /// Aligns the byte at `offset` in segments that are allocated from now on.
    pub(crate) fn align_at(&mut self, offset: usize) {
        self.segments.align_at(offset);
    }

    /// The number of pending sealed bytes.
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// The number of bytes drained since the start.
    pub(crate) const fn drained(&self) -> u64 {
        self.drained
    }

    /// Plaintext whose records have been drained completely.
    pub(crate) const fn drained_plaintext(&self) -> u64 {
        self.marks.drained_plaintext()
    }

    /// The memory for the next bytes. Empty while there is none.
    #[inline]
    pub(crate) fn tail_mut(&mut self) -> &mut [u8] {
        self.tail.as_mut().map_or(&mut [], Segment::tail_mut)
    }

    #[inline]
    pub(crate) fn tail(&self) -> &[u8] {
        self.tail.as_ref().map_or(&[], Segment::tail)
    }

    #[inline]
    pub(crate) fn tail_len(&self) -> usize {
        self.tail.as_ref().map_or(0, Segment::tail_len)
    }

    /// The length of a whole segment.
    pub(crate) fn segment_len(&self) -> usize {
        self.segments.segment_len()
    }

    /// How many bytes of the tail are in use.
    #[inline]
    pub(crate) fn filled_len(&self) -> usize {
        self.tail.as_ref().map_or(0, Segment::filled_len)
    }

    /// The maximum number of segments.
    pub(crate) fn max_segments(&self) -> usize {
        to_usize(self.max_segments)
    }

    /// How many segments [`add_segment`](Self::add_segment) can still add.
    pub(crate) fn fresh_segments(&self) -> usize {
        to_usize(self.max_segments.saturating_sub(self.occupied()))
    }

    /// Whether the tail is missing or is a segment that is not in use at all.
    pub(crate) fn tail_is_unused(&self) -> bool {
        self.tail.as_ref().is_none_or(Segment::is_unused)
    }

    /// How many segments foreign memory can replace. A segment that is not in use counts too.
    pub(crate) fn segments_for_owned(&self) -> usize {
        let unused = self.tail.as_ref().is_some_and(Segment::is_unused);
        self.fresh_segments() + usize::from(unused)
    }

    /// Appends a segment, whose whole length becomes the tail.
    pub(crate) fn add_segment(&mut self) {
        self.retire_tail();
        self.tail.insert(self.segments.take()).reset();
    }

    /// Copies `bytes` to `offset` in the tail, where the part in use ends afterwards. Returns
    /// whether there is memory for them.
    #[inline]
    pub(crate) fn fill_tail(&mut self, offset: u32, bytes: &[u8]) -> bool {
        self.tail.as_mut().is_some_and(|segment| segment.fill(offset, bytes))
    }

    /// Appends `bytes` to the part of the tail in use. Returns whether there is memory for them.
    #[inline]
    pub(crate) fn fill_more(&mut self, bytes: &[u8]) -> bool {
        self.tail.as_mut().is_some_and(|segment| segment.fill_more(bytes))
    }

    /// Declares the first `len` bytes of the tail as in use.
    #[inline]
    pub(crate) fn set_filled(&mut self, len: u32) {
        if let Some(segment) = &mut self.tail {
            segment.set_filled(len);
        }
    }

    /// The segment memory held, in use or not.
    pub(crate) fn memory_held(&self) -> usize {
        self.segments.memory_held()
    }

    /// Remembers that the first `len` bytes of the tail are lent, so that they are wiped when
    /// dropped.
    #[inline]
    pub(crate) fn set_lent(&mut self, len: u32) {
        if let Some(segment) = &mut self.tail {
            segment.set_lent(len);
        }
    }

    /// The first `len` bytes of the tail are sealed. They carry `plaintext` bytes of plaintext.
    #[inline]
    pub(crate) fn seal(&mut self, len: usize, plaintext: usize) {
        if let Some(segment) = &mut self.tail {
            let len = to_u32(len);
            segment.seal(len);
            self.push_mark(len, to_u32(plaintext));
        }
    }

    /// Discards and overwrites the part of the tail in use.
    pub(crate) fn wipe_tail(&mut self) {
        if let Some(segment) = &mut self.tail {
            segment.wipe_tail();
        }
        self.reuse_if_unused();
    }

    /// Appends foreign memory, which does not count against the capacity. The caller must
    /// [`mark`](Self::mark) what it carries. The tail must not be in use.
    #[inline(always)]
    pub(crate) fn append_piece(&mut self, bytes: Bytes) {
        self.retire_tail();
        if !bytes.is_empty() {
            self.front.push_back(Piece::Owned { bytes, charge: 0 });
        }
    }

    /// Appends a copy of a few bytes, which do not count against the capacity. The caller must
    /// [`mark`](Self::mark) what they carry. The tail must not be in use.
    pub(crate) fn append_small(&mut self, bytes: &[u8]) {
        self.retire_tail();
        let mut rest = bytes;
        if let Some(Piece::Small(small)) = self.front.back_mut() {
            rest = small.fill(rest);
        }
        while !rest.is_empty() {
            // Filled in place: moving what was just written would have to wait for the stores.
            self.front.push_back(Piece::EMPTY_SMALL);
            if let Some(Piece::Small(small)) = self.front.back_mut() {
                rest = small.fill(rest);
            }
        }
    }

    /// The bytes to drain next. Empty only if none are pending.
    #[inline]
    pub(crate) fn chunk(&self) -> &[u8] {
        match (self.front.front(), &self.tail) {
            (Some(piece), _) => piece.waiting(),
            (None, Some(tail)) => tail.waiting(),
            (None, None) => &[],
        }
    }

    /// All pending bytes, in order, in as few chunks as possible.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let tail = self.tail.as_ref().map(Segment::waiting);
        let tail = tail.filter(|chunk| !chunk.is_empty());
        self.front.iter().map(Piece::waiting).chain(tail)
    }

    /// Removes the first `len` pending bytes.
    ///
    /// # Panics
    /// If fewer are pending.
    #[inline]
    pub(crate) fn advance(&mut self, len: usize) {
        assert!(len <= self.waiting, "advanced past the {} pending bytes", self.waiting);
        if len == 0 {
            return;
        }
        self.marks.drain(len);
        self.waiting -= len;
        self.drained += to_u64(len);
        let mut rest = len;
        if !self.front.is_empty() {
            if self.waiting == 0 {
                return self.drain_all();
            }
            rest = self.drain_front(len);
        }
        if let Some(tail) = &mut self.tail {
            tail.drain(rest);
            self.reuse_if_unused();
        }
    }

    /// Drains at most `len` bytes of the pieces before the tail. Returns the rest of `len`.
    fn drain_front(&mut self, len: usize) -> usize {
        let mut rest = len;
        while rest > 0 {
            let Some(piece) = self.front.front_mut() else { break };
            let waiting = piece.waiting().len();
            if rest < waiting {
                piece.drain(rest);
                return 0;
            }
            rest -= waiting;
            self.remove_front();
        }
        rest
    }

    /// Removes the first piece, all of whose bytes are drained or taken.
    #[inline]
    fn remove_front(&mut self) {
        if let Some(piece) = self.front.pop_front() {
            self.retire(piece);
        }
    }

    #[inline]
    fn retire(&mut self, piece: Piece) {
        match piece {
            Piece::Segment(segment) => self.segments.give_back(segment),
            Piece::Owned { bytes: _freed, charge } => self.charged -= charge,
            Piece::Small(_) => {}
        }
    }

    /// Ends a drain of all pending bytes. The segments return last first, so that a pool hands them
    /// out in the same order again: the next long record goes into the segment that held the last
    /// one, which is still in the cache.
    #[inline(never)]
    fn drain_all(&mut self) {
        if let Some(tail) = &mut self.tail {
            tail.drain(tail.waiting().len());
            self.reuse_if_unused();
        }
        while let Some(piece) = self.front.pop_back() {
            self.retire(piece);
        }
    }

    /// If the tail has nothing pending and nothing written, starts it over or returns it.
    #[inline(always)]
    pub(crate) fn reuse_if_unused(&mut self) {
        match &mut self.tail {
            Some(tail) if !tail.is_unused() => {}
            Some(tail) if self.segments.keeps(tail) => tail.reset(),
            Some(_) => {
                self.retire_tail();
                self.marks.shrink(KEPT_MARKS);
            }
            None => {}
        }
    }

    /// Frees all memory without pending or written bytes.
    pub(crate) fn shrink(&mut self) {
        if self.tail_is_unused() {
            self.retire_tail();
        }
        self.segments.shrink();
        self.front.shrink_to_fit();
        self.marks.shrink(0);
    }

    /// The last `wire` bytes appended carry `plaintext` bytes of plaintext.
    #[inline]
    pub(crate) fn mark(&mut self, wire: usize, plaintext: usize) {
        self.push_mark(to_u32(wire), to_u32(plaintext));
    }

    #[inline]
    fn push_mark(&mut self, wire: u32, plaintext: u32) {
        self.waiting += to_usize(wire);
        self.marks.push(wire, plaintext);
        if self.marks.may_forget() {
            self.marks.forget(self.segment_len().saturating_mul(self.max_segments()));
        }
    }

    /// Moves the tail into the FIFO, or returns it if it has nothing pending.
    #[inline]
    fn retire_tail(&mut self) {
        debug_assert_eq!(self.filled_len(), 0, "the tail is in use");
        if self.tail.is_some() {
            self.move_tail();
        }
    }

    #[inline(never)]
    fn move_tail(&mut self) {
        match self.tail.take() {
            Some(tail) if tail.is_unused() => self.segments.give_back(tail),
            Some(tail) => self.front.push_back(Piece::Segment(tail)),
            None => {}
        }
    }
}

/// Shows counts, but none of the pending bytes.
impl fmt::Debug for OutboundBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundBuffer")
            .field("waiting", &self.waiting)
            .field("pieces", &self.front.len())
            .field("tail", &self.tail)
            .field("segments", &self.segments.in_use())
            .field("max_segments", &self.max_segments)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "std")]
    use crate::buffer::Pool;
    use crate::buffer::{BufferPolicy, PutBackError};
    use alloc::vec;
    use alloc::vec::Vec;

    use bytes::Buf;

    const LEN: usize = 8;
    const MEMORY_LEN: usize = Segment::memory_len(LEN);

    fn buffer(policy: BufferPolicy) -> OutboundBuffer {
        OutboundBuffer::new(SegmentStore::new(LEN, policy), 2)
    }

    fn put(buffer: &mut OutboundBuffer, bytes: &[u8]) {
        buffer.tail_mut()[..bytes.len()].copy_from_slice(bytes);
        buffer.seal(bytes.len(), bytes.len());
    }

    #[test]
    fn bytes_are_drained_in_the_order_they_were_added() {
        let mut buffer = buffer(BufferPolicy::Retain);
        buffer.add_segment();
        put(&mut buffer, b"abc");
        put(&mut buffer, b"de");
        buffer.mark(3, 0);
        buffer.append_piece(Bytes::from_static(b"fg"));
        buffer.append_small(b"h");
        buffer.add_segment();
        put(&mut buffer, b"ij");
        let chunks: Vec<&[u8]> = buffer.chunks().collect();
        assert_eq!(chunks, vec![&b"abcde"[..], b"fg", b"h", b"ij"]);

        let mut out = Vec::new();
        while buffer.waiting() > 0 {
            out.push(buffer.chunk()[0]);
            buffer.advance(1);
        }
        assert_eq!(out, b"abcdefghij");
        assert_eq!((buffer.drained(), buffer.drained_plaintext()), (10, 7));
    }

    #[test]
    fn plaintext_is_drained_when_its_whole_record_is_drained() {
        let mut buffer = buffer(BufferPolicy::Retain);
        buffer.add_segment();
        put(&mut buffer, b"abc");
        put(&mut buffer, b"de");
        buffer.advance(2);
        assert_eq!(buffer.drained_plaintext(), 0);
        buffer.advance(2);
        assert_eq!(buffer.drained_plaintext(), 3);
        buffer.advance(1);
        assert_eq!(buffer.drained_plaintext(), 5);
    }

    #[test]
    fn a_drained_segment_is_reused_at_its_full_length() {
        let mut buffer = buffer(BufferPolicy::Retain);
        buffer.add_segment();
        put(&mut buffer, b"abcdefgh");
        assert_eq!((buffer.tail_len(), buffer.fresh_segments()), (0, 1));
        buffer.advance(8);
        assert_eq!((buffer.tail_len(), buffer.fresh_segments()), (LEN, 1));
        assert_eq!(buffer.memory_held(), MEMORY_LEN);
    }

    #[test]
    fn the_requested_byte_is_aligned_at_no_cost_in_length() {
        for offset in [0, 5, 13] {
            let mut buffer = OutboundBuffer::new(SegmentStore::new(100, BufferPolicy::Retain), 2);
            buffer.align_at(offset);
            buffer.add_segment();
            for _ in 0..2 {
                assert_eq!(buffer.tail()[offset..].as_ptr().addr() % 32, 0);
                assert_eq!(buffer.tail_len(), 100);
                put(&mut buffer, b"abc");
                buffer.advance(3);
            }
        }
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
        assert_eq!(buffer.memory_held(), MEMORY_LEN, "the front segment is released immediately");
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
        assert_eq!((buffer.waiting(), buffer.drained_plaintext()), (0, 5));
        assert!(buffer.take(1).is_none());
        assert_eq!(&buffer.tail()[..2], b"fg", "the segment being written stays");

        let PutBackError(mut first) = buffer.put_back(first).unwrap_err();
        buffer.put_back(second).unwrap();
        first.advance(1);
        buffer.put_back(first).unwrap();
        assert_eq!((buffer.waiting(), buffer.drained(), buffer.drained_plaintext()), (4, 1, 0));
        buffer.seal(2, 2);
        let chunks: Vec<&[u8]> = buffer.chunks().collect();
        assert_eq!(chunks.concat(), b"bcdefg");
    }

    #[test]
    fn a_chunk_is_refused_after_later_bytes_were_drained_for_good() {
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
    fn a_pool_gets_segments_back_after_their_chunks_are_dropped() {
        let pool = Pool::new(4);
        let segments = SegmentStore::new(LEN, BufferPolicy::Retain).with_pool(Some(pool.clone()));
        let mut buffer = OutboundBuffer::new(segments, 2);
        buffer.add_segment();
        put(&mut buffer, b"abcdefgh");
        let chunk = buffer.take(8).unwrap();
        assert_eq!((buffer.memory_held(), pool.len()), (0, 1));
        assert!(pool.take(MEMORY_LEN).is_none(), "its chunk is in use");
        drop(chunk);
        let memory = pool.take(MEMORY_LEN);
        assert!(memory.is_some_and(|memory| memory.len() == MEMORY_LEN));
    }

    #[cfg(feature = "std")]
    #[test]
    fn a_pool_hands_out_drained_segments_in_the_same_order_again() {
        let pool = Pool::new(4);
        let segments = SegmentStore::new(LEN, BufferPolicy::Retain).with_pool(Some(pool));
        let mut buffer = OutboundBuffer::new(segments, 3);
        let mut fill_and_drain = || {
            let mut addresses = Vec::new();
            for _ in 0..3 {
                buffer.add_segment();
                addresses.push(buffer.tail().as_ptr());
                put(&mut buffer, b"abcdefgh");
            }
            buffer.advance(24);
            addresses
        };
        assert_eq!(fill_and_drain(), fill_and_drain());
    }
}
