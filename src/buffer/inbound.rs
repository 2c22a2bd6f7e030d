//! What came from the transport and is not consumed yet.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroize;

use super::BufferPolicy;

/// One bounded stretch of memory: bytes enter at its end, and leave at its start.
///
/// Always `start <= end <= used <= memory.len() <= capacity`.
pub(crate) struct InboundBuffer {
    /// Initialised once, when allocated; empty while nothing is held and memory is released.
    memory: Vec<u8>,
    start: usize,
    end: usize,
    /// The furthest `end`: no record was opened behind it, and it need not be wiped there.
    used: usize,
    capacity: usize,
    policy: BufferPolicy,
}

impl InboundBuffer {
    pub(crate) const fn new(capacity: usize, policy: BufferPolicy) -> Self {
        Self { memory: Vec::new(), start: 0, end: 0, used: 0, capacity, policy }
    }

    /// The bytes that are held.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.end]
    }

    pub(crate) const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether no room can be made.
    pub(crate) const fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// Sees to it that there is [`free`](Self::free_mut) memory, unless the buffer is full: moves
    /// what is held to the front if little room is left behind it.
    pub(crate) fn make_room(&mut self) {
        if self.memory.len() < self.capacity {
            self.reallocate(self.capacity);
        }
        if self.start > 0 && self.memory.len() - self.end < self.capacity / 4 {
            self.memory.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }

    /// Memory for the next bytes.
    pub(crate) fn free_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.end..]
    }

    pub(crate) fn free(&self) -> &[u8] {
        &self.memory[self.end..]
    }

    /// Adds the first `len` bytes of the free memory.
    pub(crate) fn commit(&mut self, len: usize) {
        debug_assert!(len <= self.memory.len() - self.end, "committed past the memory");
        self.end += len;
        self.used = self.used.max(self.end);
    }

    /// Removes `len` bytes from the front.
    pub(crate) fn consume(&mut self, len: usize) {
        debug_assert!(len <= self.len(), "consumed more than is held");
        self.start += len;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
            if self.policy == BufferPolicy::Release {
                self.release();
            }
        }
    }

    /// Changes how much may be held, but not to less than is held.
    pub(crate) fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity.max(self.len());
        if self.memory.len() > self.capacity {
            self.reallocate(if self.len() > 0 { self.capacity } else { 0 });
        }
    }

    /// Moves what is held to other memory, and wipes where it was: it may have been opened there.
    #[cold]
    fn reallocate(&mut self, len: usize) {
        let mut memory = vec![0; len];
        let end = self.len();
        memory[..end].copy_from_slice(self.bytes());
        self.release();
        (self.memory, self.end, self.used) = (memory, end, end);
    }

    #[cfg(feature = "rustls")]
    pub(crate) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Gives the memory back if nothing is held.
    pub(crate) fn release_if_empty(&mut self) {
        if self.len() == 0 && self.policy == BufferPolicy::Release {
            self.release();
        }
    }

    /// The same whatever the policy.
    pub(crate) fn shrink(&mut self) {
        if self.len() == 0 {
            self.release();
        }
    }

    pub(crate) fn memory_held(&self) -> usize {
        self.memory.capacity()
    }

    /// Forgets and overwrites everything.
    pub(crate) fn wipe(&mut self) {
        self.release();
    }

    fn release(&mut self) {
        // Opened records were plaintext here.
        self.memory[..self.used].zeroize();
        self.memory = Vec::new();
        (self.start, self.end, self.used) = (0, 0, 0);
    }
}

impl Drop for InboundBuffer {
    fn drop(&mut self) {
        self.release();
    }
}

impl fmt::Debug for InboundBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundBuffer")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(buffer: &mut InboundBuffer, bytes: &[u8]) -> usize {
        buffer.make_room();
        let free = buffer.free_mut();
        let n = free.len().min(bytes.len());
        free[..n].copy_from_slice(&bytes[..n]);
        buffer.commit(n);
        n
    }

    #[test]
    fn never_holds_more_than_its_capacity() {
        let mut buffer = InboundBuffer::new(8, BufferPolicy::Retain);
        assert_eq!(feed(&mut buffer, b"0123456789"), 8);
        assert!(buffer.is_full());
        assert_eq!(feed(&mut buffer, b"x"), 0);
    }

    #[test]
    fn held_bytes_survive_the_move_to_the_front() {
        let mut buffer = InboundBuffer::new(8, BufferPolicy::Retain);
        feed(&mut buffer, b"01234567");
        buffer.consume(6);
        assert_eq!(feed(&mut buffer, b"89abcdef"), 6);
        assert_eq!(buffer.bytes(), b"6789abcd");
    }

    #[test]
    fn release_holds_no_memory_while_empty() {
        let mut buffer = InboundBuffer::new(8, BufferPolicy::Release);
        feed(&mut buffer, b"01");
        assert!(buffer.memory_held() >= 8);
        buffer.consume(2);
        assert_eq!(buffer.memory_held(), 0);
    }
}
