//! What stands in the outbound FIFO.

use bytes::{Buf, Bytes};

use super::segment::Segment;

#[derive(Debug)]
pub(super) enum Piece {
    Segment(Segment),
    /// The handshake's flights, the caller's own memory, and what was put back.
    Owned(Owned),
}

/// Memory that is not a segment.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) bytes: Bytes,
    /// Segments that cannot be added while it waits.
    pub(super) charge: usize,
}

impl Piece {
    pub(super) fn waiting(&self) -> &[u8] {
        match self {
            Self::Segment(segment) => segment.waiting(),
            Self::Owned(owned) => &owned.bytes,
        }
    }

    pub(super) fn drain(&mut self, len: usize) {
        match self {
            Self::Segment(segment) => segment.drain(len),
            Self::Owned(owned) => owned.bytes.advance(len),
        }
    }

    pub(super) fn take(&mut self, max: usize) -> Bytes {
        match self {
            Self::Segment(segment) => segment.take(max),
            Self::Owned(owned) => owned.bytes.split_to(owned.bytes.len().min(max)),
        }
    }
}
