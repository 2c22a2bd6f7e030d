//! rustls's buffered connection in the same event loop, for comparison.

use std::cell::RefCell;
use std::io::{self, BufRead, ErrorKind, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::{HandshakeKind, ProtocolVersion, ServerConnection};
use wantwrite::driver::Goal;
use wantwrite::{Progress, Version};

use crate::Error;
use crate::engine::{Engine, Failure, Peer, Session, Settings};
use crate::socket::Socket;

pub(crate) struct Stock {
    tls: ServerConnection,
    /// Received data has not been processed yet.
    unprocessed: bool,
    eof: bool,
    closed: bool,
    /// The number of pending bytes, which rustls does not report: the bytes written, minus the
    /// bytes drained since it was last empty.
    waiting: usize,
    capacity: usize,
    scratch: Rc<RefCell<Vec<u8>>>,
    progress: Progress,
}

impl Engine for Stock {
    fn accept(settings: &Settings) -> Result<Self, Error> {
        let mut tls = ServerConnection::new(Arc::clone(&settings.tls))?;
        // We enforce the limit ourselves, so that `write` can accept everything that `room`
        // promised.
        tls.set_buffer_limit(None);
        Ok(Self {
            tls,
            unprocessed: false,
            eof: false,
            closed: false,
            waiting: 0,
            capacity: settings.connection.writer.capacity,
            scratch: Rc::clone(&settings.scratch),
            progress: Progress::default(),
        })
    }

    fn reach(&mut self, goal: Goal, socket: &mut Socket) -> Result<bool, Failure> {
        self.process()?;
        while self.tls.wants_write() {
            if !unless_blocked(self.drain(socket))? {
                break;
            }
        }
        if goal != Goal::Read {
            return Ok(!self.tls.wants_write());
        }
        while self.plaintext().is_empty() && self.peer() == Peer::Open {
            if !self.tls.wants_read() || !unless_blocked(self.receive(socket))? {
                return Ok(false);
            }
            self.process()?;
        }
        Ok(true)
    }

    fn wants_drain(&self) -> bool {
        self.tls.wants_write()
    }

    fn session(&self) -> Option<Session> {
        if self.tls.is_handshaking() {
            return None;
        }
        let version = match self.tls.protocol_version()? {
            ProtocolVersion::TLSv1_2 => Version::Tls12,
            _ => Version::Tls13,
        };
        let resumed = self.tls.handshake_kind() == Some(HandshakeKind::Resumed);
        Some(Session { version, resumed })
    }

    fn plaintext(&mut self) -> &[u8] {
        // The only errors mean that there is no plaintext, or that the transport has ended.
        self.tls.reader().into_first_chunk().unwrap_or(&[])
    }

    fn consume(&mut self, n: usize) {
        self.tls.reader().consume(n);
    }

    fn peer(&self) -> Peer {
        match (self.closed, self.eof) {
            (true, _) => Peer::Closed,
            (false, true) => Peer::Truncated,
            (false, false) => Peer::Open,
        }
    }

    fn room(&self) -> usize {
        if self.tls.is_handshaking() { 0 } else { self.capacity.saturating_sub(self.waiting) }
    }

    fn write(&mut self, plaintext: &[u8]) -> Result<usize, Error> {
        let len = plaintext.len().min(self.room());
        let n = self.tls.writer().write(&plaintext[..len])?;
        self.waiting += n;
        self.progress.accepted += u64::try_from(n)?;
        Ok(n)
    }

    fn write_with(
        &mut self,
        fill: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> Result<usize, Error> {
        let len = self.room().min(SCRATCH_LEN);
        if len == 0 {
            return Ok(0);
        }
        let scratch = Rc::clone(&self.scratch);
        let mut scratch = scratch.borrow_mut();
        scratch.resize(SCRATCH_LEN, 0);
        let n = fill(&mut scratch[..len])?;
        self.write(&scratch[..n])
    }

    fn update_keys(&mut self) -> Result<(), Error> {
        if self.tls.protocol_version() == Some(ProtocolVersion::TLSv1_3) {
            self.tls.refresh_traffic_keys()?;
            self.progress.key_updates += 1;
        }
        Ok(())
    }

    fn close(&mut self) {
        self.tls.send_close_notify();
    }

    fn observe(&mut self, _now: Duration) {}

    fn progress(&self) -> Progress {
        self.progress
    }

    fn memory_held(&self) -> usize {
        // rustls does not report this.
        0
    }
}

impl Stock {
    fn receive(&mut self, socket: &mut Socket) -> io::Result<()> {
        self.eof = self.tls.read_tls(socket)? == 0;
        self.unprocessed = true;
        Ok(())
    }

    fn process(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.unprocessed) {
            let state = self.tls.process_new_packets().map_err(|_| Failure::Tls)?;
            self.closed = state.peer_has_closed();
            if self.eof && self.tls.is_handshaking() {
                return Err(Failure::Tls);
            }
        }
        Ok(())
    }

    fn drain(&mut self, socket: &mut Socket) -> io::Result<()> {
        let sent = self.tls.write_tls(socket)?;
        self.waiting = if self.tls.wants_write() { self.waiting.saturating_sub(sent) } else { 0 };
        self.progress.drained += u64::try_from(sent).unwrap_or(u64::MAX);
        Ok(())
    }
}

/// Returns whether the socket call completed without blocking.
fn unless_blocked(result: io::Result<()>) -> Result<bool, Failure> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(_) => Err(Failure::Socket),
    }
}

/// The content of one record.
const SCRATCH_LEN: usize = 16 * 1024;
