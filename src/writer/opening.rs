//! A record is opened: found room for, or planned.

use super::half::WriteHalf;
use super::plan::{OpenPlan, Plan, Shape};
use super::state::PendingControl;
use crate::error::Error;
use crate::record::{KeyUpdateRequest, RecordFormat};

#[derive(Clone, Copy, Debug)]
pub(super) struct OpenRecord {
    pub(super) content_limit: usize,
    pub(super) shape: Shape,
}

impl OpenRecord {
    /// Caps what a record with this much content may hold; one that holds more keeps its shape.
    /// Returns whether it may hold more.
    pub(super) fn cap(
        &mut self,
        format: RecordFormat,
        max_inner: usize,
        content_len: usize,
    ) -> bool {
        let capped = Shape::new(format, max_inner, self.shape.padding);
        if capped.max_inner >= self.shape.max_inner {
            return true;
        }
        if content_len <= capped.max_content {
            self.content_limit = self.content_limit.min(capped.max_content);
            self.shape = capped;
        }
        content_len < capped.max_content.min(self.content_limit)
    }
}

/// Whether a record is open now, with room in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Opened {
    Yes,
    NoRoom,
    KeyLimit,
}

impl WriteHalf {
    /// Sees to it that a record is open, for a caller who has `want` more bytes.
    #[inline(always)]
    pub(super) fn open_record(&mut self, want: usize) -> Result<Opened, Error> {
        // A full record is sealed at once, so that there is room in an open one.
        if self.open_len() > 0 {
            return Ok(Opened::Yes);
        }
        if let Some(content_limit) = self.whole_record_in_tail() {
            debug_assert_eq!(self.cursor().plan(want), Plan::in_tail(content_limit));
            self.open = OpenRecord { content_limit, shape: self.shape };
            return Ok(Opened::Yes);
        }
        self.open_planned(want)
    }

    #[inline(never)]
    fn open_planned(&mut self, want: usize) -> Result<Opened, Error> {
        match self.cursor().plan(want) {
            Plan::Open(open) => self.begin_record(open).map(|()| Opened::Yes),
            Plan::NoRoom => Ok(Opened::NoRoom),
            Plan::KeyLimit => Ok(Opened::KeyLimit),
        }
    }

    /// The commonest plan, found without playing a cursor: a record in a tail that would hold the
    /// largest one, with nothing in front of it. Its content's length.
    #[inline(always)]
    pub(super) fn whole_record_in_tail(&self) -> Option<usize> {
        let fits = self.pending == PendingControl::Nothing
            && self.buffer.tail_len() >= self.shape.tail_needed
            && self.sealer.budget().allows_application_blocks(self.shape.max_blocks);
        if !fits {
            return None;
        }
        let overhead = self.sealer.format().overhead();
        self.sizer.content_len_behind(self.buffer.waiting(), overhead, self.shape.max_content)
    }

    /// Opens a record as planned, behind the control record that is due.
    pub(super) fn begin_record(&mut self, open: OpenPlan) -> Result<(), Error> {
        if open.fresh {
            self.buffer.add_segment();
        }
        if open.update_keys {
            self.pending = PendingControl::KeyUpdate(KeyUpdateRequest::NotRequested);
        }
        self.seal_control_at(0)?;
        self.open = OpenRecord { content_limit: open.content_limit, shape: self.shape };
        Ok(())
    }
}
