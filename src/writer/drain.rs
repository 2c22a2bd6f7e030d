//! Sealed bytes on their way to the transport.

use bytes::Buf;

use crate::buffer::OutboundBuffer;

/// The sealed bytes that wait, in the order of the wire.
///
/// A [`Buf`]: write [`chunk`](Buf::chunk) to the transport and [`advance`](Buf::advance) by what
/// it took; or gather [`chunks`](Self::chunks) (with the feature `std`,
/// [`chunks_vectored`](Buf::chunks_vectored)) for `writev`. What is not advanced over stays.
///
/// The length is fixed while this lives. When it is drained, the next call of `outbound` seals
/// the open record if there is one: call it again while `wants().drain`.
#[derive(Debug)]
#[must_use = "bytes are drained by advancing over them"]
pub struct Outbound<'a> {
    buffer: &'a mut OutboundBuffer,
}

impl<'a> Outbound<'a> {
    pub(crate) const fn new(buffer: &'a mut OutboundBuffer) -> Self {
        Self { buffer }
    }

    /// All waiting bytes, in as few chunks as they lie in; none is empty.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.buffer.chunks()
    }
}

impl Buf for Outbound<'_> {
    fn remaining(&self) -> usize {
        self.buffer.waiting()
    }

    /// Empty only if nothing waits.
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
