//! How a reader takes over from a handshake, and how it is taken apart at rest.

use super::process::ReadEnd;
use super::{Reader, Role};
use crate::aead::{ReadKeys, RecordOpener};
use crate::buffer::InboundBuffer;

impl Reader {
    /// Begins after a handshake that has read from `buffer`, whose capacity may have changed.
    pub(crate) fn begin_in(&mut self, keys: ReadKeys, mut buffer: InboundBuffer) {
        buffer.set_capacity(self.buffer.capacity());
        self.buffer = buffer;
        self.begin(keys);
    }

    /// Takes the keys out. Call this only at rest.
    pub(crate) fn take_keys(&mut self) -> Option<ReadKeys> {
        self.opener.take().map(RecordOpener::into_keys)
    }

    pub(crate) const fn role(&self) -> Role {
        self.role
    }

    /// Whether there is no plaintext and no partial message. Unopened records can be held.
    pub(crate) fn is_between_records(&self) -> bool {
        self.end == ReadEnd::NotYet
            && self.opened_record_len == 0
            && !self.joiner.is_joining()
            && !self.buffer.is_away()
    }

    /// The bytes of those unopened records.
    pub(crate) fn unopened(&self) -> &[u8] {
        self.buffer.bytes()
    }

    /// Holds input that another reader has left unopened, even if it exceeds the capacity. Call this
    /// before there is any other input.
    pub(crate) fn hold(&mut self, unopened: &[u8]) {
        let capacity = self.buffer.capacity();
        self.buffer.set_capacity(capacity.max(unopened.len()));
        let _all = self.receive(unopened);
        self.buffer.set_capacity(capacity);
    }

    /// Whether the next byte from the transport begins a record and a message.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.is_between_records() && self.buffer.len() == 0
    }
}
