//! An operating system's socket behind embedded-io-async's traits.

use alloc::sync::Arc;
use core::net::SocketAddr;
use std::io::{self, ErrorKind};
use std::net::TcpStream;

use async_io::Async;
use embedded_io_async::{ErrorType, Read, Write};

/// A connected socket.
#[derive(Debug)]
pub struct Socket(Arc<Async<TcpStream>>);

/// The reading half of a socket.
#[derive(Debug)]
pub struct Reader(Arc<Async<TcpStream>>);

/// The writing half of a socket.
#[derive(Debug)]
pub struct Writer(Arc<Async<TcpStream>>);

/// An error of the operating system.
#[derive(Debug)]
pub struct Failure(io::Error);

impl Socket {
    /// Connects to `address`.
    ///
    /// # Errors
    /// An error of the operating system.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(Arc::new(Async::new(TcpStream::connect(address)?)?)))
    }

    /// Splits the socket into both halves.
    #[must_use]
    pub fn split(self) -> (Reader, Writer) {
        (Reader(Arc::clone(&self.0)), Writer(self.0))
    }
}

impl ErrorType for Reader {
    type Error = Failure;
}

impl ErrorType for Writer {
    type Error = Failure;
}

impl Read for Reader {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Failure> {
        self.0.read_with(|mut socket| io::Read::read(&mut socket, buf)).await.map_err(Failure)
    }
}

impl Write for Writer {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Failure> {
        self.0.write_with(|mut socket| io::Write::write(&mut socket, buf)).await.map_err(Failure)
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

impl embedded_io_async::Error for Failure {
    fn kind(&self) -> embedded_io_async::ErrorKind {
        match self.0.kind() {
            ErrorKind::ConnectionReset => embedded_io_async::ErrorKind::ConnectionReset,
            ErrorKind::ConnectionAborted => embedded_io_async::ErrorKind::ConnectionAborted,
            ErrorKind::BrokenPipe => embedded_io_async::ErrorKind::BrokenPipe,
            ErrorKind::NotConnected => embedded_io_async::ErrorKind::NotConnected,
            _ => embedded_io_async::ErrorKind::Other,
        }
    }
}

impl core::fmt::Display for Failure {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.fmt(f)
    }
}

impl core::error::Error for Failure {}
