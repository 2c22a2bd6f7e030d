//! Where the next record of application data goes, and how long it may become.
//!
//! `write` follows the plan; `room` and `wire_len` only play it forward: one piece of
//! arithmetic, so that they agree.

use super::config::CONTROL_RESERVE;
use super::padding::Padding;
use super::sizing::Sizer;
use crate::aead::{KeyBudget, KeyLimits, blocks};
use crate::alert::Alert;
use crate::num::to_u64;
use crate::record::{RecordFormat, TAG_LEN, Version};

/// Everything the next record depends on. `Copy`, so that it can be played forward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) format: RecordFormat,
    pub(super) sizer: &'a Sizer,
    /// What the sizer has been told of, and what was played since.
    pub(super) sent: u64,
    pub(super) shape: Shape,
    /// Free bytes behind the last sealed one.
    pub(super) tail: usize,
    /// Segments that can be added.
    pub(super) fresh: usize,
    pub(super) segment_len: usize,
    /// Sealed bytes that wait.
    pub(super) waiting: usize,
    /// Wire length of the control record that is due at the next record boundary; 0 for none.
    pub(super) control_len: usize,
    pub(super) budget: KeyBudget,
    pub(super) update: Update,
}

/// The hard cap and the padding of a record: it keeps those it was opened with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shape {
    /// Longest inner plaintext: content, in TLS 1.3 type byte and padding too.
    pub(super) max_inner: usize,
    pub(super) padding: Padding,
    /// The same without type byte.
    pub(super) max_content: usize,
    /// AEAD blocks of the longest record.
    pub(super) max_blocks: u64,
    /// What the longest record needs of a tail.
    pub(super) tail_needed: usize,
}

/// Whether a key that has sealed all it may can be replaced.
#[derive(Clone, Copy, Debug)]
pub(super) enum Update {
    Impossible,
    /// By a KeyUpdate record of this wire length; the next key has these limits.
    Possible {
        record_len: usize,
        limits: KeyLimits,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plan {
    Open(OpenPlan),
    NoRoom,
    KeyLimit,
}

/// How the next record is to be opened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OpenPlan {
    /// In a new segment; else in the tail of the last one.
    pub(super) fresh: bool,
    /// The key's budget ends: a KeyUpdate goes in front though none was asked for.
    pub(super) update_keys: bool,
    /// Wire length of the control record in front.
    control_len: usize,
    /// Content the record may hold.
    pub(super) content_limit: usize,
}

impl Plan {
    /// A record in the tail, with nothing in front of it.
    pub(super) const fn in_tail(content_limit: usize) -> Self {
        Self::Open(OpenPlan { fresh: false, update_keys: false, control_len: 0, content_limit })
    }
}

/// A record that could not hold this much content, nor as much as it should, is not begun in the
/// tail of a segment: it would cost more than the memory it saves.
const MIN_TAIL: usize = 1024;

/// Free bytes that a record with this inner plaintext takes, and that have to stay behind it.
#[inline]
const fn tail_needed(format: RecordFormat, inner_len: usize) -> usize {
    format.prefix_len() + inner_len + TAG_LEN + CONTROL_RESERVE
}

impl Shape {
    pub(super) fn new(format: RecordFormat, max_inner: usize, padding: Padding) -> Self {
        let padding = match format.version {
            Version::Tls12 => Padding::None,
            Version::Tls13 => padding,
        };
        Self {
            max_inner,
            padding,
            max_content: max_inner - format.inner_type_len(),
            max_blocks: blocks(max_inner),
            tail_needed: tail_needed(format, max_inner),
        }
    }

