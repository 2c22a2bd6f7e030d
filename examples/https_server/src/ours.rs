//! Our engine over a non-blocking socket. `reach` is the loop over the driver.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Step};
use wantwrite::{
    Conditions, Connection, ConnectionError, KeyUpdateRequest, Progress, ReaderState, Version,
    WriterState,
};

use crate::Error;
use crate::engine::{Engine, Failure, Peer, Session, Settings};
use crate::socket::Socket;

pub(crate) struct Ours(Driver<io::Error>);

impl Engine for Ours {
    fn accept(settings: &Settings) -> Result<Self, Error> {
        let connection = settings.connection.clone();
        let connection = Connection::server_with(Arc::clone(&settings.tls), connection)?;
        Ok(Self(Driver::new(connection)))
    }

    fn reach(&mut self, goal: Goal, socket: &mut Socket) -> Result<bool, Failure> {
        let Self(driver) = self;
        loop {
            let result = match driver.next(goal) {
                Err(fault) => return explain(&fault, driver.connection()),
                Ok(Step::Done) => return Ok(true),
                Ok(Step::Blocked) => return Ok(false),
                Ok(Step::Flush) => socket.flush().map(|()| driver.flushed()),
                Ok(Step::Write(mut bytes)) => {
                    let mut memory = [IoSlice::new(&[]); MAX_SLICES];
                    socket.write_vectored(bytes.io_slices(&mut memory)).map(|n| driver.wrote(n))
                }
                Ok(Step::Read(memory)) => socket.read(memory).map(|n| driver.read(n)),
            };
            match result {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => driver.blocked(),
                Err(error) => driver.failed(FarEnd::from(&error), error),
            }
        }
    }

    fn wants_drain(&self) -> bool {
        self.0.connection().writer().wants_drain()
    }

    fn session(&self) -> Option<Session> {
        let version = self.0.connection().protocol_version()?;
        Some(Session { version, resumed: self.0.connection().is_resumed()? })
    }

    fn plaintext(&mut self) -> &[u8] {
        self.0.connection().plaintext()
    }

    fn consume(&mut self, n: usize) {
        self.0.connection_mut().consume(n).expect("no more than is pending");
    }

    fn peer(&self) -> Peer {
        match self.0.connection().reader_state() {
            ReaderState::PeerClosed => Peer::Closed,
            ReaderState::Truncated => Peer::Truncated,
            _ => Peer::Open,
        }
    }

    fn room(&self) -> usize {
        self.0.connection().writer().room()
    }

    fn write(&mut self, plaintext: &[u8]) -> Result<usize, Error> {
        Ok(self.0.connection_mut().writer_mut().write(plaintext)?)
    }

    fn write_with(
        &mut self,
        fill: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> Result<usize, Error> {
        let mut slot = self.0.connection_mut().writer_mut().slot()?;
        if slot.is_empty() {
            return Ok(0);
        }
        let n = fill(&mut slot)?;
        slot.commit(n)?;
        Ok(n)
    }

    fn update_keys(&mut self) -> Result<(), Error> {
        if self.0.connection().protocol_version() == Some(Version::Tls13) {
            self.0.connection_mut().writer_mut().update_keys(KeyUpdateRequest::Requested)?;
        }
        Ok(())
    }

    fn close(&mut self) {
        // Fails only if the connection has already ended with a failure.
        let _failed = self.0.connection_mut().close();
    }

    fn observe(&mut self, now: Duration) {
        self.0.connection_mut().writer_mut().observe(Conditions::at(now));
    }

    fn progress(&self) -> Progress {
        self.0.connection().writer().progress()
    }

    fn memory_held(&self) -> usize {
        self.0.connection().memory_held()
    }
}

fn explain(fault: &Fault<io::Error>, connection: &Connection) -> Result<bool, Failure> {
    match fault {
        // Only reading has ended. Earlier requests are still answered.
        Fault::Connection(ConnectionError::Record(wantwrite::Error::Truncated))
            if connection.writer_state() != WriterState::Failed =>
        {
            Ok(true)
        }
        Fault::Connection(_) | Fault::Write(_) | Fault::Linger(_) => Err(Failure::Tls),
        Fault::Transport(_) | Fault::WriteZero | Fault::Overrun(_) | Fault::WriteOverrun(_) => {
            Err(Failure::Socket)
        }
    }
}

/// The most slices passed to one `writev`.
const MAX_SLICES: usize = 16;
