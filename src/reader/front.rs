//! The record at the front of the inbound buffer.

use core::ops::Range;

use crate::error::Overrun;
use crate::num::to_u16;

/// The record at the front of the buffer, if it was opened and has plaintext left. Positions count
/// from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Front {
    /// 0 if it was not opened.
    record_len: u16,
    /// Always `start <= end <= record_len`.
    start: u16,
    end: u16,
}

impl Front {
    pub(super) const UNOPENED: Self = Self { record_len: 0, start: 0, end: 0 };

    #[inline]
    pub(super) fn opened(record_len: usize, plaintext: Range<usize>) -> Self {
        let (start, end) = (to_u16(plaintext.start), to_u16(plaintext.end));
        Self { record_len: to_u16(record_len), start, end }
    }

    #[inline]
    pub(super) const fn is_opened(self) -> bool {
        self.record_len > 0
    }

    #[inline]
    pub(super) fn plaintext(self) -> Range<usize> {
        self.start.into()..self.end.into()
    }

    #[inline]
    #[cfg(feature = "rustls")]
    pub(super) const fn has_plaintext(self) -> bool {
        self.start < self.end
    }

    /// Removes `n` bytes of plaintext. Returns the record's length if none are left.
    #[inline]
    pub(super) fn consume(&mut self, n: usize) -> Result<Option<usize>, Overrun> {
        let available = self.plaintext().len();
        if n > available {
            return Err(Overrun { claimed: n, available });
        }
        self.start += to_u16(n);
        let is_used_up = self.start == self.end && self.is_opened();
        Ok(is_used_up.then(|| core::mem::replace(self, Self::UNOPENED).record_len.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_leaves_with_its_last_byte() {
        let mut front = Front::opened(100, 5..15);
        assert_eq!(front.consume(11), Err(Overrun { claimed: 11, available: 10 }));
        assert_eq!((front.consume(9), front.plaintext()), (Ok(None), 14..15));
        assert_eq!((front.consume(0), front.is_opened()), (Ok(None), true));
        assert_eq!((front.consume(1), front), (Ok(Some(100)), Front::UNOPENED));
        assert_eq!(front.consume(0), Ok(None));
    }
}
