//! The writing half of a connection. You can use it alone, with keys from anywhere.

#[cfg(feature = "parallel")]
mod batch;
mod config;
mod control;
mod current;
mod cursor;
mod drain;
#[cfg(feature = "parallel")]
mod jobs;
mod lending;
mod owned;
mod padding;
mod parts;
mod plan;
mod policy;
mod progress;
mod seal;
mod settings;
mod shape;
mod sizing;
mod slot;
mod state;
mod view;
#[cfg(feature = "parallel")]
mod workers;
mod write;

#[cfg(feature = "parallel")]
pub use batch::Batch;
pub use config::{Coalescing, WriterConfig};
pub use drain::Drain;
#[cfg(feature = "parallel")]
pub use jobs::SealJob;
pub use padding::Padding;
pub use parts::WriterParts;
pub use progress::{FlushPoint, Progress, RecordEnds};
pub use sizing::{Conditions, Congestion, Sizing, SlowStart, Window};
pub use slot::Slot;
pub use state::{BufferState, Wants, WriterState};
#[cfg(feature = "parallel")]
pub use workers::SealWorkers;

use alloc::boxed::Box;

#[cfg(feature = "rustls")]
use bytes::Bytes;
use control::{Control, PeerUpdate};
use current::CurrentRecord;
use cursor::{Begun, Cursor, End, NextBudgets};
use plan::Planner;
use progress::Counts;
use state::Life;

#[cfg(feature = "rustls")]
use crate::aead::ReadKeys;
use crate::aead::{
    AeadProvider, CipherSuite, KeyBudget, KeyLimits, NextKeys, RecordSealer, WriteKeys,
};
use crate::buffer::{Chunk, OutboundBuffer, PutBackError};
use crate::error::{ConfigError, WriteError};
#[cfg(feature = "rustls")]
use crate::error::{Error, PeerFault};
use crate::record::{KeyUpdateRequest, RecordFormat, Version};

/// Seals plaintext into TLS records and holds them until the caller drains them.
///
/// A writer alone does not make TLS 1.3 safe. After a KeyUpdate from the peer, you may owe one
/// before your next record; after a fatal alert from either peer, you must not send any more. If
/// you use a `Writer` without a `Connection`, report both to it
/// ([`on_key_update`](Self::on_key_update), [`fail`](Self::fail)).
///
/// ```
/// use wantwrite::{CipherSuite, TrafficSecret, WriteKeys, Writer, WriterConfig};
///
/// let secret = TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[7; 32])?;
/// let mut writer = Writer::new(WriteKeys::from_secret(secret), WriterConfig::default())?;
/// assert_eq!(writer.write(b"hello")?, 5);
/// assert_eq!(writer.drain().remaining(), 5 + 5 + 1 + 16); // header, content, type, tag
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer {
    /// `None` until the handshake ends.
    sealer: Option<RecordSealer>,
    /// The source of the next generation of keys.
    next_keys: NextKeys,
    /// `None` means the suite's own limits.
    key_limits: Option<Box<KeyLimits>>,
    aead: AeadProvider,
    buffer: OutboundBuffer,
    /// Its content is at the start of the buffer's tail.
    record: Option<CurrentRecord>,
    control: Control,
    planner: Planner,
    /// The longest record that the peer accepts, in the units of
    /// [`WriterConfig::max_fragment_len`]. No cap is higher.
    size_limit: u16,
    coalescing: Coalescing,
    life: Life,
    counts: Counts,
}

/// The size limit of a peer that asked for none: the longest cap.
const NO_SIZE_LIMIT: u16 = 1 << 14;

impl Writer {
    /// Creates a writer with an empty buffer. Nothing is allocated before the first write.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting is out of range ([`WriterConfig::check`]).
    pub fn new(mut keys: WriteKeys, config: WriterConfig) -> Result<Self, ConfigError> {
        let mut writer = Self::without_keys(config)?;
        let next_keys = NextKeys::of(keys.take_secret(), None);
        writer.begin(keys, next_keys);
        Ok(writer)
    }

    /// Creates a writer that does not accept plaintext yet: `Negotiating`.
    pub(crate) fn without_keys(config: WriterConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let buffer = config.outbound_buffer();
        let format = RecordFormat::new(Version::Tls13, 0);
        Ok(Self {
            sealer: None,
            next_keys: NextKeys::NONE,
            key_limits: config.key_limits.map(Box::new),
            aead: config.aead,
            buffer,
            record: None,
            control: Control::new(PeerUpdate::NotRequested),
            planner: Planner::new(format, &config),
            size_limit: NO_SIZE_LIMIT,
            coalescing: config.coalescing,
            life: Life::Negotiating,
            counts: Counts::default(),
        })
    }

