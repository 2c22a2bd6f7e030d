//! A connection that never came to its own record layer.

use super::ConnectionError;
use crate::alert::AlertDescription;
use crate::buffer::OutboundBuffer;
use crate::error::{Error, WriteError};
use crate::reader::ReaderState;
use crate::writer::WriterState;

/// What is left of a handshake that failed or was closed: its last bytes, to be drained. None
/// are left where the peer's alert ended it.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) outbound: OutboundBuffer,
    /// `None` if it was closed.
    pub(super) fault: Option<ConnectionError>,
}

impl Ended {
    /// The fatal error: what reading fails with.
    pub(super) fn read_error(&self) -> ConnectionError {
        let closed = || Error::Aborted(AlertDescription::CLOSE_NOTIFY).into();
        self.fault.clone().unwrap_or_else(closed)
    }

    /// What writing fails with.
    pub(super) const fn write_error(&self) -> WriteError {
        match self.fault {
            None => WriteError::Closed,
            Some(_) => WriteError::Failed { accepted: 0 },
        }
    }

    /// What `flush` and `close` say: after a close there is nothing left to do.
    pub(super) const fn finished(&self) -> Result<(), WriteError> {
        match self.fault {
            None => Ok(()),
            Some(_) => Err(self.write_error()),
        }
    }

    pub(super) const fn state(&self) -> WriterState {
        match self.fault {
            Some(_) => WriterState::Failed,
            None if self.outbound.waiting() > 0 => WriterState::Closing,
            None => WriterState::Closed,
        }
    }

    pub(super) const fn reader_state(&self) -> ReaderState {
        match self.fault {
            Some(ConnectionError::Record(Error::Truncated)) => ReaderState::Truncated,
            _ => ReaderState::Failed,
        }
    }
}
