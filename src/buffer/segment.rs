//! A segment of outbound memory, filled at its end and drained from its start.

use core::fmt;
#[cfg(feature = "parallel")]
use core::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use super::copy::copy;
use super::wipe;
use crate::num::{to_u32, to_usize};

/// The alignment of what is written at a segment's start, in bytes. ring reads and writes vectors
/// of 32 bytes, and those that straddle two cache lines cost it 2 to 4 %.
const ALIGNMENT: usize = 32;

/// A fixed block of memory that is drained from the front while its tail is written.
///
/// Always `start <= drained <= sealed <= filled <= end <= memory.len()`. The bytes before `sealed`
/// are ready for the transport; `sealed..filled` is being written and must not be visible to anyone
/// else. `end - start` does not depend on the memory's address, so that the same calls produce the
/// same bytes.
///
/// A segment is shorter than 64 KiB, but its positions have 32 bits. The compiler sometimes loads a
/// 16-bit field together with its neighbour, and such a load waits until the last 16-bit store has
/// reached the cache: that would cost a small write a sixth of its time.
pub(crate) struct Segment {
    /// Initialised once, when allocated. Taking bytes out shortens it at its front.
    memory: BytesMut,
    start: u32,
    end: u32,
    drained: u32,
    sealed: u32,
    filled: u32,
    /// The end of the memory that was lent to be written to: between `sealed` and here there can be
    /// bytes that were never sealed. `filled` can be past it; both are wiped.
    lent: u32,
}

impl Segment {
    /// How much memory a segment of `len` bytes needs, regardless of its address.
    pub(super) const fn memory_len(len: usize) -> usize {
        len + ALIGNMENT - 1
    }

    /// Creates a segment in memory of the right length ([`memory_len`](Self::memory_len)) and
    /// aligns the byte at `aligned`.
    pub(super) fn new(memory: BytesMut, aligned: usize) -> Self {
        let end_of_prefix = memory.as_ptr().addr().wrapping_add(aligned);
        let start = end_of_prefix.wrapping_neg() % ALIGNMENT;
        let end = (memory.len() + start).saturating_sub(ALIGNMENT - 1);
        let (start, end) = (to_u32(start), to_u32(end));
        Self { memory, start, end, drained: start, sealed: start, filled: start, lent: start }
    }

    /// How many bytes of memory are left: fewer than at first if some were taken out.
    pub(super) fn memory_left(&self) -> usize {
        self.memory.len()
    }

    /// The memory after the sealed bytes.
    #[inline]
    pub(super) fn tail_mut(&mut self) -> &mut [u8] {
        &mut self.memory[to_usize(self.sealed)..to_usize(self.end)]
    }

    #[inline]
    pub(super) fn tail(&self) -> &[u8] {
        &self.memory[to_usize(self.sealed)..to_usize(self.end)]
    }

    #[inline]
    pub(super) fn tail_len(&self) -> usize {
        to_usize(self.end - self.sealed)
    }

    /// How many bytes of the tail are in use.
    #[inline]
    pub(super) fn filled_len(&self) -> usize {
        to_usize(self.filled - self.sealed)
    }

    /// Declares the first `len` bytes of the tail as in use. They count as lent too: `filled` goes
    /// back when a control record is sealed in front of content.
    #[inline]
    pub(super) fn set_filled(&mut self, len: u32) {
        debug_assert!(to_usize(len) <= self.tail_len(), "filled past the end of the segment");
        self.filled = self.sealed + len;
        self.lent = self.lent.max(self.filled);
    }

    /// Copies `bytes` to `offset` in the tail, where the part in use ends afterwards. Returns
    /// whether there is memory for them.
    #[inline]
    pub(super) fn fill(&mut self, offset: u32, bytes: &[u8]) -> bool {
        self.fill_from(self.sealed + offset, bytes)
    }

    /// Appends `bytes` to the part in use. Returns whether there is memory for them.
    #[inline]
    pub(super) fn fill_more(&mut self, bytes: &[u8]) -> bool {
        self.fill_from(self.filled, bytes)
    }

