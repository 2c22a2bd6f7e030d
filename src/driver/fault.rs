//! Why a call of an adapter did not do what it was asked.

use core::fmt;

use super::lingering::LingerError;
use crate::connection::ConnectionError;
use crate::error::{SlotOverrun, WriteError};

/// Why a call of a [`Driver`](super::Driver) did not do what it was asked. An adapter says what each
/// of these is in its own world, and must learn of a new one when it is compiled: match all.
#[derive(Debug)]
pub enum Fault<E> {
    /// The transport's own error.
    Transport(E),
    /// The transport took 0 bytes.
    WriteZero,
    /// The transport says that it read more than it was lent.
    Overrun(SlotOverrun),
    /// The transport says that it took more than it was given.
    WriteOverrun(WriteOverrun),
    /// The connection has failed, or was truncated. Sticky.
    Connection(ConnectionError),
    /// The connection does not take what was written.
    Write(WriteError),
    /// Our end is with the transport, but the peer's was not awaited.
    Linger(LingerError),
}

/// The transport says that it took more bytes than it was given. Nobody knows what it took: the
/// stream cannot be continued over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteOverrun {
    /// Bytes that it says it took.
    pub claimed: usize,
    /// Bytes that it was given.
    pub offered: usize,
}

impl fmt::Display for WriteOverrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claimed, offered } = self;
        write!(f, "the transport was given {offered} bytes and says that it took {claimed}")
    }
}

impl core::error::Error for WriteOverrun {}
