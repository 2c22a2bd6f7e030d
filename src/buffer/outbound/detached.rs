//! Segments that are away while records are made in them, on other threads too.

use alloc::vec::Vec;

use super::OutboundBuffer;
use crate::buffer::piece::Piece;
use crate::buffer::segment::Segment;

/// Where bytes lie that are declared ready before they are made.
pub(crate) struct SegmentOffset {
    /// The segment's index in the FIFO, the tail included.
    pub(crate) segment: usize,
    /// Where in its memory they begin.
    pub(crate) start: usize,
}

/// The last segments of the FIFO, away to be written in.
pub(crate) struct Detached {
    pub(crate) segments: Vec<Segment>,
    waiting: usize,
}

impl OutboundBuffer {
    /// As [`seal`](Self::seal), for bytes that are made later, in the place that is returned.
    pub(crate) fn seal_later(&mut self, len: usize, plaintext: usize) -> SegmentOffset {
        let start = self.tail.as_ref().map_or(0, Segment::sealed_end);
        self.seal(len, plaintext);
        SegmentOffset { segment: self.front.len(), start }
    }

    /// Takes the segments from this index on away, to be [`attach`](Self::attach)ed again.
    pub(crate) fn detach(&mut self, index: usize) -> Detached {
        if index > self.front.len() {
            return Detached { segments: Vec::new(), waiting: 0 };
        }
        let segments = self.front.split_off(index).into_iter().filter_map(|piece| match piece {
            Piece::Segment(segment) => Some(segment),
            Piece::Owned(_) | Piece::Small(_) => None,
        });
        let segments: Vec<Segment> = segments.chain(self.tail.take()).collect();
        let waiting = segments.iter().map(|segment| segment.waiting().len()).sum();
        self.waiting -= waiting;
        Detached { segments, waiting }
    }

    /// Puts the segments back behind the others.
    pub(crate) fn attach(&mut self, detached: Detached) {
        self.waiting += detached.waiting;
        for segment in detached.segments {
            self.retire_tail();
            self.tail = Some(segment);
        }
    }
}
