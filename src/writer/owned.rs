//! Plaintext that is sealed in the caller's own memory.

use core::mem;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::Writer;
use super::cursor::{BeginPlan, Plan};
use super::state::Life;
use crate::aead::Envelope;
use crate::buffer::append;
use crate::error::{Error, WriteError};

/// Shorter plaintext is copied, because splitting it into pieces costs more than the copy
/// (`cargo bench -p benches --bench paired`: the break-even point is between 4 and 16 KiB).
const MIN_OWNED_LEN: usize = 16 * 1024;

/// The same holds for shorter records, whose pieces would also take more memory than the plaintext.
const MIN_OWNED_FRAGMENT: usize = 4 * 1024;

impl Writer {
    /// Accepts as much of the start of `plaintext` as there is [`room`](Self::room) for, removes it
    /// from `plaintext`, and returns its length. The records are the same as those of
    /// [`write`](Self::write) followed by [`flush`](Self::flush). Plaintext that would take new
    /// segments of the buffer is sealed in place instead, without a copy, and the drain passes the
    /// same memory to the transport.
    ///
    /// Until it is drained, this memory counts against the capacity. Some plaintext is still
    /// copied: what fits into the current record and the segment in use, plaintext that is short or
    /// padded, and, in TLS 1.3, the last fragment if `plaintext` has no spare byte of capacity
    /// (reserve one). To turn a `Vec` into a `BytesMut` without a copy, use
    /// `Bytes::from(vec).try_into_mut()`.
    ///
    /// # Errors
    /// The same as [`write`](Self::write). Whatever was not accepted stays in `plaintext`.
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
        // The record ends here, as it does when plaintext is sealed in place.
        self.end_record(accepted)?;
        Ok(accepted)
    }

    /// Writes at most `max` bytes by copying them, and removes them from `plaintext`.
    fn copy_front(&mut self, plaintext: &mut BytesMut, max: usize) -> Result<usize, WriteError> {
        let len = plaintext.len();
        let result = self.fill_records(&plaintext[..len.min(max)], len);
        let accepted = result.unwrap_or_else(WriteError::accepted);
        // If nothing was accepted, the caller keeps the memory.
        if accepted == len {
            plaintext.clear()
        } else {
            plaintext.advance(accepted)
        }
        result
    }

    /// Copies the records that fit into the tail, if the tail is in use.
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
        // The zeros would have to be in the caller's memory.
        let padded = self.planner.policy().pads();
        let is_long = len >= MIN_OWNED_LEN && self.planner.fragment_len() >= MIN_OWNED_FRAGMENT;
        is_long && !padded && self.planner.shapes().sealed_ahead() == usize::MAX
    }

    /// Seals record by record and moves the records into the buffer. They are the same records that
    /// segments would hold, and they take the place of as many segments.
    fn seal_in_place(&mut self, plaintext: &mut BytesMut) -> Result<usize, WriteError> {
        let mut accepted = 0;
        // `tail` is the rest of the segment that the last records replace, and `fresh` counts the
        // segments that can still be replaced.
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

    /// The plan for the next record if segments had this much memory.
    fn plan_in_place(&self, tail: usize, fresh: usize, want: usize) -> Plan {
        let closely = || self.cursor().with_memory(tail, fresh).plan(want);
        let waiting = self.buffer.waiting();
        match self.planner.whole_record_behind(tail, waiting, self.budget(), &self.control) {
            Some(limit) if fresh > 0 => {
                let plan = Plan::Begin(BeginPlan::plain(true, limit));
                debug_assert_eq!(closely(), plan, "the quick plan disagrees with the cursor's");
                plan
            }
            _ => closely(),
        }
    }

    /// Whether the record is the last one of `plaintext` and has no byte after it for its type.
    fn must_move(&self, plaintext: &BytesMut, plan: BeginPlan) -> bool {
        self.planner.format().inner_type_len() > 0
            && plan.content_limit() >= plaintext.len()
            && plaintext.capacity() == plaintext.len()
    }

    /// Seals one record as planned. If a control record is due, or the key's budget requires one,
    /// it is sealed first.
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
        // ring needs the type byte after the content while it seals.
        let needs_byte_behind = is_last && self.planner.format().inner_type_len() > 0;
        if needs_byte_behind {
            plaintext.put_u8(0);
        }
        let envelope =
            self.sealer.as_mut().and_then(|sealer| sealer.seal_apart(plaintext, content_len));
        if needs_byte_behind {
            plaintext.truncate(content_len);
        }
        // Cannot be `None`: the budget, which counts sequence numbers, was checked.
        let envelope = envelope.ok_or(Error::KeysExhausted)?;
        let fragment = if is_last { mem::take(plaintext) } else { plaintext.split_to(content_len) };
        self.append_record(&envelope, fragment.freeze(), content_len == plan.content_limit());
        Ok(content_len)
    }

    /// Moves a record into the buffer; its fragment is in the caller's memory.
    fn append_record(&mut self, envelope: &Envelope, fragment: Bytes, is_full: bool) {
        let content_len = fragment.len();
        self.buffer.mark(self.planner.format().record_len(content_len), content_len);
        self.buffer.append_small(envelope.prefix());
        self.buffer.append_piece(fragment);
        self.buffer.append_small(envelope.trailer());
        self.count_record(content_len, is_full);
    }
}
