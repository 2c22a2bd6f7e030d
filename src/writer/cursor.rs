//! The plan of the next record, and of those after it: played forward without sealing anything.

use super::padding::Padding;
use super::plan::{BeginPlan, MIN_TAIL, Outlook, Plan, Planner, RecordPolicy, tail_needed};
use super::sizing::{Sizer, Sizing};
use crate::aead::{KeyBudget, KeyLimits};
use crate::alert::Alert;
use crate::num::to_u64;
use crate::record::{KEY_UPDATE_LEN, RecordFormat};

/// Everything the next record depends on. `Copy`, so that it can be played forward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    format: RecordFormat,
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
    update: Update,
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

/// The policy of records whose size the caller gives.
static MAX_SIZE: Sizer = Sizer::new(Sizing::Max);

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn new(planner: &'a Planner, outlook: &Outlook<'_>) -> Self {
        let format = planner.format();
        let Outlook { buffer, budget, next_keys, key_limits, control } = *outlook;
        let update = if next_keys.can_update() {
            Update::Possible { record_len: format.record_len(KEY_UPDATE_LEN), limits: key_limits }
        } else {
            Update::Impossible
        };
        Self {
            format,
            sizer: planner.sizer(),
            sent: planner.sizer().sent(),
            policy: planner.policy(),
            tail: buffer.tail_len(),
            fresh: buffer.fresh_segments(),
            segment_len: buffer.segment_len(),
            max_segments: buffer.max_segments(),
            waiting: buffer.waiting(),
            control_len: control.due_len(format),
            budget,
            update,
        }
    }

    /// The same with other memory to put records into.
    pub(super) const fn with_memory(self, tail: usize, fresh: usize) -> Self {
        Self { tail, fresh, ..self }
    }

    /// The same for a record whose size the caller gives: neither the padding policy nor the soft
    /// size is asked.
    pub(super) fn with_given_size(self) -> Self {
        let policy = RecordPolicy { padding: Padding::None, ..self.policy };
        Self { policy, sizer: &MAX_SIZE, ..self }
    }

    /// The place for a record, for a caller who has `want` more bytes.
    ///
    /// The tail of a segment is used if those bytes, or a whole record, fit into it, or if there is
    /// no other place: records are not cut short only because a segment ends. A tail that is
    /// shorter than [`MIN_TAIL`] is left alone whatever the caller wants, so that `room` needs no
    /// `want`.
    #[inline]
    pub(super) fn plan(&self, want: usize) -> Plan {
        let RecordPolicy { max_inner, padding } = self.policy;
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
        let begin = |fresh, content_limit| {
            Plan::Begin(BeginPlan { fresh, update_keys, control_len, content_limit })
        };
        let in_tail = content_within(self.tail);
        let tail_serves = in_tail >= target.min(MIN_TAIL);
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

    /// Content that the next record should have.
    #[inline]
    fn target(&self) -> usize {
        self.sizer.content_len_after(
            self.sent,
            self.format.overhead(),
            self.policy.max_content(self.format),
        )
    }

    /// Wire length of the control record in front of the next record, and whether it is a
    /// KeyUpdate that only the key's budget asks for. `None` if the key may seal no more.
    #[inline]
    fn control_in_front(&self, inner_len: usize) -> Option<(usize, bool)> {
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

    /// Plays the plan: the record was begun, took `content_len` bytes, and was sealed.
    fn follow(&mut self, plan: BeginPlan, content_len: usize) {
        if plan.fresh {
            self.fresh -= 1;
            self.tail = self.segment_len;
        }
        self.control_len = plan.control_len;
        self.assume_sealed(content_len, self.policy);
    }

    /// Plays the sealing of a record in the tail, behind the control record that is due.
    pub(super) fn assume_sealed(&mut self, content_len: usize, policy: RecordPolicy) {
        match self.update {
            _ if self.control_len == 0 => {}
            Update::Possible { limits, .. } => self.budget = KeyBudget::of_new_key(limits),
            Update::Impossible => self.budget.spend(Alert::LEN),
        }
        let len = self.control_len + policy.record_len(self.format, content_len);
        self.tail = self.tail.saturating_sub(len);
        self.waiting = self.waiting.saturating_add(len);
        self.control_len = 0;
        self.budget.spend(policy.inner_len(self.format, content_len));
        self.sent = self.sent.saturating_add(to_u64(content_len));
    }

    /// Plays the writing of `content_len` bytes at a record boundary, and that they are sealed.
    /// Returns what was accepted and what ended it.
    pub(super) fn accept(&mut self, content_len: usize) -> (usize, Plan) {
        let mut accepted = 0;
        loop {
            let rest = content_len - accepted;
            match self.plan(rest) {
                Plan::Begin(plan) if rest > 0 => {
                    let n = plan.content_limit.min(rest);
                    self.follow(plan, n);
                    accepted += n;
                }
                end => return (accepted, end),
            }
        }
    }

    /// Wire bytes that `content_len` more bytes become at a record boundary, flushed; where the
    /// buffer is full, as if it had been drained.
    pub(super) fn wire_len(mut self, content_len: usize) -> usize {
        let (mut wire, mut rest, mut counted) = (0_usize, content_len, self.waiting);
        loop {
            let (accepted, end) = self.accept(rest);
            rest -= accepted;
            wire = wire.saturating_add(self.waiting - counted);
            if rest == 0 || end != Plan::NoRoom {
                // What is due and has no record to stand in front of goes out by itself.
                return wire.saturating_add(self.control_len);
            }
            (self.tail, self.fresh, self.waiting) = (0, self.max_segments, 0);
            counted = 0;
        }
    }

    /// Sealed bytes that wait.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }
}
