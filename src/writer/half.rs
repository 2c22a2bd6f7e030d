//! The writing half: plaintext into the open record, the open record into the outbound buffer.
//!
//! What is sealed around it stands in `control.rs`, what can be computed of it in `view.rs`.

use core::ops::{Deref, Range};

use super::config::{Coalescing, WriterConfig, max_inner};
use super::opening::{OpenRecord, Opened};
use super::padding::Padding;
use super::plan::{OpenPlan, Plan, Shape};
use super::sizing::{Conditions, Sizer, Sizing};
use super::state::{Life, PeerUpdate, PendingControl};
use crate::aead::{KeyLimits, NextKeys, RecordSealer, WriteKeys};
use crate::buffer::OutboundBuffer;
use crate::error::{Error, WriteError};
use crate::num::to_u64;
use crate::record::ContentType;

/// Seals what is written into the outbound buffer. The keys of next generations come from
/// outside, call by call, because a connection's two halves share one source of them.
///
/// The open record is what is in use of the buffer's tail: header space and content so far. It
/// is open exactly while `buffer.filled_len() > 0`.
#[derive(Debug)]
pub(crate) struct WriteHalf {
    pub(super) sealer: RecordSealer,
    pub(super) next_keys: NextKeys,
    pub(super) buffer: OutboundBuffer,
    /// What the open record may hold, and how it will be padded; of the last one if none is open.
    pub(super) open: OpenRecord,
    pub(super) life: Life,
    pub(super) pending: PendingControl,
    pub(super) peer_update: PeerUpdate,
    pub(super) key_limits: KeyLimits,
    pub(super) sizer: Sizer,
    /// Of the next record that is opened.
    pub(super) shape: Shape,
    coalescing: Coalescing,
    pub(super) accepted: u64,
    pub(super) records: u64,
    pub(super) key_updates: u64,
}

impl WriteHalf {
    /// A half that goes on in `buffer`, behind what already waits there.
    pub(crate) fn new(
        keys: WriteKeys,
        next_keys: NextKeys,
        config: &WriterConfig,
        mut buffer: OutboundBuffer,
    ) -> Self {
        let key_limits = config.key_limits.unwrap_or_else(|| KeyLimits::for_suite(keys.suite()));
        let sealer = RecordSealer::new(keys, key_limits);
        let max_inner = config.max_inner(sealer.format());
        // What ring seals begins behind the prefix.
        buffer.align_at(sealer.format().prefix_len());
        let shape = Shape::new(sealer.format(), max_inner, config.padding);
        Self {
            sealer,
            next_keys,
            buffer,
            open: OpenRecord { content_limit: 0, shape },
            life: Life::Open,
            pending: PendingControl::Nothing,
            peer_update: PeerUpdate::NotRequested,
            key_limits,
            sizer: Sizer::new(config.sizing),
            shape,
            coalescing: config.coalescing,
            accepted: 0,
            records: 0,
            key_updates: 0,
        }
    }

    pub(crate) fn write(&mut self, buf: &[u8]) -> Result<usize, WriteError> {
        self.check_open()?;
        let accepted = self.fill_records(buf, buf.len())?;
        self.end_of_write(accepted)
    }

