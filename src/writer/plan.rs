//! Where the next record of application data goes, and how long it may become.
//!
//! `write` follows the plan and `room` only counts it: one piece of arithmetic, so that they
//! agree.

use super::config::CONTROL_RESERVE;
use crate::aead::{KeyBudget, KeyLimits};
use crate::alert::Alert;
use crate::record::RecordFormat;

/// Everything the next record depends on. `Copy`, so that it can be played forward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    pub(super) format: RecordFormat,
    /// Content that a record may have: the hard cap and the sizing policy.
    pub(super) target: usize,
    /// Free bytes behind the last sealed one.
    pub(super) tail: usize,
    /// Segments that can be added.
    pub(super) fresh: usize,
    pub(super) segment_len: usize,
    /// Wire length of the control record that is due at the next record boundary; 0 for none.
    pub(super) control_len: usize,
    pub(super) budget: KeyBudget,
    pub(super) update: Update,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    Open(OpenPlan),
    NoRoom,
    KeyLimit,
}

/// How the next record is to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A record that could not hold this much content, nor as much as it should, is not begun in the
/// tail of a segment: it would cost more than the memory it saves.
const MIN_TAIL: usize = 1024;

impl OpenPlan {
    /// The record that is open already.
    pub(super) const fn already() -> Self {
        Self {
            fresh: false,
            update_keys: false,
            control_len: 0,
            content_limit: 0,
        }
    }
}

impl Cursor {
    /// The place for a record, for a caller who has `want` more bytes.
    ///
    /// The tail of a segment is used if those bytes, or a whole record, fit into it, or if there
    /// is no other place: records are not cut short only because a segment ends. A tail that is
    /// shorter than [`MIN_TAIL`] is left alone whoever asks, so that `room` needs no `want`.
    #[inline]
    pub(super) fn plan(&self, want: usize) -> Plan {
        let inner_len = self.target + self.format.inner_type_len();
        let mut control_len = self.control_len;
        let mut update_keys = false;
        if !self.budget.allows_application_record(inner_len) {
            let Update::Possible { record_len, limits } = self.update else {
                return Plan::KeyLimit;
            };
            if !KeyBudget::new(limits, u64::MAX).allows_application_record(inner_len) {
                return Plan::KeyLimit;
            }
            control_len = record_len;
            update_keys = true;
        }
        let overhead = control_len + self.format.overhead() + CONTROL_RESERVE;
        let in_tail = self.tail.saturating_sub(overhead).min(self.target);
        let open = |fresh, content_limit| {
            Plan::Open(OpenPlan {
                fresh,
                update_keys,
                control_len,
                content_limit,
            })
        };
        let tail_serves = in_tail >= self.target.min(MIN_TAIL);
        if tail_serves && in_tail >= want.min(self.target) {
            open(false, in_tail)
        } else if self.fresh > 0 {
            open(true, (self.segment_len - overhead).min(self.target))
        } else if tail_serves {
            open(false, in_tail)
        } else {
            Plan::NoRoom
        }
    }

    /// Plays the plan: the record was opened, took `content_len` bytes, and was sealed.
    fn follow(&mut self, plan: OpenPlan, content_len: usize) {
        if plan.fresh {
            self.fresh -= 1;
            self.tail = self.segment_len;
        }
        self.control_len = plan.control_len;
        self.assume_sealed(content_len);
    }

    /// Plays the sealing of the record that is open now, filled to its limit, behind the control
    /// record that is due.
    pub(super) fn assume_sealed(&mut self, content_len: usize) {
        match self.update {
            _ if self.control_len == 0 => {}
            Update::Possible { limits, .. } => self.budget = KeyBudget::new(limits, u64::MAX),
            Update::Impossible => self.budget.spend(Alert::LEN),
        }
        self.tail -= self.control_len + self.format.record_len(content_len);
        self.control_len = 0;
        self.budget
            .spend(content_len + self.format.inner_type_len());
    }

    /// Content that fits from here on, and why it ends.
    pub(super) fn room(mut self) -> (usize, Plan) {
        let mut room = 0;
        loop {
            match self.plan(usize::MAX) {
                Plan::Open(plan) => {
                    room += plan.content_limit;
                    self.follow(plan, plan.content_limit);
                }
                end => return (room, end),
            }
        }
    }
}
