//! How a record is begun, filled and sealed, and how the control records around it are sealed.
//!
//! Each control record has a fixed place, and every segment reserves room for it, so that it can
//! always be sealed.

use core::ops::{Deref, Range};

use super::Writer;
use super::config::{MAX_ALERT_RECORD_LEN, MAX_CONTROL_RECORD_LEN};
use super::control::ControlMessage;
use super::current::CurrentRecord;
use super::cursor::{BeginPlan, Plan};
use super::progress::RecordEnd;
use super::state::Life;
use crate::aead::RecordSealer;
use crate::alert::Alert;
use crate::error::{Error, WriteError};
use crate::num::{to_u32, to_usize};
use crate::record::ContentType;

/// The writer has failed. Its `life` says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed;

impl From<Failed> for WriteError {
    fn from(_: Failed) -> Self {
        Self::Failed { accepted: 0 }
    }
}

impl Writer {
    /// Ensures that there is a current record, given that the caller has `want` more bytes. Returns
    /// whether there is room for one.
    #[inline(always)]
    pub(super) fn begin_record(&mut self, want: usize) -> Result<bool, WriteError> {
        // A full record is sealed immediately, so a current record always has room.
        if self.record.is_some() {
            return Ok(true);
        }
        if let Some(limit) = self.whole_record_in_tail() {
            self.record = Some(CurrentRecord::new(limit));
            return Ok(true);
        }
        self.begin_closely(want)
    }

    #[inline(never)]
    fn begin_closely(&mut self, want: usize) -> Result<bool, WriteError> {
        if self.life == Life::Negotiating {
            return Ok(false);
        }
        match self.cursor().plan(want) {
            Plan::Begin(plan) => self.begin_planned(plan)?,
            Plan::NoRoom => return Ok(false),
            Plan::KeyLimit => return Err(WriteError::KeyLimit { accepted: 0 }),
        }
        Ok(true)
    }

    /// The length of the next record if the quick plan applies.
    #[inline(always)]
    pub(super) fn whole_record_in_tail(&self) -> Option<usize> {
        let limit =
            self.planner.whole_record_in_tail(&self.buffer, self.budget(), &self.control)?;
        debug_assert_eq!(Plan::Begin(BeginPlan::plain(false, limit)), self.cursor().plan(1));
        Some(limit)
    }

    /// Begins a record as planned, after the control record that is due.
    pub(super) fn begin_planned(&mut self, plan: BeginPlan) -> Result<(), Failed> {
        if plan.is_fresh() {
            self.buffer.add_segment();
        }
        if plan.updates_key() {
            self.control.require_update();
        }
        self.seal_due_in_front(0)?;
        self.record = Some(CurrentRecord::new(plan.content_limit()));
        Ok(())
    }

    /// The range of the current record's free memory in the tail.
    #[inline]
    pub(super) fn free_range(&self) -> Range<usize> {
        let prefix_len = self.planner.format().prefix_len();
        self.record.as_ref().map_or(0..0, |record| {
            to_usize(record.filled(prefix_len))..to_usize(record.end(prefix_len))
        })
    }

    /// Adds `len` bytes, which are already in its free memory, to the current record. Seals the
    /// record if it is full or if it `ends` there.
    #[inline]
    pub(super) fn commit(&mut self, len: usize, ends: bool) -> Result<(), Failed> {
        if let Some(record) = &self.record {
            let filled = record.filled(self.planner.format().prefix_len());
            self.buffer.set_filled(filled + to_u32(len));
        }
        self.commit_filled(len, ends)
    }

    /// The same if the buffer knows already that the bytes are there.
    #[inline]
    pub(super) fn commit_filled(&mut self, len: usize, ends: bool) -> Result<(), Failed> {
        let Some(record) = &mut self.record else { return Ok(()) };
        record.grow(len);
        let (content_len, is_full) = (record.len(), record.is_full());
        self.counts.on_accepted(len);
        if is_full || ends {
            self.seal_content(content_len)?;
            self.counts.on_record(if is_full { RecordEnd::Full } else { RecordEnd::Flushed });
        }
        Ok(())
    }

