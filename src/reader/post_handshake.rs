//! What the reading half asks of the rest, and how a reader on its own answers.

use super::ReaderEvents;
use crate::aead::{NextKeys, ReadKeys};
use crate::error::{Error, PeerFault};
use crate::record::KeyUpdateRequest;

/// What the reader needs from the owner of the other half and the keys.
pub(crate) trait PostHandshake {
    /// Whether the peer owes us a KeyUpdate that answers ours.
    fn expects_key_update(&self) -> bool;

    /// How many records of data we have sealed in total.
    fn records_sealed(&self) -> u64;

    /// The peer's key changes. Returns the next one.
    fn key_update(&mut self, request: KeyUpdateRequest) -> Result<ReadKeys, Error>;

    /// A session ticket, without its handshake header (RFC 9846 §4.7.1).
    fn ticket(&mut self, body: &[u8]) -> Result<(), PeerFault>;

    /// The peer wants to renegotiate (TLS 1.2).
    fn renegotiation_request(&mut self);

    /// Whether to tell the caller before another record is opened.
    fn has_news(&self) -> bool;
}

/// What a reader without a connection has in addition.
#[derive(Debug)]
pub(super) struct Standalone {
    /// The source of the next generation of keys.
    next_keys: NextKeys,
    /// How many records its writer has sealed.
    records_sealed: u64,
    /// What happened that the caller was not told yet.
    events: ReaderEvents,
}

impl Standalone {
    pub(super) fn new(next_keys: NextKeys) -> Self {
        Self { next_keys, records_sealed: 0, events: ReaderEvents::default() }
    }

    pub(super) fn on_sealed(&mut self, records: u64) {
        self.records_sealed = self.records_sealed.max(records);
    }

    pub(super) fn take_events(&mut self) -> ReaderEvents {
        core::mem::take(&mut self.events)
    }
}

impl PostHandshake for Standalone {
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
