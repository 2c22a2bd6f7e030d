//! A connection over a blocking transport.

use embedded_io::{BufRead, ErrorType, Read, Write};
use wantwrite::Connection;
use wantwrite::driver::{Driver, Goal, Step};

use crate::error::{EmbeddedError, far_end};

/// A [`Connection`] and its transport, as one `Read + BufRead + Write` of embedded-io.
///
/// * Every call blocks, as `T` does, until its work is done. That includes the handshake.
/// * `read` returns 0 only after the peer's `close_notify`. A transport that ends without one is
///   [`Error::Truncated`](wantwrite::Error::Truncated).
/// * When `write` returns, the transport has everything that it accepted. `flush` also empties the
///   transport's own buffer.
/// * If the connection has failed, calls return that error rather than an error of the transport.
///
/// ```no_run
/// use embedded_io::{Read, Write};
/// use wantwrite::Connection;
/// use wantwrite_embedded_io::{EmbeddedError, EmbeddedStream};
///
/// # fn get<T: Read + Write>(connection: Connection, socket: T) -> Result<(), EmbeddedError<T::Error>> {
/// let mut stream = EmbeddedStream::new(connection, socket);
/// stream.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n")?;
/// stream.flush()?;
/// let mut page = [0; 1024];
/// while stream.read(&mut page)? > 0 {}
/// stream.close()
/// # }
/// ```
#[derive(Debug)]
pub struct EmbeddedStream<T: ErrorType> {
    driver: Driver<T::Error>,
    io: T,
}

impl<T: Read + Write> EmbeddedStream<T> {
    /// Joins a connection, new or established, to its transport. Does no I/O.
    #[must_use]
    pub const fn new(connection: Connection, io: T) -> Self {
        Self { driver: Driver::new(connection), io }
    }

    /// Finishes the handshake, unless it is complete. `read` and `write` do this automatically.
    ///
    /// # Errors
    /// The reason why the handshake failed, or the transport's own error.
    pub fn complete_handshake(&mut self) -> Result<(), EmbeddedError<T::Error>> {
        self.run(Goal::Handshake)
    }

    /// Sends `close_notify` after all accepted data, and returns once the transport has everything.
    /// Finishes the handshake first, unless it is complete. You can still read.
    ///
    /// **Do not drop a socket yet.** The peer may not have received what the transport has taken.
    /// Many network stacks reset a socket that is closed with unread input, and the peer then loses
    /// what it has not read yet. Read until the peer's end first, or call
    /// [`close_and_linger`](Self::close_and_linger).
    ///
    /// # Errors
    /// The reason why the connection has failed, or the transport's own error.
    pub fn close(&mut self) -> Result<(), EmbeddedError<T::Error>> {
        self.run(Goal::Close)
    }

    /// Closes like [`close`](Self::close), then reads and discards the peer's data until it ends
    /// with `close_notify` or the end of the transport ([`reader_state`](Connection::reader_state)
    /// says which). After that, you can drop the transport safely.
    ///
    /// Reads and discards at most `max_discarded` bytes from the transport. Calls `keep_waiting`
    /// before each read; the read itself blocks for as long as `T` does. A repeated call resumes
    /// where the last one stopped, and continues to count.
    ///
    /// # Errors
    /// The same as [`close`](Self::close), and [`EmbeddedError::Linger`].
    pub fn close_and_linger(
        &mut self,
        max_discarded: u64,
        keep_waiting: impl FnMut() -> bool,
    ) -> Result<(), EmbeddedError<T::Error>> {
        self.run_while(Goal::Linger { max: max_discarded }, keep_waiting)
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        self.driver.connection()
    }

    /// The connection, for calls that the stream does not have. The stream's next call sends what
    /// you write here.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        self.driver.connection_mut()
    }

    /// The transport.
    pub const fn get_ref(&self) -> &T {
        &self.io
    }

    /// The transport. Never read or write TLS bytes directly: that breaks the connection.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Splits the stream into connection and transport. Pending bytes stay in the connection.
    pub fn into_parts(self) -> (Connection, T) {
        (self.driver.into_connection(), self.io)
    }

    fn run(&mut self, goal: Goal) -> Result<(), EmbeddedError<T::Error>> {
        self.run_while(goal, || true)
    }

    fn run_while(
        &mut self,
        goal: Goal,
        mut keep_waiting: impl FnMut() -> bool,
    ) -> Result<(), EmbeddedError<T::Error>> {
        let Self { driver, io } = self;
        loop {
            let done = match driver.next(goal)? {
                // A blocking transport never reports that it would block.
                Step::Done | Step::Blocked => return Ok(()),
                Step::Write(mut bytes) => io.write(bytes.chunk()).map(|n| driver.wrote(n)),
                Step::Flush => io.flush().map(|()| driver.flushed()),
                Step::Read(memory) if keep_waiting() => io.read(memory).map(|n| driver.read(n)),
                Step::Read(_) => {
                    driver.gave_up();
                    Ok(())
                }
            };
            if let Err(error) = done {
                driver.failed(far_end(&error), error);
            }
        }
    }
}

impl<T: ErrorType> ErrorType for EmbeddedStream<T> {
    type Error = EmbeddedError<T::Error>;
}

impl<T: Read + Write> Read for EmbeddedStream<T> {
    /// Returns plaintext. If sending pending bytes fails, the next writing call returns that error.
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.run(Goal::Read)?;
        let len = self.driver.read_plaintext(|connection| connection.read(buf))?;
        self.run(Goal::Offer)?;
        Ok(len)
    }
}

impl<T: Read + Write> BufRead for EmbeddedStream<T> {
    /// Returns the plaintext of one record, in the memory where it was opened.
    fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        self.run(Goal::Read)?;
        Ok(self.driver.connection().plaintext())
    }

    fn consume(&mut self, len: usize) {
        let connection = self.driver.connection_mut();
        // The trait has no error for a `len` that is too large.
        let _within = connection.consume(len.min(connection.plaintext().len()));
    }
}

impl<T: Read + Write> Write for EmbeddedStream<T> {
    /// Accepts as much as fits into the buffer and passes it to the transport. If that fails after
    /// bytes were accepted, the next call returns the error.
    fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.run(Goal::Write)?;
        let accepted = self.driver.write_plaintext(|writer| writer.write(buf));
        self.run(Goal::Offer)?;
        Ok(accepted?)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.run(Goal::Flush)
    }
}
