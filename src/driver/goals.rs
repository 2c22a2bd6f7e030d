//! What comes next for a goal, derived from the current state each time.

use alloc::boxed::Box;

use super::call::Direction;
use super::fault::Failure;
use super::step::Next;
use super::{Driver, FarEnd, Fault, Goal};
use crate::connection::ConnectionError;
use crate::error::{Error, WriteError};
use crate::reader::ReaderState;
use crate::writer::{BufferState, WriterState};

impl<E> Driver<E> {
    /// Whether `goal` is known to be reached, without a closer look. If so, `next` would return
    /// [`Step::Done`](super::Step::Done), and you need not ask. If not, ask `next`.
    #[must_use]
    #[inline]
    pub fn is_reached(&self, goal: Goal) -> bool {
        let writer = self.connection.writer();
        match goal {
            Goal::Write => {
                let is_open = self.negotiated && writer.state() == WriterState::Open;
                is_open && self.deferred.is_none() && !writer.wants_drain()
            }
            Goal::Offer => {
                let has_early = !self.negotiated && self.connection.wants().drain;
                !self.flush_due && !writer.wants_drain() && !has_early
            }
            Goal::Handshake | Goal::Read | Goal::Flush | Goal::Close | Goal::Linger { .. } => false,
        }
    }

    /// How a goal ends after its last step. `None` if that takes a closer look.
    #[inline]
    pub(super) fn end_at_once(&self, goal: Goal) -> Option<Next> {
        match goal {
            Goal::Offer if self.is_reached(goal) => Some(Next::Done),
            Goal::Flush if self.call.has_flushed() => {
                let writer = self.connection.writer();
                let failed = self.deferred.is_some() || writer.has_failed();
                (!failed && !writer.wants_drain()).then_some(Next::Done)
            }
            // Everything else was done before the read.
            Goal::Read if self.negotiated && !self.call.may_read() => {
                self.unread.is_none().then_some(Next::Blocked)
            }
            _ => None,
        }
    }

    pub(super) fn handshake(&mut self) -> Result<Next, Fault<E>> {
        match self.negotiate()? {
            Next::Done => self.tell_deferred()?,
            next => return Ok(next),
        }
        Ok(self.offering().unwrap_or(Next::Done))
    }

    /// `Done` if the handshake is over. Our last flight can still be pending then.
    #[inline]
    fn negotiate(&mut self) -> Result<Next, Fault<E>> {
        if self.negotiated { Ok(Next::Done) } else { self.go_on_negotiating() }
    }

    fn go_on_negotiating(&mut self) -> Result<Next, Fault<E>> {
        if self.connection.writer_state() == WriterState::Negotiating {
            // The error is reported below.
            let _failed = self.connection.process();
            self.flush_due |= self.connection.wants().drain;
        }
        if self.connection.writer_state() == WriterState::Negotiating {
            return match self.offering() {
                Some(next) => Ok(next),
                None => self.await_peer(),
            };
        }
        if self.connection.protocol_version().is_some() {
            self.negotiated = true;
            // What was done before a read for the handshake was not everything that is due now.
            self.call.reads_again();
            return Ok(Next::Done);
        }
        // A handshake that has failed was never completed.
        self.process().map(|next| next.unwrap_or(Next::Done))
    }

    /// Reads, unless the handshake could not write. But if the peer is gone, it may have said why,
    /// and its alert is more useful than the failure to write.
    fn await_peer(&mut self) -> Result<Next, Fault<E>> {
        let may_read = self.call.may_read() && self.unread.is_none();
        let is_last_word = |failure: &mut Box<Failure<E>>| {
            // Otherwise a read could block forever.
            !may_read || failure.far_end() == FarEnd::Unknown
        };
        if let Some(failure) = self.deferred.take_if(is_last_word) {
            self.unread = None;
            return Err(failure.into_fault());
        }
        self.fetch()
    }

    #[inline]
    pub(super) fn until_plaintext(&mut self) -> Result<Next, Fault<E>> {
        match self.negotiate()? {
            Next::Done => {}
            next => return Ok(next),
        }
        if self.process_changes_anything() {
            if let Some(next) = self.process()? {
                return Ok(next);
            }
        }
        // Two full pipes must not wait for each other. The peer may have sent something even though
        // it does not take any more.
        self.flush_due |= self.connection.writer().wants_drain();
        if self.flush_due {
            if let Some(next) = self.offering() {
                return Ok(next);
            }
        }
        if self.connection.reader().holds_plaintext() {
            return Ok(Next::Done);
        }
        match self.connection.reader().state() {
            ReaderState::PeerClosed => Ok(Next::Done),
            // `process` reports it once, and may have done so already.
            ReaderState::Truncated => Err(self.fault(Error::Truncated.into())),
            _ => self.fetch(),
        }
    }

    #[inline]
    pub(super) fn until_room(&mut self) -> Result<Next, Fault<E>> {
        match self.negotiate()? {
            Next::Done => self.tell_deferred()?,
            next => return Ok(next),
        }
        if let Some(error) = self.connection.error() {
            return self.fail(error);
        }
        let is_full = self.connection.writer_state() == WriterState::Open
            && self.connection.writer().buffer_state() == BufferState::Full;
        if !is_full || !self.has_output() {
            return Ok(Next::Done);
        }
        Ok(if self.call.may_write() { Next::Write } else { Next::Blocked })
    }

