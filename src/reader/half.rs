//! The reading half: records opened in place, and what they carry dispatched.
#![deny(clippy::indexing_slicing)]

use core::ops::Range;

use super::config::ReaderConfig;
use super::expected::Expected;
use super::joiner::{HandshakeJoiner, Message};
use super::limits::PeerCounts;
use super::{ReaderState, Role};
use crate::aead::{Opened, ReadKeys, RecordOpener};
use crate::alert::AlertDescription;
use crate::buffer::InboundBuffer;
use crate::error::{Error, PeerFault};
use crate::record::{
    ContentType, HEADER_LEN, HandshakeType, KeyUpdateRequest, RecordHeader, Version,
    decode_key_update,
};

impl From<PeerFault> for Error {
    fn from(fault: PeerFault) -> Self {
        Self::Peer(fault)
    }
}

/// What the reader needs from whoever knows the other half and the keys.
pub(crate) trait PostHandshake {
    /// Whether the peer owes us a KeyUpdate that answers ours.
    fn expects_key_update(&self) -> bool;

    /// How many records of data we have sealed in all.
    fn records_sealed(&self) -> u64;

    /// The peer's key changes: gives the next one.
    fn key_update(&mut self, request: KeyUpdateRequest) -> Result<ReadKeys, Error>;

    /// A session ticket, without its handshake header (RFC 9846 §4.7.1).
    fn ticket(&mut self, body: &[u8]) -> Result<(), PeerFault>;

    /// The peer wants to renegotiate (TLS 1.2).
    fn renegotiation_request(&mut self);

    /// Whether the caller is to be told before another record is opened.
    fn has_news(&self) -> bool;
}

/// Opens records in the inbound buffer, one at a time: the next one when the plaintext of the
/// last one is consumed.
#[derive(Debug)]
pub(crate) struct ReadHalf {
    opener: RecordOpener,
    buffer: InboundBuffer,
    /// Length of the record at the front of the buffer if it is open and has plaintext left.
    open_record_len: usize,
    /// Where in it that plaintext lies.
    plaintext: Range<usize>,
    joiner: HandshakeJoiner,
    counts: PeerCounts,
    role: Role,
    end: End,
    opened: u64,
}

/// Why nothing more will be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    NotYet,
    /// The transport has ended; whole records in the buffer are still read.
    Transport,
    CloseNotify,
    /// Plaintext that was opened before is still to be read.
    Failed(Error),
}

/// What to do after a record.
enum Next {
    Record,
    Stop,
}

impl ReadHalf {
    /// A half that goes on with what `buffer` holds.
    pub(crate) fn new(
        keys: ReadKeys,
        role: Role,
        config: &ReaderConfig,
        mut buffer: InboundBuffer,
    ) -> Self {
        buffer.set_capacity(config.buffer_capacity());
        Self {
            opener: RecordOpener::new(keys),
            buffer,
            open_record_len: 0,
            plaintext: 0..0,
            joiner: HandshakeJoiner::default(),
            counts: PeerCounts::new(config.limits),
            role,
            end: End::NotYet,
            opened: 0,
        }
    }

    /// The keys; to be called at rest only.
    #[cfg(feature = "rustls")]
    pub(crate) fn into_keys(self) -> ReadKeys {
        self.opener.into_keys()
    }

    /// Whether the next byte from the transport begins a record, and a message.
    #[cfg(feature = "rustls")]
    pub(crate) fn is_at_rest(&self) -> bool {
        self.end == End::NotYet && self.buffer.len() == 0 && !self.joiner.is_joining()
    }

    /// Opens records until one has plaintext, or input is needed, or the peer has closed.
    pub(crate) fn process(&mut self, handler: &mut dyn PostHandshake) -> Result<(), Error> {
        if let Some(error) = self.error() {
            return Err(error);
        }
        let result = self.process_records(handler);
        self.buffer.release_if_empty();
        if let Err(error) = result {
            self.wipe(error);
        }
        result
    }

    /// The plaintext of the record that is open.
    pub(crate) fn plaintext(&self) -> &[u8] {
        self.buffer.bytes().get(self.plaintext.clone()).unwrap_or(&[])
    }

    /// Removes `len` bytes from the front of the plaintext; more than there are removes all.
    pub(crate) fn consume(&mut self, len: usize) {
        let len = len.min(self.plaintext.len());
        self.plaintext.start += len;
        if self.plaintext.is_empty() && self.open_record_len > 0 {
            self.buffer.consume(self.open_record_len);
            self.open_record_len = 0;
            self.plaintext = 0..0;
            if let End::Failed(error) = self.end {
                self.wipe(error);
            }
        }
    }

