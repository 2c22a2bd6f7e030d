//! The records after the next one, played forward without sealing anything.

use super::{Cursor, Plan};
use crate::writer::current::CurrentRecord;

impl Cursor<'_> {
    /// What would be accepted of `len` bytes, or more by what the current record takes, and what
    /// would end it.
    pub(in crate::writer) fn room_up_to(
        mut self,
        record: Option<CurrentRecord>,
        len: usize,
    ) -> (usize, Plan) {
        let mut room = 0;
        if let Some(record) = record {
            room = record.free();
            self.assume_sealed(record.limit(), record.policy());
        }
        let (more, end) = self.accept(len.saturating_sub(room));
        (room + more, end)
    }

    /// Wire bytes that would wait if `len` more bytes were written and flushed; where the buffer
    /// is full, as if it had been drained.
    pub(in crate::writer) fn wire_len(
        mut self,
        record: Option<CurrentRecord>,
        len: usize,
    ) -> usize {
        let (mut wire, mut rest, mut counted) = (0_usize, len, self.waiting);
        if let Some(record) = record.filter(|record| record.len() > 0 || len > 0) {
            let n = rest.min(record.free());
            rest -= n;
            self.assume_sealed(record.len() + n, record.policy());
        }
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

    /// Plays the writing of `content_len` bytes at a record boundary, and that they are sealed.
    /// Returns what was accepted and what ended it.
    fn accept(&mut self, content_len: usize) -> (usize, Plan) {
        let mut accepted = 0;
        loop {
            let rest = content_len - accepted;
            match self.plan(rest) {
                Plan::Begin(plan) if rest > 0 => {
                    let n = plan.content_limit.min(rest);
                    if plan.fresh {
                        self.fresh -= 1;
                        self.tail = self.segment_len;
                    }
                    self.control_len = plan.control_len;
                    self.assume_sealed(n, self.policy);
                    accepted += n;
                }
                end => return (accepted, end),
            }
        }
    }
}
