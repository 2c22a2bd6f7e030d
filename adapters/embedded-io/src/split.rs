//! A connection over the two halves of a transport, which are used at the same time.

use alloc::boxed::Box;
use alloc::vec;
use core::cell::RefCell;
use core::future::poll_fn;
use core::mem;
use core::pin::pin;
use core::task::{Context, Poll};

use embedded_io_async::{ErrorType, Read, Write};
use wantwrite::bytes::Buf;
use wantwrite::driver::{Driver, Goal, Step};
use wantwrite::{AlertDescription, Chunk, Connection, Role, Version, WriteError, WriterState};

use crate::asynchronous::{DroppedCall, InFlight, take};
use crate::error::{EmbeddedError, far_end};
use crate::lock::{Lock, Side};

/// A [`Connection`] and the two halves of its transport, to read and write at the same time. Give
/// the [`halves`](Self::halves) to two tasks of one executor, or to a `join`.
///
/// ```no_run
/// use embedded_io_async::{Read, Write};
/// use wantwrite::Connection;
/// use wantwrite_embedded_io::{DroppedCall, EmbeddedError, SplitStream};
///
/// # use futures_lite::future::zip as join;
/// # async fn talk<R, W>(connection: Connection, reader: R, writer: W) -> Result<(), EmbeddedError<R::Error>>
/// # where R: Read, W: Write<Error = R::Error> {
/// let mut stream = SplitStream::new(connection, reader, writer, DroppedCall::DidNothing);
/// let (mut input, mut output) = stream.halves();
/// let receive = async {
///     let mut buf = [0; 1024];
///     while input.read(&mut buf).await? > 0 {}
///     Ok::<_, EmbeddedError<R::Error>>(())
/// };
/// let send = async {
///     output.write_all(&[7; 1_000_000]).await?;
///     output.close().await
/// };
/// let (received, sent) = join(receive, send).await;
/// received.and(sent)
/// # }
/// ```
///
/// Input is read into separate memory and copied once. Pieces of ciphertext of 2 KiB or more are
/// sent without a copy. With [`DroppedCall::Unknown`] the reading half sends nothing: the next call
/// of the writing half sends its answers.
#[derive(Debug)]
pub struct SplitStream<R: ErrorType, W> {
    io: R,
    input: Input<R::Error>,
    shared: Shared<R::Error, W>,
}

/// What both halves use, each for a moment.
#[derive(Debug)]
struct Shared<E, W> {
    driver: RefCell<Driver<E>>,
    link: Lock<Link<W>>,
    dropped: DroppedCall,
}

/// The writing half of the transport, and what it was given.
#[derive(Debug)]
struct Link<W> {
    io: W,
    in_flight: InFlight,
    /// The bytes of the write in flight.
    chunk: Option<Chunk>,
}

/// Input from the transport.
#[derive(Debug)]
struct Input<E> {
    memory: Box<[u8]>,
    /// The result of a read, and how much of it the driver has.
    arrived: Option<(Result<usize, E>, usize)>,
    in_flight: InFlight,
}

/// The size of one read.
const INPUT_LEN: usize = 4096;

impl<R: Read, W: Write<Error = R::Error>> SplitStream<R, W> {
    /// Joins a connection, new or established, to the halves of its transport. `dropped` states
    /// what a dropped call of the transport has done. Does no I/O.
    #[must_use]
    pub fn new(connection: Connection, reader: R, writer: W, dropped: DroppedCall) -> Self {
        let (memory, in_flight) = (vec![0; INPUT_LEN].into(), InFlight::Nothing);
        Self {
            io: reader,
            input: Input { memory, arrived: None, in_flight },
            shared: Shared {
                driver: RefCell::new(Driver::new(connection)),
                link: Lock::new(Link { io: writer, in_flight, chunk: None }),
                dropped,
            },
        }
    }

