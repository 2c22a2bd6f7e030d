//! Throwing away what a peer still sends after our end.

use core::fmt;

use super::step::Next;
use super::{Driver, Fault};
use crate::connection::ConnectionError;
use crate::error::Error;
use crate::reader::ReaderState;

impl<E> Driver<E> {
    /// Closes, and then reads until the peer's end.
    ///
    /// A system that closes a socket with unread input resets it, and the peer loses what it has
    /// not read yet. So our end is not over before the peer's has come: its `close_notify`, after
    /// which it sends nothing, or the transport's.
    pub(super) fn linger(&mut self, max: u64) -> Result<Next, Fault<E>> {
        let closed = if self.call.has_closed() { Ok(Next::Done) } else { self.close() };
        let (Ok(Next::Done) | Err(Fault::Connection(_))) = closed else { return closed };
        self.call.set_closed(closed.is_ok());
        match self.discard(max) {
            Ok(Next::Done) => {}
            Ok(next) => return Ok(next),
            fault @ Err(_) => return closed.and(fault),
        }
        closed?;
        match self.connection.error() {
            // That end was waited for.
            None | Some(ConnectionError::Record(Error::Truncated)) => Ok(Next::Done),
            Some(error) => Err(Fault::Connection(error)),
        }
    }

    fn discard(&mut self, max: u64) -> Result<Next, Fault<E>> {
        while self.connection.process().is_ok() && !self.connection.plaintext().is_empty() {
            self.connection.consume_all();
        }
        let discarded = self.discarded;
        if discarded > max {
            return Err(Fault::Linger(LingerError::StillSending { discarded }));
        }
        // A connection that has failed knows of no end but the transport's.
        let has_closed = self.connection.reader_state() == ReaderState::PeerClosed;
        if has_closed || self.input_ended {
            return Ok(Next::Done);
        }
        match self.fetch()? {
            // One more shows that there is more.
            Next::Read => {
                let left = usize::try_from(max - discarded);
                Ok(Next::Discard(left.map_or(usize::MAX, |left| left.saturating_add(1))))
            }
            next => Ok(next),
        }
    }
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