    /// The buffers one after the other, as if they were one.
    pub(crate) fn write_vectored<B: Deref<Target = [u8]>>(
        &mut self,
        bufs: &[B],
    ) -> Result<usize, WriteError> {
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

    /// Takes as long a prefix of `buf` as there is room for, for a caller who has `want` bytes.
    #[inline]
    pub(super) fn fill_records(&mut self, buf: &[u8], want: usize) -> Result<usize, WriteError> {
        let mut accepted = 0;
        while accepted < buf.len() {
            match self.open_record(want - accepted) {
                Ok(Opened::Yes) => {}
                Ok(Opened::NoRoom) => break,
                Ok(Opened::KeyLimit) => {
                    self.end_of_write(accepted)?;
                    return Err(WriteError::KeyLimit { accepted });
                }
                Err(_) => return Err(WriteError::Failed { accepted }),
            }
            let free = self.free_mut();
            let n = free.len().min(buf.len() - accepted);
            free[..n].copy_from_slice(&buf[accepted..][..n]);
            accepted += n;
            self.commit(n).map_err(|_| WriteError::Failed { accepted })?;
        }
        Ok(accepted)
    }

    /// Checked first, so that it is all or nothing.
    pub(crate) fn write_all(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        self.check_open()?;
        if self.fits_one_record(buf.len()) {
            return self.fill_one_record(buf);
        }
        let (available, end) = self.room_up_to(buf.len());
        if buf.len() > available {
            return Err(match end {
                Plan::KeyLimit => WriteError::KeyLimit { accepted: 0 },
                Plan::NoRoom | Plan::Open(_) => WriteError::NoRoom { needed: buf.len(), available },
            });
        }
        let accepted = self.write(buf)?;
        debug_assert_eq!(accepted, buf.len(), "room() promised more than write() accepted");
        Ok(())
    }

    /// Whether the open record has room for so many bytes; one is opened if that takes no plan.
    #[inline]
    fn fits_one_record(&mut self, len: usize) -> bool {
        if self.open_len() > 0 {
            return len <= self.free_range().len();
        }
        match self.whole_record_in_tail() {
            Some(content_limit) if (1..=content_limit).contains(&len) => {
                self.open = OpenRecord { content_limit, shape: self.shape };
                true
            }
            _ => false,
        }
    }

    #[inline]
    fn fill_one_record(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        let accepted = buf.len();
        self.free_mut()[..accepted].copy_from_slice(buf);
        self.commit(accepted).map_err(|_| WriteError::Failed { accepted })?;
        self.end_of_write(accepted).map(|_| ())
    }

    /// Seals the open record, and the control record that is due.
    #[inline(never)]
    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        match self.life {
            Life::Failed(_) => return Err(WriteError::Failed { accepted: 0 }),
            Life::Closed => return Ok(()),
            Life::Open => {}
        }
        self.seal_open()
            .and_then(|()| self.seal_pending_control())
            .map_err(|_| WriteError::Failed { accepted: 0 })
    }

    /// Makes sure that bytes wait if any can be made: the drain has reached the open record.
    #[inline]
    pub(crate) fn seal_for_drain(&mut self) {
        if self.buffer.waiting() == 0 && self.life == Life::Open {
            // A failure is sticky, and has put its alert into the buffer: that is what to drain.
            let _failed = self.flush();
        }
    }

    /// An application record without content, `padding` zeros long, behind everything accepted.
    pub(crate) fn write_cover(&mut self, padding: usize) -> Result<(), WriteError> {
        self.check_open()?;
        let type_len = self.sealer.format().inner_type_len();
        let padding = padding.min(self.shape.max_inner - type_len) * type_len;
        let plan = match self.plan_cover(padding) {
            Plan::Open(plan) if plan.content_limit >= padding => plan,
            Plan::Open(OpenPlan { content_limit: available, .. }) => {
                return Err(WriteError::NoRoom { needed: padding, available });
            }
            Plan::NoRoom => {
                return Err(WriteError::NoRoom { needed: padding.max(1), available: 0 });
            }
            Plan::KeyLimit => return Err(WriteError::KeyLimit { accepted: 0 }),
        };
        self.seal_open()
            .and_then(|()| self.begin_record(plan))
            .and_then(|()| self.seal_record(0, padding))
            .map_err(|_| WriteError::Failed { accepted: 0 })
    }

    /// `buf` and `close_notify`, together or not at all.
    pub(crate) fn write_final(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        self.write_all(buf)?;
        self.close().map_err(|error| error.after(buf.len()))
    }

    pub(crate) fn observe(&mut self, conditions: Conditions) {
        self.sizer.observe(conditions);
    }

    pub(crate) const fn set_sizing(&mut self, sizing: Sizing) {
        self.sizer.set_policy(sizing);
    }

    pub(crate) fn set_padding(&mut self, padding: Padding) {
        self.shape = Shape::new(self.sealer.format(), self.shape.max_inner, padding);
    }

    /// Binds from now on: the open record takes no more than the cap allows, and ends here if it
    /// holds as much already.
    pub(crate) fn set_max_fragment_len(&mut self, len: usize) {
        let format = self.sealer.format();
        let max_inner = max_inner(len, format);
        self.shape = Shape::new(format, max_inner, self.shape.padding);
        let content_len = self.open_len();
        if content_len > 0 && !self.open.cap(format, max_inner, content_len) {
            // A failure is sticky, and the next call tells of it.
            let _failed = self.seal_open();
        }
    }

    /// Gives back what is empty or can be made again.
    pub(crate) fn shrink(&mut self) {
        self.buffer.shrink();
        self.sealer.shrink();
    }

