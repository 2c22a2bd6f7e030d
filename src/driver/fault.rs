//! Why a call of an adapter did not do what it was asked.

use super::lingering::LingerError;
use crate::connection::ConnectionError;
use crate::error::{Overrun, WriteError};

/// Why a call of a [`Driver`](super::Driver) did not do what it was asked. An adapter says what
/// each of these is in its own world, and must learn of a new one when it is compiled: match all.
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
