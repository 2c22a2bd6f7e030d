//! A connection over `std::io`: blocking, or non-blocking with [`ErrorKind::WouldBlock`].

use core::task::Poll;
use std::io::{self, ErrorKind, IoSlice, Read, Write};

use bytes::Buf;

use crate::connection::{Connection, ConnectionError};
use crate::driver::{Driver, Fault, Transport};
use crate::error::{Error, WriteError};
use crate::writer::Outbound;

/// A [`Connection`] and its transport, as one `Read + Write`.
///
/// Over a blocking `T` every call goes on until it has done its work, handshake included. Over a
/// non-blocking one, a call that cannot go on gives [`ErrorKind::WouldBlock`]; everything stays
/// as it is, and [`Connection::wants`] says what to wait for. Nothing has to be repeated with the
/// same arguments.
///
/// ```no_run
/// use std::io::{Read, Write};
/// use std::sync::Arc;
/// use wantwrite::rustls::{ServerConfig, crypto::ring, pki_types::{CertificateDer, PrivateKeyDer}};
/// use wantwrite::rustls::pki_types::pem::PemObject;
/// use wantwrite::{Connection, Stream};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let chain = CertificateDer::pem_file_iter("cert.pem")?.collect::<Result<Vec<_>, _>>()?;
/// let key = PrivateKeyDer::from_pem_file("key.pem")?;
/// let config = ServerConfig::builder_with_provider(ring::default_provider().into())
///     .with_safe_default_protocol_versions()?
///     .with_no_client_auth()
///     .with_single_cert(chain, key)?;
/// let (socket, _) = std::net::TcpListener::bind("127.0.0.1:8443")?.accept()?;
/// let mut stream = Stream::new(Connection::server(Arc::new(config))?, socket);
/// let mut buf = [0; 4096];
/// while let n @ 1.. = stream.read(&mut buf)? {
///     stream.write_all(&buf[..n])?;
/// }
/// stream.close()?;
/// # Ok(())
/// # }
/// ```
///
/// When `write` returns, no byte it accepted waits for a later `flush` while `T` would have taken
/// it.
#[derive(Debug)]
pub struct Stream<T> {
    driver: Driver<io::Error>,
    io: T,
}

impl<T: Read + Write> Stream<T> {
    /// Joins a connection, fresh or established, and its transport. Does no I/O.
    #[must_use]
    pub const fn new(connection: Connection, io: T) -> Self {
        Self { driver: Driver::new(connection), io }
    }

    /// Finishes the handshake, if it is not finished. `read` and `write` do so by themselves.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if a non-blocking transport cannot go on;
    /// [`ErrorKind::UnexpectedEof`] if it ended; [`ErrorKind::InvalidData`] with a
    /// [`ConnectionError`] in it if the handshake failed; or the transport's own error.
    pub fn complete_handshake(&mut self) -> io::Result<()> {
        or_would_block(self.driver.poll_handshake(&mut StdIo(&mut self.io)))
    }

    /// Sends `close_notify` behind everything accepted, and returns when all is with the
    /// transport. Reading goes on (in TLS 1.3). Repeated, it goes on where it was.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if a non-blocking transport took not everything: call again.
    pub fn close(&mut self) -> io::Result<()> {
        or_would_block(self.driver.poll_close(&mut StdIo(&mut self.io)))
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        self.driver.connection()
    }

    /// The connection, for what a stream has no call for. Whatever is written here is drained by
    /// the stream's next call.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        self.driver.connection_mut()
    }

    /// The transport.
    pub const fn get_ref(&self) -> &T {
        &self.io
    }

    /// The transport. Reading or writing TLS bytes past the connection breaks it.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Takes both apart. Bytes that wait stay in the connection.
    pub fn into_parts(self) -> (Connection, T) {
        (self.driver.into_connection(), self.io)
    }
}

impl<T: Read + Write> Read for Stream<T> {
    /// Returns 0 at the peer's `close_notify` (or for an empty `buf`) only; a transport that ends
    /// without it is [`ErrorKind::UnexpectedEof`]. If the transport fails to take what waits for
    /// it, the next call that writes tells of it.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let io = &mut StdIo(&mut self.io);
        or_would_block(self.driver.poll_read(io, |connection| connection.read(buf)))
    }
}

impl<T: Read + Write> Write for Stream<T> {
    /// Accepts as much as there is room for once, and gives the transport what it takes. If the
    /// transport fails after bytes were accepted, the next call tells of it.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let io = &mut StdIo(&mut self.io);
        or_would_block(self.driver.poll_write(io, buf.len(), |connection| connection.write(buf)))
    }

    /// As [`write`](Self::write); small buffers share their records.
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let io = &mut StdIo(&mut self.io);
        let offered = total_len(bufs);
        let write = |connection: &mut Connection| connection.write_vectored(bufs);
        or_would_block(self.driver.poll_write(io, offered, write))
    }

    /// Returns when everything accepted is with the transport.
    fn flush(&mut self) -> io::Result<()> {
        or_would_block(self.driver.poll_flush(&mut StdIo(&mut self.io)))
    }
}

/// Bytes in all of `bufs`.
fn total_len(bufs: &[IoSlice<'_>]) -> usize {
    bufs.iter().fold(0, |total, buf| total.saturating_add(buf.len()))
}

fn or_would_block<R>(poll: Poll<Result<R, Fault<io::Error>>>) -> io::Result<R> {
    match poll {
        Poll::Ready(result) => Ok(result?),
        Poll::Pending => Err(ErrorKind::WouldBlock.into()),
    }
}

/// A transport of `std::io`.
struct StdIo<'a, T>(&'a mut T);

impl<T: Read + Write> Transport for StdIo<'_, T> {
    type Error = io::Error;

    fn poll_read(&mut self, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        poll(|| self.0.read(buf))
    }

    fn poll_write(&mut self, outbound: &Outbound<'_>) -> Poll<io::Result<usize>> {
        let mut chunks = [IoSlice::new(&[]); MAX_CHUNKS];
        let n = outbound.chunks_vectored(&mut chunks);
        poll(|| self.0.write_vectored(&chunks[..n]))
    }

    fn poll_flush(&mut self) -> Poll<io::Result<()>> {
        poll(|| self.0.flush())
    }
}

fn poll<R>(mut call: impl FnMut() -> io::Result<R>) -> Poll<io::Result<R>> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Poll::Pending,
            result => return Poll::Ready(result),
        }
    }
}

/// Chunks that one `writev` is given.
const MAX_CHUNKS: usize = 16;

impl From<Fault<Self>> for io::Error {
    fn from(fault: Fault<Self>) -> Self {
        match fault {
            Fault::Transport(error) => error,
            Fault::WriteZero => ErrorKind::WriteZero.into(),
            Fault::Overrun(overrun) => Self::other(overrun),
            Fault::Connection(error) => error.into(),
            Fault::Write(error @ WriteError::Closed) => Self::new(ErrorKind::BrokenPipe, error),
            Fault::Write(error) => Self::other(error),
        }
    }
}

impl From<ConnectionError> for io::Error {
    fn from(error: ConnectionError) -> Self {
        let kind = match &error {
            ConnectionError::Record(Error::Truncated) => ErrorKind::UnexpectedEof,
            ConnectionError::Record(Error::PeerAlert(_)) => ErrorKind::ConnectionAborted,
            _ => ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
