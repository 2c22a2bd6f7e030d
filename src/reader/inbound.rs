//! Memory for bytes from the transport.

use core::ops::{Deref, DerefMut};

use crate::buffer::{InboundBuffer, copy};
use crate::error::Overrun;

/// Free memory of the inbound buffer, at least one byte. Let the transport write into it, then
/// [`commit`](Self::commit) what it wrote. Dropping this commits nothing.
#[derive(Debug)]
pub struct Inbound<'a> {
    buffer: &'a mut InboundBuffer,
}

impl<'a> Inbound<'a> {
    /// Lends the free memory of a buffer in which room was made. `None` if it is full.
    pub(crate) fn new(buffer: &'a mut InboundBuffer) -> Option<Self> {
        if buffer.free().is_empty() { None } else { Some(Self { buffer }) }
    }

    /// Marks the first `n` bytes as written by the transport. The next `process` opens them.
    ///
    /// # Errors
    /// [`Overrun`] if the memory is shorter than `n`; nothing is committed then.
    pub fn commit(self, n: usize) -> Result<(), Overrun> {
        let available = self.len();
        if n > available {
            return Err(Overrun { claimed: n, available });
        }
        self.buffer.commit(n);
        Ok(())
    }

    /// Copies as much of `wire` as fits and returns how many bytes that was.
    pub(crate) fn receive(mut self, wire: &[u8]) -> usize {
        let n = self.len().min(wire.len());
        copy(&mut self, &wire[..n]);
        self.commit(n).map_or(0, |()| n)
    }
}

impl Deref for Inbound<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.buffer.free()
    }
}

impl DerefMut for Inbound<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.buffer.free_mut()
    }
}
