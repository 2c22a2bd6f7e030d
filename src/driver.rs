//! What every adapter has in common: a connection and its transport, without the I/O.
//!
//! A [`Driver`] tells you what to do for a [`Goal`]. You do it and report the result, until it says
//! [`Step::Done`]. It knows no transport, so the same machine serves blocking calls, `poll_*`
//! functions, `async fn`s and completions. `Stream` is such a loop, and so are the `wantwrite-*`
//! crates. You need this module to write an adapter or an event loop of your own.
//!
//! ```
//! use std::io::{ErrorKind, Read, Write};
//! use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Step};
//!
//! type Result<T> = core::result::Result<T, Fault<std::io::Error>>;
//!
//! fn run(driver: &mut Driver<std::io::Error>, io: &mut (impl Read + Write), goal: Goal) -> Result<()> {
//!     loop {
//!         let reported = match driver.next(goal)? {
//!             Step::Done => return Ok(()),
//!             Step::Blocked => return Err(Fault::Transport(ErrorKind::WouldBlock.into())),
//!             Step::Write(mut bytes) => io.write(bytes.chunk()).map(|n| driver.wrote(n)),
//!             Step::Flush => io.flush().map(|()| driver.flushed()),
//!             Step::Read(memory) => io.read(memory).map(|n| driver.read(n)),
//!         };
//!         match reported {
//!             Err(error) if error.kind() == ErrorKind::WouldBlock => driver.blocked(),
//!             Err(error) => driver.failed(FarEnd::from(&error), error),
//!             Ok(()) => {}
//!         }
//!     }
//! }
//!
//! fn read(driver: &mut Driver<std::io::Error>, io: &mut (impl Read + Write), buf: &mut [u8]) -> Result<usize> {
//!     run(driver, io, Goal::Read)?;
//!     let len = driver.read_plaintext(|connection| connection.read(buf))?;
//!     run(driver, io, Goal::Offer)?;
//!     Ok(len)
//! }
//!
//! fn write(driver: &mut Driver<std::io::Error>, io: &mut (impl Read + Write), buf: &[u8]) -> Result<usize> {
//!     run(driver, io, Goal::Write)?;
//!     let accepted = driver.write_plaintext(|writer| writer.write(buf));
//!     run(driver, io, Goal::Offer)?;
//!     accepted
//! }
//! ```
//!
//! # Its rules
//!
//! * Answers (KeyUpdates, alerts) go out while you read. What goes out unasked is flushed.
//! * If the transport fails to take what no caller waits for, the next call that writes reports
//!   it, once. Reading continues.
//! * If the connection has failed, every call reports why, before any failure of the transport. If
//!   the handshake cannot write because the peer is gone, it reads what the peer said last.
//! * A transport that claims more than it was given is a fault, and nothing counts as moved.
//! * A write that finds nothing waiting is sealed to its end before it is drained, because the
//!   transport keeps up: all its records leave together. While bytes wait, writes share records.
//! * Lent memory that received nothing is given back.

mod call;
pub(crate) mod fault;
mod goals;
pub(crate) mod lingering;
mod step;
#[cfg(feature = "std")]
mod tasks;

use alloc::vec::Vec;
use core::mem;

use call::Call;
pub use fault::{FarEnd, Fault};
use step::{Asked, Next};
pub use step::{Goal, Outgoing, Step};
#[cfg(feature = "std")]
pub use tasks::{Side, Tasks};

use crate::connection::{Connection, ConnectionError, EarlyWriter};
use crate::error::{Overrun, WriteError};
use crate::writer::Writer;
use fault::Failure;
use lingering::LingerError;

/// A connection, and what it owes its caller and its transport.
///
/// You may stop after any step and ask for another goal: nothing is lost or repeated. A step that
/// was not reported is asked for again.
#[derive(Debug)]
pub struct Driver<E> {
    connection: Connection,
    /// A failure to write that no call has told yet: for the next one that writes. A reset is for
    /// a reader that meets the end, too.
    deferred: Option<Failure<E>>,
    /// Why the last read came to nothing, until a goal that reads tells of it.
    unread: Option<Fault<E>>,
    /// The transport's own buffer may hold bytes that no caller knows of, and so will not flush.
    flush_due: bool,
    /// The handshake is over, and was successful.
    negotiated: bool,
    /// The transport has said that no more will come.
    input_ended: bool,
    /// Bytes of the transport that lingering has thrown away.
    discarded: u64,
    /// Where a connection that takes no more input reads what it throws away, and where it looks
    /// whether there is more.
    scratch: Vec<u8>,
    next_read: NextRead,
    /// The last step, until it is reported.
    asked: Asked,
    /// How many bytes that step gave or lent.
    len: usize,
    call: Call,
}

impl<E> Driver<E> {
    /// Takes a connection, fresh or established. Does no I/O.
    #[must_use]
    pub const fn new(connection: Connection) -> Self {
        Self {
            connection,
            deferred: None,
            unread: None,
            flush_due: false,
            negotiated: false,
            input_ended: false,
            discarded: 0,
            scratch: Vec::new(),
            next_read: NextRead::Unknown,
            asked: Asked::Nothing,
            len: 0,
            call: Call::NONE,
        }
    }