    #[inline]
    fn fill_from(&mut self, start: u32, bytes: &[u8]) -> bool {
        let end = to_usize(start) + bytes.len();
        let Some(place) = self.memory.get_mut(to_usize(start)..end) else { return false };
        copy(place, bytes);
        self.filled = start + to_u32(bytes.len());
        true
    }

    /// Remembers that someone else may write to the first `len` bytes of the tail.
    #[inline]
    pub(super) fn set_lent(&mut self, len: u32) {
        self.lent = self.lent.max(self.sealed + len);
    }

    /// The first `len` bytes of the tail are ready for the transport. After this, no part of the
    /// tail is in use.
    #[inline]
    pub(super) fn seal(&mut self, len: u32) {
        debug_assert!(to_usize(len) <= self.tail_len(), "sealed past the end of the segment");
        self.sealed += len;
        self.filled = self.sealed;
    }

    #[inline]
    pub(super) fn waiting(&self) -> &[u8] {
        &self.memory[to_usize(self.drained)..to_usize(self.sealed)]
    }

    #[inline]
    pub(super) fn drain(&mut self, len: usize) {
        debug_assert!(len <= self.waiting().len(), "drained more than was sealed");
        self.drained += to_u32(len);
    }

    /// Takes up to `max` of the pending bytes out, as a copy.
    pub(super) fn copy(&mut self, max: usize) -> Bytes {
        let len = self.waiting().len().min(max);
        let bytes = Bytes::copy_from_slice(&self.waiting()[..len]);
        self.drain(len);
        bytes
    }

    /// Takes up to `max` of the pending bytes out, together with their memory.
    pub(super) fn take(&mut self, max: usize) -> Bytes {
        let end = self.drained + to_u32(self.waiting().len().min(max));
        let mut front = self.memory.split_to(to_usize(end));
        front.advance(to_usize(self.drained));
        (self.start, self.drained) = (0, 0);
        self.end -= end;
        self.sealed -= end;
        self.filled -= end;
        self.lent = self.lent.saturating_sub(end);
        front.freeze()
    }

    /// The memory, without any plaintext.
    #[cfg(feature = "std")]
    pub(super) fn into_memory(mut self) -> BytesMut {
        self.wipe_tail();
        core::mem::take(&mut self.memory)
    }

    /// The address of the memory.
    #[cfg(feature = "parallel")]
    pub(crate) fn address(&self) -> usize {
        self.memory.as_ptr().addr()
    }

    /// The position where the tail begins.
    #[cfg(feature = "parallel")]
    pub(super) fn sealed_end(&self) -> usize {
        to_usize(self.sealed)
    }

    /// Bytes that were declared ready but are still to be made. `range` counts from the start of
    /// the memory.
    #[cfg(feature = "parallel")]
    pub(crate) fn sealed_mut(&mut self, range: Range<usize>) -> &mut [u8] {
        &mut self.memory[..to_usize(self.sealed)][range]
    }

    /// Whether the memory can be used for something else.
    #[inline]
    pub(super) const fn is_unused(&self) -> bool {
        self.drained == self.filled
    }

    /// Turns the whole memory into tail again. Whatever was pending is gone.
    #[inline]
    pub(super) fn reset(&mut self) {
        debug_assert_eq!(self.filled, self.sealed, "a segment in use was reset");
        (self.drained, self.sealed, self.filled) = (self.start, self.start, self.start);
    }

    /// Discards and overwrites the bytes in use.
    pub(super) fn wipe_tail(&mut self) {
        let end = self.lent.max(self.filled);
        if end > self.sealed {
            wipe(&mut self.memory[to_usize(self.sealed)..to_usize(end)]);
        }
        self.filled = self.sealed;
        self.lent = self.sealed;
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        self.wipe_tail();
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("waiting", &self.waiting().len())
            .field("filled", &self.filled_len())
            .field("tail", &self.tail_len())
            .finish_non_exhaustive()
    }
}
