//! The writing calls: they put plaintext into the current record.

use core::ops::Deref;

use super::current::CurrentRecord;
use super::cursor::{End, Plan};
use super::progress::RecordEnd;
use super::seal::Failed;
use super::state::Life;
use super::{Coalescing, Writer};
use crate::alert::{Alert, AlertDescription};
use crate::error::{Error, WriteError};
use crate::num::to_usize;

impl Writer {
    /// Accepts as much of the start of `buf` as there is [`room`](Self::room) for and returns how
    /// many bytes that was. It can be 0: before the handshake ends there is no room. Accepted bytes
    /// belong to the engine: you can reuse `buf` immediately, and you never have to repeat a call.
    /// An empty `buf` changes nothing, and returns the same errors.
    ///
    /// # Errors
    /// [`WriteError::Closed`] after [`close`](Self::close); [`WriteError::KeyLimit`], with the
    /// count accepted, if the key must not seal any more (RFC 9846 §5.5) and cannot be updated;
    /// [`WriteError::Failed`] after a fatal error.
    #[inline]
    pub fn write(&mut self, buf: &[u8]) -> Result<usize, WriteError> {
        if self.shares_record(buf) { Ok(buf.len()) } else { self.write_closely(buf) }
    }

    #[inline(never)]
    fn write_closely(&mut self, buf: &[u8]) -> Result<usize, WriteError> {
        self.check_open()?;
        if !buf.is_empty() && self.copy_if_it_fits(buf) {
            return self.commit_copied(buf.len()).map(|()| buf.len());
        }
        let accepted = self.fill_records(buf, buf.len())?;
        self.end_of_write(accepted)
    }

    /// Accepts all of `buf` or nothing.
    ///
    /// # Errors
    /// [`WriteError::NoRoom`] if `buf` is longer than [`room`](Self::room), and
    /// [`WriteError::Negotiating`] before the handshake ends unless `buf` is empty. Nothing changes
    /// in either case. Otherwise the same errors as [`write`](Self::write).
    #[inline]
    pub fn write_atomic(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        if self.shares_record(buf) { Ok(()) } else { self.write_atomic_closely(buf) }
    }

    #[inline(never)]
    fn write_atomic_closely(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        if buf.is_empty() {
            return self.check_open();
        }
        self.check_established()?;
        if self.copy_if_it_fits(buf) {
            return self.commit_copied(buf.len());
        }
        let (available, end) = self.room_up_to(buf.len());
        if buf.len() > available {
            return Err(match end {
                End::KeyLimit => WriteError::KeyLimit { accepted: 0 },
                End::NoRoom | End::AllAccepted => {
                    WriteError::NoRoom { needed: buf.len(), available }
                }
            });
        }
        let accepted = self.write_closely(buf)?;
        debug_assert_eq!(accepted, buf.len(), "`room` promised more than `write` accepted");
        Ok(())
    }

    /// Like [`write`](Self::write), but gathers from several buffers as if they were one: they
    /// share records even with [`Coalescing::Off`]. `IoSlice`, `Bytes`, `Vec<u8>` and `&[u8]` all
    /// work as buffers. If the peer expects each buffer in a record of its own, write each with its
    /// own call and [`flush`](Self::flush) in between.
    ///
    /// # Errors
    /// The same as [`write`](Self::write).
    pub fn write_vectored<B>(&mut self, bufs: &[B]) -> Result<usize, WriteError>
    where
        B: Deref<Target = [u8]>,
    {
        self.check_open()?;
        let total = bufs.iter().fold(0, |total: usize, buf| total.saturating_add(buf.len()));
        let mut accepted = 0;
        for buf in bufs {
            let n = self
                .fill_records(buf, total.saturating_sub(accepted))
                .map_err(|error| error.after(accepted))?;
            accepted += n;
            if n < buf.len() {
                break;
            }
        }
        self.end_of_write(accepted)
    }

