//! Memory lent to the caller, in which a record will be sealed.

use core::ops::{Deref, DerefMut, Range};

use super::Writer;
use crate::error::{Overrun, WriteError};
use crate::num::to_usize;
use crate::record::MAX_FRAGMENT_LEN;

/// Free memory of the current record. Plaintext that you write here and commit is sealed in place,
/// without a copy.
///
/// The slot is empty if `write` would accept nothing. Its initial contents are unspecified (but
/// never plaintext of another connection). Dropping a slot commits nothing and uses no sequence
/// number, but a control record that was due is sealed when the slot is lent.
#[derive(Debug)]
pub struct Slot<'a> {
    lent: Option<Lent<'a>>,
}

#[derive(Debug)]
struct Lent<'a> {
    writer: &'a mut Writer,
    /// The position of the memory in the buffer's tail. Never empty.
    range: Range<usize>,
}

impl<'a> Slot<'a> {
    #[inline]
    pub(crate) fn new(writer: &'a mut Writer) -> Result<Self, WriteError> {
        let range = writer.lend()?;
        Ok(Self { lent: (!range.is_empty()).then_some(Lent { writer, range }) })
    }

    /// Accepts the first `n` bytes of the slot as if they had been written: they belong to the
    /// engine now.
    ///
    /// # Errors
    /// [`WriteError::Overrun`] if the slot is shorter than `n` (nothing is committed);
    /// [`WriteError::Failed`] if sealing required a new key and none could be made.
    #[inline]
    pub fn commit(mut self, n: usize) -> Result<(), WriteError> {
        let available = self.lent.as_ref().map_or(0, |lent| lent.range.len());
        if n > available {
            return Err(WriteError::Overrun(Overrun { claimed: n, available }));
        }
        match self.lent.take_if(|_| n > 0) {
            Some(Lent { writer, .. }) => writer.commit_whole(n),
            None => Ok(()),
        }
    }
}

/// How much plaintext a slot is assumed to be for. The caller does not say how much memory is
/// needed, and should not get a short tail.
const WANT_OF_SLOT: usize = MAX_FRAGMENT_LEN / 4;

impl Writer {
    /// Lends the free memory of the current record, and begins a record if there is none. The slot
    /// is empty if there is no room. A control record that is due is sealed first, unless there is a
    /// current record: then it is sealed together with that.
    ///
    /// # Errors
    /// The same as [`write`](Self::write).
    #[inline]
    pub fn slot(&mut self) -> Result<Slot<'_>, WriteError> {
        Slot::new(self)
    }

    /// Lends the free memory of the current record, and begins a record if there is none. Returns
    /// its range in the buffer's tail: an empty range if there is no room. A loan for a later
    /// commit ends; [`lend_slot`](Self::lend_slot) begins it again.
    #[inline]
    pub(super) fn lend(&mut self) -> Result<Range<usize>, WriteError> {
        self.check_open()?;
        if !self.begin_record(WANT_OF_SLOT)? {
            return Ok(0..0);
        }
        let prefix_len = self.planner.format().prefix_len();
        let Some(record) = &mut self.record else { return Ok(0..0) };
        record.end_loan();
        let (start, end) = (record.filled(prefix_len), record.end(prefix_len));
        // This marks the tail as in use: it stays in place, however much is drained before it.
        self.buffer.set_filled(start);
        self.buffer.set_lent(end);
        Ok(to_usize(start)..to_usize(end))
    }

    /// Takes back lent memory to which nothing was committed. A record without content does not
    /// count as begun.
    pub(super) fn return_lent(&mut self) {
        if self.record.is_some() && self.content_len() == 0 {
            self.record = None;
            self.buffer.set_filled(0);
            self.buffer.reuse_if_unused();
        }
    }
}

impl Deref for Slot<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.lent {
            Some(Lent { writer, range }) => &writer.buffer.tail()[range.clone()],
            None => &[],
        }
    }
}

impl DerefMut for Slot<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.lent {
            Some(Lent { writer, range }) => &mut writer.buffer.tail_mut()[range.clone()],
            None => &mut [],
        }
    }
}

impl Drop for Slot<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(lent) = &mut self.lent {
            lent.writer.return_lent();
        }
    }
}
