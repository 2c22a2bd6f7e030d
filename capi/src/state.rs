//! What can be seen of a connection at any time.

use wantwrite::{BufferState, Progress, ReaderState, Wants, WriterState};

use crate::connection::ww_connection;
use crate::error::ww_status;
use crate::guard;

/// Bytes wait to be drained: register for writability, and give the transport what `ww_out`
/// gives.
pub const WW_WANTS_DRAIN: u32 = 1;
/// Bytes from the peer can be taken: register for readability, and read into what `ww_in` gives.
pub const WW_WANTS_INPUT: u32 = 2;
/// What was taken has something for `ww_process`: call it, without waiting for the transport.
pub const WW_WANTS_PROCESS: u32 = 4;

/// The life of our writing half.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_writing {
    /// A fatal fault. What was sealed before it, and the alert, can still be drained.
    WW_WRITING_FAILED = 0,
    /// The handshake is not over: writing accepts 0 bytes.
    WW_WRITING_NEGOTIATING = 1,
    /// Writing accepts as much as there is room.
    WW_WRITING_OPEN = 2,
    /// `ww_close` was called; bytes are left to drain.
    WW_WRITING_CLOSING = 3,
    /// `ww_close` was called, and everything was drained. Do not drop a socket yet: if it has
    /// unread input, the system resets it, and the peer loses what it has not read. Read to the
    /// peer's end first.
    WW_WRITING_CLOSED = 4,
}

/// The life of our reading half.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_reading {
    /// A fatal fault.
    WW_READING_FAILED = 0,
    /// The handshake is not over.
    WW_READING_NEGOTIATING = 1,
    /// Plaintext may come.
    WW_READING_OPEN = 2,
    /// The peer's close_notify came: a clean end.
    WW_READING_PEER_CLOSED = 3,
    /// The transport ended without it: what was read may be cut short.
    WW_READING_TRUNCATED = 4,
}

/// What the outbound buffer holds.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ww_buffer {
    /// Nothing: there is nothing to drain.
    WW_BUFFER_EMPTY = 0,
    /// Something, and writing would accept more.
    WW_BUFFER_HOLDING = 1,
    /// Writing would accept nothing until bytes are drained.
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
    /// Plaintext bytes whose records have been drained completely. What was accepted up to a
    /// moment has left when this has reached the `accepted` of that moment.
    pub drained_plaintext: u64,
    /// Records of application data sealed.
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

/// What must happen for the connection to continue: `WW_WANTS_...` together. All of them are
/// levels: they stay until the reason is gone. 0 means that the connection waits for you, or is
/// over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_wants(connection: *const ww_connection) -> u32 {
    let wants = |connection: &ww_connection| {
        let Wants { drain, input, process, .. } = connection.connection().wants();
        let bit = |is_set, bit| if is_set { bit } else { 0 };
        bit(drain, WW_WANTS_DRAIN) | bit(input, WW_WANTS_INPUT) | bit(process, WW_WANTS_PROCESS)
    };
    // SAFETY: the contract of every function.
    unsafe { guard::look(connection, 0, wants) }
}

/// The exact number of bytes that `ww_write` accepts now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_room(connection: *const ww_connection) -> usize {
    // SAFETY: the contract of every function.
    unsafe { guard::look(connection, 0, |connection| connection.writer().room()) }
}

/// The exact number of wire bytes that `n` more bytes become, written and flushed now.
/// `SIZE_MAX` for more than 1 GiB; 0 unless our half is open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_wire_len(connection: *const ww_connection, n: usize) -> usize {
    // SAFETY: the contract of every function.
    unsafe { guard::look(connection, 0, |connection| connection.writer().wire_len(n)) }
}

/// The life of our writing half; failed for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_writing_state(connection: *const ww_connection) -> ww_writing {
    let state = |connection: &ww_connection| connection.connection().writer_state().into();
    // SAFETY: the contract of every function.
    unsafe { guard::look(connection, ww_writing::WW_WRITING_FAILED, state) }
}

/// The life of our reading half; failed for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_reading_state(connection: *const ww_connection) -> ww_reading {
    let state = |connection: &ww_connection| connection.connection().reader_state().into();
    // SAFETY: the contract of every function.
    unsafe { guard::look(connection, ww_reading::WW_READING_FAILED, state) }
}

/// What the outbound buffer holds; empty for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_buffer_state(connection: *const ww_connection) -> ww_buffer {
    let state = |connection: &ww_connection| connection.writer().buffer_state().into();
    // SAFETY: the contract of every function.
    unsafe { guard::look(connection, ww_buffer::WW_BUFFER_EMPTY, state) }
}

/// What the connection has done so far.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_progress(
    connection: *const ww_connection,
    progress: *mut ww_counts,
) -> ww_status {
    let look = |connection: &ww_connection, progress: &mut ww_counts| {
        *progress = connection.writer().progress().into();
        Ok(())
    };
    // SAFETY: the contract of every function.
    unsafe { guard::look_for(connection, progress, ww_counts::default(), look) }
}

/// Bytes of buffer memory that the connection holds now, in use or kept for reuse.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ww_memory_held(connection: *const ww_connection) -> usize {
    // SAFETY: the contract of every function.
    unsafe { guard::look(connection, 0, |connection| connection.connection().memory_held()) }
}