    pub(crate) const fn buffer(&self) -> &OutboundBuffer {
        &self.buffer
    }

    pub(crate) const fn buffer_mut(&mut self) -> &mut OutboundBuffer {
        &mut self.buffer
    }

    pub(super) const fn check_open(&self) -> Result<(), WriteError> {
        match self.life {
            Life::Open => Ok(()),
            Life::Closed => Err(WriteError::Closed),
            Life::Failed(_) => Err(WriteError::Failed { accepted: 0 }),
        }
    }

    /// Content so far of the open record; 0 exactly if none is open.
    #[inline]
    pub(super) fn open_len(&self) -> usize {
        self.buffer.filled_len().saturating_sub(self.sealer.format().prefix_len())
    }

    /// The free memory of the open record.
    #[inline]
    pub(super) fn free_mut(&mut self) -> &mut [u8] {
        let range = self.free_range();
        &mut self.buffer.tail_mut()[range]
    }

    /// Where in the tail it lies.
    #[inline]
    pub(super) fn free_range(&self) -> Range<usize> {
        let prefix_len = self.sealer.format().prefix_len();
        prefix_len + self.open_len()..prefix_len + self.open.content_limit
    }

    /// Adds `len` bytes to the open record, and seals it if it is full.
    #[inline]
    pub(super) fn commit(&mut self, len: usize) -> Result<(), Error> {
        let content_len = self.open_len() + len;
        self.accepted = self.accepted.saturating_add(to_u64(len));
        self.buffer.set_filled(self.sealer.format().prefix_len() + content_len);
        if content_len == self.open.content_limit { self.seal_content(content_len) } else { Ok(()) }
    }

    #[inline]
    pub(super) fn end_of_write(&mut self, accepted: usize) -> Result<usize, WriteError> {
        match self.coalescing {
            Coalescing::On => Ok(accepted),
            Coalescing::Off => match self.seal_open() {
                Ok(()) => Ok(accepted),
                Err(_) => Err(WriteError::Failed { accepted }),
            },
        }
    }

    /// Seals the open record, if there is one, behind the control record that is due.
    #[inline]
    pub(super) fn seal_open(&mut self) -> Result<(), Error> {
        match self.open_len() {
            0 => Ok(()),
            content_len => self.seal_content(content_len),
        }
    }

    /// Seals the open record, which has this much content.
    #[inline(never)]
    fn seal_content(&mut self, content_len: usize) -> Result<(), Error> {
        self.seal_control_at(content_len)?;
        self.seal_record(content_len, self.open.shape.padding(self.sealer.format(), content_len))
    }

    /// Seals the record whose content lies in the tail.
    #[inline(always)]
    fn seal_record(&mut self, content_len: usize, padding: usize) -> Result<(), Error> {
        let tail = self.buffer.tail_mut();
        match self.sealer.seal(ContentType::ApplicationData, tail, content_len, padding) {
            Some(record_len) => self.buffer.seal(record_len, content_len),
            // Not reached: a record is opened only when the budget, which counts the sequence
            // numbers, allows it.
            None => return Err(self.fail_for(Error::KeysExhausted)),
        }
        self.sizer.on_sealed(content_len);
        self.records += 1;
        Ok(())
    }

    /// Counts a record whose plaintext did not come through the open record.
    pub(super) fn count_record(&mut self, content_len: usize) {
        self.sizer.on_sealed(content_len);
        self.records += 1;
        self.accepted = self.accepted.saturating_add(to_u64(content_len));
    }
}

#[cfg(all(test, feature = "rustls"))]
mod tests {
    use super::*;
    use alloc::boxed::Box;

    use crate::aead::{CipherSuite, KeySchedule, ReadKeys};
    use crate::error::PeerFault;

    use crate::record::KeyUpdateRequest::NotRequested;

    /// A key that should have a next generation, and has none.
    #[derive(Debug)]
    struct NoNextKeys;

    impl KeySchedule for NoNextKeys {
        fn can_update(&self) -> bool {
            true
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
        let mut half = WriteHalf::new(keys, next_keys, &config, config.outbound_buffer());
        half.write(b"head").unwrap();
        half.request_update(NotRequested).unwrap();
        let refused = half.write_final(b"tail");
        assert_eq!(refused, Err(WriteError::Failed { accepted: 4 }));
        assert_eq!(half.error(), Some(Error::KeysExhausted));
    }
}
