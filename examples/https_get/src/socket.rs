//! A socket whose time-out error says how long it waited.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub(crate) struct Socket {
    tcp: TcpStream,
    patience: Duration,
    /// If the socket does not block, `WouldBlock` is not a time-out.
    is_blocking: bool,
}

impl Socket {
    /// Connects to the first of the host's addresses that accepts.
    pub(crate) fn connect(address: impl ToSocketAddrs, patience: Duration) -> io::Result<Self> {
        let mut failure = io::Error::new(ErrorKind::NotFound, "the host has no address");
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(tcp) => {
                    tcp.set_read_timeout(Some(patience))?;
                    tcp.set_write_timeout(Some(patience))?;
                    return Ok(Self { tcp, patience, is_blocking: true });
                }
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    pub(crate) fn set_blocking(&mut self, is_blocking: bool) -> io::Result<()> {
        self.is_blocking = is_blocking;
        self.tcp.set_nonblocking(!is_blocking)
    }

    pub(crate) fn set_patience(&mut self, patience: Duration) -> io::Result<()> {
        self.patience = patience;
        self.tcp.set_read_timeout(Some(patience))?;
        self.tcp.set_write_timeout(Some(patience))
    }

    /// Waits until the socket has something to read or, with `to_write`, room to write.
    pub(crate) fn wait(&self, to_write: bool) -> io::Result<()> {
        let mut events = PollFlags::IN;
        events.set(PollFlags::OUT, to_write);
        let patience = Timespec::try_from(self.patience).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&self.tcp, events)], Some(&patience)) {
            Ok(0) => Err(self.timed_out()),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn timed_out(&self) -> io::Error {
        let text = format!("the server did nothing for {} s (--timeout)", self.patience.as_secs());
        io::Error::new(ErrorKind::TimedOut, text)
    }

    fn explain(&self, error: io::Error) -> io::Error {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut if self.is_blocking => self.timed_out(),
            _ => error,
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.tcp.read(buf).map_err(|error| self.explain(error))
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.tcp.write(buf).map_err(|error| self.explain(error))
    }

    fn write_vectored(&mut self, bufs: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.tcp.write_vectored(bufs).map_err(|error| self.explain(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.tcp.flush()
    }
}
