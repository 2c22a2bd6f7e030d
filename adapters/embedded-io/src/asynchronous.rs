//! A connection over a transport of `async fn`s.

use embedded_io_async::{BufRead, ErrorType, Read, Write};
use wantwrite::driver::{Driver, Fault, Goal, Step};
use wantwrite::{AlertDescription, Connection};

use crate::error::{EmbeddedError, far_end};

/// A [`Connection`] and its transport, as one `Read + BufRead + Write` of embedded-io-async.
///
/// * **Writing** accepts what there is room for, and waits for the transport only if there is
///   none. `flush` sends what was accepted; so do reading, before it waits for input, and closing.
/// * **Reading** gives 0 at the peer's `close_notify` only; a transport that ends without it is
///   [`Error::Truncated`](wantwrite::Error::Truncated). Answers go out before plaintext is
///   returned.
/// * **A call that you drop** (a timeout, a `select`) has accepted and returned nothing: repeat it,
///   or call something else. But the call of the transport that it waited for is dropped too, and
///   only the transport knows what that did: say so with [`DroppedCall`].
///
/// One call is made at a time, so that a peer that reads nothing while it writes can stop both:
/// if your transport has two halves, [`SplitStream`](crate::SplitStream) reads while it writes.
///
/// ```no_run
/// use embedded_io_async::{Read, Write};
/// use wantwrite::Connection;
/// use wantwrite_embedded_io::{AsyncEmbeddedStream, DroppedCall, EmbeddedError};
///
/// # async fn get<T: Read + Write>(connection: Connection, socket: T) -> Result<(), EmbeddedError<T::Error>> {
/// let mut stream = AsyncEmbeddedStream::new(connection, socket, DroppedCall::DidNothing);
/// stream.write_all(b"GET / HTTP/1.0\r\nHost: example.com\r\n\r\n").await?;
/// stream.flush().await?;
/// let mut page = [0; 1024];
/// while stream.read(&mut page).await? > 0 {}
/// stream.close().await
/// # }
/// ```
#[derive(Debug)]
pub struct AsyncEmbeddedStream<T: ErrorType> {
    driver: Driver<T::Error>,
    io: T,
    dropped: DroppedCall,
    in_flight: InFlight,
}

/// What a call of the transport has done when its future is dropped before its end.
///
/// embedded-io-async encourages a transport to have done nothing then, and asks it to document
/// what it does. The sockets of embassy-net do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DroppedCall {
    /// It has moved no bytes: the next call does it again.
    DidNothing,
    /// Nobody knows: ciphertext may be lost, or sent in part. The connection fails with
    /// [`EmbeddedError::Cancelled`]; if it was a write, nothing follows what may be half a record.
    Unknown,
}

/// The call of the transport whose end was not seen yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InFlight {
    Nothing,
    Read,
    /// Or a flush.
    Write,
    /// A read was dropped that may have taken input away.
    Lost,
}

impl InFlight {
    /// Whether the transport may be called again. If input may be lost, the peer is told.
    pub(crate) fn settle<E>(
        &mut self,
        dropped: DroppedCall,
        connection: &mut Connection,
    ) -> Result<(), EmbeddedError<E>> {
        match (dropped, *self) {
            (DroppedCall::DidNothing, _) => *self = Self::Nothing,
            (DroppedCall::Unknown, Self::Write) => return Err(EmbeddedError::Cancelled),
            (DroppedCall::Unknown, Self::Read) => {
                connection.abort(AlertDescription::INTERNAL_ERROR);
                *self = Self::Lost;
            }
            (DroppedCall::Unknown, Self::Nothing | Self::Lost) => {}
        }
        Ok(())
    }

    /// That input was lost is why the connection failed.
    pub(crate) fn explain<E>(self, fault: Fault<E>) -> EmbeddedError<E> {
        match (self, fault) {
            (Self::Lost, Fault::Connection(_)) => EmbeddedError::Cancelled,
            (_, fault) => fault.into(),
        }
    }
}