    /// Seals the current record, if there is one, after the control record that is due.
    #[inline]
    pub(super) fn seal_current(&mut self, end: RecordEnd) -> Result<(), Failed> {
        match self.content_len() {
            0 => self.return_lent(),
            content_len => {
                self.seal_content(content_len)?;
                self.counts.on_record(end);
            }
        }
        Ok(())
    }

    /// Seals the current record, which has this much content.
    #[inline(never)]
    fn seal_content(&mut self, content_len: usize) -> Result<(), Failed> {
        self.seal_due_in_front(content_len)?;
        let padding = self.planner.padding_of(self.record.as_ref());
        self.record = None;
        self.seal_record(content_len, padding)
    }

    /// Seals the record that was begun without content, with this many zeros.
    pub(super) fn seal_cover(&mut self, padding: usize) -> Result<(), Failed> {
        self.record = None;
        self.seal_record(0, padding)?;
        self.counts.on_record(RecordEnd::Cover);
        Ok(())
    }

    /// Seals the record whose content is in the tail. The caller counts it.
    #[inline(always)]
    fn seal_record(&mut self, content_len: usize, padding: usize) -> Result<(), Failed> {
        let tail = self.buffer.tail_mut();
        let sealed = self.sealer.as_mut().and_then(|sealer| {
            sealer.seal(ContentType::ApplicationData, tail, content_len, padding)
        });
        match sealed {
            Some(record_len) => self.buffer.seal(record_len, content_len),
            // Not reached: a record is begun only if the budget, which counts sequence numbers,
            // allows it.
            None => return Err(self.fail_with(Error::KeysExhausted)),
        }
        self.planner.on_sealed(content_len);
        Ok(())
    }

    /// Whether [`seal_from`](Self::seal_from) saves a copy.
    #[cfg(feature = "aws-lc-rs")]
    #[inline]
    pub(super) fn seals_from(&self) -> bool {
        self.aead.seals_from()
    }

    #[cfg(not(feature = "aws-lc-rs"))]
    #[expect(clippy::unused_self, reason = "ring seals in place only")]
    pub(super) const fn seals_from(&self) -> bool {
        false
    }

    /// Seals the record that was just begun straight from the caller's memory, if the AEAD supports
    /// that and `buf` fills the record. Returns how many bytes were sealed.
    #[cfg(feature = "aws-lc-rs")]
    pub(super) fn seal_from(&mut self, buf: &[u8]) -> Result<Option<usize>, Failed> {
        let Some(record) = self.record else { return Ok(None) };
        let content = match buf.get(..record.limit()) {
            Some(content) if record.len() == 0 && self.seals_from() => content,
            _ => return Ok(None),
        };
        if self.planner.policy_of(&record).padding(content.len()) > 0 {
            return Ok(None);
        }
        // It can become due while the record's memory is lent.
        self.seal_due_in_front(0)?;
        self.record = None;
        let tail = self.buffer.tail_mut();
        let sealed = self
            .sealer
            .as_mut()
            .and_then(|sealer| sealer.seal_from(ContentType::ApplicationData, tail, content));
        match sealed {
            Some(record_len) => self.buffer.seal(record_len, content.len()),
            // As in `seal_record`.
            None => return Err(self.fail_with(Error::KeysExhausted)),
        }
        self.count_record(content.len(), true);
        Ok(Some(content.len()))
    }

    #[cfg(not(feature = "aws-lc-rs"))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "ring seals in place only")]
    pub(super) const fn seal_from(&self, _: &[u8]) -> Result<Option<usize>, Failed> {
        Ok(None)
    }

