//! What the event loop asks of a TLS connection, so that two of them can be compared in it: goals,
//! as of a [`wantwrite::driver::Driver`].

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use wantwrite::driver::Goal;
use wantwrite::{ConnectionConfig, Progress, Version};

use crate::Error;
use crate::socket::Socket;

/// A server's side of a TLS connection. Nothing here waits.
pub(crate) trait Engine: Sized {
    /// A connection that waits for its client's first flight.
    fn accept(settings: &Settings) -> Result<Self, Error>;

    /// Does for `goal` what the socket can do now. `false` if the goal is not reached by that.
    fn reach(&mut self, goal: Goal, socket: &mut Socket) -> Result<bool, Failure>;

    /// Whether something waits for the socket.
    fn wants_drain(&self) -> bool;

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

/// Why a goal was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Socket,
    /// The connection has failed. Its alert may wait.
    Tls,
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
