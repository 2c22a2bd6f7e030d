//! Memory for input that is lent, or taken out, by one call, and comes back by another.

use bytes::BytesMut;

use super::Reader;
use super::process::ReadEnd;
use crate::error::Overrun;

impl Reader {
    /// [`inbound`](Self::inbound) in two steps, for callers without a borrow checker and for transports that fill
    /// memory while other calls are made: lends memory for the next bytes, to be
    /// [committed](Self::commit_inbound) by another call. `None` while the buffer is full and once
    /// nothing more will be read: input is not wanted then.
    ///
    /// The memory stays valid and where it is, whatever is read, consumed or shrunk meanwhile,
    /// until `commit_inbound`, [`inbound`](Self::inbound), [`receive`](Self::receive), a failure of
    /// the reader, or its drop. Lent again it is the same, with what was written there.
    #[inline]
    pub fn lend_inbound(&mut self) -> Option<&mut [u8]> {
        if self.end != ReadEnd::NotYet {
            return None;
        }
        let needed = self.needed();
        let memory = self.buffer.lend(needed);
        (!memory.is_empty()).then_some(memory)
    }

    /// The first `n` bytes of the memory that was [lent](Self::lend_inbound) are there, and it is
    /// lent no more; with 0, nothing else happens. Once nothing more will be read, what comes is
    /// ignored.
    ///
    /// # Errors
    /// [`Overrun`] if less than `n` is lent, or nothing; nothing changes then.
    #[inline]
    pub fn commit_inbound(&mut self, n: usize) -> Result<(), Overrun> {
        self.buffer.commit_lent(if self.end == ReadEnd::NotYet { n } else { 0 })
    }

    /// Takes the memory for the next bytes out as your own, for I/O that keeps its memory until it
    /// completes (io_uring): it need not be a borrow of this reader. It is what
    /// [`lend_inbound`](Self::lend_inbound) lends, and `None` when that is; `None` also if you have
    /// it already. Then [give it back](Self::give_back_inbound): records are opened in it, and
    /// nothing is copied. What came before can be read and consumed meanwhile.
    ///
    /// There is no plaintext in it. All of its bytes are initialised; do not split it, and give the
    /// transport no more than its length. If you drop it, or what is written to it, the bytes from
    /// the transport are lost, and no others can be received.
    pub fn take_inbound(&mut self) -> Option<BytesMut> {
        if self.end != ReadEnd::NotYet {
            return None;
        }
        let needed = self.needed();
        self.buffer.take(needed)
    }

    /// Takes back the memory that was [taken](Self::take_inbound); its first `n` bytes are there.
    /// Once nothing more will be read, what comes is ignored.
    ///
    /// # Errors
    /// [`Overrun`] if it is shorter than `n`, or (`available` is 0) if this reader did not give it.
    /// No byte counts as received then.
    pub fn give_back_inbound(&mut self, memory: BytesMut, n: usize) -> Result<(), Overrun> {
        self.buffer.give_back(memory, if self.end == ReadEnd::NotYet { n } else { 0 })
    }
}
