//! The writing half of a connection, usable alone with keys from anywhere.

mod config;
mod drain;
mod half;
mod plan;
mod slot;
mod state;

pub use config::{Coalescing, WriterConfig};
pub use drain::Outbound;
pub(crate) use half::WriteHalf;
pub use slot::Slot;
pub use state::{BufferState, Progress, Wants, WriterState};

use crate::aead::{KeySchedule, TrafficSecret, WriteKeys};
use crate::alert::AlertDescription;
use crate::buffer::OutboundBuffer;
use crate::error::{Error, WriteError};
use crate::record::KeyUpdateRequest;

/// Seals plaintext into TLS records and holds them until the caller drains them.
///
/// TLS 1.3 is not safe with a writer alone: a KeyUpdate of the peer obliges the next record, an
/// alert must stop it. Whoever uses a `Writer` without a [`Connection`](crate::Connection) must
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
        let half = WriteHalf::new(keys, &config, new_outbound(&config));
        Self { half, keys: secret }
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

    /// Lends the free memory of the open record, opening one if none is open; empty if there is
    /// no room.
    ///
    /// # Errors
    /// As [`write`](Self::write).
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

    /// The sealed bytes that wait. If none do, the open record is sealed first: the drain has
    /// reached it.
    pub fn outbound(&mut self) -> Outbound<'_> {
        self.half.seal_for_drain(&mut self.keys);
        Outbound::new(self.half.buffer_mut())
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
    /// alert is sealed any more.
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

    /// Bytes of buffer memory held now, in use or kept for reuse.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        self.half.buffer().memory_held()
    }
}

/// The outbound buffer that `config` asks for.
pub(crate) fn new_outbound(config: &WriterConfig) -> OutboundBuffer {
    OutboundBuffer::new(
        WriterConfig::segment_len(),
        config.segments(),
        config.buffers,
    )
}
