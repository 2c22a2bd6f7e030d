//! The same transport for tokio, with calls that poll once.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wantwrite::*;
use wantwrite_tokio::*;

use crate::TLS13;
use crate::wire::{Wire, finish};
use wantwrite_testing::*;

pub struct Async(pub Wire);

pub fn poll<T>(result: io::Result<T>) -> Poll<io::Result<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        result => Poll::Ready(result),
    }
}

impl AsyncRead for Async {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n = std::task::ready!(poll(self.0.read(buf.initialize_unfilled())))?;
        buf.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Async {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        poll(self.0.write(buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll(self.0.write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.0.gathers
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown.map_or(Ok(()), |kind| Err(kind.into())))
    }
}

/// A client's handshake with `peer`, for a test to poll by hand.
pub fn handshake(config: rustls::ClientConfig, peer: Peer) -> TlsHandshake<Async> {
    TlsConnector::from(std::sync::Arc::new(config)).connect(server_name(), Async(Wire::new(peer)))
}

pub fn stream() -> TlsStream<Async> {
    let identity = Identity::for_suite(TLS13);
    let peer = Peer::server(server_config(TLS13, &identity));
    let mut handshake = handshake(client_config(TLS13, &identity), peer);
    finish(|| unless_pending(by_hand(|cx| Pin::new(&mut handshake).poll(cx)))).unwrap()
}

pub fn by_hand<T>(poll: impl FnOnce(&mut Context<'_>) -> T) -> T {
    poll(&mut Context::from_waker(Waker::noop()))
}

pub fn unless_pending<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

pub fn read(stream: &mut TlsStream<Async>) -> io::Result<usize> {
    let mut memory = [0; 64];
    let mut buf = ReadBuf::new(&mut memory);
    unless_pending(by_hand(|cx| Pin::new(stream).poll_read(cx, &mut buf)))?;
    Ok(buf.filled().len())
}

pub fn write(stream: &mut TlsStream<Async>, buf: &[u8]) -> io::Result<usize> {
    unless_pending(by_hand(|cx| Pin::new(stream).poll_write(cx, buf)))
}

pub fn flush(stream: &mut TlsStream<Async>) -> io::Result<()> {
    unless_pending(by_hand(|cx| Pin::new(stream).poll_flush(cx)))
}

pub fn shutdown(stream: &mut TlsStream<Async>) -> io::Result<()> {
    unless_pending(by_hand(|cx| Pin::new(stream).poll_shutdown(cx)))
}
