//! A connection over tokio's traits.

use alloc::boxed::Box;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, ErrorKind, IoSlice};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use wantwrite::driver::{Driver, Fault, Goal};
use wantwrite::{Connection, ConnectionError, Error, Role, Version, WriteError, Writer};

use crate::drive::{Driven, drive, drive_inline};
use crate::early::Early;
use crate::errors;
use crate::tasks::{Side, Tasks};

/// An established [`Connection`] and its transport, as one `AsyncRead + AsyncWrite`. (With [early
/// data](crate::TlsConnector::early_data), the handshake is still to come.)
///
/// * **Writing** accepts as much as fits into the buffer and passes on what the transport takes.
///   Any later call, including a read, sends the rest; a task that waits to read is woken for that.
///   You need `flush` only to know when the transport has everything. While a write waits, the
///   transport wakes the task of that write; if you abandon the write, call `flush` later.
/// * **A cancelled write** has accepted nothing. Nothing is lost or sent twice, and the next write
///   can pass other bytes.
/// * **`shutdown`** sends `close_notify` after all accepted data, or the alert if the connection
///   has failed, and then shuts down the transport. You can still read; writing fails with
///   `BrokenPipe`. After a failure, accepted data may be lost, so `shutdown` returns the reason
///   unless a call has already returned it, or you aborted the connection. Repeated, it succeeds.
/// * **Reading** returns 0 after the peer's `close_notify`. A transport that ends without one is
///   `UnexpectedEof`. If a read fails to send pending bytes, the next writing call returns that
///   error. If sending during a read runs into a connection reset, the read that then reaches the
///   end returns it.
///
/// You can split the stream (`tokio::io::split`) and read in one task while another writes.
/// Accepted data is sent as soon as the transport takes it, as long as one of the two tasks is
/// polled or waits. So two tasks that copy in both directions never wait for each other.
///
/// Dropping the stream does not send `close_notify`. If the socket has unread input then, dropping
/// it resets the TCP connection, and the peer loses what it has not read yet. Read to the end
/// first, or call [`close_and_linger`](Self::close_and_linger).
#[derive(Debug)]
pub struct TlsStream<IO> {
    /// Boxed, because streams are moved into tasks, and futures hold them twice.
    driver: Box<Driver<io::Error>>,
    io: IO,
    tasks: Tasks,
    /// Set until a handshake that began with early data is complete.
    early: Option<Box<Early>>,
    /// Whether a call has returned the reason why the connection failed.
    reported: bool,
}

impl<IO> TlsStream<IO> {
    pub(crate) fn new(connection: Connection, io: IO) -> Self {
        let driver = Box::new(Driver::for_readiness(connection));
        Self { driver, io, tasks: Tasks::default(), early: None, reported: false }
    }

    /// Makes this a stream whose handshake is still to come, if early data can be written.
    pub(crate) fn begin_early(&mut self) -> bool {
        self.early = self.driver.connection_mut().early_writer().map(|_| Box::new(Early::new()));
        self.early.is_some()
    }

    /// The transport and the connection.
    pub const fn get_ref(&self) -> (&IO, &Connection) {
        (&self.io, self.driver.connection())
    }

    /// The transport and the connection, for calls that the stream does not have, such as
    /// [`Writer::update_keys`](wantwrite::Writer::update_keys). The stream's next call sends what
    /// you write to the connection. Never read or write the transport directly: that breaks the
    /// connection.
    pub const fn get_mut(&mut self) -> (&mut IO, &mut Connection) {
        (&mut self.io, self.driver.connection_mut())
    }

