//! A connection over a transport that blocks.

use embedded_io::{BufRead, ErrorType, Read, Write};
use wantwrite::Connection;
use wantwrite::driver::{Driver, Goal, Step};

use crate::error::{EmbeddedError, far_end};

/// A [`Connection`] and its transport, as one `Read + BufRead + Write` of embedded-io.
///
/// Every call blocks as `T` does, and goes on until it has done its work, handshake included.
/// `read` gives 0 at the peer's `close_notify` only; a transport that ends without it is
/// [`Error::Truncated`]. When `write` returns, all it accepted is with the transport; `flush`
/// empties the transport's own buffer too. Why a connection failed comes before any error of the
/// transport.
///
/// embedded-io-async is not offered. Its traits encourage, but do not oblige, a transport to have
/// done nothing when a future of it is dropped: ciphertext could be lost or sent twice, which no
/// TLS connection survives. A task drives a [`Connection`] itself, and knows its transport.
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
    /// Joins a connection, fresh or established, and its transport. Does no I/O.
    #[must_use]
    pub const fn new(connection: Connection, io: T) -> Self {
        Self { driver: Driver::new(connection), io }
    }

    /// Finishes the handshake, if it is not finished. `read` and `write` do so by themselves.
    ///
    /// # Errors
    /// Why it failed, or the transport's own error.
    pub fn complete_handshake(&mut self) -> Result<(), EmbeddedError<T::Error>> {
        self.run(Goal::Handshake)
    }

    /// Sends `close_notify` behind everything accepted, and returns when all is with the
    /// transport. A handshake that is not finished is finished first. Reading continues.
    ///
    /// **Do not drop a socket now.** With the transport is not with the peer: many network stacks
    /// reset a socket that is closed with unread input, and what the peer has not read yet is
    /// lost. Read until the peer's end first, or call
    /// [`close_and_linger`](Self::close_and_linger).
    ///
    /// # Errors
    /// Why the connection has failed, or the transport's own error.
    pub fn close(&mut self) -> Result<(), EmbeddedError<T::Error>> {
        self.run(Goal::Close)
    }

    /// Closes as [`close`](Self::close) does, and then reads and throws away what the peer still
    /// sends until it has ended: by `close_notify`, or by the end of the transport
    /// ([`reader_state`](Connection::reader_state) says which). Now the transport may be dropped.
    ///
    /// At most `max_discarded` bytes are read from the transport and thrown away. `keep_waiting` is
    /// asked before each read, which takes as long as `T` lets it. A repeated call resumes where it
    /// was, and counts on.
    ///
    /// # Errors
    /// As [`close`](Self::close), or [`EmbeddedError::Linger`].
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
                // What blocks never says that it would.
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
    /// If the transport fails to take what waits for it, the next call that writes tells of it.
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
    /// The plaintext of one record, where it was opened.
    fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        self.run(Goal::Read)?;
        Ok(self.driver.connection().plaintext())
    }

    fn consume(&mut self, len: usize) {
        let connection = self.driver.connection_mut();
        // The trait has no error for it.
        let _within = connection.consume(len.min(connection.plaintext().len()));
    }
}

impl<T: Read + Write> Write for EmbeddedStream<T> {
    /// Accepts as much as there is room for once, and gives it to the transport. If that fails
    /// after bytes were accepted, the next call tells of it.
    fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        self.run(Goal::Write)?;
        let accepted = self.driver.write_plaintext(|writer| writer.write(buf));
        self.run(Goal::Offer)?;
        Ok(accepted?)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.run(Goal::Flush)
    }
}
