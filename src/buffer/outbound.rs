//! What waits for the transport: segments and foreign memory in a FIFO, with a tail to write in.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;

use super::BufferPolicy;
use super::segment::Segment;

/// A bounded FIFO of memory. The last segment's tail is where the next bytes are written.
#[derive(Debug)]
pub(crate) struct OutboundBuffer {
    fifo: VecDeque<Piece>,
    /// Segments that are kept for reuse ([`BufferPolicy::Retain`]).
    spare: Vec<Segment>,
    /// What each stretch of waiting bytes carries, in order; together they are `waiting` long.
    marks: VecDeque<Mark>,
    segment_len: usize,
    max_segments: usize,
    /// Segments in the FIFO.
    segments: usize,
    policy: BufferPolicy,
    /// Sealed bytes in the FIFO.
    waiting: usize,
    drained: u64,
    delivered: u64,
}

#[derive(Debug)]
enum Piece {
    Segment(Segment),
    #[cfg_attr(
        not(feature = "rustls"),
        expect(dead_code, reason = "the handshake's flights")
    )]
    Owned(Bytes),
}

/// `wire` bytes that carry `plaintext` bytes, delivered when all of them are drained.
#[derive(Clone, Copy, Debug)]
struct Mark {
    wire: usize,
    plaintext: usize,
}

impl OutboundBuffer {
    /// A buffer of at most `max_segments` segments of `segment_len` bytes; none is allocated yet.
    pub(crate) const fn new(segment_len: usize, max_segments: usize, policy: BufferPolicy) -> Self {
        Self {
            fifo: VecDeque::new(),
            spare: Vec::new(),
            marks: VecDeque::new(),
            segment_len,
            max_segments,
            segments: 0,
            policy,
            waiting: 0,
            drained: 0,
            delivered: 0,
        }
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
        self.delivered
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

    /// Segments that [`add_segment`](Self::add_segment) may still add.
    pub(crate) fn fresh_segments(&self) -> usize {
        self.max_segments.saturating_sub(self.segments)
    }

    /// Appends a segment; its whole length is the tail then.
    pub(crate) fn add_segment(&mut self) {
        debug_assert_eq!(self.filled_len(), 0, "the tail is in use");
        let segment = self
            .spare
            .pop()
            .unwrap_or_else(|| Segment::new(self.segment_len));
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
    #[cfg(any(feature = "rustls", test))]
    pub(crate) fn append_owned(&mut self, bytes: Bytes) {
        debug_assert_eq!(self.filled_len(), 0, "the tail is in use");
        if bytes.is_empty() {
            return;
        }
        self.mark(bytes.len(), 0);
        self.fifo.push_back(Piece::Owned(bytes));
    }

    /// The bytes to drain next; empty only if none wait.
    pub(crate) fn chunk(&self) -> &[u8] {
        self.chunks().next().unwrap_or(&[])
    }

    /// All waiting bytes, in order, in as few chunks as they lie in.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.fifo
            .iter()
            .map(Piece::waiting)
            .filter(|chunk| !chunk.is_empty())
    }

    /// Takes the first `len` waiting bytes out.
    ///
    /// # Panics
    /// If fewer wait.
    pub(crate) fn advance(&mut self, len: usize) {
        assert!(
            len <= self.waiting,
            "advanced past the {} bytes that wait",
            self.waiting
        );
        self.waiting -= len;
        self.drained = add(self.drained, len);
        self.deliver(len);
        let mut rest = len;
        while let Some(front) = self.fifo.front_mut() {
            let n = front.waiting().len().min(rest);
            front.drain(n);
            rest -= n;
            if !front.waiting().is_empty() || (self.fifo.len() == 1 && !self.is_unused()) {
                break;
            }
            if self.fifo.len() == 1 && self.policy == BufferPolicy::Retain {
                self.reuse_if_unused();
                break;
            }
            self.recycle_front();
        }
        if self.fifo.is_empty() && self.policy == BufferPolicy::Release {
            self.marks = VecDeque::new();
            self.fifo = VecDeque::new();
        }
    }

    fn is_unused(&self) -> bool {
        match self.fifo.back() {
            Some(Piece::Segment(segment)) => segment.is_unused(),
            Some(Piece::Owned(bytes)) => bytes.is_empty(),
            None => true,
        }
    }

    /// A lone segment that nothing waits in and nothing is written in starts over.
    pub(crate) fn reuse_if_unused(&mut self) {
        if self.fifo.len() != 1 || !self.is_unused() {
            return;
        }
        match (self.policy, self.fifo.front_mut()) {
            (BufferPolicy::Retain, Some(Piece::Segment(segment))) => segment.reset(),
            _ => self.recycle_front(),
        }
    }

    fn recycle_front(&mut self) {
        if let Some(Piece::Segment(mut segment)) = self.fifo.pop_front() {
            self.segments -= 1;
            if self.policy == BufferPolicy::Retain {
                segment.reset();
                self.spare.push(segment);
            }
        }
    }

    fn mark(&mut self, wire: usize, plaintext: usize) {
        self.waiting += wire;
        self.marks.push_back(Mark { wire, plaintext });
    }

    fn deliver(&mut self, len: usize) {
        let mut rest = len;
        while let Some(mark) = self.marks.front_mut() {
            if mark.wire > rest {
                mark.wire -= rest;
                break;
            }
            rest -= mark.wire;
            self.delivered = add(self.delivered, mark.plaintext);
            self.marks.pop_front();
        }
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

impl Piece {
    fn waiting(&self) -> &[u8] {
        match self {
            Self::Segment(segment) => segment.waiting(),
            Self::Owned(bytes) => bytes,
        }
    }

    fn drain(&mut self, len: usize) {
        match self {
            Self::Segment(segment) => segment.drain(len),
            Self::Owned(bytes) => drop(bytes.split_to(len)),
        }
    }
}

fn add(counter: u64, len: usize) -> u64 {
    counter.saturating_add(u64::try_from(len).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

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
            assert_eq!(
                (buffer.tail_len(), buffer.filled_len()),
                (5, 2),
                "{policy:?}"
            );
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
        assert_eq!(
            buffer.memory_held(),
            LEN,
            "the front segment is released at once"
        );
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
}
