//! A connection over `std::io`: blocking, or non-blocking with [`ErrorKind::WouldBlock`].

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use crate::connection::{Connection, ConnectionError};
use crate::driver::{Driver, FarEnd, Fault, Goal, Step};
use crate::error::WriteError;
use crate::writer::Writer;

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
/// stream.close()?; // the client has ended: nothing is left unread
/// # Ok(())
/// # }
/// ```
///
/// When `write` returns, no byte it accepted waits for a later `flush` while `T` would have taken
/// it.
///
/// # Which error is told
///
/// * Why the connection failed comes before any error of the transport, and is told by every call
///   that follows. An alert that could not be sent is not mentioned.
/// * If the handshake cannot write because the peer is gone, and the peer's alert can still be
///   read, it is the alert that is told.
/// * A failure to write that happens while reading, or after bytes were accepted, is told once, by
///   the next call that writes. But if it was a reset, and reading then meets the end of the
///   transport, `read` tells of the reset, and then of `UnexpectedEof`.
/// * After the handshake, a write that fails does not read. If the peer is gone, `read` may still
///   tell why.
/// * A transport that says it took more than it was given is an error of kind `Other` with a
///   [`Overrun`](crate::Overrun) in it. No byte counts as sent then.
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
    /// [`ConnectionError`](crate::ConnectionError) in it if the handshake failed; or the
    /// transport's own error.
    pub fn complete_handshake(&mut self) -> io::Result<()> {
        Ok(self.run(Goal::Handshake)?)
    }

    /// Sends `close_notify` behind everything accepted, and returns when all is with the
    /// transport. A handshake that is not finished is finished first. You can still read.
    /// A repeated call resumes where it stopped.
    ///
    /// **Do not drop a socket now.** With the transport is not with the peer: a system that closes
    /// a socket with unread input resets it, and what the peer has not read yet is lost. Session
    /// tickets that nobody read are enough for that. Read until the peer's end first, or call
    /// [`close_and_linger`](Self::close_and_linger).
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if a non-blocking transport cannot go on: call again. Why the
    /// handshake failed or the connection has failed, once the alert is with the transport. Or the
    /// transport's own error.
    pub fn close(&mut self) -> io::Result<()> {
        Ok(self.run(Goal::Close)?)
    }

    /// Closes as [`close`](Self::close) does, and then reads and throws away what the peer still
    /// sends until it has ended: by `close_notify`, or by the end of the transport
    /// ([`reader_state`](Connection::reader_state) says which). Now the transport may be dropped.
    /// Servers call this a lingering close.
    ///
    /// At most `max_discarded` bytes are read from the transport and thrown away. `keep_waiting`
    /// is asked before each read. Together with the transport's read timeout it bounds how long
    /// this takes, even if the peer sends a byte now and then:
    ///
    /// ```no_run
    /// use std::net::{Shutdown, TcpStream};
    /// use std::time::{Duration, Instant};
    /// use wantwrite::Stream;
    ///
    /// fn end(mut stream: Stream<TcpStream>) -> std::io::Result<()> {
    ///     stream.close()?;
    ///     // For a peer that waits for the end of TCP. `T` has no call for that.
    ///     stream.get_ref().shutdown(Shutdown::Write)?;
    ///     stream.get_ref().set_read_timeout(Some(Duration::from_secs(2)))?;
    ///     let deadline = Instant::now() + Duration::from_secs(10);
    ///     stream.close_and_linger(1 << 20, || Instant::now() < deadline)
    /// }
    /// ```
    ///
    /// A repeated call resumes where it stopped and keeps counting.
    ///
    /// # Errors
    /// As [`close`](Self::close). [`ErrorKind::WouldBlock`] or [`ErrorKind::TimedOut`] after a read
    /// timeout, as the system has it. With a [`LingerError`](crate::LingerError) in it:
    /// [`ErrorKind::TimedOut`] if `keep_waiting` said no, [`ErrorKind::Other`] if the peer sent
    /// more than `max_discarded`.
    pub fn close_and_linger(
        &mut self,
        max_discarded: u64,
        keep_waiting: impl FnMut() -> bool,
    ) -> io::Result<()> {
        Ok(self.run_while(Goal::Linger { max: max_discarded }, keep_waiting)?)
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

    fn read_plaintext(
        &mut self,
        read: impl FnOnce(&mut Connection) -> Result<usize, ConnectionError>,
    ) -> io::Result<usize> {
        self.run(Goal::Read)?;
        let len = self.driver.read_plaintext(read)?;
        self.run(Goal::Offer)?;
        Ok(len)
    }

    fn write_plaintext(
        &mut self,
        write: impl FnOnce(&mut Writer) -> Result<usize, WriteError>,
    ) -> io::Result<usize> {
        self.run(Goal::Write)?;
        let accepted = self.driver.write_plaintext(write);
        self.run(Goal::Offer)?;
        Ok(accepted?)
    }

    fn run(&mut self, goal: Goal) -> Result<(), Fault<io::Error>> {
        self.run_while(goal, || true)
    }

    fn run_while(
        &mut self,
        goal: Goal,
        mut keep_waiting: impl FnMut() -> bool,
    ) -> Result<(), Fault<io::Error>> {
        let Self { driver, io } = self;
        loop {
            let done = match driver.next(goal)? {
                Step::Done => return Ok(()),
                Step::Blocked => return Err(Fault::Transport(ErrorKind::WouldBlock.into())),
                Step::Write(mut bytes) => {
                    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
                    io.write_vectored(bytes.io_slices(&mut slices)).map(|n| driver.wrote(n))
                }
                Step::Flush => io.flush().map(|()| driver.flushed()),
                Step::Read(memory) if keep_waiting() => io.read(memory).map(|n| driver.read(n)),
                Step::Read(_) => {
                    driver.gave_up();
                    Ok(())
                }
            };
            match done {
                Err(error) if error.kind() == ErrorKind::WouldBlock => driver.blocked(),
                // The same step comes again.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => driver.failed(FarEnd::from(&error), error),
                Ok(()) => {}
            }
        }
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
        self.read_plaintext(|connection| connection.read(buf))
    }
}

impl<T: Read + Write> Write for Stream<T> {
    /// Accepts as much as there is room for once, and gives the transport what it takes. If the
    /// transport fails after bytes were accepted, the next call tells of it.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_plaintext(|writer| writer.write(buf))
    }

    /// As [`write`](Self::write). Small buffers share their records: for a record each, write and
    /// [`flush`](Self::flush) them one by one.
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write_plaintext(|writer| writer.write_vectored(bufs))
    }

    /// Returns when everything accepted is with the transport. On a fresh stream nothing is
    /// accepted yet: the handshake is not waited for.
    fn flush(&mut self) -> io::Result<()> {
        Ok(self.run(Goal::Flush)?)
    }
}

impl From<&io::Error> for FarEnd {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => Self::Reset,
            ErrorKind::BrokenPipe | ErrorKind::NotConnected => Self::Gone,
            _ => Self::Unknown,
        }
    }
}

/// Pieces of ciphertext that one `writev` is given.
const MAX_SLICES: usize = 16;

impl From<Fault<Self>> for io::Error {
    fn from(fault: Fault<Self>) -> Self {
        match fault {
            Fault::Transport(error) => error,
            Fault::WriteZero => ErrorKind::WriteZero.into(),
            // The transport is at fault, not the caller.
            Fault::Overrun(overrun) | Fault::WriteOverrun(overrun) => Self::other(overrun),
            Fault::Connection(error) => error.into(),
            Fault::Write(error) => error.into(),
            Fault::Linger(error) => error.into(),
        }
    }
}
