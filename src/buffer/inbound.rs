//! Bytes that arrived from the transport and are not consumed yet.

use core::fmt;
use core::mem;

use bytes::BytesMut;

#[cfg(feature = "std")]
use super::Pool;
use super::copy::{copy, move_to_front};
use super::{BufferPolicy, wipe};
use crate::error::Overrun;
#[cfg(feature = "std")]
use crate::num::{to_u32, to_usize};

/// A bounded block of memory: bytes enter at its end and leave at its start.
///
/// Always `start <= end <= used <= memory.len()`, and `memory.len() <= capacity` unless more was
/// held when the capacity was lowered. Memory that was taken by the caller does not count.
pub(crate) struct InboundBuffer {
    /// Initialised once, when allocated. Empty while nothing is held and the memory is released.
    memory: BytesMut,
    start: usize,
    end: usize,
    /// The furthest `end` so far. No record was opened after it, so nothing after it has to be
    /// wiped.
    used: usize,
    loan: Loan,
    capacity: usize,
    /// Whether this buffer keeps empty memory.
    keeps_memory: bool,
    #[cfg(feature = "std")]
    pool: Option<Pool>,
    /// The only length of memory that comes from the pool and returns to it: what all connections
    /// with these settings ask for. Other memory was grown for one connection.
    #[cfg(feature = "std")]
    pooled_len: u32,
}

/// Who has the free memory after `end`. While it is lent, it stays in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loan {
    None,
    /// Lent, up to this position in the memory, until a later call ends the loan. A capacity that
    /// is lowered in the meantime does not shorten it.
    Lent(usize),
    /// The caller owns it until it is returned: `memory` ends at `end`.
    Away,
}

impl InboundBuffer {
    pub(crate) fn new(capacity: usize, policy: BufferPolicy) -> Self {
        Self {
            memory: BytesMut::new(),
            start: 0,
            end: 0,
            used: 0,
            loan: Loan::None,
            capacity,
            keeps_memory: matches!(policy, BufferPolicy::Retain),
            #[cfg(feature = "std")]
            pool: None,
            #[cfg(feature = "std")]
            pooled_len: to_u32(capacity),
        }
    }

    /// Takes memory from `pool`, and returns it there whenever it is empty.
    #[cfg(feature = "std")]
    pub(crate) fn with_pool(self, pool: Option<Pool>) -> Self {
        // Moved rather than updated, because the type has a `Drop`.
        let mut this = self;
        this.keeps_memory &= pool.is_none();
        this.pool = pool;
        this
    }

