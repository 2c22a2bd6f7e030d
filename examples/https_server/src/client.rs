//! One connection in the event loop: its socket, its engine, and what is done with its plaintext.

use std::io::{self, ErrorKind, Read};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;

use crate::Error;
use crate::app::{App, Site};
use crate::args::Mode;
use crate::engine::{Engine, Peer};
use crate::socket::Socket;
use crate::stats::{ConnectionEnd, Totals};

pub(crate) struct Client<E> {
    socket: Socket,
    tls: E,
    app: App,
    phase: Phase,
    /// The first reason why it ends.
    end: Option<ConnectionEnd>,
    /// What the statistics know of already.
    counted: Totals,
    negotiated: bool,
    /// Plaintext at which our next KeyUpdate is due.
    next_update: u64,
    /// When something went through the socket last.
    moved_at: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Nothing more is written or read; what waits is drained, `close_notify` at its end.
    Closing,
    /// Our half of the socket is closed. A socket that is dropped while bytes of the peer are
    /// unread is reset, which would take from the peer what it has not read: so these are thrown
    /// away until it has ended too.
    Lingering {
        until: Instant,
        /// Bytes that may still be thrown away.
        allowance: usize,
    },
}

/// What comes after a turn.
pub(crate) enum AfterTurn {
    /// Another one, after the others had theirs.
    Again,
    /// An event of the socket.
    Wait,
    /// Nothing: it is to be dropped.
    Over(ConnectionEnd),
}

/// What one round has come to.
enum Round {
    Moved,
    Stuck,
    Over,
}

/// Rounds of a turn: each moves at most an inbound and an outbound buffer, so that a client that
/// is always ready does not keep others waiting.
const ROUNDS: usize = 4;

/// How long a client may take to end after us.
const LINGER: Duration = Duration::from_secs(2);

/// How much it may send in that time.
const MAX_DISCARDED: usize = 64 << 20;

impl<E: Engine> Client<E> {
    pub(crate) fn new(stream: TcpStream, tls: E, mode: Mode, site: &Site, now: Instant) -> Self {
        Self {
            socket: Socket::new(stream),
            tls,
            app: App::new(mode),
            phase: Phase::Serving,
            end: None,
            counted: Totals::default(),
            negotiated: false,
            next_update: site.update_keys_every.unwrap_or(u64::MAX),
            moved_at: now,
        }
    }

    pub(crate) fn note(&mut self, event: &Event) {
        self.socket.note(event);
    }

    /// Goes on for a while.
    pub(crate) fn turn(&mut self, site: &mut Site, start: Instant, now: Instant) -> AfterTurn {
        self.tls.observe(now - start);
        let turn = self.take_rounds(site, now);
        self.count(site);
        turn
    }

    /// When it is to be ended if nothing moves until then; `None` for never.
    pub(crate) fn deadline(&self, idle_timeout: Duration) -> Option<Instant> {
        match self.phase {
            Phase::Serving if self.app.is_patient() => None,
            Phase::Serving | Phase::Closing => Some(self.moved_at + idle_timeout),
            Phase::Lingering { until, .. } => Some(until),
        }
    }

    /// The deadline is past: closes it if that can be told to the client, for one more turn.
    ///
    /// # Errors
    /// How it has ended: it is to be dropped.
    pub(crate) fn expire(&mut self) -> Result<(), ConnectionEnd> {
        if let Phase::Lingering { .. } = self.phase {
            return Err(self.end.unwrap_or(ConnectionEnd::Clean));
        }
        let end = *self.end.get_or_insert(ConnectionEnd::TimedOut);
        if self.phase == Phase::Serving && self.negotiated && !self.tls.wants().drain {
            self.close();
            return Ok(());
        }
        Err(end)
    }

    /// Ends after what is under way.
    pub(crate) fn stop(&mut self) {
        self.app.stop();
        if !self.negotiated {
            self.close();
        }
    }

    fn take_rounds(&mut self, site: &mut Site, now: Instant) -> AfterTurn {
        for _ in 0..ROUNDS {
            match self.round(site, now) {
                Ok(Round::Moved) => self.moved_at = now,
                Ok(Round::Stuck) => return AfterTurn::Wait,
                Ok(Round::Over) => {
                    return AfterTurn::Over(self.end.unwrap_or(ConnectionEnd::Clean));
                }
                Err(_) => return AfterTurn::Over(self.end_of_socket()),
            }
        }
        AfterTurn::Again
    }

