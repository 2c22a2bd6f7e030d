//! Where the next record of application data goes, and how long it may become.
//!
//! `write` follows the plan; `room` and `wire_len` only play it forward ([`Cursor`]): one piece of
//! arithmetic, so that they agree.

use super::config::{CONTROL_RESERVE, WriterConfig, max_inner};
use super::control::Control;
use super::current::CurrentRecord;
use super::cursor::Cursor;
use super::padding::Padding;
use super::sizing::{Conditions, Sizer, Sizing};
use crate::aead::{KeyBudget, KeyLimits, NextKeys, blocks};
use crate::buffer::OutboundBuffer;
use crate::record::{RecordFormat, TAG_LEN, Version};

/// The policies: how long records become, and where they go.
#[derive(Debug)]
pub(super) struct Planner {
    format: RecordFormat,
    sizer: Sizer,
    /// Of the next record that is begun.
    policy: RecordPolicy,
    longest: Longest,
}

/// What a plan depends on besides the policies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook<'a> {
    pub(super) buffer: &'a OutboundBuffer,
    pub(super) budget: KeyBudget,
    pub(super) next_keys: &'a NextKeys,
    pub(super) key_limits: KeyLimits,
    pub(super) control: &'a Control,
}

/// The hard cap and the padding of a record: it keeps those it was begun with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RecordPolicy {
    /// Longest inner plaintext: content, in TLS 1.3 type byte and padding too.
    pub(super) max_inner: usize,
    pub(super) padding: Padding,
}

/// What the longest record of a policy takes.
#[derive(Clone, Copy, Debug)]
struct Longest {
    /// AEAD blocks.
    blocks: u64,
    /// What it needs of a tail.
    tail_needed: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plan {
    Begin(BeginPlan),
    NoRoom,
    KeyLimit,
}

/// How the next record is to be begun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BeginPlan {
    /// In a new segment; else in the tail of the last one.
    pub(super) fresh: bool,
    /// The key's budget ends: a KeyUpdate goes in front though none was asked for.
    pub(super) update_keys: bool,
    /// Wire length of the control record in front.
    pub(super) control_len: usize,
    /// Content the record may hold.
    pub(super) content_limit: usize,
}

impl Plan {
    /// A record in the tail, with nothing in front of it.
    const fn in_tail(content_limit: usize) -> Self {
        Self::Begin(BeginPlan { fresh: false, update_keys: false, control_len: 0, content_limit })
    }

    /// A record in a new segment, with nothing in front of it.
    pub(super) const fn in_fresh(content_limit: usize) -> Self {
        Self::Begin(BeginPlan { fresh: true, update_keys: false, control_len: 0, content_limit })
    }
}

/// A record that could not hold this much content, nor as much as it should, is not begun in the
/// tail of a segment: it would cost more than the memory it saves.
pub(super) const MIN_TAIL: usize = 1024;

impl Planner {
    pub(super) fn new(format: RecordFormat, config: &WriterConfig) -> Self {
        let max_inner = max_inner(config.max_fragment_len, format);
        let policy = RecordPolicy::new(format, max_inner, config.padding);
        let longest = Longest::of(policy, format);
        Self { format, sizer: Sizer::new(config.sizing), policy, longest }
    }

    #[inline]
    pub(super) const fn format(&self) -> RecordFormat {
        self.format
    }

    /// The cap and the padding of the next record.
    #[inline]
    pub(super) const fn policy(&self) -> RecordPolicy {
        self.policy
    }

    #[inline]
    pub(super) const fn sizer(&self) -> &Sizer {
        &self.sizer
    }

    /// The format of the records becomes known: until then it was that of TLS 1.3.
    pub(super) fn set_format(&mut self, format: RecordFormat) {
        self.format = format;
        self.set_max_fragment_len(self.policy.max_inner);
    }

    pub(super) fn observe(&mut self, conditions: Conditions) {
        self.sizer.observe(conditions);
    }

    pub(super) const fn set_sizing(&mut self, sizing: Sizing) {
        self.sizer.set_policy(sizing);
    }

    pub(super) fn set_padding(&mut self, padding: Padding) {
        self.policy = RecordPolicy::new(self.format, self.policy.max_inner, padding);
        self.longest = Longest::of(self.policy, self.format);
    }

    pub(super) fn set_max_fragment_len(&mut self, len: usize) {
        let max_inner = max_inner(len, self.format);
        self.policy = RecordPolicy::new(self.format, max_inner, self.policy.padding);
        self.longest = Longest::of(self.policy, self.format);
    }

    /// A record with this much content was sealed.
    #[inline]
    pub(super) fn on_sealed(&mut self, content_len: usize) {
        self.sizer.on_sealed(content_len);
    }

    /// The place for a record, for a caller who has `want` more bytes.
    pub(super) fn plan(&self, outlook: &Outlook<'_>, want: usize) -> Plan {
        Cursor::new(self, outlook).plan(want)
    }

