//! The writing half of a connection, usable alone with keys from anywhere.

#[cfg(feature = "std")]
mod batch;
mod config;
mod control;
mod drain;
mod half;
mod opening;
mod owned;
mod padding;
mod parts;
mod plan;
mod sizing;
mod slot;
mod state;
mod view;
#[cfg(feature = "std")]
mod workers;

#[cfg(feature = "std")]
pub use batch::{Batch, SealJob};
pub use config::{Coalescing, WriterConfig};
pub use drain::Outbound;
pub(crate) use half::WriteHalf;
pub use padding::Padding;
pub use parts::WriterParts;
pub use sizing::{Conditions, Congestion, Sizing, SlowStart, Window};
pub use slot::Slot;
pub use state::{BufferState, FlushPoint, Progress, Wants, WriterState};
#[cfg(feature = "std")]
pub use workers::SealWorkers;

use core::ops::Deref;

#[cfg(feature = "std")]
use bytes::Bytes;
use bytes::BytesMut;

use crate::aead::{KeySchedule, TrafficSecret, WriteKeys};
use crate::alert::AlertDescription;
use crate::buffer::{Chunk, PutBackError};
use crate::error::{Error, WriteError};
use crate::record::KeyUpdateRequest;

/// Seals plaintext into TLS records and holds them until the caller drains them.
///
/// TLS 1.3 is not safe with a writer alone: a KeyUpdate of the peer obliges the next record, an
/// alert must stop it. Whoever uses a `Writer` without a `Connection` must
/// tell it of both ([`on_key_update`](Self::on_key_update), [`abort`](Self::abort)).
///
/// ```
/// use bytes::Buf;
/// use wantwrite::{CipherSuite, TrafficSecret, WriteKeys, Writer, WriterConfig};
///
/// let secret = TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32])?;
/// let mut writer = Writer::new(WriteKeys::from_secret(secret), WriterConfig::default());
/// assert_eq!(writer.write(b"hello")?, 5);
/// assert_eq!(writer.outbound().remaining(), 5 + 5 + 1 + 16); // header, content, type, tag
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer {
    half: WriteHalf,
    keys: Option<TrafficSecret>,
}

impl Writer {
    /// A writer with an empty buffer. Nothing is allocated before the first write.
    #[must_use]
    pub fn new(mut keys: WriteKeys, config: WriterConfig) -> Self {
        let secret = keys.take_secret();
        let half = WriteHalf::new(keys, &config, config.outbound_buffer());
        Self { half, keys: secret }
    }

    /// Takes the writer apart, to go on elsewhere: [`from_parts`](Self::from_parts), kernel TLS,
    /// another process.
    ///
    /// # Errors
    /// The writer itself if it is not at rest: open, with nothing to drain and no control record
    /// due. Drain it and try again.
    #[expect(clippy::result_large_err, reason = "the writer itself: boxing would allocate")]
    pub fn into_parts(self) -> Result<WriterParts, Self> {
        if self.state() != WriterState::Open || self.wants_drain() {
            return Err(self);
        }
        Ok(self.half.into_parts(self.keys))
    }

    /// Goes on where [`into_parts`](Self::into_parts) stopped: the same key, at its next sequence
    /// number, with what is left of its budget. The counters begin at 0.
    #[must_use]
    pub fn from_parts(parts: WriterParts, config: &WriterConfig) -> Self {
        let (half, keys) = WriteHalf::from_parts(parts, config);
        Self { half, keys }
    }

    /// Accepts as long a prefix of `buf` as there is [`room`](Self::room) for and returns its
    /// length in bytes, 0 included. What was accepted belongs to the engine: `buf` may be reused
    /// at once, and nothing has to be repeated. An empty `buf` changes nothing.
    ///
    /// # Errors
    /// [`WriteError::Closed`] after [`close`](Self::close); [`WriteError::KeyLimit`] with the
    /// count accepted when the key may seal no more (RFC 9846 §5.5) and cannot be updated;
    /// [`WriteError::Failed`] after a fatal fault.
    pub fn write(&mut self, buf: &[u8]) -> Result<usize, WriteError> {
        self.half.write(buf, &mut self.keys)
    }

    /// Accepts all of `buf` or nothing.
    ///
    /// # Errors
    /// [`WriteError::NoRoom`] if `buf` is longer than [`room`](Self::room); nothing has changed
    /// then. Otherwise as [`write`](Self::write).
    pub fn write_all(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        self.half.write_all(buf, &mut self.keys)
    }

    /// As [`write`](Self::write), from several buffers as if they were one: with
    /// [`Coalescing::Off`] too they share their records. `IoSlice`, `Bytes`, `Vec<u8>` and
    /// `&[u8]` are such buffers.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_vectored<B>(&mut self, bufs: &[B]) -> Result<usize, WriteError>
    where
        B: Deref<Target = [u8]>,
    {
        self.half.write_vectored(bufs, &mut self.keys)
    }

