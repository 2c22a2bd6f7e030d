//! Plaintext that is sealed in the caller's own memory.

use core::mem;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::half::WriteHalf;
use super::plan::{OpenPlan, Plan};
use super::state::PendingControl;
use crate::aead::{Around, KeySchedule};
use crate::error::{Error, WriteError};
use crate::record::KeyUpdateRequest;

/// Shorter plaintext is copied: making pieces of it costs more than the copy does
/// (`cargo bench -p benches --bench paired`: even between 4 and 16 KiB).
const MIN_OWNED_LEN: usize = 16 * 1024;

/// In shorter records too; and the pieces would take more memory than the plaintext.
const MIN_OWNED_FRAGMENT: usize = 4 * 1024;

impl WriteHalf {
    /// Takes as long a prefix of `plaintext` as there is room for and removes it there.
    ///
    /// The records are those of `write` and then `flush`: what the open record and the tail have
    /// room for is copied there, and what would take a new segment is sealed in place of one.
    pub(crate) fn write_owned(
        &mut self,
        plaintext: &mut BytesMut,
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, WriteError> {
        self.check_open()?;
        if plaintext.is_empty() {
            return Ok(0);
        }
        let mut accepted = 0;
        if self.open_len() > 0 {
            accepted = self.copy_front(plaintext, self.free_range().len(), keys)?;
        }
        if self.is_worth_sealing_in_place(plaintext.len()) {
            let result = self.copy_into_tail(plaintext, keys);
            accepted += result.map_err(|error| error.after(accepted))?;
            let result = self.seal_in_place(plaintext, keys);
            accepted += result.map_err(|error| error.after(accepted))?;
        }
        let result = self.copy_front(plaintext, usize::MAX, keys);
        accepted += result.map_err(|error| error.after(accepted))?;
        // Copied plaintext ends its record as plaintext sealed in place does.
        self.seal_open(keys).map_err(|_| WriteError::Failed { accepted })?;
        Ok(accepted)
    }

    /// Writes at most `max` bytes by copying them, and removes them.
    fn copy_front(
        &mut self,
        plaintext: &mut BytesMut,
        max: usize,
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, WriteError> {
        let len = plaintext.len();
        let result = self.fill_records(&plaintext[..len.min(max)], len, keys);
        let accepted = result.unwrap_or_else(WriteError::accepted);
        // The caller keeps memory of which nothing was taken.
        if accepted == len {
            plaintext.clear()
        } else {
            plaintext.advance(accepted)
        }
        result
    }

    /// Copies the records that go into the tail, if that is in use.
    fn copy_into_tail(
        &mut self,
        plaintext: &mut BytesMut,
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, WriteError> {
        let mut accepted = 0;
        while !plaintext.is_empty() && !self.buffer.tail_is_unused() {
            match self.cursor(keys).plan(plaintext.len()) {
                Plan::Open(OpenPlan { fresh: false, content_limit, .. }) => {
                    accepted += self
                        .copy_front(plaintext, content_limit, keys)
                        .map_err(|error| error.after(accepted))?;
                }
                _ => break,
            }
        }
        Ok(accepted)
    }

    fn is_worth_sealing_in_place(&self, len: usize) -> bool {
        let format = self.sealer.format();
        let fragment = self.sizer.content_len(format.overhead(), self.shape.max_content);
        // Zeros would have to stand in the caller's memory.
        let padded = format.inner_type_len() > 0 && !self.shape.padding.is_none();
        let is_long = len >= MIN_OWNED_LEN && fragment >= MIN_OWNED_FRAGMENT;
        is_long && !padded && self.sizer.sealed_ahead() == usize::MAX
    }

    /// Seals record by record and moves them into the buffer. They are those that segments would
    /// hold, and take the place of as many.
    fn seal_in_place(
        &mut self,
        plaintext: &mut BytesMut,
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, WriteError> {
        let mut accepted = 0;
        // The tail of the segment in whose place the last records are, and the segments that can
        // still be replaced.
        let (mut tail, mut fresh) = (0, self.buffer.segments_for_owned());
        let mut replaces_segment = false;
        let result = loop {
            let mut cursor = self.cursor(keys);
            (cursor.tail, cursor.fresh) = (tail, fresh);
            let plan = match cursor.plan(plaintext.len()) {
                _ if plaintext.is_empty() => break Ok(accepted),
                Plan::Open(plan) if plan.fresh && self.must_move(plaintext, plan) => {
                    break Ok(accepted);
                }
                Plan::Open(plan) => plan,
                Plan::NoRoom => break Ok(accepted),
                Plan::KeyLimit => break Err(WriteError::KeyLimit { accepted }),
            };
            if plan.fresh {
                if mem::replace(&mut replaces_segment, true) {
                    self.buffer.charge_last_owned();
                }
                (tail, fresh) = (self.buffer.segment_len(), fresh - 1);
            }
            let before = self.buffer.waiting();
            match self.seal_fragment(plaintext, plan, keys) {
                Ok(content_len) => accepted += content_len,
                Err(error) => {
                    self.fail(error);
                    break Err(WriteError::Failed { accepted });
                }
            }
            tail -= self.buffer.waiting() - before;
        };
        if replaces_segment {
            self.buffer.charge_last_owned();
        }
        result
    }

    /// Whether the record is the last one of `plaintext`, with no byte behind it for its type.
    fn must_move(&self, plaintext: &BytesMut, plan: OpenPlan) -> bool {
        self.sealer.format().inner_type_len() > 0
            && plan.content_limit >= plaintext.len()
            && plaintext.capacity() == plaintext.len()
    }

    /// Seals one record as planned, behind the control record that is due or that the key's budget
    /// asks for.
    fn seal_fragment(
        &mut self,
        plaintext: &mut BytesMut,
        plan: OpenPlan,
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, Error> {
        if plan.update_keys {
            self.pending = PendingControl::KeyUpdate(KeyUpdateRequest::NotRequested);
        }
        if let Some(record) = self.take_pending_control(keys)? {
            self.buffer.mark(record.len(), 0);
            self.buffer.append_small(&record);
        }
        let content_len = plan.content_limit.min(plaintext.len());
        let is_last = content_len == plaintext.len();
        if self.must_move(plaintext, plan) {
            let mut moved = BytesMut::with_capacity(content_len + 1);
            moved.extend_from_slice(plaintext);
            *plaintext = moved;
        }
        // The type byte stands behind the content while ring seals it.
        let needs_byte_behind = is_last && self.sealer.format().inner_type_len() > 0;
        if needs_byte_behind {
            plaintext.put_u8(0);
        }
        let around = self.sealer.seal_apart(plaintext, content_len);
        if needs_byte_behind {
            plaintext.truncate(content_len);
        }
        // Not missing: the budget, which counts the sequence numbers, was asked.
        let around = around.ok_or(Error::KeysExhausted)?;
        let fragment = if is_last { mem::take(plaintext) } else { plaintext.split_to(content_len) };
        self.append_record(&around, fragment.freeze());
        Ok(content_len)
    }

    /// Moves a record into the buffer, whose fragment is in the caller's memory.
    fn append_record(&mut self, around: &Around, fragment: Bytes) {
        let content_len = fragment.len();
        self.buffer.mark(self.sealer.format().record_len(content_len), content_len);
        self.buffer.append_small(around.prefix());
        self.buffer.append_piece(fragment);
        self.buffer.append_small(around.trailer());
        self.count_record(content_len);
    }
}