    /// Finishes the handshake, unless it is complete. The reading half does this as well; the
    /// writing half cannot. A server in TLS 1.3 does not wait until its tickets are sent.
    ///
    /// # Errors
    /// The reason why the handshake failed, or the transport's own error.
    pub async fn complete_handshake(&mut self) -> Result<(), EmbeddedError<R::Error>> {
        let (mut input, output) = self.halves();
        input.until(Goal::Handshake).await?;
        if may_be_tickets(output.shared.driver.borrow().connection()) {
            return Ok(());
        }
        output.shared.run(Goal::Flush, Side::Writing).await
    }

    /// Borrows both halves.
    pub fn halves(&mut self) -> (ReadHalf<'_, R, W>, WriteHalf<'_, R, W>) {
        let Self { io, input, shared } = self;
        (ReadHalf { io, input, shared }, WriteHalf { shared })
    }

    /// The connection.
    pub fn connection_mut(&mut self) -> &mut Connection {
        self.shared.driver.get_mut().connection_mut()
    }

    /// Splits the stream into its parts. Pending bytes stay in the connection. Input that was
    /// already read is passed to the connection, as far as it accepts it.
    ///
    /// With [`DroppedCall::Unknown`], the connection has [failed](Connection::error) if a call of
    /// the transport was dropped. After a dropped write nothing stays pending.
    pub fn into_parts(self) -> (Connection, R, W) {
        let Self { io, input, shared } = self;
        let Shared { driver, link, dropped } = shared;
        let Link { io: writer, in_flight, chunk } = link.into_inner();
        let mut connection = driver.into_inner().into_connection();
        // The bytes of a write that was dropped.
        if let Some(chunk) = chunk {
            put_back(&mut connection, chunk);
        }
        input.in_flight.leave(dropped, &mut connection);
        in_flight.leave(dropped, &mut connection);
        if let Some((Ok(len), given)) = input.arrived {
            let _taken = connection.receive(input.memory.get(given..len).unwrap_or_default());
        }
        (connection, io, writer)
    }
}

/// The half of a [`SplitStream`] that reads.
#[derive(Debug)]
pub struct ReadHalf<'a, R: ErrorType, W> {
    io: &'a mut R,
    input: &'a mut Input<R::Error>,
    shared: &'a Shared<R::Error, W>,
}

impl<R: ErrorType, W> ErrorType for ReadHalf<'_, R, W> {
    type Error = EmbeddedError<R::Error>;
}

impl<R: Read, W: Write<Error = R::Error>> Read for ReadHalf<'_, R, W> {
    /// Returns the plaintext of at most one record. A call that is dropped has taken none.
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Self::Error> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.until(Goal::Read).await?;
        Ok(take(self.shared.driver.borrow_mut().connection_mut(), buf))
    }
}

impl<R: Read, W: Write<Error = R::Error>> ReadHalf<'_, R, W> {
    async fn until(&mut self, goal: Goal) -> Result<(), EmbeddedError<R::Error>> {
        let Self { io, input, shared } = self;
        let dropped = shared.dropped;
        input.in_flight.settle(dropped, shared.driver.borrow_mut().connection_mut())?;
        let mut has_offered = dropped == DroppedCall::Unknown;
        loop {
            shared.settle()?;
            let next = {
                let mut driver = shared.driver.borrow_mut();
                let explain = |fault| input.in_flight.explain(fault);
                let negotiates = driver.connection().writer_state() == WriterState::Negotiating;
                match driver.next(goal).map_err(explain)? {
                    Step::Done => return Ok(()),
                    Step::Read(memory) if input.arrived.is_some() => {
                        input.give(memory).report(&mut driver);
                        continue;
                    }
                    Step::Write(_) | Step::Flush => {
                        // The peer waits for it.
                        if negotiates && !may_be_tickets(driver.connection()) {
                            Next::Send
                        } else if !has_offered {
                            Next::Offer
                        } else {
                            // What was not sent immediately is sent while we wait for input.
                            driver.blocked();
                            continue;
                        }
                    }
                    Step::Read(_) => {
                        driver.blocked();
                        continue;
                    }
                    Step::Blocked => Next::Receive,
                }
            };
            match next {
                Next::Send => shared.run(Goal::Offer, Side::Reading).await?,
                Next::Offer => {
                    has_offered = true;
                    let _left = poll_once(shared.run(Goal::Offer, Side::Reading)).await;
                }
                Next::Receive if dropped == DroppedCall::DidNothing => {
                    while_running(input.receive(io), shared.run(Goal::Offer, Side::Reading)).await;
                }
                Next::Receive => input.receive(io).await,
            }
        }
    }
}

