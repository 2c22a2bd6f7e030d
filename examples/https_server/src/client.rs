//! One connection in the event loop: its socket, its engine, and what is done with its plaintext.

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
    /// away until it has ended too. By hand, because rustls has no `Goal::Linger`.
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

/// Rounds of a turn: each takes at most a record, and fills and drains the outbound buffer, so that
/// a client that is always ready does not keep others waiting.
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
        if self.phase == Phase::Serving && self.negotiated && !self.tls.wants_drain() {
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
        // Before draining, so that `close_notify` goes out with what is in front of it.
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

    /// Takes what the socket has, up to a record, and does with it what there is room for. While
    /// plaintext waits for room, nothing is taken: the client has to wait too.
    fn work(&mut self, site: &mut Site) -> Result<bool, Failure> {
        self.tls.reach(Goal::Read, &mut self.socket)?;
        if !self.negotiated {
            let Some(session) = self.tls.session() else { return Ok(false) };
            site.stats.negotiated(session);
            self.negotiated = true;
        }
        // What could not be sent, nobody waits for: this tells of it.
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

    /// Seals `close_notify` behind everything; from here on only the draining matters.
    fn close(&mut self) {
        self.tls.close();
        self.phase = Phase::Closing;
    }

    fn finish(&mut self, now: Instant) -> Result<Round, Failure> {
        let moved = self.socket.moved();
        // A connection that has failed says so behind its alert.
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
