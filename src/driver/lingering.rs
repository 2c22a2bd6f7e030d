//! Discarding what a peer still sends after we have closed.

use core::fmt;

use super::step::Next;
use super::{Driver, Fault};
use crate::connection::ConnectionError;
use crate::error::Error;
use crate::reader::ReaderState;

impl<E> Driver<E> {
    /// Closes, and then reads until the peer ends.
    ///
    /// An operating system that closes a socket with unread input resets the connection, and the
    /// peer loses what it has not read yet. So we are not done until the peer has ended: with
    /// `close_notify`, after which it sends nothing, or with the end of the transport.
    pub(super) fn linger(&mut self, max: u64) -> Result<Next, Fault<E>> {
        let closed = if self.call.has_closed() { Ok(Next::Done) } else { self.close() };
        let (Ok(Next::Done) | Err(Fault::Connection(_))) = closed else { return closed };
        self.call.set_closed(closed.is_ok());
        let ended = match self.discard(max) {
            Ok(Next::Done) => Ok(Next::Done),
            Ok(next) => return Ok(next),
            Err(fault) => Err(fault),
        };
        closed?;
        match self.connection.error() {
            // This is the end that we waited for.
            None | Some(ConnectionError::Record(Error::Truncated)) => ended,
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
        // A connection that has failed can only see the end of the transport.
        let has_closed = self.connection.reader_state() == ReaderState::PeerClosed;
        if has_closed || self.input_ended {
            return Ok(Next::Done);
        }
        match self.fetch()? {
            // One more byte shows that there is more.
            Next::Read => {
                let left = usize::try_from(max - discarded);
                Ok(Next::Discard(left.map_or(usize::MAX, |left| left.saturating_add(1))))
            }
            next => Ok(next),
        }
    }
}

/// Why lingering stopped before the peer ended. The peer may never get what it has not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LingerError {
    /// The peer sent more than the allowed number of bytes.
    StillSending {
        /// How many bytes from the transport were discarded.
        discarded: u64,
    },
    /// The caller did not want to wait any longer.
    GaveUp {
        /// How many bytes from the transport were discarded.
        discarded: u64,
    },
}

impl fmt::Display for LingerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StillSending { discarded } => {
                write!(f, "the peer is still sending after {discarded} bytes were discarded")
            }
            Self::GaveUp { discarded } => {
                write!(f, "the peer did not close in time; {discarded} bytes were discarded")
            }
        }
    }
}

impl core::error::Error for LingerError {}
