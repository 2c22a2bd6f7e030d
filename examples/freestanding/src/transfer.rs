//! The event loop: one connection over one socket, and poll(2).

use core::time::Duration;

use ring::digest::Digest;
use wantwrite::{
    CipherSuite, Connection, KeyUpdateRequest, Progress, ReaderState, Version, WriterState,
};

use crate::Error;
use crate::args::Options;
use crate::lines::{Sink, Source};
use crate::sys::{Errno, Events, HEAP, Poll, Socket};

/// How long the peer may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends everything, closes, and reads to the peer's `close_notify`.
pub(crate) struct Transfer {
    connection: Connection,
    socket: Socket,
    source: Source,
    sink: Sink,
    /// Update the keys when this many bytes are accepted; `None` when that is done.
    update_at: Option<u64>,
    agreed: Option<Agreed>,
    counts: Counts,
}

/// What the handshake came to.
#[derive(Clone, Copy)]
pub(crate) struct Agreed {
    pub(crate) suite: CipherSuite,
    pub(crate) resumed: bool,
    /// Heap in use then.
    pub(crate) heap: usize,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) sends: u64,
    pub(crate) short_sends: u64,
    pub(crate) receives: u64,
    pub(crate) waits: u64,
}

/// What was sent, and what came back.
pub(crate) struct Transferred {
    pub(crate) agreed: Agreed,
    pub(crate) progress: Progress,
    pub(crate) records_opened: u64,
    pub(crate) received: u64,
    pub(crate) counts: Counts,
    pub(crate) digest_sent: Digest,
    pub(crate) digest_received: Digest,
}

impl Transferred {
    pub(crate) fn is_intact(&self) -> bool {
        self.received == self.progress.drained_plaintext
            && self.digest_received.as_ref() == self.digest_sent.as_ref()
    }
}

impl Transfer {
    pub(crate) fn new(connection: Connection, socket: Socket, options: &Options) -> Self {
        Self {
            connection,
            socket,
            source: Source::new(options.bytes),
            sink: Sink::new(options.reply),
            update_at: Some(options.bytes / 2),
            agreed: None,
            counts: Counts::default(),
        }
    }

    /// # Errors
    /// Whatever ended it before its end; the alert that tells the peer was offered to the socket.
    pub(crate) fn run(mut self) -> Result<Transferred, Error> {
        if let Err(error) = self.run_loop() {
            // Why it failed matters more than that the alert could not be sent.
            let _unsent = self.drain();
            return Err(error);
        }
        Ok(Transferred {
            agreed: self.agreed.ok_or("the peer has closed before the end of the handshake")?,
            progress: self.connection.writer().progress(),
            records_opened: self.connection.reader().records(),
            received: self.sink.received(),
            counts: self.counts,
            digest_sent: self.source.digest(),
            digest_received: self.sink.digest(),
        })
    }

    /// poll(2) is level-triggered: what the connection wants is what it is asked for. The drain
    /// goes first, so that a round begins with an empty buffer where the socket takes it.
    fn run_loop(&mut self) -> Result<(), Error> {
        while !self.is_done() {
            self.fill()?;
            let wants = self.connection.wants();
            let events = Events { readable: wants.input, writable: wants.drain };
            self.counts.waits += 1;
            let ready = match Poll::wait(&self.socket, events, PATIENCE) {
                Err(Errno::INTERRUPTED) => continue,
                ready => ready?,
            };
            if !ready.readable && !ready.writable {
                return Err("the peer was silent for too long".into());
            }
            if ready.writable {
                self.drain()?;
            }
            if ready.readable {
                self.receive()?;
            }
        }
        Ok(())
    }

    /// Makes plaintext in the memory in which it will be sealed, and closes behind the last.
    fn fill(&mut self) -> Result<(), Error> {
        while self.connection.writer().room() > 0 {
            if self.source.is_empty() {
                return Ok(self.connection.close()?);
            }
            let mut slot = self.connection.writer_mut().slot()?;
            let len = self.source.fill(&mut slot);
            slot.commit(len)?;
            self.update_keys_if_due()?;
        }
        Ok(())
    }

    fn update_keys_if_due(&mut self) -> Result<(), Error> {
        if self.update_at.is_some_and(|at| self.connection.writer().progress().accepted >= at) {
            self.update_at = None;
            if self.connection.protocol_version() == Some(Version::Tls13) {
                self.connection.writer_mut().update_keys(KeyUpdateRequest::Requested)?;
            }
        }
        Ok(())
    }

    /// Gives the socket sealed bytes until it takes no more.
    fn drain(&mut self) -> Result<(), Error> {
        while self.connection.wants().drain {
            let mut drain = self.connection.writer_mut().drain();
            let chunk = drain.chunk();
            let offered = chunk.len();
            match self.socket.send(chunk) {
                Ok(len) => {
                    drain.advance(len)?;
                    self.counts.sends += 1;
                    if len < offered {
                        self.counts.short_sends += 1;
                    }
                }
                Err(Errno::WOULD_BLOCK) => break,
                Err(Errno::INTERRUPTED) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Takes what the socket has, once.
    fn receive(&mut self) -> Result<(), Error> {
        let Some(mut inbound) = self.connection.inbound() else { return Ok(()) };
        match self.socket.receive(&mut inbound) {
            Ok(0) => self.connection.end_of_input(),
            Ok(len) => inbound.commit(len)?,
            Err(Errno::WOULD_BLOCK | Errno::INTERRUPTED) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        self.counts.receives += 1;
        while self.connection.wants().process {
            self.connection.process()?;
            self.sink.take(self.connection.plaintext());
            self.connection.consume_all();
        }
        self.note_handshake();
        Ok(())
    }

    fn note_handshake(&mut self) {
        if let (None, Some(suite)) = (self.agreed, self.connection.cipher_suite()) {
            let resumed = self.connection.is_resumed() == Some(true);
            self.agreed = Some(Agreed { suite, resumed, heap: HEAP.used() });
        }
    }

    fn is_done(&self) -> bool {
        self.connection.writer_state() == WriterState::Closed
            && self.connection.reader_state() == ReaderState::PeerClosed
    }
}
