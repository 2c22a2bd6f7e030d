//! The transport's file descriptor or socket handle, through the stream above it.

#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
#[cfg(windows)]
use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};

use crate::stream::TlsStream;

/// Returns the transport's file descriptor.
#[cfg(unix)]
impl<IO: AsRawFd> AsRawFd for TlsStream<IO> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().0.as_raw_fd()
    }
}

/// Borrows the transport's file descriptor.
#[cfg(unix)]
impl<IO: AsFd> AsFd for TlsStream<IO> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().0.as_fd()
    }
}

/// Returns the transport's socket handle.
#[cfg(windows)]
impl<IO: AsRawSocket> AsRawSocket for TlsStream<IO> {
    fn as_raw_socket(&self) -> RawSocket {
        self.get_ref().0.as_raw_socket()
    }
}

/// Borrows the transport's socket handle.
#[cfg(windows)]
impl<IO: AsSocket> AsSocket for TlsStream<IO> {
    fn as_socket(&self) -> BorrowedSocket<'_> {
        self.get_ref().0.as_socket()
    }
}
