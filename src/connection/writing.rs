//! Writing on a connection: what [`Writer`](crate::Writer) does, once the handshake is over.

use core::ops::Deref;

#[cfg(feature = "std")]
use bytes::Bytes;
use bytes::BytesMut;

use super::established::Established;
use super::{Connection, Phase};
use crate::error::WriteError;
use crate::record::KeyUpdateRequest;
#[cfg(feature = "std")]
use crate::writer::{Batch, SealWorkers};
use crate::writer::{Conditions, Padding, Sizing, Slot};

impl Connection {
    /// Accepts as long a prefix of `buf` as there is [`room`](Self::room) for and returns its
    /// length in bytes; 0 while negotiating. See [`Writer::write`](crate::Writer::write).
    ///
    /// # Errors
    /// As [`Writer::write`](crate::Writer::write).
    pub fn write(&mut self, buf: &[u8]) -> Result<usize, WriteError> {
        match self.established_or_negotiating()? {
            Some(established) => established.write.write(buf),
            None => Ok(0),
        }
    }

    /// Accepts all of `buf` or nothing. See [`Writer::write_all`](crate::Writer::write_all).
    ///
    /// # Errors
    /// [`WriteError::Negotiating`] before the handshake is over, unless `buf` is empty; then as
    /// [`Writer::write_all`](crate::Writer::write_all).
    pub fn write_all(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        match self.established_or_negotiating()? {
            Some(established) => established.write.write_all(buf),
            None if buf.is_empty() => Ok(()),
            None => Err(WriteError::Negotiating),
        }
    }

