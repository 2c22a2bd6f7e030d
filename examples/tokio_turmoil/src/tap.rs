//! Records what each endpoint sent, and when.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// Everything that the endpoints of one run sent, in order. Clones share the same trace.
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Mutex<Vec<Event>>>);

/// An event of a trace: bytes that were sent, or anything else of interest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An endpoint sent bytes.
    Sent {
        /// The endpoint.
        end: &'static str,
        /// The time since its host started, on the host's clock.
        at: Duration,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// An attempt failed, for this reason.
    Failed(String),
}

impl Trace {
    pub(crate) fn note(&self, event: Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// Returns all events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the number of failed attempts.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.events().iter().filter(|event| matches!(event, Event::Failed(_))).count()
    }

    /// Returns the number of bytes sent.
    #[must_use]
    pub fn sent(&self) -> usize {
        let len = |event: &Event| match event {
            Event::Sent { bytes, .. } => bytes.len(),
            Event::Failed(_) => 0,
        };
        self.events().iter().map(len).sum()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (events, sent, failures) = (self.events().len(), self.sent(), self.failures());
        write!(f, "{events} events, {sent} bytes on the wire, {failures} failures")
    }
}

/// A transport that records in a trace what it accepts.
#[derive(Debug)]
pub(crate) struct Tap<T> {
    transport: T,
    end: &'static str,
    began: Instant,
    trace: Trace,
}

impl<T> Tap<T> {
    pub(crate) fn new(transport: T, end: &'static str, began: Instant, trace: Trace) -> Self {
        Self { transport, end, began, trace }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Tap<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Tap<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let n = ready!(Pin::new(&mut self.transport).poll_write(cx, buf))?;
        let bytes = buf[..n].to_vec();
        self.trace.note(Event::Sent { end: self.end, at: self.began.elapsed(), bytes });
        Poll::Ready(Ok(n))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}
