//! Where the next record of application data goes, and how long it may become.
//!
//! `write` follows the plan, `room` and `wire_len` only play it forward (`forward`): one piece of
//! arithmetic, so that they agree.

mod forward;

pub(super) use forward::End;

use super::control::Control;
use super::current::CurrentRecord;
use super::padding::Padding;
use super::plan::{MIN_TAIL, Planner, tail_needed};
use super::policy::RecordPolicy;
use super::sizing::{Sizer, Sizing};
use crate::aead::{KeyBudget, KeyLimits};
use crate::alert::Alert;
use crate::buffer::OutboundBuffer;
use crate::num::to_u64;
use crate::record::{KEY_UPDATE_LEN, RecordFormat};

/// Everything the next record depends on. `Copy`, so that it can be played forward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    sizer: &'a Sizer,
    /// What the sizer has been told of, and what was played since.
    sent: u64,
    policy: RecordPolicy,
    /// Free bytes behind the last sealed one.
    tail: usize,
    /// Segments that can be added.
    fresh: usize,
    segment_len: usize,
    max_segments: usize,
    /// Sealed bytes that wait.
    waiting: usize,
    /// Wire length of the control record that is due at the next record boundary; 0 for none.
    control_len: usize,
    budget: KeyBudget,
    next: NextBudgets,
}

/// What the keys may seal that KeyUpdates bring, and how many there can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextBudgets {
    limits: KeyLimits,
    left: u64,
}

impl NextBudgets {
    pub(super) const fn new(limits: KeyLimits, left: u64) -> Self {
        Self { limits, left }
    }

    #[inline]
    fn peek(self) -> Option<KeyBudget> {
        (self.left > 0).then(|| KeyBudget::of_new_key(self.limits))
    }

    fn take(&mut self) -> Option<KeyBudget> {
        let next = self.peek()?;
        self.left -= 1;
        Some(next)
    }
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
    fresh: bool,
    updates_key: bool,
    /// Wire length of the control record in front.
    control_len: usize,
    content_limit: usize,
}

impl BeginPlan {
    /// With nothing in front of it.
    pub(super) const fn plain(fresh: bool, content_limit: usize) -> Self {
        Self { fresh, updates_key: false, control_len: 0, content_limit }
    }

    /// In a new segment; else in the tail of the last one.
    pub(super) const fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// The key's budget ends: a KeyUpdate goes in front though none was asked for.
    pub(super) const fn updates_key(&self) -> bool {
        self.updates_key
    }

    /// Content the record may hold.
    pub(super) const fn content_limit(&self) -> usize {
        self.content_limit
    }
}

/// The policy of records whose size the caller gives.
static MAX_SIZE: Sizer = Sizer::new(Sizing::Max);

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn new(
        planner: &'a Planner,
        buffer: &OutboundBuffer,
        control: &Control,
        budget: KeyBudget,
        next: NextBudgets,
    ) -> Self {
        Self {
            sizer: planner.sizer(),
            sent: planner.sizer().sent(),
            policy: planner.policy(),
            tail: buffer.tail_len(),
            fresh: buffer.fresh_segments(),
            segment_len: buffer.segment_len(),
            max_segments: buffer.max_segments(),
            waiting: buffer.waiting(),
            control_len: control.due_len(planner.format()),
            budget,
            next,
        }
    }

    /// The same with other memory to put records into.
    pub(super) const fn with_memory(self, tail: usize, fresh: usize) -> Self {
        Self { tail, fresh, ..self }
    }

    const fn format(&self) -> RecordFormat {
        self.policy.format()
    }

    /// The place for a record, for a caller who has `want` more bytes.
    ///
    /// The tail of a segment is used if those bytes, or a whole record, fit into it, or if there is
    /// no other place: records are not cut short only because a segment ends. A tail that is
    /// shorter than [`MIN_TAIL`] is left alone whatever the caller wants, so that `room` needs no
    /// `want`.
    #[inline]
    pub(super) fn plan(&self, want: usize) -> Plan {
        let target = self.target();
        let longest_inner = self.policy.longest_inner(target);
        let Some((control_len, updates_key)) = self.control_in_front(longest_inner) else {
            return Plan::KeyLimit;
        };
        if self.waiting >= self.sizer.sealed_ahead() {
            return Plan::NoRoom;
        }
        let space = self.tail.saturating_sub(control_len + tail_needed(self.format(), 0));
        let in_tail =
            if longest_inner <= space { target } else { self.policy.content_within(target, space) };
        let tail_serves = in_tail >= target.min(MIN_TAIL);
        let begin = |fresh, content_limit| {
            Plan::Begin(BeginPlan { fresh, updates_key, control_len, content_limit })
        };
        if tail_serves && in_tail >= want.min(target) {
            begin(false, in_tail)
        } else if self.fresh > 0 {
            // A segment holds a record of the largest size, whatever stands around it.
            begin(true, target)
        } else if tail_serves {
            begin(false, in_tail)
        } else {
            Plan::NoRoom
        }
    }

    /// Content of the next record, if no memory bounds it.
    #[inline]
    fn target(&self) -> usize {
        let max_content = self.policy.max_content();
        self.sizer.content_len(self.sent, self.format().overhead(), max_content)
    }

    /// Wire length of the control record in front of the next record, and whether it is a
    /// KeyUpdate that only the key's budget asks for. `None` if the key may seal no more.
    #[inline]
    fn control_in_front(&self, inner_len: usize) -> Option<(usize, bool)> {
        let allowed = self.budget.allows_application_record(inner_len);
        match self.next.peek() {
            // What is due already replaces the key.
            Some(next) if !allowed || self.control_len > 0 => {
                let update_len = self.format().record_len(KEY_UPDATE_LEN);
                next.allows_application_record(inner_len)
                    .then_some((update_len, self.control_len == 0))
            }
            _ => allowed.then_some((self.control_len, false)),
        }
    }

    /// The place for a cover record with this many zeros, behind the current record. They are
    /// planned as content: neither the padding policy nor the soft size is asked.
    pub(super) fn plan_cover(mut self, record: Option<CurrentRecord>, padding: usize) -> Plan {
        if let Some(record) = record {
            self.assume_sealed(record.len(), record.policy());
        }
        let policy = self.policy.with_padding(Padding::None);
        Self { policy, sizer: &MAX_SIZE, ..self }.plan(padding.max(1))
    }

    /// Plays that a record is begun as planned.
    const fn assume_begun(&mut self, plan: BeginPlan) {
        if plan.fresh {
            self.fresh -= 1;
            self.tail = self.segment_len;
        }
        self.control_len = plan.control_len;
    }

    /// Plays the sealing of a record in the tail, behind the control record that is due.
    fn assume_sealed(&mut self, content_len: usize, policy: RecordPolicy) {
        if self.control_len > 0 {
            match self.next.take() {
                Some(next) => self.budget = next,
                None => self.budget.spend(Alert::LEN),
            }
        }
        let len = self.control_len + policy.record_len(content_len);
        self.tail = self.tail.saturating_sub(len);
        self.waiting = self.waiting.saturating_add(len);
        self.control_len = 0;
        self.budget.spend(policy.inner_len(content_len));
        self.sent = self.sent.saturating_add(to_u64(content_len));
    }
}
