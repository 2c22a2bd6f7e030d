//! Sealed bytes on their way to the transport.

use crate::buffer::{Chunk, OutboundBuffer};
use crate::error::Overrun;

/// The sealed bytes that wait, in the order of the wire.
///
/// Write [`chunk`](Self::chunk) to the transport and [`advance`](Self::advance) by what it took; or
/// gather [`chunks`](Self::chunks) (with the feature `std`, `chunks_vectored`) for `writev`. What
/// you do not advance over stays.
///
/// It is not a [`Buf`](bytes::Buf), whose `advance` must panic: here a transport that claims too
/// much is an error. A [`Chunk`] is one.
///
/// The length is fixed while this lives. When it is drained, the next call of `drain` seals
/// the current record if there is one: call it again while `wants().drain`.
#[derive(Debug)]
#[must_use = "bytes are drained by advancing over them"]
pub struct Drain<'a> {
    buffer: &'a mut OutboundBuffer,
}

impl<'a> Drain<'a> {
    pub(crate) const fn new(buffer: &'a mut OutboundBuffer) -> Self {
        Self { buffer }
    }

    /// Takes at most `max` of the first waiting bytes out as the caller's own: for I/O that keeps
    /// its buffers until it completes (io_uring, `MSG_ZEROCOPY`). They are not copied, but for up
    /// to 2 KiB at the end of what waits, unless a `Pool` takes their
    /// segment back: a chunk that is not copied keeps the whole of it until it is dropped. Fewer if
    /// they do not lie together; call again for the next, as many as may be in flight. `None` if
    /// nothing waits, or for a `max` of 0.
    ///
    /// The bytes count as drained. A chunk that was not sent must be put back
    /// ([`Writer::put_back`](crate::Writer::put_back)): dropping it loses them.
    pub fn take_chunk(&mut self, max: usize) -> Option<Chunk> {
        if max == 0 { None } else { self.buffer.take(max) }
    }

    /// Takes chunks of at most `max` bytes in all.
    pub fn take_chunks(&mut self, max: usize) -> impl Iterator<Item = Chunk> {
        let mut left = max;
        core::iter::from_fn(move || {
            let chunk = self.take_chunk(left)?;
            left -= chunk.len();
            Some(chunk)
        })
    }

    /// All waiting bytes, in as few chunks as they lie in; none is empty.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.buffer.chunks()
    }

    /// Bytes that wait.
    #[must_use]
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.buffer.waiting()
    }

    /// The first of them that lie together; empty only if none wait.
    #[must_use]
    #[inline]
    pub fn chunk(&self) -> &[u8] {
        self.buffer.chunk()
    }

    /// Fills `slices` with the first chunks, for `writev`, and returns how many it filled.
    #[cfg(feature = "std")]
    pub fn chunks_vectored<'b>(&'b self, slices: &mut [std::io::IoSlice<'b>]) -> usize {
        let mut n = 0;
        for (slice, chunk) in slices.iter_mut().zip(self.buffer.chunks()) {
            *slice = std::io::IoSlice::new(chunk);
            n += 1;
        }
        n
    }

    /// The transport has taken the first `n` bytes.
    ///
    /// # Errors
    /// [`Overrun`] if fewer wait; nothing is drained then.
    #[inline]
    pub fn advance(&mut self, n: usize) -> Result<(), Overrun> {
        let available = self.remaining();
        if n > available {
            return Err(Overrun { claimed: n, available });
        }
        self.buffer.advance(n);
        Ok(())
    }
}
