//! The handshake as a future.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use wantwrite::{Connection, ConnectionError, Role};

use crate::stream::TlsStream;

/// A handshake that goes on; gives the stream.
///
/// # Errors
/// `InvalidData` with a [`ConnectionError`] in it if the handshake failed (our alert was offered
/// to the transport), `UnexpectedEof` if the transport ended, or the transport's own error.
#[derive(Debug)]
#[must_use = "a handshake goes on only while it is polled"]
pub struct TlsHandshake<IO>(FallibleTlsHandshake<IO>);

/// As [`TlsHandshake`], but an error gives the transport back: for a socket that is dropped with
/// unread input is reset, and the peer may lose our alert. Shut it down and read to its end first,
/// if the peer is to know why. Polled again after its end, it is pending for ever.
#[derive(Debug)]
#[must_use = "a handshake goes on only while it is polled"]
pub struct FallibleTlsHandshake<IO> {
    /// `None` at its end.
    going: Option<Result<TlsStream<IO>, (io::Error, IO)>>,
    role: Role,
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
                Ok(TlsStream::new(connection, io))
            }
            Err(error) => Err((error.into(), io)),
        };
        Self(FallibleTlsHandshake { going: Some(going), role })
    }

    /// The same handshake; an error gives the transport back.
    pub fn into_fallible(self) -> FallibleTlsHandshake<IO> {
        self.0
    }

    /// The transport; `None` once the handshake is over.
    pub const fn get_ref(&self) -> Option<&IO> {
        self.0.get_ref()
    }

    /// The transport; `None` once the handshake is over. Reading or writing it breaks the
    /// handshake.
    pub const fn get_mut(&mut self) -> Option<&mut IO> {
        self.0.get_mut()
    }
}

impl<IO> FallibleTlsHandshake<IO> {
    /// As [`TlsHandshake::get_ref`].
    pub const fn get_ref(&self) -> Option<&IO> {
        match &self.going {
            Some(Ok(stream)) => Some(stream.get_ref().0),
            Some(Err((_, io))) => Some(io),
            None => None,
        }
    }

    /// As [`TlsHandshake::get_mut`].
    pub const fn get_mut(&mut self) -> Option<&mut IO> {
        match &mut self.going {
            Some(Ok(stream)) => Some(stream.get_mut().0),
            Some(Err((_, io))) => Some(io),
            None => None,
        }
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
        let Some(going) = self.going.take() else {
            return Poll::Pending;
        };
        let mut stream = going?;
        match stream.poll_handshake(self.role, cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(stream)),
            Poll::Ready(Err(error)) => Poll::Ready(Err((error, stream.into_inner().0))),
            Poll::Pending => {
                self.going = Some(Ok(stream));
                Poll::Pending
            }
        }
    }
}
