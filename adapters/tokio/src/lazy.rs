//! A server that chooses its configuration after it has read the ClientHello.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wantwrite::driver::Fault;
use wantwrite::rustls::ServerConfig;
use wantwrite::{
    Acceptor, AlertDescription, ClientHello, Connection, ConnectionConfig, ConnectionError, Role,
};

use crate::errors;
use crate::handshake::{FallibleTlsHandshake, TlsHandshake};
use crate::stream::TlsStream;

/// Reads the ClientHello and returns a [`StartHandshake`].
///
/// # Errors
/// The same as [`TlsHandshake`]; [`take_io`](Self::take_io) then returns the transport.
#[derive(Debug)]
#[must_use = "nothing is read unless it is polled"]
pub struct LazyConfigAcceptor<IO>(State<IO>);

#[derive(Debug)]
enum State<IO> {
    Reading(Box<Acceptor>, IO),
    /// Its alert is being sent.
    Failing(FallibleTlsHandshake<IO>),
    /// The handshake never began.
    Refused(io::Error, IO),
    Failed(IO),
    Over,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> LazyConfigAcceptor<IO> {
    /// Starts reading from the client at the other end of `io`. `config` applies to the resulting
    /// stream: use [`ConnectionConfig::pooled`], with one pool for all streams.
    pub fn new(config: ConnectionConfig, io: IO) -> Self {
        Self(match Acceptor::new(config) {
            Ok(acceptor) => State::Reading(Box::new(acceptor), io),
            Err(error) => State::Refused(errors::of_handshake(Fault::Connection(error)), io),
        })
    }

    /// Returns the transport, once, after a failure or before completion. Input that was already
    /// read is lost.
    pub fn take_io(&mut self) -> Option<IO> {
        match mem::replace(&mut self.0, State::Over) {
            State::Reading(_, io) | State::Refused(_, io) | State::Failed(io) => Some(io),
            State::Failing(handshake) => handshake.into_io(),
            State::Over => None,
        }
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Future for LazyConfigAcceptor<IO> {
    type Output = io::Result<StartHandshake<IO>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match mem::replace(&mut self.0, State::Over) {
                State::Reading(mut acceptor, mut io) => {
                    match poll_hello(&mut acceptor, &mut io, cx) {
                        Poll::Ready(Ok(())) => {
                            return Poll::Ready(Ok(StartHandshake { acceptor, io }));
                        }
                        Poll::Ready(Err(Fault::Connection(error))) => {
                            // The connection keeps an alert that it already has.
                            let failed = acceptor.reject(AlertDescription::INTERNAL_ERROR);
                            let error = errors::of_handshake(Fault::Connection(error));
                            let stream = TlsStream::new(failed, io);
                            self.0 = State::Failing(FallibleTlsHandshake::failed(error, stream));
                        }
                        Poll::Ready(Err(fault)) => {
                            self.0 = State::Failed(io);
                            return Poll::Ready(Err(errors::of_handshake(fault)));
                        }
                        Poll::Pending => {
                            self.0 = State::Reading(acceptor, io);
                            return Poll::Pending;
                        }
                    }
                }
                State::Failing(mut handshake) => match Pin::new(&mut handshake).poll(cx) {
                    Poll::Ready(Err((error, io))) => {
                        self.0 = State::Failed(io);
                        return Poll::Ready(Err(error));
                    }
                    // A failed handshake never becomes a stream.
                    Poll::Ready(Ok(_)) | Poll::Pending => {
                        self.0 = State::Failing(handshake);
                        return Poll::Pending;
                    }
                },
                State::Refused(error, io) => {
                    self.0 = State::Failed(io);
                    return Poll::Ready(Err(error));
                }
                over @ (State::Failed(_) | State::Over) => {
                    self.0 = over;
                    return Poll::Pending;
                }
            }
        }
    }
}

/// Reads until the ClientHello is complete.
fn poll_hello(
    acceptor: &mut Acceptor,
    io: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
) -> Poll<Result<(), Fault<io::Error>>> {
    loop {
        acceptor.connection().process().map_err(Fault::Connection)?;
        if acceptor.client_hello().is_some() {
            return Poll::Ready(Ok(()));
        }
        let connection = acceptor.connection();
        let Some(mut inbound) = connection.inbound() else {
            let ended = wantwrite::Error::HandshakeFailed;
            return Poll::Ready(Err(Fault::Connection(ended.into())));
        };
        let mut buf = ReadBuf::new(&mut inbound);
        let poll = Pin::new(&mut *io).poll_read(cx, &mut buf);
        match (poll, buf.filled().len()) {
            (Poll::Ready(Ok(())), 0) => connection.end_of_input(),
            (Poll::Ready(Ok(())), len) => inbound.commit(len).map_err(Fault::Overrun)?,
            (Poll::Ready(Err(error)), _) => return Poll::Ready(Err(Fault::Transport(error))),
            (Poll::Pending, _) => {
                // Gives the memory back.
                connection.process().map_err(Fault::Connection)?;
                return Poll::Pending;
            }
        }
    }
}

/// A client that has sent its ClientHello and waits for an answer.
#[derive(Debug)]
#[must_use = "the client waits"]
pub struct StartHandshake<IO> {
    acceptor: Box<Acceptor>,
    io: IO,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> StartHandshake<IO> {
    /// The ClientHello.
    ///
    /// # Panics
    /// Never.
    pub fn client_hello(&self) -> &ClientHello {
        self.acceptor.client_hello().expect("it exists only after a ClientHello")
    }

    /// The transport. Reading or writing it breaks the handshake.
    pub const fn get_ref(&self) -> &IO {
        &self.io
    }

    /// The transport. Reading or writing it breaks the handshake.
    pub const fn get_mut(&mut self) -> &mut IO {
        &mut self.io
    }

    /// Continues with `config`.
    pub fn into_stream(self, config: Arc<ServerConfig>) -> TlsHandshake<IO> {
        self.into_stream_with(config, |_| {})
    }

    /// Like [`into_stream`](Self::into_stream), but calls `f` with the connection before anything
    /// is sent.
    pub fn into_stream_with<F>(self, config: Arc<ServerConfig>, f: F) -> TlsHandshake<IO>
    where
        F: FnOnce(&mut Connection),
    {
        let Self { acceptor, io } = self;
        let connection: Result<Connection, ConnectionError> = acceptor.accept(config);
        TlsHandshake::new(connection, io, Role::Server, f)
    }

    /// Refuses the client with a fatal alert. The returned handshake sends the alert, and then
    /// fails and returns the transport.
    pub fn reject(self, alert: AlertDescription) -> FallibleTlsHandshake<IO> {
        let Self { acceptor, io } = self;
        let error = wantwrite::Error::Aborted(alert).into();
        FallibleTlsHandshake::failed(error, TlsStream::new(acceptor.reject(alert), io))
    }
}
