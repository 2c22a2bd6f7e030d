//! The writing half of a connection, usable alone with keys from anywhere.

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

#[cfg(feature = "rustls")]
use bytes::Bytes;
use config::check_max_fragment_len;
use control::{Control, PeerUpdate};
use current::CurrentRecord;
use cursor::{Cursor, End, NextBudgets};
use lending::NOT_LENT;
use plan::Planner;
use progress::{Counts, RecordEnd};
use state::Life;

#[cfg(feature = "rustls")]
use crate::aead::ReadKeys;
use crate::aead::{AeadProvider, KeyBudget, KeyLimits, NextKeys, RecordSealer, WriteKeys};
use crate::buffer::{Chunk, OutboundBuffer, PutBackError};
use crate::error::{ConfigError, WriteError};
#[cfg(feature = "rustls")]
use crate::error::{Error, PeerFault};
use crate::record::{KeyUpdateRequest, RecordFormat, Version};

/// Seals plaintext into TLS records and holds them until the caller drains them.
///
/// TLS 1.3 is not safe with a writer alone: a KeyUpdate of the peer obliges the next record, an
/// alert must stop it. If you use a `Writer` without a `Connection`, tell
/// it of both ([`on_key_update`](Self::on_key_update), [`fail`](Self::fail)).
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
    /// None before the end of the handshake.
    sealer: Option<RecordSealer>,
    /// What the next generation of keys is made from.
    next_keys: NextKeys,
    /// None for those of the suite.
    key_limits: Option<KeyLimits>,
    aead: AeadProvider,
    buffer: OutboundBuffer,
    /// Its content lies at the start of the buffer's tail.
    record: Option<CurrentRecord>,
    /// Its memory is lent, to be committed by a call of its own, while just this much plaintext
    /// has been accepted.
    lent_at: u64,
    control: Control,
    planner: Planner,
    coalescing: Coalescing,
    life: Life,
    counts: Counts,
}

impl Writer {
    /// A writer with an empty buffer. Nothing is allocated before the first write.
    ///
    /// # Errors
    /// [`ConfigError`] for a setting that is out of its range ([`WriterConfig::check`]).
    pub fn new(mut keys: WriteKeys, config: WriterConfig) -> Result<Self, ConfigError> {
        let mut writer = Self::without_keys(config)?;
        let next_keys = NextKeys::of(keys.take_secret(), None);
        writer.begin(keys, next_keys);
        Ok(writer)
    }

    /// A writer that takes no plaintext yet: `Negotiating`.
    pub(crate) fn without_keys(config: WriterConfig) -> Result<Self, ConfigError> {
        config.check()?;
        let buffer = config.outbound_buffer();
        let format = RecordFormat::new(Version::Tls13, 0);
        Ok(Self {
            sealer: None,
            next_keys: NextKeys::NONE,
            key_limits: config.key_limits,
            aead: config.aead,
            buffer,
            record: None,
            lent_at: NOT_LENT,
            control: Control::new(PeerUpdate::NotRequested),
            planner: Planner::new(format, &config),
            coalescing: config.coalescing,
            life: Life::Negotiating,
            counts: Counts::default(),
        })
    }

    /// The handshake is over: from here on every record is ours, behind what already waits.
    pub(crate) fn begin(&mut self, keys: WriteKeys, next_keys: NextKeys) {
        let key_limits = *self.key_limits.get_or_insert_with(|| KeyLimits::for_suite(keys.suite()));
        let sealer = RecordSealer::new(keys, key_limits, self.aead);
        let format = sealer.format();
        // What ring seals begins behind the prefix.
        self.buffer.align_at(format.prefix_len());
        self.planner.set_format(format);
        (self.sealer, self.next_keys, self.life) = (Some(sealer), next_keys, Life::Open);
    }

    /// Drops all that waits: the peer has ended the handshake.
    #[cfg(feature = "rustls")]
    pub(crate) fn discard(&mut self) {
        self.buffer.discard();
    }

