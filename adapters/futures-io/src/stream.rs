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
/// * **The handshake** is finished by whichever call is made first.
/// * **Writing** accepts what there is room for, and gives the transport what it takes. What it
///   does not take leaves with any later call, reading included. So `flush` is for who wants to
///   know when all is with the transport. A write that is dropped has accepted nothing.
/// * **`close`** sends `close_notify` behind everything accepted and then closes the transport's
///   writing half. You can still read.
/// * **Reading** ends with the peer's `close_notify`; a transport that ends without it is
///   `UnexpectedEof`.
///
/// It may be split (`futures_lite::io::split`): one task reads while another writes.
///
/// Dropping it sends no `close_notify`. And a socket that is dropped with unread input is reset:
/// the peer loses what it has not read yet. Read to the end before, or call
/// [`close_and_linger`](Self::close_and_linger).
#[derive(Debug)]
pub struct FuturesStream<IO> {
    driver: Driver<io::Error>,
    io: IO,
    tasks: Arc<Tasks>,
    /// Wakes them all.
    everyone: Waker,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> FuturesStream<IO> {
    /// Joins a connection, fresh or established, and its transport. Does no I/O.
    #[must_use]
    pub fn new(connection: Connection, io: IO) -> Self {
        let tasks = Arc::new(Tasks::default());
        let everyone = Waker::from(Arc::clone(&tasks));
        Self { driver: Driver::new(connection), io, tasks, everyone }
    }

    /// Finishes the handshake, if it is not finished.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidData`] with a [`ConnectionError`] in it if it failed; or the
    /// transport's own error.
    pub async fn complete_handshake(&mut self) -> io::Result<()> {
        Ok(poll_fn(|cx| self.poll_goal(Side::Writing, Goal::Handshake, cx)).await?)
    }

    /// Closes as `close` does, and then reads and throws away what the peer still sends until it
    /// has ended: by `close_notify`, or by the end of the transport. Now the stream may be dropped.
    ///
    /// At most `max_discarded` bytes are read from the transport and thrown away. It has no timeout
    /// of its own: put one around it. If it is dropped before its end, it may be called again, and
    /// keeps counting.
    ///
    /// # Errors
    /// As `close`; [`ErrorKind::Other`] with a [`LingerError`](wantwrite::LingerError) in it if
    /// the peer sent more than `max_discarded`.
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

    /// The transport and the connection, for what a stream has no call for. Whatever is written to
    /// the connection leaves with the stream's next call. Reading or writing TLS bytes past the
    /// connection breaks it.
    pub const fn get_mut(&mut self) -> (&mut IO, &mut Connection) {
        (&mut self.io, self.driver.connection_mut())
    }

    /// Takes both apart. Bytes that wait stay in the connection.
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
        // What a writing task waits for may have come about without an event of the transport.
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

    /// Goes as far towards `goal` as the transport lets it.
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
                    // Either task makes the handshake.
                    let waker = if negotiates { everyone.waker() } else { cx.waker() };
                    io.as_mut()
                        .poll_read(&mut Context::from_waker(waker), memory)
                        .map_ok(|n| driver.read(n))
                }
                Err(fault) => break Poll::Ready(Err(fault)),
            };
            match poll {
                Poll::Ready(Ok(())) => {}
                // The same step comes again.
                Poll::Ready(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Poll::Ready(Err(error)) => driver.failed(FarEnd::from(&error), error),
                Poll::Pending => driver.blocked(),
            }
        };
        // A writing task may wait for the room that this made.
        if wrote && side == Side::Reading {
            tasks.wake(Side::Writing);
        }
        result
    }

    /// `close_notify`, and then the transport's own end, behind an alert too.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault<io::Error>>> {
        let closed = ready!(self.poll_goal(Side::Writing, Goal::Close, cx));
        let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Poll::Ready(closed) };
        let everyone = &mut Context::from_waker(&self.everyone);
        let ended = ready!(Pin::new(&mut self.io).poll_close(everyone)).or_else(|error| {
            let has_ended = self.driver.connection().reader_state() != ReaderState::Open;
            // Some systems say so of a socket that the peer has closed.
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
    /// The plaintext of one record, where it was opened.
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_reading(cx, |connection| Ok(connection.plaintext().len())))?;
        Poll::Ready(Ok(this.driver.connection().plaintext()))
    }

    fn consume(self: Pin<&mut Self>, len: usize) {
        let connection = self.get_mut().driver.connection_mut();
        // The trait has no error for it.
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

    /// Small buffers share their records: for a record each, write and flush them one by one.
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

/// Pieces of ciphertext that one vectored write is given.
const MAX_SLICES: usize = 16;
