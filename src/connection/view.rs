//! What can be seen of a connection.

use super::{Connection, ConnectionError, Stage};
use crate::reader::ReaderState;
use crate::writer::{Wants, WriterState};

impl Connection {
    /// What must happen for the connection to go on.
    #[must_use]
    pub fn wants(&self) -> Wants {
        let drain = self.writer.wants_drain();
        if let Stage::Negotiating(handshake) = &self.stage {
            let drain = drain || handshake.has_early_pending();
            let (input, process) = (handshake.wants_input(), handshake.wants_process());
            return Wants { drain, input, process };
        }
        // A half that has failed takes the other one with it, which learns of it when it is
        // called: plaintext that was opened before is still to be read.
        let input = self.writer.error().is_none() && self.reader.wants_input();
        Wants { drain, input, process: self.reader.wants_process() }
    }

    /// The life of our writing half.
    #[must_use]
    pub fn writer_state(&self) -> WriterState {
        self.writer.state()
    }

    /// The life of our reading half.
    #[must_use]
    pub fn reader_state(&self) -> ReaderState {
        match (self.reader.state(), self.writer.error()) {
            (ReaderState::Open, Some(_)) if self.plaintext().is_empty() => ReaderState::Failed,
            (state, _) => state,
        }
    }

    /// The fatal error, if there was one: that of [`process`](Self::process), which may have
    /// plaintext to give before it. [`Truncated`](crate::Error::Truncated) is one in the handshake
    /// only; later it is a [`reader_state`](Self::reader_state). A handshake that was given up by
    /// [`close`](Self::close) is [`Aborted`](crate::Error::Aborted) with `close_notify`.
    #[must_use]
    pub fn error(&self) -> Option<ConnectionError> {
        match &self.stage {
            Stage::Failed(error) => Some(ConnectionError::clone(error)),
            Stage::Negotiating(_) | Stage::Established(_) => {
                self.writer.error().or_else(|| self.reader.error()).map(Into::into)
            }
        }
    }

    /// Gives back all memory that holds nothing or can be made again, whatever the
    /// [`BufferPolicy`](crate::BufferPolicy): for a connection that is going to be idle. The next
    /// record in either direction takes some 100 ns longer, because ring's key is made anew.
    pub fn shrink(&mut self) {
        self.reader.shrink();
        self.writer.shrink();
    }

    /// Bytes of buffer memory held now, in use or kept for reuse: segments, inbound memory, and the
    /// part of a handshake message that is being joined.
    /// Foreign memory that waits (the handshake's flights, owned plaintext, chunks put back) is
    /// not counted.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        let handshake = match &self.stage {
            Stage::Negotiating(handshake) => handshake.memory_held(),
            Stage::Established(_) | Stage::Failed(_) => 0,
        };
        self.writer.memory_held() + self.reader.memory_held() + handshake
    }
}
