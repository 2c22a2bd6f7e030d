//! What the reading half asks of the writer next to it.

use crate::aead::ReadKeys;
use crate::error::{Error, PeerFault};
use crate::reader::PostHandshake;
use crate::record::KeyUpdateRequest;
use crate::writer::Writer;

pub(super) struct WriterBeside<'a> {
    writer: &'a mut Writer,
}

impl<'a> WriterBeside<'a> {
    pub(super) const fn new(writer: &'a mut Writer) -> Self {
        Self { writer }
    }
}

impl PostHandshake for WriterBeside<'_> {
    fn expects_key_update(&self) -> bool {
        self.writer.expects_peer_update()
    }

    fn records_sealed(&self) -> u64 {
        self.writer.progress().records
    }

    fn key_update(&mut self, request: KeyUpdateRequest) -> Result<ReadKeys, Error> {
        let _no_answer = self.writer.on_key_update(request);
        self.writer.next_read_keys()
    }

    fn ticket(&mut self, body: &[u8]) -> Result<(), PeerFault> {
        self.writer.store_ticket(body)
    }

    fn renegotiation_request(&mut self) {
        self.writer.on_renegotiation_request();
    }

    fn has_news(&self) -> bool {
        false
    }
}
