//! Plaintext into a connection, and the ends of our half.

use core::ffi::c_void;

use wantwrite::{AlertDescription, KeyUpdateRequest, WriteError, Writer};

use crate::connection::ww_connection;
use crate::error::ww_status;
use crate::guard::{self, Outcome};
use crate::memory::{self, iovec, ww_memory};

impl ww_connection {
    /// Writes, behind `WW_GOAL_WRITE` as the driver has it: what finds nothing waiting is sealed
    /// to its end, because the transport keeps up.
    fn write_with(
        &mut self,
        accepted: &mut usize,
        write: impl FnOnce(&mut Writer) -> Result<usize, WriteError>,
    ) -> Outcome {
        if self.is_behind_write_goal() {
            self.set_behind_write_goal(false);
            match self.driver_mut().write_plaintext(write) {
                Ok(n) => *accepted = n,
                Err(fault) => return Err((&fault).into()),
            }
            return Ok(());
        }
        counted(write(self.writer_mut()), accepted)
    }
}

/// How much was accepted, on an error too.
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

/// Takes as long a prefix of the bytes as there is room for: `accepted` says how much, 0 in the
/// handshake and while the buffer is full. Neither is an error. What was accepted is the
/// connection's: it is not offered again. After a failure it is not sent.
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
        // SAFETY: the contract of every function.
        let buf = unsafe { memory::bytes(buf, len) }?;
        connection.write_with(accepted, |writer| writer.write(buf))
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter_for(connection, accepted, 0, write) }
}

/// `ww_write` of `count` pieces as if they were one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writev(
    connection: *mut ww_connection,
    iov: *const iovec,
    count: usize,
    accepted: *mut usize,
) -> ww_status {
    let write = |connection: &mut ww_connection, accepted: &mut usize| {
        // SAFETY: the contract of every function.
        let pieces = unsafe { memory::pieces(iov, count) }?;
        connection.write_with(accepted, |writer| writer.write_vectored(pieces))
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter_for(connection, accepted, 0, write) }
}

/// Takes all of the bytes, or none: `WW_ERROR_NO_ROOM`, or `WW_ERROR_NEGOTIATING` in the
/// handshake, and then nothing changes. More than the empty buffer has room for is never
/// accepted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_write_atomic(
    connection: *mut ww_connection,
    buf: *const c_void,
    len: usize,
) -> ww_status {
    let write = |connection: &mut ww_connection| {
        // SAFETY: the contract of every function.
        let buf = unsafe { memory::bytes(buf, len) }?;
        Ok(connection.writer_mut().write_atomic(buf)?)
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, write) }
}

/// `ww_write_atomic` and `ww_close` in one: close_notify follows without waiting for the drain.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_write_and_close(
    connection: *mut ww_connection,
    buf: *const c_void,
    len: usize,
) -> ww_status {
    let write = |connection: &mut ww_connection| {
        // SAFETY: the contract of every function.
        let buf = unsafe { memory::bytes(buf, len) }?;
        Ok(connection.writer_mut().write_and_close(buf)?)
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, write) }
}

/// Lends the free memory of the current record, in which plaintext is sealed without a copy:
/// fill it from its beginning and call `ww_slot_commit`. Empty if there is no room. What it
/// holds at first is unspecified.
///
/// It stays valid longer than other spans: until `ww_slot_commit`, or a call that writes,
/// flushes, closes, aborts or frees. Draining and reading are allowed meanwhile. Lent again it
/// is the same memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_slot(
    connection: *mut ww_connection,
    slot: *mut ww_memory,
) -> ww_status {
    let lend = |connection: &mut ww_connection, slot: &mut ww_memory| {
        *slot = ww_memory::of(connection.writer_mut().lend_slot()?);
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter_for(connection, slot, ww_memory::EMPTY, lend) }
}

/// Takes the first `n` bytes of the slot as if they had been written. More than is lent is
/// `WW_ERROR_OVERRUN`, and changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_slot_commit(connection: *mut ww_connection, n: usize) -> ww_status {
    let commit = |connection: &mut ww_connection| Ok(connection.writer_mut().commit_slot(n)?);
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, commit) }
}

/// Seals the current record: everything accepted so far can be drained without waiting for more.
/// Needed only where bytes wait, and must not share a record with later ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_flush(connection: *mut ww_connection) -> ww_status {
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, |connection| Ok(connection.writer_mut().flush()?)) }
}

/// Seals the current record and close_notify: our half ends, and nothing accepted is lost if you
/// drain it, and read to the peer's end before you drop a socket. Repeated, it changes nothing.
/// In the handshake it gives the connection up, without an alert.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_close(connection: *mut ww_connection) -> ww_status {
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, |connection| Ok(connection.connection_mut().close()?)) }
}

/// Ends both halves with a fatal alert (RFC 9846, section 6.2), which waits to be drained:
/// plaintext that was not read or sealed is wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_abort(connection: *mut ww_connection, alert: u8) -> ww_status {
    let abort = |connection: &mut ww_connection| {
        connection.connection_mut().abort(AlertDescription(alert));
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, abort) }
}

/// Updates our key (TLS 1.3): the KeyUpdate goes in front of the next record. If `request_peer`
/// is not 0, the peer is asked to update its key too. `WW_ERROR_NO_KEY_UPDATE` in TLS 1.2. Keys
/// are also updated without this call, before their limits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_update_keys(
    connection: *mut ww_connection,
    request_peer: i32,
) -> ww_status {
    let update = |connection: &mut ww_connection| {
        Ok(connection.writer_mut().update_keys(request(request_peer))?)
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, update) }
}

pub(crate) const fn request(is_requested: i32) -> KeyUpdateRequest {
    if is_requested == 0 { KeyUpdateRequest::NotRequested } else { KeyUpdateRequest::Requested }
}
