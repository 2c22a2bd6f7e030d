//! The same transport for embedded-io.

use std::io::{self, ErrorKind, Read, Write};

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

/// A socket of the operating system.
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