    /// Ends the handshake: from here on this writer seals every record, after the bytes already
    /// pending.
    pub(crate) fn begin(&mut self, keys: WriteKeys, next_keys: NextKeys) {
        let limits = self.key_limits_for(keys.suite());
        let sealer = RecordSealer::new(keys, limits, self.aead);
        let format = sealer.format();
        // ring seals what follows the prefix, so that is what gets aligned.
        self.buffer.align_at(format.prefix_len());
        self.planner.set_format(format);
        (self.sealer, self.next_keys, self.life) = (Some(sealer), next_keys, Life::Open);
    }

    /// Drops all pending bytes: the peer has ended the handshake.
    #[cfg(feature = "rustls")]
    pub(crate) fn discard(&mut self) {
        self.buffer.discard();
    }

    /// The peer asked for records no longer than this, before the first one.
    pub(crate) fn set_size_limit(&mut self, limit: u16) {
        self.size_limit = limit;
        self.planner.lower_max_fragment_len(limit.into());
    }

    /// Adds a cap that a later [`set_max_fragment_len`](Self::set_max_fragment_len) replaces.
    #[cfg(feature = "rustls")]
    pub(crate) fn lower_max_fragment_len(&mut self, len: usize) {
        self.planner.lower_max_fragment_len(len);
    }

    /// The longest content of a record without padding. During the handshake, this assumes TLS 1.3.
    #[cfg(feature = "rustls")]
    pub(crate) fn max_content_len(&self) -> usize {
        self.planner.policy().max_content()
    }

    /// Appends a record that the handshake has sealed. It does not count against the capacity.
    #[cfg(feature = "rustls")]
    pub(crate) fn append_flight(&mut self, record: Bytes) {
        self.buffer.mark(record.len(), 0);
        self.buffer.append_piece(record);
    }

