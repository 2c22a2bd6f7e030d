//! What can be seen of a writer: its states and counters, all derived from what it holds.

use crate::error::Error;

/// The life of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriterState {
    /// The handshake goes on: `write` accepts 0 bytes; drain and feed it.
    Negotiating,
    /// `write` accepts as much as there is [`room`](crate::Writer::room).
    Open,
    /// `close` was called; bytes are left to drain.
    Closing,
    /// `close` was called and everything, `close_notify` included, was drained. Do not drop a
    /// socket yet: if it has unread input, the system resets it, and the peer loses what it has not
    /// read. Read to the peer's end first, even if nothing there matters.
    Closed,
    /// A fatal fault; what was sealed before it, and the alert, can still be drained. Nothing can
    /// behind a fatal alert of the peer's ([`Error::PeerAlert`]).
    Failed,
}

/// What the outbound buffer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BufferState {
    /// Nothing: there is nothing to drain.
    Empty,
    /// Something, and `write` would accept more.
    Holding,
    /// `write` would accept nothing until bytes are drained ("want write"), or nothing more at
    /// all ([`WriteError::KeyLimit`](crate::WriteError::KeyLimit)).
    Full,
}

/// What must happen for a connection to go on. Several may be set, and all are levels: they stay
/// until the reason is gone.
///
/// None may be set: the connection waits for you, or is over. While plaintext is not consumed,
/// `process` is not set, even if a whole record lies behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wants {
    /// Bytes wait to be drained: register for writability.
    pub drain: bool,
    /// Bytes from the peer can be taken: register for readability.
    pub input: bool,
    /// What was taken has something that `process` has not looked at: a whole record, or the end
    /// of input. Call it, without waiting for the transport.
    pub process: bool,
}

/// Three counters that are never mixed, and how the bytes were cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Plaintext bytes accepted.
    pub accepted: u64,
    /// Wire bytes drained.
    pub drained: u64,
    /// Plaintext bytes whose records have been drained completely.
    pub drained_plaintext: u64,
    /// Records of application data sealed.
    pub records: u64,
    /// What ended each of them.
    pub records_ended: RecordEnds,
    /// KeyUpdates sealed.
    pub key_updates: u64,
}

/// What ended records, in numbers: together they are [`Progress::records`].
///
/// Many `drained` records mean that the transport is faster than the caller, and that each write
/// pays for a record of its own: offer more at a time. Many `flushed` ones that are short mean that
/// the caller asks too often. A key limit ends no record: the KeyUpdate goes in front of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordEnds {
    /// It had the size that the sizing policy and the memory allow.
    pub full: u64,
    /// [`flush`](crate::Writer::flush) was called, or a call that ends its record by itself:
    /// `write_owned`, `seal_batch` and `write_parallel`, and with
    /// [`Coalescing::Off`](crate::Coalescing::Off) each call that writes.
    pub flushed: u64,
    /// The drain has reached it.
    pub drained: u64,
    /// [`close`](crate::Writer::close) was called.
    pub closed: u64,
    /// [`set_max_fragment_len`](crate::Writer::set_max_fragment_len) has allowed no more of it.
    pub capped: u64,
    /// [`write_cover`](crate::Writer::write_cover): cover records, and the records in front of
    /// them.
    pub cover: u64,
}

/// What ended a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordEnd {
    Full,
    Flushed,
    Drained,
    Closed,
    Capped,
    Cover,
}

impl RecordEnds {
    #[inline(always)]
    pub(super) const fn count(&mut self, end: RecordEnd) {
        *match end {
            RecordEnd::Full => &mut self.full,
            RecordEnd::Flushed => &mut self.flushed,
            RecordEnd::Drained => &mut self.drained,
            RecordEnd::Closed => &mut self.closed,
            RecordEnd::Capped => &mut self.capped,
            RecordEnd::Cover => &mut self.cover,
        } += 1;
    }

    pub(super) const fn total(&self) -> u64 {
        let Self { full, flushed, drained, closed, capped, cover } = *self;
        full + flushed + drained + closed + capped + cover
    }
}

/// A place in the stream of plaintext: everything accepted before it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[must_use = "a flush point is there to be asked about"]
pub struct FlushPoint(pub(super) u64);

impl Progress {
    /// The place behind everything accepted so far.
    pub const fn flush_point(&self) -> FlushPoint {
        FlushPoint(self.accepted)
    }

    /// Whether everything accepted before `point` has been drained. Bytes taken as owned chunks
    /// count as drained until they are put back.
    #[must_use]
    pub const fn is_drained(&self, point: FlushPoint) -> bool {
        self.drained_plaintext >= point.0
    }
}

/// What the writer may still seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// There are no keys yet.
    Negotiating,
    Open,
    /// A batch has the segments. Seen only if it was leaked: then records are missing.
    #[cfg_attr(not(feature = "parallel"), expect(dead_code, reason = "batches need threads"))]
    Sealing,
    /// `close_notify` is sealed.
    Closed,
    /// The fatal alert is sealed, if one was due.
    Failed(Error),
}

/// What was done so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Plaintext bytes accepted.
    pub(super) accepted: u64,
    /// Records of application data sealed, by what ended them.
    pub(super) ends: RecordEnds,
    /// KeyUpdates sealed.
    pub(super) key_updates: u64,
}
