//! The driver: says what to do next for a goal, for loops that do not want to decide themselves.

use std::io::IoSlice;

use wantwrite::LingerError;
use wantwrite::driver::{FarEnd, Fault, Goal, Step};

use crate::connection::ww_connection;
use crate::error::ww_status;
use crate::guard::{self, Outcome};
use crate::memory::{self, iovec, ww_memory, ww_span};

/// What the driver should reach. Every goal except `WW_GOAL_OFFER` and `WW_GOAL_FLUSH` finishes the
/// handshake first.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_goal {
    /// The handshake is complete, and our last flight has been offered to the transport.
    WW_GOAL_HANDSHAKE = 0,
    /// Plaintext is available, or the peer has closed: call `ww_read`. Pending bytes are offered to
    /// the transport in the meantime.
    WW_GOAL_READ = 1,
    /// The next `ww_write` or `ww_writev` accepts something, or returns why it cannot.
    WW_GOAL_WRITE = 2,
    /// Pending bytes have been offered to the transport: use this goal after reads and writes. It
    /// never waits and never fails.
    WW_GOAL_OFFER = 3,
    /// The transport has everything that was accepted, and its own buffer is flushed.
    WW_GOAL_FLUSH = 4,
    /// The transport has close_notify, after everything that was accepted.
    WW_GOAL_CLOSE = 5,
}

/// What to do for a goal.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_step_kind {
    /// The goal is reached or, if there was an error, cannot be reached.
    WW_STEP_DONE = 0,
    /// Give the transport some of the bytes in `out`, from the start; then call `ww_wrote`.
    WW_STEP_WRITE = 1,
    /// Let the transport fill the memory `in`, from the start; then call `ww_got`.
    WW_STEP_READ = 2,
    /// Let the transport flush its own buffer, if it has one; then call `ww_flushed`.
    WW_STEP_FLUSH = 3,
    /// Do nothing until the transport can do what it could not. Follows only a `ww_blocked`.
    WW_STEP_BLOCKED = 4,
}

/// A step of the driver.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_step {
    /// What to do.
    pub kind: ww_step_kind,
    /// With `WW_ERROR_TRANSPORT`: the number that you reported.
    pub transport_error: i32,
    /// With `WW_STEP_WRITE` from `ww_next`: the bytes, at least one.
    pub out: ww_span,
    /// With `WW_STEP_READ`: the memory, at least one byte.
    pub r#in: ww_memory,
    /// With `WW_ERROR_STILL_SENDING` and `WW_ERROR_GAVE_UP`: how many bytes were discarded.
    pub discarded: u64,
}

impl ww_step {
    const DONE: Self = Self {
        kind: ww_step_kind::WW_STEP_DONE,
        transport_error: 0,
        out: ww_span::EMPTY,
        r#in: ww_memory::EMPTY,
        discarded: 0,
    };
}

/// What a failure of the transport says about its far end.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_far_end {
    /// Nothing.
    WW_FAR_END_UNKNOWN = 0,
    /// It accepts nothing more, and a read does not block (`EPIPE`).
    WW_FAR_END_GONE = 1,
    /// The same, but a read that returned 0 would look like an orderly end (`ECONNRESET`).
    WW_FAR_END_RESET = 2,
}

const fn goal_of(number: i32) -> Result<Goal, ww_status> {
    Ok(match number {
        0 => Goal::Handshake,
        1 => Goal::Read,
        2 => Goal::Write,
        3 => Goal::Offer,
        4 => Goal::Flush,
        5 => Goal::Close,
        _ => return Err(ww_status::WW_ERROR_ARGUMENT),
    })
}

/// Returns what to do next for `goal`, a `ww_goal`. Do it, report it, and call this again, until it
/// returns `WW_STEP_DONE`. You can switch to another goal at any time: nothing is lost or repeated,
/// and a step that you have not reported is returned again.
///
/// Errors: why the goal cannot be reached. Another call tries again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_next(
    connection: *mut ww_connection,
    goal: i32,
    step: *mut ww_step,
) -> ww_status {
    let next = |connection: &mut ww_connection, step: &mut ww_step| {
        connection.step(goal_of(goal)?, step, |span, mut outgoing| {
            *span = ww_span::of(outgoing.chunk());
            Ok(())
        })
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, step, ww_step::DONE, next) }
}

