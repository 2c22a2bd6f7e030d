//! Plaintext that is sealed in the caller's own memory.

use core::mem;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::half::WriteHalf;
use super::plan::Update;
use super::state::PendingControl;
use crate::aead::{Around, KeySchedule};
use crate::error::WriteError;
use crate::record::{KeyUpdateRequest, MAX_FRAGMENT_LEN};

/// Shorter plaintext is copied: making pieces of it costs more than the copy does
/// (`cargo bench --bench paired`: even between 4 and 16 KiB).
const MIN_OWNED_LEN: usize = 16 * 1024;

/// In shorter records too; and the pieces would take more memory than the plaintext.
const MIN_OWNED_FRAGMENT: usize = 4 * 1024;

impl WriteHalf {
    /// Takes as long a prefix of `plaintext` as there is room for and removes it there.
    ///
    /// What is sealed in place makes the same records as `write` with `Coalescing::Off`: between
    /// small pieces (trailer of one record, header of the next) lies the caller's memory.
    pub(crate) fn write_owned(
        &mut self,
        plaintext: &mut BytesMut,
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, WriteError> {
        self.check_open()?;
        if plaintext.is_empty() {
            return Ok(0);
        }
        let in_place = self.in_place_len(plaintext, keys);
        if in_place == 0 {
            return self.write_copied(plaintext, keys);
        }
        self.seal_open(keys).map_err(|_| WriteError::Failed { accepted: 0 })?;
        let accepted = self.seal_in_place(plaintext, in_place, keys)?;
        if plaintext.is_empty() {
            return Ok(accepted);
        }
        // The last fragment has no byte behind it for its type.
        match self.write_copied(plaintext, keys) {
            Ok(copied) => Ok(accepted + copied),
            Err(error) => Err(error.after(accepted)),
        }
    }

    fn write_copied(
        &mut self,
        plaintext: &mut BytesMut,
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, WriteError> {
        let result = self.write(plaintext, keys);
        let accepted = result.unwrap_or_else(WriteError::accepted);
        // The caller keeps memory of which nothing was taken.
        if accepted == plaintext.len() {
            plaintext.clear()
        } else {
            plaintext.advance(accepted)
        }
        // Copied plaintext ends its record as plaintext sealed in place does.
        self.seal_open(keys).map_err(|_| WriteError::Failed { accepted })?;
        result
    }

    /// How much of `plaintext` can be sealed where it lies.
    fn in_place_len(&self, plaintext: &BytesMut, keys: &dyn KeySchedule) -> usize {
        let room = self.buffer.segments_for_owned().saturating_mul(MAX_FRAGMENT_LEN);
        let len = plaintext.len().min(room);
        // Zeros would have to stand in the caller's memory.
        let padded = self.sealer.format().inner_type_len() > 0 && !self.shape.padding.is_none();
        let fragment = self.fragment_len();
        let is_short = len < MIN_OWNED_LEN || fragment < MIN_OWNED_FRAGMENT;
        if is_short || padded || self.sizer.sealed_ahead() != usize::MAX {
            return 0;
        }
        let format = self.sealer.format();
        if self.open_len() > 0 {
            // What the key refuses behind the open record may still fit into that.
            let mut cursor = self.cursor(keys);
            cursor.assume_sealed(self.open_len(), self.open.shape);
            if cursor.control_in_front(cursor.target() + format.inner_type_len()).is_none() {
                return 0;
            }
        }
        let has_byte_behind = len < plaintext.len() || plaintext.capacity() > plaintext.len();
        if has_byte_behind || format.inner_type_len() == 0 {
            return len;
        }
        (len - 1) / fragment * fragment
    }

    /// Content of the next record, if nothing else bounds it.
    fn fragment_len(&self) -> usize {
        self.sizer.content_len(self.sealer.format().overhead(), self.shape.max_content)
    }

    /// Seals the first `len` bytes, fragment by fragment, and moves them into the buffer.
    fn seal_in_place(
        &mut self,
        plaintext: &mut BytesMut,
        len: usize,
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, WriteError> {
        let needs_byte_behind = self.sealer.format().inner_type_len() > 0;
        let mut accepted = 0;
        while accepted < len {
            let longest = self.fragment_len();
            // As `write`, which opens the record before it knows how long it becomes.
            if !self.control_before(longest, accepted, keys)? {
                return Err(WriteError::KeyLimit { accepted });
            }
            let content_len = longest.min(len - accepted);
            let is_last = content_len == plaintext.len();
            if is_last && needs_byte_behind {
                plaintext.put_u8(0);
            }
            let sealed = self.sealer.seal_apart(plaintext, content_len);
            if is_last {
                plaintext.truncate(content_len);
            }
            let Some(around) = sealed else {
                // Not reached: the budget, which counts the sequence numbers, was asked.
                return Err(WriteError::KeyLimit { accepted });
            };
            let fragment =
                if is_last { mem::take(plaintext) } else { plaintext.split_to(content_len) };
            accepted += content_len;
            self.append_record(&around, fragment.freeze(), accepted);
        }
        Ok(accepted)
    }

    /// Seals the control record that is due, or that the key's budget asks for, in front of the
    /// next record. `false` if the key may seal no more.
    fn control_before(
        &mut self,
        content_len: usize,
        accepted: usize,
        keys: &mut dyn KeySchedule,
    ) -> Result<bool, WriteError> {
        let cursor = self.cursor(keys);
        let inner_len = content_len + cursor.format.inner_type_len();
        let Some((_, update_keys)) = cursor.control_in_front(inner_len) else {
            return Ok(false);
        };
        if update_keys {
            debug_assert!(matches!(cursor.update, Update::Possible { .. }), "nothing to update by");
            self.pending = PendingControl::KeyUpdate(KeyUpdateRequest::NotRequested);
        }
        match self.take_pending_control(keys) {
            Ok(Some(record)) => {
                self.buffer.mark(record.len(), 0);
                self.buffer.append_small(&record);
                Ok(true)
            }
            Ok(None) => Ok(true),
            Err(error) => {
                self.fail(error);
                Err(WriteError::Failed { accepted })
            }
        }
    }

    /// Moves a record into the buffer, whose fragment ends `accepted` bytes of plaintext in the
    /// caller's memory.
    fn append_record(&mut self, around: &Around, fragment: Bytes, accepted: usize) {
        let content_len = fragment.len();
        self.buffer.mark(self.sealer.format().record_len(content_len), content_len);
        self.buffer.append_small(around.prefix());
        // The memory takes the place of as many segments as its bytes would fill.
        let charge = accepted.div_ceil(MAX_FRAGMENT_LEN)
            - (accepted - content_len).div_ceil(MAX_FRAGMENT_LEN);
        self.buffer.append_piece(fragment, charge);
        self.buffer.append_small(around.trailer());
        self.count_record(content_len);
    }
}
