//! Plaintext that is sealed in the caller's own memory.

use core::mem;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::Writer;
use super::cursor::{BeginPlan, Plan};
use super::state::Life;
use crate::aead::Envelope;
use crate::buffer::append;
use crate::error::{Error, WriteError};

/// Shorter plaintext is copied: making pieces of it costs more than the copy does
/// (`cargo bench -p benches --bench paired`: even between 4 and 16 KiB).
const MIN_OWNED_LEN: usize = 16 * 1024;

/// In shorter records too; and the pieces would take more memory than the plaintext.
const MIN_OWNED_FRAGMENT: usize = 4 * 1024;

impl Writer {
    /// Takes as long a prefix of `plaintext` as there is [`room`](Self::room) for, removes it
    /// there, and returns its length. The records are those of [`write`](Self::write) and then
    /// [`flush`](Self::flush). What would take new segments of the buffer is sealed where it lies,
    /// without a copy: the drain gives the same memory to the transport.
    ///
    /// While it waits it counts against the capacity. What the current record and the segment that
    /// is in use have room for is copied, as is plaintext that is short or padded, and in TLS 1.3
    /// the last fragment if `plaintext` has no spare byte behind it (reserve one).
    /// A `Vec` becomes a `BytesMut` without a copy by `Bytes::from(vec).try_into_mut()`.
    ///
    /// # Errors
    /// As [`write`](Self::write). What was not accepted stays in `plaintext`.
    pub fn write_owned(&mut self, plaintext: &mut BytesMut) -> Result<usize, WriteError> {
        self.check_open()?;
        if plaintext.is_empty() || self.life == Life::Negotiating {
            return Ok(0);
        }
        let mut accepted = 0;
        if self.record.is_some() {
            accepted = self.copy_front(plaintext, self.free_range().len())?;
        }
        if self.is_worth_sealing_in_place(plaintext.len()) {
            let result = self.copy_into_tail(plaintext);
            accepted += result.map_err(|error| error.after(accepted))?;
            let result = self.seal_in_place(plaintext);
            accepted += result.map_err(|error| error.after(accepted))?;
        }
        let result = self.copy_front(plaintext, usize::MAX);
        accepted += result.map_err(|error| error.after(accepted))?;
        // Copied plaintext ends its record as plaintext sealed in place does.
        self.end_record(accepted)?;
        Ok(accepted)
    }

