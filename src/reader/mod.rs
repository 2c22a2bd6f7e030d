//! The reading half of a connection, usable alone with keys from anywhere.

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

/// Which side of the connection we are: it decides which messages the peer may send. A connection
/// has two sides, so match both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// We connect; the peer may send tickets, or (TLS 1.2) a HelloRequest.
    Client,
    /// We accept.
    Server,
}

/// The life of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReaderState {
    /// The handshake goes on.
    Negotiating,
    /// Plaintext may come.
    Open,
    /// The peer's `close_notify` came: a clean end.
    PeerClosed,
    /// The transport ended without it.
    Truncated,
    /// A fatal fault.
    Failed,
}

/// What came besides plaintext in one call of [`Reader::process`]: of one record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "a KeyUpdate obliges the writer"]
#[non_exhaustive]
pub struct ReaderEvents {
    /// The peer has updated its key (ours for reading is updated already); tell the writer
    /// ([`Writer::on_key_update`](crate::Writer::on_key_update)).
    pub key_update: Option<KeyUpdateRequest>,
    /// Session tickets; without a `Connection` they are only counted.
    pub tickets: u32,
    /// TLS 1.2: the peer asked to renegotiate; it should be refused or aborted.
    pub renegotiation_requests: u32,
}

/// Opens TLS records in place and gives their plaintext.
///
/// Bytes from the transport go into [`inbound`](Self::inbound); [`process`](Self::process) opens
/// them until there is [`plaintext`](Self::plaintext); [`consume`](Self::consume) makes way for
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
    /// None before the end of the handshake.
    opener: Option<RecordOpener>,
    aead: AeadProvider,
    /// Of a reader without a connection.
    standalone: Option<Box<Standalone>>,
    buffer: InboundBuffer,
    /// Length of the record at the front of the buffer if it was opened and has plaintext left.
    opened_record_len: usize,
    /// Where in it that plaintext lies.
    plaintext: Range<usize>,
    joiner: HandshakeJoiner,
    counts: PeerCounts,
    role: Role,
    end: ReadEnd,
    opened: u64,
}

impl Reader {
    /// A reader with an empty buffer. Nothing is allocated before the first input.
    ///
    /// # Errors
    /// [`ConfigError`] for a setting that is out of its range ([`ReaderConfig::check`]).
    pub fn new(mut keys: ReadKeys, role: Role, config: ReaderConfig) -> Result<Self, ConfigError> {
        let mut reader = Self::without_keys(role, &config)?;
        let next_keys = NextKeys::of(None, keys.take_secret());
        reader.standalone = Some(Box::new(Standalone::new(next_keys)));
        reader.begin(keys);
        Ok(reader)
    }

    /// A reader that opens nothing yet: `Negotiating`.
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

    /// The handshake is over: what comes behind it is ours to open.
    pub(crate) fn begin(&mut self, keys: ReadKeys) {
        self.opener = Some(RecordOpener::new(keys, self.aead));
    }

