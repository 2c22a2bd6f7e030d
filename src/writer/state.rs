//! What can be seen of a writer: its states, all derived from what it holds.

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