/// Like `ww_next`, but returns the bytes of `WW_STEP_WRITE` in pieces, for `writev`: at most
/// `count`, and at most 64. `filled` is the number of pieces that were set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_next_iov(
    connection: *mut ww_connection,
    goal: i32,
    step: *mut ww_step,
    iov: *mut iovec,
    count: usize,
    filled: *mut usize,
) -> ww_status {
    let next = |connection: &mut ww_connection, out: &mut (ww_step, usize)| {
        let (step, filled) = out;
        if count == 0 {
            return Err(ww_status::WW_ERROR_ARGUMENT);
        }
        connection.step(goal_of(goal)?, step, |_, mut outgoing| {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = count.min(MAX_SLICES);
            let slices = outgoing.io_slices(&mut slices[..count]);
            let chunks = slices.iter().map(|slice| &**slice);
            // SAFETY: the caller upholds the contract of every function.
            *filled = unsafe { memory::put_iovecs(iov, count, chunks) }?;
            Ok(())
        })
    };
    let mut out = (ww_step::DONE, 0);
    let status = if step.is_null() || filled.is_null() {
        ww_status::WW_ERROR_NULL
    } else {
        // SAFETY: the caller upholds the contract of every function; `out` is a local variable.
        unsafe { guard::enter_for(connection, &raw mut out, (ww_step::DONE, 0), next) }
    };
    if !step.is_null() {
        // SAFETY: it is not NULL, so it is valid for a write.
        unsafe { step.write(out.0) };
    }
    if !filled.is_null() {
        // SAFETY: as above.
        unsafe { filled.write(out.1) };
    }
    status
}

const MAX_SLICES: usize = 64;

/// Like `ww_next`, for a goal beyond `WW_GOAL_CLOSE`: the peer has ended as well. What it still
/// sends, at most `max` bytes, is discarded. Use it before you close a socket: if that has unread
/// input, the system resets the connection, and the peer loses what it has not read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_next_linger(
    connection: *mut ww_connection,
    max: u64,
    step: *mut ww_step,
) -> ww_status {
    let next = |connection: &mut ww_connection, step: &mut ww_step| {
        connection.step(Goal::Linger { max }, step, |span, mut outgoing| {
            *span = ww_span::of(outgoing.chunk());
            Ok(())
        })
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, step, ww_step::DONE, next) }
}

impl ww_connection {
    fn step(
        &mut self,
        goal: Goal,
        step: &mut ww_step,
        show: impl FnOnce(&mut ww_span, wantwrite::driver::Outgoing<'_>) -> Outcome,
    ) -> Outcome {
        self.set_behind_write_goal(false);
        step.kind = match self.driver_mut().next(goal) {
            Ok(Step::Done) => {
                self.set_behind_write_goal(goal == Goal::Write);
                ww_step_kind::WW_STEP_DONE
            }
            Ok(Step::Write(outgoing)) => {
                show(&mut step.out, outgoing)?;
                ww_step_kind::WW_STEP_WRITE
            }
            Ok(Step::Read(memory)) => {
                step.r#in = ww_memory::of(memory);
                ww_step_kind::WW_STEP_READ
            }
            Ok(Step::Flush) => ww_step_kind::WW_STEP_FLUSH,
            Ok(Step::Blocked) => ww_step_kind::WW_STEP_BLOCKED,
            Err(fault) => {
                match &fault {
                    Fault::Transport(number) => step.transport_error = *number,
                    Fault::Linger(
                        LingerError::GaveUp { discarded } | LingerError::StillSending { discarded },
                    ) => step.discarded = *discarded,
                    _ => {}
                }
                return Err((&fault).into());
            }
        };
        Ok(())
    }
}

/// Reports that the transport took `n` of the bytes of `WW_STEP_WRITE`; 0 means that it accepts no
/// more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_wrote(connection: *mut ww_connection, n: usize) -> ww_status {
    let report = |connection: &mut ww_connection| {
        connection.driver_mut().wrote(n);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, report) }
}

/// Reports that the transport stored `n` bytes in the memory of `WW_STEP_READ`; 0 means that it has
/// ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_got(connection: *mut ww_connection, n: usize) -> ww_status {
    let report = |connection: &mut ww_connection| {
        connection.driver_mut().read(n);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, report) }
}

/// Reports that the transport has flushed its own buffer, as `WW_STEP_FLUSH` asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_flushed(connection: *mut ww_connection) -> ww_status {
    let report = |connection: &mut ww_connection| {
        connection.driver_mut().flushed();
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, report) }
}

/// Reports that the transport could not do the last step now (`EAGAIN`), and moved no bytes. The
/// driver continues with anything else that can be done for the goal; otherwise with
/// `WW_STEP_BLOCKED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_blocked(connection: *mut ww_connection) -> ww_status {
    let report = |connection: &mut ww_connection| {
        connection.driver_mut().blocked();
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, report) }
}

/// Reports that the transport failed at the last step, and moved no bytes. `far_end` is a
/// `ww_far_end`. `transport_error` is a number that you choose, such as `errno`; `ww_step` returns
/// it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_transport_failed(
    connection: *mut ww_connection,
    far_end: i32,
    transport_error: i32,
) -> ww_status {
    let report = |connection: &mut ww_connection| {
        let far_end = match far_end {
            0 => FarEnd::Unknown,
            1 => FarEnd::Gone,
            2 => FarEnd::Reset,
            _ => return Err(ww_status::WW_ERROR_ARGUMENT),
        };
        connection.driver_mut().failed(far_end, transport_error);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, report) }
}

/// Reports that you no longer want to wait for the read (`WW_STEP_READ`) of `ww_next_linger`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_gave_up(connection: *mut ww_connection) -> ww_status {
    let report = |connection: &mut ww_connection| {
        connection.driver_mut().gave_up();
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, report) }
}
