//! A connection and both directions of its transport.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::task::{Context, Poll, Waker, ready};
use std::io::{self, ErrorKind};

use bytes::BytesMut;
use compio_buf::BufResult;
use compio_io::util::Splittable;
use compio_io::{AsyncRead, AsyncWrite};
use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Step};
use wantwrite::{
    Connection, ConnectionError, Error, Overrun, ReaderState, WriteError, Writer, rustls,
};

use crate::lane::Lane;
use crate::outgoing::{Sent, put_back};
use crate::tasks::{Side, Tasks};

/// What both halves of a stream share.
#[derive(Debug)]
pub(crate) struct Session<R, W> {
    driver: Driver<io::Error>,
    receiver: Lane<R, Received>,
    sender: Lane<W, Sending>,
    /// What was read and is not reported to the driver yet.
    arrived: Arrived,
    /// Chunks that must be sent before anything else; otherwise empty memory for the next ones.
    batch: Vec<Sent>,
    /// Whether the transport's own buffer has been flushed since the last chunk.
    flushed: bool,
    ending: Ending,
    tasks: Arc<Tasks>,
    /// Wakes all waiting tasks.
    everyone: Waker,
}

/// The result of an operation that reads.
struct Received {
    result: io::Result<usize>,
    memory: BytesMut,
    /// The length of `memory` when it was lent.
    len: usize,
    owner: Owner,
}

#[derive(Clone, Copy)]
enum Owner {
    /// The connection opens the records in this memory.
    Connection,
    /// The connection needs none of this memory, or not all of it.
    Nobody,
}

#[derive(Debug)]
enum Arrived {
    Nothing,
    Bytes(BytesMut),
    End,
    Error(io::Error),
}

/// The shutdown of the transport itself.
#[derive(Debug)]
enum Ending {
    NotYet,
    Going,
    /// Until it has been returned to the caller.
    Over(io::Result<()>),
}

/// The result of an operation that writes.
enum Sending {
    Sent(io::Result<usize>, Vec<Sent>),
    Flushed(io::Result<()>),
    ShutDown(io::Result<()>),
}

/// How many chunks are in flight together, of about 16 KiB each.
const MAX_CHUNKS: usize = 16;

impl<R: AsyncRead + 'static, W: AsyncWrite + 'static> Session<R, W> {
    pub(crate) fn new<S>(connection: Connection, io: S) -> Self
    where
        S: Splittable<ReadHalf = R, WriteHalf = W>,
    {
        let (receiver, sender) = io.split();
        let tasks = Arc::new(Tasks::default());
        Self {
            driver: Driver::new(connection),
            receiver: Lane::Idle(receiver),
            sender: Lane::Idle(sender),
            arrived: Arrived::Nothing,
            batch: Vec::new(),
            flushed: false,
            ending: Ending::NotYet,
            everyone: Waker::from(Arc::clone(&tasks)),
            tasks,
        }
    }

    pub(crate) const fn connection_mut(&mut self) -> &mut Connection {
        self.driver.connection_mut()
    }

    pub(crate) fn poll_reading(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnOnce(&mut Connection) -> Result<usize, ConnectionError>,
    ) -> Poll<io::Result<usize>> {
        let was = self.driver.connection().writer_state();
        let mut poll = self.poll_goal(Side::Reading, Goal::Read, cx).map_ok(|()| 0);
        if let Poll::Ready(Ok(len)) = &mut poll {
            *len = self.driver.read_plaintext(read)?;
            let _offered = self.poll_goal(Side::Reading, Goal::Offer, cx);
        }
        // What a writing task waits for may have happened without an operation of its own.
        let ended = matches!(poll, Poll::Ready(Ok(0) | Err(_)));
        if ended || self.driver.connection().writer_state() != was {
            self.everyone.wake_by_ref();
        }
        Poll::Ready(Ok(ready!(poll)?))
    }

