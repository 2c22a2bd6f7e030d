//! What can be seen of a writer: nothing here changes it.

use super::config::MAX_CAPACITY;
use super::cursor::Plan;
use super::state::{BufferState, Life, WriterState};
use super::{Progress, Writer};
use crate::error::Error;

impl Writer {
    /// Sealed bytes that wait to be drained. The current record is not among them.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.buffer.waiting()
    }

    /// The exact number of bytes that [`write`](Self::write) accepts now (OpenSSL:
    /// `BIO_ctrl_get_write_guarantee`).
    ///
    /// It takes some 20 to 60 ns, whatever the capacity. Only key limits below those of RFC 9846
    /// §5.5 make it longer: by as much for each KeyUpdate that they would make necessary.
    #[must_use]
    pub fn room(&self) -> usize {
        match self.life {
            Life::Open => self.room_up_to(usize::MAX).0,
            Life::Negotiating | Life::Closed | Life::Sealing | Life::Failed(_) => 0,
        }
    }

    /// The exact number of wire bytes that `n` more bytes become, written and flushed now: their
    /// records, and KeyUpdates that their sealing makes necessary. Where `n` exceeds the room, as
    /// if the buffer were drained whenever it is full; where it exceeds a key that cannot be
    /// updated, of what that key can seal. `usize::MAX` for more than 1 GiB. 0 unless the writer is
    /// open.
    #[must_use]
    pub fn wire_len(&self, n: usize) -> usize {
        if self.life != Life::Open {
            return 0;
        }
        if n > MAX_CAPACITY {
            return usize::MAX;
        }
        let wire_len = |n| self.cursor().wire_len(self.record, n);
        wire_len(n).saturating_sub(wire_len(0))
    }

    /// The life of the writer.
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

    /// The fault that ended it, if one did.
    #[must_use]
    #[inline]
    pub const fn error(&self) -> Option<Error> {
        match self.life {
            Life::Failed(error) => Some(error),
            // Seen only where the batch was leaked.
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

    /// Whether [`drain`](Self::drain) would give bytes.
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

    /// Bytes of segments held now, in use or kept for reuse. Foreign memory that waits (owned
    /// plaintext, chunks put back) is not counted.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        self.buffer.memory_held()
    }
}
