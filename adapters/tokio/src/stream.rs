//! A connection over tokio's traits.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use std::io::{self, ErrorKind, IoSlice};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use wantwrite::driver::{Driver, FarEnd, Fault, Taken, Transport};
use wantwrite::{Connection, ConnectionError, Drain, ReaderState, Role, Version};

use crate::tasks::{Side, Tasks};

/// A [`Connection`] whose handshake is over, and its transport, as one `AsyncRead + AsyncWrite`.
///
/// * **Writing** accepts what there is room for, and gives the transport what it takes. What it
///   does not take leaves with any later call, reading included; a task that waits to read is
///   woken for it. So `flush` is for who wants to know when all is with the transport.
/// * **A write that is cancelled** has accepted nothing: nothing is lost, nothing sent twice, and
///   other bytes may follow.
/// * **`shutdown`** sends `close_notify` behind everything accepted and then shuts the transport
///   down. You can still read; writing fails with `BrokenPipe`.
/// * **Reading** ends with the peer's `close_notify`; a transport that ends without it is
///   `UnexpectedEof`. A failure to write that reading meets is told by the next call that writes;
///   a reset that reading's own write met is told by the read that then meets the end.
///
/// It may be split (`tokio::io::split`): one task reads while another writes. What is accepted
/// leaves as soon as the transport takes it if either of them is polled or waits, so copies in
/// both directions do not wait for each other.
///
/// Dropping it sends no `close_notify`. And a socket that is dropped with unread input is reset:
/// the peer loses what it has not read yet. Read to the end before, or call
/// [`close_and_linger`](Self::close_and_linger).
#[derive(Debug)]
pub struct TlsStream<IO> {
    driver: Driver<io::Error>,
    io: IO,
    tasks: Arc<Tasks>,
    /// Wakes them all.
    everyone: Waker,
}

impl<IO> TlsStream<IO> {
    pub(crate) fn new(connection: Connection, io: IO) -> Self {
        let tasks = Arc::new(Tasks::default());
        let everyone = Waker::from(Arc::clone(&tasks));
        Self { driver: Driver::new(connection), io, tasks, everyone }
    }

    /// The transport and the connection.
    pub const fn get_ref(&self) -> (&IO, &Connection) {
        (&self.io, self.driver.connection())
    }

    /// The transport and the connection, for what a stream has no call for, such as
    /// [`Writer::update_keys`](wantwrite::Writer::update_keys). Whatever is written to the
    /// connection leaves with the stream's next call. Reading or writing TLS bytes past the
    /// connection breaks it.
    pub const fn get_mut(&mut self) -> (&mut IO, &mut Connection) {
        (&mut self.io, self.driver.connection_mut())
    }

    /// Takes both apart. Bytes that wait stay in the connection.
    pub fn into_inner(self) -> (IO, Connection) {
        (self.io, self.driver.into_connection())
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> TlsStream<IO> {
    /// Shuts down as `shutdown` does, and then reads and throws away what the peer still sends
    /// until it has ended: by `close_notify`, or by the end of the transport
    /// ([`reader_state`](Connection::reader_state) says which). Now the stream may be dropped:
    /// a socket that is dropped with unread input is reset, and what the peer has not read yet is
    /// lost.
    ///
    /// At most `max_discarded` bytes are read from the transport and thrown away. It has no timeout
    /// of its own: wrap it in `tokio::time::timeout`. If it is dropped before its end, it may be
    /// called again, and counts on.
    ///
    /// # Errors
    /// As `shutdown`; [`ErrorKind::Other`] with a [`LingerError`](wantwrite::LingerError) in it if
    /// the peer sent more than `max_discarded`.
    pub async fn close_and_linger(&mut self, max_discarded: u64) -> io::Result<()> {
        let closed =
            poll_fn(|cx| self.poll_writing(cx, |driver, io| shut_down(driver, io).map(Ok)));
        let closed = closed.await?;
        let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Ok(closed?) };
        let discarded = poll_fn(|cx| {
            self.poll_writing(cx, |driver, io| driver.poll_discard(io, max_discarded, || true))
        });
        let discarded = discarded.await;
        closed?;
        discarded
    }

    /// Finishes the handshake; no other task is there yet.
    pub(crate) fn poll_handshake(
        &mut self,
        role: Role,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { driver, io, .. } = self;
        let io = &mut Polled { io, readable: cx.waker(), writable: cx.waker(), wrote: false };
        ready!(driver.poll_handshake(io))?;
        // The peer reads until it has our last flight, but for a server's in TLS 1.3: that may be
        // tickets, which a client that writes first does not read yet.
        let is_needed =
            role == Role::Client || driver.connection().protocol_version() == Some(Version::Tls12);
        if is_needed {
            ready!(driver.poll_drain_all(io))?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_reading(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnMut(&mut Connection) -> Result<usize, ConnectionError>,
    ) -> Poll<io::Result<usize>> {
        let Self { driver, io, tasks, everyone } = self;
        let was = driver.connection().writer_state();
        tasks.remember(Side::Reading, cx.waker());
        let mut io = Polled { io, readable: cx.waker(), writable: everyone, wrote: false };
        let poll = driver.poll_read(&mut io, read);
        let ended = matches!(poll, Poll::Ready(Ok(0) | Err(_)));
        // What a writing task waits for may have come about without an event of the transport.
        if io.wrote || ended || driver.connection().writer_state() != was {
            tasks.wake(Side::Writing);
        }
        Poll::Ready(Ok(ready!(poll)?))
    }

    fn poll_writing<R>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(
            &mut Driver<io::Error>,
            &mut Polled<'_, IO>,
        ) -> Poll<Result<R, Fault<io::Error>>>,
    ) -> Poll<io::Result<R>> {
        let Self { driver, io, tasks, everyone } = self;
        tasks.remember(Side::Writing, cx.waker());
        let mut io = Polled { io, readable: cx.waker(), writable: everyone, wrote: false };
        Poll::Ready(Ok(ready!(write(driver, &mut io))?))
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
        ready!(self.get_mut().poll_reading(cx, |connection| read_into(connection, buf)))?;
        Poll::Ready(Ok(()))
    }
}

/// As [`Connection::read`], but the memory need not be initialised.
fn read_into(connection: &mut Connection, buf: &mut ReadBuf<'_>) -> Result<usize, ConnectionError> {
    connection.read_with(|plaintext| {
        let n = plaintext.len().min(buf.remaining());
        buf.put_slice(&plaintext[..n]);
        n
    })
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncBufRead for TlsStream<IO> {
    /// The plaintext of one record, where it was opened.
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_reading(cx, |connection| {
            connection.process()?;
            Ok(connection.plaintext().len())
        }))?;
        Poll::Ready(Ok(this.driver.connection().plaintext()))
    }

    fn consume(self: Pin<&mut Self>, len: usize) {
        let connection = self.get_mut().driver.connection_mut();
        // The trait has no error for it.
        let _within = connection.consume(len.min(connection.plaintext().len()));
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_writing(cx, |driver, io| {
            driver.poll_write(io, buf.len(), |connection| connection.writer_mut().write(buf))
        })
    }

    /// Small buffers share their records: for a record each, write and flush them one by one.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_writing(cx, |driver, io| {
            let offered = total_len(bufs);
            driver
                .poll_write(io, offered, |connection| connection.writer_mut().write_vectored(bufs))
        })
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_writing(cx, |driver, io| driver.poll_flush(io))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_writing(cx, shut_down)
    }
}

