//! What can be computed of the writing half without changing it.

use super::config::MAX_CAPACITY;
use super::half::WriteHalf;
use super::padding::Padding;
use super::plan::{Cursor, Plan, Update};
use super::sizing::{Sizer, Sizing};
use super::state::{BufferState, Life, PendingControl, Progress, WriterState};
use crate::record::KEY_UPDATE_LEN;

/// The policy of records whose size the caller gives.
static MAX_SIZE: Sizer = Sizer::new(Sizing::Max);

impl WriteHalf {
    pub(crate) fn room(&self) -> usize {
        match self.life {
            Life::Open => self.room_up_to(usize::MAX).0,
            Life::Closed | Life::Failed(_) => 0,
        }
    }

    pub(crate) fn state(&self) -> WriterState {
        match self.life {
            Life::Open => WriterState::Open,
            Life::Closed if self.buffer.waiting() > 0 => WriterState::Closing,
            Life::Closed => WriterState::Closed,
            Life::Failed(_) => WriterState::Failed,
        }
    }

    pub(crate) fn buffer_state(&self) -> BufferState {
        if !self.wants_drain() {
            return BufferState::Empty;
        }
        let takes_more = self.life == Life::Open
            && (self.open_len() > 0 || matches!(self.cursor().plan(1), Plan::Open(_)));
        if takes_more { BufferState::Holding } else { BufferState::Full }
    }

    /// Whether [`seal_for_drain`](Self::seal_for_drain) leaves bytes waiting.
    pub(crate) fn wants_drain(&self) -> bool {
        let can_seal = self.open_len() > 0 || self.pending != PendingControl::Nothing;
        self.buffer.waiting() > 0 || can_seal && self.life == Life::Open
    }

    pub(crate) fn progress(&self) -> Progress {
        Progress {
            accepted: self.accepted,
            drained: self.buffer.drained(),
            delivered: self.buffer.delivered(),
            records: self.records,
            key_updates: self.key_updates,
        }
    }

    pub(crate) const fn next_seq(&self) -> u64 {
        self.sealer.seq()
    }

    /// Wire bytes that `len` more bytes become.
    pub(crate) fn wire_len(&self, len: usize) -> usize {
        if self.life != Life::Open {
            return 0;
        }
        if len > MAX_CAPACITY {
            return usize::MAX;
        }
        self.waiting_after(len).saturating_sub(self.waiting_after(0))
    }

    /// What `write` would accept of `len` bytes, or more by what the open record has free, and
    /// what would end it.
    pub(super) fn room_up_to(&self, len: usize) -> (usize, Plan) {
        let mut cursor = self.cursor();
        let mut room = 0;
        if self.open_len() > 0 {
            room = self.open.content_limit - self.open_len();
            cursor.assume_sealed(self.open.content_limit, self.open.shape);
        }
        let (more, end) = cursor.accept(len.saturating_sub(room));
        (room + more, end)
    }

    /// The place for a cover record with this many zeros, behind the open record. They are planned
    /// as content; neither the padding policy nor the soft size is asked.
    pub(super) fn plan_cover(&self, padding: usize) -> Plan {
        let mut cursor = self.cursor();
        if self.open_len() > 0 {
            cursor.assume_sealed(self.open_len(), self.open.shape);
        }
        cursor.shape.padding = Padding::None;
        cursor.sizer = &MAX_SIZE;
        cursor.plan(padding.max(1))
    }

    /// Wire bytes that would be made if `len` more bytes were written and flushed; where the
    /// buffer is full, as if it had been drained.
    fn waiting_after(&self, len: usize) -> usize {
        let mut cursor = self.cursor();
        let (mut wire, mut rest, mut counted) = (0_usize, len, cursor.waiting);
        if self.open_len() > 0 {
            let n = rest.min(self.open.content_limit - self.open_len());
            rest -= n;
            cursor.assume_sealed(self.open_len() + n, self.open.shape);
        }
        loop {
            let (accepted, end) = cursor.accept(rest);
            rest -= accepted;
            wire = wire.saturating_add(cursor.waiting - counted);
            if rest == 0 || end != Plan::NoRoom {
                // What is due and has no record to stand in front of goes out by itself.
                return wire.saturating_add(cursor.control_len);
            }
            cursor.assume_drained(self.buffer.max_segments());
            counted = 0;
        }
    }

    #[inline]
    pub(super) fn cursor(&self) -> Cursor<'_> {
        let format = self.sealer.format();
        let update = if self.next_keys.can_update() {
            let record_len = format.record_len(KEY_UPDATE_LEN);
            Update::Possible { record_len, limits: self.key_limits }
        } else {
            Update::Impossible
        };
        Cursor {
            format,
            sizer: &self.sizer,
            sent: self.sizer.sent(),
            shape: self.shape,
            tail: self.buffer.tail_len(),
            fresh: self.buffer.fresh_segments(),
            segment_len: self.buffer.segment_len(),
            waiting: self.buffer.waiting(),
            control_len: self.control_len(),
            budget: self.sealer.budget(),
            update,
        }
    }
}
