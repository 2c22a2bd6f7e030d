//! One piece of outbound memory, filled at its end and drained from its start.

use core::fmt;

use bytes::{Buf, Bytes, BytesMut};
use zeroize::Zeroize;

/// Fixed memory that is drained from the front while its tail is written.
///
/// Always `drained <= sealed <= filled <= memory.len()`. What lies before `sealed` is ready for
/// the transport; `sealed..filled` is being written and is not to be seen by anyone else.
pub(super) struct Segment {
    /// Initialised once, when allocated. Shorter at its front by what was taken out of it.
    memory: BytesMut,
    drained: usize,
    sealed: usize,
    filled: usize,
    /// End of the memory that was lent to be written in: what lies between `sealed` and here may
    /// hold bytes that were never sealed.
    lent: usize,
}

impl Segment {
    /// A segment over all of `memory`.
    pub(super) const fn new(memory: BytesMut) -> Self {
        Self { memory, drained: 0, sealed: 0, filled: 0, lent: 0 }
    }

    /// Bytes of memory that are left; fewer than at first after something was taken.
    pub(super) fn len(&self) -> usize {
        self.memory.len()
    }

    /// The memory after the sealed bytes.
    pub(super) fn tail_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.sealed..]
    }

    pub(super) fn tail(&self) -> &[u8] {
        &self.memory[self.sealed..]
    }

    pub(super) fn tail_len(&self) -> usize {
        self.memory.len() - self.sealed
    }

    /// Bytes of the tail that are in use.
    pub(super) const fn filled_len(&self) -> usize {
        self.filled - self.sealed
    }

    /// Declares the first `len` bytes of the tail to be in use.
    pub(super) fn set_filled(&mut self, len: usize) {
        debug_assert!(len <= self.tail_len(), "filled past the end of the segment");
        self.filled = self.sealed + len;
        self.lent = self.lent.max(self.filled);
    }

    /// Remembers that the first `len` bytes of the tail may be written by somebody else.
    pub(super) fn set_lent(&mut self, len: usize) {
        self.lent = self.lent.max(self.sealed + len);
    }

    /// The first `len` bytes of the tail are ready for the transport; nothing of the tail is in
    /// use any more.
    pub(super) fn seal(&mut self, len: usize) {
        debug_assert!(len <= self.tail_len(), "sealed past the end of the segment");
        self.sealed += len;
        self.filled = self.sealed;
    }

    pub(super) fn waiting(&self) -> &[u8] {
        &self.memory[self.drained..self.sealed]
    }

    pub(super) fn drain(&mut self, len: usize) {
        debug_assert!(len <= self.sealed - self.drained, "drained more than was sealed");
        self.drained += len;
    }

    /// Takes at most `max` of the waiting bytes out, with their memory.
    pub(super) fn take(&mut self, max: usize) -> Bytes {
        let end = self.drained + self.waiting().len().min(max);
        let mut front = self.memory.split_to(end);
        front.advance(self.drained);
        self.drained = 0;
        self.sealed -= end;
        self.filled -= end;
        self.lent = self.lent.saturating_sub(end);
        front.freeze()
    }

    /// The memory, without a trace of plaintext.
    #[cfg(feature = "std")]
    pub(super) fn into_memory(mut self) -> BytesMut {
        self.wipe_tail();
        core::mem::take(&mut self.memory)
    }

    /// Whether the memory may be used for something else.
    pub(super) const fn is_unused(&self) -> bool {
        self.drained == self.filled
    }

    /// Makes the whole memory tail again.
    pub(super) fn reset(&mut self) {
        debug_assert!(self.is_unused(), "a segment in use was reset");
        (self.drained, self.sealed, self.filled) = (0, 0, 0);
    }

    /// Forgets the bytes in use and overwrites them.
    pub(super) fn wipe_tail(&mut self) {
        let end = self.lent.max(self.filled);
        if end > self.sealed {
            self.memory[self.sealed..end].zeroize();
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
            .field("drained", &self.drained)
            .field("sealed", &self.sealed)
            .field("filled", &self.filled)
            .field("len", &self.memory.len())
            .finish()
    }
}
