//! The writing half: the open record and everything that is sealed around it.

use core::ops::Range;

use super::config::{Coalescing, MAX_ALERT_RECORD_LEN, WriterConfig};
use super::plan::{Cursor, OpenPlan, Plan, Update};
use super::state::{BufferState, Life, PeerUpdate, PendingControl, Progress, WriterState};
use crate::aead::{KeyLimits, KeySchedule, RecordSealer, WriteKeys};
use crate::alert::{Alert, AlertDescription};
use crate::buffer::OutboundBuffer;
use crate::error::{Error, WriteError};
use crate::record::{
    ContentType, KEY_UPDATE_LEN, KeyUpdateRequest, MAX_FRAGMENT_LEN, encode_key_update,
};

/// Seals what is written into the outbound buffer. The keys of next generations come from
/// outside, call by call, because a connection's two halves share one source of them.
///
/// The open record is what is in use of the buffer's tail: header space and content so far. It
/// is open exactly while `buffer.filled_len() > 0`.
#[derive(Debug)]
pub(crate) struct WriteHalf {
    sealer: RecordSealer,
    buffer: OutboundBuffer,
    /// Content that the open record may hold; 0 while none is open.
    open_limit: usize,
    life: Life,
    pending: PendingControl,
    peer_update: PeerUpdate,
    key_limits: KeyLimits,
    fragment_limit: usize,
    coalescing: Coalescing,
    accepted: u64,
    records: u64,
    key_updates: u64,
}

impl WriteHalf {
    /// A half that goes on in `buffer`, behind what already waits there.
    pub(crate) fn new(keys: WriteKeys, config: &WriterConfig, buffer: OutboundBuffer) -> Self {
        let key_limits = config
            .key_limits
            .unwrap_or_else(|| KeyLimits::for_suite(keys.suite));
        Self {
            sealer: RecordSealer::new(keys, key_limits),
            buffer,
            open_limit: 0,
            life: Life::Open,
            pending: PendingControl::Nothing,
            peer_update: PeerUpdate::NotRequested,
            key_limits,
            fragment_limit: config.fragment_limit(),
            coalescing: config.coalescing,
            accepted: 0,
            records: 0,
            key_updates: 0,
        }
    }

    pub(crate) fn write(
        &mut self,
        buf: &[u8],
        keys: &mut dyn KeySchedule,
    ) -> Result<usize, WriteError> {
        self.check_open()?;
        let mut accepted = 0;
        while accepted < buf.len() {
            let rest = &buf[accepted..];
            match self.open_record(rest.len(), keys) {
                Ok(Plan::Open(_)) => {}
                Ok(Plan::NoRoom) => break,
                Ok(Plan::KeyLimit) => {
                    self.end_of_write(keys, accepted)?;
                    return Err(WriteError::KeyLimit { accepted });
                }
                Err(_) => return Err(WriteError::Failed { accepted }),
            }
            let free = self.open_slot();
            let n = free.len().min(rest.len());
            free[..n].copy_from_slice(&rest[..n]);
            accepted += n;
            self.commit(n, keys)
                .map_err(|_| WriteError::Failed { accepted })?;
        }
        self.end_of_write(keys, accepted)?;
        Ok(accepted)
    }

    /// Checked first, so that it is all or nothing.
    pub(crate) fn write_all(
        &mut self,
        buf: &[u8],
        keys: &mut dyn KeySchedule,
    ) -> Result<(), WriteError> {
        self.check_open()?;
        if buf.len() > self.open_limit.saturating_sub(self.open_len()) {
            let (available, end) = self.room_and_end(keys);
            if buf.len() > available {
                return Err(match end {
                    Plan::KeyLimit => WriteError::KeyLimit { accepted: 0 },
                    _ => WriteError::NoRoom {
                        needed: buf.len(),
                        available,
                    },
                });
            }
        }
        let accepted = self.write(buf, keys)?;
        debug_assert_eq!(
            accepted,
            buf.len(),
            "room() promised more than write() accepted"
        );
        Ok(())
    }

