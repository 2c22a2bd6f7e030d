//! The handshake as a future.

use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use wantwrite::driver::Fault;
use wantwrite::{Connection, ConnectionError, Role};

use crate::errors;
use crate::stream::TlsStream;

/// A handshake that goes on; gives the stream.
///
/// # Errors
/// `InvalidData` with a [`rustls::Error`](wantwrite::rustls::Error) in it if the handshake failed
/// (our alert is with the transport then), `UnexpectedEof` if the transport ended, or the
/// transport's own error. A fault that we saw before rustls did is `rustls::Error::Other`, with a
/// [`ConnectionError`] in that.
#[derive(Debug)]
#[must_use = "a handshake goes on only while it is polled"]
pub struct TlsHandshake<IO>(FallibleTlsHandshake<IO>);

/// As [`TlsHandshake`], but an error gives the transport back: for a socket that is dropped with
/// unread input is reset, and the peer may lose our alert. Shut it down and read to its end first,
/// if the peer is to know why. Polled again after its end, it is pending for ever.
#[derive(Debug)]
#[must_use = "a handshake goes on only while it is polled"]
pub struct FallibleTlsHandshake<IO> {
    going: Going<IO>,
    role: Role,
}

#[derive(Debug)]
enum Going<IO> {
    On(TlsStream<IO>),
    /// Its alert is on its way.
    Failed(io::Error, TlsStream<IO>),
    /// It never began.
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
    /// One that has failed, and whose alert is to be sent.
    pub(crate) const fn failed(error: io::Error, stream: TlsStream<IO>) -> Self {
        Self { going: Going::Failed(error, stream), role: Role::Server }
    }

    /// The transport, if it is still here.
    pub(crate) fn into_io(self) -> Option<IO> {
        match self.going {
            Going::On(stream) | Going::Failed(_, stream) => Some(stream.into_inner().0),
            Going::Refused(_, io) => Some(io),
            Going::Over => None,
        }
    }

    /// As [`TlsHandshake::get_ref`].
    pub const fn get_ref(&self) -> Option<&IO> {
        match &self.going {
            Going::On(stream) | Going::Failed(_, stream) => Some(stream.get_ref().0),
            Going::Refused(_, io) => Some(io),
            Going::Over => None,
        }
    }

    /// As [`TlsHandshake::get_mut`].
    pub const fn get_mut(&mut self) -> Option<&mut IO> {
        match &mut self.going {
            Going::On(stream) | Going::Failed(_, stream) => Some(stream.get_mut().0),
            Going::Refused(_, io) => Some(io),
            Going::Over => None,
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
        loop {
            match mem::replace(&mut self.going, Going::Over) {
                Going::On(mut stream) => match stream.poll_handshake(self.role, cx) {
                    Poll::Ready(Ok(())) => return Poll::Ready(Ok(stream)),
                    Poll::Ready(Err(fault)) => {
                        let has_alert = matches!(fault, Fault::Connection(_));
                        let error = errors::of_handshake(fault);
                        if !has_alert {
                            return Poll::Ready(Err((error, stream.into_inner().0)));
                        }
                        self.going = Going::Failed(error, stream);
                    }
                    Poll::Pending => {
                        self.going = Going::On(stream);
                        return Poll::Pending;
                    }
                },
                Going::Failed(error, mut stream) => {
                    if stream.poll_last_word(cx).is_ready() {
                        return Poll::Ready(Err((error, stream.into_inner().0)));
                    }
                    self.going = Going::Failed(error, stream);
                    return Poll::Pending;
                }
                Going::Refused(error, io) => return Poll::Ready(Err((error, io))),
                Going::Over => return Poll::Pending,
            }
        }
    }
}
