//! The peer's bytes during the handshake: which of them were shown to the backend, and which wait.

use bytes::BytesMut;

use super::watch::Watch;
use crate::buffer::InboundBuffer;
use crate::error::{Overrun, PeerFault};
use crate::reader::{PeerLimits, Role};
use crate::record::{HEADER_LEN, HeaderStart, MAX_RECORD_LEN, RecordHeader, Version};

/// The maximum amount of the peer's handshake held at a time: its longest message (64 KiB), in
/// records of moderate size.
const MAX_LEN: usize = 128 * 1024;

/// Shows records to the backend one by one, each only when the backend asks for it. So what follows
/// the handshake (tickets, KeyUpdates, application data) stays here, unread.
#[derive(Debug)]
pub(in crate::connection) struct HandshakeInput {
    inbound: InboundBuffer,
    /// Bytes at the front of `inbound` that were shown and are still needed.
    shown: usize,
    watch: Watch,
    max_len: usize,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    NotYet,
    Reached,
}

/// The next record that was not shown, and what we know after looking at it.
#[derive(Debug)]
pub(super) enum UnseenRecord {
    Whole(RecordHeader, Watch),
    Part(Watch),
}

/// Why a record is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// rustls rejects nearly all of these too.
    Header(PeerFault),
    Content(PeerFault),
}

impl HandshakeInput {
    pub(super) fn new(role: Role, inbound: InboundBuffer, limits: PeerLimits) -> Self {
        Self {
            watch: Watch::new(role, limits.handshake_len),
            inbound,
            shown: 0,
            // A record of early data can be longer than a handshake message may be.
            max_len: limits.handshake_len.saturating_mul(2).clamp(MAX_RECORD_LEN, MAX_LEN),
            end: End::NotYet,
        }
    }

    /// The transport's input has ended.
    pub(in crate::connection) fn end(&mut self) {
        self.end = End::Reached;
    }

    pub(in crate::connection) fn has_ended(&self) -> bool {
        self.end == End::Reached
    }

    /// Whether there is memory for more. If a record does not fit, [`grow`](Self::grow) makes room
    /// for it.
    pub(super) fn wants_more(&self) -> bool {
        !self.has_ended() && !self.is_full()
    }

    pub(super) fn is_full(&self) -> bool {
        self.inbound.is_full(self.needed())
    }

    /// The memory for the transport's next bytes, with room made. `None` after the end of input,
    /// and while the memory is taken.
    pub(in crate::connection) fn memory(&mut self) -> Option<&mut InboundBuffer> {
        if self.has_ended() || self.inbound.is_away() {
            return None;
        }
        let _moved = self.inbound.make_room(self.needed());
        Some(&mut self.inbound)
    }

    /// Lends the same memory.
    pub(in crate::connection) fn lend(&mut self) -> Option<&mut [u8]> {
        if self.has_ended() {
            return None;
        }
        let memory = self.inbound.lend(self.needed());
        (!memory.is_empty()).then_some(memory)
    }

    /// Ends the loan.
    pub(in crate::connection) fn commit_lent(&mut self, n: usize) -> Result<(), Overrun> {
        self.inbound.commit_lent(if self.has_ended() { 0 } else { n })
    }

    /// The same memory as an owned buffer.
    pub(in crate::connection) fn take(&mut self) -> Option<BytesMut> {
        if self.has_ended() { None } else { self.inbound.take(self.needed()) }
    }

    /// Takes the owned buffer back.
    pub(in crate::connection) fn give_back(
        &mut self,
        memory: BytesMut,
        n: usize,
    ) -> Result<(), Overrun> {
        self.inbound.give_back(memory, if self.has_ended() { 0 } else { n })
    }

    /// The number of bytes of memory held.
    pub(super) fn memory_held(&self) -> usize {
        self.inbound.memory_held()
    }

    /// What is here of the next record that was not shown. A protected record reveals nothing.
    pub(super) fn next_record(
        &self,
        version: Option<Version>,
        is_protected: bool,
    ) -> Result<UnseenRecord, Refusal> {
        let mut watch = self.watch;
        let rest = self.rest();
        let Some(start) = HeaderStart::of(rest) else { return Ok(UnseenRecord::Part(watch)) };
        let header = start.header().map_err(Refusal::Header)?;
        if !start.is_whole() {
            if !is_protected {
                watch.look_at_header(header, version).map_err(Refusal::Content)?;
            }
            return Ok(UnseenRecord::Part(watch));
        }
        let record = rest.get(..header.record_len());
        if !is_protected {
            watch.look(header, record.unwrap_or(rest), version).map_err(Refusal::Content)?;
        }
        Ok(match record {
            Some(_) => UnseenRecord::Whole(header, watch),
            None => UnseenRecord::Part(watch),
        })
    }

