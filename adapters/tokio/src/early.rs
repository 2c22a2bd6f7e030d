//! A client's stream before its handshake is complete.

use alloc::sync::Arc;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};
use std::io::{self, IoSlice};

use tokio::io::{AsyncRead, AsyncWrite};
use wantwrite::Connection;
use wantwrite::driver::{self, Driver, Fault, Goal};

use crate::drive::drive;
use crate::tasks::{Side, Tasks};

/// What is left to do for a stream that was returned before its handshake: finish the handshake,
/// and resend what the server rejected.
#[derive(Debug)]
pub(crate) enum Early {
    Negotiating(Negotiating),
    /// The connection has the data.
    SendingAgain,
}

/// During the handshake, both tasks wait for both directions of the transport.
#[derive(Debug)]
pub(crate) struct Negotiating {
    tasks: Arc<driver::Tasks>,
    /// Wakes both tasks.
    waker: Waker,
}

type Settled = Poll<Result<(), Fault<io::Error>>>;

impl Early {
    pub(crate) fn new() -> Self {
        let tasks = Arc::new(driver::Tasks::default());
        let waker = Waker::from(Arc::clone(&tasks));
        Self::Negotiating(Negotiating { tasks, waker })
    }

    /// Accepts early data until the server has answered, and sends what the transport takes.
    /// Returns `None` after the answer, and when no more early data fits.
    pub(crate) fn write<IO: AsyncRead + AsyncWrite>(
        &self,
        driver: &mut Driver<io::Error>,
        io: Pin<&mut IO>,
        bufs: &[IoSlice<'_>],
    ) -> Option<usize> {
        let Self::Negotiating(Negotiating { waker, .. }) = self else { return None };
        let accepted = driver.write_early(|early| {
            let mut accepted = 0;
            for buf in bufs {
                let n = early.write(buf);
                accepted += n;
                if n < buf.len() {
                    break;
                }
            }
            accepted
        })?;
        if accepted == 0 && bufs.iter().any(|buf| !buf.is_empty()) {
            return None;
        }
        let _offered = drive(driver, io, Goal::Offer, &mut Context::from_waker(waker), waker);
        Some(accepted)
    }

    /// Finishes the handshake. A task that writes then resends what the server rejected. A task
    /// that reads does not wait for that, and resends while it waits for plaintext.
    pub(crate) fn poll_settled<IO: AsyncRead + AsyncWrite>(
        &mut self,
        driver: &mut Driver<io::Error>,
        mut io: Pin<&mut IO>,
        tasks: &mut Tasks,
        side: Side,
        cx: &mut Context<'_>,
    ) -> Settled {
        if let Self::Negotiating(negotiating) = self {
            ready!(negotiating.poll(driver, io.as_mut(), side, cx))?;
            *self = Self::SendingAgain;
        }
        if side == Side::Reading {
            return Poll::Ready(Ok(()));
        }
        let writable = tasks.begin(side, cx.waker());
        let settled = loop {
            if driver.connection().rejected_early_data().is_empty() {
                break Poll::Ready(Ok(()));
            }
            let room = drive(driver, io.as_mut(), Goal::Write, cx, writable).result;
            if !matches!(room, Poll::Ready(Ok(()))) {
                break room;
            }
            if let Err(fault) = driver.resend_early_data() {
                break Poll::Ready(Err(fault));
            }
            let _offered = drive(driver, io.as_mut(), Goal::Offer, cx, writable);
        };
        tasks.end(side, settled.is_pending());
        settled
    }

    /// Whether the stream now works like any other.
    pub(crate) fn is_settled(&self, connection: &Connection) -> bool {
        matches!(self, Self::SendingAgain) && connection.rejected_early_data().is_empty()
    }
}

impl Negotiating {
    fn poll<IO: AsyncRead + AsyncWrite>(
        &self,
        driver: &mut Driver<io::Error>,
        io: Pin<&mut IO>,
        side: Side,
        cx: &Context<'_>,
    ) -> Settled {
        // Neither task may displace the other's waker in the transport, and both need its events.
        self.tasks.remember(side.into(), cx.waker());
        let readable = &mut Context::from_waker(&self.waker);
        drive(driver, io, Goal::Handshake, readable, &self.waker).result
    }
}

impl From<Side> for driver::Side {
    fn from(side: Side) -> Self {
        match side {
            Side::Reading => Self::Reading,
            Side::Writing => Self::Writing,
        }
    }
}
