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
    /// KeyUpdates sealed.
    pub key_updates: u64,
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
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "batches need threads"))]
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
    /// Records of application data sealed.
    pub(super) records: u64,
    /// KeyUpdates sealed.
    pub(super) key_updates: u64,
}