    /// Wire length of a record with this content, padded.
    #[inline]
    fn record_len(self, format: RecordFormat, content_len: usize) -> usize {
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
    fn inner_len(self, format: RecordFormat, content_len: usize) -> usize {
        self.padding.padded_len(content_len + format.inner_type_len(), self.max_inner)
    }
}

impl Cursor<'_> {
    /// The place for a record, for a caller who has `want` more bytes.
    ///
    /// The tail of a segment is used if those bytes, or a whole record, fit into it, or if there
    /// is no other place: records are not cut short only because a segment ends. A tail that is
    /// shorter than [`MIN_TAIL`] is left alone whoever asks, so that `room` needs no `want`.
    #[inline]
    pub(super) fn plan(&self, want: usize) -> Plan {
        let Shape { max_inner, padding, .. } = self.shape;
        let type_len = self.format.inner_type_len();
        let target = self.target();
        let longest_inner = padding.longest_of(target + type_len, max_inner);
        let Some((control_len, update_keys)) = self.control_in_front(longest_inner) else {
            return Plan::KeyLimit;
        };
        if self.waiting >= self.sizer.sealed_ahead() {
            return Plan::NoRoom;
        }
        let around = control_len + tail_needed(self.format, 0);
        let content_within = |space: usize| {
            let inner = space.saturating_sub(around);
            padding.longest_within(target + type_len, inner, max_inner).saturating_sub(type_len)
        };
        let open = |fresh, content_limit| {
            Plan::Open(OpenPlan { fresh, update_keys, control_len, content_limit })
        };
        let in_tail = content_within(self.tail);
        let tail_serves = in_tail >= target.min(MIN_TAIL);
        if tail_serves && in_tail >= want.min(target) {
            open(false, in_tail)
        } else if self.fresh > 0 {
            // A segment holds a record of the largest size, whatever stands around it.
            open(true, target)
        } else if tail_serves {
            open(false, in_tail)
        } else {
            Plan::NoRoom
        }
    }

    /// Content that the next record should have.
    #[inline]
    pub(super) fn target(&self) -> usize {
        self.sizer.content_len_after(self.sent, self.format.overhead(), self.shape.max_content)
    }

    /// Wire length of the control record in front of the next record, and whether it is a
    /// KeyUpdate that only the key's budget asks for. `None` if the key may seal no more.
    #[inline]
    pub(super) fn control_in_front(&self, inner_len: usize) -> Option<(usize, bool)> {
        let allowed = self.budget.allows_application_record(inner_len);
        match self.update {
            // What is due already replaces the key.
            Update::Possible { record_len, limits } if !allowed || self.control_len > 0 => {
                let next = KeyBudget::of_new_key(limits);
                next.allows_application_record(inner_len)
                    .then_some((record_len, self.control_len == 0))
            }
            _ => allowed.then_some((self.control_len, false)),
        }
    }

    /// Plays the plan: the record was opened, took `content_len` bytes, and was sealed.
    fn follow(&mut self, plan: OpenPlan, content_len: usize) {
        if plan.fresh {
            self.fresh -= 1;
            self.tail = self.segment_len;
        }
        self.control_len = plan.control_len;
        self.assume_sealed(content_len, self.shape);
    }

    /// Plays the sealing of a record in the tail, behind the control record that is due.
    pub(super) fn assume_sealed(&mut self, content_len: usize, shape: Shape) {
        match self.update {
            _ if self.control_len == 0 => {}
            Update::Possible { limits, .. } => self.budget = KeyBudget::of_new_key(limits),
            Update::Impossible => self.budget.spend(Alert::LEN),
        }
        let len = self.control_len + shape.record_len(self.format, content_len);
        self.tail = self.tail.saturating_sub(len);
        self.waiting = self.waiting.saturating_add(len);
        self.control_len = 0;
        self.budget.spend(shape.inner_len(self.format, content_len));
        self.sent = self.sent.saturating_add(to_u64(content_len));
    }

    /// Plays the writing of `content_len` bytes at a record boundary, and that they are sealed.
    /// Returns what was accepted and what ended it.
    pub(super) fn accept(&mut self, content_len: usize) -> (usize, Plan) {
        let mut accepted = 0;
        loop {
            let rest = content_len - accepted;
            match self.plan(rest) {
                Plan::Open(plan) if rest > 0 => {
                    let n = plan.content_limit.min(rest);
                    self.follow(plan, n);
                    accepted += n;
                }
                end => return (accepted, end),
            }
        }
    }

    /// Plays that everything was drained.
    pub(super) fn assume_drained(&mut self, segments: usize) {
        (self.tail, self.fresh, self.waiting) = (0, segments, 0);
    }
}
