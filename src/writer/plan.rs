//! The policies that decide how records are cut.

use super::config::{CONTROL_RESERVE, SEGMENT_LEN, WriterConfig};
use super::control::Control;
use super::padding::Padding;
use super::policy::RecordPolicy;
use super::shape::Shapes;
use super::sizing::{Conditions, Sizer, Sizing};
use crate::aead::{KeyBudget, blocks};
use crate::buffer::OutboundBuffer;
use crate::record::{RecordFormat, TAG_LEN};

/// The policies: how long records become. A [`Cursor`](super::cursor::Cursor) decides where they
/// go; the planner itself knows only the most common plan.
#[derive(Debug)]
pub(super) struct Planner {
    sizer: Sizer,
    /// The policy of the next record.
    policy: RecordPolicy,
    /// What both of them result in.
    shapes: Shapes,
    /// AEAD blocks of the longest record.
    most_blocks: u64,
    /// How much of a tail the longest record needs.
    most_needed: usize,
}

/// A record is not begun in the tail of a segment if it could hold neither this much content nor
/// its intended size: it would cost more than the memory it saves.
pub(super) const MIN_TAIL: usize = 1024;

impl Planner {
    pub(super) fn new(format: RecordFormat, config: &WriterConfig) -> Self {
        let policy = RecordPolicy::new(format, config.max_fragment_len, config.padding);
        let sizer = Sizer::new(config.sizing);
        let shapes = Shapes::new(&sizer, policy, SEGMENT_LEN);
        let (most_blocks, most_needed) = most(policy);
        Self { sizer, policy, shapes, most_blocks, most_needed }
    }

    #[inline]
    pub(super) const fn format(&self) -> RecordFormat {
        self.policy.format()
    }

    /// The cap and the padding of the next record.
    #[inline]
    pub(super) const fn policy(&self) -> RecordPolicy {
        self.policy
    }

    #[inline]
    pub(super) const fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    /// Plaintext sent since the start or the last idle time.
    #[inline]
    pub(super) const fn sent(&self) -> u64 {
        self.sizer.sent()
    }

    /// The format of the records is now known. Until then it was that of TLS 1.3.
    pub(super) fn set_format(&mut self, format: RecordFormat) {
        self.set_policy(self.policy.with_format(format));
    }

    pub(super) fn set_padding(&mut self, padding: Padding) {
        self.set_policy(self.policy.with_padding(padding));
    }

    pub(super) fn set_max_fragment_len(&mut self, len: usize) {
        self.set_policy(self.policy.with_max_fragment_len(len));
    }

    /// Adds a cap on records: the lowest cap applies.
    #[cfg(feature = "rustls")]
    pub(super) fn lower_max_fragment_len(&mut self, len: usize) {
        self.set_max_fragment_len(len.min(self.policy.max_inner()));
    }

    fn set_policy(&mut self, policy: RecordPolicy) {
        self.policy = policy;
        self.shapes = Shapes::new(&self.sizer, policy, SEGMENT_LEN);
        (self.most_blocks, self.most_needed) = most(policy);
    }

    pub(super) fn observe(&mut self, conditions: Conditions) {
        if self.sizer.observe(conditions) {
            self.shapes.observe(&self.sizer, self.policy, SEGMENT_LEN);
        }
    }

    pub(super) fn set_sizing(&mut self, sizing: Sizing) {
        self.sizer.set_policy(sizing);
        self.shapes = Shapes::new(&self.sizer, self.policy, SEGMENT_LEN);
    }

    /// A record with this much content was sealed.
    #[inline]
    pub(super) fn on_sealed(&mut self, content_len: usize) {
        self.sizer.on_sealed(content_len);
    }

    /// The most common plan, found without a cursor and regardless of how much the caller wants: a
    /// record in a tail that would hold the longest one, with no control record before it. Returns
    /// the length of its content.
    #[inline(always)]
    pub(super) fn whole_record_in_tail(
        &self,
        buffer: &OutboundBuffer,
        budget: KeyBudget,
        control: &Control,
    ) -> Option<usize> {
        if buffer.tail_len() < self.most_needed {
            return None;
        }
        self.whole_record(buffer.waiting(), budget, control)
    }

    /// The same for a record in a new segment, because a tail of `tail` bytes is too short to begin
    /// one.
    pub(super) fn whole_record_behind(
        &self,
        tail: usize,
        waiting: usize,
        budget: KeyBudget,
        control: &Control,
    ) -> Option<usize> {
        let limit = self.whole_record(waiting, budget, control)?;
        let format = self.format();
        let serves = tail_needed(format, limit.min(MIN_TAIL) + format.inner_type_len());
        (tail < serves).then_some(limit)
    }

    /// The content of a record for which there is memory, with no control record before it.
    #[inline(always)]
    fn whole_record(&self, waiting: usize, budget: KeyBudget, control: &Control) -> Option<usize> {
        if control.is_due() || !budget.allows_application_blocks(self.most_blocks) {
            return None;
        }
        (waiting < self.shapes.sealed_ahead()).then(|| self.fragment_len())
    }

    /// The content of the next record if neither memory nor keys limit it.
    #[inline]
    pub(super) fn fragment_len(&self) -> usize {
        self.shapes.at(self.sizer.sent()).content_len()
    }
}

/// The blocks of the longest record, and how much of a tail it needs.
fn most(policy: RecordPolicy) -> (u64, usize) {
    let longest = policy.max_inner();
    (blocks(longest), tail_needed(policy.format(), longest))
}

/// How many free bytes a record with this inner plaintext needs, including those that must stay
/// free after it.
#[inline]
pub(super) const fn tail_needed(format: RecordFormat, inner_len: usize) -> usize {
    format.prefix_len() + inner_len + TAG_LEN + CONTROL_RESERVE
}
