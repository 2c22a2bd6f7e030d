//! One connection in the event loop: its socket, its engine, and the application on top.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::net::TcpStream;
use wantwrite::driver::Goal;

use crate::app::{App, Site};
use crate::args::Mode;
use crate::engine::{Engine, Failure, Peer};
use crate::socket::Socket;
use crate::stats::{ConnectionEnd, Totals};

pub(crate) struct Client<E> {
    socket: Socket,
    tls: E,
    app: App,
    phase: Phase,
    /// The first reason for the connection to end.
    end: Option<ConnectionEnd>,
    /// The totals that the statistics already include.
    counted: Totals,
    negotiated: bool,
    /// The amount of plaintext written at which our next KeyUpdate is due.
    next_update: u64,
    /// When the socket last moved any bytes.
    moved_at: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Nothing more is written or read. Pending bytes are drained, with `close_notify` at the end.
    Closing,
    /// Our half of the socket is closed. Dropping a socket with unread input resets it, and the
    /// peer would lose whatever it has not read yet. So the client's bytes are read and discarded
    /// until it has closed too. This is done by hand, because rustls has no `Goal::Linger`.
    Lingering {
        until: Instant,
        /// How many more bytes may be discarded.
        allowance: usize,
    },
}

/// What the event loop does with a client after its turn.
pub(crate) enum AfterTurn {
    /// Give it another turn, after the others had theirs.
    Again,
    /// Wait for an event of the socket.
    Wait,
    /// Drop it.
    Over(ConnectionEnd),
}

/// The result of one round.
enum Round {
    Moved,
    Stuck,
    Over,
}

/// The rounds per turn. Each takes at most one record, and fills and drains the outbound buffer, so
/// that a client that is always ready does not keep others waiting.
const ROUNDS: usize = 4;

/// How long a client has to close after us.
const LINGER: Duration = Duration::from_secs(2);

/// How much a client may send in that time.
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

    /// Works for one turn.
    pub(crate) fn turn(&mut self, site: &mut Site, start: Instant, now: Instant) -> AfterTurn {
        self.tls.observe(now - start);
        let turn = self.take_rounds(site, now);
        self.count(site);
        turn
    }

    /// Returns when to end the connection if nothing moves until then, or `None` for never.
    pub(crate) fn deadline(&self, idle_timeout: Duration) -> Option<Instant> {
        match self.phase {
            Phase::Serving if self.app.is_patient() => None,
            Phase::Serving | Phase::Closing => Some(self.moved_at + idle_timeout),
            Phase::Lingering { until, .. } => Some(until),
        }
    }

    /// Handles a deadline that has passed: closes the connection if the client can still be told,
    /// which takes one more turn.
    ///
    /// # Errors
    /// The reason why the connection ended. The client must be dropped.
    pub(crate) fn expire(&mut self) -> Result<(), ConnectionEnd> {
        if let Phase::Lingering { .. } = self.phase {
            return Err(self.end.unwrap_or(ConnectionEnd::Clean));
        }
        let end = *self.end.get_or_insert(ConnectionEnd::TimedOut);
        if self.phase == Phase::Serving && self.negotiated && !self.tls.wants_drain() {
            self.close();
            return Ok(());
        }
        Err(end)
    }

    /// Ends the connection once work in progress is finished.
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

    fn round(&mut self, site: &mut Site, now: Instant) -> Result<Round, Failure> {
        match self.phase {
            Phase::Serving => self.serve(site),
            Phase::Closing => self.finish(now),
            Phase::Lingering { until, allowance } => self.linger(until, allowance),
        }
    }

    fn serve(&mut self, site: &mut Site) -> Result<Round, Failure> {
        let moved = self.socket.moved();
        let worked = match self.work(site) {
            Err(Failure::Tls) => {
                self.end = Some(if self.negotiated {
                    ConnectionEnd::Failed
                } else {
                    ConnectionEnd::FailedHandshake
                });
                self.close();
                true
            }
            worked => worked?,
        };
        // Before draining, so that `close_notify` leaves together with the bytes before it.
        if self.phase == Phase::Serving && self.app.is_done() {
            if self.tls.peer() == Peer::Truncated {
                self.end = Some(ConnectionEnd::Truncated);
            }
            self.close();
        }
        if self.phase != Phase::Serving {
            return Ok(Round::Moved);
        }
        self.tls.reach(Goal::Offer, &mut self.socket)?;
        Ok(if worked || self.socket.moved() != moved { Round::Moved } else { Round::Stuck })
    }

    /// Reads what the socket has, up to a record, and processes as much as there is room to answer.
    /// While plaintext waits for room, nothing is read, so the client has to wait too.
    fn work(&mut self, site: &mut Site) -> Result<bool, Failure> {
        self.tls.reach(Goal::Read, &mut self.socket)?;
        if !self.negotiated {
            let Some(session) = self.tls.session() else { return Ok(false) };
            site.stats.negotiated(session);
            self.negotiated = true;
        }
        // Drains pending bytes. Nothing else waits for that, so a failure is reported here.
        self.tls.reach(Goal::Write, &mut self.socket)?;
        let mut worked = false;
        while self.app.step(&mut self.tls, site).map_err(|_| Failure::Tls)? {
            worked = true;
            if let Some(every) = site.update_keys_every {
                if self.tls.progress().accepted >= self.next_update {
                    self.next_update = self.tls.progress().accepted + every;
                    self.tls.update_keys().map_err(|_| Failure::Tls)?;
                }
            }
        }
        Ok(worked)
    }

    /// Seals `close_notify` after everything else. From here on, the connection only drains.
    fn close(&mut self) {
        self.tls.close();
        self.phase = Phase::Closing;
    }

    fn finish(&mut self, now: Instant) -> Result<Round, Failure> {
        let moved = self.socket.moved();
        // A failed connection reports its failure after draining its alert.
        match self.tls.reach(Goal::Flush, &mut self.socket) {
            Err(Failure::Socket) => return Err(Failure::Socket),
            Ok(_) | Err(Failure::Tls) => {}
        }
        if self.tls.wants_drain() {
            return Ok(if self.socket.moved() == moved { Round::Stuck } else { Round::Moved });
        }
        self.socket.shutdown_writing().map_err(|_| Failure::Socket)?;
        self.phase = Phase::Lingering { until: now + LINGER, allowance: MAX_DISCARDED };
        Ok(Round::Moved)
    }

    fn linger(&mut self, until: Instant, allowance: usize) -> Result<Round, Failure> {
        let mut unread = [0; 4 * 1024];
        match self.socket.read(&mut unread) {
            Ok(0) => Ok(Round::Over),
            Ok(n) if n >= allowance => Ok(Round::Over),
            Ok(n) => {
                self.phase = Phase::Lingering { until, allowance: allowance - n };
                Ok(Round::Moved)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(Round::Stuck),
            Err(_) => Err(Failure::Socket),
        }
    }

    /// Returns how a connection with a failed socket ended. A client that has closed, or has
    /// received everything, is free to drop its socket before it reads our `close_notify`.
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

    /// Removes the client's memory from the statistics, since the client is being dropped.
    pub(crate) fn discount(&mut self, site: &mut Site) {
        let now = Totals { memory: 0, ..self.counted };
        site.stats.moved(&self.counted, &now);
    }
}
