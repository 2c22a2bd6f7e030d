//! What can be seen of a connection.

use super::{Connection, ConnectionError, Phase};
use crate::reader::ReaderState;
use crate::writer::{BufferState, Progress, Wants, WriterState};

impl Connection {
    /// What must happen for the connection to go on.
    #[must_use]
    pub fn wants(&self) -> Wants {
        match &self.phase {
            Phase::Negotiating(handshake) => Wants {
                drain: handshake.outbound.waiting() > 0,
                input: handshake.wants_input(),
                process: handshake.wants_process(),
            },
            Phase::Established(established) => Wants {
                drain: established.write.wants_drain(),
                input: established.wants_input(),
                process: established.read.wants_process(),
            },
            Phase::Ended(ended) => {
                Wants { drain: ended.outbound.waiting() > 0, ..Wants::default() }
            }
        }
    }

    /// The life of our writing half.
    #[must_use]
    pub fn state(&self) -> WriterState {
        match &self.phase {
            Phase::Negotiating(_) => WriterState::Negotiating,
            Phase::Established(established) => established.write.state(),
            Phase::Ended(ended) => ended.state(),
        }
    }

    /// The life of our reading half.
    #[must_use]
    pub fn reader_state(&self) -> ReaderState {
        match &self.phase {
            Phase::Negotiating(_) => ReaderState::Negotiating,
            Phase::Established(established) => established.reader_state(),
            Phase::Ended(ended) => ended.reader_state(),
        }
    }

    /// What the outbound buffer holds.
    #[must_use]
    pub fn buffer_state(&self) -> BufferState {
        match &self.phase {
            Phase::Established(established) => established.write.buffer_state(),
            Phase::Negotiating(_) | Phase::Ended(_) if self.wants().drain => BufferState::Full,
            Phase::Negotiating(_) | Phase::Ended(_) => BufferState::Empty,
        }
    }

    /// The counters. `drained` counts the handshake's bytes too.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let drained = match &self.phase {
            Phase::Established(established) => return established.write.progress(),
            Phase::Negotiating(handshake) => handshake.outbound.drained(),
            Phase::Ended(ended) => ended.outbound.drained(),
        };
        Progress { drained, ..Progress::default() }
    }

    /// Records opened since the handshake.
    #[must_use]
    pub fn records_opened(&self) -> u64 {
        match &self.phase {
            Phase::Established(established) => established.read.records(),
            Phase::Negotiating(_) | Phase::Ended(_) => 0,
        }
    }

    /// The fatal error, if there was one: that of [`process`](Self::process), which may have
    /// plaintext to give before it. After [`Truncated`](crate::Error::Truncated)
    /// [`state`](Self::state) may still be [`WriterState::Open`]. A handshake that was given up by
    /// [`close`](Self::close) is [`Aborted`](crate::Error::Aborted) with `close_notify`.
    #[must_use]
    pub fn error(&self) -> Option<ConnectionError> {
        match &self.phase {
            Phase::Established(established) => established.error().map(Into::into),
            Phase::Ended(ended) => Some(ended.read_error()),
            Phase::Negotiating(_) => None,
        }
    }

    /// Gives back all memory that holds nothing or can be made again, whatever the
    /// [`BufferPolicy`](crate::BufferPolicy): for a connection that is going to be idle. The next
    /// record in either direction takes some 100 ns longer, because ring's key is made anew.
    pub fn shrink(&mut self) {
        if let Phase::Established(established) = &mut self.phase {
            established.read.shrink();
            established.write.shrink();
        }
    }

    /// Bytes of buffer memory held now, in use or kept for reuse: segments, inbound memory, and the
    /// part of a handshake message that is being joined.
    /// Foreign memory that waits (the handshake's flights, owned plaintext, chunks put back) is
    /// not counted.
    #[must_use]
    pub fn memory_held(&self) -> usize {
        match &self.phase {
            Phase::Negotiating(handshake) => {
                handshake.inbound.memory_held() + handshake.outbound.memory_held()
            }
            Phase::Established(established) => {
                established.read.memory_held() + established.write.memory_held()
            }
            Phase::Ended(ended) => ended.outbound.memory_held(),
        }
    }
}
