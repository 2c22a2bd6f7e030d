//! What stands in the outbound FIFO.

use bytes::{Buf, Bytes};

use super::segment::Segment;

pub(super) enum Piece {
    Segment(Segment),
    /// The handshake's flights, the caller's own memory, and what was put back.
    Owned {
        bytes: Bytes,
        /// Segments that cannot be added while it waits.
        charge: usize,
    },
    /// What stands around the caller's own memory.
    Small(Small),
}

/// A few bytes, kept here because an allocation would cost more than they do.
///
/// Always `start <= end <= bytes.len()`.
pub(super) struct Small {
    bytes: [u8; SMALL_LEN],
    start: usize,
    end: usize,
}

/// The end of one record, a control record, and the beginning of the next record; no longer than
/// what a [`Segment`] takes in the FIFO anyway.
const SMALL_LEN: usize = 72;

impl Piece {
    #[inline]
    pub(super) fn waiting(&self) -> &[u8] {
        match self {
            Self::Segment(segment) => segment.waiting(),
            Self::Owned { bytes, .. } => bytes,
            Self::Small(small) => &small.bytes[small.start..small.end],
        }
    }

    pub(super) fn drain(&mut self, len: usize) {
        match self {
            Self::Segment(segment) => segment.drain(len),
            Self::Owned { bytes, .. } => bytes.advance(len),
            Self::Small(small) => small.start += len,
        }
    }

    pub(super) fn take(&mut self, max: usize) -> Bytes {
        match self {
            Self::Segment(segment) => segment.take(max),
            Self::Owned { bytes, .. } => bytes.split_to(bytes.len().min(max)),
            Self::Small(_) => {
                let len = self.waiting().len().min(max);
                let bytes = Bytes::copy_from_slice(&self.waiting()[..len]);
                self.drain(len);
                bytes
            }
        }
    }
}

impl Small {
    pub(super) const fn new() -> Self {
        Self { bytes: [0; SMALL_LEN], start: 0, end: 0 }
    }

    /// Adds as many of `bytes` as there is place for and returns the others.
    pub(super) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let free = &mut self.bytes[self.end..];
        let (now, later) = bytes.split_at(bytes.len().min(free.len()));
        free[..now.len()].copy_from_slice(now);
        self.end += now.len();
        later
    }
}
