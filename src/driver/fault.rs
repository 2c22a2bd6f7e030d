//! Why a call of an adapter did not do what it was asked.

use core::fmt;

use super::lingering::LingerError;
use crate::connection::ConnectionError;
use crate::error::{SlotOverrun, WriteError};

/// Why a call did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Fault<E> {
    Transport(E),
    /// The transport took 0 bytes.
    WriteZero,
    /// The transport says that it read more than it was lent.
    Overrun(SlotOverrun),
    WriteOverrun(WriteOverrun),
    Connection(ConnectionError),
    Write(WriteError),
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
