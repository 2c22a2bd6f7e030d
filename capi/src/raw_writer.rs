//! The writing half alone, with keys from anywhere.

use core::ffi::c_void;
use core::ptr;

use wantwrite::{AlertDescription, Writer};

use crate::chunk::ww_chunk;
use crate::error::{Failure, ww_error, ww_status};
use crate::guard::{self, Object, Spoilt};
use crate::keys::{write_keys, ww_keys};
use crate::memory::{self, iovec, ww_memory, ww_span};
use crate::output::{advance, put_back, take_chunk};
use crate::raw_reader::ww_reader;
use crate::settings::{connection_config, ww_connection_settings};
use crate::state::{ww_counts, ww_writing};
use crate::writing::{counted, request};

/// The writing half of a connection whose handshake you have performed yourself. Its functions
/// correspond to those of a connection. One thread at a time may use it.
///
/// In TLS 1.3, a writer alone is not safe: the peer's KeyUpdate determines what the next record
/// must be, and an alert must stop the writer. Report both, with `ww_writer_on_key_update` and
/// `ww_writer_fail`.
#[derive(Debug)]
pub struct ww_writer {
    writer: Writer,
    spoilt: Spoilt,
}

impl Object for ww_writer {
    fn spoilt(&self) -> &Spoilt {
        &self.spoilt
    }
}

impl ww_writer {
    pub(crate) const fn get(&self) -> &Writer {
        &self.writer
    }
}

/// Creates a writer with an empty buffer. Of the settings, only those for writing apply. `settings`
/// (for the defaults) and `error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_new(
    keys: *const ww_keys,
    settings: *const ww_connection_settings,
    writer: *mut *mut ww_writer,
    error: *mut ww_error,
) -> ww_status {
    let make = || {
        // SAFETY: the caller upholds the contract of every function.
        let keys = unsafe { write_keys(keys) }?;
        // SAFETY: the caller upholds the contract of every function.
        let settings = unsafe { connection_config(settings) }?;
        let writer = Writer::new(keys, settings.writer).map_err(Failure::of_setting)?;
        Ok(guard::give(ww_writer { writer, spoilt: Spoilt::default() }))
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::create(writer, error, make) }
}

/// Frees a writer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_free(writer: *mut ww_writer) {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::free(writer) };
}

/// Like `ww_write`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_write(
    writer: *mut ww_writer,
    buf: *const c_void,
    len: usize,
    accepted: *mut usize,
) -> ww_status {
    let write = |this: &mut ww_writer, accepted: &mut usize| {
        // SAFETY: the caller upholds the contract of every function.
        let buf = unsafe { memory::bytes(buf, len) }?;
        counted(this.writer.write(buf), accepted)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(writer, accepted, 0, write) }
}

/// Like `ww_writev`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_writev(
    writer: *mut ww_writer,
    iov: *const iovec,
    count: usize,
    accepted: *mut usize,
) -> ww_status {
    let write = |this: &mut ww_writer, accepted: &mut usize| {
        // SAFETY: the caller upholds the contract of every function.
        let pieces = unsafe { memory::pieces(iov, count) }?;
        counted(this.writer.write_vectored(pieces), accepted)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(writer, accepted, 0, write) }
}

/// Like `ww_write_atomic`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_write_atomic(
    writer: *mut ww_writer,
    buf: *const c_void,
    len: usize,
) -> ww_status {
    let write = |this: &mut ww_writer| {
        // SAFETY: the caller upholds the contract of every function.
        let buf = unsafe { memory::bytes(buf, len) }?;
        Ok(this.writer.write_atomic(buf)?)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(writer, write) }
}

/// Like `ww_slot`. `ww_writer_fail` ends the loan, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_slot(writer: *mut ww_writer, slot: *mut ww_memory) -> ww_status {
    let lend = |this: &mut ww_writer, slot: &mut ww_memory| {
        *slot = ww_memory::of(this.writer.lend_slot()?);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(writer, slot, ww_memory::EMPTY, lend) }
}

/// Like `ww_slot_commit`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_slot_commit(writer: *mut ww_writer, n: usize) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(writer, |this| Ok(this.writer.commit_slot(n)?)) }
}

/// Like `ww_flush`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_flush(writer: *mut ww_writer) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(writer, |this| Ok(this.writer.flush()?)) }
}