    /// The held bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.end]
    }

    pub(crate) const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether no room can be made. `needed` is the length of the record at the front if it is
    /// incomplete, otherwise 0. There is always room for that record.
    pub(crate) fn is_full(&self, needed: usize) -> bool {
        self.len() >= self.capacity
            || (self.tail() == 0
                && self.memory.len() >= self.capacity
                && !self.is_worth_moving(needed))
    }

    /// Ensures that there is [`free`](Self::free_mut) memory, unless the buffer [is
    /// full](Self::is_full): moves the held bytes to the front if that pays off. Returns how many
    /// bytes were moved. This ends a loan, and taken memory does not come back.
    #[inline]
    pub(crate) fn make_room(&mut self, needed: usize) -> usize {
        // Before the loan is forgotten: `release` must see that a part of this memory is away.
        if self.memory.len() < self.capacity {
            self.reallocate(self.capacity);
        }
        self.loan = Loan::None;
        if !self.is_worth_moving(needed) {
            return 0;
        }
        let len = self.len();
        move_to_front(&mut self.memory, self.start, len);
        self.end -= self.start;
        self.start = 0;
        self.end
    }

    /// Keeps the cost linear in the bytes received, regardless of the order of calls. The bytes
    /// moved are either no more than what was consumed since the last move, or they are the one
    /// incomplete record at the front, which fits afterwards and is not moved again for its own
    /// sake.
    #[inline]
    fn is_worth_moving(&self, needed: usize) -> bool {
        let repays = self.start >= self.len() && self.tail() < self.capacity / 4;
        let must = self.start + needed > self.memory.len();
        self.start > 0 && (repays || must)
    }

    /// How many bytes of memory follow the held bytes, within the capacity. A loan stays as long as
    /// it was.
    #[inline]
    fn tail(&self) -> usize {
        if let Loan::Lent(end) = self.loan {
            return end - self.end;
        }
        let room = self.capacity.saturating_sub(self.len());
        let tail = self.memory.len() - self.end;
        tail.min(room)
    }

    /// The memory for the next bytes.
    #[inline]
    pub(crate) fn free_mut(&mut self) -> &mut [u8] {
        let end = self.end + self.tail();
        &mut self.memory[self.end..end]
    }

    pub(crate) fn free(&self) -> &[u8] {
        &self.memory[self.end..self.end + self.tail()]
    }

    /// Adds the first `len` bytes of the free memory.
    pub(crate) fn commit(&mut self, len: usize) {
        debug_assert!(len <= self.tail(), "committed more than there is memory for");
        self.end += len;
        self.used = self.used.max(self.end);
    }

    /// Removes `len` bytes from the front.
    pub(crate) fn consume(&mut self, len: usize) {
        debug_assert!(len <= self.len(), "consumed more than is held");
        self.start += len;
        self.settle();
    }

    /// If nothing is held, starts over at the front of the memory or releases it.
    #[inline]
    fn settle(&mut self) {
        if self.start == self.end && !self.is_lent() {
            (self.start, self.end) = (0, 0);
            if !self.keeps_memory {
                self.release();
            }
        }
        if self.memory.len() > self.capacity {
            self.return_excess();
        }
    }

    /// Lends memory for the next bytes. It stays the same until it is
    /// [committed](Self::commit_lent). Empty if the buffer [is full](Self::is_full) or its memory
    /// is [taken](Self::take).
    #[inline]
    pub(crate) fn lend(&mut self, needed: usize) -> &mut [u8] {
        if !self.is_lent() {
            let _moved = self.make_room(needed);
            // An empty loan would prevent the buffer from making room later.
            match self.tail() {
                0 => {}
                len => self.loan = Loan::Lent(self.end + len),
            }
        }
        self.free_mut()
    }

    /// Adds the first `len` bytes of the lent memory and ends the loan. This does not return taken
    /// memory.
    #[inline]
    pub(crate) fn commit_lent(&mut self, len: usize) -> Result<(), Overrun> {
        let available = if let Loan::Lent(end) = self.loan { end - self.end } else { 0 };
        if len > available {
            return Err(Overrun { claimed: len, available });
        }
        if self.loan != Loan::Away {
            self.end_loan(len);
        }
        Ok(())
    }

    /// Hands out the same memory as an owned buffer without any plaintext in it. `None` if there is
    /// none, or if part of it must not be filled because the capacity was lowered.
    pub(crate) fn take(&mut self, needed: usize) -> Option<BytesMut> {
        let len = self.lend(needed).len();
        if len == 0 || self.end + len < self.memory.len() {
            return None;
        }
        // Records were opened in this part.
        if self.used > self.end {
            wipe(&mut self.memory[self.end..self.used]);
            self.used = self.end;
        }
        self.loan = Loan::Away;
        Some(self.memory.split_off(self.end))
    }

    /// Takes back [taken](Self::take) memory and adds its first `len` bytes.
    pub(crate) fn give_back(&mut self, memory: BytesMut, len: usize) -> Result<(), Overrun> {
        // Otherwise another buffer handed it out, or this one did before it was wiped.
        let is_ours = self.loan == Loan::Away
            && self.memory.as_ptr().wrapping_add(self.end) == memory.as_ptr();
        let available = if is_ours { memory.len() } else { 0 };
        if is_ours {
            self.memory.unsplit(memory);
            self.loan = Loan::Lent(self.memory.len());
        }
        if len > available {
            return Err(Overrun { claimed: len, available });
        }
        if is_ours {
            self.end_loan(len);
        }
        Ok(())
    }

    #[inline]
    fn end_loan(&mut self, len: usize) {
        self.end += len;
        self.used = self.used.max(self.end);
        self.loan = Loan::None;
        self.settle();
    }

    fn is_lent(&self) -> bool {
        self.loan != Loan::None
    }

    /// Whether the caller owns the memory for the next bytes.
    pub(crate) fn is_away(&self) -> bool {
        self.loan == Loan::Away
    }

    /// Changes how much can be held. Bytes that are already held stay in their memory until enough
    /// of them are consumed.
    #[cfg(feature = "rustls")]
    pub(crate) fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.return_excess();
    }

    #[cold]
    fn return_excess(&mut self) {
        let may_move = self.len() <= self.capacity && !self.is_lent();
        if self.memory.len() > self.capacity && may_move {
            self.reallocate(if self.len() > 0 { self.capacity } else { 0 });
        }
    }

    /// Moves the held bytes to other memory and wipes the old memory, where they may have been
    /// opened.
    #[cold]
    fn reallocate(&mut self, len: usize) {
        let mut memory = self.new_memory(len);
        let end = self.len();
        if !self.memory.is_empty() {
            copy(&mut memory, self.bytes());
            self.release();
        }
        (self.memory, self.end, self.used) = (memory, end, end);
    }

    #[cfg(feature = "rustls")]
    pub(crate) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Releases the memory if nothing is held.
    pub(crate) fn release_if_empty(&mut self) {
        if !self.keeps_memory && !self.memory.is_empty() && self.len() == 0 && !self.is_lent() {
            self.release();
        }
    }

    #[cfg(feature = "std")]
    fn new_memory(&self, len: usize) -> BytesMut {
        match &self.pool {
            Some(pool) if len == to_usize(self.pooled_len) => pool.take_inbound(len),
            _ => BytesMut::zeroed(len),
        }
    }

    #[cfg(not(feature = "std"))]
    #[inline]
    fn new_memory(&self, len: usize) -> BytesMut {
        BytesMut::zeroed(len)
    }

    /// The same, regardless of the policy.
    pub(crate) fn shrink(&mut self) {
        if self.len() == 0 && !self.is_lent() {
            self.release();
        }
    }

    pub(crate) fn memory_held(&self) -> usize {
        self.memory.capacity()
    }

    /// Discards and overwrites everything.
    pub(crate) fn wipe(&mut self) {
        self.release();
    }

    /// Like [`wipe`](Self::wipe), when no more input will come. But lent memory stays until the loan
    /// ends.
    pub(crate) fn wipe_held(&mut self) {
        match self.loan {
            Loan::Lent(_) => {
                wipe(&mut self.memory[..self.end]);
                self.start = self.end;
                self.keeps_memory = false;
            }
            Loan::None | Loan::Away => self.release(),
        }
    }

    #[inline(never)]
    fn release(&mut self) {
        let (mut memory, used) = (mem::take(&mut self.memory), self.used);
        // A part of memory keeps all of it allocated.
        #[cfg(feature = "std")]
        let is_poolable = self.loan != Loan::Away && memory.len() == to_usize(self.pooled_len);
        (self.start, self.end, self.used, self.loan) = (0, 0, 0, Loan::None);
        if memory.is_empty() {
            return;
        }
        #[cfg(feature = "std")]
        if let Some(pool) = self.pool.as_ref().filter(|_| is_poolable) {
            pool.give_inbound(memory, used);
            return;
        }
        // Opened records are plaintext here.
        wipe(&mut memory[..used]);
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
        let _moved = buffer.make_room(0);
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
        assert!(buffer.is_full(0));
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

    #[cfg(feature = "std")]
    #[test]
    fn an_empty_buffer_returns_its_memory_to_the_pool() {
        let pool = Pool::new(1);
        let mut buffer = InboundBuffer::new(8, BufferPolicy::Retain).with_pool(Some(pool.clone()));
        feed(&mut buffer, b"01234567");
        assert_eq!((buffer.memory_held(), pool.inbound_len()), (8, 0));
        buffer.consume(3);
        assert_eq!((buffer.bytes(), pool.inbound_len()), (&b"34567"[..], 0));
        buffer.consume(5);
        assert_eq!((buffer.memory_held(), pool.inbound_len()), (0, 8));
        let _memory = buffer.lend(0);
        assert_eq!(pool.inbound_len(), 0);
        buffer.commit_lent(0).unwrap();
        assert_eq!(pool.inbound_len(), 8);
        feed(&mut buffer, b"plain");
        buffer.wipe();
        assert_eq!(pool.take_inbound(8), [0; 8][..]);
    }

    #[cfg(all(feature = "std", feature = "rustls"))]
    #[test]
    fn only_whole_memory_of_the_configured_length_is_pooled() {
        let pool = Pool::new(1);
        let mut buffer = InboundBuffer::new(8, BufferPolicy::Retain).with_pool(Some(pool.clone()));
        for held in [1, 7, 8, 15] {
            buffer.set_capacity(16);
            assert_eq!(feed(&mut buffer, &[7; 16][..held]), held);
            let taken = buffer.take(0).unwrap();
            assert_eq!(taken.len(), 16 - held);
            let _moved = buffer.make_room(0);
            assert_eq!(buffer.bytes(), &[7; 16][..held]);
            assert_eq!((buffer.memory_held(), pool.inbound_len()), (16, 0), "{held}");
            buffer.wipe();
            assert_eq!(pool.inbound_len(), 0, "{held}");
            buffer.set_capacity(8);
            feed(&mut buffer, b"0");
            let _taken = buffer.take(0).unwrap();
            buffer.wipe();
            assert_eq!(pool.inbound_len(), 0, "{held}");
        }
        feed(&mut buffer, b"0");
        buffer.wipe();
        assert_eq!(pool.inbound_len(), 8);
    }

    /// Sends records of two alternating lengths through a buffer of `capacity`: as many bytes as
    /// there is memory for, at most `input` at a time, then takes out up to `turns` records.
    /// Returns how many bytes were moved and how many were received.
    fn stream(capacity: usize, lens: [usize; 2], input: usize, turns: usize) -> (usize, usize) {
        let mut buffer = InboundBuffer::new(capacity, BufferPolicy::Retain);
        let mut lens = lens.into_iter().cycle();
        let mut front = lens.next().unwrap();
        let (mut moved, mut received) = (0, 0);
        while received < 20 * capacity {
            let needed = if buffer.len() < front { front } else { 0 };
            assert!(needed == 0 || !buffer.is_full(needed), "full, but without a record");
            moved += buffer.make_room(needed);
            let n = buffer.free_mut().len().min(input);
            assert!(n > 0 || needed == 0, "neither room nor a record");
            buffer.commit(n);
            received += n;
            for _ in 0..turns {
                if buffer.len() < front {
                    break;
                }
                buffer.consume(front);
                front = lens.next().unwrap();
            }
        }
        (moved, received)
    }

    #[test]
    fn no_order_of_calls_moves_more_bytes_than_it_receives() {
        for capacity in [100, 101, 150, 199, 200, 1000, 10_000] {
            for lens in [[1, 1], [1, 100], [22, 22], [22, 100], [99, 99], [100, 99], [100, 100]] {
                for input in [1, 7, 99, 1000, usize::MAX] {
                    for turns in [1, 2, usize::MAX] {
                        let (moved, received) = stream(capacity, lens, input, turns);
                        assert!(
                            moved <= received,
                            "{moved} moved of {received}: {capacity} {lens:?} {input} {turns}"
                        );
                    }
                }
            }
        }
    }

    #[cfg(feature = "rustls")]
    #[test]
    fn memory_beyond_a_lowered_capacity_is_neither_handed_out_nor_kept() {
        let mut buffer = InboundBuffer::new(16, BufferPolicy::Retain);
        feed(&mut buffer, b"0123");
        assert_eq!(buffer.lend(0).len(), 12);
        buffer.set_capacity(8);
        assert_eq!(buffer.lend(0).len(), 12, "the loan stays as it is");
        buffer.commit_lent(1).unwrap();
        assert_eq!((buffer.len(), buffer.memory_held()), (5, 8));
        assert_eq!(buffer.lend(0).len(), 3);
        buffer.commit_lent(3).unwrap();

        // More is held than the new capacity.
        let mut buffer = InboundBuffer::new(16, BufferPolicy::Retain);
        let _lent = buffer.lend(0);
        buffer.set_capacity(8);
        buffer.commit_lent(11).unwrap();
        assert!(buffer.lend(0).is_empty() && buffer.take(0).is_none() && buffer.is_full(0));
        buffer.consume(2);
        assert_eq!((buffer.len(), buffer.memory_held()), (9, 16));
        buffer.consume(2);
        assert_eq!((buffer.len(), buffer.memory_held()), (7, 8));

        let mut buffer = InboundBuffer::new(16, BufferPolicy::Retain);
        feed(&mut buffer, b"0123");
        buffer.consume(4);
        buffer.set_capacity(8);
        assert_eq!(buffer.memory_held(), 0);
    }

    #[test]
    fn shrinking_keeps_held_bytes_and_lent_memory() {
        let mut buffer = InboundBuffer::new(8, BufferPolicy::Retain);
        feed(&mut buffer, b"0123");
        buffer.shrink();
        assert_eq!(buffer.bytes(), b"0123");
        buffer.consume(4);
        buffer.lend(0)[..2].copy_from_slice(b"45");
        buffer.shrink();
        buffer.commit_lent(2).unwrap();
        assert_eq!(buffer.bytes(), b"45");
        buffer.consume(2);
        buffer.shrink();
        assert_eq!(buffer.memory_held(), 0);
    }

    #[test]
    fn bytes_are_moved_only_if_little_memory_is_left_or_a_record_does_not_fit() {
        let mut buffer = InboundBuffer::new(16, BufferPolicy::Retain);
        feed(&mut buffer, b"0123456789");
        buffer.consume(8);
        assert_eq!((buffer.make_room(0), buffer.make_room(8)), (0, 0), "8 bytes fit");
        assert_eq!(buffer.make_room(9), 2);
        buffer.commit(10);
        buffer.consume(8);
        assert_eq!(buffer.make_room(0), 0, "a quarter is left");
        buffer.commit(1);
        assert_eq!(buffer.make_room(0), 5);
    }
}
