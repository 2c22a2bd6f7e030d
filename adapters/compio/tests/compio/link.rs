//! An in-memory transport. Every operation is pending at least once, and then completes in part.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Poll;

use compio::buf::{BufResult, IoBuf, IoBufMut, IoVectoredBuf};
use compio::io::{AsyncRead, AsyncWrite};
use wantwrite_testing::Rng;

/// Both directions, as the far end sees them.
pub struct Wire {
    pub to_us: VecDeque<u8>,
    pub from_us: Vec<u8>,
    /// Nothing more arrives.
    pub is_over: bool,
    pub shut_down: bool,
    /// The next write operation fails.
    pub fails: bool,
    /// The next flush or shutdown is interrupted.
    pub interrupts: bool,
    /// Write operations wait, except the next one if it fails or `next_takes` is set.
    pub is_stalled: bool,
    /// How many bytes the next write operation takes at most.
    pub next_takes: Option<usize>,
    rng: Rng,
    max: usize,
}

pub type Shared = Rc<RefCell<Wire>>;

pub struct Reading(Shared);

pub struct Writing(Shared);

/// Both halves, and the wire that connects them to their far end. Moves at most `max` bytes at a
/// time.
pub fn link(seed: u64, max: usize) -> ((Reading, Writing), Shared) {
    let wire = Wire {
        to_us: VecDeque::new(),
        from_us: Vec::new(),
        is_over: false,
        shut_down: false,
        fails: false,
        interrupts: false,
        is_stalled: false,
        next_takes: None,
        rng: Rng(seed),
        max,
    };
    let wire = Rc::new(RefCell::new(wire));
    ((Reading(wire.clone()), Writing(wire.clone())), wire)
}

/// Completes at the poll with this number. It registers no waker, because the test polls again.
async fn pause(mut times: usize) {
    poll_fn(|_| {
        times = times.saturating_sub(1);
        if times == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Wire {
    /// Returns how many bytes can be read, or 0 at the end.
    fn readable(&mut self, capacity: usize) -> Option<usize> {
        if self.to_us.is_empty() && !self.is_over {
            return None;
        }
        let max = self.max;
        Some(self.rng.up_to(max).min(self.to_us.len()).min(capacity))
    }

    fn interrupt(&mut self) -> io::Result<()> {
        match std::mem::take(&mut self.interrupts) {
            true => Err(io::ErrorKind::Interrupted.into()),
            false => Ok(()),
        }
    }

    const fn is_writable(&self) -> bool {
        !self.is_stalled || self.fails || self.next_takes.is_some()
    }

    /// The poll at which the next operation completes. It is pending once or twice before.
    fn delay(&mut self) -> usize {
        self.rng.up_to(2) + 1
    }
}

impl AsyncRead for Reading {
    async fn read<B: IoBufMut>(&mut self, mut buf: B) -> BufResult<usize, B> {
        let n = loop {
            let delay = self.0.borrow_mut().delay();
            pause(delay).await;
            if let Some(n) = self.0.borrow_mut().readable(buf.buf_capacity()) {
                break n;
            }
        };
        let part: Vec<u8> = self.0.borrow_mut().to_us.drain(..n).collect();
        buf.as_mut_slice()[..n].copy_from_slice(&part);
        BufResult(Ok(n), buf)
    }
}

impl AsyncWrite for Writing {
    async fn write<B: IoBuf>(&mut self, buf: B) -> BufResult<usize, B> {
        let BufResult(result, (buf,)) = self.write_vectored((buf,)).await;
        BufResult(result, buf)
    }

    async fn write_vectored<B: IoVectoredBuf>(&mut self, bufs: B) -> BufResult<usize, B> {
        let delay = self.0.borrow_mut().delay();
        pause(delay).await;
        poll_fn(|_| if self.0.borrow().is_writable() { Poll::Ready(()) } else { Poll::Pending })
            .await;
        let mut wire = self.0.borrow_mut();
        if std::mem::take(&mut wire.fails) {
            return BufResult(Err(io::ErrorKind::TimedOut.into()), bufs);
        }
        let max = wire.max;
        let takes = wire.next_takes.take();
        let mut left = takes.unwrap_or_else(|| wire.rng.up_to(max));
        let mut n = 0;
        for buf in bufs.iter_slice() {
            let len = buf.len().min(left);
            wire.from_us.extend(&buf[..len]);
            left -= len;
            n += len;
        }
        drop(wire);
        BufResult(Ok(n), bufs)
    }

    async fn flush(&mut self) -> io::Result<()> {
        let delay = self.0.borrow_mut().delay();
        pause(delay).await;
        self.0.borrow_mut().interrupt()
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        let delay = self.0.borrow_mut().delay();
        pause(delay).await;
        self.0.borrow_mut().interrupt()?;
        self.0.borrow_mut().shut_down = true;
        Ok(())
    }
}
