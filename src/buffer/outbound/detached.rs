//! Segments that are away while records are made in them, on other threads too.

use alloc::vec::Vec;

use super::OutboundBuffer;
use crate::buffer::piece::Piece;
use crate::buffer::segment::Segment;

impl OutboundBuffer {
    /// As [`seal`](Self::seal), for bytes that are made later: in which segment of the FIFO, the
    /// tail included, and where in its memory.
    pub(crate) fn seal_later(&mut self, len: usize, plaintext: usize) -> (usize, usize) {
        let start = self.tail.as_ref().map_or(0, Segment::sealed_end);
        self.seal(len, plaintext);
        (self.front.len(), start)
    }

    /// Takes the segments from this index on away, to be [`attach`](Self::attach)ed again.
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

    /// Puts the segments back behind the others.
    pub(crate) fn attach(&mut self, segments: Vec<Segment>) {
        for segment in segments {
            self.waiting += segment.waiting().len();
            self.retire_tail();
            self.tail = Some(segment);
        }
    }
}
