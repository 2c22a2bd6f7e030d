//! Sealed bytes on their way to the transport.

use crate::buffer::{Chunk, OutboundBuffer};
use crate::error::Overrun;

/// The pending sealed bytes, in wire order.
///
/// Write [`chunk`](Self::chunk) to the transport and [`advance`](Self::advance) by what it took, or
/// gather [`chunks`](Self::chunks) for `writev` (with the feature `std`, `chunks_vectored`). Bytes
/// that you do not advance over stay pending.
///
/// This type does not implement [`Buf`](bytes::Buf), because `Buf::advance` must panic: here, a
/// transport that claims too much is an error. [`Chunk`] does implement it.
///
/// The length is fixed for the lifetime of this guard. Once everything is drained, the next call to
/// `drain` seals the current record if there is one, so keep calling it while `wants().drain` is
/// set.
#[derive(Debug)]
#[must_use = "bytes are drained by advancing over them"]
pub struct Drain<'a> {
    buffer: &'a mut OutboundBuffer,
}

impl<'a> Drain<'a> {
    pub(crate) const fn new(buffer: &'a mut OutboundBuffer) -> Self {
        Self { buffer }
    }

    /// Takes up to `max` of the first pending bytes as an owned chunk, for I/O that keeps its
    /// buffers until it completes (io_uring, `MSG_ZEROCOPY`). The bytes are not copied, so a chunk
    /// keeps its whole segment alive until it is dropped. The exception: without a `Pool`, the last
    /// pending bytes, up to 2 KiB, are copied. The chunk is shorter than `max` if the bytes are not
    /// contiguous; call again for the next one. Any number of chunks can be in flight. Returns
    /// `None` if nothing is pending or `max` is 0.
    ///
    /// The bytes count as drained. If you do not send a chunk, put it back
    /// ([`Writer::put_back`](crate::Writer::put_back)): dropping it loses its bytes.
    pub fn take_chunk(&mut self, max: usize) -> Option<Chunk> {
        if max == 0 { None } else { self.buffer.take(max) }
    }

    /// Takes chunks of at most `max` bytes in total.
    pub fn take_chunks(&mut self, max: usize) -> impl Iterator<Item = Chunk> {
        let mut left = max;
        core::iter::from_fn(move || {
            let chunk = self.take_chunk(left)?;
            left -= chunk.len();
            Some(chunk)
        })
    }

    /// All pending bytes, in as few contiguous chunks as possible. None of them is empty.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.buffer.chunks()
    }

    /// The number of pending bytes.
    #[must_use]
    #[inline]
    pub const fn remaining(&self) -> usize {
        self.buffer.waiting()
    }

    /// The first contiguous run of pending bytes. Empty only if nothing is pending.
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

    /// Marks the first `n` bytes as taken by the transport.
    ///
    /// # Errors
    /// [`Overrun`] if fewer bytes are pending; nothing is drained then.
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
