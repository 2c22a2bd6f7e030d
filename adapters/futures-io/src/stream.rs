//! A connection over futures-io's traits.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use std::io::{self, ErrorKind, IoSlice};

use futures_io::{AsyncBufRead, AsyncRead, AsyncWrite};
use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Side, Step, Tasks};
use wantwrite::{Connection, ConnectionError, ReaderState, WriteError, Writer, WriterState};

/// A [`Connection`] and its transport, as one `AsyncRead + AsyncBufRead + AsyncWrite`.
///
/// * **The handshake** is finished by the first call, whichever that is.
/// * **Writing** accepts as much as fits into the buffer and passes on what the transport takes.
///   Any later call, including a read, sends the rest. You need `flush` only to know when the
///   transport has everything. A write whose future you drop has accepted nothing.
/// * **`close`** sends `close_notify` after all accepted data and then closes the transport's
///   writing half. You can still read.
/// * **Reading** returns 0 after the peer's `close_notify`. A transport that ends without one is
///   `UnexpectedEof`.
///
/// You can split the stream (`futures_lite::io::split`) and read in one task while another writes.
///
/// Dropping the stream does not send `close_notify`. If the socket has unread input then, dropping
/// it resets the TCP connection, and the peer loses what it has not read yet. Read to the end
/// first, or call [`close_and_linger`](Self::close_and_linger).
#[derive(Debug)]
pub struct FuturesStream<IO> {
    driver: Driver<io::Error>,
    io: IO,
    tasks: Arc<Tasks>,
    /// Wakes all waiting tasks.
    everyone: Waker,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> FuturesStream<IO> {
    /// Joins a connection, new or established, to its transport. Does no I/O.
    #[must_use]
    pub fn new(connection: Connection, io: IO) -> Self {
        let tasks = Arc::new(Tasks::default());
        let everyone = Waker::from(Arc::clone(&tasks));
        Self { driver: Driver::new(connection), io, tasks, everyone }
    }

    /// Finishes the handshake, unless it is complete.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] with a [`ConnectionError`] inside if the handshake failed, or the
    /// transport's own error.
    pub async fn complete_handshake(&mut self) -> io::Result<()> {
        Ok(poll_fn(|cx| self.poll_goal(Side::Writing, Goal::Handshake, cx)).await?)
    }

    /// Closes like `close`, then reads and discards the peer's data until it ends with
    /// `close_notify` or the end of the transport. After that, you can drop the stream safely.
    ///
    /// Reads and discards at most `max_discarded` bytes from the transport. It never times out:
    /// wrap it in a timeout. If you drop the future early, you can call this again; it continues to
    /// count where it stopped.
    ///
    /// # Errors
    /// The same as `close`, and [`ErrorKind::Other`] with a [`LingerError`](wantwrite::LingerError)
    /// inside if the peer sent more than `max_discarded` bytes.
    pub async fn close_and_linger(&mut self, max_discarded: u64) -> io::Result<()> {
        let closed = poll_fn(|cx| self.poll_end(cx)).await;
        let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Ok(closed?) };
        let linger = Goal::Linger { max: max_discarded };
        Ok(poll_fn(|cx| self.poll_goal(Side::Writing, linger, cx)).await?)
    }

    /// The transport and the connection.
    pub const fn get_ref(&self) -> (&IO, &Connection) {
        (&self.io, self.driver.connection())
    }

    /// The transport and the connection, for calls that the stream does not have. The stream's next
    /// call sends what you write to the connection. Never read or write the transport directly:
    /// that breaks the connection.
    pub const fn get_mut(&mut self) -> (&mut IO, &mut Connection) {
        (&mut self.io, self.driver.connection_mut())
    }

    /// Splits the stream into transport and connection. Pending bytes stay in the connection.
    pub fn into_inner(self) -> (IO, Connection) {
        (self.io, self.driver.into_connection())
    }

    fn poll_reading(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnOnce(&mut Connection) -> Result<usize, ConnectionError>,
    ) -> Poll<io::Result<usize>> {
        let was = self.driver.connection().writer_state();
        let mut poll = self.poll_goal(Side::Reading, Goal::Read, cx).map_ok(|()| 0);
        if let Poll::Ready(Ok(len)) = &mut poll {
            *len = self.driver.read_plaintext(read)?;
            let _offered = self.poll_goal(Side::Reading, Goal::Offer, cx);
        }
        let ended = matches!(poll, Poll::Ready(Ok(0) | Err(_)));
        // What a writing task waits for may have happened without an event of the transport.
        if ended || self.driver.connection().writer_state() != was {
            self.tasks.wake(Side::Writing);
        }
        Poll::Ready(Ok(ready!(poll)?))
    }

