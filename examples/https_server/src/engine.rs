//! What the event loop asks of a TLS connection, so that two of them can be compared in it.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use wantwrite::{ConnectionConfig, Progress, Version, Wants};

use crate::Error;
use crate::socket::Socket;

/// A server's side of a TLS connection. Nothing here waits.
pub(crate) trait Engine: Sized {
    /// A connection that waits for its client's first flight.
    fn accept(settings: &Settings) -> Result<Self, Error>;

    fn wants(&self) -> Wants;

    /// Takes what the socket has, once; the end too.
    fn receive(&mut self, socket: &mut Socket) -> io::Result<()>;

    /// Makes of the input what can be made of it, until there is plaintext.
    fn process(&mut self) -> Result<(), Error>;

    /// What the handshake agreed on, once it is over.
    fn session(&self) -> Option<Session>;

    /// What came of the client's plaintext and is not consumed.
    fn plaintext(&mut self) -> &[u8];

    fn consume(&mut self, n: usize);

    /// The client's half.
    fn peer(&self) -> Peer;

    /// How much [`write`](Self::write) takes now.
    fn room(&self) -> usize;

    /// Takes as much as there is room for.
    fn write(&mut self, plaintext: &[u8]) -> Result<usize, Error>;

    /// Lets `fill` write into the memory in which a record will be sealed, if there is room, and
    /// returns how much it wrote.
    fn write_with(
        &mut self,
        fill: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> Result<usize, Error>;

    /// Gives the socket what waits, once.
    fn drain(&mut self, socket: &mut Socket) -> io::Result<()>;

    /// A KeyUpdate in front of what is written next; nothing in TLS 1.2.
    fn update_keys(&mut self) -> Result<(), Error>;

    /// `close_notify` behind everything written. Repeated, or after a failure, it changes nothing.
    fn close(&mut self);

    /// Tells of the time since the server's start.
    fn observe(&mut self, now: Duration);

    fn progress(&self) -> Progress;

    /// Memory of its buffers, in bytes.
    fn memory_held(&self) -> usize;
}

/// What every connection is made with.
pub(crate) struct Settings {
    pub(crate) tls: Arc<ServerConfig>,
    pub(crate) connection: ConnectionConfig,
    /// For an engine that lends no memory to write in.
    pub(crate) scratch: Rc<RefCell<Vec<u8>>>,
}

#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) version: Version,
    pub(crate) resumed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Open,
    /// It has sent `close_notify`.
    Closed,
    /// The transport has ended without.
    Truncated,
}
