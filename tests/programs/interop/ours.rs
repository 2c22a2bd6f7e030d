//! Our side of a connection: a non-blocking `Stream` that sends and receives at the same time.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{process, thread};

use mio::{Events, Interest, Poll, Token};
use rustls::ServerConfig;
use wantwrite::{Connection, ConnectionError, Progress, Stream};

use super::Case;
use wantwrite_testing::process::PATIENCE;
use wantwrite_testing::{client_config, server_config, server_name};

pub(crate) struct Ours {
    stream: Stream<mio::net::TcpStream>,
    poll: Poll,
    events: Events,
}

/// The configuration that several connections share.
pub(crate) struct OurServer {
    config: Arc<ServerConfig>,
}

impl OurServer {
    pub(crate) fn new(case: &Case) -> Self {
        Self { config: Arc::new(server_config(case.suite, &case.identity)) }
    }

    pub(crate) fn accept(&self, listener: &TcpListener) -> Ours {
        let socket = accept(listener);
        Ours::new(Connection::server(self.config.clone()).unwrap(), socket)
    }
}

impl Ours {
    /// Creates our client when the program at `address` accepts the connection.
    pub(crate) fn client(case: &Case, address: SocketAddr) -> Self {
        let config = Arc::new(client_config(case.suite, &case.identity));
        Self::new(Connection::client(config, server_name()).unwrap(), connect(address))
    }

    /// Creates our server for the first client that connects to `listener`.
    pub(crate) fn server(case: &Case, listener: &TcpListener) -> Self {
        OurServer::new(case).accept(listener)
    }

    fn new(connection: Connection, socket: TcpStream) -> Self {
        socket.set_nonblocking(true).unwrap();
        socket.set_nodelay(true).unwrap();
        let mut socket = mio::net::TcpStream::from_std(socket);
        let poll = Poll::new().unwrap();
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut socket, Token(0), both).unwrap();
        Self { stream: Stream::new(connection, socket), poll, events: Events::with_capacity(4) }
    }

    /// Sends `data` and receives `len` bytes, or fewer if the peer's `close_notify` arrives first.
    pub(crate) fn exchange(&mut self, data: &[u8], len: usize) -> Vec<u8> {
        let (mut rest, mut is_flushed) = (data, false);
        let mut received = Vec::new();
        let mut buf = vec![0; 64 * 1024];
        let mut is_ended = false;
        while !is_flushed || (received.len() < len && !is_ended) {
            while !rest.is_empty() {
                let Some(n) = unless_blocked(self.stream.write(rest)) else { break };
                rest = &rest[n..];
            }
            is_flushed = rest.is_empty() && unless_blocked(self.stream.flush()).is_some();
            let mut is_blocked = false;
            while received.len() < len && !is_ended && !is_blocked {
                match unless_blocked(self.stream.read(&mut buf)) {
                    Some(n) => {
                        received.extend_from_slice(&buf[..n]);
                        is_ended = n == 0;
                    }
                    None => is_blocked = true,
                }
            }
            if !is_flushed || is_blocked {
                self.wait();
            }
        }
        received
    }

    /// Sends `data` to a peer that sends no data, and processes everything else that it sends.
    pub(crate) fn send(&mut self, mut data: &[u8]) {
        loop {
            let n = unless_blocked(self.stream.read(&mut [0; 64]));
            assert_eq!(n, None, "the peer's data or its end");
            while let Some(n @ 1..) = unless_blocked(self.stream.write(data)) {
                data = &data[n..];
            }
            let is_flushed = unless_blocked(self.stream.flush()).is_some();
            if data.is_empty() && is_flushed {
                return;
            }
            self.wait();
        }
    }

    /// Passes received data to `take` until the peer's `close_notify`.
    pub(crate) fn receive(&mut self, mut take: impl FnMut(&[u8])) {
        let mut buf = vec![0; 64 * 1024];
        loop {
            match self.finish(|stream| stream.read(&mut buf)) {
                0 => return,
                n => take(&buf[..n]),
            }
        }
    }

    /// Echoes received data until the peer's `close_notify`, then closes too.
    pub(crate) fn echo(mut self) {
        let mut buf = vec![0; 64 * 1024];
        loop {
            let n = self.finish(|stream| stream.read(&mut buf));
            if n == 0 {
                return self.finish(Stream::close);
            }
            let mut rest = &buf[..n];
            while !rest.is_empty() {
                let n = self.finish(|stream| stream.write(rest));
                rest = &rest[n..];
            }
            self.finish(Stream::flush);
        }
    }

    /// Receives until the stream ends, with or without `close_notify`.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        let mut received = Vec::new();
        let mut buf = [0; 4096];
        loop {
            let read = self.finish(|stream| match stream.read(&mut buf) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
                result => result,
            });
            if read == 0 {
                return received;
            }
            received.extend_from_slice(&buf[..read]);
        }
    }

    /// Receives until the connection fails, and sends the peer the alert.
    pub(crate) fn fails(mut self) -> Option<ConnectionError> {
        self.finish(|stream| {
            loop {
                match stream.read(&mut [0; 64]) {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(error),
                    Err(_) => return Ok(()),
                }
            }
        });
        self.stream.connection().error()
    }

    pub(crate) fn is_resumed(&self) -> Option<bool> {
        self.stream.connection().is_resumed()
    }

    /// Closes and waits for the peer to do the same.
    pub(crate) fn close(mut self) -> Progress {
        self.finish(Stream::close);
        let n = self.finish(|stream| stream.read(&mut [0; 64]));
        assert_eq!(n, 0, "close_notify without data before it");
        self.stream.connection().writer().progress()
    }

    /// Drops the socket after the peer's `close_notify`, because the peer has dropped its own.
    pub(crate) fn leave(self) -> Progress {
        self.stream.connection().writer().progress()
    }

    /// Closes after the peer's `close_notify`.
    pub(crate) fn close_too(mut self) -> Progress {
        self.finish(Stream::close);
        self.stream.connection().writer().progress()
    }

    fn finish<T>(
        &mut self,
        mut call: impl FnMut(&mut Stream<mio::net::TcpStream>) -> io::Result<T>,
    ) -> T {
        loop {
            match unless_blocked(call(&mut self.stream)) {
                Some(done) => return done,
                None => self.wait(),
            }
        }
    }

    fn wait(&mut self) {
        self.poll.poll(&mut self.events, Some(PATIENCE)).unwrap();
        assert!(!self.events.is_empty(), "the socket was not ready for {PATIENCE:?}");
    }
}

fn unless_blocked<T>(result: io::Result<T>) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

/// An address for a program to listen on. The system gives out only ports above 32,767, so nothing
/// else takes this one until the program listens on it.
pub(crate) fn free_address() -> SocketAddr {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    loop {
        // Two processes are unlikely to start with the same one.
        let call = CALLS.fetch_add(1, Ordering::Relaxed);
        let number = process::id().wrapping_mul(97).wrapping_add(call);
        let port = 20_000 + u16::try_from(number % 12_000).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    patiently(|| TcpStream::connect(address))
}

fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    patiently(|| listener.accept()).0
}

/// Retries `call` while a program is still starting.
fn patiently<T>(mut call: impl FnMut() -> io::Result<T>) -> T {
    let start = Instant::now();
    loop {
        match call() {
            Ok(done) => return done,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
        thread::sleep(Duration::from_millis(10));
    }
}
