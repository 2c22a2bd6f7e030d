//! The peer's bytes while the handshake lasts: what was shown of them, and what waits.

use bytes::BytesMut;

use super::watch::Watch;
use crate::buffer::InboundBuffer;
use crate::error::{Overrun, PeerFault};
use crate::reader::{PeerLimits, Role};
use crate::record::{HEADER_LEN, HeaderStart, RecordHeader, Version};

/// How much of the peer's handshake may be held at most: its longest message (64 KiB), in records
/// of moderate size.
const MAX_LEN: usize = 128 * 1024;

/// Records leave it one by one: the next one is shown only when it is asked for. So what comes
/// behind the handshake (tickets, KeyUpdates, application data) stays in it, unread.
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

/// The next record that was not shown, and what is known when it was looked at.
#[derive(Debug)]
pub(super) enum UnseenRecord {
    Whole(RecordHeader, Watch),
    Part(Watch),
}

/// What a record is refused by.
#[derive(Debug)]
pub(super) enum Refusal {
    /// rustls refuses nearly all of these too.
    Header(PeerFault),
    Content(PeerFault),
}

impl HandshakeInput {
    pub(super) fn new(role: Role, inbound: InboundBuffer, limits: PeerLimits) -> Self {
        Self {
            watch: Watch::new(role, limits.handshake_len),
            inbound,
            shown: 0,
            max_len: limits.handshake_len.saturating_mul(2).min(MAX_LEN),
            end: End::NotYet,
        }
    }

    /// The transport has no more.
    pub(in crate::connection) fn end(&mut self) {
        self.end = End::Reached;
    }

    pub(in crate::connection) fn has_ended(&self) -> bool {
        self.end == End::Reached
    }

    /// Whether there is memory for more. Where a record does not fit, [`grow`](Self::grow) makes
    /// it.
    pub(super) fn wants_more(&self) -> bool {
        !self.has_ended() && !self.is_full()
    }

    pub(super) fn is_full(&self) -> bool {
        self.inbound.is_full(self.needed())
    }

    /// Where the transport's next bytes go, with room made; `None` after their end, and while that
    /// memory is away.
    pub(in crate::connection) fn memory(&mut self) -> Option<&mut InboundBuffer> {
        if self.has_ended() || self.inbound.is_away() {
            return None;
        }
        let _moved = self.inbound.make_room(self.needed());
        Some(&mut self.inbound)
    }

    /// The same as a loan.
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

    /// The same as the caller's own.
    pub(in crate::connection) fn take(&mut self) -> Option<BytesMut> {
        if self.has_ended() { None } else { self.inbound.take(self.needed()) }
    }

    /// Takes it back.
    pub(in crate::connection) fn give_back(
        &mut self,
        memory: BytesMut,
        n: usize,
    ) -> Result<(), Overrun> {
        self.inbound.give_back(memory, if self.has_ended() { 0 } else { n })
    }

    /// Bytes of memory.
    pub(super) fn memory_held(&self) -> usize {
        self.inbound.memory_held()
    }

    /// What is here of the next record that was not shown. One that is protected says nothing.
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

    /// The next record is shown from here on.
    pub(super) fn show(&mut self, header: RecordHeader, watch: Watch, version: Option<Version>) {
        self.shown += header.record_len();
        self.watch = watch;
        self.watch.next_record(header, version);
    }

    /// In the place of the next record, a header is shown that has its fault and no other, and
    /// depends on no byte behind that.
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

    /// Takes that back.
    pub(super) fn hide_header(&mut self) {
        self.shown -= HEADER_LEN;
    }

    /// Remembers what a look at a part of a record has shown.
    pub(super) fn set_watch(&mut self, watch: Watch) {
        self.watch = watch;
    }

    /// In the place of the next record, another one is shown.
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

    /// What was shown and is still needed.
    pub(super) fn shown_mut(&mut self) -> &mut [u8] {
        self.inbound.bytes_mut().get_mut(..self.shown).unwrap_or(&mut [])
    }

    /// Whether nothing is needed of what was shown.
    pub(super) const fn is_all_used(&self) -> bool {
        self.shown == 0
    }

    /// The first `n` bytes of what was shown are needed no more.
    pub(super) fn discard(&mut self, n: usize) {
        self.shown = self.shown.saturating_sub(n);
        self.inbound.consume(n);
    }

    /// Makes room for what the peer's message still needs, up to the limit; gives the memory back
    /// where nothing has come.
    pub(super) fn grow(&mut self) -> Result<(), PeerFault> {
        if self.is_full() {
            let capacity = self.inbound.capacity();
            if capacity >= self.max_len {
                return Err(PeerFault::HandshakeTooLong);
            }
            let wanted = capacity.saturating_mul(2).max(self.needed());
            self.inbound.set_capacity(wanted.min(self.max_len));
        }
        // A peer that is silent costs no buffer.
        self.inbound.release_if_empty();
        Ok(())
    }

    /// Forgets and overwrites everything.
    pub(super) fn wipe(&mut self) {
        self.shown = 0;
        self.inbound.wipe();
    }

    /// The buffer, for the reader to take over.
    pub(super) fn into_inbound(self) -> InboundBuffer {
        self.inbound
    }

    /// The next record, which is whole.
    pub(super) fn unseen(&self, header: RecordHeader) -> &[u8] {
        self.rest().get(..header.record_len()).unwrap_or(&[])
    }

    fn rest(&self) -> &[u8] {
        self.inbound.bytes().get(self.shown..).unwrap_or(&[])
    }

    /// Length of what was shown and of the record behind it, as far as it is known, if the end of
    /// that record has not come; else 0.
    fn needed(&self) -> usize {
        let rest = self.rest();
        let needed = match RecordHeader::decode_of_any_version(rest) {
            Ok(header) => header.map_or(HEADER_LEN, RecordHeader::record_len),
            Err(_) => 0,
        };
        if needed > rest.len() { self.shown + needed } else { 0 }
    }
}

/// Of the versions with this first byte one that rustls knows, if there is one: SSL 2.0, DTLS.
const fn rustls_minor(major: u8) -> u8 {
    if major == 0xfe { 0xff } else { 2 }
}
