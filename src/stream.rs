//! A connection over `std::io`: blocking, or non-blocking with [`ErrorKind::WouldBlock`].

use std::io::{self, ErrorKind, IoSlice, Read, Write};

use crate::connection::{Connection, ConnectionError};
use crate::driver::{Driver, FarEnd, Fault, Goal, Step};
use crate::error::WriteError;
use crate::writer::Writer;

/// A [`Connection`] and its transport, combined into one `Read + Write`.
///
/// With a blocking `T`, every call blocks until its work is done, including the handshake. With a
/// non-blocking `T`, a call that cannot continue returns [`ErrorKind::WouldBlock`]. Nothing is lost
/// then, and you never have to repeat a call with the same arguments. Wait for what the call needs:
/// during the handshake, what [`Connection::wants`] reports (for `flush`, writability). After it,
///
/// * `write`, `flush` and `close` need writability;
/// * `read` needs readability, and also writability while [`wants`](Connection::wants)`().drain` is
///   set;
/// * `close_and_linger` needs writability while `wants().drain` is set, then readability.
///
/// Do not wait for readability if your next call does not read: while there is unread input, a
/// level-triggered poll for it returns immediately.
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
/// stream.close()?; // the client has ended, so no input is left unread
/// # Ok(())
/// # }
/// ```
///
/// When `write` returns, none of the bytes it accepted depend on a later `flush`, unless `T` would
/// not take them.
///
/// # Which error is reported
///
/// * The reason why the connection failed takes precedence over any transport error, and every
///   later call reports it. If its alert could not be sent, that is not reported.
/// * If the handshake cannot write because the peer is gone, but the peer's alert can still be
///   read, that alert is reported.
/// * If writing fails during a read, or after bytes were accepted, the next writing call reports
///   the failure, once. There is one exception: if the failure was a reset and reading then reaches
///   the end of the transport, `read` first reports the reset, and then `UnexpectedEof`.
/// * After the handshake, a write that fails does not read. If the peer is gone, `read` may still
///   find out why.
/// * A transport that claims to have taken more than it was given causes an error of kind `Other`
///   that contains an [`Overrun`](crate::Overrun). No bytes count as sent then.
#[derive(Debug)]
pub struct Stream<T> {
    driver: Driver<io::Error>,
    io: T,
}

impl<T: Read + Write> Stream<T> {
    /// Combines a connection, new or established, with its transport. Does no I/O.
    #[must_use]
    pub const fn new(connection: Connection, io: T) -> Self {
        Self { driver: Driver::new(connection), io }
    }

    /// Completes the handshake if it is not complete yet. `read` and `write` do so automatically.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if a non-blocking transport cannot continue;
    /// [`ErrorKind::UnexpectedEof`] if the transport ended; [`ErrorKind::InvalidData`] with a
    /// [`ConnectionError`](crate::ConnectionError) inside if the handshake failed; or the
    /// transport's own error.
    pub fn complete_handshake(&mut self) -> io::Result<()> {
        Ok(self.run(Goal::Handshake)?)
    }

    /// Sends `close_notify` after everything accepted, and returns once the transport has taken all
    /// of it. If the handshake is not complete, it is completed first. You can still read
    /// afterwards. A repeated call resumes where the last one stopped.
    ///
    /// **Do not drop a socket yet.** The transport has the bytes, but the peer may not. An
    /// operating system that closes a socket with unread input resets the connection, and the peer
    /// loses what it has not read yet. Session tickets that you have not read are enough to cause
    /// this. First read until the peer's end of data, or call
    /// [`close_and_linger`](Self::close_and_linger).
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] if a non-blocking transport cannot continue: call again. The
    /// reason why the handshake or the connection failed, once the transport has taken the alert.
    /// Otherwise the transport's own error.
    pub fn close(&mut self) -> io::Result<()> {
        Ok(self.run(Goal::Close)?)
    }

    /// Closes as [`close`](Self::close) does, then reads and discards what the peer still sends
    /// until the peer ends with `close_notify` or the transport ends
    /// ([`reader_state`](Connection::reader_state) says which). After that you can drop the
    /// transport. Servers call this a lingering close.
    ///
    /// At most `max_discarded` bytes are read from the transport and discarded. `keep_waiting` is
    /// called before each read. Together with the transport's read timeout, it limits how long this
    /// can take, even if the peer sends a byte now and then:
    ///
    /// ```no_run
    /// use std::net::{Shutdown, TcpStream};
    /// use std::time::{Duration, Instant};
    /// use wantwrite::Stream;
    ///
    /// fn end(mut stream: Stream<TcpStream>) -> std::io::Result<()> {
    ///     stream.close()?;
    ///     // For peers that wait for the end of the TCP stream; `Stream` has no call for this.
    ///     stream.get_ref().shutdown(Shutdown::Write)?;
    ///     stream.get_ref().set_read_timeout(Some(Duration::from_secs(2)))?;
    ///     let deadline = Instant::now() + Duration::from_secs(10);
    ///     stream.close_and_linger(1 << 20, || Instant::now() < deadline)
    /// }
    /// ```
    ///
    /// A repeated call resumes where the last one stopped and continues the count.
    ///
    /// # Errors
    /// The same as [`close`](Self::close). [`ErrorKind::WouldBlock`] or [`ErrorKind::TimedOut`],
    /// depending on the operating system, after a read timeout. With a
    /// [`LingerError`](crate::LingerError) inside: [`ErrorKind::TimedOut`] if `keep_waiting`
    /// returned false, and [`ErrorKind::Other`] if the peer sent more than `max_discarded` bytes.
    pub fn close_and_linger(
        &mut self,
        max_discarded: u64,
        keep_waiting: impl FnMut() -> bool,
    ) -> io::Result<()> {
        Ok(self.run_while(Goal::Linger { max: max_discarded }, keep_waiting)?)
    }

    /// Returns the connection.
    pub const fn connection(&self) -> &Connection {
        self.driver.connection()
    }

    /// Returns the connection, for operations that a stream does not offer. The stream's next call
    /// drains whatever you write to it.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        self.driver.connection_mut()
    }

    /// Returns the transport.
    pub const fn get_ref(&self) -> &T {
        &self.io
    }

    /// Returns the transport. Reading or writing TLS bytes directly breaks the connection.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Returns the connection and the transport. Pending bytes stay in the connection.
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
                // The driver asks for the same step again.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => driver.failed(FarEnd::from(&error), error),
                Ok(()) => {}
            }
        }
    }
}

impl<T: Read + Write> Read for Stream<T> {
    /// Returns 0 only at the peer's `close_notify` (or for an empty `buf`). A transport that ends
    /// without `close_notify` gives [`ErrorKind::UnexpectedEof`]. If the transport fails to take
    /// pending bytes, the next writing call reports the failure.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.read_plaintext(|connection| connection.read(buf))
    }
}

impl<T: Read + Write> Write for Stream<T> {
    /// Accepts as many bytes as there is room for, once, and passes on what the transport takes. If
    /// the transport fails after bytes were accepted, the next call reports the failure.
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_plaintext(|writer| writer.write(buf))
    }

    /// Like [`write`](Self::write). Small buffers share their records; for separate records, write
    /// and [`flush`](Self::flush) them one by one.
    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.write_plaintext(|writer| writer.write_vectored(bufs))
    }

    /// Returns once the transport has taken everything accepted. This does not wait for the
    /// handshake: on a new stream nothing has been accepted yet.
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

/// How many chunks of ciphertext one `writev` gets.
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
