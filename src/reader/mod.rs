//! The reading half of a connection. You can use it alone, with keys from anywhere.

mod config;
mod credit;
mod expected;
mod inbound;
mod joiner;
mod lending;
mod limits;
#[cfg(feature = "rustls")]
mod parts;
mod post_handshake;
mod process;

pub use config::ReaderConfig;
pub use credit::Credit;
pub use inbound::Inbound;
pub use limits::PeerLimits;
pub(crate) use post_handshake::PostHandshake;

use alloc::boxed::Box;
use core::ops::Range;

use joiner::HandshakeJoiner;
use limits::PeerCounts;
use post_handshake::Standalone;
use process::ReadEnd;

use crate::aead::{AeadProvider, NextKeys, ReadKeys, RecordOpener};
use crate::buffer::InboundBuffer;
use crate::error::{ConfigError, Error, Overrun};
#[cfg(feature = "rustls")]
use crate::record::ContentType;
use crate::record::KeyUpdateRequest;

/// Which side of the connection we are. This decides which messages the peer may send. A connection
/// has only two sides, so match both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// We connect. The peer may send tickets or, in TLS 1.2, a HelloRequest.
    Client,
    /// We accept connections.
    Server,
}

/// The state of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReaderState {
    /// The handshake is in progress.
    Negotiating,
    /// Plaintext can arrive.
    Open,
    /// The peer sent `close_notify`: a clean end.
    PeerClosed,
    /// The transport ended without `close_notify`.
    Truncated,
    /// A fatal error occurred.
    Failed,
}

/// What one call of [`Reader::process`] found besides plaintext. All of it comes from one record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "the writer must be told about a KeyUpdate"]
#[non_exhaustive]
pub struct ReaderEvents {
    /// The peer has updated its key (our read key is updated already). Tell the writer
    /// ([`Writer::on_key_update`](crate::Writer::on_key_update)).
    pub key_update: Option<KeyUpdateRequest>,
    /// The number of session tickets. Without a `Connection`, they are only counted.
    pub tickets: u32,
    /// TLS 1.2: how often the peer asked to renegotiate. Refuse or abort.
    pub renegotiation_requests: u32,
}

/// Opens TLS records in place and returns their plaintext.
///
/// Bytes from the transport go into [`inbound`](Self::inbound). [`process`](Self::process) opens
/// them until there is [`plaintext`](Self::plaintext). [`consume`](Self::consume) makes room for
/// the next record.
///
/// ```
/// use wantwrite::{CipherSuite, ReadKeys, Reader, ReaderConfig, Role};
/// use wantwrite::{WriteKeys, Writer, WriterConfig};
///
/// let suite = CipherSuite::TLS_CHACHA20_POLY1305_SHA256;
/// let mut writer = Writer::new(WriteKeys::new(suite, &[1; 32], [2; 12], 0)?, WriterConfig::default())?;
/// let keys = ReadKeys::new(suite, &[1; 32], [2; 12], 0)?;
/// let mut reader = Reader::new(keys, Role::Client, ReaderConfig::default())?;
///
/// writer.write(b"hello")?;
/// let taken = reader.receive(writer.drain().chunk());
/// writer.drain().advance(taken)?;
/// let events = reader.process()?;
/// assert_eq!(events.key_update, None);
/// assert_eq!(reader.plaintext(), b"hello");
/// reader.consume(5)?;
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    /// `None` until the handshake ends.
    opener: Option<RecordOpener>,
    aead: AeadProvider,
    /// Only for a reader without a connection.
    standalone: Option<Box<Standalone>>,
    buffer: InboundBuffer,
    /// The length of the record at the front of the buffer if it was opened and has plaintext left;
    /// otherwise 0.
    opened_record_len: usize,
    /// The range of that plaintext in the buffer.
    plaintext: Range<usize>,
    joiner: HandshakeJoiner,
    counts: PeerCounts,
    role: Role,
    end: ReadEnd,
    opened: u64,
}

impl Reader {
    /// Creates a reader with an empty buffer. Nothing is allocated before the first input. `role` is
    /// your own: `Role::Server` opens what a client has sealed.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting is out of range ([`ReaderConfig::check`]).
    pub fn new(mut keys: ReadKeys, role: Role, config: ReaderConfig) -> Result<Self, ConfigError> {
        let mut reader = Self::without_keys(role, &config)?;
        let next_keys = NextKeys::of(None, keys.take_secret());
        reader.standalone = Some(Box::new(Standalone::new(next_keys)));
        reader.begin(keys);
        Ok(reader)
    }

