//! The reading half of a connection, usable alone with keys from anywhere.

mod config;
mod credit;
mod expected;
mod half;
mod inbound;
mod joiner;
mod limits;

pub use config::ReaderConfig;
pub use credit::Credit;
pub(crate) use half::{PostHandshake, ReadHalf};
pub use inbound::Inbound;
pub use limits::PeerLimits;

use crate::aead::{NextKeys, ReadKeys};
use crate::buffer::InboundBuffer;
use crate::error::{Error, PeerFault};
use crate::record::KeyUpdateRequest;

/// Which side of the connection we are: it decides which messages the peer may send.
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
/// use bytes::Buf;
/// use wantwrite::{CipherSuite, ReadKeys, Reader, ReaderConfig, Role};
/// use wantwrite::{WriteKeys, Writer, WriterConfig};
///
/// let suite = CipherSuite::TLS_CHACHA20_POLY1305_SHA256;
/// let mut writer = Writer::new(WriteKeys::new(suite, &[1; 32], [2; 12], 0)?, WriterConfig::default());
/// let keys = ReadKeys::new(suite, &[1; 32], [2; 12], 0)?;
/// let mut reader = Reader::new(keys, Role::Client, ReaderConfig::default());
///
/// writer.write(b"hello")?;
/// let taken = reader.receive(writer.outbound().chunk());
/// writer.outbound().advance(taken);
/// let events = reader.process()?;
/// assert_eq!(events.key_update, None);
/// assert_eq!(reader.plaintext(), b"hello");
/// reader.consume(5);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    half: ReadHalf,
    next_keys: NextKeys,
    /// By the writer beside it.
    records_sealed: u64,
}

impl Reader {
    /// A reader with an empty buffer. Nothing is allocated before the first input.
    #[must_use]
    pub fn new(mut keys: ReadKeys, role: Role, config: ReaderConfig) -> Self {
        let next_keys = keys.take_secret().into();
        let buffer = InboundBuffer::new(config.buffer_capacity(), config.buffers);
        let half = ReadHalf::new(keys, role, &config, buffer);
        Self { half, next_keys, records_sealed: 0 }
    }

    /// Memory for the transport's next bytes, to read straight into.
    pub fn inbound(&mut self) -> Inbound<'_> {
        Inbound::new(self.half.inbound())
    }

    /// Copies as much of `wire` as there is room for and returns how much that was. Bytes after
    /// the end of reading are ignored: all of `wire` is taken then.
    #[must_use = "what was not taken must be given again"]
    pub fn receive(&mut self, wire: &[u8]) -> usize {
        self.inbound().receive(wire)
    }

    /// Opens records until one has plaintext that is not consumed, or something that the writer
    /// must be told of, or more input is needed, or the peer has closed. Without input it changes
    /// nothing. [`wants_process`](Self::wants_process) says whether there is more.
    ///
    /// # Errors
    /// The fatal [`Error`], again at every later call. [`Error::alert`] says what to tell the
    /// peer.
    pub fn process(&mut self) -> Result<ReaderEvents, Error> {
        let mut handler = Alone {
            next_keys: &mut self.next_keys,
            records_sealed: self.records_sealed,
            events: ReaderEvents::default(),
        };
        self.half.process(&mut handler)?;
        Ok(handler.events)
    }

    /// The writer beside it has sealed so many records in all
    /// ([`Progress::records`](crate::Progress)), which give the peer credit as data from it does:
    /// see [`PeerLimits`]. Without this call only received data counts. A number that is not
    /// greater than the last one changes nothing.
    pub fn on_sealed(&mut self, records: u64) {
        self.records_sealed = self.records_sealed.max(records);
    }

    /// The plaintext of the record that is open; empty if there is none.
    #[must_use]
    pub fn plaintext(&self) -> &[u8] {
        self.half.plaintext()
    }

    /// Removes `n` bytes from the front of the plaintext, or all if it has fewer.
    pub fn consume(&mut self, n: usize) {
        self.half.consume(n);
    }

    /// The transport has ended. Whole records that are held are still read; after them
    /// [`process`](Self::process) gives [`Error::Truncated`], unless the peer had closed.
    pub fn end_of_input(&mut self) {
        self.half.end_of_input();
    }

    /// Whether [`inbound`](Self::inbound) would take bytes.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        self.half.wants_input()
    }

    /// Whether [`process`](Self::process) would find something in what is held: a whole record,
    /// or the end of input.
    #[must_use]
    pub fn wants_process(&self) -> bool {
        self.half.wants_process()
    }

    /// The other half has failed: reading ends behind the plaintext that was opened before, with
    /// this error; what is held besides is wiped. After the end it changes nothing.
    pub fn fail(&mut self, error: Error) {
        self.half.fail(error);
    }

    /// The fault that ended it, if one did; `None` while there is plaintext in front of it.
    #[must_use]
    pub const fn error(&self) -> Option<Error> {
        self.half.error()
    }

    /// Records opened so far.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.half.records()
    }

    /// Gives back all memory that holds nothing or can be made again. See
    /// [`Writer::shrink`](crate::Writer::shrink).
    pub fn shrink(&mut self) {
        self.half.shrink();
    }

    /// Bytes of buffer memory held now.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        self.half.memory_held()
    }

    /// The life of the reader.
    #[must_use]
    pub const fn state(&self) -> ReaderState {
        self.half.state()
    }
}

/// A reader without a writer beside it.
struct Alone<'a> {
    next_keys: &'a mut NextKeys,
    records_sealed: u64,
    events: ReaderEvents,
}

impl PostHandshake for Alone<'_> {
    fn expects_key_update(&self) -> bool {
        false
    }

    fn records_sealed(&self) -> u64 {
        self.records_sealed
    }

    fn key_update(&mut self, request: KeyUpdateRequest) -> Result<ReadKeys, Error> {
        self.events.key_update = Some(request);
        self.next_keys.next_read_keys()
    }

    fn ticket(&mut self, _body: &[u8]) -> Result<(), PeerFault> {
        self.events.tickets += 1;
        Ok(())
    }

    fn renegotiation_request(&mut self) {
        self.events.renegotiation_requests += 1;
    }

    fn has_news(&self) -> bool {
        self.events != ReaderEvents::default()
    }
}