    /// Seals a record without content, after everything accepted so far: cover traffic (RFC 9846
    /// §5.4). In TLS 1.3 the record carries `padding` zeros, at most as many as the hard cap
    /// allows; in TLS 1.2 it is empty. A peer may reject a long run of such records without
    /// application data in between.
    ///
    /// # Errors
    /// [`WriteError::NoRoom`] if there is no room for it; otherwise the same errors as
    /// [`write`](Self::write).
    pub fn write_cover(&mut self, padding: usize) -> Result<(), WriteError> {
        self.check_established()?;
        self.return_lent();
        let type_len = self.planner.format().inner_type_len();
        let padding = padding.min(self.planner.policy().max_content()) * type_len;
        let plan = match self.cursor().plan_cover(self.begun(), padding) {
            Plan::Begin(plan) if plan.content_limit() >= padding => plan,
            Plan::Begin(plan) => {
                let available = plan.content_limit();
                return Err(WriteError::NoRoom { needed: padding, available });
            }
            Plan::NoRoom => {
                return Err(WriteError::NoRoom { needed: padding.max(1), available: 0 });
            }
            Plan::KeyLimit => return Err(WriteError::KeyLimit { accepted: 0 }),
        };
        self.seal_current(RecordEnd::Cover)?;
        self.begin_planned(plan)?;
        Ok(self.seal_cover(padding)?)
    }

    /// Combines [`write_atomic`](Self::write_atomic) and [`close`](Self::close): `close_notify`
    /// follows `buf` without waiting for the drain. If there is no room, nothing changes.
    ///
    /// # Errors
    /// The same as [`write_atomic`](Self::write_atomic).
    pub fn write_and_close(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        self.check_established()?;
        self.write_atomic(buf)?;
        self.close().map_err(|error| error.after(buf.len()))
    }

