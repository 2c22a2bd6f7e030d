//! An in-memory transport to a stock rustls peer. It implements the traits of `std` and of
//! embedded-io.

use std::collections::VecDeque;
use std::io;

use crate::Peer;

/// An in-memory transport. `K` is the kind of error that a call fails with.
pub struct Wire<K> {
    pub peer: Peer,
    /// What the peer has sent and we have not yet read.
    pub to_us: VecDeque<u8>,
    /// Plaintext that the peer received.
    pub received: Vec<u8>,
    /// Why the peer rejected the handshake.
    pub refused: Option<rustls::Error>,
    /// Bytes that it accepts before it blocks.
    pub takes: usize,
    /// The most bytes that one call moves.
    pub at_most: usize,
    /// The results that the next calls return instead.
    pub write_results: VecDeque<Result<usize, K>>,
    pub read_results: VecDeque<Result<usize, K>>,
    /// Whether the stream ends after its last byte. Otherwise a read blocks there.
    pub ends: bool,
    pub written: usize,
    pub reads: usize,
    pub flushes: usize,
    /// The error that it returns when a real transport would wait.
    blocked: K,
}

impl<K: Copy> Wire<K> {
    fn with(peer: Peer, blocked: K) -> Self {
        Self {
            peer,
            to_us: VecDeque::new(),
            received: Vec::new(),
            refused: None,
            takes: usize::MAX,
            at_most: usize::MAX,
            write_results: VecDeque::new(),
            read_results: VecDeque::new(),
            ends: false,
            written: 0,
            reads: 0,
            flushes: 0,
            blocked,
        }
    }

    pub fn peer_sends(&mut self, plaintext: &[u8]) {
        let wire = self.peer.send(plaintext);
        self.to_us.extend(wire);
    }

    fn deliver(&mut self, buf: &mut [u8]) -> Result<usize, K> {
        self.reads += 1;
        if let Some(result) = self.read_results.pop_front() {
            return result;
        }
        let wire = self.peer.take_wire();
        self.to_us.extend(wire);
        if self.to_us.is_empty() && !self.ends {
            return Err(self.blocked);
        }
        let len = buf.len().min(self.at_most);
        Ok(io::Read::read(&mut self.to_us, &mut buf[..len]).unwrap())
    }

    fn accept(&mut self, buf: &[u8]) -> Result<usize, K> {
        if let Some(result) = self.write_results.pop_front() {
            return result;
        }
        let len = buf.len().min(self.at_most).min(self.takes);
        if len == 0 {
            return Err(self.blocked);
        }
        match self.peer.feed(&buf[..len]) {
            Err(refused) if self.peer.0.is_handshaking() => self.refused = Some(refused),
            fed => fed.unwrap(),
        }
        self.received.extend(self.peer.take_plaintext());
        self.takes -= len;
        self.written += len;
        Ok(len)
    }
}

impl Wire<io::ErrorKind> {
    /// A non-blocking transport.
    pub fn new(peer: Peer) -> Self {
        Self::with(peer, io::ErrorKind::WouldBlock)
    }
}

impl io::Read for Wire<io::ErrorKind> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.deliver(buf)?)
    }
}

impl io::Write for Wire<io::ErrorKind> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(self.accept(buf)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushes += 1;
        Ok(())
    }
}

impl Wire<embedded_io::ErrorKind> {
    /// A blocking transport, whose calls time out.
    pub fn embedded(peer: Peer) -> Self {
        Self::with(peer, embedded_io::ErrorKind::TimedOut)
    }
}

impl embedded_io::ErrorType for Wire<embedded_io::ErrorKind> {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Read for Wire<embedded_io::ErrorKind> {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, embedded_io::ErrorKind> {
        self.deliver(buf)
    }
}

impl embedded_io::Write for Wire<embedded_io::ErrorKind> {
    fn write(&mut self, buf: &[u8]) -> Result<usize, embedded_io::ErrorKind> {
        self.accept(buf)
    }

    fn flush(&mut self) -> Result<(), embedded_io::ErrorKind> {
        self.flushes += 1;
        Ok(())
    }
}