/// Like `ww_close`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_close(writer: *mut ww_writer) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(writer, |this| Ok(this.writer.close()?)) }
}

/// Like `ww_abort`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_abort(writer: *mut ww_writer, alert: u8) -> ww_status {
    let abort = |this: &mut ww_writer| {
        this.writer.abort(AlertDescription(alert));
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(writer, abort) }
}

/// Like `ww_update_keys`. Keys that do not come from a secret cannot be updated. Returns
/// `WW_ERROR_KEY_LIMIT` if the key must not even seal the KeyUpdate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_update_keys(
    writer: *mut ww_writer,
    request_peer: i32,
) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(writer, |this| Ok(this.writer.update_keys(request(request_peer))?)) }
}

/// Reports that the peer has sent a KeyUpdate. `requested` is not 0 if it asks for ours
/// (`ww_events`).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_on_key_update(
    writer: *mut ww_writer,
    requested: i32,
) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(writer, |this| Ok(this.writer.on_key_update(request(requested))?)) }
}

/// Reports that the reader of the same connection has failed: the alert for the peer is then
/// pending. Does nothing if the reader has not failed. Returns `WW_ERROR_PANIC` if a panic was
/// caught on either; if it was on the reader, use `ww_writer_abort`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_fail(
    writer: *mut ww_writer,
    reader: *const ww_reader,
) -> ww_status {
    let fail = |this: &mut ww_writer| {
        // SAFETY: the caller upholds the contract of every function.
        if let Some(error) = unsafe { guard::seen(reader, |reader| reader.get().error()) }? {
            this.writer.fail(error);
        }
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(writer, fail) }
}

/// Like `ww_out`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_out(writer: *mut ww_writer, span: *mut ww_span) -> ww_status {
    let look = |this: &mut ww_writer, span: &mut ww_span| {
        *span = ww_span::of(this.writer.drain().chunk());
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(writer, span, ww_span::EMPTY, look) }
}

/// Like `ww_out_iov`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_out_iov(
    writer: *mut ww_writer,
    iov: *mut iovec,
    count: usize,
    filled: *mut usize,
) -> ww_status {
    let look = |this: &mut ww_writer, filled: &mut usize| {
        // SAFETY: the caller upholds the contract of every function.
        *filled = unsafe { memory::put_iovecs(iov, count, this.writer.drain().chunks()) }?;
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(writer, filled, 0, look) }
}

/// Like `ww_out_advance`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_out_advance(writer: *mut ww_writer, n: usize) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(writer, |this| advance(&mut this.writer, n)) }
}

/// Like `ww_out_take`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_out_take(
    writer: *mut ww_writer,
    max: usize,
    chunk: *mut *mut ww_chunk,
) -> ww_status {
    let take = |this: &mut ww_writer, chunk: &mut *mut ww_chunk| {
        *chunk = take_chunk(&mut this.writer, max);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(writer, chunk, ptr::null_mut(), take) }
}

/// Like `ww_put_back`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_put_back(
    writer: *mut ww_writer,
    chunk: *mut ww_chunk,
) -> ww_status {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { put_back(writer, chunk, |this| &mut this.writer) }
}

/// Like `ww_room`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_room(writer: *const ww_writer) -> usize {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(writer, 0, |this| this.writer.room()) }
}

/// Like `ww_wire_len`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_wire_len(writer: *const ww_writer, n: usize) -> usize {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(writer, 0, |this| this.writer.wire_len(n)) }
}

/// Returns whether `ww_writer_out` would return bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_wants_drain(writer: *const ww_writer) -> bool {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(writer, false, |this| this.writer.wants_drain()) }
}

/// Like `ww_writing_state`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_state(writer: *const ww_writer) -> ww_writing {
    let state = |this: &ww_writer| this.writer.state().into();
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(writer, ww_writing::WW_WRITING_FAILED, state) }
}

/// Like `ww_progress`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_progress(
    writer: *const ww_writer,
    progress: *mut ww_counts,
) -> ww_status {
    let look = |this: &ww_writer, progress: &mut ww_counts| {
        *progress = this.writer.progress().into();
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for(writer, progress, ww_counts::default(), look) }
}

/// Like `ww_connection_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writer_error(
    writer: *const ww_writer,
    error: *mut ww_error,
) -> ww_status {
    let failure = |this: &ww_writer| this.writer.error().map(Failure::from);
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for_failure(writer, error, failure) }
}