    /// Seals the current record, so that you can drain everything accepted so far without waiting
    /// for more. A repeated call changes nothing.
    ///
    /// # Errors
    /// [`WriteError::Failed`] after a fatal error.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.seal_all(RecordEnd::Flushed)
    }

    /// Seals everything that can be sealed, and counts `end` as the reason.
    #[inline(never)]
    pub(super) fn seal_all(&mut self, end: RecordEnd) -> Result<(), WriteError> {
        match self.life {
            Life::Sealing | Life::Failed(_) => Err(Failed.into()),
            Life::Negotiating | Life::Closed => Ok(()),
            Life::Open => {
                self.seal_current(end)?;
                Ok(self.seal_due_alone()?)
            }
        }
    }

    /// Seals the current record and `close_notify` (RFC 9846 §6.1). Nothing accepted is lost: drain
    /// until [`state`](Self::state) is [`WriterState::Closed`](super::WriterState::Closed). A
    /// repeated call changes nothing.
    ///
    /// # Errors
    /// [`WriteError::Failed`] after a fatal error.
    pub fn close(&mut self) -> Result<(), WriteError> {
        self.seal_all(RecordEnd::Closed)?;
        if self.life == Life::Open {
            // An answer that found no room is no longer due: no application record follows.
            self.control.clear();
            if !self.seal_alert(Alert::warning(AlertDescription::CLOSE_NOTIFY)) {
                return Err(self.fail_with(Error::KeysExhausted).into());
            }
            self.life = Life::Closed;
        }
        if self.life == Life::Negotiating {
            // Without keys, no alert can be sealed.
            self.life = Life::Closed;
        }
        Ok(())
    }

    /// Fails the writer with a fatal alert (RFC 9846 §6.2). The current record is wiped. You can
    /// still drain what was sealed before, and then the alert. After a close or a failure no
    /// further alert is sealed. For `close_notify` and `user_canceled`, which do not signal an
    /// error (RFC 9846 §6.1), `internal_error` is sent instead.
    pub fn abort(&mut self, alert: AlertDescription) {
        self.end_with(Error::Aborted(alert));
    }

    /// Tells the writer that the reading half has failed with `error`. If the peer is at fault,
    /// this fails the writer as [`abort`](Self::abort) does, with the alert for that fault. After a
    /// fatal alert from the peer ([`Error::PeerAlert`]) nothing may be sent any more: all pending
    /// bytes are dropped, in every state (RFC 9846 §6.2). [`Error::Truncated`] ends reading only
    /// and changes nothing here.
    pub fn fail(&mut self, error: Error) {
        if error != Error::Truncated {
            self.end_with(error);
        }
    }

    /// Accepts as much of the start of `buf` as there is room for. The caller has `want` bytes in
    /// all.
    #[inline]
    pub(super) fn fill_records(&mut self, buf: &[u8], want: usize) -> Result<usize, WriteError> {
        let mut accepted = 0;
        while accepted < buf.len() {
            match self.begin_record(want - accepted) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.end_of_write(accepted)?;
                    return Err(error.after(accepted));
                }
            }
            if let Some(n) = self.seal_from(&buf[accepted..])? {
                accepted += n;
                continue;
            }
            let n = self.copy_part(&buf[accepted..]);
            if n == 0 {
                break;
            }
            accepted += n;
            self.commit_filled(n, false).map_err(|Failed| WriteError::Failed { accepted })?;
        }
        Ok(accepted)
    }

    /// The most common write: a few bytes that fit into the current record without filling it. Adds
    /// them and returns true; otherwise changes nothing and returns false. There is no need to
    /// check the state, because only an open writer has a current record.
    #[inline]
    fn shares_record(&mut self, buf: &[u8]) -> bool {
        let Some(record) = &mut self.record else { return false };
        if buf.is_empty() || buf.len() >= record.free() || self.coalescing == Coalescing::Off {
            return false;
        }
        debug_assert_eq!(self.life, Life::Open, "a writer that is not open has a current record");
        debug_assert_eq!(
            self.buffer.filled_len(),
            to_usize(record.filled(self.planner.format().prefix_len())),
            "the part of the tail in use ends elsewhere than the record"
        );
        let fits = self.buffer.fill_more(buf);
        if fits {
            record.grow(buf.len());
            self.counts.on_accepted(buf.len());
        }
        fits
    }

    /// Copies all of `buf` into the current record if it fits. If there is no current record, this
    /// begins one when the quick plan allows it. The caller must commit the bytes.
    #[inline(always)]
    fn copy_if_it_fits(&mut self, buf: &[u8]) -> bool {
        let record = match &mut self.record {
            Some(record) => record,
            None => match self.whole_record_in_tail() {
                // A whole record is sealed straight from `buf` if that saves the copy.
                Some(limit) if buf.len() < limit || buf.len() == limit && !self.seals_from() => {
                    self.record.insert(CurrentRecord::new(limit))
                }
                _ => return false,
            },
        };
        let offset = record.filled(self.planner.format().prefix_len());
        buf.len() <= record.free() && self.buffer.fill_tail(offset, buf)
    }

    /// Copies as much of the start of `buf` as the current record takes into it. The caller must
    /// commit the bytes.
    #[inline(always)]
    fn copy_part(&mut self, buf: &[u8]) -> usize {
        let Some(record) = &self.record else { return 0 };
        let offset = record.filled(self.planner.format().prefix_len());
        let n = record.free().min(buf.len());
        if self.buffer.fill_tail(offset, &buf[..n]) { n } else { 0 }
    }

    /// Adds `len` bytes, all of one call, to the current record. The record ends there unless later
    /// calls may share it.
    #[inline(always)]
    pub(super) fn commit_whole(&mut self, len: usize) -> Result<(), WriteError> {
        let ends = self.coalescing == Coalescing::Off;
        self.commit(len, ends).map_err(|Failed| WriteError::Failed { accepted: len })
    }

    /// The same for bytes that were [copied](Self::copy_if_it_fits).
    #[inline(always)]
    fn commit_copied(&mut self, len: usize) -> Result<(), WriteError> {
        let ends = self.coalescing == Coalescing::Off;
        self.commit_filled(len, ends).map_err(|Failed| WriteError::Failed { accepted: len })
    }

    #[inline]
    pub(super) fn end_of_write(&mut self, accepted: usize) -> Result<usize, WriteError> {
        // A call that accepted nothing has no record to end, and does not end a loan.
        if self.coalescing == Coalescing::Off && accepted > 0 {
            self.end_record(accepted)?;
        }
        Ok(accepted)
    }

    /// Ends the current record after a call that has written `accepted` bytes.
    pub(super) fn end_record(&mut self, accepted: usize) -> Result<(), WriteError> {
        self.seal_current(RecordEnd::Flushed).map_err(|Failed| WriteError::Failed { accepted })
    }
}

