//! How records of the same size fill memory, computed once for each change of a policy.

use super::plan::{MIN_TAIL, tail_needed};
use super::policy::RecordPolicy;
use super::sizing::Sizer;
use crate::aead::{KeyBudget, blocks};
use crate::num::{to_u16, to_u64};

/// The sizes of all records under the same policies: short ones up to some amount of plaintext,
/// others after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shapes<'a> {
    first: &'a Shape,
    full: &'a Shape,
    first_until: u64,
    sealed_ahead: usize,
}

/// What changes with the plaintext sent and with what the transport reports.
#[derive(Debug)]
pub(super) struct Dynamic {
    first: Shape,
    /// How much plaintext is sent in records of the first shape.
    first_until: u64,
    /// How many sealed bytes may be pending.
    sealed_ahead: usize,
}

impl Dynamic {
    /// Nothing changes: all records are `full`.
    pub(super) const fn none(full: Shape) -> Self {
        Self { first: full, first_until: 0, sealed_ahead: usize::MAX }
    }

    pub(super) fn new(
        sizer: &Sizer,
        policy: RecordPolicy,
        segment_len: usize,
        full: Shape,
    ) -> Self {
        let first_until = sizer.ramp_len();
        let first = match first_until {
            0 => full,
            _ => Shape::new(sizer.content_len(0, policy), policy, segment_len),
        };
        Self { first, first_until, sealed_ahead: sizer.sealed_ahead() }
    }

    pub(super) const fn set_sealed_ahead(&mut self, len: usize) {
        self.sealed_ahead = len;
    }
}

impl<'a> Shapes<'a> {
    #[inline]
    pub(super) const fn new(full: &'a Shape, dynamic: &'a Dynamic) -> Self {
        let Dynamic { first, first_until, sealed_ahead } = dynamic;
        Self { first, full, first_until: *first_until, sealed_ahead: *sealed_ahead }
    }

    /// Nothing changes: all records are `full`.
    #[inline]
    pub(super) const fn unchanging(full: &'a Shape) -> Self {
        Self { first: full, full, first_until: 0, sealed_ahead: usize::MAX }
    }

    /// The shape of the next record once `sent` bytes of plaintext have been sent.
    #[inline]
    pub(super) const fn at(self, sent: u64) -> &'a Shape {
        if sent < self.first_until { self.first } else { self.full }
    }

    /// The shape of the records after the short ones at the start.
    #[inline]
    pub(super) const fn full(self) -> &'a Shape {
        self.full
    }

    /// How many more bytes, after `sent`, until records get another shape. `u64::MAX` if they never
    /// do.
    #[inline]
    pub(super) const fn lasts(self, sent: u64) -> u64 {
        if sent < self.first_until { self.first_until - sent } else { u64::MAX }
    }

    /// Whether a key certainly allows `content_len` bytes, however they are cut, and one record
    /// more.
    #[inline]
    pub(super) fn are_allowed(self, budget: KeyBudget, content_len: usize) -> bool {
        let Self { first, full, .. } = self;
        let least = full.content_len().min(first.content_len());
        let most = full.blocks().max(first.blocks());
        let least = to_u64(least.min(MIN_TAIL));
        let (len, left) = (to_u64(content_len), budget.left_before(2 * most));
        // Allow for one more record: the last one can be shorter than `least`.
        left.records.saturating_sub(1).saturating_mul(least) >= len
            && left.blocks.saturating_mul(least) >= len.saturating_mul(most)
    }

    /// How many sealed bytes may be pending.
    #[inline]
    pub(super) const fn sealed_ahead(self) -> usize {
        self.sealed_ahead
    }
}

/// A record that is as long as the policies allow, and how many of them a segment holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    content_len: u16,
    /// The longest inner plaintext that this or shorter content can have.
    longest_inner: u16,
    record_len: u16,
    /// How much of a tail it needs.
    needed: u16,
    /// The most AEAD blocks that this or shorter content can have.
    blocks: u16,
    in_segment: u16,
    /// `2^32 / record_len`, rounded up: multiplying takes less time than dividing.
    reciprocal: u32,
    last: Last,
}

