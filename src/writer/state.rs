//! What you can observe of a writer: states derived from what it holds.

use crate::error::Error;

/// The state of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriterState {
    /// The handshake is in progress. `write` accepts 0 bytes; keep draining output and feeding
    /// input.
    Negotiating,
    /// `write` accepts as much as there is [`room`](crate::Writer::room) for.
    Open,
    /// `close` was called; bytes are left to drain.
    Closing,
    /// `close` was called and everything has been drained, including `close_notify`. Do not drop a
    /// socket yet: if it has unread input, the operating system resets the connection, and the peer
    /// loses data that it has not read yet. First read until the peer's end of data, even if you do
    /// not need the data.
    Closed,
    /// A fatal error occurred. You can still drain what was sealed before it, and the alert. After
    /// a fatal alert from the peer ([`Error::PeerAlert`]) there is nothing to drain, and after
    /// [`Error::SealingAbandoned`] not everything.
    Failed,
}

/// What the outbound buffer holds. In every state, `write` accepts nothing once the key has reached
/// its limit and cannot be updated: it returns
/// [`WriteError::KeyLimit`](crate::WriteError::KeyLimit), and you can only close.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BufferState {
    /// Nothing to drain.
    Empty,
    /// Something to drain, and `write` would accept more.
    Holding,
    /// `write` accepts nothing until bytes are drained ("want write").
    Full,
}

/// What a connection needs to make progress. Several can be set. All are levels: they stay set
/// until the reason is gone.
///
/// If none is set, the connection is waiting for you, or it is over. While plaintext is left to
/// consume, `process` is not set, even if a whole record follows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wants {
    /// Bytes are pending: register for writability. With early data, it can turn out that there are
    /// none: rustls does not reveal how much the ticket allows.
    pub drain: bool,
    /// The connection can take bytes from the peer: register for readability.
    pub input: bool,
    /// The input contains something that `process` has not looked at: a whole record, or the end of
    /// input. Call `process` without waiting for the transport.
    pub process: bool,
}

/// What the writer may still seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// There are no keys yet.
    Negotiating,
    Open,
    /// A batch holds the segments. This is observable only if the batch was leaked; its records are
    /// missing then.
    #[cfg_attr(not(feature = "parallel"), expect(dead_code, reason = "batches need threads"))]
    Sealing,
    /// `close_notify` is sealed.
    Closed,
    /// The fatal alert is sealed, if one was due.
    Failed(Error),
}
