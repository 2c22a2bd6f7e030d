//! The event loop: a driver over one non-blocking socket. `reach` is the loop over the driver.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use program::ProgressLine;
use ring::digest::Digest;
use wantwrite::driver::{Driver, FarEnd, Goal, Step};
use wantwrite::{BufferState, Connection, KeyUpdateRequest, Progress, Version};

use crate::args::Options;
use crate::{Error, PATIENCE};
use loopback::plaintext::Plaintext;

/// Sends all of the plaintext, closes, and waits for the peer to close.
pub(crate) struct Transfer {
    driver: Driver<io::Error>,
    socket: TcpStream,
    poll: Poll,
    events: Events,
    /// The socket's readiness as far as we know it: set by events, cleared only by `WouldBlock`.
    readable: bool,
    writable: bool,
    plaintext: Plaintext,
    /// The plaintext between two KeyUpdates, in bytes. `next_update` is when the next one is due.
    update_every: u64,
    next_update: u64,
    counts: Counts,
    line: ProgressLine,
}

/// What was sent, and how.
pub(crate) struct Sent {
    pub(crate) digest: Digest,
    pub(crate) progress: Progress,
    pub(crate) counts: Counts,
    pub(crate) elapsed: Duration,
}

/// Counts that only the event loop can make.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    /// The calls of `write` that accepted only a part of their input.
    pub(crate) partial_writes: u64,
    /// How often the buffer became full.
    pub(crate) full: u64,
    /// The socket calls that accepted bytes.
    pub(crate) drains: u64,
    /// The socket calls that accepted less than they were offered.
    pub(crate) short_drains: u64,
    pub(crate) waits: u64,
    /// The peak of pending sealed bytes.
    pub(crate) peak_waiting: usize,
    /// The peak memory of the connection's buffers, in both directions.
    pub(crate) peak_memory: usize,
}

impl Transfer {
    /// Takes over a connected, non-blocking socket.
    pub(crate) fn new(
        connection: Connection,
        socket: net::TcpStream,
        options: &Options,
    ) -> Result<Self, Error> {
        let mut socket = TcpStream::from_std(socket);
        let poll = Poll::new()?;
        // Registered once for both directions: mio reports edges, which we store as `readable` and
        // `writable`, and the driver asks for what it needs now. A level-triggered loop would
        // instead register for what `Connection::wants` returns, and do so again whenever that
        // changes.
        poll.registry().register(&mut socket, SOCKET, Interest::READABLE | Interest::WRITABLE)?;
        let update_every = (options.bytes / 4).max(1);
        Ok(Self {
            driver: Driver::new(connection),
            socket,
            poll,
            events: Events::with_capacity(4),
            readable: false,
            writable: false,
            plaintext: Plaintext::new(options.seed, options.bytes, options.write_size),
            update_every,
            next_update: update_every,
            counts: Counts::default(),
            line: ProgressLine::bytes(Some(options.bytes)),
        })
    }

    /// Runs the transfer to its end.
    ///
    /// # Errors
    /// Any failure before the end. The driver has offered the alert to the socket.
    pub(crate) fn run(mut self) -> Result<Sent, Error> {
        let start = Instant::now();
        self.send_all()?;
        Ok(Sent {
            digest: self.plaintext.digest(),
            progress: self.progress(),
            counts: self.counts,
            elapsed: start.elapsed(),
        })
    }

    fn send_all(&mut self) -> Result<(), Error> {
        while !self.plaintext.offer().is_empty() {
            // Drains pending bytes and reads what arrives: the handshake, tickets and KeyUpdates.
            if self.reach(Goal::Read)? {
                self.expect_no_plaintext()?;
            }
            if self.reach(Goal::Write)? {
                self.fill()?;
            } else {
                self.wait()?;
            }
        }
        self.wait_for(Goal::Close)?;
        // Waits for the peer's `close_notify`. A socket that ends without it is an error.
        self.wait_for(Goal::Read)?;
        self.expect_no_plaintext()
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
        loop {
            let result = match self.driver.next(goal).map_err(io::Error::from)? {
                Step::Done => return Ok(true),
                Step::Blocked => return Ok(false),
                Step::Flush => self.socket.flush().map(|()| self.driver.flushed()),
                Step::Write(mut bytes) => {
                    let mut memory = [IoSlice::new(&[]); MAX_SLICES];
                    let slices = bytes.io_slices(&mut memory);
                    let offered = slices.iter().map(|slice| slice.len()).sum();
                    when_ready(&mut self.writable, || self.socket.write_vectored(slices))
                        .map(|len| self.wrote(len, offered))
                }
                Step::Read(memory) => when_ready(&mut self.readable, || self.socket.read(memory))
                    .map(|len| self.driver.read(len)),
            };
            match result {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.driver.blocked(),
                // The driver repeats the same step.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => self.driver.failed(FarEnd::from(&error), error),
            }
        }
    }

    fn wrote(&mut self, len: usize, offered: usize) {
        let counts = &mut self.counts;
        counts.peak_memory = counts.peak_memory.max(self.driver.connection().memory_held());
        let waiting = self.driver.connection().writer().waiting();
        counts.peak_waiting = counts.peak_waiting.max(waiting);
        counts.drains += 1;
        if len < offered {
            counts.short_drains += 1;
        }
        self.driver.wrote(len);
        self.line.set(self.progress().drained_plaintext);
    }

    /// Writes plaintext until the connection accepts no more.
    fn fill(&mut self) -> Result<(), Error> {
        let Self { driver, plaintext, counts, update_every, next_update, .. } = self;
        let has_key_updates = driver.connection().protocol_version() == Some(Version::Tls13);
        let written = driver.write_plaintext(|writer| {
            let mut written = 0;
            loop {
                let offered = plaintext.offer();
                if offered.is_empty() || writer.room() == 0 {
                    return Ok(written);
                }
                let accepted = writer.write(offered)?;
                if accepted < offered.len() {
                    counts.partial_writes += 1;
                }
                plaintext.accept(accepted);
                written += accepted;
                if writer.buffer_state() == BufferState::Full {
                    counts.full += 1;
                }
                // Long before any limit requires it, to show that a KeyUpdate does not disturb the
                // stream.
                if writer.progress().accepted >= *next_update {
                    *next_update += *update_every;
                    if has_key_updates {
                        writer.update_keys(KeyUpdateRequest::Requested)?;
                    }
                }
            }
        });
        written.map(drop).map_err(|fault| io::Error::from(fault).into())
    }

    fn expect_no_plaintext(&self) -> Result<(), Error> {
        if self.driver.connection().plaintext().is_empty() {
            return Ok(());
        }
        Err("the peer sent data, which it should only receive".into())
    }

    fn progress(&self) -> Progress {
        self.driver.connection().writer().progress()
    }

    /// Waits for the socket.
    fn wait(&mut self) -> Result<(), Error> {
        self.counts.waits += 1;
        match self.poll.poll(&mut self.events, Some(PATIENCE)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        if self.events.is_empty() {
            return Err(format!("nothing happened for {} s", PATIENCE.as_secs()).into());
        }
        for event in &self.events {
            // The next call on the socket returns the error.
            self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
            self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
        }
        Ok(())
    }
}

/// Calls the socket, unless it has blocked and no event has arrived since.
fn when_ready<T>(ready: &mut bool, call: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    if !*ready {
        return Err(ErrorKind::WouldBlock.into());
    }
    let result = call();
    *ready = !matches!(&result, Err(error) if error.kind() == ErrorKind::WouldBlock);
    result
}

const SOCKET: Token = Token(0);

/// The most slices passed to one `writev`.
const MAX_SLICES: usize = 16;
