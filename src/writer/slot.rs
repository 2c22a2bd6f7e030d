//! Memory lent to the caller, in which a record will be sealed.

use core::ops::{Deref, DerefMut, Range};

use super::Writer;
use crate::error::{Overrun, WriteError};
use crate::record::MAX_FRAGMENT_LEN;

/// Free memory of the current record: what is written here and then committed is sealed where it
/// lies, without a copy.
///
/// Empty when `write` would accept nothing. What it holds at first is unspecified (never
/// plaintext of another connection). Dropping a slot commits nothing and uses no sequence number.
#[derive(Debug)]
pub struct Slot<'a> {
    lent: Option<Lent<'a>>,
}

#[derive(Debug)]
struct Lent<'a> {
    writer: &'a mut Writer,
    /// Where the memory lies in the buffer's tail; never empty.
    range: Range<usize>,
}

impl<'a> Slot<'a> {
    #[inline]
    pub(crate) fn new(writer: &'a mut Writer) -> Result<Self, WriteError> {
        let range = writer.lend()?;
        Ok(Self { lent: (!range.is_empty()).then_some(Lent { writer, range }) })
    }

    /// Takes the first `n` bytes of the slot as if they had been written: they belong to the
    /// engine now.
    ///
    /// # Errors
    /// [`WriteError::Overrun`] if the slot is shorter than `n` (nothing is committed);
    /// [`WriteError::Failed`] if sealing needed a new key and there was none.
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

/// How much a slot is assumed to be for: a caller who does not say how much memory is needed does not
/// get a short tail.
const WANT_OF_SLOT: usize = MAX_FRAGMENT_LEN / 4;

impl Writer {
    /// Lends the free memory of the current record, and begins one if there is none; empty if there
    /// is no room. A control record that is due in front of a record is sealed when that is begun.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    #[inline]
    pub fn slot(&mut self) -> Result<Slot<'_>, WriteError> {
        Slot::new(self)
    }

    /// Begins a record if there is no current one and lends its free memory: where that lies in the
    /// buffer's tail, nowhere if there is no room.
    #[inline]
    pub(super) fn lend(&mut self) -> Result<Range<usize>, WriteError> {
        self.check_open()?;
        if !self.begin_record(WANT_OF_SLOT)? {
            return Ok(0..0);
        }
        let free = self.free_range();
        self.buffer.set_lent(free.end);
        Ok(free)
    }

    /// Ends the use of lent memory to which nothing was committed: a record without content is
    /// not begun.
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
