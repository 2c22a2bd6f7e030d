//! Segments that are detached while records are sealed in them, possibly on other threads.

use alloc::vec::Vec;

use super::OutboundBuffer;
use crate::buffer::piece::Piece;
use crate::buffer::segment::Segment;

impl OutboundBuffer {
    /// Like [`seal`](Self::seal), for bytes that are made later. Returns the index of their segment
    /// in the FIFO, including the tail, and their position in its memory.
    pub(crate) fn seal_later(&mut self, len: usize, plaintext: usize) -> (usize, usize) {
        let start = self.tail.as_ref().map_or(0, Segment::sealed_end);
        self.seal(len, plaintext);
        (self.front.len(), start)
    }

    /// Removes the segments from this index on, to be [`attach`](Self::attach)ed again.
    pub(crate) fn detach(&mut self, index: usize) -> Vec<Segment> {
        if index > self.front.len() {
            return Vec::new();
        }
        let segments = self.front.split_off(index).into_iter().filter_map(|piece| match piece {
            Piece::Segment(segment) => Some(segment),
            Piece::Owned { .. } | Piece::Small(_) => None,
        });
        let segments: Vec<Segment> = segments.chain(self.tail.take()).collect();
        self.waiting -= segments.iter().map(|segment| segment.waiting().len()).sum::<usize>();
        segments
    }

    /// Puts the segments back after the others.
    pub(crate) fn attach(&mut self, segments: Vec<Segment>) {
        for segment in segments {
            self.waiting += segment.waiting().len();
            self.retire_tail();
            self.tail = Some(segment);
        }
    }
}
