//! Where the next record of application data goes, and how long it can become.
//!
//! `write` follows the plan; `room` and `wire_len` only simulate it (`forward`). They agree because
//! they share the same arithmetic.

mod forward;

pub(super) use forward::End;

use super::control::Control;
use super::current::CurrentRecord;
use super::plan::{MIN_TAIL, Planner, tail_needed};
use super::policy::RecordPolicy;
use super::shape::{Shape, Shapes};
use crate::aead::{KeyBudget, KeyLimits, NextKeys};
use crate::alert::Alert;
use crate::buffer::OutboundBuffer;
use crate::num::to_u64;
use crate::record::{KEY_UPDATE_LEN, RecordFormat};

/// Everything the next record depends on. `Copy`, so that it can be simulated ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    shapes: Shapes<'a>,
    /// Plaintext sent so far, including what was simulated.
    sent: u64,
    policy: RecordPolicy,
    /// Free bytes after the last sealed byte.
    tail: usize,
    /// How many segments can be added.
    fresh: usize,
    segment_len: usize,
    max_segments: usize,
    /// The number of pending sealed bytes.
    waiting: usize,
    /// The wire length of the control record that is due at the next record boundary; 0 if none is.
    control_len: usize,
    budget: KeyBudget,
    next: NextBudgets<'a>,
}

/// The current record, and the policy that it was begun with.
pub(super) type Begun = (CurrentRecord, RecordPolicy);

/// What each key after a KeyUpdate may seal, and how many such keys there can be. Few records need
/// to know, so the keys' source is only asked then.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextBudgets<'a> {
    limits: KeyLimits,
    keys: &'a NextKeys,
    /// How many of those keys were simulated.
    taken: u64,
}

/// A source of keys that has none.
static NO_KEYS: NextKeys = NextKeys::NONE;

impl<'a> NextBudgets<'a> {
    /// No KeyUpdate is possible.
    pub(super) const NONE: Self = Self::new(KeyLimits { records: 0, blocks: 0 }, &NO_KEYS);

    pub(super) const fn new(limits: KeyLimits, keys: &'a NextKeys) -> Self {
        Self { limits, keys, taken: 0 }
    }

    fn peek(self) -> Option<KeyBudget> {
        (self.taken < self.keys.updates_left()).then(|| KeyBudget::of_new_key(self.limits))
    }

    fn take(&mut self) -> Option<KeyBudget> {
        let next = self.peek()?;
        self.taken += 1;
        Some(next)
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plan {
    Begin(BeginPlan),
    NoRoom,
    KeyLimit,
}

/// How to begin the next record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BeginPlan {
    fresh: bool,
    updates_key: bool,
    /// The wire length of the control record before it.
    control_len: usize,
    content_limit: usize,
}

impl BeginPlan {
    /// A plan without a control record.
    pub(super) const fn plain(fresh: bool, content_limit: usize) -> Self {
        Self { fresh, updates_key: false, control_len: 0, content_limit }
    }

    /// Whether the record goes into a new segment. Otherwise it goes into the tail of the last one.
    pub(super) const fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Whether the key's budget is used up, so that a KeyUpdate precedes the record although it was
    /// not requested.
    pub(super) const fn updates_key(&self) -> bool {
        self.updates_key
    }

