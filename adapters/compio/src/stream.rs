//! A connection over compio's traits.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::fmt;
use core::future::poll_fn;
use core::task::{Poll, ready};
use std::io;

use compio_buf::{BufResult, IoBuf, IoBufMut, IoVectoredBuf};
use compio_io::util::Splittable;
use compio_io::{AsyncRead, AsyncWrite};
use wantwrite::driver::{Fault, Goal};
use wantwrite::{Connection, Role, Version};

use crate::halves::{self, TlsReadHalf, TlsWriteHalf};
use crate::session::Session;
use crate::tasks::Side;

/// A [`Connection`] whose handshake is over, and its transport, as one `AsyncRead + AsyncWrite`.
///
/// * **No future owns an operation**: the stream does. Drop any future of it when you like: nothing
///   is lost, repeated or sent in part. A write that was dropped has accepted nothing. A read that
///   was dropped has taken nothing, and what its operation brings is for the next read.
/// * **Ciphertext is not copied.** Records are sealed where the transport sends them from, up to
///   16 of them in one operation, and opened where it has put them. (Up to 2 KiB that wait alone
///   are copied if the connection has no [`Pool`](wantwrite::Pool).)
/// * **Writing** accepts what there is room for and starts to send it, if nothing is being sent.
///   What is accepted meanwhile leaves with any later call, reading included; a task that waits to
///   read is woken for it. `flush` waits until all is with the transport.
/// * **`shutdown`** sends `close_notify` behind everything accepted and then shuts the transport
///   down. You can still read.
/// * **Reading** ends with the peer's `close_notify`; a transport that ends without it is
///   `UnexpectedEof`. A failure to write that reading meets is told by the next call that writes.
///
/// [Split](Splittable::split) it, and one task reads while another writes, without a lock.
///
/// Dropping it sends no `close_notify`, and cancels what is being sent. And a socket that is
/// dropped with unread input is reset: the peer loses what it has not read yet. Read to the end
/// before, or call [`close_and_linger`](Self::close_and_linger).
pub struct TlsStream<S: Splittable> {
    session: Shared<S::ReadHalf, S::WriteHalf>,
}

pub(crate) type Shared<R, W> = Rc<RefCell<Session<R, W>>>;

impl<S: Splittable> TlsStream<S>
where
    S::ReadHalf: AsyncRead + 'static,
    S::WriteHalf: AsyncWrite + 'static,
{
    pub(crate) fn new(connection: Connection, io: S) -> Self {
        Self { session: Rc::new(RefCell::new(Session::new(connection, io))) }
    }

    /// Shows the connection to `f`, for what a stream has no call for, such as
    /// [`Writer::update_keys`](wantwrite::Writer::update_keys). Whatever is written to it leaves
    /// with the stream's next call. Draining or feeding it breaks it.
    pub fn with_connection<R>(&self, f: impl FnOnce(&mut Connection) -> R) -> R {
        f(self.session.borrow_mut().connection_mut())
    }

    /// The protocol that ALPN has found.
    pub fn negotiated_alpn(&self) -> Option<Vec<u8>> {
        self.with_connection(|connection| connection.alpn_protocol().map(<[u8]>::to_vec))
    }

    /// Shuts down as `shutdown` does, and then reads and throws away what the peer still sends
    /// until it has ended: by `close_notify`, or by the end of the transport
    /// ([`reader_state`](Connection::reader_state) says which). Now the stream may be dropped.
    ///
    /// At most `max_discarded` bytes are read from the transport and thrown away, besides those
    /// that a read has asked for before. It has no timeout of its own: wrap it in
    /// `compio::time::timeout`. If it is dropped before its end, call it again.
    ///
    /// # Errors
    /// As `shutdown`; [`ErrorKind::Other`](io::ErrorKind::Other) with a
    /// [`LingerError`](wantwrite::LingerError) in it if the peer sent more than `max_discarded`.
    pub async fn close_and_linger(&mut self, max_discarded: u64) -> io::Result<()> {
        let session = &self.session;
        let closed = poll_fn(|cx| session.borrow_mut().poll_shut_down(cx)).await;
        let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Ok(closed?) };
        halves::reach(session, Goal::Linger { max: max_discarded }).await
    }

    /// Finishes the handshake; no other task is there yet.
    pub(crate) async fn finish_handshake(&mut self, role: Role) -> io::Result<()> {
        poll_fn(|cx| {
            let mut session = self.session.borrow_mut();
            ready!(session.poll_goal(Side::Writing, Goal::Handshake, cx))?;
            // The peer reads until it has our last flight, but for a server's in TLS 1.3: that may
            // be tickets, which a client that writes first does not read yet.
            let version = session.connection_mut().protocol_version();
            if role == Role::Client || version == Some(Version::Tls12) {
                ready!(session.poll_goal(Side::Writing, Goal::Flush, cx))?;
            }
            Poll::Ready(Ok(()))
        })
        .await
    }
}

impl<S: Splittable> AsyncRead for TlsStream<S>
where
    S::ReadHalf: AsyncRead + 'static,
    S::WriteHalf: AsyncWrite + 'static,
{
    async fn read<B: IoBufMut>(&mut self, buf: B) -> BufResult<usize, B> {
        halves::read(&self.session, buf).await
    }
}

impl<S: Splittable> AsyncWrite for TlsStream<S>
where
    S::ReadHalf: AsyncRead + 'static,
    S::WriteHalf: AsyncWrite + 'static,
{
    async fn write<B: IoBuf>(&mut self, buf: B) -> BufResult<usize, B> {
        halves::write(&self.session, buf).await
    }

    /// Small buffers share their records: for a record each, write and flush them one by one.
    async fn write_vectored<B: IoVectoredBuf>(&mut self, bufs: B) -> BufResult<usize, B> {
        halves::write_vectored(&self.session, bufs).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        halves::reach(&self.session, Goal::Flush).await
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        halves::shut_down(&self.session).await
    }
}

impl<S: Splittable> Splittable for TlsStream<S> {
    type ReadHalf = TlsReadHalf<S>;
    type WriteHalf = TlsWriteHalf<S>;

    fn split(self) -> (TlsReadHalf<S>, TlsWriteHalf<S>) {
        (TlsReadHalf::new(Rc::clone(&self.session)), TlsWriteHalf::new(self.session))
    }
}

impl<S: Splittable> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").finish_non_exhaustive()
    }
}