    /// The commonest [`plan`](Self::plan), found without a cursor, for any `want`: a record in a
    /// tail that would hold the largest one, with nothing in front of it. Its content's length.
    #[inline(always)]
    pub(super) fn whole_record_in_tail(&self, outlook: &Outlook<'_>) -> Option<usize> {
        if outlook.buffer.tail_len() < self.longest.tail_needed {
            return None;
        }
        let limit = self.whole_record(outlook)?;
        debug_assert_eq!(Plan::in_tail(limit), self.plan(outlook, 1));
        Some(limit)
    }

    /// The same for a record in a new segment, because no record is begun in `tail` bytes.
    pub(super) fn whole_record_behind(&self, outlook: &Outlook<'_>, tail: usize) -> Option<usize> {
        let limit = self.whole_record(outlook)?;
        let serves = tail_needed(self.format, limit.min(MIN_TAIL) + self.format.inner_type_len());
        (tail < serves).then_some(limit)
    }

    /// Content of a record for which there is memory, with nothing in front of it.
    #[inline(always)]
    fn whole_record(&self, outlook: &Outlook<'_>) -> Option<usize> {
        let Outlook { buffer, budget, control, .. } = *outlook;
        if control.is_due() || !budget.allows_application_blocks(self.longest.blocks) {
            return None;
        }
        let (overhead, max_content) =
            (self.format.overhead(), self.policy.max_content(self.format));
        self.sizer.content_len_behind(buffer.waiting(), overhead, max_content)
    }

    /// What would be accepted of `len` bytes, or more by what the current record takes, and what
    /// would end it.
    pub(super) fn room_up_to(
        &self,
        outlook: &Outlook<'_>,
        record: Option<CurrentRecord>,
        len: usize,
    ) -> (usize, Plan) {
        let mut cursor = Cursor::new(self, outlook);
        let mut room = 0;
        if let Some(record) = record {
            room = record.free();
            cursor.assume_sealed(record.limit(), record.policy());
        }
        let (more, end) = cursor.accept(len.saturating_sub(room));
        (room + more, end)
    }

    /// The place for a cover record with this many zeros, behind the current record. They are
    /// planned as content.
    pub(super) fn plan_cover(
        &self,
        outlook: &Outlook<'_>,
        record: Option<CurrentRecord>,
        padding: usize,
    ) -> Plan {
        let mut cursor = Cursor::new(self, outlook);
        if let Some(record) = record {
            cursor.assume_sealed(record.len(), record.policy());
        }
        cursor.with_given_size().plan(padding.max(1))
    }

    /// Wire bytes that would wait if `len` more bytes were written and flushed; where the buffer
    /// is full, as if it had been drained.
    pub(super) fn wire_len(
        &self,
        outlook: &Outlook<'_>,
        record: Option<CurrentRecord>,
        len: usize,
    ) -> usize {
        let mut cursor = Cursor::new(self, outlook);
        let (waiting, mut rest) = (cursor.waiting(), len);
        if let Some(record) = record.filter(|record| record.len() > 0 || len > 0) {
            let n = rest.min(record.free());
            rest -= n;
            cursor.assume_sealed(record.len() + n, record.policy());
        }
        (cursor.waiting() - waiting).saturating_add(cursor.wire_len(rest))
    }

    /// Content of the next record, if nothing else bounds it.
    pub(super) fn fragment_len(&self) -> usize {
        self.sizer.content_len(self.format.overhead(), self.policy.max_content(self.format))
    }
}

/// Free bytes that a record with this inner plaintext takes, and that have to stay behind it.
#[inline]
pub(super) const fn tail_needed(format: RecordFormat, inner_len: usize) -> usize {
    format.prefix_len() + inner_len + TAG_LEN + CONTROL_RESERVE
}

impl Longest {
    fn of(policy: RecordPolicy, format: RecordFormat) -> Self {
        Self {
            blocks: blocks(policy.max_inner),
            tail_needed: tail_needed(format, policy.max_inner),
        }
    }
}

impl RecordPolicy {
    pub(super) fn new(format: RecordFormat, max_inner: usize, padding: Padding) -> Self {
        let padding = match format.version() {
            Version::Tls12 => Padding::None,
            Version::Tls13 => padding,
        };
        Self { max_inner, padding }
    }

    /// Longest content.
    #[inline]
    pub(super) const fn max_content(self, format: RecordFormat) -> usize {
        self.max_inner - format.inner_type_len()
    }

    /// Wire length of a record with this content, padded.
    #[inline]
    pub(super) fn record_len(self, format: RecordFormat, content_len: usize) -> usize {
        format.prefix_len() + self.inner_len(format, content_len) + TAG_LEN
    }

    /// Zeros behind the type byte.
    #[inline]
    pub(super) fn padding(self, format: RecordFormat, content_len: usize) -> usize {
        if self.padding.is_none() {
            return 0;
        }
        self.inner_len(format, content_len) - content_len - format.inner_type_len()
    }

    /// Length of content, type byte and padding.
    #[inline]
    pub(super) fn inner_len(self, format: RecordFormat, content_len: usize) -> usize {
        self.padding.padded_len(content_len + format.inner_type_len(), self.max_inner)
    }
}
