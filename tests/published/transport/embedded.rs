//! The same transport for embedded-io.

use std::io::{self, ErrorKind, Read, Write};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use embedded_io::ErrorType;
use wantwrite::*;
use wantwrite_embedded_io::*;

use crate::wire::Wire;
use wantwrite_testing::*;

pub struct Embedded(pub Wire);

impl ErrorType for Embedded {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Read for Embedded {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        Read::read(&mut self.0, buf).map_err(|error| kind_of(&error))
    }
}

impl embedded_io::Write for Embedded {
    fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        Write::write(&mut self.0, buf).map_err(|error| kind_of(&error))
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

pub fn kind_of(error: &io::Error) -> embedded_io::ErrorKind {
    match error.kind() {
        ErrorKind::ConnectionReset => embedded_io::ErrorKind::ConnectionReset,
        ErrorKind::ConnectionAborted => embedded_io::ErrorKind::ConnectionAborted,
        ErrorKind::BrokenPipe => embedded_io::ErrorKind::BrokenPipe,
        ErrorKind::NotConnected => embedded_io::ErrorKind::NotConnected,
        _ => embedded_io::ErrorKind::TimedOut,
    }
}

pub fn stream((ours, peer): (Connection, Peer)) -> EmbeddedStream<Embedded> {
    EmbeddedStream::new(ours, Embedded(Wire::new(peer)))
}

/// An operating system socket.
pub struct StdSocket(pub std::net::TcpStream);

impl ErrorType for StdSocket {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Read for StdSocket {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        Read::read(&mut self.0, buf).map_err(|error| kind_of(&error))
    }
}

impl embedded_io::Write for StdSocket {
    fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        Write::write(&mut self.0, buf).map_err(|error| kind_of(&error))
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl embedded_io_async::Read for Embedded {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        embedded_io::Read::read(self, buf)
    }
}

impl embedded_io_async::Write for Embedded {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        embedded_io::Write::write(self, buf)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

pub fn async_stream((ours, peer): (Connection, Peer)) -> AsyncEmbeddedStream<Embedded> {
    AsyncEmbeddedStream::new(ours, Embedded(Wire::new(peer)), DroppedCall::Unknown)
}

/// The result of a call that has nothing to wait for.
pub fn at_once<T>(call: impl Future<Output = T>) -> T {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}
