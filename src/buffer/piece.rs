//! The elements of the outbound FIFO.

use bytes::{Buf, Bytes};

use super::segment::Segment;

pub(super) enum Piece {
    Segment(Segment),
    /// The handshake's flights, the caller's own memory, and chunks that were put back.
    Owned {
        bytes: Bytes,
        /// How many bytes of segments it takes the place of while it is pending.
        charge: u32,
    },
    /// The bytes around the caller's own memory.
    Small(Small),
}

/// A few bytes, stored inline because an allocation would cost more.
///
/// Always `start <= end <= bytes.len()`.
pub(super) struct Small {
    bytes: [u8; SMALL_LEN],
    start: u8,
    end: u8,
}

/// Enough in TLS 1.3 for the end of one record, a KeyUpdate and the start of the next record, and no
/// longer than a [`Segment`] is in the FIFO anyway.
const SMALL_LEN: usize = 61;

impl Piece {
    pub(super) const EMPTY_SMALL: Self =
        Self::Small(Small { bytes: [0; SMALL_LEN], start: 0, end: 0 });

    #[inline]
    pub(super) fn waiting(&self) -> &[u8] {
        match self {
            Self::Segment(segment) => segment.waiting(),
            Self::Owned { bytes, .. } => bytes,
            Self::Small(small) => &small.bytes[small.start.into()..small.end.into()],
        }
    }

    pub(super) fn drain(&mut self, len: usize) {
        match self {
            Self::Segment(segment) => segment.drain(len),
            Self::Owned { bytes, .. } => bytes.advance(len),
            Self::Small(small) => small.start += to_u8(len),
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
    /// Adds as many of `bytes` as fit and returns the rest.
    pub(super) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let free = &mut self.bytes[self.end.into()..];
        let (now, later) = bytes.split_at(bytes.len().min(free.len()));
        free[..now.len()].copy_from_slice(now);
        self.end += to_u8(now.len());
        later
    }
}

/// At most [`SMALL_LEN`].
fn to_u8(len: usize) -> u8 {
    u8::try_from(len).unwrap_or(u8::MAX)
}
