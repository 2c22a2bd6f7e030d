//! Why a goal was not reached.

use super::lingering::LingerError;
use crate::connection::ConnectionError;
use crate::error::{Overrun, WriteError};

/// Why a [`Driver`](super::Driver) did not reach a goal. Match all variants: an adapter gives each
/// one its own meaning, and should not compile if a new one is added.
#[derive(Debug)]
pub enum Fault<E> {
    /// The transport's own error.
    Transport(E),
    /// The transport took 0 bytes.
    WriteZero,
    /// The transport claims to have read more than it was lent.
    Overrun(Overrun),
    /// The transport claims to have taken more than it was given.
    WriteOverrun(Overrun),
    /// The connection has failed or was truncated. Sticky.
    Connection(ConnectionError),
    /// The connection did not accept what was written.
    Write(WriteError),
    /// Lingering stopped before the peer ended. If the handshake was complete, the transport has
    /// taken our `close_notify`; otherwise there is none.
    Linger(LingerError),
}

/// What a transport error says about the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FarEnd {
    /// Nothing.
    Unknown,
    /// The other end does not take any more bytes. A read does not block: it returns what arrived
    /// earlier, or the end.
    Gone,
    /// Like [`Gone`](Self::Gone), but a read that returned 0 would make it look like an orderly
    /// end.
    Reset,
}

/// A failure to write.
#[derive(Debug)]
pub(super) struct Failure<E> {
    fault: Fault<E>,
    far_end: FarEnd,
}

impl<E> Failure<E> {
    pub(super) const fn new(fault: Fault<E>, far_end: FarEnd) -> Self {
        Self { fault, far_end }
    }

    pub(super) const fn far_end(&self) -> FarEnd {
        self.far_end
    }

    pub(super) fn into_fault(self) -> Fault<E> {
        self.fault
    }
}
