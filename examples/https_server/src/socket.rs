//! A non-blocking socket, and its readiness as far as we know it.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;

use mio::event::Event;
use mio::net::TcpStream;

/// mio reports edges. They are stored here as levels, which the socket's own results clear:
/// `WouldBlock`, and a call that moved less than it was offered. After that, every call returns
/// `WouldBlock` without asking the system, until the next event.
pub(crate) struct Socket {
    stream: TcpStream,
    readable: bool,
    writable: bool,
    /// The peer sends nothing more, so there will be no further edge for reading.
    read_closed: bool,
    received: u64,
    sent: u64,
}

impl Socket {
    /// Wraps a registered socket. Its first events are still to come.
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self { stream, readable: false, writable: false, read_closed: false, received: 0, sent: 0 }
    }

    pub(crate) fn note(&mut self, event: &Event) {
        // The next call on the socket returns the error.
        self.read_closed |= event.is_read_closed() || event.is_error();
        self.readable |= event.is_readable() || self.read_closed;
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
    }

    /// Returns the bytes received and sent.
    pub(crate) const fn moved(&self) -> (u64, u64) {
        (self.received, self.sent)
    }

    pub(crate) fn shutdown_writing(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    fn write_with(
        &mut self,
        len: usize,
        call: impl Fn(&mut TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if !self.writable {
            return Err(ErrorKind::WouldBlock.into());
        }
        let result = uninterrupted(|| call(&mut self.stream));
        match &result {
            Ok(n) => {
                self.sent += u64::try_from(*n).unwrap_or(u64::MAX);
                self.writable = *n == len;
            }
            Err(error) => self.writable &= error.kind() != ErrorKind::WouldBlock,
        }
        result
    }
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.readable {
            return Err(ErrorKind::WouldBlock.into());
        }
        let result = uninterrupted(|| self.stream.read(buf));
        match &result {
            Ok(n) => {
                self.received += u64::try_from(*n).unwrap_or(u64::MAX);
                self.readable = *n == buf.len() || self.read_closed;
            }
            Err(error) => self.readable &= error.kind() != ErrorKind::WouldBlock,
        }
        result
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_with(buf.len(), |stream| stream.write(buf))
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let len = bufs.iter().map(|buf| buf.len()).sum();
        self.write_with(len, |stream| stream.write_vectored(bufs))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