    /// Creates a reader that does not open anything yet: `Negotiating`.
    pub(crate) fn without_keys(role: Role, config: &ReaderConfig) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self {
            opener: None,
            aead: config.aead,
            standalone: None,
            buffer: config.inbound_buffer(),
            opened_record_len: 0,
            plaintext: 0..0,
            joiner: HandshakeJoiner::default(),
            counts: PeerCounts::new(config.limits),
            role,
            end: ReadEnd::NotYet,
            opened: 0,
        })
    }

    /// Ends the handshake: this reader opens what follows.
    pub(crate) fn begin(&mut self, keys: ReadKeys) {
        self.opener = Some(RecordOpener::new(keys, self.aead));
    }

    /// Lends memory for the transport's next bytes, so that you can read straight into it. Returns
    /// `None` while the buffer is full (consume plaintext or process first), once reading has
    /// ended, and while the memory is [taken](Self::take_inbound). The memory is never empty, so a
    /// read of 0 bytes always means that the transport has ended.
    pub fn inbound(&mut self) -> Option<Inbound<'_>> {
        if self.end != ReadEnd::NotYet || self.buffer.is_away() {
            return None;
        }
        let _moved = self.buffer.make_room(self.needed());
        Inbound::new(&mut self.buffer)
    }

    /// Copies as much of `wire` as there is room for and returns how many bytes that was. Bytes
    /// that arrive after reading has ended are ignored: then all of `wire` counts as taken.
    #[must_use = "bytes that were not taken must be passed again"]
    pub fn receive(&mut self, wire: &[u8]) -> usize {
        if self.end != ReadEnd::NotYet {
            return wire.len();
        }
        self.inbound().map_or(0, |inbound| inbound.receive(wire))
    }

    /// Opens records until one has plaintext for you to consume, until there is something to tell
    /// the writer, until more input is needed, or until the peer has closed. Without input it
    /// changes nothing. [`wants_process`](Self::wants_process) says whether there is more to do.
    ///
    /// # Errors
    /// The fatal [`Error`], which every later call returns again. [`Error::alert`] says what to
    /// tell the peer. [`Error::Truncated`] is returned only once; after that,
    /// [`state`](Self::state) is `Truncated`.
    pub fn process(&mut self) -> Result<ReaderEvents, Error> {
        // Only a reader within a connection has none, and it is processed by another call.
        let Some(mut standalone) = self.standalone.take() else {
            return Ok(ReaderEvents::default());
        };
        let result = self.process_with(&mut *standalone);
        let events = standalone.take_events();
        self.standalone = Some(standalone);
        result.map(|()| events)
    }

    /// Tells the reader how many records the writer has sealed in total
    /// ([`Progress::records`](crate::Progress)). They give the peer credit, just as received data
    /// does: see [`PeerLimits`]. If you never call this, only received data gives credit. A number
    /// that is not greater than the last one changes nothing.
    pub fn on_sealed(&mut self, records: u64) {
        if let Some(standalone) = &mut self.standalone {
            standalone.on_sealed(records);
        }
    }

    /// The plaintext of the last opened record; empty if there is none.
    #[must_use]
    #[inline]
    pub fn plaintext(&self) -> &[u8] {
        self.buffer.bytes().get(self.plaintext.clone()).unwrap_or(&[])
    }

    /// Removes `n` bytes from the front of the plaintext.
    ///
    /// # Errors
    /// [`Overrun`] if there are fewer; nothing is removed then.
    #[inline]
    pub fn consume(&mut self, n: usize) -> Result<(), Overrun> {
        let available = self.plaintext.len();
        if n > available {
            return Err(Overrun { claimed: n, available });
        }
        self.plaintext.start += n;
        if self.plaintext.is_empty() && self.opened_record_len > 0 {
            self.buffer.consume(self.opened_record_len);
            self.opened_record_len = 0;
            self.plaintext = 0..0;
            if let ReadEnd::Failed(error) = self.end {
                self.wipe(error);
            }
        }
        Ok(())
    }

    /// Removes all plaintext of the opened record.
    pub fn consume_all(&mut self) {
        let _none_left = self.consume(self.plaintext.len());
    }

    /// Tells the reader that the transport's input has ended. Complete records that were received
    /// are still read. After them, [`process`](Self::process) returns [`Error::Truncated`] once,
    /// unless the peer has closed.
    pub fn end_of_input(&mut self) {
        if self.end == ReadEnd::NotYet {
            self.end = ReadEnd::Transport;
        }
    }

    /// Whether [`inbound`](Self::inbound) would accept bytes.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.end == ReadEnd::NotYet && !self.buffer.is_full(self.needed())
    }

    /// Whether [`process`](Self::process) has something to do: a complete record, or the end of
    /// input.
    #[must_use]
    #[inline]
    pub fn wants_process(&self) -> bool {
        if self.opened_record_len > 0 {
            return false;
        }
        match self.end {
            ReadEnd::Transport => true,
            ReadEnd::NotYet => self.holds_record(),
            ReadEnd::CloseNotify | ReadEnd::Truncated | ReadEnd::Failed(_) => false,
        }
    }

    /// Whether a complete record is at the front, or a header that can be refused immediately.
    #[inline]
    pub(crate) fn holds_record(&self) -> bool {
        if self.buffer.len() == 0 {
            return false;
        }
        match self.next_header() {
            Ok(header) => header.is_some_and(|header| header.record_len() <= self.buffer.len()),
            Err(_) => true,
        }
    }

    /// Tells the reader that the other half has failed. You can still read plaintext that was
    /// opened before; then reading ends with this error. Everything else that is held is wiped.
    /// After reading has ended, this changes nothing. [`Error::Truncated`] has the same effect as
    /// [`end_of_input`](Self::end_of_input).
    pub fn fail(&mut self, error: Error) {
        match (self.end, error) {
            (ReadEnd::Failed(_) | ReadEnd::CloseNotify | ReadEnd::Truncated, _) => {}
            (_, Error::Truncated) => self.end_of_input(),
            _ if self.opened_record_len > 0 => self.end = ReadEnd::Failed(error),
            _ => self.wipe(error),
        }
    }

    /// The fatal error that ended the reader, if any. `None` while plaintext is left to read before
    /// it, and for an end without `close_notify`: see [`state`](Self::state).
    #[must_use]
    #[inline]
    pub const fn error(&self) -> Option<Error> {
        match self.end {
            ReadEnd::Failed(error) if self.opened_record_len == 0 => Some(error),
            _ => None,
        }
    }

    /// The number of records opened so far.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.opened
    }

    /// Frees all memory that is empty or can be rebuilt. See
    /// [`Writer::shrink`](crate::Writer::shrink).
    pub fn shrink(&mut self) {
        self.buffer.shrink();
        if let Some(opener) = &mut self.opener {
            opener.shrink();
        }
        if !self.joiner.is_joining() {
            self.joiner = HandshakeJoiner::default();
        }
    }

    /// The buffer memory held now, in bytes.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        self.buffer.memory_held() + self.joiner.memory_held()
    }

    /// The state of the reader.
    #[must_use]
    #[inline]
    pub const fn state(&self) -> ReaderState {
        match self.end {
            ReadEnd::NotYet | ReadEnd::Transport if self.opener.is_none() => {
                ReaderState::Negotiating
            }
            ReadEnd::NotYet | ReadEnd::Transport => ReaderState::Open,
            ReadEnd::CloseNotify => ReaderState::PeerClosed,
            ReadEnd::Failed(_) if self.opened_record_len > 0 => ReaderState::Open,
            ReadEnd::Truncated => ReaderState::Truncated,
            ReadEnd::Failed(_) => ReaderState::Failed,
        }
    }

    /// The caller gives up the connection, so unread plaintext is wiped too.
    #[cfg(feature = "rustls")]
    pub(crate) fn abort(&mut self, error: Error) {
        match self.end {
            ReadEnd::Failed(first) => self.wipe(first),
            ReadEnd::Truncated => {}
            ReadEnd::NotYet | ReadEnd::Transport | ReadEnd::CloseNotify => self.wipe(error),
        }
    }

    /// Whether input can arrive and everything that arrived is consumed, so that there is room for
    /// any record.
    #[cfg(feature = "rustls")]
    #[inline]
    pub(crate) fn holds_nothing(&self) -> bool {
        matches!(self.end, ReadEnd::NotYet) && self.buffer.len() == 0 && !self.buffer.is_away()
    }

    #[cfg(feature = "rustls")]
    #[inline]
    pub(crate) const fn holds_plaintext(&self) -> bool {
        self.plaintext.start < self.plaintext.end
    }

    /// Whether `process` could change anything: an end, or a record that is not opened yet.
    #[cfg(feature = "rustls")]
    #[inline]
    pub(crate) fn needs_process(&self) -> bool {
        !matches!(self.end, ReadEnd::NotYet) || (self.opened_record_len == 0 && self.holds_record())
    }

    /// The caller was not told of the [`Error::Truncated`] that processing has just returned.
    #[cfg(feature = "rustls")]
    #[cold]
    pub(crate) fn report_truncation_again(&mut self) {
        if self.end == ReadEnd::Truncated {
            self.end = ReadEnd::Transport;
        }
    }

    /// TLS 1.2: whether the next record is complete and, according to its header, holds application
    /// data, at least one byte.
    #[cfg(feature = "rustls")]
    pub(crate) fn holds_data(&self) -> bool {
        let Some(opener) = &self.opener else { return false };
        let Ok(Some(header)) = self.next_header() else { return false };
        let data_lens = opener.format().record_len(1)..=self.buffer.len();
        header.content_type() == ContentType::ApplicationData
            && data_lens.contains(&header.record_len())
    }
}
