//! What you can observe of a writer: nothing here changes it.

use super::config::MAX_CAPACITY;
use super::cursor::Plan;
use super::state::{BufferState, Life, WriterState};
use super::{Progress, Writer};
use crate::error::Error;

impl Writer {
    /// The number of sealed bytes that are pending. The current record does not count.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.buffer.waiting()
    }

    /// The exact number of bytes that [`write`](Self::write) would accept now (OpenSSL:
    /// `BIO_ctrl_get_write_guarantee`).
    ///
    /// The call takes tens of nanoseconds, regardless of the capacity. It takes longer while a
    /// control record is due or a key is near its limit, by one step for each KeyUpdate ahead.
    #[must_use]
    pub fn room(&self) -> usize {
        match self.life {
            Life::Open => self.room_up_to(usize::MAX).0,
            Life::Negotiating | Life::Closed | Life::Sealing | Life::Failed(_) => 0,
        }
    }

    /// The exact number of wire bytes that `n` more bytes would produce if you wrote and flushed
    /// them now: their records, and the KeyUpdates that sealing them requires. If `n` exceeds the
    /// room, the result assumes that the buffer is drained whenever it is full. If `n` exceeds what
    /// a key that cannot be updated may seal, only what it may seal counts. Returns `usize::MAX`
    /// for more than 1 GiB, and 0 unless the writer is open.
    #[must_use]
    pub fn wire_len(&self, n: usize) -> usize {
        if self.life != Life::Open {
            return 0;
        }
        if n > MAX_CAPACITY {
            return usize::MAX;
        }
        let plain = self.cursor_of_this_key().plain_wire_len(self.begun(), n);
        plain.unwrap_or_else(|| self.wire_len_closely(n))
    }

    #[inline(never)]
    fn wire_len_closely(&self, n: usize) -> usize {
        self.cursor().wire_len(self.begun(), n)
    }

    /// The hard cap on records begun from now on: that of the configuration (in a `Connection` also
    /// rustls's `max_fragment_size`) until one is [set](Self::set_max_fragment_len), and never more
    /// than the peer asked for (`ConnectionConfig::peer_size_limits`).
    #[must_use]
    pub fn max_fragment_len(&self) -> usize {
        self.planner.max_fragment_len()
    }

    /// The state of the writer.
    #[must_use]
    #[inline]
    pub fn state(&self) -> WriterState {
        match self.life {
            Life::Negotiating => WriterState::Negotiating,
            Life::Open => WriterState::Open,
            Life::Closed if self.buffer.waiting() > 0 => WriterState::Closing,
            Life::Closed => WriterState::Closed,
            Life::Sealing | Life::Failed(_) => WriterState::Failed,
        }
    }

    /// Whether there is an [`error`](Self::error).
    #[cfg(feature = "rustls")]
    #[inline]
    pub(crate) const fn has_failed(&self) -> bool {
        matches!(self.life, Life::Failed(_) | Life::Sealing)
    }

    /// The fatal error that ended the writer, if any.
    #[must_use]
    #[inline]
    pub const fn error(&self) -> Option<Error> {
        match self.life {
            Life::Failed(error) => Some(error),
            // Observable only if the batch was leaked.
            Life::Sealing => Some(Error::SealingAbandoned),
            Life::Negotiating | Life::Open | Life::Closed => None,
        }
    }

    /// What the buffer holds.
    #[must_use]
    #[inline]
    pub fn buffer_state(&self) -> BufferState {
        if !self.wants_drain() {
            return BufferState::Empty;
        }
        let takes_more = self.life == Life::Open
            && (self.record.is_some() || matches!(self.cursor().plan(1), Plan::Begin(_)));
        if takes_more { BufferState::Holding } else { BufferState::Full }
    }

    /// Whether [`drain`](Self::drain) would return bytes.
    #[must_use]
    #[inline]
    pub fn wants_drain(&self) -> bool {
        if self.buffer.waiting() > 0 {
            return true;
        }
        let can_seal = self.content_len() > 0 || self.control.is_due();
        can_seal && matches!(self.life, Life::Open) && !self.is_lent()
    }

    /// The counters.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.counts.progress(self.buffer.drained(), self.buffer.drained_plaintext())
    }

    /// The sequence number of the next record under the current key.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        match &self.sealer {
            Some(sealer) => sealer.seq(),
            None => 0,
        }
    }

    /// The segment memory held now, in bytes, whether in use or kept for reuse. Pending foreign
    /// memory (owned plaintext, chunks that were put back) does not count.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        self.buffer.memory_held()
    }
}
