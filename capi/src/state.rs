//! The state of a connection, which you can query at any time.

use wantwrite::{BufferState, Progress, ReaderState, Wants, WriterState};

use crate::connection::ww_connection;
use crate::error::ww_status;
use crate::guard;

/// Bytes are pending: register for writability, and give the transport what `ww_out` returns.
pub const WW_WANTS_DRAIN: u32 = 1;
/// The connection accepts input: register for readability, and read into what `ww_in` returns.
pub const WW_WANTS_INPUT: u32 = 2;
/// Input is ready to be processed: call `ww_process`, without waiting for the transport.
pub const WW_WANTS_PROCESS: u32 = 4;

/// The state of our writing half.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_writing {
    /// A fatal error. You can still drain what was sealed before it, and the alert.
    WW_WRITING_FAILED = 0,
    /// The handshake is not complete: writing accepts 0 bytes.
    WW_WRITING_NEGOTIATING = 1,
    /// Writing accepts as much as fits.
    WW_WRITING_OPEN = 2,
    /// `ww_close` was called; bytes are still pending.
    WW_WRITING_CLOSING = 3,
    /// `ww_close` was called, and everything has been drained. Do not close a socket yet: if it has
    /// unread input, the system resets the connection, and the peer loses what it has not read.
    /// Read to the peer's end first.
    WW_WRITING_CLOSED = 4,
}

/// The state of our reading half.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_reading {
    /// A fatal error.
    WW_READING_FAILED = 0,
    /// The handshake is not complete.
    WW_READING_NEGOTIATING = 1,
    /// Plaintext can arrive.
    WW_READING_OPEN = 2,
    /// The peer's close_notify has arrived: a clean end.
    WW_READING_PEER_CLOSED = 3,
    /// The transport ended without close_notify, so what was read may be incomplete.
    WW_READING_TRUNCATED = 4,
}

/// The state of the outbound buffer.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_buffer {
    /// Empty: no bytes are pending.
    WW_BUFFER_EMPTY = 0,
    /// Bytes are pending, and writing would accept more.
    WW_BUFFER_HOLDING = 1,
    /// Writing accepts nothing until bytes are drained.
    WW_BUFFER_FULL = 2,
}

impl From<WriterState> for ww_writing {
    fn from(state: WriterState) -> Self {
        match state {
            WriterState::Negotiating => Self::WW_WRITING_NEGOTIATING,
            WriterState::Open => Self::WW_WRITING_OPEN,
            WriterState::Closing => Self::WW_WRITING_CLOSING,
            WriterState::Closed => Self::WW_WRITING_CLOSED,
            _ => Self::WW_WRITING_FAILED,
        }
    }
}

impl From<ReaderState> for ww_reading {
    fn from(state: ReaderState) -> Self {
        match state {
            ReaderState::Negotiating => Self::WW_READING_NEGOTIATING,
            ReaderState::Open => Self::WW_READING_OPEN,
            ReaderState::PeerClosed => Self::WW_READING_PEER_CLOSED,
            ReaderState::Truncated => Self::WW_READING_TRUNCATED,
            _ => Self::WW_READING_FAILED,
        }
    }
}

impl From<BufferState> for ww_buffer {
    fn from(state: BufferState) -> Self {
        match state {
            BufferState::Empty => Self::WW_BUFFER_EMPTY,
            BufferState::Holding => Self::WW_BUFFER_HOLDING,
            _ => Self::WW_BUFFER_FULL,
        }
    }
}

/// What a connection or a writer has done so far.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ww_counts {
    /// Plaintext bytes accepted.
    pub accepted: u64,
    /// Wire bytes drained.
    pub drained: u64,
    /// Plaintext bytes whose records have been drained completely. Once this reaches an earlier
    /// value of `accepted`, everything accepted until then has been drained.
    pub drained_plaintext: u64,
    /// Application data records sealed.
    pub records: u64,
    /// KeyUpdates sealed.
    pub key_updates: u64,
}

impl From<Progress> for ww_counts {
    fn from(progress: Progress) -> Self {
        let Progress { accepted, drained, drained_plaintext, records, key_updates, .. } = progress;
        Self { accepted, drained, drained_plaintext, records, key_updates }
    }
}

/// Returns what must happen for the connection to continue, as a combination of `WW_WANTS_...`.
/// Each is a level: it stays set until its reason is gone. 0 means that the connection waits for
/// you, or is over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_wants(connection: *const ww_connection) -> u32 {
    let wants = |connection: &ww_connection| {
        let Wants { drain, input, process, .. } = connection.connection().wants();
        let bit = |is_set, bit| if is_set { bit } else { 0 };
        bit(drain, WW_WANTS_DRAIN) | bit(input, WW_WANTS_INPUT) | bit(process, WW_WANTS_PROCESS)
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, 0, wants) }
}

/// Returns exactly how many bytes `ww_write` accepts now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_room(connection: *const ww_connection) -> usize {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, 0, |connection| connection.writer().room()) }
}

/// Returns exactly how many wire bytes result from writing `n` more bytes now and flushing. Returns
/// `SIZE_MAX` for more than 1 GiB, and 0 unless our half is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_wire_len(connection: *const ww_connection, n: usize) -> usize {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, 0, |connection| connection.writer().wire_len(n)) }
}

/// Returns the state of our writing half; failed for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writing_state(connection: *const ww_connection) -> ww_writing {
    let state = |connection: &ww_connection| connection.connection().writer_state().into();
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, ww_writing::WW_WRITING_FAILED, state) }
}

/// Returns the state of our reading half; failed for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reading_state(connection: *const ww_connection) -> ww_reading {
    let state = |connection: &ww_connection| connection.connection().reader_state().into();
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, ww_reading::WW_READING_FAILED, state) }
}

/// Returns the state of the outbound buffer; empty for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_buffer_state(connection: *const ww_connection) -> ww_buffer {
    let state = |connection: &ww_connection| connection.writer().buffer_state().into();
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, ww_buffer::WW_BUFFER_EMPTY, state) }
}

/// Stores what the connection has done so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_progress(
    connection: *const ww_connection,
    progress: *mut ww_counts,
) -> ww_status {
    let look = |connection: &ww_connection, progress: &mut ww_counts| {
        *progress = connection.writer().progress().into();
        Ok(())
    };
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look_for(connection, progress, ww_counts::default(), look) }
}

/// Returns how many bytes of buffer memory the connection holds now, in use or kept for reuse.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_memory_held(connection: *const ww_connection) -> usize {
    // SAFETY: the caller upholds the contract of every function.
    unsafe { guard::look(connection, 0, |connection| connection.connection().memory_held()) }
}
