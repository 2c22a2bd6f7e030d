//! What all adapters have in common: a connection and its transport, without the I/O.
//!
//! A [`Driver`] tells you what to do to reach a [`Goal`]. You do it and report the result, until it
//! returns [`Step::Done`]. The driver does not know the transport, so the same state machine works
//! for blocking calls, `poll_*` functions, `async fn`s and completions. `Stream` contains such a
//! loop, and so do the `wantwrite-*` crates. You need this module to write an adapter or an event
//! loop of your own.
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
//! # Rules
//!
//! * Responses (KeyUpdates, alerts) are sent while you read. Output that you did not ask for is
//!   flushed.
//! * If the transport fails to take output that no caller is waiting for, the next writing call
//!   reports the failure, once. Reading continues.
//! * If the connection has failed, every call reports the reason, before any failure of the
//!   transport. If the handshake cannot write because the peer is gone, it still reads the peer's
//!   last message.
//! * If the transport fails to take a failed connection's alert, the alert is offered again only
//!   after a goal has failed. You can report the failure late, or while you ask for another goal.
//! * A transport that claims more bytes than it was given is a fault, and no bytes count as moved.
//! * If no bytes are pending when you write, the transport is keeping up. All records of that write
//!   are then sealed before the drain, so that they are sent together. While bytes are pending,
//!   writes share records.
//! * Lent memory that received no bytes is returned.

mod call;
pub(crate) mod fault;
mod goals;
pub(crate) mod lingering;
mod next_read;
mod plaintext;
mod step;
#[cfg(feature = "std")]
mod tasks;

use alloc::boxed::Box;
use core::mem;

use call::Call;
pub use fault::{FarEnd, Fault};
use next_read::NextRead;
use step::{Asked, Next};
pub use step::{Goal, Outgoing, Step};
#[cfg(feature = "std")]
pub use tasks::{Side, Tasks};

use crate::connection::Connection;
use crate::error::Overrun;
use fault::Failure;
use lingering::LingerError;

/// A connection together with what it still owes its caller and its transport.
///
/// You can stop after any step and ask for another goal: nothing is lost or repeated. If you do not
/// report a step, the driver asks for it again.
#[derive(Debug)]
pub struct Driver<E> {
    connection: Connection,
    /// A failure to write that no call has reported yet. The next writing call reports it. A reset
    /// can also be reported by a reader that reaches the end of the transport.
    deferred: Option<Box<Failure<E>>>,
    /// The connection has failed, and the transport did not take its alert. It is offered again
    /// after a goal has failed, which tells a caller why the connection has.
    alert_failed: bool,
    /// Why the last read failed, until a reading goal reports it.
    unread: Option<Box<Fault<E>>>,
    /// The transport's own buffer may hold bytes that no caller knows about and would flush.
    flush_due: bool,
    /// The handshake ended successfully.
    negotiated: bool,
    /// The transport has signaled the end of input.
    input_ended: bool,
    /// Bytes from the transport that lingering has discarded.
    discarded: u64,
    /// Memory for reads when the connection does not take input any more and the bytes are
    /// discarded, and for checking whether there is more input.
    scratch: Option<Box<[u8; SCRATCH_LEN]>>,
    next_read: NextRead,
    /// The last step, until it is reported.
    asked: Asked,
    /// How many bytes that step offered or lent.
    len: usize,
    call: Call,
}

impl<E> Driver<E> {
    /// Creates a driver for a connection, new or established. Does no I/O.
    #[must_use]
    pub const fn new(connection: Connection) -> Self {
        Self {
            connection,
            deferred: None,
            alert_failed: false,
            unread: None,
            flush_due: false,
            negotiated: false,
            input_ended: false,
            discarded: 0,
            scratch: None,
            next_read: NextRead::Unknown,
            asked: Asked::Nothing,
            len: 0,
            call: Call::NONE,
        }
    }

    /// Creates a driver for a transport that is registered with an event loop and therefore knows
    /// without a system call when it has no input. After a read that did not fill its memory, the
    /// next [`Step::Read`] lends 256 bytes of the driver's own. Usually no bytes arrive then, and
    /// the connection does not have to take inbound memory from its pool only to return it.
    #[must_use]
    pub const fn for_readiness(connection: Connection) -> Self {
        let mut this = Self::new(connection);
        this.next_read = NextRead::Likely;
        this
    }

    /// Returns the connection.
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the connection. The driver's next goal sends what you write to it.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Returns the connection, including its pending bytes. A failure that was not reported yet is
    /// lost.
    pub fn into_connection(self) -> Connection {
        self.connection
    }

