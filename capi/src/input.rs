//! Bytes from the transport into a connection, and plaintext out of it.

use core::ffi::c_void;

use wantwrite::Connection;

use crate::connection::ww_connection;
use crate::error::ww_status;
use crate::guard;
use crate::memory::{self, Target, ww_memory, ww_span};

/// Lends memory for the transport's next bytes: fill it from its beginning and call
/// `ww_in_commit`.
///
/// It is empty (NULL) while the buffer is full, and once nothing more will be read, as
/// `ww_wants` says too: do not read then, because a read into no memory gives 0, which looks
/// like an end.
///
/// It stays valid longer than other spans: until `ww_in_commit`, `ww_receive`, a failure of the
/// connection, `ww_next` or `ww_connection_free`. Everything else is allowed meanwhile. Lent
/// again it is the same memory.
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
    // SAFETY: the contract of every function.
    unsafe { guard::enter_for(connection, memory, ww_memory::EMPTY, lend) }
}

/// The first `n` bytes of the memory that was lent are there; then call `ww_process`. More than
/// is lent is `WW_ERROR_OVERRUN`, and changes nothing. With 0 the loan ends, and nothing else:
/// the end of the transport is `ww_in_end`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_in_commit(connection: *mut ww_connection, n: usize) -> ww_status {
    let commit = |connection: &mut ww_connection| {
        let committed = connection.connection_mut().commit_inbound(n);
        committed.map_err(|_| ww_status::WW_ERROR_OVERRUN)
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, commit) }
}

/// Copies as many of the bytes as there is room for: `taken` says how much; then call
/// `ww_process`. For bytes that are in memory of your own already, such as those that came
/// behind STARTTLS: they are the beginning of the handshake. After the end of reading all are
/// taken, and ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_receive(
    connection: *mut ww_connection,
    wire: *const c_void,
    len: usize,
    taken: *mut usize,
) -> ww_status {
    let receive = |connection: &mut ww_connection, taken: &mut usize| {
        // SAFETY: the contract of every function.
        let wire = unsafe { memory::bytes(wire, len) }?;
        *taken = connection.connection_mut().receive(wire);
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter_for(connection, taken, 0, receive) }
}

/// The transport has ended: a read has returned 0. What is held is still read; after it comes
/// `WW_ERROR_TRUNCATED`, once, unless the peer had sent close_notify.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_in_end(connection: *mut ww_connection) -> ww_status {
    let end = |connection: &mut ww_connection| {
        connection.connection_mut().end_of_input();
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, end) }
}

/// Makes of the input what can be made of it: continues the handshake, opens records until
/// one has plaintext that is not consumed, answers KeyUpdates, stores tickets. Without input it
/// changes nothing. What it answers waits to be drained.
///
/// Errors: why the connection has failed, again at every later call; if the peer must be told,
/// the alert waits to be drained. `WW_ERROR_TRUNCATED` comes once, and you can still write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_process(connection: *mut ww_connection) -> ww_status {
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, |connection| Ok(connection.connection_mut().process()?)) }
}

/// The plaintext of the record that was opened last, at most 16,384 bytes; empty if there is
/// none: then `ww_process` may find more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_plaintext(
    connection: *const ww_connection,
    span: *mut ww_span,
) -> ww_status {
    let look = |connection: &ww_connection, span: &mut ww_span| {
        *span = ww_span::of(connection.connection().plaintext());
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::look_for(connection, span, ww_span::EMPTY, look) }
}

/// Removes `n` bytes from the front of the plaintext. More than there are is `WW_ERROR_OVERRUN`,
/// and changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_consume(connection: *mut ww_connection, n: usize) -> ww_status {
    let consume = |connection: &mut ww_connection| {
        let consumed = connection.connection_mut().consume(n);
        consumed.map_err(|_| ww_status::WW_ERROR_OVERRUN)
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter(connection, consume) }
}

/// Copies plaintext into `buf`, and processes input as needed: `ww_process`, `ww_plaintext` and
/// `ww_consume` in one. With `WW_OK` and a `count` of 0, input is needed, or the peer has
/// closed: `ww_reading_state` tells. Errors are those of `ww_process`; what was copied before
/// one is given first, and the error by the next call.
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
            // SAFETY: the contract of every function.
            let n = unsafe { target.put(*count, plaintext) };
            *count += n;
            n
        };
        let read = |connection: &mut Connection| match target.is_empty() {
            // No input is looked at for no memory, as in Rust.
            true => Ok(0),
            false => connection.read_with(copy),
        };
        match connection.driver_mut().read_plaintext(read) {
            Ok(_) => Ok(()),
            Err(fault) => Err((&fault).into()),
        }
    };
    // SAFETY: the contract of every function.
    unsafe { guard::enter_for(connection, count, 0, read) }
}
