//! A connection over tokio's traits.

use alloc::boxed::Box;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use std::io::{self, ErrorKind, IoSlice};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Outgoing, Step};
use wantwrite::{Connection, ConnectionError, Role, Version, WriteError, Writer};

use crate::early::Early;
use crate::errors;
use crate::tasks::{Side, Tasks};

/// A [`Connection`] whose handshake is over ([but for early
/// data](crate::TlsConnector::early_data)), and its transport, as one `AsyncRead + AsyncWrite`.
///
/// * **Writing** accepts what there is room for, and gives the transport what it takes. What it
///   does not take leaves with any later call, reading included; a task that waits to read is
///   woken for it. So `flush` is for who wants to know when all is with the transport. While a
///   write waits, its task is the one that is woken: if you give such a write up, flush later.
/// * **A write that is cancelled** has accepted nothing: nothing is lost, nothing sent twice, and
///   other bytes may follow.
/// * **`shutdown`** sends `close_notify` behind everything accepted, or the alert if the connection
///   has failed, and then shuts the transport down. You can still read; writing fails with
///   `BrokenPipe`.
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
    /// In a box: streams are moved into tasks, and futures hold them twice.
    driver: Box<Driver<io::Error>>,
    io: IO,
    tasks: Tasks,
    /// Until a handshake is over that was begun with early data.
    early: Option<Box<Early>>,
}

impl<IO> TlsStream<IO> {
    pub(crate) fn new(connection: Connection, io: IO) -> Self {
        let driver = Box::new(Driver::for_readiness(connection));
        Self { driver, io, tasks: Tasks::default(), early: None }
    }

    /// Becomes a stream with its handshake in front of it, if early data may be written.
    pub(crate) fn begin_early(&mut self) -> bool {
        self.early = self.driver.connection_mut().early_writer().map(|_| Box::new(Early::new()));
        self.early.is_some()
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
        poll_fn(|cx| self.poll_shut_down(cx)).await.map_err(errors::of_stream)?;
        let linger = Goal::Linger { max: max_discarded };
        let lingered = poll_fn(|cx| self.poll_goal(Side::Writing, linger, cx)).await;
        lingered.map_err(errors::of_stream)
    }