    /// Counts a record whose plaintext did not go through the current record. The last record of a
    /// call is not necessarily full.
    pub(super) fn count_record(&mut self, content_len: usize, is_full: bool) {
        self.planner.on_sealed(content_len);
        self.counts.on_record(if is_full { RecordEnd::Full } else { RecordEnd::Flushed });
        self.counts.on_accepted(content_len);
    }

    /// Ensures that bytes are pending if possible: the drain has reached the current record.
    #[inline]
    pub(super) fn seal_for_drain(&mut self) {
        if self.buffer.waiting() == 0 && self.life == Life::Open && !self.is_lent() {
            // A failure is sticky, and its alert is in the buffer: that is what the caller drains.
            let _failed = self.seal_all(RecordEnd::Drained);
        }
    }

    /// Seals the current record after pending records. The caller is about to drain all of them,
    /// and the drain would reach it anyway.
    #[cfg(feature = "rustls")]
    pub(crate) fn seal_tail(&mut self) {
        if self.buffer.waiting() > 0 && self.life == Life::Open && !self.is_lent() {
            // A failure is sticky, and its alert is in the buffer.
            let _failed = self.seal_all(RecordEnd::Drained);
        }
    }

    /// Fails the writer: wipes the current record and seals the alert for `error` after what was
    /// sealed before. Nothing is sealed after that, nor after `close_notify`. After a fatal alert
    /// from the peer nothing is sent at all (RFC 9846 §6.2).
    pub(super) fn end_with(&mut self, error: Error) {
        if !matches!(self.life, Life::Sealing | Life::Failed(_)) {
            self.record = None;
            self.buffer.wipe_tail();
            self.control.clear();
            if let (Some(alert), Life::Open) = (error.alert(), self.life) {
                // If the key must not seal any more, there is no alert.
                let _sealed = self.seal_alert(Alert::fatal(alert));
            }
            self.life = Life::Failed(error);
        }
        if let Error::PeerAlert(_) = error {
            self.buffer.discard();
        }
    }

    /// The handshake has failed or was given up. No plaintext was ever accepted.
    #[cfg(feature = "rustls")]
    pub(crate) fn end_handshake(&mut self, error: Error) {
        if self.life == Life::Negotiating {
            self.life = Life::Failed(error);
        }
    }

    pub(super) fn fail_with(&mut self, error: Error) -> Failed {
        self.end_with(error);
        Failed
    }

    /// Seals the control record that is due when there is no current record. It stays due if there
    /// is no room for it plus an alert.
    pub(super) fn seal_due_alone(&mut self) -> Result<(), Failed> {
        if !self.control.is_due() {
            return Ok(());
        }
        let needed = self.control.due_len(self.planner.format()) + MAX_ALERT_RECORD_LEN;
        if self.buffer.tail_len() < needed {
            if self.buffer.fresh_segments() == 0 {
                return Ok(());
            }
            self.buffer.add_segment();
        }
        self.seal_due_in_front(0)
    }

    /// Seals the control record that is due at the start of the tail. If a record with
    /// `content_len` bytes starts there, its content moves up, into the room that every record
    /// reserves. The caller must then seal it there immediately.
    #[inline]
    fn seal_due_in_front(&mut self, content_len: usize) -> Result<(), Failed> {
        if self.control.is_due() { self.seal_due_moving(content_len) } else { Ok(()) }
    }

    #[cold]
    fn seal_due_moving(&mut self, content_len: usize) -> Result<(), Failed> {
        let format = self.planner.format();
        if content_len > 0 {
            let due_len = self.control.due_len(format);
            let content = format.prefix_len()..format.prefix_len() + content_len;
            self.buffer.set_filled(to_u32(content.end + due_len));
            let moved = content.start + due_len;
            self.buffer.tail_mut().copy_within(content, moved);
        }
        match self.take_due() {
            Ok(Some(record)) => self.append_control(&record),
            Ok(None) => {}
            Err(error) => return Err(self.fail_with(error)),
        }
        Ok(())
    }

