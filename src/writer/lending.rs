//! A slot that is lent by one call and committed by another.

use super::Writer;
use crate::error::{Overrun, WriteError};

/// More plaintext than is ever accepted.
pub(super) const NOT_LENT: u64 = u64::MAX;

impl Writer {
    /// [`slot`](Self::slot) in two steps, for callers without a borrow checker: lends the free
    /// memory of the current record, to be [committed](Self::commit_slot) by another call. Empty
    /// if there is no room.
    ///
    /// The memory stays valid and where it is until `commit_slot` or [`slot`](Self::slot); until a
    /// call that writes, flushes, closes, fails or aborts, or lowers the cap of records; or until
    /// the writer is dropped. Everything else may be called meanwhile: what waits can be drained,
    /// and what is in the current record waits for the loan to end. Lent again it is the same
    /// memory, with what was written there.
    ///
    /// ```
    /// # use wantwrite::{CipherSuite, TrafficSecret, WriteKeys, Writer, WriterConfig};
    /// # let secret = TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32])?;
    /// # let mut writer = Writer::new(WriteKeys::from_secret(secret), WriterConfig::default())?;
    /// writer.lend_slot()?[..5].copy_from_slice(b"hello");
    /// writer.commit_slot(5)?;
    /// assert_eq!(writer.progress().accepted, 5);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn lend_slot(&mut self) -> Result<&mut [u8], WriteError> {
        let free = self.lend()?;
        if !free.is_empty() {
            // The tail is in use: it stays, however much is drained in front of it.
            let prefix_len = self.planner.format().prefix_len();
            self.buffer.set_filled(prefix_len + self.content_len());
            self.lent_at = self.counts.accepted();
        }
        Ok(&mut self.buffer.tail_mut()[free])
    }

    /// Takes the first `n` bytes of the memory that was [lent](Self::lend_slot) as if they had
    /// been written, and ends the loan. With 0 nothing else happens.
    ///
    /// # Errors
    /// [`WriteError::Overrun`] if less than `n` is lent, or nothing (nothing is committed, and
    /// what is lent stays lent); otherwise as [`Slot::commit`](crate::Slot::commit).
    pub fn commit_slot(&mut self, n: usize) -> Result<(), WriteError> {
        self.check_open()?;
        let available = if self.is_lent() { self.free_range().len() } else { 0 };
        if n > available {
            return Err(WriteError::Overrun(Overrun { claimed: n, available }));
        }
        self.lent_at = NOT_LENT;
        if n > 0 {
            return self.commit_whole(n);
        }
        self.return_lent();
        Ok(())
    }

    /// Whether memory of the current record is lent.
    #[inline]
    pub(super) fn is_lent(&self) -> bool {
        self.lent_at == self.counts.accepted() && self.record.is_some()
    }
}
