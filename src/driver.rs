//! What the adapters have in common: a connection driven over a transport, as far as both go.
//!
//! An adapter is a [`Transport`] for the I/O that it knows, and calls of a [`Driver`] for the
//! traits that it implements. `Stream` is one, over `std::io`; the crates `wantwrite-tokio` and
//! `wantwrite-embedded-io` are others. You need this module only to write an adapter of your own.

pub(crate) mod fault;
pub(crate) mod lingering;

use core::task::{Poll, ready};

use crate::error::Overrun;
pub use fault::Fault;
use lingering::Lingering;

use crate::connection::{Connection, ConnectionError};
use crate::error::{Error, WriteError};
use crate::reader::ReaderState;
use crate::writer::{Drain, WriterState};

/// A transport as an adapter shows it. `Pending` is what others call "would block".
///
/// A call that gives `Pending` has moved no bytes; where somebody has to be woken later, the
/// adapter has seen to it.
pub trait Transport {
    /// The transport's own error.
    type Error;

    /// Puts bytes into `buf`, which is not empty, and says how many; 0 at the end.
    ///
    /// # Errors
    /// The transport's own.
    fn poll_read(&mut self, buf: &mut [u8]) -> Poll<Result<usize, Self::Error>>;

    /// Takes as many of the waiting bytes as it likes, from their beginning, and says how many.
    /// There is at least one; 0 means that the transport will take no more. It need not be
    /// given them all.
    ///
    /// # Errors
    /// The transport's own.
    fn poll_write(&mut self, drain: &Drain<'_>) -> Poll<Result<Taken, Self::Error>>;

    /// Empties its own buffer, if it has one.
    ///
    /// # Errors
    /// The transport's own.
    fn poll_flush(&mut self) -> Poll<Result<(), Self::Error>>;

    /// What `error` says of the other end.
    fn far_end(error: &Self::Error) -> FarEnd;
}

/// What an error of a transport says of its other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FarEnd {
    /// Nothing.
    Unknown,
    /// It takes nothing more. A read does not wait: it gives what had come before, or the end.
    Gone,
    /// The same, and a read that returned 0 would make it look like an orderly end.
    Reset,
}

/// What a transport says that it took, of what it was given.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    claimed: usize,
    offered: usize,
}

impl Taken {
    /// It says that it took `claimed` bytes of the `offered` that it was given.
    #[must_use]
    pub const fn new(claimed: usize, offered: usize) -> Self {
        Self { claimed, offered }
    }

    const fn len(&self) -> Result<usize, Overrun> {
        let &Self { claimed, offered } = self;
        if claimed <= offered { Ok(claimed) } else { Err(Overrun { claimed, available: offered }) }
    }
}

/// A connection, and what it owes its caller and its transport.
///
/// Every call goes as far as the transport lets it. One that gives `Pending` has accepted and
/// returned nothing: it need not be repeated, with the same or with other arguments. Every call
/// is given the transport, always the same one: an adapter may have to make it anew for each.
#[derive(Debug)]
pub struct Driver<E> {
    connection: Connection,
    /// A failure to write that was met when bytes had been accepted already, or while reading:
    /// for the next call that writes to tell. A reset is for a reader that meets the end, too.
    deferred: Option<Fault<E>>,
    /// The transport's own buffer may hold bytes that no caller knows of, and so will not flush.
    flush_due: bool,
    /// The transport has said that no more will come.
    input_ended: bool,
    lingering: Lingering,
}

