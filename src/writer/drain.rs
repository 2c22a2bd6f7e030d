//! Sealed bytes on their way to the transport.

use bytes::Buf;

use crate::buffer::{Chunk, OutboundBuffer};

/// The sealed bytes that wait, in the order of the wire.
///
/// A [`Buf`]: write [`chunk`](Buf::chunk) to the transport and [`advance`](Buf::advance) by what
/// it took; or gather [`chunks`](Self::chunks) (with the feature `std`, `Buf::chunks_vectored`) for
/// `writev`. What is not advanced over stays.
///
/// The length is fixed while this lives. When it is drained, the next call of `drain` seals
/// the open record if there is one: call it again while `wants().drain`.
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
}

impl Buf for Drain<'_> {
    #[inline]
    fn remaining(&self) -> usize {
        self.buffer.waiting()
    }

    /// Empty only if nothing waits.
    #[inline]
    fn chunk(&self) -> &[u8] {
        self.buffer.chunk()
    }

    /// The transport has taken `cnt` bytes.
    ///
    /// # Panics
    /// If `cnt` is more than [`remaining`](Buf::remaining), as [`Buf`] prescribes.
    fn advance(&mut self, cnt: usize) {
        self.buffer.advance(cnt);
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'b>(&'b self, dst: &mut [std::io::IoSlice<'b>]) -> usize {
        let mut n = 0;
        for (slice, chunk) in dst.iter_mut().zip(self.buffer.chunks()) {
            *slice = std::io::IoSlice::new(chunk);
            n += 1;
        }
        n
    }
}