    fn poll_writing(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut Writer) -> Result<usize, WriteError>,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_goal(Side::Writing, Goal::Write, cx))?;
        let accepted = self.driver.write_plaintext(write);
        let _offered = self.poll_goal(Side::Writing, Goal::Offer, cx);
        Poll::Ready(Ok(accepted?))
    }

    /// Gets as far towards `goal` as the transport allows.
    fn poll_goal(
        &mut self,
        side: Side,
        goal: Goal,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault<io::Error>>> {
        let Self { driver, io, tasks, everyone } = self;
        tasks.remember(side, cx.waker());
        let mut io = Pin::new(io);
        let everyone = &mut Context::from_waker(everyone);
        let mut wrote = false;
        let result = loop {
            let negotiates = driver.connection().writer_state() == WriterState::Negotiating;
            let poll = match driver.next(goal) {
                Ok(Step::Done) => break Poll::Ready(Ok(())),
                Ok(Step::Blocked) => break Poll::Pending,
                Ok(Step::Write(mut bytes)) => {
                    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                    let slices = bytes.io_slices(&mut slices);
                    let poll = io.as_mut().poll_write_vectored(everyone, slices);
                    wrote |= poll.is_ready();
                    poll.map_ok(|n| driver.wrote(n))
                }
                Ok(Step::Flush) => {
                    let poll = io.as_mut().poll_flush(everyone);
                    wrote |= poll.is_ready();
                    poll.map_ok(|()| driver.flushed())
                }
                Ok(Step::Read(memory)) => {
                    // Either task can drive the handshake.
                    let waker = if negotiates { everyone.waker() } else { cx.waker() };
                    io.as_mut()
                        .poll_read(&mut Context::from_waker(waker), memory)
                        .map_ok(|n| driver.read(n))
                }
                Err(fault) => break Poll::Ready(Err(fault)),
            };
            match poll {
                Poll::Ready(Ok(())) => {}
                // The driver repeats the step.
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => driver.failed(FarEnd::from(&error), error),
                Poll::Pending => driver.blocked(),
            }
        };
        // A writing task may be waiting for the room that this made.
        if wrote && side == Side::Reading {
            tasks.wake(Side::Writing);
        }
        result
    }

    /// Sends `close_notify` or an alert, and then closes the transport.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault<io::Error>>> {
        let closed = ready!(self.poll_goal(Side::Writing, Goal::Close, cx));
        let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Poll::Ready(closed) };
        let everyone = &mut Context::from_waker(&self.everyone);
        let ended = loop {
            match ready!(Pin::new(&mut self.io).poll_close(everyone)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                ended => break ended,
            }
        };
        let ended = ended.or_else(|error| {
            let has_ended = self.driver.connection().reader_state() != ReaderState::Open;
            // Some systems return this for a socket that the peer has closed.
            if has_ended && error.kind() == ErrorKind::NotConnected { Ok(()) } else { Err(error) }
        });
        closed?;
        Poll::Ready(ended.map_err(Fault::Transport))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncRead for FuturesStream<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.get_mut().poll_reading(cx, |connection| connection.read(buf))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncBufRead for FuturesStream<IO> {
    /// Returns the plaintext of one record, in the memory where it was opened.
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_reading(cx, |connection| Ok(connection.plaintext().len())))?;
        Poll::Ready(Ok(this.driver.connection().plaintext()))
    }

    fn consume(self: Pin<&mut Self>, len: usize) {
        let connection = self.get_mut().driver.connection_mut();
        // The trait has no error for a `len` that is too large.
        let _within = connection.consume(len.min(connection.plaintext().len()));
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for FuturesStream<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_writing(cx, |writer| writer.write(buf))
    }

    /// Packs small buffers into shared records. For one record per buffer, write and flush each
    /// one.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_writing(cx, |writer| writer.write_vectored(bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(ready!(self.get_mut().poll_goal(Side::Writing, Goal::Flush, cx))?))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(ready!(self.get_mut().poll_end(cx))?))
    }
}

/// How many pieces of ciphertext one vectored write passes.
const MAX_SLICES: usize = 16;