    /// Drains the pending sealed bytes. If none are pending, this first seals the current record,
    /// which the drain has reached. To look without sealing, use [`waiting`](Self::waiting).
    #[inline]
    pub fn drain(&mut self) -> Drain<'_> {
        self.seal_for_drain();
        Drain::new(&mut self.buffer)
    }

    /// Puts back a chunk ([`take_chunk`](Drain::take_chunk)), or the rest of one, that the
    /// transport did not take. Its bytes are pending again, before all others, and count against the
    /// capacity. Put several chunks back in reverse order, the last one taken first. The current
    /// record does not change. After a fatal alert from the peer nothing may be sent any more, so the
    /// chunk is dropped.
    ///
    /// # Errors
    /// [`PutBackError`], which returns the chunk, if it is not the last one taken, if bytes were
    /// drained since, if a capacity's worth of later bytes was taken and new records were sealed
    /// since, or if it belongs to another writer. Nothing changes then.
    pub fn put_back(&mut self, chunk: Chunk) -> Result<(), PutBackError> {
        self.buffer.put_back(chunk)
    }

    /// Schedules a KeyUpdate at the next record boundary, before the current record (RFC 9846
    /// §4.7.3). Calls made before it is sealed merge into one KeyUpdate.
    ///
    /// # Errors
    /// [`WriteError::NoKeyUpdate`] in TLS 1.2 and for keys without a traffic secret;
    /// [`WriteError::KeyLimit`] if the key came to this writer so close to its limit that it must
    /// not even seal the KeyUpdate; otherwise the same errors as [`write`](Self::write).
    pub fn update_keys(&mut self, request: KeyUpdateRequest) -> Result<(), WriteError> {
        self.check_established()?;
        if !self.next_keys.can_update() {
            return Err(WriteError::NoKeyUpdate);
        }
        if !self.budget().allows_control_record() {
            return Err(WriteError::KeyLimit { accepted: 0 });
        }
        self.control.request_update(request);
        Ok(())
    }

    /// Tells the writer that the peer has sent a KeyUpdate. If the peer asks for ours, this
    /// schedules one at the next record boundary, before the next application record (RFC 9846
    /// §4.7.3). The request is ignored after 2^48 − 1 updates of our own, and if the key must not
    /// seal any more.
    ///
    /// # Errors
    /// [`WriteError::NoKeyUpdate`] if the peer asks for an update and these keys have no traffic
    /// secret.
    pub fn on_key_update(&mut self, request: KeyUpdateRequest) -> Result<(), WriteError> {
        if request == KeyUpdateRequest::Requested && self.next_keys.is_none() {
            return Err(WriteError::NoKeyUpdate);
        }
        let can_update = self.next_keys.can_update() && self.budget().allows_control_record();
        self.control.on_peer_update(request, can_update);
        if self.life != Life::Open {
            self.control.clear();
        }
        Ok(())
    }

    /// Tells the writer that the peer wants to renegotiate (TLS 1.2). This schedules the refusal, a
    /// `no_renegotiation` warning (RFC 5246 §7.2.2), at the next record boundary. Calls made before
    /// it is sealed merge into one.
    pub fn on_renegotiation_request(&mut self) {
        // The key keeps one record for `close_notify`, after the current record.
        let mut budget = self.budget();
        if let Some(record) = &self.record {
            budget.spend(record.limit());
        }
        let is_tls12 = self.planner.format().version() == Version::Tls12;
        if self.life == Life::Open && is_tls12 && budget.allows_warning() {
            self.control.refuse_renegotiation();
        }
    }

    /// Whether the peer's next KeyUpdate answers our request.
    #[cfg(feature = "rustls")]
    pub(crate) fn expects_peer_update(&self) -> bool {
        self.control.peer() == PeerUpdate::Outstanding
    }

    /// The next generation of read keys. Both directions share its source.
    #[cfg(feature = "rustls")]
    pub(crate) fn next_read_keys(&mut self) -> Result<ReadKeys, Error> {
        self.next_keys.next_read_keys()
    }

    /// Hands a session ticket to the source of the next keys, which stores it.
    #[cfg(feature = "rustls")]
    pub(crate) fn store_ticket(&mut self, body: &[u8]) -> Result<(), PeerFault> {
        self.next_keys.store_ticket(body)
    }

    /// Frees all memory that is empty or can be rebuilt, regardless of the
    /// [`BufferPolicy`](crate::BufferPolicy). Call it when a connection becomes idle. The next
    /// record takes about 100 ns longer, because ring's key has to be rebuilt, and allocates a
    /// segment.
    pub fn shrink(&mut self) {
        self.buffer.shrink();
        if let Some(sealer) = &mut self.sealer {
            sealer.shrink();
        }
    }

    #[cfg(all(test, feature = "rustls"))]
    pub(crate) fn next_keys_mut(&mut self) -> &mut NextKeys {
        &mut self.next_keys
    }

    #[inline]
    fn cursor(&self) -> Cursor<'_> {
        self.cursor_with(NextBudgets::new(self.key_limits(), &self.next_keys))
    }

    /// A cursor that must not go beyond the present key: finding out what the next ones may seal
    /// takes as long as most forecasts.
    #[inline]
    fn cursor_of_this_key(&self) -> Cursor<'_> {
        self.cursor_with(NextBudgets::NONE)
    }

    #[inline]
    fn cursor_with<'a>(&'a self, next: NextBudgets<'a>) -> Cursor<'a> {
        Cursor::new(&self.planner, &self.buffer, &self.control, self.budget(), next)
    }

    /// What the key may still seal: nothing if there are no keys yet.
    #[inline]
    fn budget(&self) -> KeyBudget {
        self.sealer.as_ref().map_or(KeyBudget::NONE, RecordSealer::budget)
    }

    /// The limits of this key and the next ones: nothing if there are no keys yet.
    #[inline]
    fn key_limits(&self) -> KeyLimits {
        let suite = self.sealer.as_ref().map(RecordSealer::suite);
        suite.map_or(KeyLimits { records: 0, blocks: 0 }, |suite| self.key_limits_for(suite))
    }

    /// The limits of a key that seals early data. A client does not know its suite, which is the
    /// ticket's, so the limits are those of AES-GCM.
    #[cfg(feature = "rustls")]
    pub(crate) fn early_key_limits(&self, suite: Option<CipherSuite>) -> KeyLimits {
        self.key_limits_for(suite.unwrap_or(CipherSuite::TLS_AES_128_GCM_SHA256))
    }

    #[inline]
    fn key_limits_for(&self, suite: CipherSuite) -> KeyLimits {
        self.key_limits.as_ref().map_or_else(|| KeyLimits::for_suite(suite), |limits| **limits)
    }

    /// The current record, and the policy that it was begun with.
    #[inline]
    fn begun(&self) -> Option<Begun> {
        self.record.map(|record| (record, self.planner.policy_of(&record)))
    }

    /// How much of `len` bytes `write` would accept, and what would stop it. The result can exceed
    /// `len` by what the current record still takes.
    #[inline]
    fn room_up_to(&self, len: usize) -> (usize, End) {
        let plain = self.cursor_of_this_key().plain_room_up_to(self.begun(), len);
        plain.unwrap_or_else(|| self.room_up_to_closely(len))
    }

    #[inline(never)]
    fn room_up_to_closely(&self, len: usize) -> (usize, End) {
        self.cursor().room_up_to(self.begun(), len)
    }

    /// The length of the current record's content so far; 0 if there is no current record.
    #[inline]
    fn content_len(&self) -> usize {
        self.record.as_ref().map_or(0, CurrentRecord::len)
    }

    /// Whether plaintext may be written, now or once the handshake is over.
    #[inline]
    fn check_open(&self) -> Result<(), WriteError> {
        match self.check_established() {
            Err(WriteError::Negotiating) => Ok(()),
            checked => checked,
        }
    }

    /// Whether an all-or-nothing call is allowed now.
    #[inline]
    fn check_established(&self) -> Result<(), WriteError> {
        if self.life == Life::Open { Ok(()) } else { Err(self.refusal()) }
    }

    /// Why a writer that is not open refuses to write.
    #[cold]
    const fn refusal(&self) -> WriteError {
        match self.life {
            Life::Negotiating | Life::Open => WriteError::Negotiating,
            Life::Closed => WriteError::Closed,
            Life::Sealing | Life::Failed(_) => WriteError::Failed { accepted: 0 },
        }
    }
}