impl<T: Read + Write> AsyncEmbeddedStream<T> {
    /// Joins a connection, fresh or established, and its transport, and says what a dropped call
    /// of that has done. Does no I/O.
    #[must_use]
    pub const fn new(connection: Connection, io: T, dropped: DroppedCall) -> Self {
        Self { driver: Driver::new(connection), io, dropped, in_flight: InFlight::Nothing }
    }

    /// Finishes the handshake, if it is not finished. `read` and `write` do so by themselves.
    ///
    /// # Errors
    /// Why it failed, or the transport's own error.
    pub async fn complete_handshake(&mut self) -> Result<(), EmbeddedError<T::Error>> {
        self.run(Goal::Handshake).await
    }

    /// As [`EmbeddedStream::close`](crate::EmbeddedStream::close). A repeated call resumes where
    /// it stopped.
    ///
    /// # Errors
    /// Why the connection has failed, or the transport's own error.
    pub async fn close(&mut self) -> Result<(), EmbeddedError<T::Error>> {
        self.run(Goal::Close).await
    }

    /// As [`EmbeddedStream::close_and_linger`](crate::EmbeddedStream::close_and_linger), with a
    /// timeout of yours around it.
    ///
    /// # Errors
    /// As [`close`](Self::close), or [`EmbeddedError::Linger`].
    pub async fn close_and_linger(
        &mut self,
        max_discarded: u64,
    ) -> Result<(), EmbeddedError<T::Error>> {
        self.run(Goal::Linger { max: max_discarded }).await
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        self.driver.connection()
    }

    /// The connection, for what a stream has no call for. Whatever is written here is drained by
    /// the next `flush`, `read` or `close`.
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

    async fn run(&mut self, goal: Goal) -> Result<(), EmbeddedError<T::Error>> {
        let Self { driver, io, dropped, in_flight } = self;
        in_flight.settle(*dropped, driver.connection_mut())?;
        loop {
            let explain = |fault| in_flight.explain(fault);
            let before = *in_flight;
            let done = match driver.next(goal).map_err(explain)? {
                // A transport that is awaited never says that it would block.
                Step::Done | Step::Blocked => return Ok(()),
                Step::Write(mut bytes) => {
                    *in_flight = InFlight::Write;
                    io.write(bytes.chunk()).await.map(|n| driver.wrote(n))
                }
                Step::Flush => {
                    *in_flight = InFlight::Write;
                    io.flush().await.map(|()| driver.flushed())
                }
                Step::Read(memory) => {
                    *in_flight = InFlight::Read;
                    io.read(memory).await.map(|n| driver.read(n))
                }
            };
            *in_flight = before;
            if let Err(error) = done {
                driver.failed(far_end(&error), error);
            }
        }
    }
}

impl<T: ErrorType> ErrorType for AsyncEmbeddedStream<T> {
    type Error = EmbeddedError<T::Error>;
}

impl<T: Read + Write> Read for AsyncEmbeddedStream<T> {
    /// The plaintext of one record at most. A call that is dropped has taken none.
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.run(Goal::Read).await?;
        Ok(take(self.driver.connection_mut(), buf))
    }
}

/// Takes plaintext that is there, and makes no more: its answers would have to be sent.
pub(crate) fn take(connection: &mut Connection, buf: &mut [u8]) -> usize {
    let plaintext = connection.plaintext();
    let len = plaintext.len().min(buf.len());
    buf[..len].copy_from_slice(&plaintext[..len]);
    let _within = connection.consume(len);
    len
}

impl<T: Read + Write> BufRead for AsyncEmbeddedStream<T> {
    /// The plaintext of one record, where it was opened.
    async fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        self.run(Goal::Read).await?;
        Ok(self.driver.connection().plaintext())
    }

    fn consume(&mut self, len: usize) {
        let connection = self.driver.connection_mut();
        // The trait has no error for it.
        let _within = connection.consume(len.min(connection.plaintext().len()));
    }
}

impl<T: Read + Write> Write for AsyncEmbeddedStream<T> {
    /// Accepts as much as there is room for; `flush` sends it. A call that is dropped has accepted
    /// nothing, and other bytes may follow.
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.run(Goal::Write).await?;
        Ok(self.driver.write_plaintext(|writer| writer.write(buf))?)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.run(Goal::Flush).await
    }
}