    /// Where the transport's next bytes go, with room made; `None` once nothing more will be read.
    pub(crate) fn inbound(&mut self) -> Option<&mut InboundBuffer> {
        if self.end != End::NotYet {
            return None;
        }
        let _moved = self.buffer.make_room(self.needed());
        Some(&mut self.buffer)
    }

    /// The transport has ended.
    pub(crate) fn end_of_input(&mut self) {
        if self.end == End::NotYet {
            self.end = End::Transport;
        }
    }

    /// The connection has failed elsewhere: reading ends behind the plaintext that was opened
    /// before, unless it has ended already.
    pub(crate) fn fail(&mut self, error: Error) {
        if let End::Failed(_) | End::CloseNotify = self.end {
            return;
        }
        if self.open_record_len > 0 {
            self.end = End::Failed(error);
        } else {
            self.wipe(error);
        }
    }

    /// The caller gives the connection up: plaintext that was not read goes too.
    #[cfg(feature = "rustls")]
    pub(crate) fn abort(&mut self, error: Error) {
        match self.end {
            End::Failed(first) => self.wipe(first),
            End::NotYet | End::Transport | End::CloseNotify => self.wipe(error),
        }
    }

    /// Whether [`process`](Self::process) would find something in what is held.
    pub(crate) fn wants_process(&self) -> bool {
        if self.open_record_len > 0 {
            return false;
        }
        match self.end {
            End::Transport => true,
            End::NotYet => match self.next_header() {
                Ok(header) => header.is_some_and(|header| header.record_len() <= self.buffer.len()),
                Err(_) => true,
            },
            End::CloseNotify | End::Failed(_) => false,
        }
    }

    /// Whether the next record is here and, as far as its header says, holds application data.
    #[cfg(feature = "rustls")]
    pub(crate) fn holds_data(&self) -> bool {
        let Ok(Some(header)) = self.next_header() else { return false };
        header.content_type == ContentType::ApplicationData
            && header.record_len() <= self.buffer.len()
    }

    pub(crate) fn wants_input(&self) -> bool {
        self.end == End::NotYet && !self.buffer.is_full(self.needed())
    }

    pub(crate) const fn state(&self) -> ReaderState {
        match self.end {
            End::NotYet | End::Transport => ReaderState::Open,
            End::CloseNotify => ReaderState::PeerClosed,
            End::Failed(_) if self.open_record_len > 0 => ReaderState::Open,
            End::Failed(Error::Truncated) => ReaderState::Truncated,
            End::Failed(_) => ReaderState::Failed,
        }
    }

    /// The fault that ended reading, behind the plaintext that was opened before it.
    pub(crate) const fn error(&self) -> Option<Error> {
        match self.end {
            End::Failed(error) if self.open_record_len == 0 => Some(error),
            End::NotYet | End::Transport | End::CloseNotify | End::Failed(_) => None,
        }
    }

    /// Records opened since the beginning.
    pub(crate) const fn records(&self) -> u64 {
        self.opened
    }

    /// Gives back what is empty or can be made again.
    pub(crate) fn shrink(&mut self) {
        self.buffer.shrink();
        self.opener.shrink();
        if !self.joiner.is_joining() {
            self.joiner = HandshakeJoiner::default();
        }
    }

    pub(crate) fn memory_held(&self) -> usize {
        self.buffer.memory_held() + self.joiner.memory_held()
    }

    fn wipe(&mut self, error: Error) {
        self.end = End::Failed(error);
        self.plaintext = 0..0;
        self.open_record_len = 0;
        self.joiner = HandshakeJoiner::default();
        self.buffer.wipe();
    }

    fn process_records(&mut self, handler: &mut dyn PostHandshake) -> Result<(), Error> {
        while self.open_record_len == 0 && self.end != End::CloseNotify {
            let header = self.next_header()?;
            let record_len = header.map_or(usize::MAX, RecordHeader::record_len);
            let (Some(header), Some(record)) =
                (header, self.buffer.bytes_mut().get_mut(..record_len))
            else {
                // RFC 9846 §6.1: without close_notify the end may be somebody else's doing.
                return if self.end == End::Transport { Err(Error::Truncated) } else { Ok(()) };
            };
            let opened = self.opener.open(header, record)?;
            self.opened = self.opened.saturating_add(1);
            match self.dispatch(&opened, handler)? {
                Next::Record => {
                    self.buffer.consume(record_len);
                    if handler.has_news() {
                        break;
                    }
                }
                Next::Stop => {
                    self.open_record_len = record_len;
                    self.plaintext = opened.content;
                }
            }
        }
        if self.end == End::CloseNotify {
            // RFC 9846 §6.1: whatever comes after a closure alert is ignored.
            self.buffer.consume(self.buffer.len());
        }
        Ok(())
    }

