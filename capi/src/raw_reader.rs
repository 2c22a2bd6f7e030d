//! The reading half alone, with keys from anywhere.

use core::ffi::c_void;

use wantwrite::{KeyUpdateRequest, Reader, Role};

use crate::error::{Failure, ww_error, ww_status};
use crate::guard::{self, Object, Spoilt};
use crate::keys::{read_keys, ww_keys};
use crate::memory::{self, ww_memory, ww_span};
use crate::raw_writer::ww_writer;
use crate::settings::{connection_config, ww_connection_settings};
use crate::state::{WW_WANTS_INPUT, WW_WANTS_PROCESS, ww_reading};

/// The reading half of a connection whose handshake you have performed yourself. Its functions
/// correspond to those of a connection. One thread at a time may use it.
#[derive(Debug)]
pub struct ww_reader {
    reader: Reader,
    spoilt: Spoilt,
}

impl Object for ww_reader {
    fn spoilt(&self) -> &Spoilt {
        &self.spoilt
    }
}

impl ww_reader {
    pub(crate) const fn get(&self) -> &Reader {
        &self.reader
    }
}

/// What a record contained besides plaintext.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ww_events {
    /// Not 0 if the peer has updated its key: tell the writer with `ww_writer_on_key_update`.
    pub key_update: i32,
    /// Not 0 if the peer asks for our KeyUpdate in return.
    pub key_update_requested: i32,
    /// The number of session tickets, which are not stored.
    pub tickets: u32,
    /// TLS 1.2: how many times the peer has asked to renegotiate.
    pub renegotiation_requests: u32,
}

/// Creates a reader with an empty buffer. `is_server` is not 0 if we are the server. Of the
/// settings, only those for reading apply. `settings` (for the defaults) and `error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_new(
    keys: *const ww_keys,
    is_server: i32,
    settings: *const ww_connection_settings,
    reader: *mut *mut ww_reader,
    error: *mut ww_error,
) -> ww_status {
    let make = || {
        // SAFETY: the caller upholds the contract of every function.
        let keys = unsafe { read_keys(keys) }?;
        // SAFETY: the caller upholds the contract of every function.
        let settings = unsafe { connection_config(settings) }?;
        let role = if is_server == 0 { Role::Client } else { Role::Server };
        let reader = Reader::new(keys, role, settings.reader).map_err(Failure::of_setting)?;
        Ok(guard::give(ww_reader { reader, spoilt: Spoilt::default() }))
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::create(reader, error, make) }
}

/// Frees a reader.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_free(reader: *mut ww_reader) {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::free(reader) };
}

/// Like `ww_in`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_in(reader: *mut ww_reader, memory: *mut ww_memory) -> ww_status {
    let lend = |this: &mut ww_reader, memory: &mut ww_memory| {
        *memory = this.reader.lend_inbound().map_or(ww_memory::EMPTY, ww_memory::of);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(reader, memory, ww_memory::EMPTY, lend) }
}

/// Like `ww_in_commit`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_in_commit(reader: *mut ww_reader, n: usize) -> ww_status {
    let commit = |this: &mut ww_reader| {
        this.reader.commit_inbound(n).map_err(|_| ww_status::WW_ERROR_OVERRUN)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(reader, commit) }
}

/// Like `ww_receive`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_receive(
    reader: *mut ww_reader,
    wire: *const c_void,
    len: usize,
    taken: *mut usize,
) -> ww_status {
    let receive = |this: &mut ww_reader, taken: &mut usize| {
        // SAFETY: the caller upholds the contract of every function.
        let wire = unsafe { memory::bytes(wire, len) }?;
        *taken = this.reader.receive(wire);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(reader, taken, 0, receive) }
}

/// Like `ww_in_end`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_in_end(reader: *mut ww_reader) -> ww_status {
    let end = |this: &mut ww_reader| {
        this.reader.end_of_input();
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(reader, end) }
}

/// Opens records until one has plaintext to consume or sets something in `events`, or until more
/// input is needed or the peer has closed. The errors are those of `ww_process`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_process(
    reader: *mut ww_reader,
    events: *mut ww_events,
) -> ww_status {
    let process = |this: &mut ww_reader, events: &mut ww_events| {
        let found = this.reader.process()?;
        events.key_update = i32::from(found.key_update.is_some());
        let is_requested = found.key_update == Some(KeyUpdateRequest::Requested);
        events.key_update_requested = i32::from(is_requested);
        events.tickets = found.tickets;
        events.renegotiation_requests = found.renegotiation_requests;
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter_for(reader, events, ww_events::default(), process) }
}

/// Like `ww_plaintext`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_plaintext(
    reader: *const ww_reader,
    span: *mut ww_span,
) -> ww_status {
    let look = |this: &ww_reader, span: &mut ww_span| {
        *span = ww_span::of(this.reader.plaintext());
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for(reader, span, ww_span::EMPTY, look) }
}

/// Like `ww_consume`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_consume(reader: *mut ww_reader, n: usize) -> ww_status {
    let consume =
        |this: &mut ww_reader| this.reader.consume(n).map_err(|_| ww_status::WW_ERROR_OVERRUN);
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(reader, consume) }
}

/// Reports the records that the writer of the same connection has sealed. They earn the peer
/// credit, as data from the peer does. Call this now and then if you mostly write. Returns
/// `WW_ERROR_PANIC` if a panic was caught on either.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_on_sealed(
    reader: *mut ww_reader,
    writer: *const ww_writer,
) -> ww_status {
    let tell = |this: &mut ww_reader| {
        let records = |writer: &ww_writer| writer.get().progress().records;
        // SAFETY: the caller upholds the contract of every function.
        this.reader.on_sealed(unsafe { guard::seen(writer, records) }?);
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::enter(reader, tell) }
}

/// Returns `WW_WANTS_INPUT` and `WW_WANTS_PROCESS`, as `ww_wants` does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_wants(reader: *const ww_reader) -> u32 {
    let wants = |this: &ww_reader| {
        let input = if this.reader.wants_input() { WW_WANTS_INPUT } else { 0 };
        input | if this.reader.wants_process() { WW_WANTS_PROCESS } else { 0 }
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(reader, 0, wants) }
}

/// Like `ww_reading_state`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_state(reader: *const ww_reader) -> ww_reading {
    let state = |this: &ww_reader| this.reader.state().into();
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(reader, ww_reading::WW_READING_FAILED, state) }
}

/// Like `ww_connection_error`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reader_error(
    reader: *const ww_reader,
    error: *mut ww_error,
) -> ww_status {
    let failure = |this: &ww_reader| this.reader.error().map(Failure::from);
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for_failure(reader, error, failure) }
}
