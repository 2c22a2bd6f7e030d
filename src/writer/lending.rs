//! A slot that one call lends and another commits.

use super::Writer;
use super::current::CurrentRecord;
use crate::error::{Overrun, WriteError};

impl Writer {
    /// Lends the free memory of the current record, to be [committed](Self::commit_slot) by a later
    /// call. This is [`slot`](Self::slot) in two steps, for callers without a borrow checker. The
    /// memory is empty if there is no room.
    ///
    /// The memory stays valid and in place until you call `commit_slot` or [`slot`](Self::slot),
    /// until a call writes, flushes, closes, fails, aborts or lowers the cap on records, or until
    /// you drop the writer. You can call everything else in the meantime: pending bytes can be
    /// drained, while the current record waits for the loan to end. If you call this again during a
    /// loan, you get the same memory, including what you wrote there.
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
    /// The same as [`write`](Self::write).
    pub fn lend_slot(&mut self) -> Result<&mut [u8], WriteError> {
        let free = self.lend()?;
        if let Some(record) = self.record.as_mut().filter(|_| !free.is_empty()) {
            record.lend();
        }
        Ok(&mut self.buffer.tail_mut()[free])
    }

    /// Accepts the first `n` bytes of the [lent](Self::lend_slot) memory as if they had been
    /// written, and ends the loan. With 0 it only ends the loan.
    ///
    /// # Errors
    /// [`WriteError::Overrun`] if fewer than `n` bytes are lent, or none (nothing is committed, and
    /// the loan continues); otherwise the same errors as [`Slot::commit`](crate::Slot::commit).
    pub fn commit_slot(&mut self, n: usize) -> Result<(), WriteError> {
        self.check_open()?;
        let available = if self.is_lent() { self.free_range().len() } else { 0 };
        if n > available {
            return Err(WriteError::Overrun(Overrun { claimed: n, available }));
        }
        if let Some(record) = &mut self.record {
            record.end_loan();
        }
        if n > 0 {
            return self.commit_whole(n);
        }
        self.return_lent();
        Ok(())
    }

    /// Whether memory of the current record is lent.
    #[inline]
    pub(super) fn is_lent(&self) -> bool {
        self.record.as_ref().is_some_and(CurrentRecord::is_lent)
    }
}