    /// Opens a record if none is open, and lends its free memory; empty if there is no room.
    pub(crate) fn lend(&mut self, keys: &mut dyn KeySchedule) -> Result<usize, WriteError> {
        self.check_open()?;
        // Whoever asks for memory without saying how much is not served with a short tail.
        match self.open_record(MAX_FRAGMENT_LEN / 4, keys) {
            Ok(Plan::Open(_)) => {
                let free = self.open_limit - self.open_len();
                let prefix_len = self.sealer.format().prefix_len();
                self.buffer.set_lent(prefix_len + self.open_limit);
                Ok(free)
            }
            Ok(Plan::NoRoom) => Ok(0),
            Ok(Plan::KeyLimit) => Err(WriteError::KeyLimit { accepted: 0 }),
            Err(_) => Err(WriteError::Failed { accepted: 0 }),
        }
    }

    /// The memory that [`lend`](Self::lend) found; valid until anything else is called.
    pub(crate) fn lent_mut(&mut self) -> &mut [u8] {
        self.open_slot()
    }

    pub(crate) fn lent_ref(&self) -> &[u8] {
        &self.buffer.tail()[self.open_range()]
    }

    /// Adds `len` bytes, which lie in the lent memory, to the open record.
    pub(crate) fn commit_slot(
        &mut self,
        len: usize,
        keys: &mut dyn KeySchedule,
    ) -> Result<(), WriteError> {
        self.commit(len, keys)
            .map_err(|_| WriteError::Failed { accepted: len })?;
        self.end_of_write(keys, len)
    }

    /// Ends the use of lent memory: a record to which nothing was committed is not open.
    pub(crate) fn return_slot(&mut self) {
        if self.open_len() == 0 {
            self.open_limit = 0;
            self.buffer.reuse_if_unused();
        }
    }

    /// Seals the open record, and the control record that is due.
    pub(crate) fn flush(&mut self, keys: &mut dyn KeySchedule) -> Result<(), WriteError> {
        match self.life {
            Life::Failed(_) => return Err(WriteError::Failed { accepted: 0 }),
            Life::Closed => return Ok(()),
            Life::Open => {}
        }
        self.seal_open(keys)
            .and_then(|()| self.seal_pending_control(keys))
            .map_err(|_| WriteError::Failed { accepted: 0 })
    }

    /// Makes sure that bytes wait if any can be made: the drain has reached the open record.
    pub(crate) fn seal_for_drain(&mut self, keys: &mut dyn KeySchedule) {
        if self.buffer.waiting() == 0 && self.life == Life::Open {
            // A failure is sticky, and has put its alert into the buffer: that is what to drain.
            let _failed = self.flush(keys);
        }
    }

    /// Seals everything, then `close_notify` (RFC 9846 §6.1). Closing again changes nothing.
    pub(crate) fn close(&mut self, keys: &mut dyn KeySchedule) -> Result<(), WriteError> {
        self.flush(keys)?;
        if self.life == Life::Open {
            // An answer that found no room is not due any more: no application record follows.
            self.pending = PendingControl::Nothing;
            self.seal_alert(Alert::warning(AlertDescription::CLOSE_NOTIFY));
            self.life = Life::Closed;
        }
        Ok(())
    }

    /// Ends in failure: the open record is wiped, the alert of `error` is sealed behind what was
    /// sealed before. Nothing is sealed after that, nor after `close_notify`.
    pub(crate) fn fail(&mut self, error: Error) {
        if let Life::Failed(_) = self.life {
            return;
        }
        self.buffer.wipe_tail();
        self.open_limit = 0;
        self.pending = PendingControl::Nothing;
        if let (Some(alert), Life::Open) = (error.alert(), self.life) {
            self.seal_alert(Alert::fatal(alert));
        }
        self.life = Life::Failed(error);
    }

