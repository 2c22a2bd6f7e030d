//! The loop that moves bytes between a driver and its transport.

use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::io::{self, IoSlice};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Outgoing, Step};

/// The outcome of a goal.
pub(crate) struct Driven<T = Fault<io::Error>> {
    pub(crate) result: Poll<Result<(), T>>,
    /// Whether the transport took bytes or flushed.
    pub(crate) wrote: bool,
}

/// Gets as far towards `goal` as the transport allows.
pub(crate) fn drive<IO: AsyncRead + AsyncWrite>(
    driver: &mut Driver<io::Error>,
    io: Pin<&mut IO>,
    goal: Goal,
    readable: &mut Context<'_>,
    writable: &Waker,
) -> Driven {
    drive_inline(driver, io, goal, readable, writable, |fault| fault)
}

/// [`drive`] for the calls of every round trip. `fail` turns a fault into the caller's error.
#[inline(always)]
pub(crate) fn drive_inline<IO: AsyncRead + AsyncWrite, T>(
    driver: &mut Driver<io::Error>,
    mut io: Pin<&mut IO>,
    goal: Goal,
    readable: &mut Context<'_>,
    writable: &Waker,
    fail: impl FnOnce(Fault<io::Error>) -> T,
) -> Driven<T> {
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
            Err(fault) => break Poll::Ready(Err(fail(fault))),
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
    let len = bytes.remaining();
    let chunk = bytes.chunk();
    if chunk.len() == len || !io.is_write_vectored() {
        return io.poll_write(cx, chunk);
    }
    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
    io.poll_write_vectored(cx, bytes.io_slices(&mut slices))
}

/// How many pieces of ciphertext one vectored write passes.
const MAX_SLICES: usize = 16;
