//! The operating system's names of a transport, through the stream above it.

#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
#[cfg(windows)]
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};

use crate::stream::TlsStream;

/// The transport's.
#[cfg(unix)]
impl<IO: AsRawFd> AsRawFd for TlsStream<IO> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().0.as_raw_fd()
    }
}

/// The transport's.
#[cfg(unix)]
impl<IO: AsFd> AsFd for TlsStream<IO> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().0.as_fd()
    }
}

/// The transport's.
#[cfg(windows)]
impl<IO: AsRawSocket> AsRawSocket for TlsStream<IO> {
    fn as_raw_socket(&self) -> RawSocket {
        self.get_ref().0.as_raw_socket()
    }
}

/// The transport's.
#[cfg(windows)]
impl<IO: AsSocket> AsSocket for TlsStream<IO> {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.get_ref().0.as_socket()
    }
}
