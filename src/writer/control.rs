//! What is sealed around the application's records: KeyUpdates, alerts, the end.
//!
//! Each has one fixed place and its room in every segment, so that it can always be made.

use core::ops::Deref;

use super::config::{MAX_ALERT_RECORD_LEN, MAX_CONTROL_RECORD_LEN};
use super::half::WriteHalf;
use super::state::{Life, PeerUpdate, PendingControl};
use crate::aead::{KeySchedule, RecordSealer};
use crate::alert::{Alert, AlertDescription};
use crate::error::{Error, WriteError};
use crate::record::{ContentType, KEY_UPDATE_LEN, KeyUpdateRequest, Version, encode_key_update};

impl WriteHalf {
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

    pub(super) fn fail_for(&mut self, error: Error) -> Error {
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
        // RFC 9846 §4.7.3: at most one request outstanding.
        let request = match self.peer_update {
            PeerUpdate::Outstanding => KeyUpdateRequest::NotRequested,
            PeerUpdate::NotRequested => request,
        };
        self.pending = match self.pending {
            // The peer has just updated its key: there is nothing to ask it for.
            PendingControl::KeyUpdateAnswer => PendingControl::KeyUpdateAnswer,
            PendingControl::KeyUpdate(KeyUpdateRequest::Requested) => self.pending,
            _ => PendingControl::KeyUpdate(request),
        };
        Ok(())
    }

    /// The peer has updated its key. If it asks, an answer is due before our next application
    /// record. What we wanted to ask it for has been done.
    pub(crate) fn on_peer_update(&mut self, request: KeyUpdateRequest, keys: &dyn KeySchedule) {
        // RFC 9846 §4.7.3: an answer does not ask, so one that asks has crossed our request.
        if request == KeyUpdateRequest::NotRequested {
            self.peer_update = PeerUpdate::NotRequested;
        }
        if self.life != Life::Open {
            return;
        }
        self.pending = match (request, self.pending) {
            // RFC 9846 §4.7.3: beyond our last generation the request is ignored.
            (KeyUpdateRequest::Requested, pending) if !keys.can_update() => pending,
            (KeyUpdateRequest::Requested, _) => PendingControl::KeyUpdateAnswer,
            (KeyUpdateRequest::NotRequested, PendingControl::KeyUpdate(_)) => {
                PendingControl::KeyUpdate(KeyUpdateRequest::NotRequested)
            }
            (KeyUpdateRequest::NotRequested, pending) => pending,
        };
    }

    /// Whether the peer's next KeyUpdate is one that we asked for.
    #[cfg(feature = "rustls")]
    pub(crate) fn expects_peer_update(&self) -> bool {
        self.peer_update == PeerUpdate::Outstanding
    }

    /// TLS 1.2: the refusal of a renegotiation is due (RFC 5246 §7.2.2).
    pub(crate) fn refuse_renegotiation(&mut self) {
        let is_tls12 = self.sealer.format().version == Version::Tls12;
        // One record stays for `close_notify`, behind the open one.
        let mut budget = self.sealer.budget();
        if self.open_len() > 0 {
            budget.spend(self.open.content_limit);
        }
        if self.life == Life::Open && is_tls12 && budget.allows_warning() {
            self.pending = PendingControl::NoRenegotiation;
        }
    }