impl<E> Driver<E> {
    /// Takes a connection, fresh or established. Does no I/O.
    #[must_use]
    pub const fn new(connection: Connection) -> Self {
        Self {
            connection,
            deferred: None,
            flush_due: false,
            input_ended: false,
            lingering: Lingering::new(),
        }
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The connection. Whatever is written here is drained by the driver's next call.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The connection; bytes that wait stay in it. A failure that was not told yet is forgotten.
    pub fn into_connection(self) -> Connection {
        self.connection
    }

    /// Finishes the handshake, if it is not finished. Our last flight is offered to the
    /// transport; what it does not take goes with the next call.
    ///
    /// # Errors
    /// Why the handshake failed (its alert was offered to the transport), or the transport's own.
    pub fn poll_handshake(
        &mut self,
        io: &mut impl Transport<Error = E>,
    ) -> Poll<Result<(), Fault<E>>> {
        while self.connection.writer_state() == WriterState::Negotiating {
            if let Err(fault) = self.offer(io) {
                return Poll::Ready(Err(self.last_word(io, fault)));
            }
            if !self.connection.wants().process {
                ready!(self.poll_fill(io))?;
            }
            self.process(io)?;
            if self.connection.writer_state() != WriterState::Negotiating {
                self.offer(io)?;
            }
        }
        Poll::Ready(match self.connection.protocol_version() {
            Some(_) => Ok(()),
            // A handshake that has failed has not become complete.
            None => self.process(io),
        })
    }

    /// What a handshake fails with when it could not write for `fault`. If the peer has gone, it
    /// may have said why: its alert tells more than that it takes nothing.
    fn last_word<T>(&mut self, io: &mut T, fault: Fault<E>) -> Fault<E>
    where
        T: Transport<Error = E>,
    {
        let is_gone = match &fault {
            Fault::Transport(error) => T::far_end(error) != FarEnd::Unknown,
            _ => false,
        };
        // Otherwise a read might wait for ever.
        while is_gone && self.connection.writer_state() == WriterState::Negotiating {
            let filled = self.poll_fill(io);
            match self.connection.process() {
                // This the transport's own error says better.
                Err(ConnectionError::Record(Error::Truncated)) => break,
                Err(error) => return Fault::Connection(error),
                Ok(()) if matches!(filled, Poll::Ready(Ok(()))) => {}
                Ok(()) => break,
            }
        }
        fault
    }

    /// Goes on until `read` gives more than 0 bytes of what the connection has, or the peer has
    /// closed: then 0. Finishes the handshake first.
    ///
    /// # Errors
    /// What `read` gives, or the transport's own. If the transport fails to take what waits for
    /// it, the next call that writes tells of it.
    pub fn poll_read(
        &mut self,
        io: &mut impl Transport<Error = E>,
        mut read: impl FnMut(&mut Connection) -> Result<usize, ConnectionError>,
    ) -> Poll<Result<usize, Fault<E>>> {
        ready!(self.poll_handshake(io))?;
        loop {
            let len = read(&mut self.connection).map_err(|error| self.fail(io, error))?;
            // Our answers go out while we read: two full pipes must not wait for each other. That
            // the peer takes no more does not mean that it has sent nothing.
            if self.deferred.is_none() {
                self.deferred = self.offer(io).err();
            }
            if len > 0 || self.connection.reader_state() == ReaderState::PeerClosed {
                return Poll::Ready(Ok(len));
            }
            ready!(self.poll_fill(io))?;
        }
    }

    /// Goes on until `write`, which offers the connection `offered` bytes, gives more than 0, and
    /// gives the transport what it takes. Finishes the handshake first. With 0 bytes offered,
    /// `write` is called once.
    ///
    /// # Errors
    /// What `write` gives, or the transport's own: in both cases nothing was accepted. A failure
    /// behind bytes that were accepted is told by the next call that writes.
    pub fn poll_write(
        &mut self,
        io: &mut impl Transport<Error = E>,
        offered: usize,
        mut write: impl FnMut(&mut Connection) -> Result<usize, WriteError>,
    ) -> Poll<Result<usize, Fault<E>>> {
        self.tell_deferred()?;
        ready!(self.poll_handshake(io))?;
        loop {
            let accepted = match write(&mut self.connection) {
                Ok(n) => n,
                // The next call, which accepts nothing, tells of it.
                Err(WriteError::KeyLimit { accepted }) if accepted > 0 => accepted,
                Err(error) => return Poll::Ready(Err(self.refuse(io, error))),
            };
            let drained = self.poll_drain(io);
            if accepted > 0 {
                // An error would say that nothing was accepted.
                if let Poll::Ready(Err(fault)) = drained {
                    self.deferred = Some(fault);
                }
                return Poll::Ready(Ok(accepted));
            }
            match drained {
                Poll::Ready(result) => result?,
                Poll::Pending if offered > 0 && self.connection.writer().room() == 0 => {
                    return Poll::Pending;
                }
                Poll::Pending => {}
            }
            if offered == 0 {
                return Poll::Ready(Ok(0));
            }
            // What was drained has made room.
        }
    }

    /// Everything accepted, with the transport and out of its own buffer.
    ///
    /// # Errors
    /// As [`poll_write`](Self::poll_write).
    pub fn poll_flush(&mut self, io: &mut impl Transport<Error = E>) -> Poll<Result<(), Fault<E>>> {
        self.tell_deferred()?;
        self.connection.writer_mut().flush().map_err(|error| self.refuse(io, error))?;
        self.poll_drain_all(io)
    }

    /// `close_notify` behind everything accepted, and all of it with the transport; the handshake
    /// comes first. A connection that has failed says so when its alert is with the transport.
    /// A repeated call resumes where it stopped.
    ///
    /// # Errors
    /// Why the connection has failed, or the transport's own.
    pub fn poll_close(&mut self, io: &mut impl Transport<Error = E>) -> Poll<Result<(), Fault<E>>> {
        match ready!(self.poll_handshake(io)) {
            // Told below, when the alert is with the transport.
            Ok(()) | Err(Fault::Connection(_)) => {}
            fault @ Err(_) => return Poll::Ready(fault),
        }
        let closed = self.connection.close();
        self.tell_deferred()?;
        let drained = ready!(self.poll_drain_all(io));
        closed.map_err(|error| self.refuse(io, error)).and(drained)?;
        Poll::Ready(match self.connection.protocol_version() {
            Some(_) => Ok(()),
            // A handshake that was given up said no goodbye.
            None => self.process(io),
        })
    }

    /// After [`poll_close`](Self::poll_close): throws away what the peer still sends, until it has
    /// ended too. Of that, all calls read at most `max` bytes, and one that shows that there are
    /// more. `keep_waiting` is asked before each read.
    ///
    /// # Errors
    /// [`Fault::Linger`] if there was more, or if it gave up; why the connection has failed; or the
    /// transport's own.
    pub fn poll_discard(
        &mut self,
        io: &mut impl Transport<Error = E>,
        max: u64,
        keep_waiting: impl FnMut() -> bool,
    ) -> Poll<Result<(), Fault<E>>> {
        let Self { connection, input_ended, lingering, .. } = self;
        ready!(lingering.poll(connection, io, input_ended, max, keep_waiting))?;
        Poll::Ready(match self.connection.error() {
            // That end was waited for.
            None | Some(ConnectionError::Record(Error::Truncated)) => Ok(()),
            Some(error) => Err(Fault::Connection(error)),
        })
    }

    /// [`poll_close`](Self::poll_close) and [`poll_discard`](Self::poll_discard), behind an alert
    /// too.
    ///
    /// # Errors
    /// As both of them.
    pub fn poll_linger(
        &mut self,
        io: &mut impl Transport<Error = E>,
        max: u64,
        keep_waiting: impl FnMut() -> bool,
    ) -> Poll<Result<(), Fault<E>>> {
        let closed = ready!(self.poll_close(io));
        let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Poll::Ready(closed) };
        let discarded = ready!(self.poll_discard(io, max, keep_waiting));
        Poll::Ready(closed.and(discarded))
    }

