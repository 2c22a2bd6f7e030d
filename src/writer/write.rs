//! The writing calls: plaintext into the current record.

use core::ops::Deref;

use super::current::CurrentRecord;
use super::cursor::{End, Plan};
use super::progress::RecordEnd;
use super::seal::Failed;
use super::state::Life;
use super::{Coalescing, Writer};
use crate::alert::{Alert, AlertDescription};
use crate::buffer::copy;
use crate::error::{Error, WriteError};

impl Writer {
    /// Accepts as long a prefix of `buf` as there is [`room`](Self::room) for and returns its
    /// length in bytes, 0 included: before the end of the handshake there is no room. What was
    /// accepted belongs to the engine: `buf` may be reused at once, and nothing has to be repeated.
    /// An empty `buf` changes nothing.
    ///
    /// # Errors
    /// [`WriteError::Closed`] after [`close`](Self::close); [`WriteError::KeyLimit`] with the
    /// count accepted when the key may seal no more (RFC 9846 §5.5) and cannot be updated;
    /// [`WriteError::Failed`] after a fatal fault.
    #[inline]
    pub fn write(&mut self, buf: &[u8]) -> Result<usize, WriteError> {
        if self.shares_record(buf) { Ok(buf.len()) } else { self.write_closely(buf) }
    }

    #[inline(never)]
    fn write_closely(&mut self, buf: &[u8]) -> Result<usize, WriteError> {
        self.check_open()?;
        if !buf.is_empty() && self.copy_if_it_fits(buf) {
            return self.commit_whole(buf.len()).map(|()| buf.len());
        }
        let accepted = self.fill_records(buf, buf.len())?;
        self.end_of_write(accepted)
    }