    /// Shows the next record from here on.
    pub(super) fn show(&mut self, header: RecordHeader, watch: Watch, version: Option<Version>) {
        self.shown += header.record_len();
        self.watch = watch;
        self.watch.next_record(header, version);
    }

    /// Shows a header instead of the next record. It has the same fault and no other, and does not
    /// depend on any byte after it.
    pub(super) fn show_refused_header(&mut self, fault: PeerFault) {
        let Some(start) = HeaderStart::of(self.rest()) else { return };
        let [kind, major, _, hi, lo] = start.bytes();
        let header = match fault {
            PeerFault::UnexpectedContentType => [kind, 3, 3, 0, 1],
            PeerFault::BadRecordVersion => [kind, major, rustls_minor(major), 0, 1],
            _ => [kind, 3, 3, hi, lo],
        };
        self.show_instead(&header);
    }

    /// Undoes that.
    pub(super) fn hide_header(&mut self) {
        self.shown -= HEADER_LEN;
    }

    /// Remembers what looking at a part of a record has revealed.
    pub(super) fn set_watch(&mut self, watch: Watch) {
        self.watch = watch;
    }

    /// Shows another record instead of the next one.
    pub(super) fn show_instead(&mut self, record: &[u8]) {
        let end = self.shown + record.len();
        let missing = end.saturating_sub(self.inbound.len());
        if missing > 0 {
            self.inbound.set_capacity(end.max(self.inbound.capacity()));
            let _moved = self.inbound.make_room(end);
            self.inbound.commit(missing);
        }
        if let Some(place) = self.inbound.bytes_mut().get_mut(self.shown..end) {
            place.copy_from_slice(record);
        }
        self.shown = end;
    }

    /// The bytes that were shown and are still needed.
    pub(super) fn shown_mut(&mut self) -> &mut [u8] {
        self.inbound.bytes_mut().get_mut(..self.shown).unwrap_or(&mut [])
    }

    /// Whether none of the shown bytes are needed any more.
    pub(super) const fn is_all_used(&self) -> bool {
        self.shown == 0
    }

    /// The first `n` shown bytes are no longer needed.
    pub(super) fn discard(&mut self, n: usize) {
        self.shown = self.shown.saturating_sub(n);
        self.inbound.consume(n);
    }

    /// Makes room for the rest of the peer's message, up to the limit. Releases the memory if
    /// nothing has arrived.
    pub(super) fn grow(&mut self) -> Result<(), PeerFault> {
        if self.is_full() {
            let capacity = self.inbound.capacity();
            if capacity >= self.max_len {
                return Err(PeerFault::HandshakeTooLong);
            }
            let wanted = capacity.saturating_mul(2).max(self.needed());
            self.inbound.set_capacity(wanted.min(self.max_len));
        }
        // A silent peer costs no buffer.
        self.inbound.release_if_empty();
        Ok(())
    }

    /// Discards and overwrites everything.
    pub(super) fn wipe(&mut self) {
        self.shown = 0;
        self.inbound.wipe();
    }

    /// The buffer, for the reader to take over.
    pub(super) fn into_inbound(self) -> InboundBuffer {
        self.inbound
    }

    /// The next record, which must be complete.
    pub(super) fn unseen(&self, header: RecordHeader) -> &[u8] {
        self.rest().get(..header.record_len()).unwrap_or(&[])
    }

    fn rest(&self) -> &[u8] {
        self.inbound.bytes().get(self.shown..).unwrap_or(&[])
    }

    /// The length of the shown bytes plus the record after them, as far as that is known, if that
    /// record is incomplete; otherwise 0.
    fn needed(&self) -> usize {
        let rest = self.rest();
        let needed = match RecordHeader::decode_of_any_version(rest) {
            Ok(header) => header.map_or(HEADER_LEN, RecordHeader::record_len),
            Err(_) => 0,
        };
        if needed > rest.len() { self.shown + needed } else { 0 }
    }
}

/// A version with this first byte that rustls knows, if there is one (SSL 2.0, DTLS).
const fn rustls_minor(major: u8) -> u8 {
    if major == 0xfe { 0xff } else { 2 }
}
