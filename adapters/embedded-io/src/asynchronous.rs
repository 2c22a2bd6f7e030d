//! A connection over a transport whose calls are `async fn`s.

use core::convert::Infallible;

use embedded_io_async::{BufRead, ErrorType, Read, Write};
use wantwrite::driver::{Driver, Fault, Goal, Step};
use wantwrite::{AlertDescription, Connection, Error};

use crate::error::{EmbeddedError, far_end};

/// A [`Connection`] and its transport, as one `Read + BufRead + Write` of embedded-io-async.
///
/// * **Writing** accepts as much as fits into the buffer, and waits for the transport only if the
///   buffer is full. `flush` and `close` send accepted data; so does a read before it waits for
///   input.
/// * **Reading** returns 0 only after the peer's `close_notify`. A transport that ends without one
///   is [`Error::Truncated`](wantwrite::Error::Truncated). Answers to the peer are sent before
///   plaintext is returned.
/// * **A call that you drop** (in a timeout or a `select`) has accepted and returned nothing:
///   repeat it, or make another call. But dropping it also drops the transport's call that it was
///   waiting for, and only the transport knows what that call has done. Say so with
///   [`DroppedCall`].
///
/// The stream makes one call of the transport at a time. So if the peer reads nothing while it
/// writes, both sides can block each other. If your transport has two halves, use
/// [`SplitStream`](crate::SplitStream), which reads while it writes.
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

/// What a call of the transport has done if its future is dropped before it completes.
///
/// embedded-io-async encourages transports to have done nothing in that case, and asks them to
/// document their behaviour. The sockets of embassy-net do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DroppedCall {
    /// The call has moved no bytes. The next call repeats it.
    DidNothing,
    /// The effect is unknown: ciphertext may be lost, or partly sent. The connection fails with
    /// [`EmbeddedError::Cancelled`]. After a dropped write, nothing more is sent, because the last
    /// record may be incomplete. `into_parts` returns a failed connection then.
    Unknown,
}

/// The call of the transport that has not been seen to complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InFlight {
    Nothing,
    Read,
    /// A write or a flush.
    Write,
    /// A read was dropped that may have consumed input.
    Lost,
}

impl InFlight {
    /// Whether the transport can be called again. If input may be lost, this aborts the connection
    /// so that the peer learns of it.
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

    /// Prepares a connection to leave its stream, where this mark stays behind. If a record may
    /// have been sent only in part, the connection fails, and no bytes stay pending.
    pub(crate) fn leave(mut self, dropped: DroppedCall, connection: &mut Connection) {
        if self.settle::<Infallible>(dropped, connection).is_err() {
            connection.abort(AlertDescription::INTERNAL_ERROR);
            // As after an alert from the peer, nothing can be sent. The first error is kept.
            let silence = Error::PeerAlert(AlertDescription::INTERNAL_ERROR);
            connection.writer_mut().fail(silence);
        }
    }

    /// Reports lost input as the reason why the connection failed.
    pub(crate) fn explain<E>(self, fault: Fault<E>) -> EmbeddedError<E> {
        match (self, fault) {
            (Self::Lost, Fault::Connection(_)) => EmbeddedError::Cancelled,
            (_, fault) => fault.into(),
        }
    }
}

impl<T: Read + Write> AsyncEmbeddedStream<T> {
    /// Joins a connection, new or established, to its transport. `dropped` states what a dropped
    /// call of the transport has done. Does no I/O.
    #[must_use]
    pub const fn new(connection: Connection, io: T, dropped: DroppedCall) -> Self {
        Self { driver: Driver::new(connection), io, dropped, in_flight: InFlight::Nothing }
    }

    /// Finishes the handshake, unless it is complete. `read` and `write` do this automatically.
    ///
    /// # Errors
    /// The reason why the handshake failed, or the transport's own error.
    pub async fn complete_handshake(&mut self) -> Result<(), EmbeddedError<T::Error>> {
        self.run(Goal::Handshake).await
    }

    /// Like [`EmbeddedStream::close`](crate::EmbeddedStream::close). A repeated call resumes where
    /// the last one stopped.
    ///
    /// # Errors
    /// The reason why the connection has failed, or the transport's own error.
    pub async fn close(&mut self) -> Result<(), EmbeddedError<T::Error>> {
        self.run(Goal::Close).await
    }

    /// Like [`EmbeddedStream::close_and_linger`](crate::EmbeddedStream::close_and_linger), but wrap
    /// it in a timeout of your own.
    ///
    /// # Errors
    /// The same as [`close`](Self::close), and [`EmbeddedError::Linger`].
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

    /// The connection, for calls that the stream does not have. The next `flush`, `read` or `close`
    /// sends what you write here.
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
    ///
    /// With [`DroppedCall::Unknown`], the connection has [failed](Connection::error) if a call of
    /// the transport was dropped. After a dropped write nothing stays pending.
    pub fn into_parts(self) -> (Connection, T) {
        let mut connection = self.driver.into_connection();
        self.in_flight.leave(self.dropped, &mut connection);
        (connection, self.io)
    }

    async fn run(&mut self, goal: Goal) -> Result<(), EmbeddedError<T::Error>> {
        let Self { driver, io, dropped, in_flight } = self;
        in_flight.settle(*dropped, driver.connection_mut())?;
        loop {
            let explain = |fault| in_flight.explain(fault);
            let before = *in_flight;
            let done = match driver.next(goal).map_err(explain)? {
                // An async transport waits instead of blocking, so the driver never reports
                // `Blocked`.
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
    /// Returns the plaintext of at most one record. A call that is dropped has taken none.
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.run(Goal::Read).await?;
        Ok(take(self.driver.connection_mut(), buf))
    }
}

/// Takes plaintext that is ready, without processing more input: the answers to that would have to
/// be sent.
pub(crate) fn take(connection: &mut Connection, buf: &mut [u8]) -> usize {
    let plaintext = connection.plaintext();
    let len = plaintext.len().min(buf.len());
    buf[..len].copy_from_slice(&plaintext[..len]);
    let _within = connection.consume(len);
    len
}

impl<T: Read + Write> BufRead for AsyncEmbeddedStream<T> {
    /// Returns the plaintext of one record, in the memory where it was opened.
    async fn fill_buf(&mut self) -> Result<&[u8], Self::Error> {
        self.run(Goal::Read).await?;
        Ok(self.driver.connection().plaintext())
    }

    fn consume(&mut self, len: usize) {
        let connection = self.driver.connection_mut();
        // The trait has no error for a `len` that is too large.
        let _within = connection.consume(len.min(connection.plaintext().len()));
    }
}

impl<T: Read + Write> Write for AsyncEmbeddedStream<T> {
    /// Accepts as much as fits into the buffer; `flush` sends it. A call that is dropped has
    /// accepted nothing, and the next one can pass other bytes.
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