enum Next {
    Send,
    Offer,
    Receive,
}

impl<E> Input<E> {
    async fn receive<R: Read<Error = E>>(&mut self, io: &mut R) {
        let before = mem::replace(&mut self.in_flight, InFlight::Read);
        let result = io.read(&mut self.memory).await;
        self.in_flight = before;
        self.arrived = Some((result, 0));
    }

    /// Copies as much as fits into `memory`, and returns what to report.
    fn give(&mut self, memory: &mut [u8]) -> Given<E> {
        match self.arrived.take() {
            Some((Ok(len), _)) if len > self.memory.len() => {
                Given::Read(memory.len().saturating_add(len - self.memory.len()))
            }
            Some((Ok(len), given)) => {
                let left = self.memory.get(given..len).unwrap_or_default();
                let n = left.len().min(memory.len());
                memory[..n].copy_from_slice(&left[..n]);
                if n < left.len() {
                    self.arrived = Some((Ok(len), given + n));
                }
                Given::Read(n)
            }
            Some((Err(error), _)) => Given::Failed(error),
            None => Given::Read(0),
        }
    }
}

enum Given<E> {
    Read(usize),
    Failed(E),
}

impl<E: embedded_io_async::Error> Given<E> {
    fn report(self, driver: &mut Driver<E>) {
        match self {
            Self::Read(n) => driver.read(n),
            Self::Failed(error) => driver.failed(far_end(&error), error),
        }
    }
}

/// The half of a [`SplitStream`] that writes.
#[derive(Debug)]
pub struct WriteHalf<'a, R: ErrorType, W> {
    shared: &'a Shared<R::Error, W>,
}

impl<R: ErrorType, W> ErrorType for WriteHalf<'_, R, W> {
    type Error = EmbeddedError<R::Error>;
}

impl<R: ErrorType, W: Write<Error = R::Error>> Write for WriteHalf<'_, R, W> {
    /// Accepts as much as fits into the buffer; `flush` sends it. A call that is dropped has
    /// accepted nothing, and the next one can pass other bytes.
    ///
    /// Fails with [`WriteError::Negotiating`] until the other half has finished the handshake.
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Self::Error> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.shared.run(Goal::Write, Side::Writing).await?;
        Ok(self.shared.driver.borrow_mut().write_plaintext(|writer| writer.write(buf))?)
    }

    async fn flush(&mut self) -> Result<(), Self::Error> {
        self.shared.run(Goal::Flush, Side::Writing).await
    }
}

impl<R: ErrorType, W: Write<Error = R::Error>> WriteHalf<'_, R, W> {
    /// Like [`EmbeddedStream::close`](crate::EmbeddedStream::close). The other half can still read.
    /// It should read to the peer's end before you drop a socket.
    ///
    /// # Errors
    /// The reason why the connection has failed, or the transport's own error.
    pub async fn close(&mut self) -> Result<(), EmbeddedError<R::Error>> {
        self.shared.run(Goal::Close, Side::Writing).await
    }
}

