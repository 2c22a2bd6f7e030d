//! The event loop: one connection over one non-blocking socket.

use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use ring::digest::Digest;
use wantwrite::{
    BufferState, Connection, KeyUpdateRequest, Progress, ReaderState, Version, WriterState,
};

use crate::args::Options;
use crate::{Error, PATIENCE};
use loopback::plaintext::Plaintext;

/// Sends all of the plaintext, closes, and waits for the peer to close.
pub(crate) struct Transfer {
    connection: Connection,
    socket: TcpStream,
    poll: Poll,
    events: Events,
    /// The socket's readiness as far as we know: set by an event, cleared by `WouldBlock` only.
    readable: bool,
    writable: bool,
    plaintext: Plaintext,
    /// How much is accepted between two KeyUpdates, in bytes, and when the next one is due.
    update_every: u64,
    next_update: u64,
    counts: Counts,
    bar: ProgressBar,
}

/// What was sent, and how.
pub(crate) struct Sent {
    pub(crate) digest: Digest,
    pub(crate) progress: Progress,
    pub(crate) counts: Counts,
    pub(crate) elapsed: Duration,
}

/// What only the event loop sees.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Calls of `write` that accepted a part of what they were offered.
    pub(crate) partial_writes: u64,
    /// How often we stopped writing because the buffer was full.
    pub(crate) full: u64,
    /// Calls of the socket that took bytes.
    pub(crate) drains: u64,
    /// Those that took less than they were offered.
    pub(crate) short_drains: u64,
    pub(crate) waits: u64,
    /// Most sealed bytes that waited at a time.
    pub(crate) peak_waiting: usize,
    /// Most memory of the connection's buffers, both directions.
    pub(crate) peak_memory: usize,
}

impl Transfer {
    /// Takes over a non-blocking socket that is connected.
    pub(crate) fn new(
        connection: Connection,
        socket: net::TcpStream,
        options: &Options,
    ) -> Result<Self, Error> {
        let mut socket = TcpStream::from_std(socket);
        let poll = Poll::new()?;
        // Registered once, for both: mio tells of edges, which we keep as `readable` and
        // `writable`, and `wants()` says which of them matters now. A level-triggered loop would
        // instead register for what `wants()` says, again whenever that changes.
        poll.registry().register(&mut socket, SOCKET, Interest::READABLE | Interest::WRITABLE)?;
        let update_every = (options.bytes / 4).max(1);
        Ok(Self {
            connection,
            socket,
            poll,
            events: Events::with_capacity(4),
            readable: false,
            writable: false,
            plaintext: Plaintext::new(options.seed, options.bytes, options.write_size),
            update_every,
            next_update: update_every,
            counts: Counts::default(),
            bar: progress_bar(options.bytes)?,
        })
    }

    /// Runs to the end.
    ///
    /// # Errors
    /// Whatever ended it before; the alert was offered to the socket.
    pub(crate) fn run(mut self) -> Result<Sent, Error> {
        let start = Instant::now();
        let result = self.run_loop();
        self.bar.finish_and_clear();
        if let Err(error) = result {
            // That the transfer failed matters more than that its alert could not be sent.
            let _unsent = self.drain();
            return Err(error);
        }
        Ok(Sent {
            digest: self.plaintext.digest(),
            progress: self.connection.writer().progress(),
            counts: self.counts,
            elapsed: start.elapsed(),
        })
    }

    fn run_loop(&mut self) -> Result<(), Error> {
        loop {
            self.fill()?;
            self.drain()?;
            self.receive()?;
            if self.is_done() {
                return Ok(());
            }
            if !self.can_go_on() {
                self.wait()?;
            }
        }
    }

    /// Gives the connection plaintext until it takes no more, or closes it behind the last.
    fn fill(&mut self) -> Result<(), Error> {
        if self.connection.writer_state() != WriterState::Open {
            return Ok(());
        }
        while self.connection.writer().room() > 0 {
            let offered = self.plaintext.offer();
            if offered.is_empty() {
                return Ok(self.connection.close()?);
            }
            let accepted = self.connection.writer_mut().write(offered)?;
            if accepted < offered.len() {
                self.counts.partial_writes += 1;
            }
            self.plaintext.accept(accepted);
            if self.connection.writer().buffer_state() == BufferState::Full {
                self.counts.full += 1;
            }
            self.update_keys_if_due()?;
        }
        Ok(())
    }

    /// Long before any limit asks for it, to show that it does not disturb the stream.
    fn update_keys_if_due(&mut self) -> Result<(), Error> {
        if self.connection.writer().progress().accepted >= self.next_update {
            self.next_update += self.update_every;
            if self.connection.protocol_version() == Some(Version::Tls13) {
                self.connection.writer_mut().update_keys(KeyUpdateRequest::Requested)?;
            }
        }
        Ok(())
    }

    /// Gives the socket sealed bytes until it takes no more.
    fn drain(&mut self) -> Result<(), Error> {
        while self.writable && self.connection.wants().drain {
            self.counts.peak_memory = self.counts.peak_memory.max(self.connection.memory_held());
            let mut drain = self.connection.writer_mut().drain();
            let waiting = drain.remaining();
            self.counts.peak_waiting = self.counts.peak_waiting.max(waiting);
            let mut chunks = [IoSlice::new(&[]); MAX_CHUNKS];
            let n = drain.chunks_vectored(&mut chunks);
            match self.socket.write_vectored(&chunks[..n]) {
                Ok(0) => return Err("the socket takes nothing".into()),
                Ok(len) => {
                    drain.advance(len)?;
                    self.counts.drains += 1;
                    if len < waiting {
                        self.counts.short_drains += 1;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.writable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.bar.set_position(self.connection.writer().progress().drained_plaintext);
        Ok(())
    }

    /// Takes what the socket has: the handshake, then tickets, KeyUpdates and `close_notify`.
    fn receive(&mut self) -> Result<(), Error> {
        while self.readable && self.connection.wants().input {
            self.read_socket()?;
            self.connection.process()?;
            if !self.connection.plaintext().is_empty() {
                return Err("the peer sent data, which it should only receive".into());
            }
        }
        Ok(())
    }

    fn read_socket(&mut self) -> Result<(), Error> {
        let Some(mut inbound) = self.connection.inbound() else { return Ok(()) };
        match self.socket.read(&mut inbound) {
            Ok(0) => self.connection.end_of_input(),
            Ok(len) => inbound.commit(len)?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.readable = false,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.connection.writer_state() == WriterState::Closed
            && self.connection.reader_state() == ReaderState::PeerClosed
    }

    /// Whether there is something to do without waiting. There is room only while there is
    /// plaintext for it: after the last we close.
    fn can_go_on(&self) -> bool {
        let wants = self.connection.wants();
        (wants.drain && self.writable)
            || (wants.input && self.readable)
            || self.connection.writer().room() > 0
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
            // An error is fetched by the call that it makes fail.
            self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
            self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
        }
        Ok(())
    }
}

/// On a terminal; elsewhere it draws nothing.
fn progress_bar(bytes: u64) -> Result<ProgressBar, Error> {
    let style = ProgressStyle::with_template(
        "{bar:40} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}",
    )?;
    Ok(ProgressBar::new(bytes).with_style(style))
}

const SOCKET: Token = Token(0);

/// Chunks that one `writev` is given.
const MAX_CHUNKS: usize = 16;