    /// Seals the control record that is due when no record is open; it stays due if there is no
    /// room for it and an alert after it.
    pub(super) fn seal_pending_control(&mut self, keys: &mut dyn KeySchedule) -> Result<(), Error> {
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
    /// open record that lie there move behind it, into the room that every open record leaves, and
    /// are to be sealed there at once.
    #[inline]
    pub(super) fn seal_control_at(
        &mut self,
        content_len: usize,
        keys: &mut dyn KeySchedule,
    ) -> Result<(), Error> {
        match self.pending {
            PendingControl::Nothing => Ok(()),
            _ => self.seal_due_control_at(content_len, keys),
        }
    }

    #[cold]
    fn seal_due_control_at(
        &mut self,
        content_len: usize,
        keys: &mut dyn KeySchedule,
    ) -> Result<(), Error> {
        let prefix_len = self.sealer.format().prefix_len();
        if content_len > 0 {
            let control_len = self.control_len();
            let content = prefix_len..prefix_len + content_len;
            self.buffer.set_filled(content.end + control_len);
            self.buffer.tail_mut().copy_within(content, prefix_len + control_len);
        }
        match self.take_pending_control(keys) {
            Ok(Some(record)) => self.append_control(&record),
            Ok(None) => {}
            Err(error) => return Err(self.fail_for(error)),
        }
        Ok(())
    }

    /// Seals the control record that is due, for the caller to put into its place. A KeyUpdate
    /// is sealed under the old key, all that follows under the new one (RFC 9846 §4.7.3). After
    /// an error the caller fails the half, behind what it has sealed.
    pub(super) fn take_pending_control(
        &mut self,
        keys: &mut dyn KeySchedule,
    ) -> Result<Option<ControlRecord>, Error> {
        let request = match core::mem::replace(&mut self.pending, PendingControl::Nothing) {
            PendingControl::Nothing => return Ok(None),
            PendingControl::NoRenegotiation => {
                let warning = Alert::warning(AlertDescription::NO_RENEGOTIATION);
                let record = self.control_record(ContentType::Alert, &warning.encode());
                return record.map(Some).ok_or(Error::KeysExhausted);
            }
            PendingControl::KeyUpdate(request) => request,
            PendingControl::KeyUpdateAnswer => KeyUpdateRequest::NotRequested,
        };
        let next = keys.next_write_keys()?;
        let record = self.control_record(ContentType::Handshake, &encode_key_update(request));
        let record = record.ok_or(Error::KeysExhausted)?;
        self.sealer = RecordSealer::new(next, self.key_limits);
        self.key_updates += 1;
        if request == KeyUpdateRequest::Requested {
            self.peer_update = PeerUpdate::Outstanding;
        }
        Ok(Some(record))
    }

    /// Seals an alert behind everything else.
    fn seal_alert(&mut self, alert: Alert) {
        if let Some(record) = self.control_record(ContentType::Alert, &alert.encode()) {
            self.append_control(&record);
        }
    }

    /// Puts a control record at the start of the tail. Every segment in use keeps room for it;
    /// behind foreign memory it gets its own.
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

    /// A sealed control record; `None` if the key may seal no more.
    fn control_record(
        &mut self,
        content_type: ContentType,
        content: &[u8],
    ) -> Option<ControlRecord> {
        if !self.sealer.budget().allows_control_record() {
            return None;
        }
        let mut bytes = [0; MAX_CONTROL_RECORD_LEN];
        bytes[self.sealer.format().prefix_len()..][..content.len()].copy_from_slice(content);
        let len = self.sealer.seal(content_type, &mut bytes, content.len(), 0)?;
        Some(ControlRecord { bytes, len })
    }

    /// Wire length of the control record that is due.
    pub(super) fn control_len(&self) -> usize {
        let content_len = match self.pending {
            PendingControl::Nothing => return 0,
            PendingControl::KeyUpdate(_) | PendingControl::KeyUpdateAnswer => KEY_UPDATE_LEN,
            PendingControl::NoRenegotiation => Alert::LEN,
        };
        self.sealer.format().record_len(content_len)
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
    use super::KeyUpdateRequest::Requested;
    use super::*;
    use crate::aead::{CipherSuite, TrafficSecret, WriteKeys};
    use crate::writer::{Writer, WriterConfig};

    /// RFC 9846 §4.7.3: an answer beyond the limit is omitted.
    #[test]
    fn the_last_generation_answers_no_request() {
        const LAST: u64 = (1 << 48) - 1;
        for (generation, answers) in [(LAST - 2, 2), (LAST - 1, 1), (LAST, 0)] {
            let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
            let secret = TrafficSecret::new(suite, &[7; 32]).unwrap().at_generation(generation);
            let keys = WriteKeys::from_secret(secret);
            let mut writer = Writer::new(keys, WriterConfig::default());
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
