//! What the event loop needs from a TLS connection, so that two implementations can be compared in
//! it: goals, as in [`wantwrite::driver::Driver`].

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

/// The server's side of a TLS connection. Nothing here blocks.
pub(crate) trait Engine: Sized {
    /// Creates a connection that waits for its client's first flight.
    fn accept(settings: &Settings) -> Result<Self, Error>;

    /// Works towards `goal` as far as the socket allows now. Returns `false` if that did not reach
    /// it.
    fn reach(&mut self, goal: Goal, socket: &mut Socket) -> Result<bool, Failure>;

    /// Returns whether bytes are pending for the socket.
    fn wants_drain(&self) -> bool;

    /// Returns what the handshake negotiated, once it is complete.
    fn session(&self) -> Option<Session>;

    /// Returns the client's plaintext that has not been consumed yet.
    fn plaintext(&mut self) -> &[u8];

    fn consume(&mut self, n: usize);

    /// Returns the state of the client's half.
    fn peer(&self) -> Peer;

    /// Returns how much [`write`](Self::write) accepts now.
    fn room(&self) -> usize;

    /// Accepts as much as there is room for, and returns how much.
    fn write(&mut self, plaintext: &[u8]) -> Result<usize, Error>;

    /// Lets `fill` write into the memory where a record will be sealed, if there is room, and
    /// returns how much it wrote.
    fn write_with(
        &mut self,
        fill: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> Result<usize, Error>;

    /// Sends a KeyUpdate before the next plaintext. Does nothing in TLS 1.2.
    fn update_keys(&mut self) -> Result<(), Error>;

    /// Seals `close_notify` after everything written. Does nothing if repeated, or after a failure.
    fn close(&mut self);

    /// Reports the time since the server's start.
    fn observe(&mut self, now: Duration);

    fn progress(&self) -> Progress;

    /// Returns the memory held by its buffers, in bytes.
    fn memory_held(&self) -> usize;
}

/// Why a goal was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Socket,
    /// The connection has failed. Its alert can still be pending.
    Tls,
}

/// The settings that all connections are created with.
pub(crate) struct Settings {
    pub(crate) tls: Arc<ServerConfig>,
    pub(crate) connection: ConnectionConfig,
    /// Memory for an engine that does not lend any to write into.
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
    /// The client has sent `close_notify`.
    Closed,
    /// The transport has ended without `close_notify`.
    Truncated,
}
