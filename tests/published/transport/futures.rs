//! The same transport for futures-io, with calls that poll once.

use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use wantwrite::*;
use wantwrite_futures_io::*;
use wantwrite_testing::*;

use crate::polled::{by_hand, poll, unless_pending};
use crate::wire::Wire;

pub struct Futures(pub Wire);

impl AsyncRead for Futures {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        poll(self.0.read(buf))
    }
}

impl AsyncWrite for Futures {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        poll(self.0.write(buf))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.shutdown.map_or(Ok(()), |kind| Err(ErrorKind::into(kind))))
    }
}

pub fn stream((ours, peer): (Connection, Peer)) -> FuturesStream<Futures> {
    FuturesStream::new(ours, Futures(Wire::new(peer)))
}

pub fn read(stream: &mut FuturesStream<Futures>) -> io::Result<usize> {
    let mut buf = [0; 64];
    unless_pending(by_hand(|cx| Pin::new(stream).poll_read(cx, &mut buf)))
}

pub fn write(stream: &mut FuturesStream<Futures>, buf: &[u8]) -> io::Result<usize> {
    unless_pending(by_hand(|cx| Pin::new(stream).poll_write(cx, buf)))
}

pub fn flush(stream: &mut FuturesStream<Futures>) -> io::Result<()> {
    unless_pending(by_hand(|cx| Pin::new(stream).poll_flush(cx)))
}

pub fn close(stream: &mut FuturesStream<Futures>) -> io::Result<()> {
    unless_pending(by_hand(|cx| Pin::new(stream).poll_close(cx)))
}
