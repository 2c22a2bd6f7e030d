//! A connection after the handshake: both halves, and what ties them.

use alloc::boxed::Box;

use super::ConnectionError;
use super::config::Tls12Close;
use super::handshake::Handshake;
use super::negotiated::{Negotiated, negotiated_suite};
use crate::aead::{NextKeys, ReadKeys};
use crate::error::{Error, PeerFault};
use crate::reader::{PostHandshake, ReadHalf, ReaderState};
use crate::record::{KeyUpdateRequest, Version};
use crate::writer::{Writer, WriterParts, WriterState};

/// Both halves and what ties them: KeyUpdates, tickets, alerts, closing.
#[derive(Debug)]
pub(super) struct Established {
    pub(super) write: Writer,
    pub(super) read: ReadHalf,
    pub(super) negotiated: Negotiated,
    /// The peer's `close_notify` closes our half (RFC 5246 §7.2.1).
    answers_close: bool,
}

impl Established {
    /// Takes over from rustls. The handshake's unsent bytes stay in front of ours, its unread
    /// input stays ours to read.
    pub(super) fn from_handshake(handshake: Handshake) -> Result<Self, ConnectionError> {
        let server_name = handshake.server_name();
        let input_ended = handshake.input_has_ended();
        let Handshake { tls, inbound, outbound, config, conditions, .. } = handshake;
        let suite = negotiated_suite(tls.common()).ok_or(rustls::Error::HandshakeNotComplete)?;
        let negotiated = Negotiated::of(tls.common(), suite, server_name);
        let role = tls.role();
        let (write_keys, read_keys, schedule) = tls.hand_over(suite)?;
        let next_keys = NextKeys::Schedule(Box::new(schedule));
        let mut write = Writer::with_buffer(write_keys, next_keys, &config.writer, outbound);
        write.observe(conditions);
        let mut read = ReadHalf::new(read_keys, role, &config.reader, inbound);
        if input_ended {
            read.end_of_input();
        }
        let answers_close =
            config.tls12_close == Tls12Close::Answer && suite.version() == Version::Tls12;
        Ok(Self { write, read, negotiated, answers_close })
    }

    pub(super) fn process(&mut self) -> Result<(), Error> {
        if let Some(error) = self.write.error() {
            self.read.fail(error);
            // A clean end stays one, and yet the connection has failed.
            if self.read.state() == ReaderState::PeerClosed {
                return Err(error);
            }
        }
        let was = self.read.state();
        let Self { write, read, .. } = self;
        if let Err(error) = read.process(&mut Ties { write }) {
            // A transport that ended can still be open in the other direction.
            if error != Error::Truncated {
                write.fail(error);
            }
            return Err(error);
        }
        if self.answers_close && was == ReaderState::Open && read.state() == ReaderState::PeerClosed
        {
            // The fault of a failed half is sticky and comes at the next call.
            let _failed = write.close();
        }
        Ok(())
    }

    /// Whether the call that has read a record finds more behind it; not where the peer's
    /// `close_notify` closes our half, before the caller could answer what came in front of it.
    pub(super) fn reads_on(&self) -> bool {
        if self.answers_close { self.read.holds_data() } else { self.read.wants_process() }
    }

    /// A half that has failed takes the other one with it, which learns of it when it is called:
    /// plaintext that was opened before is still to be read.
    pub(super) fn wants_input(&self) -> bool {
        self.write.error().is_none() && self.read.wants_input()
    }

    pub(super) fn reader_state(&self) -> ReaderState {
        match (self.read.state(), self.write.error()) {
            (ReaderState::Open, Some(_)) if self.read.plaintext().is_empty() => ReaderState::Failed,
            (state, _) => state,
        }
    }

    /// Whether the keys alone say where both halves stand, and the peer owes no other key.
    pub(super) fn is_at_rest(&self) -> bool {
        self.write.state() == WriterState::Open
            && !self.write.wants_drain()
            && !self.write.expects_peer_update()
            && self.read.is_at_rest()
    }

    /// To be called at rest only.
    pub(super) fn into_parts(self) -> (WriterParts, ReadKeys) {
        (self.write.take_apart(), self.read.into_keys())
    }

    /// The caller gives both halves up.
    pub(super) fn abort(&mut self, error: Error) {
        self.write.fail(error);
        self.read.abort(error);
    }

    pub(super) fn error(&self) -> Option<Error> {
        self.write.error().or_else(|| self.read.error())
    }
}

/// What the reading half asks of the rest.
struct Ties<'a> {
    write: &'a mut Writer,
}

impl PostHandshake for Ties<'_> {
    fn expects_key_update(&self) -> bool {
        self.write.expects_peer_update()
    }

    fn records_sealed(&self) -> u64 {
        self.write.progress().records
    }

    fn key_update(&mut self, request: KeyUpdateRequest) -> Result<ReadKeys, Error> {
        let _no_answer = self.write.on_key_update(request);
        self.write.next_read_keys()
    }

    fn ticket(&mut self, body: &[u8]) -> Result<(), PeerFault> {
        self.write.store_ticket(body)
    }

    fn renegotiation_request(&mut self) {
        self.write.on_renegotiation_request();
    }

    fn has_news(&self) -> bool {
        false
    }
}
