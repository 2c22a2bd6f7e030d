//! The event loop: a driver over one socket, and poll(2). `reach` is the loop itself.

use core::time::Duration;

use ring::digest::Digest;
use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Step};
use wantwrite::{CipherSuite, Connection, KeyUpdateRequest, Progress, Version};

use crate::Error;
use crate::args::Options;
use crate::lines::{Sink, Source};
use crate::sys::{Errno, Events, HEAP, Poll, Socket};

/// How long the peer may stay silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends everything, closes, and reads to the peer's `close_notify`.
pub(crate) struct Transfer {
    driver: Driver<Errno>,
    socket: Socket,
    source: Source,
    sink: Sink,
    /// Update the keys once this many bytes are accepted. `None` after the update.
    update_at: Option<u64>,
    agreed: Option<Agreed>,
    counts: Counts,
}

/// The result of the handshake.
#[derive(Clone, Copy)]
pub(crate) struct Agreed {
    pub(crate) suite: CipherSuite,
    pub(crate) resumed: bool,
    /// The heap in use after the handshake.
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
            driver: Driver::new(connection),
            socket,
            source: Source::new(options.bytes),
            sink: Sink::new(options.reply),
            update_at: Some(options.bytes / 2),
            agreed: None,
            counts: Counts::default(),
        }
    }

    /// # Errors
    /// Any failure before the end. The driver has offered the alert to the socket.
    pub(crate) fn run(mut self) -> Result<Transferred, Error> {
        self.wait_for(Goal::Handshake)?;
        self.note_handshake();
        while !self.source.is_empty() {
            // Reads first, since the peer may not read on until we do. Reading also drains pending
            // bytes.
            self.receive()?;
            if self.reach(Goal::Write)? {
                self.fill()?;
            } else {
                self.wait()?;
            }
        }
        self.wait_for_close()?;
        let connection = self.driver.connection();
        Ok(Transferred {
            agreed: self.agreed.ok_or("the peer has closed before the end of the handshake")?,
            progress: connection.writer().progress(),
            records_opened: connection.reader().records(),
            received: self.sink.received(),
            counts: self.counts,
            digest_sent: self.source.digest(),
            digest_received: self.sink.digest(),
        })
    }

    /// Closes, and reads up to the peer's `close_notify`. A socket that ends without it is an
    /// error.
    fn wait_for_close(&mut self) -> Result<(), Error> {
        loop {
            // Reads as well as writes, since the peer may not read on until we do.
            let has_ended = self.receive()?;
            if self.reach(Goal::Close)? && has_ended {
                return Ok(());
            }
            self.wait()?;
        }
    }

    fn wait_for(&mut self, goal: Goal) -> Result<(), Error> {
        while !self.reach(goal)? {
            self.wait()?;
        }
        Ok(())
    }

    /// Works towards `goal` as far as the socket allows now. Returns `false` if that did not reach
    /// it.
    fn reach(&mut self, goal: Goal) -> Result<bool, Error> {
        let Self { driver, socket, counts, .. } = self;
        loop {
            let result = match driver.next(goal).map_err(explain)? {
                Step::Done => return Ok(true),
                Step::Blocked => return Ok(false),
                Step::Flush => {
                    driver.flushed();
                    continue;
                }
                Step::Write(mut bytes) => {
                    let chunk = bytes.chunk();
                    let offered = chunk.len();
                    socket.send(chunk).map(|len| {
                        counts.sent(len, offered);
                        driver.wrote(len);
                    })
                }
                Step::Read(memory) => socket.receive(memory).map(|len| {
                    counts.receives += 1;
                    driver.read(len);
                }),
            };
            match result {
                Ok(()) => {}
                Err(Errno::WOULD_BLOCK) => driver.blocked(),
                // The driver repeats the same step.
                Err(Errno::INTERRUPTED) => {}
                Err(error) => driver.failed(FarEnd::Unknown, error),
            }
        }
    }

    /// Waits for the socket. poll(2) is level-triggered, so it is asked for exactly what the
    /// connection wants.
    fn wait(&mut self) -> Result<(), Error> {
        let wants = self.driver.connection().wants();
        let events = Events { readable: wants.input, writable: wants.drain };
        self.counts.waits += 1;
        match Poll::wait(&self.socket, events, PATIENCE) {
            Ok(Events { readable: false, writable: false }) => {
                Err("the peer was silent for too long".into())
            }
            Ok(_) | Err(Errno::INTERRUPTED) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Produces plaintext directly in the memory where it will be sealed, and updates the keys
    /// halfway.
    fn fill(&mut self) -> Result<(), Error> {
        let Self { driver, source, update_at, .. } = self;
        let has_key_updates = driver.connection().protocol_version() == Some(Version::Tls13);
        let written = driver.write_plaintext(|writer| {
            let mut written = 0;
            while writer.room() > 0 && !source.is_empty() {
                let mut slot = writer.slot()?;
                let len = source.fill(&mut slot);
                slot.commit(len)?;
                written += len;
                if update_at.take_if(|at| writer.progress().accepted >= *at).is_some()
                    && has_key_updates
                {
                    writer.update_keys(KeyUpdateRequest::Requested)?;
                }
            }
            Ok(written)
        });
        written.map(drop).map_err(explain)
    }

    /// Reads everything that the socket has, and returns whether the peer has closed.
    fn receive(&mut self) -> Result<bool, Error> {
        while self.reach(Goal::Read)? {
            let Self { driver, sink, .. } = self;
            let taken = driver.read_plaintext(|connection| {
                let len = connection.plaintext().len();
                sink.take(connection.plaintext());
                connection.consume_all();
                Ok(len)
            });
            if taken.map_err(explain)? == 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn note_handshake(&mut self) {
        let connection = self.driver.connection();
        if let Some(suite) = connection.cipher_suite() {
            let resumed = connection.is_resumed() == Some(true);
            self.agreed = Some(Agreed { suite, resumed, heap: HEAP.used() });
        }
    }
}

impl Counts {
    fn sent(&mut self, len: usize, offered: usize) {
        self.sends += 1;
        if len < offered {
            self.short_sends += 1;
        }
    }
}

fn explain(fault: Fault<Errno>) -> Error {
    match fault {
        Fault::Transport(error) => error.into(),
        Fault::WriteZero => "the socket accepts nothing more".into(),
        Fault::Overrun(error) | Fault::WriteOverrun(error) => error.into(),
        Fault::Connection(error) => error.into(),
        Fault::Write(error) => error.into(),
        Fault::Linger(error) => error.into(),
    }
}
