//! Our engine over a non-blocking socket.

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use wantwrite::{
    Conditions, Connection, ConnectionError, KeyUpdateRequest, Progress, ReaderState, Version,
    Wants, WriterState,
};

use crate::Error;
use crate::engine::{Engine, Peer, Session, Settings};
use crate::socket::Socket;

pub(crate) struct Ours(Connection);

impl Engine for Ours {
    fn accept(settings: &Settings) -> Result<Self, Error> {
        let connection = settings.connection.clone();
        Ok(Self(Connection::server_with(Arc::clone(&settings.tls), connection)?))
    }

    fn wants(&self) -> Wants {
        self.0.wants()
    }

    fn receive(&mut self, socket: &mut Socket) -> io::Result<()> {
        let Some(mut inbound) = self.0.inbound() else { return Ok(()) };
        match socket.read(&mut inbound)? {
            0 => self.0.end_of_input(),
            n => inbound.commit(n).map_err(io::Error::other)?,
        }
        Ok(())
    }

    fn process(&mut self) -> Result<(), Error> {
        match self.0.process() {
            // Only reading has ended: what was asked before is still answered.
            Err(ConnectionError::Record(wantwrite::Error::Truncated))
                if self.0.writer_state() != WriterState::Failed =>
            {
                Ok(())
            }
            result => Ok(result?),
        }
    }

    fn session(&self) -> Option<Session> {
        let version = self.0.protocol_version()?;
        Some(Session { version, resumed: self.0.is_resumed()? })
    }

    fn plaintext(&mut self) -> &[u8] {
        self.0.plaintext()
    }

    fn consume(&mut self, n: usize) {
        self.0.consume(n).expect("no more than there is");
    }

    fn peer(&self) -> Peer {
        match self.0.reader_state() {
            ReaderState::PeerClosed => Peer::Closed,
            ReaderState::Truncated => Peer::Truncated,
            _ => Peer::Open,
        }
    }

    fn room(&self) -> usize {
        self.0.writer().room()
    }

    fn write(&mut self, plaintext: &[u8]) -> Result<usize, Error> {
        Ok(self.0.writer_mut().write(plaintext)?)
    }

    fn write_with(
        &mut self,
        fill: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> Result<usize, Error> {
        let mut slot = self.0.writer_mut().slot()?;
        if slot.is_empty() {
            return Ok(0);
        }
        let n = fill(&mut slot)?;
        slot.commit(n)?;
        Ok(n)
    }

    fn drain(&mut self, socket: &mut Socket) -> io::Result<()> {
        let mut drain = self.0.writer_mut().drain();
        let mut chunks = [IoSlice::new(&[]); MAX_CHUNKS];
        let n = drain.chunks_vectored(&mut chunks);
        let sent = socket.write_vectored(&chunks[..n])?;
        drain.advance(sent)?;
        Ok(())
    }

    fn update_keys(&mut self) -> Result<(), Error> {
        if self.0.protocol_version() == Some(Version::Tls13) {
            self.0.writer_mut().update_keys(KeyUpdateRequest::Requested)?;
        }
        Ok(())
    }

    fn close(&mut self) {
        // It fails only where a failure has ended the connection before.
        let _failed = self.0.close();
    }

    fn observe(&mut self, now: Duration) {
        self.0.writer_mut().observe(Conditions::at(now));
    }

    fn progress(&self) -> Progress {
        self.0.writer().progress()
    }

    fn memory_held(&self) -> usize {
        self.0.memory_held()
    }
}

/// Chunks that one `writev` is given.
const MAX_CHUNKS: usize = 16;