    /// Gives the transport what waits, until it takes no more.
    fn poll_drain(&mut self, io: &mut impl Transport<Error = E>) -> Poll<Result<(), Fault<E>>> {
        while self.connection.wants().drain {
            let mut drain = self.connection.writer_mut().drain();
            if drain.remaining() == 0 {
                break;
            }
            let taken = ready!(io.poll_write(&drain)).map_err(Fault::Transport)?;
            match taken.len().map_err(Fault::WriteOverrun)? {
                0 => return Poll::Ready(Err(Fault::WriteZero)),
                len => drain.advance(len).map_err(Fault::WriteOverrun)?,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Everything that waits, sealed or not, with the transport and out of its own buffer; unlike
    /// [`poll_flush`](Self::poll_flush) in every state of the connection.
    ///
    /// # Errors
    /// The transport's own, or [`Fault::WriteZero`].
    pub fn poll_drain_all(
        &mut self,
        io: &mut impl Transport<Error = E>,
    ) -> Poll<Result<(), Fault<E>>> {
        ready!(self.poll_drain(io))?;
        ready!(io.poll_flush()).map_err(Fault::Transport)?;
        self.flush_due = false;
        Poll::Ready(Ok(()))
    }

    /// Drains what no caller waits for, without waiting for it.
    fn offer(&mut self, io: &mut impl Transport<Error = E>) -> Result<(), Fault<E>> {
        self.flush_due |= self.connection.wants().drain;
        if !self.flush_due {
            return Ok(());
        }
        match self.poll_drain_all(io) {
            Poll::Ready(result) => result,
            Poll::Pending => Ok(()),
        }
    }

    /// Takes what the transport has, once.
    fn poll_fill(&mut self, io: &mut impl Transport<Error = E>) -> Poll<Result<(), Fault<E>>> {
        let Some(mut inbound) = self.connection.inbound() else { return Poll::Ready(Ok(())) };
        match io.poll_read(&mut inbound) {
            Poll::Ready(Ok(0)) => {
                self.connection.end_of_input();
                self.input_ended = true;
            }
            Poll::Ready(Ok(len)) => inbound.commit(len).map_err(Fault::Overrun)?,
            Poll::Ready(Err(error)) => {
                self.process(io)?;
                return Poll::Ready(Err(Fault::Transport(error)));
            }
            Poll::Pending => {
                // Gives the lent memory back.
                self.process(io)?;
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn process(&mut self, io: &mut impl Transport<Error = E>) -> Result<(), Fault<E>> {
        self.connection.process().map_err(|error| self.fail(io, error))
    }

    fn tell_deferred(&mut self) -> Result<(), Fault<E>> {
        self.deferred.take().map_or(Ok(()), Err)
    }

    /// The alert, if there is one, is sent if the transport takes it; that the connection has
    /// failed matters more than that it did not.
    ///
    /// An end without `close_notify` says only that the transport has ended. If that was a reset,
    /// and it was met by a write of ours, the read did not see it: it is told first, once.
    fn fail<T>(&mut self, io: &mut T, error: ConnectionError) -> Fault<E>
    where
        T: Transport<Error = E>,
    {
        let _unsent = self.poll_drain_all(io);
        if error == ConnectionError::Record(Error::Truncated) {
            let is_reset = |fault: &mut Fault<E>| match fault {
                Fault::Transport(error) => T::far_end(error) == FarEnd::Reset,
                _ => false,
            };
            if let Some(reset) = self.deferred.take_if(is_reset) {
                return reset;
            }
        }
        Fault::Connection(error)
    }

    fn refuse(&mut self, io: &mut impl Transport<Error = E>, error: WriteError) -> Fault<E> {
        match (error, self.connection.error()) {
            (WriteError::Failed { .. }, Some(error)) => self.fail(io, error),
            (error, _) => Fault::Write(error),
        }
    }
}
