//! The two halves of a stream, and the code that they share with the whole stream.

use core::fmt;
use core::future::poll_fn;
use std::io::{self, IoSlice};

use compio_buf::{BufResult, IoBuf, IoBufMut, IoVectoredBuf};
use compio_io::util::Splittable;
use compio_io::{AsyncRead, AsyncWrite};
use wantwrite::driver::Goal;

use crate::plaintext::read_into;
use crate::stream::Shared;
use crate::tasks::Side;

/// The half of a [`TlsStream`](crate::TlsStream) that reads.
///
/// While it waits, it also sends what the other half has left unsent, and answers to KeyUpdates.
pub struct TlsReadHalf<S: Splittable>(Shared<S::ReadHalf, S::WriteHalf>);

/// The half of a [`TlsStream`](crate::TlsStream) that writes.
pub struct TlsWriteHalf<S: Splittable>(Shared<S::ReadHalf, S::WriteHalf>);

impl<S: Splittable> TlsReadHalf<S> {
    pub(crate) const fn new(session: Shared<S::ReadHalf, S::WriteHalf>) -> Self {
        Self(session)
    }
}

impl<S: Splittable> TlsWriteHalf<S> {
    pub(crate) const fn new(session: Shared<S::ReadHalf, S::WriteHalf>) -> Self {
        Self(session)
    }
}

impl<S: Splittable> AsyncRead for TlsReadHalf<S>
where
    S::ReadHalf: AsyncRead + 'static,
    S::WriteHalf: AsyncWrite + 'static,
{
    async fn read<B: IoBufMut>(&mut self, buf: B) -> BufResult<usize, B> {
        read(&self.0, buf).await
    }
}

impl<S: Splittable> AsyncWrite for TlsWriteHalf<S>
where
    S::ReadHalf: AsyncRead + 'static,
    S::WriteHalf: AsyncWrite + 'static,
{
    async fn write<B: IoBuf>(&mut self, buf: B) -> BufResult<usize, B> {
        write(&self.0, buf).await
    }

    async fn write_vectored<B: IoVectoredBuf>(&mut self, bufs: B) -> BufResult<usize, B> {
        write_vectored(&self.0, bufs).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        reach(&self.0, Goal::Flush).await
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        shut_down(&self.0).await
    }
}

pub(crate) async fn read<R, W, B: IoBufMut>(
    session: &Shared<R, W>,
    mut buf: B,
) -> BufResult<usize, B>
where
    R: AsyncRead + 'static,
    W: AsyncWrite + 'static,
{
    if buf.buf_capacity() == 0 {
        return BufResult(Ok(0), buf);
    }
    let mut buf = Some(buf);
    let read = poll_fn(|cx| {
        session.borrow_mut().poll_reading(cx, |connection| read_into(connection, &mut buf))
    });
    let result = read.await;
    BufResult(result, buf.expect("it is missing only while it is being filled"))
}

pub(crate) async fn write<R, W, B: IoBuf>(session: &Shared<R, W>, buf: B) -> BufResult<usize, B>
where
    R: AsyncRead + 'static,
    W: AsyncWrite + 'static,
{
    let write =
        poll_fn(|cx| session.borrow_mut().poll_writing(cx, |writer| writer.write(buf.as_init())));
    BufResult(write.await, buf)
}

pub(crate) async fn write_vectored<R, W, B: IoVectoredBuf>(
    session: &Shared<R, W>,
    bufs: B,
) -> BufResult<usize, B>
where
    R: AsyncRead + 'static,
    W: AsyncWrite + 'static,
{
    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
    let len = fill(&mut slices, &bufs);
    let write = poll_fn(|cx| {
        session.borrow_mut().poll_writing(cx, |writer| writer.write_vectored(&slices[..len]))
    });
    let result = write.await;
    BufResult(result, bufs)
}

pub(crate) async fn reach<R, W>(session: &Shared<R, W>, goal: Goal) -> io::Result<()>
where
    R: AsyncRead + 'static,
    W: AsyncWrite + 'static,
{
    Ok(poll_fn(|cx| session.borrow_mut().poll_goal(Side::Writing, goal, cx)).await?)
}

pub(crate) async fn shut_down<R, W>(session: &Shared<R, W>) -> io::Result<()>
where
    R: AsyncRead + 'static,
    W: AsyncWrite + 'static,
{
    Ok(poll_fn(|cx| session.borrow_mut().poll_shut_down(cx)).await?)
}

/// Fills `slices` with the first non-empty buffers of `bufs`, and returns how many it filled.
fn fill<'b>(slices: &mut [IoSlice<'b>], bufs: &'b impl IoVectoredBuf) -> usize {
    let mut len = 0;
    for buf in bufs.iter_slice() {
        let Some(slice) = slices.get_mut(len) else { break };
        if !buf.is_empty() {
            *slice = IoSlice::new(buf);
            len += 1;
        }
    }
    len
}

/// How many of the caller's buffers one call takes from.
const MAX_SLICES: usize = 16;

impl<S: Splittable> fmt::Debug for TlsReadHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsReadHalf").finish_non_exhaustive()
    }
}

impl<S: Splittable> fmt::Debug for TlsWriteHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsWriteHalf").finish_non_exhaustive()
    }
}
