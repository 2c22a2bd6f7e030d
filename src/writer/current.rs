//! The record that still takes plaintext.

use crate::num::{to_u32, to_usize};

/// The current record. Its header space and its content so far are at the start of the buffer's
/// tail; nothing in it is sealed yet.
///
/// Always `len < limit` between calls, because a full record is sealed immediately. It is empty
/// only while its memory is lent, by a `Slot` or by `lend_slot`. Its lengths have 32 bits for the
/// same reason as a segment's positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CurrentRecord {
    /// Content so far.
    len: u32,
    /// How much content it can hold.
    limit: u32,
    /// How much content there was when its free memory was lent for a later commit. The loan lasts
    /// as long as that stays the same.
    lent_at: u32,
    /// The planner keeps the policy that it was begun with, because the policy has changed since.
    is_older: bool,
}

/// More content than a record ever has.
const NOT_LENT: u32 = u32::MAX;

impl CurrentRecord {
    #[inline]
    pub(super) fn new(limit: usize) -> Self {
        Self { len: 0, limit: to_u32(limit), lent_at: NOT_LENT, is_older: false }
    }

    /// Content so far.
    #[inline]
    pub(super) fn len(&self) -> usize {
        to_usize(self.len)
    }

    /// How much content it can hold.
    #[inline]
    pub(super) fn limit(&self) -> usize {
        to_usize(self.limit)
    }

    /// Where its content so far ends in the tail, after a prefix of this length.
    #[inline]
    pub(super) fn filled(&self, prefix_len: usize) -> u32 {
        to_u32(prefix_len) + self.len
    }

    /// Where its content can end.
    #[inline]
    pub(super) fn end(&self, prefix_len: usize) -> u32 {
        to_u32(prefix_len) + self.limit
    }

    /// How much more content it takes.
    #[inline]
    pub(super) fn free(&self) -> usize {
        to_usize(self.limit - self.len)
    }

    #[inline]
    pub(super) const fn is_full(&self) -> bool {
        self.len == self.limit
    }

    /// Whether the policy has changed since it was begun.
    #[inline]
    pub(super) const fn is_older(&self) -> bool {
        self.is_older
    }

    /// The policy changes.
    pub(super) const fn keep_policy(&mut self) {
        self.is_older = true;
    }

    /// Whether its free memory is lent.
    #[inline]
    pub(super) const fn is_lent(&self) -> bool {
        self.lent_at == self.len
    }

    pub(super) const fn lend(&mut self) {
        self.lent_at = self.len;
    }

    pub(super) const fn end_loan(&mut self) {
        self.lent_at = NOT_LENT;
    }

    /// Adds `len` bytes of content, at most [`free`](Self::free).
    #[inline]
    pub(super) fn grow(&mut self, len: usize) {
        debug_assert!(len <= self.free(), "more content than the record can hold");
        self.len += to_u32(len);
    }

    /// Lowers the limit to `max_content`. A record that already holds more keeps its own limit.
    /// Returns whether that was lowered.
    pub(super) fn cap(&mut self, max_content: usize) -> bool {
        let max_content = to_u32(max_content);
        let lowers = self.len <= max_content;
        if lowers {
            self.limit = self.limit.min(max_content);
        }
        lowers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_full_at_its_limit() {
        let mut record = CurrentRecord::new(10);
        record.grow(9);
        assert_eq!((record.free(), record.is_full()), (1, false));
        record.grow(1);
        assert_eq!((record.free(), record.is_full()), (0, true));
    }

    #[test]
    fn a_loan_ends_when_content_is_added() {
        let mut record = CurrentRecord::new(10);
        assert!(!record.is_lent());
        record.lend();
        assert!(record.is_lent());
        record.grow(1);
        assert!(!record.is_lent());
        record.lend();
        record.end_loan();
        assert!(!record.is_lent());
    }
}