    /// Accepts all of `buf` or nothing.
    ///
    /// # Errors
    /// [`WriteError::NoRoom`] if `buf` is longer than [`room`](Self::room), and
    /// [`WriteError::Negotiating`] before the end of the handshake unless `buf` is empty; nothing
    /// has changed then. Otherwise as [`write`](Self::write).
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
            return self.commit_whole(buf.len());
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
        debug_assert_eq!(accepted, buf.len(), "room() promised more than write() accepted");
        Ok(())
    }

    /// As [`write`](Self::write), from several buffers as if they were one: with
    /// [`Coalescing::Off`] too they share their records. `IoSlice`, `Bytes`, `Vec<u8>` and
    /// `&[u8]` are such buffers. A peer that wants each in a record of its own needs a
    /// [`flush`](Self::flush) between them, and so a call for each.
    ///
    /// # Errors
    /// As [`write`](Self::write).
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

    /// Seals a record without content, behind everything accepted: cover traffic
    /// (RFC 9846 §5.4). In TLS 1.3 it is `padding` zeros long, at most what the hard cap allows;
    /// in TLS 1.2 it is empty. A peer may refuse many of them without application data in
    /// between.
    ///
    /// # Errors
    /// [`WriteError::NoRoom`] if there is no room for it; otherwise as [`write`](Self::write).
    pub fn write_cover(&mut self, padding: usize) -> Result<(), WriteError> {
        self.check_established()?;
        self.return_lent();
        let type_len = self.planner.format().inner_type_len();
        let padding = padding.min(self.planner.policy().max_content()) * type_len;
        let plan = match self.cursor().plan_cover(self.record, padding) {
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

    /// [`write_atomic`](Self::write_atomic) and [`close`](Self::close) in one: `close_notify`
    /// follows `buf` without waiting for the drain. If there is no room, nothing changes.
    ///
    /// # Errors
    /// As [`write_atomic`](Self::write_atomic).
    pub fn write_and_close(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        self.check_established()?;
        self.write_atomic(buf)?;
        self.close().map_err(|error| error.after(buf.len()))
    }

    /// Seals the current record: everything accepted so far can be drained without waiting for
    /// more. Repeated, it changes nothing.
    ///
    /// # Errors
    /// [`WriteError::Failed`] after a fatal fault.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.seal_all(RecordEnd::Flushed)
    }

    /// Seals what can be sealed, for this reason.
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
    /// until [`state`](Self::state) is [`WriterState::Closed`](super::WriterState::Closed).
    /// Repeated, it changes nothing.
    ///
    /// # Errors
    /// [`WriteError::Failed`] after a fatal fault.
    pub fn close(&mut self) -> Result<(), WriteError> {
        self.seal_all(RecordEnd::Closed)?;
        if self.life == Life::Open {
            // An answer that found no room is not due any more: no application record follows.
            self.control.clear();
            if !self.seal_alert(Alert::warning(AlertDescription::CLOSE_NOTIFY)) {
                return Err(self.fail_with(Error::KeysExhausted).into());
            }
            self.life = Life::Closed;
        }
        if self.life == Life::Negotiating {
            // Without keys there is no alert.
            self.life = Life::Closed;
        }
        Ok(())
    }

    /// Ends in failure with a fatal alert (RFC 9846 §6.2): the current record is wiped, what was
    /// sealed before can still be drained, the alert behind it. After a close or a failure no
    /// alert is sealed any more. In the place of `close_notify` and `user_canceled`, which would
    /// look like a clean end or like none (RFC 9846 §6.1), `internal_error` is sent.
    pub fn abort(&mut self, alert: AlertDescription) {
        self.end_with(Error::Aborted(alert));
    }

    /// The reading half has failed with this error. A fault of the peer's ends the writer as
    /// [`abort`](Self::abort) does, with the alert of the fault. Behind a fatal alert of the
    /// peer's ([`Error::PeerAlert`]) nothing leaves any more: what waits is dropped, whatever the
    /// state (RFC 9846 §6.2). [`Error::Truncated`] ends reading only, and changes nothing here.
    pub fn fail(&mut self, error: Error) {
        if error != Error::Truncated {
            self.end_with(error);
        }
    }

    /// Takes as long a prefix of `buf` as there is room for, for a caller who has `want` bytes.
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
            let free = self.free_mut();
            let n = free.len().min(buf.len() - accepted);
            copy(free, &buf[accepted..][..n]);
            accepted += n;
            self.commit(n, false).map_err(|Failed| WriteError::Failed { accepted })?;
        }
        Ok(accepted)
    }

    /// The most common write: a few bytes that share the current record with others and do not fill
    /// it. Adds them and returns true; any other write changes nothing and returns false. No other
    /// state matters: there is a current record only while the writer is open.
    #[inline]
    fn shares_record(&mut self, buf: &[u8]) -> bool {
        let Some(record) = &mut self.record else { return false };
        if buf.is_empty() || buf.len() >= record.free() || self.coalescing == Coalescing::Off {
            return false;
        }
        debug_assert_eq!(self.life, Life::Open, "a current record of a writer that is not open");
        let offset = self.planner.format().prefix_len() + record.len();
        let fits = self.buffer.fill_tail(offset, buf);
        if fits {
            record.grow(buf.len());
            self.counts.on_accepted(buf.len());
        }
        fits
    }

    /// Copies all of `buf` into the current record if that has room for it; one is begun if that
    /// takes no closer plan. They are to be committed then.
    #[inline(always)]
    fn copy_if_it_fits(&mut self, buf: &[u8]) -> bool {
        let record = match &mut self.record {
            Some(record) => record,
            None => match self.whole_record_in_tail() {
                // A whole one is sealed from where it lies, if that spares the copy.
                Some(limit) if buf.len() < limit || buf.len() == limit && !self.seals_from() => {
                    self.record.insert(CurrentRecord::new(limit, self.planner.policy()))
                }
                _ => return false,
            },
        };
        let offset = self.planner.format().prefix_len() + record.len();
        buf.len() <= record.free() && self.buffer.fill_tail(offset, buf)
    }

    /// Adds `len` bytes, all of a call, to the current record: it ends there unless more may be
    /// added to it.
    #[inline(always)]
    pub(super) fn commit_whole(&mut self, len: usize) -> Result<(), WriteError> {
        let ends = self.coalescing == Coalescing::Off;
        self.commit(len, ends).map_err(|Failed| WriteError::Failed { accepted: len })
    }

    #[inline]
    pub(super) fn end_of_write(&mut self, accepted: usize) -> Result<usize, WriteError> {
        if self.coalescing == Coalescing::Off {
            self.end_record(accepted)?;
        }
        Ok(accepted)
    }

    /// Ends the current record behind a call that has written `accepted` bytes.
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

    /// A key that should have a next generation, and has none.
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
    fn write_final_counts_what_it_accepted_before_closing_failed() {
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

    /// Also where the write is exactly one record.
    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn whole_records_are_sealed_from_where_they_lie() {
        use crate::aead::AeadProvider;

        for (len, sealed) in [(16_383, 0), (16_384, 1), (32_768, 2), (40_000, 2)] {
            let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
            let keys = WriteKeys::new(suite, &[3; 16], [5; 12], 0).unwrap();
            let config = WriterConfig { aead: AeadProvider::AwsLc, ..WriterConfig::default() };
            let mut writer = Writer::new(keys, config).unwrap();
            // A drained segment is there.
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
