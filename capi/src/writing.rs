//! Writing plaintext to a connection, and closing our half.

use core::ffi::c_void;

use wantwrite::driver::Fault;
use wantwrite::{AlertDescription, KeyUpdateRequest, WriteError, Writer};

use crate::connection::ww_connection;
use crate::error::ww_status;
use crate::guard::{self, Outcome};
use crate::memory::{self, iovec, ww_memory};

impl ww_connection {
    /// Writes. After `WW_GOAL_WRITE`, this follows the driver: if nothing is pending, it seals
    /// everything that is written, because the transport keeps up.
    fn write_with(
        &mut self,
        accepted: &mut usize,
        write: impl FnOnce(&mut Writer) -> Result<usize, WriteError>,
    ) -> Outcome {
        if self.is_behind_write_goal() {
            self.set_behind_write_goal(false);
            match self.driver_mut().write_plaintext(write) {
                Ok(n) => *accepted = n,
                // Writing never returns the reason, with the driver or without it.
                Err(Fault::Connection(_)) => return Err(ww_status::WW_ERROR_FAILED),
                Err(fault) => return Err((&fault).into()),
            }
            return Ok(());
        }
        counted(write(self.writer_mut()), accepted)
    }
}

/// Sets how much was accepted, on an error too.
pub(crate) fn counted(written: Result<usize, WriteError>, accepted: &mut usize) -> Outcome {
    match written {
        Ok(n) => *accepted = n,
        Err(error) => {
            *accepted = error.accepted();
            return Err(error.into());
        }
    }
    Ok(())
}

/// Accepts as many of the bytes, from the start, as fit, and stores the count in `accepted`. It is
/// 0 during the handshake and while the buffer is full; neither is an error. Never resubmit
/// accepted bytes: they belong to the connection. If the connection fails, they are not sent.
///
/// Errors: `WW_ERROR_CLOSED`, `WW_ERROR_KEY_LIMIT`, `WW_ERROR_FAILED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_write(
    connection: *mut ww_connection,
    buf: *const c_void,
    len: usize,
    accepted: *mut usize,
) -> ww_status {
    let write = |connection: &mut ww_connection, accepted: &mut usize| {
        // SAFETY: the caller upholds the contract of every function.
        let buf = unsafe { memory::bytes(buf, len) }?;
        connection.write_with(accepted, |writer| writer.write(buf))
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, accepted, 0, write) }
}

/// Like `ww_write`, for `count` pieces as if they were contiguous.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writev(
    connection: *mut ww_connection,
    iov: *const iovec,
    count: usize,
    accepted: *mut usize,
) -> ww_status {
    let write = |connection: &mut ww_connection, accepted: &mut usize| {
        // SAFETY: the caller upholds the contract of every function.
        let pieces = unsafe { memory::pieces(iov, count) }?;
        connection.write_with(accepted, |writer| writer.write_vectored(pieces))
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, accepted, 0, write) }
}

/// Accepts all of the bytes, or none. If they do not fit, it returns `WW_ERROR_NO_ROOM`, or
/// `WW_ERROR_NEGOTIATING` during the handshake, and changes nothing. It never accepts more than
/// fits into the empty buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_write_atomic(
    connection: *mut ww_connection,
    buf: *const c_void,
    len: usize,
) -> ww_status {
    let write = |connection: &mut ww_connection| {
        // SAFETY: the caller upholds the contract of every function.
        let buf = unsafe { memory::bytes(buf, len) }?;
        Ok(connection.writer_mut().write_atomic(buf)?)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, write) }
}

/// Combines `ww_write_atomic` and `ww_close`: adds close_notify without waiting for a drain.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_write_and_close(
    connection: *mut ww_connection,
    buf: *const c_void,
    len: usize,
) -> ww_status {
    let write = |connection: &mut ww_connection| {
        // SAFETY: the caller upholds the contract of every function.
        let buf = unsafe { memory::bytes(buf, len) }?;
        Ok(connection.writer_mut().write_and_close(buf)?)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, write) }
}

/// Lends the free memory of the current record, where plaintext is sealed without a copy: fill it
/// from the start, then call `ww_slot_commit`. Empty if there is no room. Its initial contents are
/// unspecified.
///
/// It remains valid longer than other spans: until `ww_slot_commit`, a call that writes, flushes,
/// closes, aborts or frees, a failure of the connection, or the peer's close_notify if
/// `tls12_close_answers` is set. Calls that process input can find the last two: while something
/// else fills the slot, such as a read in progress, do not call `ww_process`, `ww_read` or
/// `ww_next`. You can drain in the meantime. A repeated call lends the same memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_slot(
    connection: *mut ww_connection,
    slot: *mut ww_memory,
) -> ww_status {
    let lend = |connection: &mut ww_connection, slot: &mut ww_memory| {
        *slot = ww_memory::of(connection.writer_mut().lend_slot()?);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, slot, ww_memory::EMPTY, lend) }
}

/// Accepts the first `n` bytes of the slot as if they had been written. If that is more than was
/// lent, it returns `WW_ERROR_OVERRUN` and changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_slot_commit(connection: *mut ww_connection, n: usize) -> ww_status {
    let commit = |connection: &mut ww_connection| Ok(connection.writer_mut().commit_slot(n)?);
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, commit) }
}

/// Seals the current record, so that everything accepted so far can be drained without waiting for
/// more. Use it only if bytes are pending that must not share a record with later ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_flush(connection: *mut ww_connection) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, |connection| Ok(connection.writer_mut().flush()?)) }
}

/// Seals the current record and close_notify, which ends our half. Nothing accepted is lost if you
/// drain it all, and read to the peer's end before you close a socket. A repeated call changes
/// nothing. During the handshake, it abandons the connection without an alert.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_close(connection: *mut ww_connection) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, |connection| Ok(connection.connection_mut().close()?)) }
}

/// Ends both halves with a fatal alert (RFC 9846, section 6.2), which you must drain. Plaintext
/// that was not read or not sealed is wiped. For 0 (close_notify) and 90 (user_canceled), which do
/// not signal an error, 80 (internal_error) is sent instead.
///
/// During the handshake, the alert is sent only while our output is unprotected. In TLS 1.3, this
/// means until a client has the ServerHello, or until a server has sent it; in TLS 1.2, until our
/// change_cipher_spec. Later, the connection ends without an alert.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_abort(connection: *mut ww_connection, alert: u8) -> ww_status {
    let abort = |connection: &mut ww_connection| {
        connection.connection_mut().abort(AlertDescription(alert));
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, abort) }
}

/// Updates our key (TLS 1.3): the KeyUpdate precedes the next record. If `request_peer` is not 0,
/// the peer is asked to update its key too. Returns `WW_ERROR_NO_KEY_UPDATE` in TLS 1.2. The
/// connection also updates keys automatically, before they reach their limits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_update_keys(
    connection: *mut ww_connection,
    request_peer: i32,
) -> ww_status {
    let update = |connection: &mut ww_connection| {
        Ok(connection.writer_mut().update_keys(request(request_peer))?)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, update) }
}

pub(crate) const fn request(is_requested: i32) -> KeyUpdateRequest {
    if is_requested == 0 { KeyUpdateRequest::NotRequested } else { KeyUpdateRequest::Requested }
}
