//! The event loop.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use program::{At, note};
use rustls::ServerConfig;

use crate::Error;
use crate::app::Site;
use crate::args::{Mode, Options};
use crate::client::{AfterTurn, Client};
use crate::engine::{Engine, Settings};
use crate::stats::{ConnectionEnd, Stats};

pub(crate) struct Server<E> {
    poll: Poll,
    /// `None` once the server is stopping.
    listener: Option<TcpListener>,
    /// Whether clients may be waiting to be accepted.
    acceptable: bool,
    /// When to accept again after an error such as too many open files.
    accept_after: Option<Instant>,
    clients: HashMap<Token, Box<Entry<E>>>,
    /// Never reused, so that a late event cannot reach another client.
    next_token: usize,
    /// The clients that are ready for a turn.
    ready: VecDeque<Token>,
    deadlines: BTreeSet<(Instant, Token)>,
    settings: Settings,
    site: Site,
    mode: Mode,
    max_connections: usize,
    idle_timeout: Duration,
    start: Instant,
    /// When to give up waiting for clients after a stop.
    stop_at: Option<Instant>,
}

struct Entry<E> {
    client: Client<E>,
    /// Whether the client is in `ready`.
    is_ready: bool,
    /// The client's entry in `deadlines`.
    deadline: Option<Instant>,
}

