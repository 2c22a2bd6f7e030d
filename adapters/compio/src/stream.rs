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
use wantwrite::{Connection, ConnectionError, Error, Role, Version};

use crate::halves::{self, TlsReadHalf, TlsWriteHalf};
use crate::session::{Session, is_alert_of_peer};
use crate::tasks::Side;

/// An established [`Connection`] and its transport, as one `AsyncRead + AsyncWrite`.
///
/// * **The stream owns its operations**, not the futures. You can drop any of its futures at any
///   time: nothing is lost, repeated or partly sent. A dropped write has accepted nothing. A
///   dropped read has taken nothing, and the next read gets what its operation receives.
/// * **Ciphertext is not copied.** The transport sends records from the memory where they were
///   sealed, up to 16 in one operation, and they are opened in the memory where it received them.
///   (Without a [`Pool`](wantwrite::Pool), pending output of up to 2 KiB in total is copied.)
/// * **Writing** accepts as much as fits into the buffer and starts to send it, unless a send is in
///   progress. Any later call, including a read, sends what was accepted in the meantime; a task
///   that waits to read is woken for that. `flush` waits until the transport has everything.
/// * **`shutdown`** sends `close_notify` after all accepted data and then shuts down the transport.
///   You can still read.
/// * **Reading** returns 0 after the peer's `close_notify`. A transport that ends without one is
///   `UnexpectedEof`. If a read fails to send pending bytes, the next writing call returns that
///   error.
///
/// You can [split](Splittable::split) the stream and read in one task while another writes, without
/// a lock.
///
/// Dropping the stream sends no `close_notify` and cancels a send in progress. If the socket has
/// unread input then, dropping it resets the TCP connection, and the peer loses what it has not
/// read yet. Read to the end first, or call [`close_and_linger`](Self::close_and_linger).
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

    /// Calls `f` with the connection, for calls that the stream does not have, such as
    /// [`Writer::update_keys`](wantwrite::Writer::update_keys). The stream's next call sends what
    /// `f` writes. Draining the connection or feeding it input breaks it.
    pub fn with_connection<R>(&self, f: impl FnOnce(&mut Connection) -> R) -> R {
        f(self.session.borrow_mut().connection_mut())
    }

    /// The protocol that was negotiated with ALPN.
    pub fn negotiated_alpn(&self) -> Option<Vec<u8>> {
        self.with_connection(|connection| connection.alpn_protocol().map(<[u8]>::to_vec))
    }

    /// Shuts down like `shutdown`, then reads and discards the peer's data until it ends with
    /// `close_notify` or the end of the transport ([`reader_state`](Connection::reader_state) tells
    /// which). After that, you can drop the stream safely.
    ///
    /// Reads and discards at most `max_discarded` bytes from the transport, not counting those of a
    /// read that is already in progress. It never times out: wrap it in `compio::time::timeout`. If
    /// you drop the future early, call this again.
    ///
    /// # Errors
    /// The same as `shutdown`, and [`ErrorKind::Other`](io::ErrorKind::Other) with a
    /// [`LingerError`](wantwrite::LingerError) inside if the peer sent more than `max_discarded`
    /// bytes.
    pub async fn close_and_linger(&mut self, max_discarded: u64) -> io::Result<()> {
        let session = &self.session;
        let closed = poll_fn(|cx| session.borrow_mut().poll_shut_down(cx)).await;
        let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Ok(closed?) };
        halves::reach(session, Goal::Linger { max: max_discarded }).await
    }

    /// Finishes the handshake. No other task uses the stream yet.
    pub(crate) async fn finish_handshake(&mut self, role: Role) -> io::Result<()> {
        let session = &self.session;
        let finished = poll_fn(|cx| {
            let mut session = session.borrow_mut();
            ready!(session.poll_goal(Side::Writing, Goal::Handshake, cx))?;
            // The peer reads until it has our last flight. The exception is a server in TLS 1.3,
            // whose last flight may consist of tickets, which a client that writes first does not
            // read yet.
            let version = session.connection_mut().protocol_version();
            if role == Role::Client || version == Some(Version::Tls12) {
                ready!(session.poll_goal(Side::Writing, Goal::Flush, cx))?;
            }
            Poll::Ready(Ok(()))
        })
        .await;
        if matches!(&finished, Err(Fault::Connection(error)) if owes_alert(error)) {
            // Dropping the stream would cancel the send of the alert, or of what precedes it. The
            // error is already known, but withheld until then.
            let _known = halves::reach(session, Goal::Close).await;
        }
        Ok(finished?)
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

    /// Packs small buffers into shared records. For one record per buffer, write and flush each
    /// one.
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

/// Whether we tell the peer about this error of a handshake.
const fn owes_alert(error: &ConnectionError) -> bool {
    !is_alert_of_peer(error) && !matches!(error, ConnectionError::Record(Error::Truncated))
}