    pub(crate) fn poll_writing(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut Writer) -> Result<usize, WriteError>,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_goal(Side::Writing, Goal::Write, cx))?;
        let accepted = self.driver.write_plaintext(write);
        let _offered = self.poll_goal(Side::Writing, Goal::Offer, cx);
        Poll::Ready(Ok(accepted?))
    }

    /// Sends `close_notify` or an alert, and then shuts down the transport.
    pub(crate) fn poll_shut_down(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault<io::Error>>> {
        if let Ending::NotYet = self.ending {
            let closed = ready!(self.poll_goal(Side::Writing, Goal::Close, cx));
            let (Ok(()) | Err(Fault::Connection(_))) = closed else { return Poll::Ready(closed) };
            if self.sender.is_idle() {
                self.ending = Ending::Going;
                self.start_shutting_down();
            }
        }
        self.tasks.remember(Side::Writing, cx);
        self.settle_sender();
        let Ending::Over(shut_down) = mem::replace(&mut self.ending, Ending::Going) else {
            return Poll::Pending;
        };
        self.ending = Ending::NotYet;
        self.tasks.forget(Side::Writing);
        let connection = self.driver.connection();
        if let Some(error) = connection.error() {
            return Poll::Ready(Err(Fault::Connection(error)));
        }
        let has_ended = connection.reader_state() != ReaderState::Open;
        Poll::Ready(match shut_down {
            // Some systems return this for a socket that the peer has closed.
            Err(error) if has_ended && error.kind() == ErrorKind::NotConnected => Ok(()),
            shut_down => shut_down.map_err(Fault::Transport),
        })
    }

    /// Gets as far towards `goal` as the transport allows.
    ///
    /// Each operation is polled once: here, or when it is started. So when a step is reported as
    /// blocked, its operation holds the waker.
    pub(crate) fn poll_goal(
        &mut self,
        side: Side,
        goal: Goal,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault<io::Error>>> {
        self.tasks.remember(side, cx);
        self.settle_sender();
        self.settle_receiver();
        let result = loop {
            match self.driver.next(goal) {
                Ok(Step::Done) => break Poll::Ready(Ok(())),
                Ok(Step::Blocked) => break Poll::Pending,
                Err(fault) => break Poll::Ready(Err(fault)),
                Ok(Step::Write(_) | Step::Flush) if !self.sender.is_idle() => self.driver.blocked(),
                Ok(Step::Write(mut bytes)) => {
                    while self.batch.len() < MAX_CHUNKS {
                        let Some(chunk) = bytes.take_chunk(usize::MAX) else { break };
                        self.batch.push(Sent(chunk));
                    }
                    self.send();
                }
                Ok(Step::Flush) if !self.batch.is_empty() => {
                    self.drop_what_must_not_be_sent();
                    if !self.batch.is_empty() {
                        self.send();
                    }
                }
                Ok(Step::Flush) if self.flushed => self.driver.flushed(),
                Ok(Step::Flush) => {
                    self.sender.start(|mut io| async move {
                        let result = io.flush().await;
                        (io, Sending::Flushed(result))
                    });
                    self.settle_sender();
                }
                Ok(Step::Read(memory)) => {
                    let len = memory.len();
                    match mem::replace(&mut self.arrived, Arrived::Nothing) {
                        Arrived::Bytes(mut bytes) => {
                            let n = len.min(bytes.len());
                            let part = bytes.split_to(n);
                            memory[..n].copy_from_slice(&part);
                            if !bytes.is_empty() {
                                self.arrived = Arrived::Bytes(bytes);
                            }
                            self.driver.read(n);
                        }
                        Arrived::End => self.driver.read(0),
                        Arrived::Error(error) => self.driver.failed(FarEnd::from(&error), error),
                        Arrived::Nothing if !self.receiver.is_idle() => self.driver.blocked(),
                        Arrived::Nothing => self.receive(goal, len),
                    }
                }
            }
        };
        if result.is_ready() {
            self.tasks.forget(side);
        }
        result
    }

    fn send(&mut self) {
        self.start_sending();
        self.settle_sender();
    }

    fn start_sending(&mut self) {
        self.flushed = false;
        let batch = mem::take(&mut self.batch);
        self.sender.start(|mut io| async move {
            let BufResult(result, batch) = io.write_vectored(batch).await;
            (io, Sending::Sent(result, batch))
        });
    }

    fn start_shutting_down(&mut self) {
        self.sender.start(|mut io| async move {
            let result = io.shutdown().await;
            (io, Sending::ShutDown(result))
        });
    }

    /// Reads into the connection's own memory if the connection accounts for all of it; otherwise
    /// into other memory.
    fn receive(&mut self, goal: Goal, len: usize) {
        let taken = match goal {
            // `Linger` counts the bytes, so the read must not exceed its length.
            Goal::Linger { .. } => None,
            _ => self.driver.connection_mut().take_inbound(),
        };
        let (memory, owner) = match taken {
            Some(memory) => (memory, Owner::Connection),
            None => (BytesMut::zeroed(len), Owner::Nobody),
        };
        self.receiver.start(move |mut io| async move {
            let len = memory.len();
            let BufResult(result, memory) = io.read(memory).await;
            (io, Received { result, memory, len, owner })
        });
        self.settle_receiver();
    }

    /// Collects the results of operations that write.
    fn settle_sender(&mut self) {
        let everyone = self.everyone.clone();
        let cx = &mut Context::from_waker(&everyone);
        while let Some(sending) = self.sender.poll(cx) {
            match sending {
                Sending::Sent(result, batch) => self.sent(result, batch),
                Sending::Flushed(Ok(())) => self.flushed = true,
                // The driver repeats the step.
                Sending::Flushed(Err(error)) if error.kind() == ErrorKind::Interrupted => {}
                Sending::Flushed(Err(error)) => self.driver.failed(FarEnd::from(&error), error),
                Sending::ShutDown(Err(error)) if error.kind() == ErrorKind::Interrupted => {
                    self.start_shutting_down();
                }
                Sending::ShutDown(result) => self.ending = Ending::Over(result),
            }
        }
    }

    fn sent(&mut self, result: io::Result<usize>, mut batch: Vec<Sent>) {
        let available = batch.iter().map(|Sent(chunk)| chunk.len()).sum();
        let n = match &result {
            Ok(n) if *n <= available => *n,
            _ => 0,
        };
        put_back(&mut batch, n, self.driver.connection_mut().writer_mut());
        self.batch = batch;
        self.drop_what_must_not_be_sent();
        match result {
            Ok(0) => self.driver.wrote(0),
            Ok(claimed) if claimed > available => {
                let overrun = io::Error::other(Overrun { claimed, available });
                self.driver.failed(FarEnd::Unknown, overrun);
            }
            Ok(_) if self.batch.is_empty() => {}
            Ok(_) => self.start_sending(),
            // The driver repeats the step.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => self.driver.failed(FarEnd::from(&error), error),
        }
    }

    /// After the peer's fatal alert nothing is sent. The writer drops its bytes; these are ours.
    fn drop_what_must_not_be_sent(&mut self) {
        let error = self.driver.connection().error();
        if error.is_some_and(|error| is_alert_of_peer(&error)) {
            self.batch.clear();
        }
    }

    /// Collects the result of the operation that reads.
    fn settle_receiver(&mut self) {
        let cx = &mut Context::from_waker(&self.everyone);
        let Some(received) = self.receiver.poll(cx) else { return };
        let Received { result, mut memory, len, owner } = received;
        let n = *result.as_ref().unwrap_or(&0);
        let overrun = match owner {
            Owner::Connection => {
                // A transport may have made it shorter.
                memory.resize(len, 0);
                self.driver.connection_mut().give_back_inbound(memory, n).err()
            }
            Owner::Nobody if n > len => Some(Overrun { claimed: n, available: len }),
            Owner::Nobody if n > 0 => {
                memory.truncate(n);
                self.arrived = Arrived::Bytes(memory);
                return;
            }
            Owner::Nobody => None,
        };
        self.arrived = match (result, overrun) {
            (_, Some(overrun)) => Arrived::Error(io::Error::other(overrun)),
            (Ok(0), None) => Arrived::End,
            (Ok(_), None) => Arrived::Nothing,
            // The driver repeats the step.
            (Err(error), None) if error.kind() == ErrorKind::Interrupted => Arrived::Nothing,
            (Err(error), None) => Arrived::Error(error),
        };
    }
}

/// Whether the peer has ended the connection with a fatal alert.
pub(crate) const fn is_alert_of_peer(error: &ConnectionError) -> bool {
    use ConnectionError::{Handshake, Record};
    matches!(error, Record(Error::PeerAlert(_)) | Handshake(rustls::Error::AlertReceived(_)))
}