    /// Splits the stream into transport and connection. Pending bytes stay in the connection: sealed
    /// ones to be drained, and early data that the stream has not sent again yet to be
    /// [resent](Connection::resend_early_data) or [taken](Connection::take_rejected_early_data).
    pub fn into_inner(self) -> (IO, Connection) {
        (self.io, self.driver.into_connection())
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> TlsStream<IO> {
    /// Shuts down like `shutdown`, then reads and discards the peer's data until it ends with
    /// `close_notify` or the end of the transport ([`reader_state`](Connection::reader_state) tells
    /// which). After that, you can drop the stream safely: if a socket is dropped with unread
    /// input, it is reset, and the peer loses what it has not read yet.
    ///
    /// Reads and discards at most `max_discarded` bytes from the transport. It never times out:
    /// wrap it in `tokio::time::timeout`. If you drop the future early, you can call this again; it
    /// continues to count where it stopped.
    ///
    /// # Errors
    /// The reason why the connection failed, at the end, even if a call has returned it before.
    /// Otherwise the transport's own error, or [`ErrorKind::Other`] with a
    /// [`LingerError`](wantwrite::LingerError) inside if the peer sent more than `max_discarded`
    /// bytes.
    pub async fn close_and_linger(&mut self, max_discarded: u64) -> io::Result<()> {
        poll_fn(|cx| {
            let shut_down = ready!(self.poll_shut_down(cx));
            if self.driver.connection().error().is_some() {
                // Lingering returns the reason, at the end.
                return Poll::Ready(Ok(()));
            }
            self.finish(Poll::Ready(shut_down))
        })
        .await?;
        let linger = Goal::Linger { max: max_discarded };
        poll_fn(|cx| {
            let lingered = self.poll_goal(Side::Writing, linger, cx);
            self.finish(lingered)
        })
        .await
    }

    /// Finishes the handshake. No other task uses the stream yet.
    pub(crate) fn poll_handshake(
        &mut self,
        role: Role,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault<io::Error>>> {
        ready!(self.poll_goal(Side::Writing, Goal::Handshake, cx))?;
        // The peer reads until it has our last flight. The exception is a server in TLS 1.3, whose
        // last flight may consist of tickets, which a client that writes first does not read yet.
        let version = self.driver.connection().protocol_version();
        if role == Role::Client || version == Some(Version::Tls12) {
            ready!(self.poll_goal(Side::Writing, Goal::Flush, cx))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends the alert of a failed handshake, however little the transport takes per call.
    pub(crate) fn poll_last_word(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // The error is already known.
        self.poll_goal(Side::Writing, Goal::Close, cx).map(|_known| ())
    }

    /// Accepts early data, if that is what a write means now.
    fn poll_write_early(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<Result<Option<usize>, Fault<io::Error>>> {
        let Self { driver, io, early: Some(early), .. } = self else {
            return Poll::Ready(Ok(None));
        };
        match early.write(driver, Pin::new(io), bufs) {
            Some(accepted) => Poll::Ready(Ok(Some(accepted))),
            None => self.poll_settled(Side::Writing, cx).map_ok(|()| None),
        }
    }

    /// Finishes what early data has postponed.
    fn poll_settled(
        &mut self,
        side: Side,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault<io::Error>>> {
        let Self { driver, io, tasks, early: Some(early), .. } = self else {
            return Poll::Ready(Ok(()));
        };
        let settled = early.poll_settled(driver, Pin::new(io), tasks, side, cx);
        if early.is_settled(driver.connection()) {
            self.early = None;
        }
        settled
    }

    /// Finishes the handshake and waits for plaintext. Meanwhile, it resends early data as far as
    /// the transport takes it.
    fn poll_reading_early(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_settled(Side::Reading, cx)).map_err(errors::of_handshake)?;
        self.resend_early();
        loop {
            let poll = self.poll_goal(Side::Reading, Goal::Read, cx);
            // What this has sent makes room. Without room, the transport is blocked, and its event
            // wakes the task for the rest.
            if poll.is_ready() || !self.resend_early() {
                return poll.map_err(errors::of_stream);
            }
        }
    }

    /// Fills the buffer with early data that the server rejected. Returns whether any was left and
    /// fitted.
    fn resend_early(&mut self) -> bool {
        let Self { driver, early: Some(early), .. } = self else { return false };
        // The next writing task returns an error.
        let resent = matches!(driver.resend_early_data(), Ok(1..));
        if early.is_settled(driver.connection()) {
            self.early = None;
        }
        resent
    }

    fn poll_reading(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnOnce(&mut Connection) -> Result<usize, ConnectionError>,
    ) -> Poll<io::Result<usize>> {
        let was = self.tasks.is_writing().then(|| self.driver.connection().writer_state());
        let poll = match self.early {
            None => self.poll_goal_inline(Side::Reading, Goal::Read, cx, errors::of_stream),
            Some(_) => self.poll_reading_early(cx),
        };
        let mut poll = poll.map_ok(|()| 0);
        if let Poll::Ready(Ok(len)) = &mut poll {
            *len = self.driver.read_plaintext(read).map_err(errors::of_stream)?;
            if !self.driver.is_reached(Goal::Offer) {
                let _offered = self.poll_goal(Side::Reading, Goal::Offer, cx);
            }
        }
        if let Some(was) = was {
            let ended = matches!(poll, Poll::Ready(Ok(0) | Err(_)));
            // What a writing task waits for may have happened without an event of the transport.
            if ended || self.driver.connection().writer_state() != was {
                self.tasks.wake_writing();
            }
        }
        poll
    }

    fn poll_writing(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
        write: impl FnOnce(&mut Writer) -> Result<usize, WriteError>,
    ) -> Poll<io::Result<usize>> {
        if self.early.is_some() {
            let early = ready!(self.poll_write_early(cx, bufs)).map_err(errors::of_handshake)?;
            if let Some(accepted) = early {
                return Poll::Ready(Ok(accepted));
            }
        }
        let Self { driver, io, tasks, .. } = self;
        let mut io = Pin::new(io);
        let writable = tasks.begin(Side::Writing, cx.waker());
        let room = match driver.is_reached(Goal::Write) {
            true => Poll::Ready(Ok(())),
            false => drive(driver, io.as_mut(), Goal::Write, cx, writable).result,
        };
        let accepted = match room {
            Poll::Ready(Ok(())) => {
                let accepted = driver.write_plaintext(write);
                let _offered = drive_inline(driver, io, Goal::Offer, cx, writable, drop);
                Poll::Ready(accepted.map_err(errors::of_stream))
            }
            Poll::Ready(Err(fault)) => Poll::Ready(Err(errors::of_stream(fault))),
            Poll::Pending => Poll::Pending,
        };
        tasks.end(Side::Writing, accepted.is_pending());
        accepted
    }

    #[inline]
    fn poll_flushing(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.early.is_some() {
            ready!(self.poll_settled(Side::Writing, cx)).map_err(errors::of_handshake)?;
        }
        self.poll_goal_inline(Side::Writing, Goal::Flush, cx, errors::of_stream)
    }

    /// Gets as far towards `goal` as the transport allows.
    fn poll_goal(
        &mut self,
        side: Side,
        goal: Goal,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault<io::Error>>> {
        self.poll_goal_inline(side, goal, cx, |fault| fault)
    }

    /// [`poll_goal`](Self::poll_goal) for the calls of every round trip. `fail` turns a fault into
    /// the caller's error, which is small enough to be returned in a register.
    #[inline(always)]
    fn poll_goal_inline<T>(
        &mut self,
        side: Side,
        goal: Goal,
        cx: &mut Context<'_>,
        fail: impl FnOnce(Fault<io::Error>) -> T,
    ) -> Poll<Result<(), T>> {
        let Self { driver, io, tasks, .. } = self;
        let writable = tasks.begin(side, cx.waker());
        let Driven { result, wrote } = drive_inline(driver, Pin::new(io), goal, cx, writable, fail);
        tasks.end(side, result.is_pending());
        // A writing task may be waiting for the room that this made.
        if wrote && side == Side::Reading {
            tasks.wake_writing();
        }
        result
    }

    /// Turns the fault of a call that ends the stream into an error, and notes it.
    fn finish(&mut self, poll: Poll<Result<(), Fault<io::Error>>>) -> Poll<io::Result<()>> {
        // Only a handshake that is over has a version.
        let poll = poll.map_err(match self.driver.connection().protocol_version() {
            Some(_) => errors::of_stream,
            None => errors::of_handshake,
        });
        self.note_error(poll)
    }

    /// Notes whether this result tells the caller why the connection failed.
    #[inline]
    fn note_error<T>(&mut self, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(_)) = poll {
            // If the connection has failed, this is the reason: no other error precedes it.
            self.reported = self.driver.connection().error().is_some();
        }
        poll
    }

    /// Sends `close_notify` or, if the connection has failed, its alert; then shuts down the
    /// transport. Fails with the reason why the connection failed, unless a call has returned it.
    fn poll_shut_down(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault<io::Error>>> {
        let settled = ready!(self.poll_settled(Side::Writing, cx));
        // The alert must still be sent.
        let (Ok(()) | Err(Fault::Connection(_))) = settled else { return Poll::Ready(settled) };
        let closed = ready!(self.poll_goal(Side::Writing, Goal::Close, cx));
        let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Poll::Ready(closed) };
        let writable = &mut Context::from_waker(self.tasks.begin(Side::Writing, cx.waker()));
        let poll = Pin::new(&mut self.io).poll_shutdown(writable);
        self.tasks.end(Side::Writing, poll.is_pending());
        let shut_down = match ready!(poll) {
            // Some systems return this for a socket that the peer has closed.
            Err(error) if error.kind() != ErrorKind::NotConnected => Err(Fault::Transport(error)),
            _ => Ok(()),
        };
        let reason = match settled.and(closed) {
            // The caller knows it.
            Err(Fault::Connection(ConnectionError::Record(Error::Aborted(_)))) => Ok(()),
            _ if self.reported => Ok(()),
            reason => reason,
        };
        Poll::Ready(reason.and(shut_down))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let this = self.get_mut();
        let read = this.poll_reading(cx, |connection| read_into(connection, buf));
        this.note_error(read).map_ok(drop)
    }
}

/// Like [`Connection::read`], but into memory that may be uninitialised.
fn read_into(connection: &mut Connection, buf: &mut ReadBuf<'_>) -> Result<usize, ConnectionError> {
    connection.read_with(|plaintext| {
        let n = plaintext.len().min(buf.remaining());
        buf.put_slice(&plaintext[..n]);
        n
    })
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncBufRead for TlsStream<IO> {
    /// Returns the plaintext of one record, in the memory where it was opened.
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        let read = this.poll_reading(cx, |connection| Ok(connection.plaintext().len()));
        ready!(this.note_error(read))?;
        Poll::Ready(Ok(this.driver.connection().plaintext()))
    }

    fn consume(self: Pin<&mut Self>, len: usize) {
        let connection = self.get_mut().driver.connection_mut();
        // The trait has no error for a `len` that is too large.
        let _within = connection.consume(len.min(connection.plaintext().len()));
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.poll_writing(cx, &[IoSlice::new(buf)], |writer| writer.write(buf));
        this.note_error(written)
    }

    /// Packs small buffers into shared records. For one record per buffer, write and flush each
    /// one.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.poll_writing(cx, bufs, |writer| writer.write_vectored(bufs));
        this.note_error(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = this.poll_flushing(cx);
        this.note_error(flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut_down = this.poll_shut_down(cx);
        this.finish(shut_down)
    }
}