    pub(super) fn flush(&mut self) -> Result<Next, Fault<E>> {
        self.tell_deferred()?;
        if let Err(error) = self.connection.writer_mut().flush() {
            return self.refuse(error);
        }
        match self.emptying() {
            Some(next) => Ok(next),
            // The caller gave up the handshake, and writing failed after that.
            None if self.call.writing() == Direction::Failed => {
                self.process().map(|next| next.unwrap_or(Next::Done))
            }
            None => Ok(Next::Done),
        }
    }

    pub(super) fn close(&mut self) -> Result<Next, Fault<E>> {
        match self.negotiate() {
            // Reported below, once the transport has taken the alert.
            Ok(Next::Done) | Err(Fault::Connection(_)) => {}
            next => return next,
        }
        let closed = self.connection.close();
        self.tell_deferred()?;
        if let Some(next) = self.emptying() {
            return Ok(next);
        }
        if let Err(error) = closed {
            return self.refuse(error);
        }
        match self.connection.protocol_version() {
            Some(_) => Ok(Next::Done),
            // The caller gave up the handshake, so there is no `close_notify`.
            None => self.process().map(|next| next.unwrap_or(Next::Done)),
        }
    }

    /// Sends output that no caller is waiting for, as far as the transport takes it.
    #[inline]
    pub(super) fn offering(&mut self) -> Option<Next> {
        // After the connection has failed, its alert is offered regardless.
        let is_deferred = self.deferred.is_some() && self.connection.error().is_none();
        if is_deferred || !self.call.may_write() {
            return None;
        }
        if self.has_output() {
            return Some(Next::Write);
        }
        self.flush_due.then_some(Next::Flush)
    }

    /// Sends all pending bytes and empties the transport's own buffer.
    #[inline]
    fn emptying(&mut self) -> Option<Next> {
        let next = match self.has_output() {
            true => Next::Write,
            false if self.call.has_flushed() => return None,
            false => Next::Flush,
        };
        match self.call.writing() {
            Direction::Ready => Some(next),
            Direction::Blocked => Some(Next::Blocked),
            Direction::Failed => None,
        }
    }

    #[inline]
    fn has_output(&mut self) -> bool {
        if !self.negotiated {
            // Seals early data that was written to the connection.
            let _writer = self.connection.writer_mut();
        }
        let writer = self.connection.writer();
        // If sealing fails, fewer bytes are pending than `wants_drain` promised.
        writer.waiting() > 0
            || (writer.wants_drain() && self.connection.writer_mut().drain().remaining() > 0)
    }

    #[inline]
    pub(super) fn fetch(&mut self) -> Result<Next, Fault<E>> {
        if let Some(fault) = self.unread.take() {
            return Err(*fault);
        }
        Ok(if self.call.may_read() { Next::Read } else { Next::Blocked })
    }

    /// Whether there is input, or a failed half, to process. Calling `process` would find out too,
    /// but costs a few hundred instructions per step.
    #[inline]
    fn process_changes_anything(&self) -> bool {
        self.connection.writer().has_failed() || self.connection.reader().needs_process()
    }

    /// Processes the input as far as possible. If that fails, the alert is sent first.
    fn process(&mut self) -> Result<Option<Next>, Fault<E>> {
        match self.connection.process() {
            Ok(()) => Ok(None),
            Err(error) => self.fail(error).map(Some),
        }
    }

    /// Offers the alert, if there is one. If the transport does not take it, that matters less than
    /// why the connection failed.
    fn fail(&mut self, error: ConnectionError) -> Result<Next, Fault<E>> {
        self.flush_due |= self.connection.writer().wants_drain();
        match self.offering() {
            Some(next) => Ok(next),
            None => Err(self.fault(error)),
        }
    }

    /// An end without `close_notify` only says that the transport has ended. If one of our writes
    /// encountered a reset, the read did not see it, so the reset is reported first, once. The same
    /// applies to any failure to write during the handshake.
    fn fault(&mut self, error: ConnectionError) -> Fault<E> {
        if error == ConnectionError::Record(Error::Truncated) {
            let negotiates = self.connection.protocol_version().is_none();
            let explains =
                |failure: &mut Box<Failure<E>>| negotiates || failure.far_end() == FarEnd::Reset;
            if let Some(failure) = self.deferred.take_if(explains) {
                return failure.into_fault();
            }
        }
        Fault::Connection(error)
    }

    pub(super) fn refusal(&self, error: WriteError) -> Fault<E> {
        match (error, self.connection.error()) {
            (WriteError::Failed { .. }, Some(error)) => Fault::Connection(error),
            (error, _) => Fault::Write(error),
        }
    }

    fn refuse(&mut self, error: WriteError) -> Result<Next, Fault<E>> {
        match self.refusal(error) {
            Fault::Connection(error) => self.fail(error),
            fault => Err(fault),
        }
    }

    /// Reports a deferred failure, unless the connection's own error must be reported.
    #[inline]
    fn tell_deferred(&mut self) -> Result<(), Fault<E>> {
        let Self { connection, deferred, .. } = self;
        let failure = deferred.take_if(|_| connection.error().is_none());
        failure.map_or(Ok(()), |failure| Err(failure.into_fault()))
    }
}
