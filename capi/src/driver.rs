//! The driver: what to do next for a goal, for loops that do not want to decide that themselves.

use std::io::IoSlice;

use wantwrite::LingerError;
use wantwrite::driver::{FarEnd, Fault, Goal, Step};

use crate::connection::ww_connection;
use crate::error::ww_status;
use crate::guard::{self, Outcome};
use crate::memory::{self, iovec, ww_memory, ww_span};

/// What the driver is to reach. Every goal but `WW_GOAL_OFFER` and `WW_GOAL_FLUSH` finishes the
/// handshake first.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_goal {
    /// The handshake is over. Our last flight is offered.
    WW_GOAL_HANDSHAKE = 0,
    /// There is plaintext, or the peer has closed: take it with `ww_read`. What waits is offered
    /// meanwhile.
    WW_GOAL_READ = 1,
    /// The next `ww_write` or `ww_writev` accepts something, or says why not.
    WW_GOAL_WRITE = 2,
    /// What waits was offered to the transport: ask for it behind reads and writes. It neither
    /// waits nor fails.
    WW_GOAL_OFFER = 3,
    /// Everything accepted is with the transport, and out of its own buffer.
    WW_GOAL_FLUSH = 4,
    /// close_notify is with the transport, behind everything accepted.
    WW_GOAL_CLOSE = 5,
}

/// What to do for a goal.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_step_kind {
    /// The goal is reached; or, on an error, it cannot be.
    WW_STEP_DONE = 0,
    /// Give the transport some of the bytes in `out`, from their beginning; then `ww_wrote`.
    WW_STEP_WRITE = 1,
    /// Let the transport fill the memory `in` from its beginning; then `ww_got`.
    WW_STEP_READ = 2,
    /// Let the transport empty its own buffer, if it has one; then `ww_flushed`.
    WW_STEP_FLUSH = 3,
    /// Nothing, until the transport can do what it could not. Comes only behind `ww_blocked`.
    WW_STEP_BLOCKED = 4,
}

/// A step of the driver's.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_step {
    /// What to do.
    pub kind: ww_step_kind,
    /// With `WW_ERROR_TRANSPORT`: the number that the failure was reported with.
    pub transport_error: i32,
    /// With `WW_STEP_WRITE` of `ww_next`: the bytes, never none.
    pub out: ww_span,
    /// With `WW_STEP_READ`: the memory, never none.
    pub r#in: ww_memory,
    /// With `WW_ERROR_STILL_SENDING` and `WW_ERROR_GAVE_UP`: how many bytes were thrown away.
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

/// What a failure of the transport says of its other end.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_far_end {
    /// Nothing.
    WW_FAR_END_UNKNOWN = 0,
    /// It takes nothing more, and a read does not wait (`EPIPE`).
    WW_FAR_END_GONE = 1,
    /// The same, and a read that returned 0 would make it look like an orderly end
    /// (`ECONNRESET`).
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

/// What to do next for `goal`, a `ww_goal`. Do it, report it, and ask again, until it is
/// `WW_STEP_DONE`. You may ask for another goal at any time: nothing is lost or repeated, and a
/// step that was not reported is asked for again.
///
/// Errors: why the goal cannot be reached. Asked again, it tries again.
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
    // SAFETY: the contract of every function.
    unsafe { guard::enter_for(connection, step, ww_step::DONE, next) }
}

/// `ww_next`, which gives the bytes of `WW_STEP_WRITE` in pieces, for `writev`: at most `count`,
/// and at most 64. `filled` says how many were set.
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
            // SAFETY: the contract of every function.
            *filled = unsafe { memory::put_iovecs(iov, count, chunks) }?;
            Ok(())
        })
    };
    let mut out = (ww_step::DONE, 0);
    let status = if step.is_null() || filled.is_null() {
        ww_status::WW_ERROR_NULL
    } else {
        // SAFETY: the contract of every function; `out` is a place.
        unsafe { guard::enter_for(connection, &raw mut out, (ww_step::DONE, 0), next) }
    };
    if !step.is_null() {
        // SAFETY: it is not NULL, so that it is good for a write.
        unsafe { step.write(out.0) };
    }
    if !filled.is_null() {
        // SAFETY: the same.
        unsafe { filled.write(out.1) };
    }
    status
}

const MAX_SLICES: usize = 64;

/// `ww_next` for a goal beyond `WW_GOAL_CLOSE`: the peer has ended too. What it still sends is
/// thrown away, at most `max` bytes of it. A system resets a socket that is closed with unread
/// input, and the peer loses what it has not read: this is how to close one without that.
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
    // SAFETY: the contract of every function.
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

/// The transport took `n` of the bytes of `WW_STEP_WRITE`; 0 means that it will take no more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_wrote(connection: *mut ww_connection, n: usize) -> ww_status {
    let report = |connection: &mut ww_connection| {
        connection.driver_mut().wrote(n);
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, report) }
}

/// The transport put `n` bytes into the memory of `WW_STEP_READ`; 0 means that it has ended.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_got(connection: *mut ww_connection, n: usize) -> ww_status {
    let report = |connection: &mut ww_connection| {
        connection.driver_mut().read(n);
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, report) }
}

/// The transport has emptied its own buffer, as `WW_STEP_FLUSH` asked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_flushed(connection: *mut ww_connection) -> ww_status {
    let report = |connection: &mut ww_connection| {
        connection.driver_mut().flushed();
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, report) }
}

/// The transport could not do the last step now (`EAGAIN`), and moved no bytes. If anything else
/// can be done for the goal, that comes next; otherwise `WW_STEP_BLOCKED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_blocked(connection: *mut ww_connection) -> ww_status {
    let report = |connection: &mut ww_connection| {
        connection.driver_mut().blocked();
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, report) }
}

/// The transport failed at the last step, and moved no bytes. `far_end` is a `ww_far_end`,
/// `transport_error` is a number of yours, such as `errno`, which comes back in `ww_step`.
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
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, report) }
}

/// You do not want to wait any longer for what `WW_STEP_READ` of `ww_next_linger` would bring.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_gave_up(connection: *mut ww_connection) -> ww_status {
    let report = |connection: &mut ww_connection| {
        connection.driver_mut().gave_up();
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, report) }
}
