//! Bytes from the transport into a connection, and plaintext out of it.

use core::ffi::c_void;

use wantwrite::Connection;

use crate::connection::ww_connection;
use crate::error::ww_status;
use crate::guard;
use crate::memory::{self, Target, ww_memory, ww_span};

/// Lends memory for the transport's next bytes: fill it from the start, then call `ww_in_commit`.
///
/// It is empty (NULL) while the buffer is full, and once nothing more will be read; `ww_wants`
/// says the same. Do not read in that case: a read into empty memory returns 0, which looks like
/// an end.
///
/// It remains valid longer than other spans: until `ww_in_commit`, `ww_receive`, a failure of the
/// connection, `ww_next` or `ww_connection_free`. All other calls are allowed in the meantime. A
/// repeated call lends the same memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_in(
    connection: *mut ww_connection,
    memory: *mut ww_memory,
) -> ww_status {
    let lend = |connection: &mut ww_connection, memory: &mut ww_memory| {
        let lent = connection.connection_mut().lend_inbound();
        *memory = lent.map_or(ww_memory::EMPTY, ww_memory::of);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, memory, ww_memory::EMPTY, lend) }
}

/// Reports that the first `n` bytes of the lent memory are filled; then call `ww_process`. If that
/// is more than was lent, it returns `WW_ERROR_OVERRUN` and changes nothing. 0 only ends the loan:
/// to report the end of the transport, call `ww_in_end`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_in_commit(connection: *mut ww_connection, n: usize) -> ww_status {
    let commit = |connection: &mut ww_connection| {
        let committed = connection.connection_mut().commit_inbound(n);
        committed.map_err(|_| ww_status::WW_ERROR_OVERRUN)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, commit) }
}

/// Copies as many of the bytes as fit and stores the count in `taken`; then call `ww_process`. Use
/// it for bytes that are already in your own memory. For example, bytes that arrived after STARTTLS
/// are the start of the handshake. Once reading has ended, all bytes are taken and ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_receive(
    connection: *mut ww_connection,
    wire: *const c_void,
    len: usize,
    taken: *mut usize,
) -> ww_status {
    let receive = |connection: &mut ww_connection, taken: &mut usize| {
        // SAFETY: the caller upholds the contract of every function.
        let wire = unsafe { memory::bytes(wire, len) }?;
        *taken = connection.connection_mut().receive(wire);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, taken, 0, receive) }
}

/// Reports the end of the transport: a read has returned 0. Input that is held is still processed.
/// What follows it is `WW_ERROR_TRUNCATED`, unless the peer has sent close_notify.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_in_end(connection: *mut ww_connection) -> ww_status {
    let end = |connection: &mut ww_connection| {
        connection.connection_mut().end_of_input();
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, end) }
}

/// Processes input as far as possible: continues the handshake, opens records until one has
/// plaintext to consume, answers KeyUpdates, and stores tickets. Without input it changes nothing.
/// Its answers are pending and must be drained.
///
/// Errors: the reason why the connection has failed, which every later call returns again. If the
/// peer must be told, the alert is pending. After the handshake, `WW_ERROR_TRUNCATED` is not a
/// failure: this returns it once, and you can still write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_process(connection: *mut ww_connection) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, |connection| Ok(connection.connection_mut().process()?)) }
}

/// Returns the plaintext of the record that was opened last, at most 16,384 bytes. If it is empty,
/// `ww_process` may find more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_plaintext(
    connection: *const ww_connection,
    span: *mut ww_span,
) -> ww_status {
    let look = |connection: &ww_connection, span: &mut ww_span| {
        *span = ww_span::of(connection.connection().plaintext());
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for(connection, span, ww_span::EMPTY, look) }
}

/// Removes the first `n` bytes of the plaintext. If that is more than there are, it returns
/// `WW_ERROR_OVERRUN` and changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_consume(connection: *mut ww_connection, n: usize) -> ww_status {
    let consume = |connection: &mut ww_connection| {
        let consumed = connection.connection_mut().consume(n);
        consumed.map_err(|_| ww_status::WW_ERROR_OVERRUN)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, consume) }
}

/// Copies plaintext into `buf`, and processes input as needed: combines `ww_process`,
/// `ww_plaintext` and `ww_consume`. `WW_OK` with a `count` of 0 means that more input is needed, or
/// that the peer has closed; `ww_reading_state` says which. The errors are those of `ww_process`,
/// but `WW_ERROR_TRUNCATED` is returned every time. Plaintext that was copied before an error is
/// returned first, and the next call returns the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_read(
    connection: *mut ww_connection,
    buf: *mut c_void,
    len: usize,
    count: *mut usize,
) -> ww_status {
    let read = |connection: &mut ww_connection, count: &mut usize| {
        let target = Target::new(buf, len)?;
        let copy = |plaintext: &[u8]| {
            // SAFETY: the caller upholds the contract of every function.
            let n = unsafe { target.put(*count, plaintext) };
            *count += n;
            n
        };
        let read = |connection: &mut Connection| match target.is_empty() {
            // As in Rust, a read into empty memory processes no input.
            true => Ok(0),
            false => connection.read_with(copy),
        };
        match connection.driver_mut().read_plaintext(read) {
            Ok(_) => Ok(()),
            Err(fault) => Err((&fault).into()),
        }
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, count, 0, read) }
}
