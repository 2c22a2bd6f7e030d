//! An in-memory transport with scripted faults, in the form that each adapter needs.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};

use wantwrite::*;

use wantwrite_testing::*;

/// The errors of a transport whose peer is gone.
pub const GONE: [ErrorKind; 4] = [
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::BrokenPipe,
    ErrorKind::NotConnected,
];

/// An in-memory transport to a stock rustls peer, with scripted faults.
pub struct Wire {
    pub peer: Peer,
    pub to_us: VecDeque<u8>,
    pub received: Vec<u8>,
    /// The error with which the peer rejected our bytes.
    pub refused: Option<rustls::Error>,
    pub writes: VecDeque<Fault>,
    pub shutdown: Option<ErrorKind>,
    /// Whether the stream ends after its last byte. Otherwise a read blocks there.
    pub ends: bool,
    /// Nothing from the peer arrives.
    pub silent: bool,
    /// For tokio: it accepts several chunks in one call.
    pub gathers: bool,
    /// The peer never stops sending data.
    pub endless: bool,
    pub reads: usize,
    /// The next read claims this much more than it was lent.
    pub overreads: Option<usize>,
}

/// The outcome of a write instead.
#[derive(Clone, Copy)]
pub enum Fault {
    /// No fault.
    Nothing,
    Fails(ErrorKind),
    /// It claims to have accepted this much more than it was given.
    Claims(usize),
}

impl Wire {
    pub fn new(peer: Peer) -> Self {
        Self {
            peer,
            to_us: VecDeque::new(),
            received: Vec::new(),
            refused: None,
            writes: VecDeque::new(),
            shutdown: None,
            ends: false,
            silent: false,
            gathers: false,
            endless: false,
            reads: 0,
            overreads: None,
        }
    }

    pub fn peer_sends(&mut self, plaintext: &[u8]) {
        let wire = self.peer.send(plaintext);
        self.to_us.extend(wire);
    }

    /// Makes the peer ask for an answer. Then its transport fails with `fault` and ends.
    pub fn asks_and_goes(&mut self, fault: ErrorKind) {
        self.peer.0.refresh_traffic_keys().unwrap();
        self.peer_sends(b"data");
        self.writes.push_back(Fault::Fails(fault));
        self.ends = true;
    }

    pub fn has_closed(&mut self) -> bool {
        !self.peer.0.is_handshaking()
            && self.peer.0.process_new_packets().unwrap().peer_has_closed()
    }
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        if let Some(more) = self.overreads.take() {
            return Ok(buf.len().saturating_add(more));
        }
        if !self.silent {
            let wire = self.peer.take_wire();
            self.to_us.extend(wire);
        }
        if self.to_us.is_empty() && self.endless {
            self.peer_sends(&[7; 1000]);
        }
        if self.to_us.is_empty() && !self.ends {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.to_us.read(buf)
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.writes.pop_front() {
            Some(Fault::Fails(kind)) => return Err(kind.into()),
            Some(Fault::Claims(more)) => return Ok(buf.len().saturating_add(more)),
            Some(Fault::Nothing) | None => {}
        }
        if let Err(refused) = self.peer.feed(buf) {
            self.refused = Some(refused);
        }
        self.received.extend(self.peer.take_plaintext());
        Ok(buf.len())
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        self.write(&all)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn stream((ours, peer): (Connection, Peer)) -> Stream<Wire> {
    Stream::new(ours, Wire::new(peer))
}

/// Our connection and a peer with another identity, so that the client rejects the server's
/// certificate.
pub fn strangers(suite: CipherSuite, role: Role) -> (Connection, Peer) {
    (pair(suite, role).0, pair(suite, role).1)
}

/// Retries `call` over a transport that blocks only to let the peer take its turn, and returns the
/// final result.
pub fn finish<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..1000 {
        match call() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result,
        }
    }
    panic!("it would block forever");
}

/// The fault of the connection that `error` carries.
pub fn carried(error: &io::Error) -> &ConnectionError {
    error.get_ref().unwrap().downcast_ref().unwrap()
}