    /// The same, for a transport that is registered with an event loop, and so knows without a
    /// system call that it has nothing. After a read that did not fill its memory, the next
    /// [`Step::Read`] lends 256 bytes of the driver's own: usually nothing comes, and the connection
    /// need not take inbound memory from its pool only to give it back.
    #[must_use]
    pub const fn for_readiness(connection: Connection) -> Self {
        let mut this = Self::new(connection);
        this.next_read = NextRead::Likely;
        this
    }

    /// The connection.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The connection. What you write here leaves with the driver's next goal.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Gives the connection back, with the bytes that wait in it. A failure that was not reported
    /// yet is forgotten.
    pub fn into_connection(self) -> Connection {
        self.connection
    }

    /// What to do next for `goal`. Report it, then ask again.
    ///
    /// # Errors
    /// The reason why the goal cannot be reached; [`Goal`] says what each may fail with. If you ask
    /// again, it tries again.
    #[inline]
    pub fn next(&mut self, goal: Goal) -> Result<Step<'_>, Fault<E>> {
        self.return_lent();
        if !self.call.is_for(goal) {
            self.call = Call::new(Some(goal));
        }
        let next = match goal {
            Goal::Handshake => self.handshake(),
            Goal::Read => self.until_plaintext(),
            Goal::Write => self.until_room(),
            Goal::Offer => Ok(self.offering().unwrap_or(Next::Done)),
            Goal::Flush => self.flush(),
            Goal::Close => self.close(),
            Goal::Linger { max } => self.linger(max),
        };
        if matches!(next, Ok(Next::Done | Next::Blocked) | Err(_)) {
            self.call = Call::NONE;
        }
        Ok(match next? {
            Next::Done => Step::Done,
            Next::Blocked => Step::Blocked,
            Next::Flush => {
                self.asked = Asked::Flush;
                Step::Flush
            }
            Next::Write => {
                self.asked = Asked::Write;
                self.len = 0;
                Step::Write(Outgoing::new(self.connection.writer_mut().drain(), &mut self.len))
            }
            Next::Read => {
                self.asked = if self.probes_next() { Asked::Probe } else { Asked::Read };
                Step::Read(self.lend(usize::MAX))
            }
            Next::Discard(max) => {
                self.asked = Asked::Discard;
                Step::Read(self.lend(max))
            }
        })
    }

    /// The transport took `n` of the bytes that [`Step::Write`] gave; 0 means that it will take no
    /// more.
    #[inline]
    pub fn wrote(&mut self, n: usize) {
        let available = if self.asked == Asked::Write { self.len } else { 0 };
        self.return_lent();
        let taken = match n {
            0 => Err(Fault::WriteZero),
            n if n > available => Err(Fault::WriteOverrun(Overrun { claimed: n, available })),
            n => self.connection.writer_mut().drain().advance(n).map_err(Fault::WriteOverrun),
        };
        if let Err(fault) = taken {
            self.fail_writing(Failure::new(fault, FarEnd::Unknown));
        }
    }

    /// The transport has emptied its own buffer, as [`Step::Flush`] asked.
    #[inline]
    pub fn flushed(&mut self) {
        if self.asked == Asked::Flush {
            self.flush_due = false;
            self.call.flushed();
        }
        self.return_lent();
    }

    /// The transport put `n` bytes into the memory that [`Step::Read`] lent; 0 means that it has
    /// ended.
    #[inline]
    pub fn read(&mut self, n: usize) {
        let available = self.len;
        let asked = self.take_asked();
        let (Asked::Read | Asked::Probe | Asked::Discard) = asked else { return };
        let allowed = if n <= available { n } else { 0 };
        self.next_read = self.next_read.after(n < available);
        if asked == Asked::Discard {
            let allowed = u64::try_from(allowed).unwrap_or(u64::MAX);
            self.discarded = self.discarded.saturating_add(allowed);
        }
        let is_all = match asked {
            Asked::Probe => {
                let read = self.scratch.get(..allowed).unwrap_or_default();
                self.connection.receive(read) == allowed
            }
            _ => self.connection.commit_inbound(allowed).is_ok(),
        };
        if n > available || !is_all {
            self.unread = Some(Fault::Overrun(Overrun { claimed: n, available }));
        } else if n == 0 {
            self.connection.end_of_input();
            self.input_ended = true;
        }
    }

    /// The transport could not do the last step now, and moved no bytes. If anything else can be
    /// done for the goal, that comes next; otherwise [`Step::Blocked`].
    #[inline]
    pub fn blocked(&mut self) {
        self.next_read = self.next_read.after(false);
        self.call.blocked(self.asked);
        self.return_lent();
    }

    /// The transport failed at the last step, and moved no bytes.
    pub fn failed(&mut self, far_end: FarEnd, error: E) {
        let fault = Fault::Transport(error);
        match self.asked {
            Asked::Read | Asked::Probe | Asked::Discard => self.unread = Some(fault),
            Asked::Nothing | Asked::Write | Asked::Flush => {
                self.fail_writing(Failure::new(fault, far_end));
            }
        }
        self.return_lent();
    }

    /// You will not wait any longer for what [`Step::Read`] would bring: the goal fails with
    /// [`Fault::Linger`].
    pub fn gave_up(&mut self) {
        self.unread = Some(Fault::Linger(LingerError::GaveUp { discarded: self.discarded }));
        self.return_lent();
    }

    /// Takes plaintext once [`Goal::Read`] is reached; `read` returns how much. Then ask for
    /// [`Goal::Offer`], which sends the answers to what came with it.
    ///
    /// # Errors
    /// As `read`.
    #[inline]
    pub fn read_plaintext(
        &mut self,
        read: impl FnOnce(&mut Connection) -> Result<usize, ConnectionError>,
    ) -> Result<usize, Fault<E>> {
        let len = read(&mut self.connection).map_err(Fault::Connection);
        self.flush_due |= self.connection.writer().wants_drain();
        len
    }

    /// Accepts plaintext once [`Goal::Write`] is reached; `write` returns how much. Then ask for
    /// [`Goal::Offer`], which sends it, whether or not this fails.
    ///
    /// # Errors
    /// As `write`. Nothing was accepted then: a key limit that is met after some bytes were
    /// accepted is reported by the next call.
    #[inline]
    pub fn write_plaintext(
        &mut self,
        write: impl FnOnce(&mut Writer) -> Result<usize, WriteError>,
    ) -> Result<usize, Fault<E>> {
        let writer = self.connection.writer_mut();
        let keeps_up = !writer.wants_drain();
        let accepted = match write(writer) {
            Ok(n) => n,
            Err(WriteError::KeyLimit { accepted }) if accepted > 0 => accepted,
            Err(error) => return Err(self.refusal(error)),
        };
        if keeps_up {
            writer.seal_tail();
        }
        Ok(accepted)
    }

    /// Accepts early data while it may be written: `write` returns how much. Then ask for
    /// [`Goal::Offer`], which sends it and flushes the transport. `None` if early data may not be
    /// written now.
    pub fn write_early(
        &mut self,
        write: impl FnOnce(&mut EarlyWriter<'_>) -> usize,
    ) -> Option<usize> {
        let mut early = self.connection.early_writer()?;
        let accepted = write(&mut early);
        early.flush();
        // The first flight goes with it, and no caller of `flush` may come before the server does.
        self.flush_due |= self.connection.writer().wants_drain();
        Some(accepted)
    }

    fn refusal(&self, error: WriteError) -> Fault<E> {
        match (error, self.connection.error()) {
            (WriteError::Failed { .. }, Some(error)) => Fault::Connection(error),
            (error, _) => Fault::Write(error),
        }
    }

    fn fail_writing(&mut self, failure: Failure<E>) {
        self.call.writing_failed();
        if self.connection.error().is_none() {
            self.deferred.get_or_insert(failure);
        }
    }

    /// Lends memory for at most `max` bytes.
    #[inline]
    fn lend(&mut self, max: usize) -> &mut [u8] {
        let Self { connection, scratch, len, asked, .. } = self;
        // A half that has failed takes the other one with it.
        let takes_input = *asked != Asked::Probe && !connection.writer().has_failed();
        let lent = if takes_input { connection.lend_inbound() } else { None };
        let memory = match lent {
            Some(memory) => memory,
            None => {
                scratch.resize(SCRATCH_LEN, 0);
                scratch
            }
        };
        *len = memory.len().min(max);
        memory.get_mut(..*len).unwrap_or_default()
    }

    #[inline]
    fn probes_next(&self) -> bool {
        self.next_read == NextRead::Unlikely
            && self.negotiated
            && self.connection.reader().holds_nothing()
            && !self.connection.writer().has_failed()
    }

    #[inline]
    fn return_lent(&mut self) {
        if let Asked::Read | Asked::Discard = self.take_asked() {
            // Nothing changes if nothing is lent any more.
            let _unlent = self.connection.commit_inbound(0);
        }
    }

    #[inline]
    const fn take_asked(&mut self) -> Asked {
        mem::replace(&mut self.asked, Asked::Nothing)
    }
}

const SCRATCH_LEN: usize = 256;

/// Whether the next read brings bytes, as far as the last one tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextRead {
    /// The transport is not one that knows.
    Unknown,
    Likely,
    /// The last read did not fill its memory.
    Unlikely,
}

impl NextRead {
    const fn after(self, has_emptied: bool) -> Self {
        match self {
            Self::Unknown => Self::Unknown,
            Self::Likely | Self::Unlikely if has_emptied => Self::Unlikely,
            Self::Likely | Self::Unlikely => Self::Likely,
        }
    }
}