    /// Finishes the handshake; no other task is there yet.
    pub(crate) fn poll_handshake(
        &mut self,
        role: Role,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault<io::Error>>> {
        ready!(self.poll_goal(Side::Writing, Goal::Handshake, cx))?;
        // The peer reads until it has our last flight, but for a server's in TLS 1.3: that may be
        // tickets, which a client that writes first does not read yet.
        let version = self.driver.connection().protocol_version();
        if role == Role::Client || version == Some(Version::Tls12) {
            ready!(self.poll_goal(Side::Writing, Goal::Flush, cx))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends the alert of a handshake that has failed, through a transport of whatever size.
    pub(crate) fn poll_last_word(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // It says what is known already.
        self.poll_goal(Side::Writing, Goal::Close, cx).map(|_known| ())
    }

    /// Accepts early data, if that is what a write writes now.
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

    /// What early data has put off comes first.
    fn poll_settled(
        &mut self,
        side: Side,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault<io::Error>>> {
        let Self { driver, io, tasks, early: Some(early) } = self else {
            return Poll::Ready(Ok(()));
        };
        let settled = early.poll_settled(driver, Pin::new(io), tasks, side, cx);
        if early.is_settled() {
            self.early = None;
        }
        settled
    }

    fn poll_reading(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnOnce(&mut Connection) -> Result<usize, ConnectionError>,
    ) -> Poll<io::Result<usize>> {
        if self.early.is_some() {
            ready!(self.poll_settled(Side::Reading, cx)).map_err(errors::of_handshake)?;
        }
        let was = self.driver.connection().writer_state();
        let mut poll = self.poll_goal(Side::Reading, Goal::Read, cx).map_ok(|()| 0);
        if let Poll::Ready(Ok(len)) = &mut poll {
            *len = self.driver.read_plaintext(read).map_err(errors::of_stream)?;
            if self.driver.connection().writer().wants_drain() {
                let _offered = self.poll_goal(Side::Reading, Goal::Offer, cx);
            }
        }
        let ended = matches!(poll, Poll::Ready(Ok(0) | Err(_)));
        // What a writing task waits for may have come about without an event of the transport.
        if ended || self.driver.connection().writer_state() != was {
            self.tasks.wake_writing();
        }
        poll.map_err(errors::of_stream)
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
        let accepted = match drive(driver, io.as_mut(), Goal::Write, cx, writable).result {
            Poll::Ready(Ok(())) => {
                let accepted = driver.write_plaintext(write);
                let _offered = drive(driver, io, Goal::Offer, cx, writable);
                Poll::Ready(accepted)
            }
            Poll::Ready(Err(fault)) => Poll::Ready(Err(fault)),
            Poll::Pending => Poll::Pending,
        };
        tasks.end(Side::Writing, accepted.is_pending());
        accepted.map_err(errors::of_stream)
    }

    /// Goes as far towards `goal` as the transport lets it.
    #[inline]
    fn poll_goal(
        &mut self,
        side: Side,
        goal: Goal,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault<io::Error>>> {
        let Self { driver, io, tasks, .. } = self;
        let writable = tasks.begin(side, cx.waker());
        let Driven { result, wrote } = drive(driver, Pin::new(io), goal, cx, writable);
        tasks.end(side, result.is_pending());
        // A writing task may wait for the room that this made.
        if wrote && side == Side::Reading {
            tasks.wake_writing();
        }
        result
    }

    /// `close_notify` or, if the connection has failed, its alert; then the transport's own end.
    fn poll_shut_down(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault<io::Error>>> {
        match ready!(self.poll_settled(Side::Writing, cx)) {
            // Its alert must still be sent.
            Ok(()) | Err(Fault::Connection(_)) => {}
            failed => return Poll::Ready(failed),
        }
        let closed = ready!(self.poll_goal(Side::Writing, Goal::Close, cx));
        let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Poll::Ready(closed) };
        let writable = &mut Context::from_waker(self.tasks.begin(Side::Writing, cx.waker()));
        let poll = Pin::new(&mut self.io).poll_shutdown(writable);
        self.tasks.end(Side::Writing, poll.is_pending());
        match ready!(poll) {
            // Some systems say so of a socket that the peer has closed.
            Err(error) if error.kind() != ErrorKind::NotConnected => {
                Poll::Ready(Err(Fault::Transport(error)))
            }
            _ => Poll::Ready(Ok(())),
        }
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
        ready!(this.poll_reading(cx, |connection| Ok(connection.plaintext().len())))?;
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
        self.get_mut().poll_writing(cx, &[IoSlice::new(buf)], |writer| writer.write(buf))
    }

    /// Small buffers share their records: for a record each, write and flush them one by one.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_writing(cx, bufs, |writer| writer.write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_settled(Side::Writing, cx)).map_err(errors::of_handshake)?;
        this.poll_goal(Side::Writing, Goal::Flush, cx).map_err(errors::of_stream)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_shut_down(cx).map_err(errors::of_stream)
    }
}

/// What came of a goal.
pub(crate) struct Driven {
    pub(crate) result: Poll<Result<(), Fault<io::Error>>>,
    /// Whether the transport took or flushed anything.
    wrote: bool,
}

/// Goes as far towards `goal` as the transport lets it.
pub(crate) fn drive<IO: AsyncRead + AsyncWrite>(
    driver: &mut Driver<io::Error>,
    mut io: Pin<&mut IO>,
    goal: Goal,
    readable: &mut Context<'_>,
    writable: &Waker,
) -> Driven {
    let writable = &mut Context::from_waker(writable);
    let mut wrote = false;
    let result = loop {
        let poll = match driver.next(goal) {
            Ok(Step::Done) => break Poll::Ready(Ok(())),
            Ok(Step::Blocked) => break Poll::Pending,
            Ok(Step::Write(mut bytes)) => {
                let poll = poll_write(io.as_mut(), writable, &mut bytes);
                wrote |= poll.is_ready();
                poll.map_ok(|n| driver.wrote(n))
            }
            Ok(Step::Flush) => {
                let poll = io.as_mut().poll_flush(writable);
                wrote |= poll.is_ready();
                poll.map_ok(|()| driver.flushed())
            }
            Ok(Step::Read(memory)) => {
                let mut buf = ReadBuf::new(memory);
                let poll = io.as_mut().poll_read(readable, &mut buf);
                let len = buf.filled().len();
                poll.map_ok(|()| driver.read(len))
            }
            Err(fault) => break Poll::Ready(Err(fault)),
        };
        match poll {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => driver.failed(FarEnd::from(&error), error),
            Poll::Pending => driver.blocked(),
        }
    };
    Driven { result, wrote }
}

fn poll_write(
    io: Pin<&mut impl AsyncWrite>,
    cx: &mut Context<'_>,
    bytes: &mut Outgoing<'_>,
) -> Poll<io::Result<usize>> {
    let lie_together = bytes.chunk().len() == bytes.remaining();
    if io.is_write_vectored() && !lie_together {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        io.poll_write_vectored(cx, bytes.io_slices(&mut slices))
    } else {
        io.poll_write(cx, bytes.chunk())
    }
}

/// Pieces of ciphertext that one vectored write is given.
const MAX_SLICES: usize = 16;