impl<E: embedded_io_async::Error, W: Write<Error = E>> Shared<E, W> {
    /// Sends pending bytes until it reaches `goal`, which must not need input.
    async fn run(&self, goal: Goal, side: Side) -> Result<(), EmbeddedError<E>> {
        loop {
            self.settle()?;
            match self.driver.borrow_mut().next(goal)? {
                Step::Done | Step::Blocked => return Ok(()),
                Step::Read(_) => return Err(EmbeddedError::Write(WriteError::Negotiating)),
                Step::Write(_) | Step::Flush => {}
            }
            let mut link = self.link.lock(side).await;
            self.recover(&mut link)?;
            // The other half may have sent it in the meantime.
            let step = match self.driver.borrow_mut().next(goal)? {
                Step::Write(mut bytes) => bytes.take_chunk(usize::MAX).map(Some),
                Step::Flush => Some(None),
                Step::Read(_) | Step::Done | Step::Blocked => None,
            };
            let Some(chunk) = step else { continue };
            link.in_flight = InFlight::Write;
            link.chunk = chunk;
            let Link { io, chunk, in_flight } = &mut *link;
            let done = match chunk {
                Some(chunk) => io.write(chunk).await,
                None => io.flush().await.map(|()| 0),
            };
            *in_flight = InFlight::Nothing;
            match chunk.take() {
                Some(chunk) => self.sent(chunk, done),
                None => self.flushed(goal, done.map(|_| ())),
            }
        }
    }

    fn sent(&self, mut chunk: Chunk, done: Result<usize, E>) {
        let mut driver = self.driver.borrow_mut();
        match done {
            Ok(n @ 1..) if n <= chunk.len() => {
                chunk.advance(n);
                put_back(driver.connection_mut(), chunk);
            }
            done => {
                put_back(driver.connection_mut(), chunk);
                // The driver repeats the step, so that the result can be reported.
                if let Ok(Step::Write(mut bytes)) = driver.next(Goal::Offer) {
                    let _shown = bytes.chunk();
                    match done {
                        Ok(n) => driver.wrote(n),
                        Err(error) => driver.failed(far_end(&error), error),
                    }
                }
            }
        }
    }

    fn flushed(&self, goal: Goal, done: Result<(), E>) {
        let mut driver = self.driver.borrow_mut();
        match (driver.next(goal), done) {
            (Ok(Step::Flush), Ok(())) => driver.flushed(),
            // If more bytes are pending by now, the driver repeats the flush after them. That one
            // can succeed, so report this failure now.
            (Ok(Step::Flush | Step::Write(_)), Err(error)) => {
                driver.failed(far_end(&error), error);
            }
            _ => {}
        }
    }

    /// Settles the effects of a dropped call, unless a call is in progress.
    fn settle(&self) -> Result<(), EmbeddedError<E>> {
        self.link.try_lock().map_or(Ok(()), |mut link| self.recover(&mut link))
    }

    fn recover(&self, link: &mut Link<W>) -> Result<(), EmbeddedError<E>> {
        let mut driver = self.driver.borrow_mut();
        link.in_flight.settle(self.dropped, driver.connection_mut())?;
        if let Some(chunk) = link.chunk.take() {
            put_back(driver.connection_mut(), chunk);
        }
        Ok(())
    }
}

/// Whether what is left to send after a handshake may be tickets, which a client that writes first
/// does not read yet.
fn may_be_tickets(connection: &Connection) -> bool {
    connection.role() == Role::Server && connection.protocol_version() == Some(Version::Tls13)
}

/// Puts back the chunk that was taken last. Nothing has been drained since: only the holder of the
/// link drains.
fn put_back(connection: &mut Connection, chunk: Chunk) {
    if chunk.has_remaining() && connection.writer_mut().put_back(chunk).is_err() {
        connection.abort(AlertDescription::INTERNAL_ERROR);
    }
}

async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx: &mut Context<'_>| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Waits for `awaited`, and meanwhile polls `beside` until it completes.
async fn while_running<F: Future>(awaited: F, beside: impl Future) -> F::Output {
    let (mut awaited, mut beside) = (pin!(awaited), pin!(beside));
    let mut runs = true;
    poll_fn(|cx: &mut Context<'_>| {
        let poll = awaited.as_mut().poll(cx);
        if poll.is_pending() && runs {
            runs = beside.as_mut().poll(cx).is_pending();
        }
        poll
    })
    .await
}