    /// The fault that ended it.
    pub(crate) const fn error(&self) -> Option<Error> {
        match self.life {
            Life::Failed(error) => Some(error),
            Life::Open | Life::Closed => None,
        }
    }

    fn fail_for(&mut self, error: Error) -> Error {
        self.fail(error);
        error
    }

    /// Our KeyUpdate is to stand at the next record boundary. Requests made before it is sealed
    /// merge into one.
    pub(crate) fn request_update(
        &mut self,
        request: KeyUpdateRequest,
        keys: &dyn KeySchedule,
    ) -> Result<(), WriteError> {
        self.check_open()?;
        if !keys.can_update() {
            return Err(WriteError::NoKeyUpdate);
        }
        let asked = matches!(
            self.pending,
            PendingControl::KeyUpdate(KeyUpdateRequest::Requested)
        );
        // RFC 9846 §4.7.3: at most one request outstanding.
        let request = match self.peer_update {
            PeerUpdate::Outstanding => KeyUpdateRequest::NotRequested,
            PeerUpdate::NotRequested if asked => KeyUpdateRequest::Requested,
            PeerUpdate::NotRequested => request,
        };
        self.pending = PendingControl::KeyUpdate(request);
        Ok(())
    }

    /// The peer has updated its key: it owes us nothing more. If it asks, an answer is due
    /// before our next application record; it asks for nothing itself, whatever we wanted to ask
    /// before (RFC 9846 §4.7.3).
    pub(crate) fn on_peer_update(&mut self, request: KeyUpdateRequest) {
        self.peer_update = PeerUpdate::NotRequested;
        let waiting = matches!(self.pending, PendingControl::KeyUpdate(_));
        if self.life == Life::Open && (waiting || request == KeyUpdateRequest::Requested) {
            self.pending = PendingControl::KeyUpdate(KeyUpdateRequest::NotRequested);
        }
    }

    /// TLS 1.2: the refusal of a renegotiation is due (RFC 5246 §7.2.2).
    pub(crate) fn refuse_renegotiation(&mut self) {
        if self.life == Life::Open {
            self.pending = PendingControl::NoRenegotiation;
        }
    }

