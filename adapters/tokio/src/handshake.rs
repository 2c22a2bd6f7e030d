//! The handshake as a future.

use core::future::poll_fn;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use wantwrite::driver::Fault;
use wantwrite::{Connection, ConnectionError, Role};

use crate::errors;
use crate::stream::TlsStream;

/// A handshake in progress: a future of the stream.
///
/// # Errors
/// * `InvalidData` with a [`rustls::Error`](wantwrite::rustls::Error) inside if the handshake
///   failed; the transport has our alert by then. A fault that we found before rustls did is a
///   `rustls::Error::Other` with a [`ConnectionError`] inside.
/// * `UnexpectedEof` if the transport ended.
/// * The transport's own error.
#[derive(Debug)]
#[must_use = "a handshake does nothing unless it is polled"]
pub struct TlsHandshake<IO>(FallibleTlsHandshake<IO>);

/// Like [`TlsHandshake`], but an error returns the transport too. Dropping a socket that has unread
/// input resets it, and the peer may then lose our alert. If the peer should learn the reason,
/// first shut the socket down and read it to its end. Once it has completed, polling it again
/// returns `Pending` forever.
#[derive(Debug)]
#[must_use = "a handshake does nothing unless it is polled"]
pub struct FallibleTlsHandshake<IO> {
    going: Going<IO>,
    role: Role,
}

#[derive(Debug)]
enum Going<IO> {
    On(TlsStream<IO>),
    /// The stream can be returned.
    Ready(TlsStream<IO>),
    /// Its alert is being sent.
    Failed(io::Error, TlsStream<IO>),
    /// Nothing is left to tell the peer.
    Refused(io::Error, IO),
    Over,
}

impl<IO> TlsHandshake<IO> {
    pub(crate) fn new(
        connection: Result<Connection, ConnectionError>,
        io: IO,
        role: Role,
        prepare: impl FnOnce(&mut Connection),
    ) -> Self {
        let going = match connection {
            Ok(mut connection) => {
                prepare(&mut connection);
                Going::On(TlsStream::new(connection, io))
            }
            Err(error) => Going::Refused(errors::of_handshake(Fault::Connection(error)), io),
        };
        Self(FallibleTlsHandshake { going, role })
    }

    /// Returns the stream before the handshake, if early data can be written.
    pub(crate) fn with_early_data(mut self) -> Self {
        self.0.going = match self.0.going {
            Going::On(mut stream) => match stream.begin_early() {
                true => Going::Ready(stream),
                false => Going::On(stream),
            },
            going => going,
        };
        self
    }

    /// Turns this into a handshake that returns the transport with an error.
    pub fn into_fallible(self) -> FallibleTlsHandshake<IO> {
        self.0
    }

    /// The transport, or `None` once the handshake is over.
    pub const fn get_ref(&self) -> Option<&IO> {
        self.0.get_ref()
    }

    /// The transport, or `None` once the handshake is over. Reading or writing it breaks the
    /// handshake.
    pub const fn get_mut(&mut self) -> Option<&mut IO> {
        self.0.get_mut()
    }
}

impl<IO> FallibleTlsHandshake<IO> {
    /// A handshake that has failed and still has to send its alert.
    pub(crate) const fn failed(error: io::Error, stream: TlsStream<IO>) -> Self {
        Self { going: Going::Failed(error, stream), role: Role::Server }
    }

    /// The transport, if it has not been given away.
    pub(crate) fn into_io(self) -> Option<IO> {
        match self.going {
            Going::On(stream) | Going::Ready(stream) | Going::Failed(_, stream) => {
                Some(stream.into_inner().0)
            }
            Going::Refused(_, io) => Some(io),
            Going::Over => None,
        }
    }

    /// Like [`TlsHandshake::get_ref`].
    pub const fn get_ref(&self) -> Option<&IO> {
        match &self.going {
            Going::On(stream) | Going::Ready(stream) | Going::Failed(_, stream) => {
                Some(stream.get_ref().0)
            }
            Going::Refused(_, io) => Some(io),
            Going::Over => None,
        }
    }

    /// Like [`TlsHandshake::get_mut`].
    pub const fn get_mut(&mut self) -> Option<&mut IO> {
        match &mut self.going {
            Going::On(stream) | Going::Ready(stream) | Going::Failed(_, stream) => {
                Some(stream.get_mut().0)
            }
            Going::Refused(_, io) => Some(io),
            Going::Over => None,
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> TlsHandshake<IO> {
    /// Continues a server's handshake until early data (0-RTT) arrives from the client, and copies
    /// as much of it as fits into `buf`. Returns how many bytes that was, or 0 if no more will
    /// come: the handshake is complete or has failed. Then await the handshake as usual.
    ///
    /// **Early data may be a replay**: see
    /// [`TlsAcceptor::early_data`](crate::TlsAcceptor::early_data). Dropping the future before it
    /// completes takes nothing.
    pub async fn read_early(&mut self, buf: &mut [u8]) -> usize {
        poll_fn(|cx| self.0.poll_read_early(cx, buf)).await
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> FallibleTlsHandshake<IO> {
    /// Like [`TlsHandshake::read_early`].
    pub async fn read_early(&mut self, buf: &mut [u8]) -> usize {
        poll_fn(|cx| self.poll_read_early(cx, buf)).await
    }

    fn poll_read_early(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<usize> {
        let taken = self.take_early(buf);
        if taken > 0 {
            return Poll::Ready(taken);
        }
        let over = self.poll_over(cx);
        match self.take_early(buf) {
            0 => over.map(|()| 0),
            taken => Poll::Ready(taken),
        }
    }

    fn take_early(&mut self, buf: &mut [u8]) -> usize {
        let (Going::On(stream) | Going::Ready(stream)) = &mut self.going else { return 0 };
        let connection = stream.get_mut().1;
        let early = connection.early_plaintext();
        let n = early.len().min(buf.len());
        buf[..n].copy_from_slice(&early[..n]);
        // `n` is at most the length of the early plaintext.
        let _within = connection.consume_early(n);
        n
    }

    /// Finishes the handshake: `going` then holds the stream or the error.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Going::On(stream) = &mut self.going else { return Poll::Ready(()) };
        let result = ready!(stream.poll_handshake(self.role, cx));
        self.going = match (mem::replace(&mut self.going, Going::Over), result) {
            (Going::On(stream), Ok(())) => Going::Ready(stream),
            (Going::On(stream), Err(fault @ Fault::Connection(_))) => {
                Going::Failed(errors::of_handshake(fault), stream)
            }
            (Going::On(stream), Err(fault)) => {
                Going::Refused(errors::of_handshake(fault), stream.into_inner().0)
            }
            (going, _) => going,
        };
        Poll::Ready(())
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Future for TlsHandshake<IO> {
    type Output = io::Result<TlsStream<IO>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map_err(|(error, _)| error)
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Future for FallibleTlsHandshake<IO> {
    type Output = Result<TlsStream<IO>, (io::Error, IO)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        ready!(this.poll_over(cx));
        match mem::replace(&mut this.going, Going::Over) {
            Going::Ready(stream) => Poll::Ready(Ok(stream)),
            Going::Failed(error, mut stream) => {
                if stream.poll_last_word(cx).is_ready() {
                    return Poll::Ready(Err((error, stream.into_inner().0)));
                }
                this.going = Going::Failed(error, stream);
                Poll::Pending
            }
            Going::Refused(error, io) => Poll::Ready(Err((error, io))),
            Going::On(_) | Going::Over => Poll::Pending,
        }
    }
}