    /// Memory for the transport's next bytes, to read straight into. `None` while the buffer is
    /// full (consume plaintext first, or process), and once nothing more will be read: so a read
    /// into no memory, which gives 0 bytes, cannot look like the transport's end. `None` too while
    /// the memory was [taken](Self::take_inbound).
    pub fn inbound(&mut self) -> Option<Inbound<'_>> {
        if self.end != ReadEnd::NotYet || self.buffer.is_away() {
            return None;
        }
        let _moved = self.buffer.make_room(self.needed());
        Inbound::new(&mut self.buffer)
    }

    /// Copies as much of `wire` as there is room for and returns how much that was. Bytes after
    /// the end of reading are ignored: all of `wire` is taken then.
    #[must_use = "what was not taken must be given again"]
    pub fn receive(&mut self, wire: &[u8]) -> usize {
        if self.end != ReadEnd::NotYet {
            return wire.len();
        }
        self.inbound().map_or(0, |inbound| inbound.receive(wire))
    }

    /// Opens records until one has plaintext that is not consumed, or something that the writer
    /// must be told of, or more input is needed, or the peer has closed. Without input it changes
    /// nothing. [`wants_process`](Self::wants_process) says whether there is more.
    ///
    /// # Errors
    /// The fatal [`Error`], again at every later call. [`Error::alert`] says what to tell the
    /// peer. [`Error::Truncated`] is returned once; after that, [`state`](Self::state) is
    /// `Truncated`.
    pub fn process(&mut self) -> Result<ReaderEvents, Error> {
        // Not missing: a connection has a call of its own.
        let Some(mut standalone) = self.standalone.take() else {
            return Ok(ReaderEvents::default());
        };
        let result = self.process_with(&mut *standalone);
        let events = standalone.take_events();
        self.standalone = Some(standalone);
        result.map(|()| events)
    }

    /// The writer beside it has sealed so many records in all
    /// ([`Progress::records`](crate::Progress)), which give the peer credit as data from it does:
    /// see [`PeerLimits`]. Without this call only received data counts. A number that is not
    /// greater than the last one changes nothing.
    pub fn on_sealed(&mut self, records: u64) {
        if let Some(standalone) = &mut self.standalone {
            standalone.on_sealed(records);
        }
    }

    /// The plaintext of the record that was opened last; empty if there is none.
    #[must_use]
    #[inline]
    pub fn plaintext(&self) -> &[u8] {
        self.buffer.bytes().get(self.plaintext.clone()).unwrap_or(&[])
    }

    /// Removes `n` bytes from the front of the plaintext.
    ///
    /// # Errors
    /// [`Overrun`] if it has fewer; nothing is removed then.
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

    /// Removes all plaintext of the record that is open.
    pub fn consume_all(&mut self) {
        let _none_left = self.consume(self.plaintext.len());
    }

    /// The transport has ended. Whole records that are held are still read; after them
    /// [`process`](Self::process) gives [`Error::Truncated`], once, unless the peer had closed.
    pub fn end_of_input(&mut self) {
        if self.end == ReadEnd::NotYet {
            self.end = ReadEnd::Transport;
        }
    }

    /// Whether [`inbound`](Self::inbound) would take bytes.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.end == ReadEnd::NotYet && !self.buffer.is_full(self.needed())
    }

    /// Whether [`process`](Self::process) would find something in what is held: a whole record,
    /// or the end of input.
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

    /// Whether a whole record is at the front, or a header that can be refused at once.
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

    /// The other half has failed: reading ends behind the plaintext that was opened before, with
    /// this error; what is held besides is wiped. After the end it changes nothing.
    /// [`Error::Truncated`] does what [`end_of_input`](Self::end_of_input) does.
    pub fn fail(&mut self, error: Error) {
        match (self.end, error) {
            (ReadEnd::Failed(_) | ReadEnd::CloseNotify | ReadEnd::Truncated, _) => {}
            (_, Error::Truncated) => self.end_of_input(),
            _ if self.opened_record_len > 0 => self.end = ReadEnd::Failed(error),
            _ => self.wipe(error),
        }
    }

    /// The fault that ended it, if one did; `None` while there is plaintext in front of it. For an
    /// end without `close_notify` it stays `None`: see [`state`](Self::state).
    #[must_use]
    #[inline]
    pub const fn error(&self) -> Option<Error> {
        match self.end {
            ReadEnd::Failed(error) if self.opened_record_len == 0 => Some(error),
            _ => None,
        }
    }

    /// Records opened so far.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.opened
    }

    /// Gives back all memory that holds nothing or can be made again. See
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

    /// Bytes of buffer memory held now.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        self.buffer.memory_held() + self.joiner.memory_held()
    }

    /// The life of the reader.
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

    /// The caller gives the connection up: plaintext that was not read goes too.
    #[cfg(feature = "rustls")]
    pub(crate) fn abort(&mut self, error: Error) {
        match self.end {
            ReadEnd::Failed(first) => self.wipe(first),
            ReadEnd::Truncated => {}
            ReadEnd::NotYet | ReadEnd::Transport | ReadEnd::CloseNotify => self.wipe(error),
        }
    }

    /// Whether input can come, and all that came is consumed: there is room for any record.
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

    /// Whether `process` may change anything: an end, or a record that is not opened yet.
    #[cfg(feature = "rustls")]
    #[inline]
    pub(crate) fn needs_process(&self) -> bool {
        !matches!(self.end, ReadEnd::NotYet) || (self.opened_record_len == 0 && self.holds_record())
    }

    /// Whether the next record is here and, as far as its header says, holds application data.
    #[cfg(feature = "rustls")]
    pub(crate) fn holds_data(&self) -> bool {
        let Ok(Some(header)) = self.next_header() else { return false };
        header.content_type() == ContentType::ApplicationData
            && header.record_len() <= self.buffer.len()
    }
}