    /// How much content the record can hold.
    pub(super) const fn content_limit(&self) -> usize {
        self.content_limit
    }
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn new(
        planner: &'a Planner,
        buffer: &OutboundBuffer,
        control: &Control,
        budget: KeyBudget,
        next: NextBudgets<'a>,
    ) -> Self {
        Self {
            shapes: planner.shapes(),
            sent: planner.sent(),
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

    /// This cursor with other memory for the records.
    pub(super) const fn with_memory(self, tail: usize, fresh: usize) -> Self {
        Self { tail, fresh, ..self }
    }

    const fn format(&self) -> RecordFormat {
        self.policy.format()
    }

    /// The place for a record, given that the caller has `want` more bytes.
    ///
    /// The tail of a segment is used if those bytes, or a whole record, fit into it, or if there is
    /// no other place: a record is not cut short just because a segment ends. A tail shorter than
    /// [`MIN_TAIL`] is never used, regardless of what the caller wants, so that `room` does not
    /// depend on `want`.
    #[inline]
    pub(super) fn plan(&self, want: usize) -> Plan {
        let shape = self.shape();
        let (target, longest_inner) = (shape.content_len(), shape.longest_inner());
        let Some((control_len, updates_key)) = self.control_in_front(longest_inner) else {
            return Plan::KeyLimit;
        };
        if self.waiting >= self.shapes.sealed_ahead() {
            return Plan::NoRoom;
        }
        let space = self.tail.saturating_sub(control_len + tail_needed(self.format(), 0));
        let least = target.min(MIN_TAIL);
        let in_tail = match space {
            _ if longest_inner <= space => target,
            // Padding only makes it longer.
            _ if space < least => 0,
            _ => self.policy.content_within(target, space),
        };
        let tail_serves = in_tail >= least;
        let begin = |fresh, content_limit| {
            Plan::Begin(BeginPlan { fresh, updates_key, control_len, content_limit })
        };
        if tail_serves && in_tail >= want.min(target) {
            begin(false, in_tail)
        } else if self.fresh > 0 {
            // A segment holds a record of the largest size plus the control records around it.
            begin(true, target)
        } else if tail_serves {
            begin(false, in_tail)
        } else {
            Plan::NoRoom
        }
    }

    /// The next record if memory does not limit it.
    #[inline]
    const fn shape(&self) -> &'a Shape {
        self.shapes.at(self.sent)
    }

    /// The wire length of the control record before the next record, and whether it is a KeyUpdate
    /// that only the key's budget requires. `None` if the key must not seal any more.
    #[inline]
    fn control_in_front(&self, inner_len: usize) -> Option<(usize, bool)> {
        let allowed = self.budget.allows_application_record(inner_len);
        if allowed && self.control_len == 0 {
            return Some((0, false));
        }
        match self.next.peek() {
            // A KeyUpdate that is already due replaces the key.
            Some(next) => {
                let update_len = self.format().record_len(KEY_UPDATE_LEN);
                let can_update = self.budget.allows_control_record();
                (can_update && next.allows_application_record(inner_len))
                    .then_some((update_len, self.control_len == 0))
            }
            None => allowed.then_some((self.control_len, false)),
        }
    }

    /// The place for a cover record with this many zeros, after the current record. The zeros are
    /// planned as content: neither the padding policy nor the soft size applies to them.
    pub(super) fn plan_cover(mut self, begun: Option<Begun>, padding: usize) -> Plan {
        if let Some((record, policy)) = begun {
            self.assume_sealed(record.len(), policy);
        }
        let policy = RecordPolicy::unpadded(self.policy.cap());
        let full = Shape::new(policy.max_content(), policy, self.segment_len);
        let shapes = Shapes::unchanging(&full);
        Cursor { policy, shapes, ..self }.plan(padding.max(1))
    }

    /// Simulates that a record is begun as planned.
    const fn assume_begun(&mut self, plan: BeginPlan) {
        if plan.fresh {
            self.fresh -= 1;
            self.tail = self.segment_len;
        }
        self.control_len = plan.control_len;
    }

    /// Simulates sealing a record in the tail, after the control record that is due.
    #[inline]
    fn assume_sealed(&mut self, content_len: usize, policy: RecordPolicy) {
        if self.control_len > 0 {
            match self.next.take() {
                Some(next) => self.budget = next,
                None => self.budget.spend(Alert::LEN),
            }
        }
        let inner_len = policy.inner_len(content_len);
        let len = self.control_len + policy.format().sealed_len(inner_len);
        self.tail = self.tail.saturating_sub(len);
        self.waiting = self.waiting.saturating_add(len);
        self.control_len = 0;
        self.budget.spend(inner_len);
        self.sent = self.sent.saturating_add(to_u64(content_len));
    }
}