    /// As [`write`](Self::write), from several buffers as if they were one: with
    /// [`Coalescing::Off`](crate::Coalescing::Off) too they share their records. `IoSlice`, `Bytes`, `Vec<u8>` and
    /// `&[u8]` are such buffers. A peer that wants each in a record of its own needs a
    /// [`flush`](Self::flush) between them, and so a call for each.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_vectored<B>(&mut self, bufs: &[B]) -> Result<usize, WriteError>
    where
        B: Deref<Target = [u8]>,
    {
        match self.established_or_negotiating()? {
            Some(established) => established.write.write_vectored(bufs),
            None => Ok(0),
        }
    }

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
        match self.established_or_negotiating()? {
            Some(established) => established.write.write_owned(plaintext),
            None => Ok(0),
        }
    }

    /// Has the records of as long a prefix of `plaintext` as there is room for sealed on several
    /// threads. See [`Writer::seal_batch`](crate::Writer::seal_batch). Empty while negotiating.
    ///
    /// # Errors
    /// As [`Writer::seal_batch`](crate::Writer::seal_batch).
    #[cfg(feature = "std")]
    pub fn seal_batch(&mut self, plaintext: &mut Bytes) -> Result<Batch<'_>, WriteError> {
        match self.established_or_negotiating()? {
            Some(established) => established.write.seal_batch(plaintext),
            None => Ok(Batch::of_nothing(Ok(0))),
        }
    }

    /// [`seal_batch`](Self::seal_batch) with the help of `workers`, where that gains something.
    ///
    /// # Errors
    /// As [`write`](Self::write). What was not accepted stays in `plaintext`.
    #[cfg(feature = "std")]
    pub fn write_parallel(
        &mut self,
        plaintext: &mut Bytes,
        workers: &SealWorkers,
    ) -> Result<usize, WriteError> {
        match self.established_or_negotiating()? {
            Some(established) => established.write.write_parallel(plaintext, workers),
            None => Ok(0),
        }
    }

    /// Seals a record without content, behind everything accepted: cover traffic
    /// (RFC 9846 §5.4). In TLS 1.3 it is `padding` zeros long, at most what the hard cap allows;
    /// in TLS 1.2 it is empty. A peer may refuse many of them without application data in
    /// between.
    ///
    /// # Errors
    /// [`WriteError::Negotiating`] before the handshake is over; [`WriteError::NoRoom`] if there is
    /// no room for it; otherwise as [`write`](Self::write).
    pub fn write_cover(&mut self, padding: usize) -> Result<(), WriteError> {
        match self.established_or_negotiating()? {
            Some(established) => established.write.write_cover(padding),
            None => Err(WriteError::Negotiating),
        }
    }

    /// [`write_all`](Self::write_all) and [`close`](Self::close) in one: `close_notify` follows
    /// `buf` without waiting for the drain. If there is no room, nothing changes.
    ///
    /// # Errors
    /// As [`write_all`](Self::write_all), for an empty `buf` too.
    pub fn write_final(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        match self.established_or_negotiating()? {
            Some(established) => established.write.write_final(buf),
            None => Err(WriteError::Negotiating),
        }
    }

    /// Lends the free memory of the open record; empty if there is no room or while negotiating.
    ///
    /// # Errors
    /// As [`Writer::slot`](crate::Writer::slot).
    #[inline]
    pub fn slot(&mut self) -> Result<Slot<'_>, WriteError> {
        match self.established_or_negotiating()? {
            Some(established) => established.write.slot(),
            None => Ok(Slot::empty()),
        }
    }

    /// Seals the open record. See [`Writer::flush`](crate::Writer::flush).
    ///
    /// # Errors
    /// [`WriteError::Failed`] after a fatal fault.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        match &mut self.phase {
            Phase::Established(established) => established.write.flush(),
            Phase::Negotiating(_) => Ok(()),
            Phase::Ended(ended) => ended.finished(),
        }
    }

    /// Puts a KeyUpdate at the next record boundary, in front of the open record
    /// (RFC 9846 §4.7.3). Calls before it is sealed merge into one.
    ///
    /// # Errors
    /// [`WriteError::Negotiating`] before the handshake is over; [`WriteError::NoKeyUpdate`] in
    /// TLS 1.2; otherwise as [`write`](Self::write).
    pub fn update_keys(&mut self, request: KeyUpdateRequest) -> Result<(), WriteError> {
        match self.established_or_negotiating()? {
            Some(established) => established.write.update_keys(request),
            None => Err(WriteError::Negotiating),
        }
    }

    /// Tells the sizing policy of time and transport; see [`Conditions`]. The next record that is
    /// opened depends on it.
    pub fn observe(&mut self, conditions: Conditions) {
        match &mut self.phase {
            Phase::Negotiating(handshake) => handshake.conditions = conditions,
            Phase::Established(established) => established.write.observe(conditions),
            Phase::Ended(_) => {}
        }
    }

    /// Changes the soft size of the next records.
    pub fn set_sizing(&mut self, sizing: Sizing) {
        match &mut self.phase {
            Phase::Negotiating(handshake) => handshake.config.writer.sizing = sizing,
            Phase::Established(established) => established.write.set_sizing(sizing),
            Phase::Ended(_) => {}
        }
    }

    /// Changes the padding of the next records.
    pub fn set_padding(&mut self, padding: Padding) {
        match &mut self.phase {
            Phase::Negotiating(handshake) => handshake.config.writer.padding = padding,
            Phase::Established(established) => established.write.set_padding(padding),
            Phase::Ended(_) => {}
        }
    }

    /// Changes the hard cap of records, within 64..=16,384; see
    /// [`Writer::set_max_fragment_len`](crate::Writer::set_max_fragment_len).
    pub fn set_max_fragment_len(&mut self, len: usize) {
        match &mut self.phase {
            Phase::Negotiating(handshake) => handshake.config.writer.max_fragment_len = len,
            Phase::Established(established) => {
                established.write.set_max_fragment_len(len);
            }
            Phase::Ended(_) => {}
        }
    }

    /// The exact number of bytes that [`write`](Self::write) accepts now.
    #[must_use]
    pub fn room(&self) -> usize {
        match &self.phase {
            Phase::Established(established) => established.write.room(),
            Phase::Negotiating(_) | Phase::Ended(_) => 0,
        }
    }

    /// The exact number of wire bytes that `n` more bytes become, written and flushed now: their
    /// records, and KeyUpdates that their sealing makes necessary. Where `n` exceeds the room, as
    /// if the buffer were drained whenever it is full; where it exceeds a key that cannot be
    /// updated, of what that key can seal. `usize::MAX` for more than 1 GiB. Takes time in
    /// proportion to the number of records. 0 before and after the time when plaintext is accepted.
    #[must_use]
    pub fn wire_len(&self, n: usize) -> usize {
        match &self.phase {
            Phase::Established(established) => established.write.wire_len(n),
            Phase::Negotiating(_) | Phase::Ended(_) => 0,
        }
    }

    /// What writing goes to; `None` while negotiating.
    #[inline]
    fn established_or_negotiating(&mut self) -> Result<Option<&mut Established>, WriteError> {
        match &mut self.phase {
            Phase::Negotiating(_) => Ok(None),
            Phase::Established(established) => Ok(Some(established)),
            Phase::Ended(ended) => Err(ended.write_error()),
        }
    }
}