    /// Length of the record at the front, as far as it is known, if its end has not come; else 0.
    fn needed(&self) -> usize {
        if self.open_record_len > 0 {
            return 0;
        }
        let needed = match self.next_header() {
            Ok(header) => header.map_or(HEADER_LEN, RecordHeader::record_len),
            Err(_) => 0,
        };
        if needed > self.buffer.len() { needed } else { 0 }
    }

    fn next_header(&self) -> Result<Option<RecordHeader>, PeerFault> {
        RecordHeader::decode_protected(self.buffer.bytes(), self.opener.format())
    }

    fn dispatch(
        &mut self,
        opened: &Opened,
        handler: &mut dyn PostHandshake,
    ) -> Result<Next, Error> {
        // RFC 9846 §5.1: nothing may come between the parts of a handshake message.
        if self.joiner.is_joining() && opened.content_type != ContentType::Handshake {
            return Err(PeerFault::InterleavedHandshake.into());
        }
        if opened.content_type == ContentType::ApplicationData && !opened.content.is_empty() {
            self.counts.on_application_data(opened.content.len());
            return Ok(Next::Stop);
        }
        self.counts.settle(handler.records_sealed());
        match opened.content_type {
            ContentType::ApplicationData => self.counts.on_empty_record()?,
            ContentType::Alert => self.on_alert(opened)?,
            ContentType::Handshake => self.on_handshake(opened, handler)?,
            ContentType::ChangeCipherSpec => return Err(PeerFault::UnexpectedContentType.into()),
        }
        Ok(Next::Record)
    }

    fn on_alert(&mut self, opened: &Opened) -> Result<(), Error> {
        let content = self.buffer.bytes().get(opened.content.clone()).unwrap_or(&[]);
        let &[level, description] = content else {
            return Err(if content.is_empty() {
                PeerFault::EmptyFragment.into()
            } else {
                PeerFault::BadMessageLength.into()
            });
        };
        let description = AlertDescription(description);
        // RFC 9846 §6: in TLS 1.3 the level says nothing. In TLS 1.2 it decides.
        let is_warning = match (self.opener.version(), level) {
            (Version::Tls13, _) => description == AlertDescription::USER_CANCELED,
            (Version::Tls12, 0x01) => true,
            (Version::Tls12, 0x02) => false,
            (Version::Tls12, _) => return Err(PeerFault::BadAlertLevel.into()),
        };
        if description == AlertDescription::CLOSE_NOTIFY {
            self.end = End::CloseNotify;
            return Ok(());
        }
        if is_warning {
            return Ok(self.counts.on_warning()?);
        }
        Err(Error::PeerAlert(description))
    }

    fn on_handshake(
        &mut self,
        opened: &Opened,
        handler: &mut dyn PostHandshake,
    ) -> Result<(), Error> {
        let Self { buffer, joiner, counts, opener, role, .. } = self;
        let fragment = buffer.bytes().get(opened.content.clone()).unwrap_or(&[]);
        if fragment.is_empty() {
            return Err(PeerFault::EmptyFragment.into());
        }
        let version = opener.version();
        let expected = Expected { version, role: *role, max_len: counts.handshake_len() };
        let check = |kind, len| expected.check(kind, len);
        let mut next_keys = None;
        joiner.push(fragment, check, |message: Message<'_>| {
            match (version, *role, message.kind) {
                (Version::Tls13, _, HandshakeType::KEY_UPDATE) => {
                    let request = decode_key_update(message.body)?;
                    // What we asked for is no flood. An answer does not ask.
                    let is_answer =
                        request == KeyUpdateRequest::NotRequested && handler.expects_key_update();
                    if !is_answer {
                        counts.on_key_update()?;
                    }
                    // RFC 9846 §5.1: what follows must be under the next key.
                    if !message.ends_record {
                        return Err(PeerFault::KeyUpdateNotLast.into());
                    }
                    next_keys = Some(handler.key_update(request)?);
                    Ok(())
                }
                (Version::Tls13, Role::Client, HandshakeType::NEW_SESSION_TICKET) => {
                    counts.on_ticket()?;
                    Ok(handler.ticket(message.body)?)
                }
                (Version::Tls12, Role::Client, HandshakeType::HELLO_REQUEST) => {
                    counts.on_renegotiation_request()?;
                    handler.renegotiation_request();
                    Ok(())
                }
                (Version::Tls12, Role::Server, HandshakeType::CLIENT_HELLO) => {
                    counts.on_renegotiation_request()?;
                    handler.renegotiation_request();
                    Ok(())
                }
                _ => Err(Error::Peer(PeerFault::UnexpectedHandshakeMessage)),
            }
        })?;
        if let Some(keys) = next_keys {
            *opener = RecordOpener::new(keys);
        }
        Ok(())
    }
}
