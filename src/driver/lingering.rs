//! Throwing away what a peer still sends after our end.

use core::fmt;
use core::task::{Poll, ready};

use super::{Fault, Transport};
use crate::connection::Connection;
use crate::error::Overrun;
use crate::reader::ReaderState;

/// What has been read after our end, and thrown away.
///
/// A system that closes a socket with unread input resets it, and the peer loses what it has not
/// read yet. So our end is not over before the peer's has come: its `close_notify`, after which
/// it sends nothing, or the transport's.
#[derive(Debug, Default)]
pub(super) struct Lingering {
    discarded: u64,
}

impl Lingering {
    pub(super) const fn new() -> Self {
        Self { discarded: 0 }
    }

    /// Reads until the peer's end. A connection that has failed knows of none but the transport's:
    /// `input_ended` says whether that has come.
    pub(super) fn poll<T: Transport>(
        &mut self,
        connection: &mut Connection,
        io: &mut T,
        input_ended: &mut bool,
        max: u64,
        mut keep_waiting: impl FnMut() -> bool,
    ) -> Poll<Result<(), Fault<T::Error>>> {
        loop {
            while connection.process().is_ok() && !connection.plaintext().is_empty() {
                connection.consume_all();
            }
            let discarded = self.discarded;
            if discarded > max {
                return Poll::Ready(Err(Fault::Linger(LingerError::StillSending { discarded })));
            }
            let has_closed = connection.reader_state() == ReaderState::PeerClosed;
            if has_closed || *input_ended {
                return Poll::Ready(Ok(()));
            }
            if !keep_waiting() {
                return Poll::Ready(Err(Fault::Linger(LingerError::GaveUp { discarded })));
            }
            // One more shows that there is more.
            let allowed =
                usize::try_from(max - discarded).map_or(usize::MAX, |n| n.saturating_add(1));
            match ready!(read_some(connection, io, allowed))? {
                0 => {
                    connection.end_of_input();
                    *input_ended = true;
                }
                n => {
                    self.discarded = discarded.saturating_add(u64::try_from(n).unwrap_or(u64::MAX))
                }
            }
        }
    }
}

/// Reads at most `max` bytes, once.
fn read_some<T: Transport>(
    connection: &mut Connection,
    io: &mut T,
    max: usize,
) -> Poll<Result<usize, Fault<T::Error>>> {
    let mut inbound = connection.inbound();
    // A connection that has failed lends no memory.
    let mut unread = [0; 256];
    let memory = inbound.as_deref_mut().unwrap_or(&mut unread);
    let available = memory.len().min(max);
    let len = match io.poll_read(memory.get_mut(..available).unwrap_or_default()) {
        Poll::Ready(read) => read.map_err(Fault::Transport)?,
        Poll::Pending => {
            // Gives the lent memory back. A fault is met again by the next call.
            let _failed = connection.process();
            return Poll::Pending;
        }
    };
    if len > available {
        return Poll::Ready(Err(Fault::Overrun(Overrun { claimed: len, available })));
    }
    if let Some(inbound) = inbound {
        inbound.commit(len).map_err(Fault::Overrun)?;
    }
    Poll::Ready(Ok(len))
}

/// Why lingering ended before the peer did. What the peer has not read yet, it may never get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LingerError {
    /// The peer has sent more than was to be discarded.
    StillSending {
        /// Bytes from the transport that were thrown away.
        discarded: u64,
    },
    /// The caller does not want to wait any longer.
    GaveUp {
        /// Bytes from the transport that were thrown away.
        discarded: u64,
    },
}

impl fmt::Display for LingerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StillSending { discarded } => {
                write!(f, "the peer still sends: {discarded} bytes were discarded")
            }
            Self::GaveUp { discarded } => {
                write!(f, "the peer did not end in time: {discarded} bytes were discarded")
            }
        }
    }
}

impl core::error::Error for LingerError {}
