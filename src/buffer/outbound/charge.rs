//! What foreign memory counts against the capacity while it is pending.

use super::OutboundBuffer;
use crate::buffer::piece::Piece;
use crate::num::to_u32;

impl OutboundBuffer {
    /// How many segments are in use or replaced by foreign memory.
    pub(super) fn occupied(&self) -> u32 {
        let replaced = if self.charged > 0 { self.charged / self.charge_per_segment() } else { 0 };
        self.segments.in_use() + replaced
    }

    /// The same in bytes, with parts of a segment.
    pub(super) fn occupied_bytes(&self) -> u32 {
        self.segments.in_use() * self.charge_per_segment() + self.charged
    }

    /// Charges a segment for the foreign memory that was appended last: while that is pending, it
    /// takes the place of a segment, together with what was appended before it.
    pub(crate) fn charge_last_owned(&mut self) {
        let each = self.charge_per_segment();
        let last = self.front.iter_mut().rev().find_map(|piece| match piece {
            Piece::Owned { charge, .. } => Some(charge),
            Piece::Segment(_) | Piece::Small(_) => None,
        });
        if let Some(charge) = last {
            *charge += each;
            self.charged += each;
        }
    }

    fn charge_per_segment(&self) -> u32 {
        to_u32(self.segment_len())
    }
}