impl<E: Engine> Server<E> {
    pub(crate) fn bind(options: &Options, tls: ServerConfig) -> Result<Self, Error> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(options.addr).at(options.addr)?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Waker::new(poll.registry(), STOP)?;
        ctrlc::set_handler(move || {
            // If even this fails, there is no way left to report it.
            let _ = waker.wake();
        })?;
        let root = match &options.root {
            Some(root) => Some(root.canonicalize().at(root.display())?),
            None => None,
        };
        Ok(Self {
            poll,
            listener: Some(listener),
            acceptable: false,
            accept_after: None,
            // Allocated before the first connection: if allocated under load and then kept, it
            // would prevent the heap below it from being returned to the system.
            clients: HashMap::with_capacity(EVENTS),
            next_token: FIRST_CLIENT,
            ready: VecDeque::with_capacity(EVENTS),
            deadlines: BTreeSet::new(),
            settings: Settings {
                tls: Arc::new(tls),
                connection: options.connection.clone(),
                scratch: Rc::new(RefCell::new(Vec::new())),
            },
            site: Site {
                root,
                update_keys_every: options.update_keys_every,
                stats: Stats::default(),
            },
            mode: options.mode,
            max_connections: options.max_connections,
            idle_timeout: options.idle_timeout,
            start: Instant::now(),
            stop_at: None,
        })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.as_ref().ok_or(ErrorKind::NotConnected)?.local_addr()
    }

    /// Serves until it is told to stop and everything in progress is finished, or until it is told
    /// to stop again.
    pub(crate) fn run(mut self) -> Result<Stats, Error> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let timeout = self.timeout(Instant::now());
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
                _ => {}
            }
            let now = Instant::now();
            for event in &events {
                match event.token() {
                    LISTENER => self.acceptable = true,
                    STOP if self.stop_at.is_some() => return Ok(self.site.stats),
                    STOP => self.stop(now),
                    token => {
                        if let Some(entry) = self.clients.get_mut(&token) {
                            entry.client.note(event);
                            self.make_ready(token);
                        }
                    }
                }
            }
            self.accept(now);
            self.take_turns(now);
            self.expire(now);
            let is_over = self.stop_at.is_some_and(|at| self.clients.is_empty() || at <= now);
            if is_over {
                return Ok(self.site.stats);
            }
        }
    }

    /// Returns how long the loop can wait for an event. `None` means indefinitely.
    fn timeout(&self, now: Instant) -> Option<Duration> {
        if !self.ready.is_empty() || (self.can_accept() && self.accept_after.is_none()) {
            return Some(Duration::ZERO);
        }
        let accept_after = self.accept_after.filter(|_| self.can_accept());
        let deadline = self.deadlines.first().map(|&(deadline, _)| deadline);
        let first = [deadline, accept_after, self.stop_at].into_iter().flatten().min();
        first.map(|first| first.saturating_duration_since(now))
    }

    fn can_accept(&self) -> bool {
        self.acceptable && self.listener.is_some() && self.clients.len() < self.max_connections
    }

    /// Accepts some of the waiting clients. When the server is full, the others wait in the
    /// kernel's queue until clients have ended.
    fn accept(&mut self, now: Instant) {
        if self.accept_after.is_some_and(|after| now < after) {
            return;
        }
        self.accept_after = None;
        for _ in 0..ACCEPTS {
            if !self.can_accept() {
                break;
            }
            let Some(listener) = &self.listener else { break };
            match listener.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = self.add_client(stream, now) {
                        note(format_args!("a connection was dropped: {error}"));
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => self.acceptable = false,
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => {
                        note(format_args!("accepting failed: {error}"));
                        self.accept_after = Some(now + ACCEPT_PAUSE);
                        break;
                    }
                },
            }
        }
    }

    fn add_client(&mut self, mut stream: TcpStream, now: Instant) -> Result<(), Error> {
        // Fails if the connection is already gone. Its first turn will report that.
        let _gone = stream.set_nodelay(true);
        let token = Token(self.next_token);
        self.next_token += 1;
        // Registered once for both directions: the socket stores the edges as levels.
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, token, both)?;
        let tls = E::accept(&self.settings)?;
        let client = Client::new(stream, tls, self.mode, &self.site, now);
        let entry = Entry { client, is_ready: false, deadline: None };
        self.clients.insert(token, Box::new(entry));
        self.site.stats.opened();
        self.schedule(token);
        Ok(())
    }

    fn make_ready(&mut self, token: Token) {
        if let Some(entry) = self.clients.get_mut(&token) {
            if !entry.is_ready {
                entry.is_ready = true;
                self.ready.push_back(token);
            }
        }
    }

    /// Gives a turn to every client that is ready now.
    fn take_turns(&mut self, now: Instant) {
        for _ in 0..self.ready.len() {
            let Some(token) = self.ready.pop_front() else { break };
            let Some(entry) = self.clients.get_mut(&token) else { continue };
            entry.is_ready = false;
            match entry.client.turn(&mut self.site, self.start, now) {
                AfterTurn::Again => self.make_ready(token),
                AfterTurn::Wait => {}
                AfterTurn::Over(end) => {
                    self.remove(token, end);
                    continue;
                }
            }
            self.schedule(token);
        }
    }

    /// Ends clients whose deadline has passed. A deadline that has moved since it was scheduled is
    /// only rescheduled here, which avoids doing so at every turn.
    fn expire(&mut self, now: Instant) {
        while let Some(&(deadline, token)) = self.deadlines.first() {
            if deadline > now {
                break;
            }
            self.deadlines.pop_first();
            let Some(entry) = self.clients.get_mut(&token) else { continue };
            entry.deadline = None;
            if entry.client.deadline(self.idle_timeout).is_some_and(|deadline| deadline <= now) {
                match entry.client.expire() {
                    Ok(()) => self.make_ready(token),
                    Err(end) => self.remove(token, end),
                }
            } else {
                self.schedule(token);
            }
        }
    }

    /// Schedules the client's deadline if it is earlier than the scheduled one.
    fn schedule(&mut self, token: Token) {
        let Some(entry) = self.clients.get_mut(&token) else { return };
        let Some(deadline) = entry.client.deadline(self.idle_timeout) else { return };
        if let Some(noted) = entry.deadline {
            if noted <= deadline {
                return;
            }
            self.deadlines.remove(&(noted, token));
        }
        entry.deadline = Some(deadline);
        self.deadlines.insert((deadline, token));
    }

    /// Drops a client, which closes its socket.
    fn remove(&mut self, token: Token, end: ConnectionEnd) {
        let Some(mut entry) = self.clients.remove(&token) else { return };
        entry.client.discount(&mut self.site);
        self.site.stats.closed(end);
        if let Some(deadline) = entry.deadline {
            self.deadlines.remove(&(deadline, token));
        }
    }

    /// Stops accepting clients, and lets the existing ones finish.
    fn stop(&mut self, now: Instant) {
        self.listener = None;
        self.stop_at = Some(now + DRAIN_PATIENCE);
        let tokens: Vec<Token> = self.clients.keys().copied().collect();
        for token in tokens {
            if let Some(entry) = self.clients.get_mut(&token) {
                entry.client.stop();
            }
            self.make_ready(token);
        }
    }
}

const LISTENER: Token = Token(0);
const STOP: Token = Token(1);
const FIRST_CLIENT: usize = 2;

/// The most events fetched at a time.
const EVENTS: usize = 1024;

/// The most connections accepted between two turns of the existing clients.
const ACCEPTS: usize = 64;

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long clients have to finish after a stop.
const DRAIN_PATIENCE: Duration = Duration::from_secs(30);