/// The shortened records at the end of the last segment, after those of full length.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Last {
    content_len: u16,
    wire_len: u16,
}

impl Shape {
    /// A record after the short ones at the start.
    pub(super) fn full(sizer: &Sizer, policy: RecordPolicy, segment_len: usize) -> Self {
        Self::new(sizer.full_content_len(policy), policy, segment_len)
    }

    pub(super) fn new(content_len: usize, policy: RecordPolicy, segment_len: usize) -> Self {
        let (inner_len, longest_inner) = policy.inner_lens(content_len);
        let record_len = policy.format().sealed_len(inner_len);
        let mut shape = Self {
            content_len: to_u16(content_len),
            longest_inner: to_u16(longest_inner),
            record_len: to_u16(record_len),
            needed: to_u16(tail_needed(policy.format(), longest_inner)),
            blocks: u16::try_from(blocks(longest_inner)).unwrap_or(u16::MAX),
            in_segment: 0,
            // A record is at least as long as its header and tag.
            reciprocal: u32::try_from((1_u64 << 32).div_ceil(to_u64(record_len))).unwrap_or(0),
            last: Last::default(),
        };
        let in_segment = shape.held(segment_len);
        shape.in_segment = to_u16(in_segment);
        shape.last = Last::new(content_len, policy, segment_len - in_segment * record_len);
        shape
    }

    #[inline]
    pub(super) fn content_len(&self) -> usize {
        self.content_len.into()
    }

    #[inline]
    pub(super) fn longest_inner(&self) -> usize {
        self.longest_inner.into()
    }

    /// The most AEAD blocks that this or shorter content can have.
    #[inline]
    pub(super) fn blocks(&self) -> u64 {
        self.blocks.into()
    }

    /// How much of a tail it needs.
    #[inline]
    pub(super) fn needed(&self) -> usize {
        self.needed.into()
    }

    #[inline]
    pub(super) fn record_len(&self) -> usize {
        self.record_len.into()
    }

    /// How many of these records a whole segment holds.
    #[inline]
    pub(super) fn in_segment(&self) -> usize {
        self.in_segment.into()
    }

    /// How many of these records `tail` bytes hold, at most a segment's.
    #[inline]
    pub(super) fn held(&self, tail: usize) -> usize {
        let Some(more) = tail.checked_sub(self.needed.into()) else { return 0 };
        // Exact for any quotient of two numbers of 16 bits.
        let quotient = (to_u64(more) * u64::from(self.reciprocal)) >> 32;
        1 + usize::try_from(quotient).unwrap_or(0)
    }

    #[inline]
    pub(super) const fn last(&self) -> &Last {
        &self.last
    }
}

impl Last {
    fn new(wanted: usize, policy: RecordPolicy, tail: usize) -> Self {
        let (mut all, mut tail) = (Self::default(), tail);
        loop {
            let space = tail.saturating_sub(tail_needed(policy.format(), 0));
            let content_len = policy.content_within(wanted, space);
            if content_len < wanted.min(MIN_TAIL) {
                return all;
            }
            let record_len = policy.record_len(content_len);
            all.content_len += to_u16(content_len);
            all.wire_len += to_u16(record_len);
            tail -= record_len;
        }
    }

    #[inline]
    pub(super) fn content_len(&self) -> usize {
        self.content_len.into()
    }

    #[inline]
    pub(super) fn wire_len(&self) -> usize {
        self.wire_len.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{RecordFormat, Version};
    use crate::writer::policy::Cap;

    #[test]
    fn the_reciprocal_divides_exactly() {
        let cap = Cap::new(RecordFormat::new(Version::Tls13, 0), 16_384);
        let policy = RecordPolicy::unpadded(cap);
        for content_len in (1..200).chain([1_000, 1_347, 5_461, 8_191, 16_383, 16_384]) {
            let shape = Shape::new(content_len, policy, 1 << 15);
            for tail in 0..1_usize << 15 {
                let more = tail.checked_sub(tail_needed(policy.format(), content_len + 1));
                let held = more.map_or(0, |more| 1 + more / (content_len + 22));
                assert_eq!(shape.held(tail), held, "{tail} of {content_len}");
            }
        }
    }
}
