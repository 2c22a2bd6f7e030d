//! Memory for input that one call lends or hands out and another takes back.

use bytes::BytesMut;

use super::Reader;
use super::process::ReadEnd;
use crate::error::Overrun;

impl Reader {
    /// Lends memory for the transport's next bytes, to be [committed](Self::commit_inbound) by a
    /// later call. This is [`inbound`](Self::inbound) in two steps, for callers without a borrow
    /// checker and for transports that fill memory while you make other calls. Returns `None` while
    /// the buffer is full and once reading has ended: then no input is wanted.
    ///
    /// The memory stays valid and in place, even if you read, consume or shrink in the meantime. It
    /// becomes invalid with `commit_inbound`, [`inbound`](Self::inbound) or
    /// [`receive`](Self::receive), or when the reader fails or is dropped. A truncation is not a
    /// failure; what earlier records left in lent memory is then wiped when the loan ends. If you
    /// call this again during a loan, you get the same memory, including what was written there.
    #[inline]
    pub fn lend_inbound(&mut self) -> Option<&mut [u8]> {
        if self.end != ReadEnd::NotYet {
            return None;
        }
        let needed = self.needed();
        let memory = self.buffer.lend(needed);
        (!memory.is_empty()).then_some(memory)
    }

    /// Commits the first `n` bytes of the [lent](Self::lend_inbound) memory and ends the loan; with
    /// 0 it only ends the loan. Once reading has ended, the bytes are ignored.
    ///
    /// # Errors
    /// [`Overrun`] if fewer than `n` bytes are lent, or none; nothing changes then.
    #[inline]
    pub fn commit_inbound(&mut self, n: usize) -> Result<(), Overrun> {
        self.buffer.commit_lent(if self.end == ReadEnd::NotYet { n } else { 0 })
    }

    /// Hands out the memory for the transport's next bytes as an owned buffer, for I/O that keeps
    /// its memory until it completes (io_uring) and cannot borrow from this reader. It is the
    /// memory that [`lend_inbound`](Self::lend_inbound) would lend. Returns `None` whenever
    /// `lend_inbound` does, and also while you already hold the memory. Then [give it
    /// back](Self::give_back_inbound): records are opened in it, so nothing is copied. In the
    /// meantime you can read and consume what arrived before.
    ///
    /// It contains no plaintext, and all of its bytes are initialised. Do not split it, and do not
    /// let the transport write beyond its length. If you drop it, the bytes that the transport
    /// wrote into it are lost, and the reader can no longer receive any.
    pub fn take_inbound(&mut self) -> Option<BytesMut> {
        if self.end != ReadEnd::NotYet {
            return None;
        }
        let needed = self.needed();
        self.buffer.take(needed)
    }

    /// Takes back [taken](Self::take_inbound) memory, whose first `n` bytes have been filled. Once
    /// reading has ended, the bytes are ignored.
    ///
    /// # Errors
    /// [`Overrun`] if the memory is shorter than `n`, or (`available` is 0) if it does not come
    /// from this reader. No bytes count as received then.
    pub fn give_back_inbound(&mut self, memory: BytesMut, n: usize) -> Result<(), Overrun> {
        self.buffer.give_back(memory, if self.end == ReadEnd::NotYet { n } else { 0 })
    }
}