/// `close_notify`, and then the transport's own end.
fn shut_down<IO: AsyncWrite + AsyncRead + Unpin>(
    driver: &mut Driver<io::Error>,
    io: &mut Polled<'_, IO>,
) -> Poll<Result<(), Fault<io::Error>>> {
    let closed = ready!(driver.poll_close(io));
    // The transport is shut down behind an alert too.
    let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Poll::Ready(closed) };
    let shut_down = ready!(io.poll_shutdown()).or_else(|error| {
        let has_ended = driver.connection().reader_state() != ReaderState::Open;
        // Some systems say so of a socket that the peer has closed.
        if has_ended && error.kind() == ErrorKind::NotConnected { Ok(()) } else { Err(error) }
    });
    closed?;
    Poll::Ready(shut_down.map_err(Fault::Transport))
}

/// The transport for the time of a poll.
struct Polled<'a, IO> {
    io: &'a mut IO,
    readable: &'a Waker,
    writable: &'a Waker,
    /// Whether the transport took or flushed anything.
    wrote: bool,
}

impl<IO: AsyncWrite + Unpin> Polled<'_, IO> {
    fn poll_shutdown(&mut self) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_shutdown(&mut Context::from_waker(self.writable))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Transport for Polled<'_, IO> {
    type Error = io::Error;

    fn poll_read(&mut self, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(
            Pin::new(&mut *self.io).poll_read(&mut Context::from_waker(self.readable), &mut buf)
        )?;
        Poll::Ready(Ok(buf.filled().len()))
    }

    fn poll_write(&mut self, drain: &Drain<'_>) -> Poll<io::Result<Taken>> {
        let (io, cx) = (Pin::new(&mut *self.io), &mut Context::from_waker(self.writable));
        let poll = if io.is_write_vectored() {
            let mut chunks = [IoSlice::new(&[]); MAX_CHUNKS];
            let n = drain.chunks_vectored(&mut chunks);
            let chunks = &chunks[..n];
            let poll = io.poll_write_vectored(cx, chunks);
            poll.map_ok(|taken| Taken::new(taken, total_len(chunks)))
        } else {
            let chunk = drain.chunk();
            io.poll_write(cx, chunk).map_ok(|taken| Taken::new(taken, chunk.len()))
        };
        self.wrote |= poll.is_ready();
        poll
    }

    fn poll_flush(&mut self) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut *self.io).poll_flush(&mut Context::from_waker(self.writable));
        self.wrote |= poll.is_ready();
        poll
    }

    fn far_end(error: &io::Error) -> FarEnd {
        error.into()
    }
}

/// Chunks that one vectored write is given.
const MAX_CHUNKS: usize = 16;

/// Bytes in all of `bufs`.
fn total_len(bufs: &[IoSlice<'_>]) -> usize {
    bufs.iter().fold(0, |total, buf| total.saturating_add(buf.len()))
}
