//! An in-memory link that follows tokio's traits to the letter, and does nothing beyond them.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One direction of a link. It wakes only the task of the last call, and a call that is ready
/// forgets that task.
#[derive(Debug, Default)]
pub struct Pipe {
    pub bytes: VecDeque<u8>,
    pub capacity: usize,
    pub shut_down: bool,
    /// The error of the next write.
    pub fault: Option<io::ErrorKind>,
    /// The next write is pending, and its event comes before the call returns.
    pub wakes_at_once: bool,
    /// The kind of error that the shutdown returns.
    pub shutdown_fault: Option<io::ErrorKind>,
    /// How many of the next writes are pending, though there is room.
    pub refusals: usize,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    /// Takes bytes out, like the other end.
    pub fn take(&mut self, max: usize) -> Vec<u8> {
        let len = max.min(self.bytes.len());
        let bytes = self.bytes.drain(..len).collect();
        if len > 0 {
            self.wake_writer();
        }
        bytes
    }

    /// Wakes the task of the last write if that is still pending.
    pub fn wake_writer(&mut self) {
        wake(&mut self.writer);
    }

    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
        if !bytes.is_empty() {
            wake(&mut self.reader);
        }
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// One end of a link.
#[derive(Clone, Debug)]
pub struct LinkEnd {
    from: Arc<Mutex<Pipe>>,
    to: Arc<Mutex<Pipe>>,
}

/// Both ends of a link that holds at most `capacity` bytes each way.
pub fn link(capacity: usize) -> (LinkEnd, LinkEnd) {
    let pipe = || Arc::new(Mutex::new(Pipe { capacity, ..Pipe::default() }));
    let (a, b) = (pipe(), pipe());
    (LinkEnd { from: a.clone(), to: b.clone() }, LinkEnd { from: b, to: a })
}

impl LinkEnd {
    pub fn from(&self) -> MutexGuard<'_, Pipe> {
        self.from.lock().unwrap()
    }

    pub fn to(&self) -> MutexGuard<'_, Pipe> {
        self.to.lock().unwrap()
    }
}

impl AsyncRead for LinkEnd {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut pipe = self.from();
        pipe.reader = None;
        if pipe.bytes.is_empty() && !pipe.shut_down {
            pipe.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        buf.put_slice(&pipe.take(buf.remaining()));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LinkEnd {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut pipe = self.to();
        pipe.writer = None;
        assert!(!pipe.shut_down, "written to after its shutdown");
        if let Some(fault) = pipe.fault.take() {
            return Poll::Ready(Err(fault.into()));
        }
        if core::mem::take(&mut pipe.wakes_at_once) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let len = buf.len().min(pipe.capacity.saturating_sub(pipe.bytes.len()));
        if len == 0 || pipe.refusals > 0 {
            pipe.refusals = pipe.refusals.saturating_sub(1);
            pipe.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        pipe.put(&buf[..len]);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.to();
        pipe.shut_down = true;
        wake(&mut pipe.reader);
        Poll::Ready(pipe.shutdown_fault.take().map_or(Ok(()), |fault| Err(fault.into())))
    }
}

/// A task that only records whether it was woken.
#[derive(Default)]
pub struct Task(AtomicBool);

impl Task {
    pub fn new() -> (Arc<Self>, Waker) {
        let task = Arc::new(Self::default());
        (task.clone(), task.into())
    }

    /// Whether it has been woken since the last call.
    pub fn woken(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}