    pub(crate) fn room(&self, keys: &dyn KeySchedule) -> usize {
        match self.life {
            Life::Open => self.room_and_end(keys).0,
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

    pub(crate) fn buffer_state(&self, keys: &dyn KeySchedule) -> BufferState {
        if !self.wants_drain() {
            return BufferState::Empty;
        }
        let takes_more = self.life == Life::Open
            && (self.open_len() > 0 || matches!(self.cursor(keys).plan(1), Plan::Open(_)));
        if takes_more {
            BufferState::Holding
        } else {
            BufferState::Full
        }
    }

    /// Whether [`seal_for_drain`](Self::seal_for_drain) leaves bytes waiting.
    pub(crate) fn wants_drain(&self) -> bool {
        self.buffer.waiting() > 0 || self.open_len() > 0 || self.pending != PendingControl::Nothing
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

    pub(crate) const fn buffer(&self) -> &OutboundBuffer {
        &self.buffer
    }

    pub(crate) const fn buffer_mut(&mut self) -> &mut OutboundBuffer {
        &mut self.buffer
    }

    pub(crate) const fn next_seq(&self) -> u64 {
        self.sealer.seq()
    }

    const fn check_open(&self) -> Result<(), WriteError> {
        match self.life {
            Life::Open => Ok(()),
            Life::Closed => Err(WriteError::Closed),
            Life::Failed(_) => Err(WriteError::Failed { accepted: 0 }),
        }
    }

    /// Content so far of the open record.
    #[inline]
    fn open_len(&self) -> usize {
        self.buffer
            .filled_len()
            .saturating_sub(self.sealer.format().prefix_len())
    }

    /// The free memory of the open record.
    #[inline]
    fn open_slot(&mut self) -> &mut [u8] {
        let range = self.open_range();
        &mut self.buffer.tail_mut()[range]
    }

    /// Where in the tail it lies.
    #[inline]
    fn open_range(&self) -> Range<usize> {
        let prefix_len = self.sealer.format().prefix_len();
        prefix_len + self.open_len()..prefix_len + self.open_limit
    }

    /// Sees to it that a record is open, for a caller who has `want` more bytes.
    #[inline]
    fn open_record(&mut self, want: usize, keys: &mut dyn KeySchedule) -> Result<Plan, Error> {
        if self.open_len() > 0 {
            // A full record is sealed at once, so that there is room in it.
            return Ok(Plan::Open(OpenPlan::already()));
        }
        let plan = self.cursor(keys).plan(want);
        let Plan::Open(open) = plan else {
            return Ok(plan);
        };
        if open.fresh {
            self.buffer.add_segment();
        }
        if open.update_keys && self.pending == PendingControl::Nothing {
            self.pending = PendingControl::KeyUpdate(KeyUpdateRequest::NotRequested);
        }
        self.seal_control_at(0, keys)?;
        self.open_limit = open.content_limit;
        Ok(plan)
    }

    /// Adds `len` bytes to the open record, and seals it if it is full.
    #[inline]
    fn commit(&mut self, len: usize, keys: &mut dyn KeySchedule) -> Result<(), Error> {
        let content_len = self.open_len() + len;
        self.accepted = self
            .accepted
            .saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        if content_len > 0 {
            self.buffer
                .set_filled(self.sealer.format().prefix_len() + content_len);
        }
        if content_len == self.open_limit {
            self.seal_open(keys)
        } else {
            Ok(())
        }
    }

    fn end_of_write(
        &mut self,
        keys: &mut dyn KeySchedule,
        accepted: usize,
    ) -> Result<(), WriteError> {
        match self.coalescing {
            Coalescing::On => Ok(()),
            Coalescing::Off => self
                .seal_open(keys)
                .map_err(|_| WriteError::Failed { accepted }),
        }
    }

    /// Seals the open record, if there is one, behind the control record that is due.
    fn seal_open(&mut self, keys: &mut dyn KeySchedule) -> Result<(), Error> {
        let content_len = self.open_len();
        if content_len == 0 {
            return Ok(());
        }
        self.seal_control_at(content_len, keys)?;
        let sealed = self.sealer.seal(
            ContentType::ApplicationData,
            self.buffer.tail_mut(),
            content_len,
            0,
        );
        let Some(record_len) = sealed else {
            // Not reached: a record is opened only when the budget, which counts the sequence
            // numbers, allows it.
            return Err(self.fail_for(Error::KeysExhausted));
        };
        self.buffer.seal(record_len, content_len);
        self.open_limit = 0;
        self.records += 1;
        Ok(())
    }

    /// Seals the control record that is due when no record is open; it stays due if there is no
    /// room for it and an alert after it.
    fn seal_pending_control(&mut self, keys: &mut dyn KeySchedule) -> Result<(), Error> {
        let needed = self.control_len() + MAX_ALERT_RECORD_LEN;
        if self.pending == PendingControl::Nothing {
            return Ok(());
        }
        if self.buffer.tail_len() < needed {
            if self.buffer.fresh_segments() == 0 {
                return Ok(());
            }
            self.buffer.add_segment();
        }
        self.seal_control_at(0, keys)
    }

    /// Seals the control record that is due at the start of the tail. `content_len` bytes of an
    /// open record that lie there move behind it, into the room that every open record leaves.
    fn seal_control_at(
        &mut self,
        content_len: usize,
        keys: &mut dyn KeySchedule,
    ) -> Result<(), Error> {
        if self.pending == PendingControl::Nothing {
            return Ok(());
        }
        let prefix_len = self.sealer.format().prefix_len();
        if content_len > 0 {
            let control_len = self.control_len();
            let content = prefix_len..prefix_len + content_len;
            self.buffer.set_filled(content.end + control_len);
            self.buffer
                .tail_mut()
                .copy_within(content, prefix_len + control_len);
        }
        match core::mem::replace(&mut self.pending, PendingControl::Nothing) {
            PendingControl::Nothing => {}
            PendingControl::NoRenegotiation => {
                self.seal_alert(Alert::warning(AlertDescription::NO_RENEGOTIATION));
            }
            PendingControl::KeyUpdate(request) => self.seal_key_update(request, keys)?,
        }
        if content_len > 0 {
            self.buffer.set_filled(prefix_len + content_len);
        }
        Ok(())
    }

    /// RFC 9846 §4.7.3: the KeyUpdate is sealed under the old key, all that follows under the
    /// new one.
    fn seal_key_update(
        &mut self,
        request: KeyUpdateRequest,
        keys: &mut dyn KeySchedule,
    ) -> Result<(), Error> {
        let next = match keys.next_write_keys() {
            Ok(next) if self.sealer.budget().allows_control_record() => next,
            Ok(_) => return Err(self.fail_for(Error::KeysExhausted)),
            Err(error) => return Err(self.fail_for(error)),
        };
        self.seal_control(ContentType::Handshake, &encode_key_update(request));
        self.sealer = RecordSealer::new(next, self.key_limits);
        self.key_updates += 1;
        if request == KeyUpdateRequest::Requested {
            self.peer_update = PeerUpdate::Outstanding;
        }
        Ok(())
    }

    /// There is room: every segment in use keeps some for an alert, and an empty buffer has
    /// segments to add.
    fn seal_alert(&mut self, alert: Alert) {
        if self.buffer.tail_len() == 0 {
            self.buffer.add_segment();
        }
        self.seal_control(ContentType::Alert, &alert.encode());
    }

    fn seal_control(&mut self, content_type: ContentType, content: &[u8]) {
        if !self.sealer.budget().allows_control_record() {
            return;
        }
        let prefix_len = self.sealer.format().prefix_len();
        let tail = self.buffer.tail_mut();
        tail[prefix_len..prefix_len + content.len()].copy_from_slice(content);
        if let Some(len) = self.sealer.seal(content_type, tail, content.len(), 0) {
            self.buffer.seal(len, 0);
        }
    }

    /// Wire length of the control record that is due.
    fn control_len(&self) -> usize {
        let content_len = match self.pending {
            PendingControl::Nothing => return 0,
            PendingControl::KeyUpdate(_) => KEY_UPDATE_LEN,
            PendingControl::NoRenegotiation => Alert::LEN,
        };
        self.sealer.format().record_len(content_len)
    }

    #[inline]
    fn cursor(&self, keys: &dyn KeySchedule) -> Cursor {
        let format = self.sealer.format();
        let update = if keys.can_update() {
            let record_len = format.record_len(KEY_UPDATE_LEN);
            Update::Possible {
                record_len,
                limits: self.key_limits,
            }
        } else {
            Update::Impossible
        };
        Cursor {
            format,
            target: self.content_limit(),
            tail: self.buffer.tail_len(),
            fresh: self.buffer.fresh_segments(),
            segment_len: self.buffer.segment_len(),
            control_len: self.control_len(),
            budget: self.sealer.budget(),
            update,
        }
    }

    /// Content of the largest record. The protocol's own limit counts content only; a smaller
    /// cap counts the type byte too, as RFC 8449 §4 does.
    fn content_limit(&self) -> usize {
        if self.fragment_limit == MAX_FRAGMENT_LEN {
            return MAX_FRAGMENT_LEN;
        }
        self.fragment_limit - self.sealer.format().inner_type_len()
    }

    /// What `write` would accept, and what would end it.
    fn room_and_end(&self, keys: &dyn KeySchedule) -> (usize, Plan) {
        let open_len = self.open_len();
        let mut cursor = self.cursor(keys);
        if open_len == 0 {
            return cursor.room();
        }
        cursor.assume_sealed(self.open_limit);
        let (room, end) = cursor.room();
        (self.open_limit - open_len + room, end)
    }
}
