//! A connection over `std::io`: blocking, or non-blocking with [`ErrorKind::WouldBlock`].

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use bytes::Buf;

use crate::connection::{Connection, ConnectionError};
use crate::error::{Error, WriteError};
use crate::reader::ReaderState;
use crate::writer::WriterState;

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
    connection: Connection,
    io: T,
    /// What the transport said when bytes had been accepted already: for the next call to tell.
    io_error: Option<io::Error>,
}

/// How far draining got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drained {
    All,
    /// The transport takes no more now.
    Blocked,
}

/// Chunks that one `writev` is given.
const MAX_CHUNKS: usize = 16;

impl<T: Read + Write> Stream<T> {
    /// Joins a connection, fresh or established, and its transport. Does no I/O.
    #[must_use]
    pub const fn new(connection: Connection, io: T) -> Self {
        Self { connection, io, io_error: None }
    }

    /// Finishes the handshake, if it is not finished. `read` and `write` do so by themselves.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if a non-blocking transport cannot go on;
    /// [`ErrorKind::UnexpectedEof`] if it ended; [`ErrorKind::InvalidData`] with a
    /// [`ConnectionError`] in it if the handshake failed; or the transport's own error.
    pub fn complete_handshake(&mut self) -> io::Result<()> {
        while self.connection.state() == WriterState::Negotiating {
            self.drain_flight()?;
            self.fill()?;
            self.process()?;
            if self.connection.state() != WriterState::Negotiating {
                // Our last flight; what the transport does not take goes with the next call.
                self.drain_flight()?;
            }
        }
        match self.connection.protocol_version() {
            Some(_) => Ok(()),
            // A handshake that has failed has not become complete.
            None => self.process(),
        }
    }

    /// Sends `close_notify` behind everything accepted, and returns when all is with the
    /// transport. Reading goes on (in TLS 1.3). Repeated, it goes on where it was.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if a non-blocking transport took not everything: call again.
    pub fn close(&mut self) -> io::Result<()> {
        self.connection.close().map_err(|error| self.write_error(error))?;
        self.drain_all()
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The connection, for what a stream has no call for. Whatever is written here is drained by
    /// the stream's next call.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
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
        (self.connection, self.io)
    }

    /// Gives the transport what waits until it takes no more.
    fn drain(&mut self) -> io::Result<Drained> {
        self.io_error.take().map_or(Ok(()), Err)?;
        while self.connection.wants().drain {
            let mut outbound = self.connection.outbound();
            if !outbound.has_remaining() {
                break;
            }
            let mut chunks = [IoSlice::new(&[]); MAX_CHUNKS];
            let n = outbound.chunks_vectored(&mut chunks);
            match self.io.write_vectored(&chunks[..n]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(len) => outbound.advance(len),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Drained::Blocked);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Drained::All)
    }

    /// Drains, out of a transport's own buffer too: the peer's answer is waited for.
    fn drain_flight(&mut self) -> io::Result<()> {
        match self.drain_all() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            result => result,
        }
    }

    fn drain_all(&mut self) -> io::Result<()> {
        if self.drain()? == Drained::Blocked {
            return Err(ErrorKind::WouldBlock.into());
        }
        loop {
            match self.io.flush() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Takes what the transport has, once.
    fn fill(&mut self) -> io::Result<()> {
        let mut inbound = self.connection.inbound();
        if inbound.is_empty() {
            return Ok(());
        }
        loop {
            match self.io.read(&mut inbound) {
                Ok(0) => {
                    self.connection.end_of_input();
                    return Ok(());
                }
                Ok(len) => return inbound.commit(len).map_err(io::Error::other),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    // Gives the lent memory back.
                    self.process()?;
                    return Err(error);
                }
            }
        }
    }

    fn process(&mut self) -> io::Result<()> {
        self.connection.process().map_err(|error| self.connection_error(error))
    }

    /// The error as `std::io` has it. The alert, if there is one, is sent if the transport takes
    /// it; that the connection has failed matters more than that it did not.
    fn connection_error(&mut self, error: ConnectionError) -> io::Error {
        let _unsent = self.drain();
        error.into()
    }

    fn write_error(&mut self, error: WriteError) -> io::Error {
        match (error, self.connection.error()) {
            (WriteError::Failed { .. }, Some(error)) => self.connection_error(error),
            (WriteError::Closed, _) => io::Error::new(ErrorKind::BrokenPipe, error),
            _ => io::Error::other(error),
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

impl<T: Read + Write> Read for Stream<T> {
    /// Returns 0 at the peer's `close_notify` (or for an empty `buf`) only; a transport that ends
    /// without it is [`ErrorKind::UnexpectedEof`].
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.complete_handshake()?;
        loop {
            let read = self.connection.read(buf);
            // Our answers go out while we read: two full pipes must not wait for each other.
            let n = read.map_err(|error| self.connection_error(error))?;
            let drained = self.drain();
            if n > 0 || self.connection.reader_state() == ReaderState::PeerClosed {
                self.io_error = drained.err();
                return Ok(n);
            }
            drained?;
            self.fill()?;
        }
    }
}

impl<T: Read + Write> Write for Stream<T> {
    /// Accepts as much as there is room for once, and gives the transport what it takes. If the
    /// transport fails after bytes were accepted, the next call tells of it.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.io_error.take().map_or(Ok(()), Err)?;
        self.complete_handshake()?;
        loop {
            let accepted = match self.connection.write(buf) {
                Ok(n) => n,
                // The next call, which accepts nothing, tells of it.
                Err(WriteError::KeyLimit { accepted }) if accepted > 0 => accepted,
                Err(error) => return Err(self.write_error(error)),
            };
            let drained = match self.drain() {
                Ok(drained) => drained,
                Err(error) if accepted > 0 => {
                    // An error would say that nothing was accepted.
                    self.io_error = Some(error);
                    return Ok(accepted);
                }
                Err(error) => return Err(error),
            };
            if accepted > 0 || buf.is_empty() {
                return Ok(accepted);
            }
            // What was drained may have made room; if not, there is nothing to go round for.
            if drained == Drained::Blocked && self.connection.room() == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
        }
    }

    /// Returns when everything accepted is with the transport.
    fn flush(&mut self) -> io::Result<()> {
        self.connection.flush().map_err(|error| self.write_error(error))?;
        self.drain_all()
    }
}