    /// The peer wants no longer records than this.
    #[cfg(feature = "rustls")]
    pub(crate) fn lower_max_fragment_len(&mut self, len: usize) {
        self.planner.lower_max_fragment_len(len);
    }

    /// The longest content of a record without padding; in the handshake, of TLS 1.3.
    #[cfg(feature = "rustls")]
    pub(crate) fn max_content_len(&self) -> usize {
        self.planner.policy().max_content()
    }

    /// Appends a record that the handshake has sealed, outside the capacity.
    #[cfg(feature = "rustls")]
    pub(crate) fn append_flight(&mut self, record: Bytes) {
        self.buffer.mark(record.len(), 0);
        self.buffer.append_piece(record);
    }

    /// Drains the sealed bytes that wait. If none do, the current record is sealed first: the drain
    /// has reached it. To look without sealing: [`waiting`](Self::waiting).
    #[inline]
    pub fn drain(&mut self) -> Drain<'_> {
        self.seal_for_drain();
        Drain::new(&mut self.buffer)
    }

    /// Puts back what the transport did not take of a chunk ([`take_chunk`](Drain::take_chunk)): it
    /// waits again, in front of everything. Of several, the last one taken goes first. The current
    /// record stays as it is. Behind a fatal alert of the peer's nothing waits any more: it is
    /// dropped then.
    ///
    /// # Errors
    /// [`PutBackError`] with the chunk in it if it is not the last one taken, if bytes were
    /// drained since, if as much as the capacity was taken behind it and written anew, or if
    /// another writer gave it; nothing changes then.
    pub fn put_back(&mut self, chunk: Chunk) -> Result<(), PutBackError> {
        self.buffer.put_back(chunk)
    }

    /// Puts a KeyUpdate at the next record boundary, in front of the current record
    /// (RFC 9846 §4.7.3). Calls before it is sealed merge into one KeyUpdate.
    ///
    /// # Errors
    /// [`WriteError::NoKeyUpdate`] in TLS 1.2 and for keys without a traffic secret; otherwise
    /// as [`write`](Self::write).
    pub fn update_keys(&mut self, request: KeyUpdateRequest) -> Result<(), WriteError> {
        self.check_established()?;
        if !self.next_keys.can_update() {
            return Err(WriteError::NoKeyUpdate);
        }
        self.control.request_update(request);
        Ok(())
    }

    /// The peer has sent a KeyUpdate. If it asks for ours, that is put at the next record
    /// boundary, before the next application record (RFC 9846 §4.7.3). Beyond 2^48 − 1 updates of
    /// ours the request is ignored.
    ///
    /// # Errors
    /// [`WriteError::NoKeyUpdate`] if the peer asks and these keys have no traffic secret.
    pub fn on_key_update(&mut self, request: KeyUpdateRequest) -> Result<(), WriteError> {
        if request == KeyUpdateRequest::Requested && self.next_keys.is_none() {
            return Err(WriteError::NoKeyUpdate);
        }
        self.control.on_peer_update(request, self.next_keys.can_update());
        if self.life != Life::Open {
            self.control.clear();
        }
        Ok(())
    }

    /// TLS 1.2: the peer wants to renegotiate. The refusal, a `no_renegotiation` warning
    /// (RFC 5246 §7.2.2), is put at the next record boundary; calls before it is sealed merge.
    pub fn on_renegotiation_request(&mut self) {
        // One record stays for `close_notify`, behind the current one.
        let mut budget = self.budget();
        if let Some(record) = &self.record {
            budget.spend(record.limit());
        }
        let is_tls12 = self.planner.format().version() == Version::Tls12;
        if self.life == Life::Open && is_tls12 && budget.allows_warning() {
            self.control.refuse_renegotiation();
        }
    }

    /// Whether the peer's next KeyUpdate is one that we asked for.
    #[cfg(feature = "rustls")]
    pub(crate) fn expects_peer_update(&self) -> bool {
        self.control.peer() == PeerUpdate::Outstanding
    }

    /// The next generation of read keys, from what both directions share.
    #[cfg(feature = "rustls")]
    pub(crate) fn next_read_keys(&mut self) -> Result<ReadKeys, Error> {
        self.next_keys.next_read_keys()
    }

    /// Keeps a session ticket where next keys come from.
    #[cfg(feature = "rustls")]
    pub(crate) fn store_ticket(&mut self, body: &[u8]) -> Result<(), PeerFault> {
        self.next_keys.store_ticket(body)
    }

    /// Tells the sizing policy of time and transport; see [`Conditions`]. The next record that is
    /// begun depends on it.
    pub fn observe(&mut self, conditions: Conditions) {
        self.planner.observe(conditions);
    }

    /// Changes the soft size of the next records.
    ///
    /// # Errors
    /// [`ConfigError`] if it is out of its range; nothing changed.
    pub fn set_sizing(&mut self, sizing: Sizing) -> Result<(), ConfigError> {
        sizing.check()?;
        self.planner.set_sizing(sizing);
        Ok(())
    }

    /// Changes the padding of the next records.
    ///
    /// # Errors
    /// [`ConfigError`] if it is out of its range; nothing changed.
    pub fn set_padding(&mut self, padding: Padding) -> Result<(), ConfigError> {
        padding.check()?;
        self.planner.set_padding(padding);
        Ok(())
    }

    /// Changes the hard cap of records, 64 to 16,384; see
    /// [`WriterConfig::max_fragment_len`]. It binds every byte that is accepted from now on. A
    /// record that was begun and holds as much already is sealed at once.
    ///
    /// # Errors
    /// [`ConfigError`] if it is out of its range; nothing changed.
    pub fn set_max_fragment_len(&mut self, len: usize) -> Result<(), ConfigError> {
        check_max_fragment_len(len)?;
        self.planner.set_max_fragment_len(len);
        let policy = self.planner.policy();
        if self.record.as_mut().is_some_and(|record| !record.cap(policy)) {
            // A failure is sticky, and the next call tells of it.
            let _failed = self.seal_current(RecordEnd::Capped);
        }
        Ok(())
    }

    /// Gives back all memory that holds nothing or can be made again, whatever the
    /// [`BufferPolicy`](crate::BufferPolicy): for a connection that is going to be idle. The next
    /// record takes some 100 ns longer, because ring's key is made anew, and allocates a segment.
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
        let next = NextBudgets::new(self.key_limits(), self.next_keys.updates_left());
        Cursor::new(&self.planner, &self.buffer, &self.control, self.budget(), next)
    }

    /// What the key may still seal; nothing without a key.
    #[inline]
    fn budget(&self) -> KeyBudget {
        self.sealer.as_ref().map_or(KeyBudget::NONE, RecordSealer::budget)
    }

    /// The limits of the next key.
    #[inline]
    fn key_limits(&self) -> KeyLimits {
        self.key_limits.unwrap_or(KeyLimits { records: 0, blocks: 0 })
    }

    /// What `write` would accept of `len` bytes, or more by what the current record takes, and
    /// what would end it.
    fn room_up_to(&self, len: usize) -> (usize, End) {
        self.cursor().room_up_to(self.record, len)
    }

    /// Content so far of the current record; 0 if there is none.
    #[inline]
    fn content_len(&self) -> usize {
        self.record.as_ref().map_or(0, CurrentRecord::len)
    }

    /// Whether plaintext may be written, now or when the handshake is over.
    #[inline]
    fn check_open(&self) -> Result<(), WriteError> {
        match self.check_established() {
            Err(WriteError::Negotiating) => Ok(()),
            checked => checked,
        }
    }

    /// Whether what is all or nothing may be done now.
    #[inline]
    fn check_established(&self) -> Result<(), WriteError> {
        if self.life == Life::Open { Ok(()) } else { Err(self.refusal()) }
    }

    /// Why nothing is written while the writer is not open.
    #[cold]
    const fn refusal(&self) -> WriteError {
        match self.life {
            Life::Negotiating | Life::Open => WriteError::Negotiating,
            Life::Closed => WriteError::Closed,
            Life::Sealing | Life::Failed(_) => WriteError::Failed { accepted: 0 },
        }
    }
}
