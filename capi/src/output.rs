//! Draining sealed bytes from a connection.

use core::ptr;

use wantwrite::{PutBackError, Writer};

use crate::chunk::ww_chunk;
use crate::connection::ww_connection;
use crate::error::ww_status;
use crate::guard::{self, Object, Outcome};
use crate::memory::{self, iovec, ww_span};

/// Returns the first pending bytes, as many as are contiguous; empty if none are pending. Give the
/// transport some of them, from the start, then call `ww_out_advance`. If no sealed bytes are
/// pending, this seals the current record first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_out(connection: *mut ww_connection, span: *mut ww_span) -> ww_status {
    let look = |connection: &mut ww_connection, span: &mut ww_span| {
        *span = ww_span::of(connection.writer_mut().drain().chunk());
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, span, ww_span::EMPTY, look) }
}

/// Returns all pending sealed bytes, as far as `count` pieces suffice, for `writev`. `filled` is
/// the number of pieces that were set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_out_iov(
    connection: *mut ww_connection,
    iov: *mut iovec,
    count: usize,
    filled: *mut usize,
) -> ww_status {
    let look = |connection: &mut ww_connection, filled: &mut usize| {
        let drain = connection.writer_mut().drain();
        // SAFETY: the caller upholds the contract of every function.
        *filled = unsafe { memory::put_iovecs(iov, count, drain.chunks()) }?;
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, filled, 0, look) }
}

/// Reports that the transport has taken the first `n` bytes. If that is more than are pending, it
/// returns `WW_ERROR_OVERRUN` and changes nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_out_advance(connection: *mut ww_connection, n: usize) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(connection, |connection| advance(connection.writer_mut(), n)) }
}

/// Takes out the first pending bytes as a chunk that you own, at most `max` bytes; fewer if they
/// are not contiguous. `chunk` is NULL if nothing is pending. The bytes count as drained, so you
/// must put back what you do not send.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_out_take(
    connection: *mut ww_connection,
    max: usize,
    chunk: *mut *mut ww_chunk,
) -> ww_status {
    let take = |connection: &mut ww_connection, chunk: &mut *mut ww_chunk| {
        *chunk = take_chunk(connection.writer_mut(), max);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(connection, chunk, ptr::null_mut(), take) }
}

/// Puts back the chunk that was taken last, so that its bytes are pending again, before all others,
/// and count against the capacity. Put several chunks back in reverse order. With `WW_OK` the chunk
/// is freed; with an error it is still yours. After a fatal alert from the peer nothing may be sent
/// any more, so the chunk is only freed.
///
/// Returns `WW_ERROR_PUT_BACK` if the chunk is not the one that was taken last from this
/// connection, if more has been drained since, or if a capacity's worth of later bytes has been
/// taken and new records have been sealed since. In the last case, the chunks before it cannot be
/// put back either: send them and this one, in the order in which they were taken, before anything
/// that `ww_out` returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_put_back(
    connection: *mut ww_connection,
    chunk: *mut ww_chunk,
) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { put_back(connection, chunk, |connection| connection.writer_mut()) }
}

pub(crate) fn advance(writer: &mut Writer, n: usize) -> Outcome {
    writer.drain().advance(n).map_err(|_| ww_status::WW_ERROR_OVERRUN)
}

pub(crate) fn take_chunk(writer: &mut Writer, max: usize) -> *mut ww_chunk {
    match writer.drain().take_chunk(max) {
        Some(chunk) => guard::give(ww_chunk::new(chunk)),
        None => ptr::null_mut(),
    }
}

/// # Safety
/// `object` and `chunk` obey the contract of every function.
pub(crate) unsafe fn put_back<T: Object>(
    object: *mut T,
    chunk: *mut ww_chunk,
    writer: impl FnOnce(&mut T) -> &mut Writer,
) -> ww_status {
    let put_back = |object: &mut T| {
        // SAFETY: NULL or a live chunk, which nothing else uses during the call.
        let Some(held) = (unsafe { chunk.as_mut() }) else { return Err(ww_status::WW_ERROR_NULL) };
        if held.spoilt().is_set() {
            return Err(ww_status::WW_ERROR_PANIC);
        }
        let Some(bytes) = held.take() else { return Err(ww_status::WW_ERROR_PUT_BACK) };
        if let Err(PutBackError(bytes)) = writer(object).put_back(bytes) {
            held.refuse(bytes);
            return Err(ww_status::WW_ERROR_PUT_BACK);
        }
        Ok(())
    };
    // SAFETY: the caller upholds this function's contract.
    let status = unsafe { guard::enter(object, put_back) };
    if status == ww_status::WW_OK {
        // SAFETY: a live chunk, which C has given up.
        unsafe { guard::free(chunk) };
    }
    status
}