    /// Takes as long a prefix of `plaintext` as there is room for, removes it there, and returns
    /// its length. It is sealed where it lies, without a copy, behind the open record: the drain
    /// gives the same memory to the transport. Its records are those of `write`
    /// with [`Coalescing::Off`].
    ///
    /// While it waits it counts against the capacity. Short or padded plaintext is copied, as by
    /// [`write`](Self::write), and ends its record; so is
    /// the last fragment if, in TLS 1.3, the buffer has no spare byte behind it (reserve one).
    /// A `Vec` becomes a `BytesMut` without a copy by `Bytes::from(vec).try_into_mut()`.
    ///
    /// # Errors
    /// As [`write`](Self::write). What was not accepted stays in `plaintext`.
    pub fn write_owned(&mut self, plaintext: &mut BytesMut) -> Result<usize, WriteError> {
        self.half.write_owned(plaintext, &mut self.keys)
    }

    /// Takes as long a prefix of `plaintext` as there is room for, removes it there, and has its
    /// records sealed by this thread and by every other that runs a [`job`](Batch::job) of the
    /// batch. The records are those of `write` and then [`flush`](Self::flush).
    ///
    /// Copying and sealing are both done by whoever seals. Worth it from 128 KiB on with threads
    /// that are awake, and from 512 KiB on with threads that sleep.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use wantwrite::{CipherSuite, TrafficSecret, WriteKeys, Writer, WriterConfig};
    /// # let secret = TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32])?;
    /// # let mut config = WriterConfig::default();
    /// config.capacity = 1 << 20;
    /// let mut writer = Writer::new(WriteKeys::from_secret(secret), config);
    /// let mut plaintext = Bytes::from(vec![1; 500_000]);
    /// let batch = writer.seal_batch(&mut plaintext)?;
    /// let job = batch.job();
    /// let helper = std::thread::spawn(move || job.run());
    /// assert_eq!(batch.finish()?, 500_000);
    /// # helper.join().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`write`](Self::write); those after partial acceptance come from [`Batch::finish`].
    #[cfg(feature = "std")]
    pub fn seal_batch(&mut self, plaintext: &mut Bytes) -> Result<Batch<'_>, WriteError> {
        self.half.seal_batch(plaintext, &mut self.keys)
    }

    /// [`seal_batch`](Self::seal_batch) with the help of `workers`, or by this thread alone where
    /// that gains nothing: below 128 KiB of [`room`](Self::room) or plaintext, and while they sleep
    /// below 256 KiB (512 KiB if they are to sleep again at once). The records are the same.
    ///
    /// # Errors
    /// As [`write`](Self::write). What was not accepted stays in `plaintext`.
    #[cfg(feature = "std")]
    pub fn write_parallel(
        &mut self,
        plaintext: &mut Bytes,
        workers: &SealWorkers,
    ) -> Result<usize, WriteError> {
        self.half.write_parallel(plaintext, workers, &mut self.keys)
    }

    /// Seals a record without content, behind everything accepted: cover traffic
    /// (RFC 9846 §5.4). In TLS 1.3 it is `padding` zeros long, at most what the hard cap allows;
    /// in TLS 1.2 it is empty. A peer may refuse many of them without application data in
    /// between.
    ///
    /// # Errors
    /// [`WriteError::NoRoom`] if there is no room for it; otherwise as [`write`](Self::write).
    pub fn write_cover(&mut self, padding: usize) -> Result<(), WriteError> {
        self.half.write_cover(padding, &mut self.keys)
    }

    /// [`write_all`](Self::write_all) and [`close`](Self::close) in one: `close_notify` follows
    /// `buf` without waiting for the drain. If there is no room, nothing changes.
    ///
    /// # Errors
    /// As [`write_all`](Self::write_all).
    pub fn write_final(&mut self, buf: &[u8]) -> Result<(), WriteError> {
        self.half.write_final(buf, &mut self.keys)
    }

    /// Lends the free memory of the open record, opening one if none is open; empty if there is
    /// no room. A control record that is due in front of a record is sealed when it is opened.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    #[inline]
    pub fn slot(&mut self) -> Result<Slot<'_>, WriteError> {
        Slot::new(&mut self.half, &mut self.keys)
    }

    /// Seals the open record: everything accepted so far can be drained without waiting for
    /// more. Repeated, it changes nothing.
    ///
    /// # Errors
    /// [`WriteError::Failed`] after a fatal fault.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.half.flush(&mut self.keys)
    }

    /// The sealed bytes that wait, as a [`Buf`](bytes::Buf). If none do, the open record is sealed first: the drain has
    /// reached it.
    #[inline]
    pub fn outbound(&mut self) -> Outbound<'_> {
        self.half.seal_for_drain(&mut self.keys);
        Outbound::new(self.half.buffer_mut())
    }

    /// Puts back what the transport did not take of a chunk
    /// ([`take_chunk`](Outbound::take_chunk)): it waits again, in front of everything. Of several,
    /// the last one taken goes first. The open record stays open.
    ///
    /// # Errors
    /// [`PutBackError`] with the chunk in it if it is not the last one taken, if bytes were
    /// drained since, or if as much as the capacity was taken behind it and written anew; nothing
    /// changes then. A chunk of another writer is refused only if its place does not fit.
    pub fn put_back(&mut self, chunk: Chunk) -> Result<(), PutBackError> {
        self.half.buffer_mut().put_back(chunk)
    }

    /// Seals the open record and `close_notify` (RFC 9846 §6.1). Nothing accepted is lost: drain
    /// until [`state`](Self::state) is [`WriterState::Closed`]. Repeated, it changes nothing.
    ///
    /// # Errors
    /// [`WriteError::Failed`] after a fatal fault.
    pub fn close(&mut self) -> Result<(), WriteError> {
        self.half.close(&mut self.keys)
    }

    /// Ends in failure with a fatal alert (RFC 9846 §6.2): the open record is wiped, what was
    /// sealed before can still be drained, the alert behind it. After a close or a failure no
    /// alert is sealed any more. In the place of `close_notify`, which would look like a clean
    /// end, `internal_error` is sent.
    pub fn abort(&mut self, alert: AlertDescription) {
        self.half.fail(Error::Aborted(alert));
    }

    /// Puts a KeyUpdate at the next record boundary, in front of the open record
    /// (RFC 9846 §4.7.3). Calls before it is sealed merge into one KeyUpdate.
    ///
    /// # Errors
    /// [`WriteError::NoKeyUpdate`] in TLS 1.2 and for keys without a traffic secret; otherwise
    /// as [`write`](Self::write).
    pub fn update_keys(&mut self, request: KeyUpdateRequest) -> Result<(), WriteError> {
        self.half.request_update(request, &self.keys)
    }

    /// The peer has sent a KeyUpdate. If it asks for ours, that is put at the next record
    /// boundary, before the next application record (RFC 9846 §4.7.3).
    ///
    /// # Errors
    /// [`WriteError::NoKeyUpdate`] if the peer asks and these keys cannot be updated.
    pub fn on_key_update(&mut self, request: KeyUpdateRequest) -> Result<(), WriteError> {
        if request == KeyUpdateRequest::Requested && !self.keys.can_update() {
            return Err(WriteError::NoKeyUpdate);
        }
        self.half.on_peer_update(request);
        Ok(())
    }

    /// Tells the sizing policy of time and transport; see [`Conditions`]. The next record that is
    /// opened depends on it.
    pub fn observe(&mut self, conditions: Conditions) {
        self.half.observe(conditions);
    }

    /// Changes the soft size of the next records.
    pub fn set_sizing(&mut self, sizing: Sizing) {
        self.half.set_sizing(sizing);
    }

    /// Changes the padding of the next records.
    pub fn set_padding(&mut self, padding: Padding) {
        self.half.set_padding(padding);
    }

    /// Changes the hard cap of the next records, within 64..=16,384; see
    /// [`WriterConfig::max_fragment_len`].
    pub fn set_max_fragment_len(&mut self, len: usize) {
        self.half.set_max_fragment_len(len);
    }

    /// TLS 1.2: the peer wants to renegotiate. The refusal, a `no_renegotiation` warning
    /// (RFC 5246 §7.2.2), is put at the next record boundary; calls before it is sealed merge.
    pub fn on_renegotiation_request(&mut self) {
        self.half.refuse_renegotiation();
    }

    /// The exact number of bytes that [`write`](Self::write) accepts now (OpenSSL:
    /// `BIO_ctrl_get_write_guarantee`).
    #[must_use]
    pub fn room(&self) -> usize {
        self.half.room(&self.keys)
    }

    /// The exact number of wire bytes that `n` more bytes become, written and flushed now: their
    /// records, and KeyUpdates that their sealing makes necessary. Where `n` exceeds the room, as
    /// if the buffer were drained whenever it is full; where it exceeds a key that cannot be
    /// updated, of what that key can seal. `usize::MAX` for more than 1 GiB. Takes time in
    /// proportion to the number of records. 0 unless the writer is open.
    #[must_use]
    pub fn wire_len(&self, n: usize) -> usize {
        self.half.wire_len(n, &self.keys)
    }

    /// The life of the writer.
    #[must_use]
    pub fn state(&self) -> WriterState {
        self.half.state()
    }

    /// The fault that ended it, if one did.
    #[must_use]
    pub const fn error(&self) -> Option<Error> {
        self.half.error()
    }

    /// What the buffer holds.
    #[must_use]
    pub fn buffer_state(&self) -> BufferState {
        self.half.buffer_state(&self.keys)
    }

    /// Whether [`outbound`](Self::outbound) would give bytes.
    #[must_use]
    pub fn wants_drain(&self) -> bool {
        self.half.wants_drain()
    }

    /// The counters.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.half.progress()
    }

    /// The sequence number of the next record under the current key.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        self.half.next_seq()
    }

    /// Gives back all memory that holds nothing or can be made again, whatever the
    /// [`BufferPolicy`](crate::BufferPolicy): for a connection that is going to be idle. The next
    /// record takes some 100 ns longer, because ring's key is made anew, and allocates a segment.
    pub fn shrink(&mut self) {
        self.half.shrink();
    }

    /// Bytes of segments held now, in use or kept for reuse. Foreign memory that waits (owned
    /// plaintext, chunks put back) is not counted.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        self.half.buffer().memory_held()
    }
}