    fn round(&mut self, site: &mut Site, now: Instant) -> io::Result<Round> {
        match self.phase {
            Phase::Serving => self.serve(site),
            Phase::Closing => self.finish(now),
            Phase::Lingering { until, allowance } => self.linger(until, allowance),
        }
    }

    fn serve(&mut self, site: &mut Site) -> io::Result<Round> {
        let received = self.receive()?;
        let worked = match self.work(site) {
            Ok(worked) => worked,
            Err(_) => {
                self.end = Some(if self.negotiated {
                    ConnectionEnd::Failed
                } else {
                    ConnectionEnd::FailedHandshake
                });
                self.close();
                true
            }
        };
        // Before draining, so that `close_notify` goes out with what is in front of it.
        if self.phase == Phase::Serving && self.app.is_done() {
            if self.tls.peer() == Peer::Truncated {
                self.end = Some(ConnectionEnd::Truncated);
            }
            self.close();
        }
        let drained = self.drain()?;
        let moved = received || worked || drained || self.phase != Phase::Serving;
        Ok(if moved { Round::Moved } else { Round::Stuck })
    }

    /// Takes what the socket has, unless plaintext waits for its turn: the client has to wait too
    /// then.
    fn receive(&mut self) -> io::Result<bool> {
        if !self.socket.is_readable() || !self.tls.wants().input || !self.tls.plaintext().is_empty()
        {
            return Ok(false);
        }
        unless_blocked(self.tls.receive(&mut self.socket))
    }

    /// Whatever can be done without the socket. Bounded by the buffers: each step takes input or
    /// fills room.
    fn work(&mut self, site: &mut Site) -> Result<bool, Error> {
        let mut worked = false;
        loop {
            self.tls.process()?;
            if !self.negotiated {
                let Some(session) = self.tls.session() else { return Ok(worked) };
                site.stats.negotiated(session);
                self.negotiated = true;
            }
            if !self.app.step(&mut self.tls, site)? {
                return Ok(worked);
            }
            worked = true;
            if let Some(every) = site.update_keys_every {
                if self.tls.progress().accepted >= self.next_update {
                    self.next_update = self.tls.progress().accepted + every;
                    self.tls.update_keys()?;
                }
            }
        }
    }

    /// Gives the socket what waits, until it takes no more.
    fn drain(&mut self) -> io::Result<bool> {
        let mut drained = false;
        while self.socket.is_writable() && self.tls.wants().drain {
            drained |= unless_blocked(self.tls.drain(&mut self.socket))?;
        }
        Ok(drained)
    }

    /// Seals `close_notify` behind everything; from here on only the draining matters.
    fn close(&mut self) {
        self.tls.close();
        self.phase = Phase::Closing;
    }

    fn finish(&mut self, now: Instant) -> io::Result<Round> {
        let drained = self.drain()?;
        if self.tls.wants().drain {
            return Ok(if drained { Round::Moved } else { Round::Stuck });
        }
        self.socket.shutdown_writing()?;
        self.phase = Phase::Lingering { until: now + LINGER, allowance: MAX_DISCARDED };
        Ok(Round::Moved)
    }

    fn linger(&mut self, until: Instant, allowance: usize) -> io::Result<Round> {
        if !self.socket.is_readable() {
            return Ok(Round::Stuck);
        }
        let mut unread = [0; 4 * 1024];
        match self.socket.read(&mut unread) {
            Ok(0) => Ok(Round::Over),
            Ok(n) if n >= allowance => Ok(Round::Over),
            Ok(n) => {
                self.phase = Phase::Lingering { until, allowance: allowance - n };
                Ok(Round::Moved)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Round::Stuck),
            Err(error) => Err(error),
        }
    }

    /// How the connection ended whose socket has failed: a client that has closed, or has got
    /// everything, may drop its socket before it has read our `close_notify`.
    fn end_of_socket(&self) -> ConnectionEnd {
        let is_clean =
            matches!(self.phase, Phase::Lingering { .. }) || self.tls.peer() == Peer::Closed;
        self.end.unwrap_or(if is_clean { ConnectionEnd::Clean } else { ConnectionEnd::Reset })
    }

    fn count(&mut self, site: &mut Site) {
        let (received, sent) = self.socket.moved();
        let (progress, memory) = (self.tls.progress(), self.tls.memory_held());
        let now = Totals { received, sent, progress, memory };
        site.stats.moved(&self.counted, &now);
        self.counted = now;
    }

    /// It is dropped: its memory is free.
    pub(crate) fn discount(&mut self, site: &mut Site) {
        let now = Totals { memory: 0, ..self.counted };
        site.stats.moved(&self.counted, &now);
    }
}

fn unless_blocked(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
