//! The record that still takes plaintext.

use super::policy::RecordPolicy;
use crate::num::to_u16;

/// The current record. Its header space and its content so far are at the start of the buffer's
/// tail; nothing in it is sealed yet.
///
/// Always `len < limit` between calls, because a full record is sealed immediately. It is empty
/// only while its memory is lent, by a `Slot` or by `lend_slot`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CurrentRecord {
    /// Content so far.
    len: u16,
    /// How much content it can hold.
    limit: u16,
    policy: RecordPolicy,
}

impl CurrentRecord {
    pub(super) fn new(limit: usize, policy: RecordPolicy) -> Self {
        Self { len: 0, limit: to_u16(limit), policy }
    }

    /// Content so far.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len.into()
    }

    /// How much content it can hold.
    #[inline]
    pub(super) fn limit(&self) -> usize {
        self.limit.into()
    }

    /// How much more content it takes.
    #[inline]
    pub(super) fn free(&self) -> usize {
        (self.limit - self.len).into()
    }

    #[inline]
    pub(super) const fn is_full(&self) -> bool {
        self.len == self.limit
    }

    /// The cap and the padding that it was begun with.
    #[inline]
    pub(super) const fn policy(&self) -> RecordPolicy {
        self.policy
    }

    /// Adds `len` bytes of content, at most [`free`](Self::free).
    #[inline]
    pub(super) fn grow(&mut self, len: usize) {
        debug_assert!(len <= self.free(), "more content than the record can hold");
        self.len += to_u16(len);
    }

    /// Lowers the limit to the cap of `policy`. A record that already holds more keeps its own
    /// limit. Returns whether the record still takes plaintext.
    pub(super) fn cap(&mut self, policy: RecordPolicy) -> bool {
        let Some(capped) = self.policy.capped_by(policy) else { return !self.is_full() };
        let max_content = to_u16(capped.max_content());
        if self.len <= max_content {
            self.limit = self.limit.min(max_content);
            self.policy = capped;
        }
        self.len < self.limit.min(max_content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{RecordFormat, Version};
    use crate::writer::Padding;

    const FORMAT: RecordFormat = RecordFormat::new(Version::Tls13, 0);

    #[test]
    fn a_record_is_full_at_its_limit() {
        let mut record = CurrentRecord::new(10, RecordPolicy::new(FORMAT, 100, Padding::None));
        record.grow(9);
        assert_eq!((record.free(), record.is_full()), (1, false));
        record.grow(1);
        assert_eq!((record.free(), record.is_full()), (0, true));
    }

    #[test]
    fn a_cap_limits_what_the_record_still_accepts() {
        // A cap of 64 includes the type byte.
        for (len, takes_more, limit) in [(62, true, 63), (63, false, 63), (64, false, 99)] {
            let mut record = CurrentRecord::new(99, RecordPolicy::new(FORMAT, 100, Padding::None));
            record.grow(len);
            assert_eq!(
                record.cap(RecordPolicy::new(FORMAT, 64, Padding::None)),
                takes_more,
                "{len}"
            );
            assert_eq!(record.limit(), limit, "{len}");
            let higher = RecordPolicy::new(FORMAT, 200, Padding::None);
            assert_eq!(record.cap(higher), len < limit, "a higher cap changes nothing");
        }
    }
}
