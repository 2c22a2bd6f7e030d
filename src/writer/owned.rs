//! Plaintext that is sealed in the caller's own memory.

use bytes::{BufMut, Bytes, BytesMut};

use super::half::WriteHalf;
use super::padding::Padding;
use super::plan::Update;
use super::state::PendingControl;
use crate::aead::KeySchedule;
use crate::error::{Error, WriteError};
use crate::num::to_u64;
use crate::record::{KeyUpdateRequest, MAX_FRAGMENT_LEN, RecordFormat, TAG_LEN};

/// Shorter plaintext is copied: making pieces of it costs more than the copy does
/// (`cargo bench --bench paired`: even between 4 and 16 KiB).
const MIN_OWNED_LEN: usize = 16 * 1024;

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
        if accepted < in_place || plaintext.is_empty() {
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
        let accepted = match result {
            Ok(accepted)
            | Err(WriteError::KeyLimit { accepted } | WriteError::Failed { accepted }) => accepted,
            Err(_) => 0,
        };
        drop(plaintext.split_to(accepted));
        // Copied plaintext ends its record as plaintext sealed in place does.
        self.seal_open(keys).map_err(|_| WriteError::Failed { accepted })?;
        result
    }

    /// How much of `plaintext` can be sealed where it lies.
    fn in_place_len(&self, plaintext: &BytesMut, keys: &dyn KeySchedule) -> usize {
        let room = self.buffer.segments_for_owned().saturating_mul(MAX_FRAGMENT_LEN);
        let len = plaintext.len().min(room);
        // Zeros would have to stand in the caller's memory.
        let padded =
            self.sealer.format().inner_type_len() > 0 && self.shape.padding != Padding::None;
        if len < MIN_OWNED_LEN || padded || self.sizer.sealed_ahead() != usize::MAX {
            return 0;
        }
        let format = self.sealer.format();
        if self.open_len() > 0 {
            // What the key refuses behind the open record may still fit into that.
            let mut cursor = self.cursor(keys);
            cursor.assume_sealed(self.open_len(), self.open.shape);
            if cursor.control_in_front(cursor.target().min(len) + format.inner_type_len()).is_none()
            {
                return 0;
            }
        }
        let has_byte_behind = len < plaintext.len() || plaintext.capacity() > plaintext.len();
        if has_byte_behind || format.inner_type_len() == 0 {
            return len;
        }
        let fragment = self.fragment_len();
        (len - 1) / fragment * fragment
    }

    /// Content of the next record, if nothing else bounds it.
    fn fragment_len(&self) -> usize {
        let format = self.sealer.format();
        self.sizer.content_len(format.overhead(), self.shape.max_inner - format.inner_type_len())
    }

    /// Seals the first `len` bytes, fragment by fragment, and moves them into the buffer.
    fn seal_in_place(
        &mut self,
        plaintext: &mut BytesMut,
        len: usize,
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, WriteError> {
        let format = self.sealer.format();
        let records = len.div_ceil(self.fragment_len());
        let mut pieces = Pieces::with_capacity(records, format);
        let byte_behind = len == plaintext.len() && format.inner_type_len() > 0;
        if byte_behind {
            plaintext.put_u8(0);
        }
        let mut sealed = 0;
        let mut end = Ok(true);
        while sealed < len {
            let content_len = self.fragment_len().min(len - sealed);
            let inner_len = content_len + format.inner_type_len();
            end = self.control_before(inner_len, &mut pieces, keys);
            let body = &mut plaintext[sealed..];
            if end != Ok(true) || !self.seal_fragment(body, content_len, &mut pieces) {
                break;
            }
            sealed += content_len;
        }
        if byte_behind {
            plaintext.truncate(len);
        }
        self.append_pieces(pieces, plaintext.split_to(sealed).freeze());
        self.accepted = self.accepted.saturating_add(to_u64(sealed));
        match end {
            Ok(_) if sealed == len => Ok(sealed),
            Ok(_) => Err(WriteError::KeyLimit { accepted: sealed }),
            Err(error) => {
                self.fail(error);
                Err(WriteError::Failed { accepted: sealed })
            }
        }
    }

    /// Seals the control record that is due, or that the key's budget asks for, in front of the
    /// next record. `false` if the key may seal no more.
    fn control_before(
        &mut self,
        inner_len: usize,
        pieces: &mut Pieces,
        keys: &mut dyn KeySchedule,
    ) -> Result<bool, Error> {
        let cursor = self.cursor(keys);
        let Some((_, update_keys)) = cursor.control_in_front(inner_len) else {
            return Ok(false);
        };
        if update_keys {
            debug_assert!(matches!(cursor.update, Update::Possible { .. }), "nothing to update by");
            self.pending = PendingControl::KeyUpdate(KeyUpdateRequest::NotRequested);
        }
        if let Some(record) = self.take_pending_control(keys)? {
            pieces.put_control(&record);
        }
        Ok(true)
    }

    /// Seals a fragment at the start of `body`. `false` if the sequence numbers are used up.
    fn seal_fragment(&mut self, body: &mut [u8], content_len: usize, pieces: &mut Pieces) -> bool {
        let Some(around) = self.sealer.seal_apart(body, content_len) else {
            return false;
        };
        pieces.put_record(around.prefix(), content_len, around.trailer());
        self.sizer.on_sealed(content_len);
        self.records += 1;
        true
    }

    /// Moves sealed pieces into the buffer: what stands around the fragments, and between it the
    /// caller's memory.
    fn append_pieces(&mut self, pieces: Pieces, mut fragments: Bytes) {
        let Pieces { around, ends, control_len: control_total } = pieces;
        let mut around = around.freeze();
        let (mut taken, mut control_taken) = (0, 0);
        // The memory takes the place of as many segments as its bytes would fill.
        let (mut bytes, mut charged) = (0, 0);
        for End { around_len, control_len, content_len } in ends {
            let front = around.split_to(around_len - taken);
            let record_len = content_len + self.sealer.format().overhead();
            if control_len > control_taken {
                self.buffer.mark(control_len - control_taken, 0);
            }
            self.buffer.mark(record_len, content_len);
            self.buffer.append_piece(front, 0);
            bytes += content_len;
            let charge = bytes.div_ceil(MAX_FRAGMENT_LEN) - charged;
            charged += charge;
            self.buffer.append_piece(fragments.split_to(content_len), charge);
            (taken, control_taken) = (around_len, control_len);
        }
        if control_total > control_taken {
            self.buffer.mark(control_total - control_taken, 0);
        }
        if !around.is_empty() {
            self.buffer.append_piece(around, 0);
        }
    }
}

/// What stands around fragments that are sealed in place: one stretch of memory, cut where a
/// fragment comes in between.
struct Pieces {
    around: BytesMut,
    ends: alloc::vec::Vec<End>,
    control_len: usize,
}

/// A header ends here, and a fragment follows.
struct End {
    /// Bytes of `around` up to the fragment.
    around_len: usize,
    /// Bytes of control records in them.
    control_len: usize,
    content_len: usize,
}

impl Pieces {
    fn with_capacity(records: usize, format: RecordFormat) -> Self {
        let around_len = records.saturating_mul(format.overhead() + TAG_LEN);
        Self {
            around: BytesMut::with_capacity(around_len),
            ends: alloc::vec::Vec::with_capacity(records),
            control_len: 0,
        }
    }

    fn put_control(&mut self, record: &[u8]) {
        self.around.extend_from_slice(record);
        self.control_len += record.len();
    }

    fn put_record(&mut self, prefix: &[u8], content_len: usize, trailer: &[u8]) {
        self.around.extend_from_slice(prefix);
        let (around_len, control_len) = (self.around.len(), self.control_len);
        self.ends.push(End { around_len, control_len, content_len });
        self.around.extend_from_slice(trailer);
    }
}
