//! Why a goal was not reached.

use super::lingering::LingerError;
use crate::connection::ConnectionError;
use crate::error::{Overrun, WriteError};

/// Why a [`Driver`](super::Driver) did not reach a goal. Match all of these: an adapter gives each a
/// meaning of its own, and should not compile if there is a new one.
#[derive(Debug)]
pub enum Fault<E> {
    /// The transport's own error.
    Transport(E),
    /// The transport took 0 bytes.
    WriteZero,
    /// The transport says that it read more than it was lent.
    Overrun(Overrun),
    /// The transport says that it took more than it was given.
    WriteOverrun(Overrun),
    /// The connection has failed, or was truncated. Sticky.
    Connection(ConnectionError),
    /// The connection does not take what was written.
    Write(WriteError),
    /// Our end is with the transport, but the peer's was not awaited.
    Linger(LingerError),
}

/// What an error of a transport says of its other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FarEnd {
    /// Nothing.
    Unknown,
    /// It takes nothing more. A read does not wait: it gives what had come before, or the end.
    Gone,
    /// The same, and a read that returned 0 would make it look like an orderly end.
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