    /// Seals the control record that is due and returns it for the caller to place. A KeyUpdate is
    /// sealed under the old key, and everything after it under the new one (RFC 9846 §4.7.3). After
    /// an error the caller fails the writer, once it has placed what it sealed before.
    pub(super) fn take_due(&mut self) -> Result<Option<ControlRecord>, Error> {
        let Some(message) = self.control.take() else { return Ok(None) };
        let next = match message {
            ControlMessage::KeyUpdate(_) => Some(self.next_keys.next_write_keys()?),
            ControlMessage::Alert(_) => None,
        };
        let record = self.control_record(message).ok_or(Error::KeysExhausted)?;
        if let Some(next) = next {
            self.sealer = Some(RecordSealer::new(next, self.key_limits(), self.aead));
            self.counts.on_key_update();
        }
        Ok(Some(record))
    }

    /// Seals an alert after everything else. Returns whether the key allowed it.
    pub(super) fn seal_alert(&mut self, alert: Alert) -> bool {
        let record = self.control_record(ControlMessage::Alert(alert));
        if let Some(record) = &record {
            self.append_control(record);
        }
        record.is_some()
    }

    /// Puts a control record at the start of the tail. Every segment in use reserves room for it;
    /// after foreign memory it gets memory of its own.
    fn append_control(&mut self, record: &[u8]) {
        if self.buffer.tail_len() == 0 && self.buffer.fresh_segments() > 0 {
            self.buffer.add_segment();
        }
        match self.buffer.tail_mut().get_mut(..record.len()) {
            Some(tail) => {
                tail.copy_from_slice(record);
                self.buffer.seal(record.len(), 0);
            }
            None => {
                self.buffer.mark(record.len(), 0);
                self.buffer.append_small(record);
            }
        }
    }

    /// A sealed control record; `None` if the key must not seal any more.
    fn control_record(&mut self, message: ControlMessage) -> Option<ControlRecord> {
        if !self.budget().allows_control_record() {
            return None;
        }
        let (content_type, content, content_len) = message.encode();
        let mut bytes = [0; MAX_CONTROL_RECORD_LEN];
        let prefix_len = self.planner.format().prefix_len();
        bytes[prefix_len..][..content_len].copy_from_slice(&content[..content_len]);
        let len = self.sealer.as_mut()?.seal(content_type, &mut bytes, content_len, 0)?;
        Some(ControlRecord { bytes, len })
    }
}

/// A sealed KeyUpdate or alert.
pub(super) struct ControlRecord {
    bytes: [u8; MAX_CONTROL_RECORD_LEN],
    len: usize,
}

impl Deref for ControlRecord {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use crate::aead::{CipherSuite, TrafficSecret, WriteKeys};
    use crate::error::WriteError;
    use crate::record::KeyUpdateRequest::Requested;
    use crate::writer::{Writer, WriterConfig};

    /// RFC 9846 §4.7.3: after the last generation, no answer is sent.
    #[test]
    fn the_last_generation_ignores_requests() {
        const LAST: u64 = (1 << 48) - 1;
        for (generation, answers) in [(LAST - 2, 2), (LAST - 1, 1), (LAST, 0)] {
            let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
            let secret = TrafficSecret::new(suite, &[7; 32]).unwrap().at_generation(generation);
            let keys = WriteKeys::from_secret(secret);
            let mut writer = Writer::new(keys, WriterConfig::default()).unwrap();
            for _ in 0..3 {
                assert_eq!(writer.on_key_update(Requested), Ok(()));
                assert_eq!(writer.write(b"x"), Ok(1));
                assert_eq!(writer.flush(), Ok(()));
            }
            let progress = writer.progress();
            assert_eq!((progress.key_updates, progress.records), (answers, 3), "{generation}");
            assert_eq!(writer.update_keys(Requested), Err(WriteError::NoKeyUpdate));
            assert_eq!(writer.error(), None);
        }
    }
}
