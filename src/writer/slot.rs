//! Memory lent to the caller, in which a record will be sealed.

use core::fmt;
use core::ops::{Deref, DerefMut};

use super::half::WriteHalf;
use crate::aead::KeySchedule;
use crate::error::{SlotOverrun, WriteError};

/// Free memory of the open record: what is written here and then committed is sealed where it
/// lies, without a copy.
///
/// Empty when `write` would accept nothing. What it holds at first is unspecified (never
/// plaintext of another connection). Dropping a slot commits nothing and uses no sequence number.
pub struct Slot<'a> {
    lent: Option<(&'a mut WriteHalf, &'a mut dyn KeySchedule)>,
}

impl<'a> Slot<'a> {
    pub(crate) fn new(
        half: &'a mut WriteHalf,
        keys: &'a mut dyn KeySchedule,
    ) -> Result<Self, WriteError> {
        let len = half.lend(keys)?;
        Ok(Self { lent: (len > 0).then_some((half, keys)) })
    }

    /// The slot of a connection that takes no plaintext yet.
    #[cfg(feature = "rustls")]
    pub(crate) const fn empty() -> Self {
        Self { lent: None }
    }

    /// Takes the first `n` bytes of the slot as if they had been written: they belong to the
    /// engine now.
    ///
    /// # Errors
    /// [`WriteError::SlotOverrun`] if the slot is shorter than `n` (nothing is committed);
    /// [`WriteError::Failed`] if sealing needed a new key and there was none.
    pub fn commit(mut self, n: usize) -> Result<(), WriteError> {
        let available = self.len();
        if n > available {
            return Err(WriteError::SlotOverrun(SlotOverrun { committed: n, available }));
        }
        match &mut self.lent {
            Some((half, keys)) if n > 0 => half.commit_slot(n, *keys),
            _ => Ok(()),
        }
    }
}

impl Deref for Slot<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.lent.as_ref().map_or(&[], |(half, _)| half.free())
    }
}

impl DerefMut for Slot<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.lent.as_mut().map_or(&mut [], |(half, _)| half.free_mut())
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if let Some((half, _)) = &mut self.lent {
            half.return_slot();
        }
    }
}

impl fmt::Debug for Slot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("len", &self.len()).finish_non_exhaustive()
    }
}