    /// Writes at most `max` bytes by copying them, and removes them.
    fn copy_front(&mut self, plaintext: &mut BytesMut, max: usize) -> Result<usize, WriteError> {
        let len = plaintext.len();
        let result = self.fill_records(&plaintext[..len.min(max)], len);
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
    fn copy_into_tail(&mut self, plaintext: &mut BytesMut) -> Result<usize, WriteError> {
        let mut accepted = 0;
        while !plaintext.is_empty() && !self.buffer.tail_is_unused() {
            match self.cursor().plan(plaintext.len()) {
                Plan::Begin(plan) if !plan.is_fresh() => {
                    accepted += self
                        .copy_front(plaintext, plan.content_limit())
                        .map_err(|error| error.after(accepted))?;
                }
                _ => break,
            }
        }
        Ok(accepted)
    }

    fn is_worth_sealing_in_place(&self, len: usize) -> bool {
        // Zeros would have to stand in the caller's memory.
        let padded = self.planner.policy().pads();
        let is_long = len >= MIN_OWNED_LEN && self.planner.fragment_len() >= MIN_OWNED_FRAGMENT;
        is_long && !padded && self.planner.sizer().sealed_ahead() == usize::MAX
    }

    /// Seals record by record and moves them into the buffer. They are those that segments would
    /// hold, and take the place of as many.
    fn seal_in_place(&mut self, plaintext: &mut BytesMut) -> Result<usize, WriteError> {
        let mut accepted = 0;
        // The tail of the segment in whose place the last records are, and the segments that can
        // still be replaced.
        let (mut tail, mut fresh) = (0, self.buffer.segments_for_owned());
        let mut replaces_segment = false;
        let result = loop {
            if plaintext.is_empty() {
                break Ok(accepted);
            }
            let plan = match self.plan_in_place(tail, fresh, plaintext.len()) {
                Plan::Begin(plan) if plan.is_fresh() && self.must_move(plaintext, plan) => {
                    break Ok(accepted);
                }
                Plan::Begin(plan) => plan,
                Plan::NoRoom => break Ok(accepted),
                Plan::KeyLimit => break Err(WriteError::KeyLimit { accepted }),
            };
            if plan.is_fresh() {
                if mem::replace(&mut replaces_segment, true) {
                    self.buffer.charge_last_owned();
                }
                (tail, fresh) = (self.buffer.segment_len(), fresh - 1);
            }
            let before = self.buffer.waiting();
            match self.seal_fragment(plaintext, plan) {
                Ok(content_len) => accepted += content_len,
                Err(error) => {
                    self.end_with(error);
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

    /// The plan of the next record, if segments had so much memory.
    fn plan_in_place(&self, tail: usize, fresh: usize, want: usize) -> Plan {
        let closely = || self.cursor().with_memory(tail, fresh).plan(want);
        let waiting = self.buffer.waiting();
        match self.planner.whole_record_behind(tail, waiting, self.budget(), &self.control) {
            Some(limit) if fresh > 0 => {
                let plan = Plan::Begin(BeginPlan::plain(true, limit));
                debug_assert_eq!(closely(), plan, "the shortcut misleads");
                plan
            }
            _ => closely(),
        }
    }

    /// Whether the record is the last one of `plaintext`, with no byte behind it for its type.
    fn must_move(&self, plaintext: &BytesMut, plan: BeginPlan) -> bool {
        self.planner.format().inner_type_len() > 0
            && plan.content_limit() >= plaintext.len()
            && plaintext.capacity() == plaintext.len()
    }

    /// Seals one record as planned, behind the control record that is due or that the key's budget
    /// asks for.
    fn seal_fragment(&mut self, plaintext: &mut BytesMut, plan: BeginPlan) -> Result<usize, Error> {
        if plan.updates_key() {
            self.control.require_update();
        }
        if self.control.is_due() {
            if let Some(record) = self.take_due()? {
                self.buffer.mark(record.len(), 0);
                self.buffer.append_small(&record);
            }
        }
        let content_len = plan.content_limit().min(plaintext.len());
        let is_last = content_len == plaintext.len();
        if self.must_move(plaintext, plan) {
            let mut moved = BytesMut::with_capacity(content_len + 1);
            append(&mut moved, plaintext);
            *plaintext = moved;
        }
        // The type byte stands behind the content while ring seals it.
        let needs_byte_behind = is_last && self.planner.format().inner_type_len() > 0;
        if needs_byte_behind {
            plaintext.put_u8(0);
        }
        let envelope =
            self.sealer.as_mut().and_then(|sealer| sealer.seal_apart(plaintext, content_len));
        if needs_byte_behind {
            plaintext.truncate(content_len);
        }
        // Not missing: the budget, which counts the sequence numbers, was asked.
        let envelope = envelope.ok_or(Error::KeysExhausted)?;
        let fragment = if is_last { mem::take(plaintext) } else { plaintext.split_to(content_len) };
        self.append_record(&envelope, fragment.freeze(), content_len == plan.content_limit());
        Ok(content_len)
    }

    /// Moves a record into the buffer, whose fragment is in the caller's memory.
    fn append_record(&mut self, envelope: &Envelope, fragment: Bytes, is_full: bool) {
        let content_len = fragment.len();
        self.buffer.mark(self.planner.format().record_len(content_len), content_len);
        self.buffer.append_small(envelope.prefix());
        self.buffer.append_piece(fragment);
        self.buffer.append_small(envelope.trailer());
        self.count_record(content_len, is_full);
    }
}