    /// Returns the next step towards `goal`. Report its result, then ask again.
    ///
    /// # Errors
    /// The reason why the goal cannot be reached; each [`Goal`] documents how it can fail. If you
    /// ask again, the driver tries again.
    #[inline(always)]
    pub fn next(&mut self, goal: Goal) -> Result<Step<'_>, Fault<E>> {
        self.return_lent();
        if !self.call.is_for(goal) {
            self.call = Call::new(Some(goal));
            if self.alert_failed {
                self.call.writing_failed();
            }
        }
        let next = match (self.end_at_once(goal), goal) {
            (Some(next), _) => Ok(next),
            (None, Goal::Handshake) => self.handshake(),
            (None, Goal::Read) => self.until_plaintext(),
            (None, Goal::Write) => self.until_room(),
            (None, Goal::Offer) => Ok(self.offering().unwrap_or(Next::Done)),
            (None, Goal::Flush) => self.flush(),
            (None, Goal::Close) => self.close(),
            (None, Goal::Linger { max }) => self.linger(max),
        };
        match next {
            Ok(Next::Done) => {
                self.call = Call::NONE;
                Ok(Step::Done)
            }
            Ok(Next::Blocked) => {
                self.call = Call::NONE;
                Ok(Step::Blocked)
            }
            Err(fault) => {
                self.call = Call::NONE;
                self.alert_failed = false;
                Err(fault)
            }
            Ok(Next::Flush) => {
                self.asked = Asked::Flush;
                Ok(Step::Flush)
            }
            Ok(Next::Write) => {
                self.asked = Asked::Write;
                self.len = 0;
                self.call.writes();
                let drain = self.connection.writer_mut().drain();
                Ok(Step::Write(Outgoing::new(drain, &mut self.len)))
            }
            Ok(Next::Read) => {
                self.asked = if self.probes_next() { Asked::Probe } else { Asked::Read };
                Ok(Step::Read(self.lend(usize::MAX)))
            }
            Ok(Next::Discard(max)) => {
                self.asked = Asked::Discard;
                Ok(Step::Read(self.lend(max)))
            }
        }
    }

    /// Reports that the transport took `n` of the bytes that [`Step::Write`] offered. 0 means that
    /// it will not take any more.
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

    /// Reports that the transport has emptied its own buffer, as [`Step::Flush`] asked.
    #[inline]
    pub fn flushed(&mut self) {
        if self.asked == Asked::Flush {
            self.flush_due = false;
            self.call.flushed();
        }
        self.return_lent();
    }

    /// Reports that the transport put `n` bytes into the memory that [`Step::Read`] lent. 0 means
    /// that it has ended.
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
                let scratch = self.scratch.as_ref();
                let read = scratch.and_then(|scratch| scratch.get(..allowed)).unwrap_or_default();
                self.connection.receive(read) == allowed
            }
            _ => self.connection.commit_inbound(allowed).is_ok(),
        };
        if n > available || !is_all {
            self.fail_reading(Fault::Overrun(Overrun { claimed: n, available }));
        } else if n == 0 {
            self.connection.end_of_input();
            self.input_ended = true;
        }
    }

    /// Reports that the transport could not do the last step now and moved no bytes. The driver
    /// continues with whatever else it can do for the goal, and otherwise returns
    /// [`Step::Blocked`].
    #[inline]
    pub fn blocked(&mut self) {
        self.next_read = self.next_read.after(false);
        self.call.blocked(self.asked);
        self.return_lent();
    }

    /// Reports that the transport failed at the last step and moved no bytes.
    pub fn failed(&mut self, far_end: FarEnd, error: E) {
        let fault = Fault::Transport(error);
        match self.asked {
            Asked::Read | Asked::Probe | Asked::Discard => self.fail_reading(fault),
            Asked::Nothing | Asked::Write | Asked::Flush => {
                self.fail_writing(Failure::new(fault, far_end));
            }
        }
        self.return_lent();
    }

    /// Reports that you will not wait any longer for the input that [`Step::Read`] asked for. The
    /// goal fails with [`Fault::Linger`].
    pub fn gave_up(&mut self) {
        self.fail_reading(Fault::Linger(LingerError::GaveUp { discarded: self.discarded }));
        self.return_lent();
    }

    fn fail_writing(&mut self, failure: Failure<E>) {
        self.call.writing_failed();
        match self.connection.error() {
            None => {
                self.deferred.get_or_insert_with(|| Box::new(failure));
            }
            Some(_) => self.alert_failed = true,
        }
    }

    fn fail_reading(&mut self, fault: Fault<E>) {
        self.unread = Some(Box::new(fault));
    }

    /// Lends memory for at most `max` bytes.
    #[inline]
    fn lend(&mut self, max: usize) -> &mut [u8] {
        let Self { connection, scratch, len, asked, .. } = self;
        // If one half has failed, the other takes no input either.
        let takes_input = *asked != Asked::Probe && !connection.writer().has_failed();
        let lent = if takes_input { connection.lend_inbound() } else { None };
        let memory = match lent {
            Some(memory) => memory,
            None => &mut scratch.get_or_insert_with(|| Box::new([0; SCRATCH_LEN]))[..],
        };
        *len = memory.len().min(max);
        memory.get_mut(..*len).unwrap_or_default()
    }

    #[inline]
    fn probes_next(&self) -> bool {
        self.next_read == NextRead::Unlikely
            && self.negotiated
            && self.connection.reader().holds_nothing()
    }

    #[inline]
    fn return_lent(&mut self) {
        if let Asked::Read | Asked::Discard = self.take_asked() {
            // Changes nothing if no memory is lent.
            let _unlent = self.connection.commit_inbound(0);
        }
    }

    #[inline]
    const fn take_asked(&mut self) -> Asked {
        mem::replace(&mut self.asked, Asked::Nothing)
    }
}

const SCRATCH_LEN: usize = 256;