#[cfg(all(test, feature = "rustls"))]
mod tests {
    use super::*;
    use crate::aead::{NextKeys, WriteKeys};
    use crate::writer::WriterConfig;
    use alloc::boxed::Box;

    use crate::aead::{CipherSuite, KeySchedule, ReadKeys};
    use crate::error::PeerFault;

    use crate::record::KeyUpdateRequest::NotRequested;
    #[cfg(feature = "parallel")]
    use {crate::aead::KeyLimits, bytes::Bytes};

    /// A key that should have a next generation but has none.
    #[derive(Debug)]
    struct NoNextKeys;

    impl KeySchedule for NoNextKeys {
        fn updates_left(&self) -> u64 {
            1
        }

        fn next_write_keys(&mut self) -> Result<WriteKeys, Error> {
            Err(Error::KeysExhausted)
        }

        fn next_read_keys(&mut self) -> Result<ReadKeys, Error> {
            Err(Error::KeysExhausted)
        }

        fn store_ticket(&mut self, _body: &[u8]) -> Result<(), PeerFault> {
            Ok(())
        }
    }

    #[test]
    fn write_final_counts_what_it_accepted_before_its_close_failed() {
        let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
        let keys = WriteKeys::new(suite, &[3; 16], [5; 12], 0).unwrap();
        let config = WriterConfig::default();
        let next_keys = NextKeys::Schedule(Box::new(NoNextKeys));
        let mut writer = Writer::without_keys(config).unwrap();
        writer.begin(keys, next_keys);
        writer.write(b"head").unwrap();
        writer.update_keys(NotRequested).unwrap();
        let refused = writer.write_and_close(b"tail");
        assert_eq!(refused, Err(WriteError::Failed { accepted: 4 }));
        assert_eq!(writer.error(), Some(Error::KeysExhausted));
    }

    #[cfg(feature = "parallel")]
    #[test]
    fn a_writer_that_fails_while_a_batch_is_planned_stays_failed() {
        let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
        let keys = WriteKeys::new(suite, &[3; 16], [5; 12], 0).unwrap();
        let key_limits = Some(KeyLimits { records: 4, blocks: u64::MAX });
        let config = WriterConfig { key_limits, ..WriterConfig::default() };
        let mut writer = Writer::without_keys(config).unwrap();
        writer.begin(keys, NextKeys::Schedule(Box::new(NoNextKeys)));
        let mut plaintext = Bytes::from_static(&[1; 60_000]);
        let batch = writer.seal_batch(&mut plaintext).unwrap();
        assert_eq!(batch.finish(), Err(WriteError::Failed { accepted: 2 * 16_384 }));
        assert_eq!(
            (plaintext.len(), writer.error()),
            (60_000 - 2 * 16_384, Some(Error::KeysExhausted))
        );
        assert_eq!(writer.write(b"x"), Err(WriteError::Failed { accepted: 0 }));
        assert_eq!(writer.waiting(), 2 * 16_406 + 24, "the records and an alert");
    }

    /// Also when the write is exactly one record.
    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn whole_records_are_sealed_from_the_callers_memory() {
        use crate::aead::AeadProvider;

        for (len, sealed) in [(16_383, 0), (16_384, 1), (32_768, 2), (40_000, 2)] {
            let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
            let keys = WriteKeys::new(suite, &[3; 16], [5; 12], 0).unwrap();
            let config = WriterConfig { aead: AeadProvider::AwsLc, ..WriterConfig::default() };
            let mut writer = Writer::new(keys, config).unwrap();
            // A drained segment is available.
            writer.write(b"first").unwrap();
            let mut drain = writer.drain();
            drain.advance(drain.remaining()).unwrap();
            let copied = writer.copy_if_it_fits(&alloc::vec![7; len]);
            assert_eq!(copied, sealed == 0, "{len}");
            if !copied {
                assert_eq!(writer.write(&alloc::vec![7; len]), Ok(len));
                assert_eq!(writer.progress().records, 1 + sealed, "{len}");
            }
        }
    }
}
