//! A transport in memory. Every operation is pending once or more, and then done in part.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::Poll;

use compio::buf::{BufResult, IoBuf, IoBufMut, IoVectoredBuf};
use compio::io::{AsyncRead, AsyncWrite};
use wantwrite_testing::Rng;

/// Both directions, as their far end sees them.
pub struct Wire {
    pub to_us: VecDeque<u8>,
    pub from_us: Vec<u8>,
    /// Nothing more comes.
    pub is_over: bool,
    pub shut_down: bool,
    /// The next operation that writes fails.
    pub fails: bool,
    rng: Rng,
    max: usize,
}

pub type Shared = Rc<RefCell<Wire>>;

pub struct Reading(Shared);

pub struct Writing(Shared);

/// Both halves, and the wire between them and their far end. At most `max` bytes at a time.
pub fn link(seed: u64, max: usize) -> ((Reading, Writing), Shared) {
    let wire = Wire {
        to_us: VecDeque::new(),
        from_us: Vec::new(),
        is_over: false,
        shut_down: false,
        fails: false,
        rng: Rng(seed),
        max,
    };
    let wire = Rc::new(RefCell::new(wire));
    ((Reading(wire.clone()), Writing(wire.clone())), wire)
}

/// Pending a few times. Nobody sleeps here: whoever polls polls again.
async fn pause(wire: &Shared) {
    let mut times = 1 + wire.borrow_mut().rng.up_to(2);
    poll_fn(|_| {
        times = times.saturating_sub(1);
        if times == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl AsyncRead for Reading {
    async fn read<B: IoBufMut>(&mut self, mut buf: B) -> BufResult<usize, B> {
        let n = loop {
            pause(&self.0).await;
            let mut wire = self.0.borrow_mut();
            if !wire.to_us.is_empty() || wire.is_over {
                let max = wire.max;
                break wire.rng.up_to(max).max(1).min(wire.to_us.len()).min(buf.buf_capacity());
            }
            drop(wire);
            let mut once = false;
            poll_fn(|_| {
                if std::mem::replace(&mut once, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
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
        pause(&self.0).await;
        let mut wire = self.0.borrow_mut();
        if std::mem::take(&mut wire.fails) {
            return BufResult(Err(io::ErrorKind::TimedOut.into()), bufs);
        }
        let max = wire.max;
        let mut left = wire.rng.up_to(max).max(1);
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
        pause(&self.0).await;
        Ok(())
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        pause(&self.0).await;
        self.0.borrow_mut().shut_down = true;
        Ok(())
    }
}
