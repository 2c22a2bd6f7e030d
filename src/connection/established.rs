//! A connection after the handshake: both halves, and the keys they share.

use super::ConnectionError;
use super::handover::NextKeys;
use super::handshake::Handshake;
use super::negotiated::{Negotiated, negotiated_suite};
use crate::aead::{KeySchedule, ReadKeys};
use crate::error::{Error, PeerFault};
use crate::reader::{PostHandshake, ReadHalf, ReaderState};
use crate::record::{KeyUpdateRequest, Version};
use crate::writer::{WriteHalf, WriterParts, WriterState};

/// Both halves and what ties them: KeyUpdates, tickets, alerts, closing.
#[derive(Debug)]
pub(super) struct Established {
    pub(super) write: WriteHalf,
    pub(super) read: ReadHalf,
    pub(super) keys: NextKeys,
    pub(super) negotiated: Negotiated,
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
        let (write_keys, read_keys, keys) = tls.hand_over(suite)?;
        let mut write = WriteHalf::new(write_keys, &config.writer, outbound);
        write.observe(conditions);
        let mut read = ReadHalf::new(read_keys, role, &config.reader, inbound);
        if input_ended {
            read.end_of_input();
        }
        Ok(Self { write, read, keys, negotiated })
    }

    pub(super) fn process(&mut self) -> Result<(), Error> {
        if let Some(error) = self.write.error() {
            self.read.fail(error);
        }
        let was = self.read.state();
        let Self { write, read, keys, negotiated } = self;
        if let Err(error) = read.process(&mut Ties { write, keys }) {
            // A transport that ended can still be open in the other direction.
            if error != Error::Truncated {
                write.fail(error);
            }
            return Err(error);
        }
        // RFC 5246 §7.2.1: in TLS 1.2 the peer's close_notify is answered at once.
        if negotiated.suite.version() == Version::Tls12
            && was == ReaderState::Open
            && read.state() == ReaderState::PeerClosed
        {
            // The fault of a failed half is sticky and comes at the next call.
            let _failed = write.close(keys);
        }
        Ok(())
    }

    /// A half that has failed takes the other one with it, which learns of it when it is called.
    pub(super) fn wants_input(&self) -> bool {
        self.write.error().is_none() && self.read.wants_input()
    }

    pub(super) fn reader_state(&self) -> ReaderState {
        match self.write.error() {
            Some(_) => ReaderState::Failed,
            None => self.read.state(),
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
        (self.write.into_parts(None), self.read.into_keys())
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.write.fail(error);
        self.read.fail(error);
    }

    pub(super) fn error(&self) -> Option<Error> {
        self.write.error().or_else(|| self.read.error())
    }
}

/// What the reading half asks of the rest.
struct Ties<'a> {
    write: &'a mut WriteHalf,
    keys: &'a mut NextKeys,
}

impl PostHandshake for Ties<'_> {
    fn expects_key_update(&self) -> bool {
        self.write.expects_peer_update()
    }

    fn records_sealed(&self) -> u64 {
        self.write.progress().records
    }

    fn key_update(&mut self, request: KeyUpdateRequest) -> Result<ReadKeys, Error> {
        self.write.on_peer_update(request, self.keys);
        self.keys.next_read_keys()
    }

    fn ticket(&mut self, body: &[u8]) -> Result<(), PeerFault> {
        self.keys.store_ticket(body)
    }

    fn renegotiation_request(&mut self) {
        self.write.refuse_renegotiation();
    }

    fn has_news(&self) -> bool {
        false
    }
}
