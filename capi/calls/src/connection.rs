//! Connections and chunks.

use core::ffi::{CStr, c_void};
use core::mem::MaybeUninit;
use core::{ptr, slice};

use wantwrite::CipherSuite;
use wantwrite_capi::*;

use crate::{ClientConfig, NO_ERROR, ServerConfig, UNSET, With, keys, made};

/// A `ww_connection`.
#[derive(Debug)]
pub struct Connection(*mut ww_connection);

// SAFETY: it can move between threads.
unsafe impl Send for Connection {}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: the object is live, and is not used again.
        unsafe { ww_connection_free(self.0) };
    }
}

/// The step that `ww_next` returned.
#[derive(Debug)]
pub enum Stepped<'a> {
    Write(&'a [u8]),
    Read(&'a mut [u8]),
    Flush,
    Blocked,
    Done,
}

impl Connection {
    pub fn client(
        config: &ClientConfig,
        name: &CStr,
        settings: &ww_connection_settings,
    ) -> Result<Self, Box<ww_error>> {
        assert!(settings.pool.is_null());
        let new = |connection, error| {
            // SAFETY: the configuration is live, and all other pointers are valid.
            unsafe {
                ww_connection_new_client(config.get(), name.as_ptr(), settings, connection, error)
            }
        };
        made(new).map(Self)
    }

    pub fn server(
        config: &ServerConfig,
        settings: &ww_connection_settings,
    ) -> Result<Self, Box<ww_error>> {
        assert!(settings.pool.is_null());
        // SAFETY: the configuration is live, and all other pointers are valid.
        made(|new, error| unsafe { ww_connection_new_server(config.get(), settings, new, error) })
            .map(Self)
    }

    /// Creates a connection from two traffic secrets.
    pub fn from_secrets(
        suite: CipherSuite,
        write: &[u8],
        read: &[u8],
        is_server: bool,
        settings: &ww_connection_settings,
    ) -> Result<Self, Box<ww_error>> {
        assert!(settings.pool.is_null());
        let (write, read) = (keys(suite, write), keys(suite, read));
        let new = |new, error| {
            // SAFETY: all pointers are valid.
            unsafe {
                ww_connection_new_from_keys(&write, &read, is_server.into(), settings, new, error)
            }
        };
        made(new).map(Self)
    }

    #[inline]
    pub fn write(&mut self, buf: &[u8]) -> With<usize> {
        let mut accepted = UNSET;
        let data = buf.as_ptr().cast::<c_void>();
        // SAFETY: the object is live, and the bytes are valid.
        let status = unsafe { ww_write(self.0, data, buf.len(), &raw mut accepted) };
        (status, accepted)
    }

    /// Passes NULL with a length.
    pub fn write_null(&mut self, len: usize) -> With<usize> {
        let mut accepted = UNSET;
        // SAFETY: the object is live, and the library accepts NULL.
        let status = unsafe { ww_write(self.0, ptr::null(), len, &raw mut accepted) };
        (status, accepted)
    }

    /// Passes an impossible length. The library must not read the bytes.
    pub fn write_impossible(&mut self) -> With<usize> {
        let mut accepted = UNSET;
        let data = ptr::dangling::<u8>().cast::<c_void>();
        // SAFETY: the object is live, and the library refuses a length that no memory can have.
        let status = unsafe { ww_write(self.0, data, usize::MAX, &raw mut accepted) };
        (status, accepted)
    }

    pub fn writev(&mut self, bufs: &[&[u8]]) -> With<usize> {
        let piece = |buf: &&[u8]| {
            let iov_base = buf.as_ptr().cast_mut().cast();
            iovec { iov_base, iov_len: buf.len() }
        };
        let pieces: Vec<_> = bufs.iter().map(piece).collect();
        let mut accepted = UNSET;
        // SAFETY: the object is live, and the pieces and their bytes are valid.
        let status = unsafe { ww_writev(self.0, pieces.as_ptr(), pieces.len(), &raw mut accepted) };
        (status, accepted)
    }

    pub fn write_atomic(&mut self, buf: &[u8]) -> ww_status {
        // SAFETY: the object is live, and the bytes are valid.
        unsafe { ww_write_atomic(self.0, buf.as_ptr().cast(), buf.len()) }
    }

    pub fn write_and_close(&mut self, buf: &[u8]) -> ww_status {
        // SAFETY: the object is live, and the bytes are valid.
        unsafe { ww_write_and_close(self.0, buf.as_ptr().cast(), buf.len()) }
    }

    pub fn slot(&mut self) -> With<&mut [u8]> {
        let mut slot = ww_memory { data: ptr::null_mut(), len: UNSET };
        // SAFETY: the object is live.
        let status = unsafe { ww_slot(self.0, &raw mut slot) };
        // SAFETY: nothing changes the object while its memory is borrowed.
        (status, unsafe { lent(slot) })
    }

    pub fn slot_commit(&mut self, n: usize) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_slot_commit(self.0, n) }
    }

    pub fn flush(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_flush(self.0) }
    }

    pub fn close(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_close(self.0) }
    }

    pub fn abort(&mut self, alert: u8) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_abort(self.0, alert) }
    }

    pub fn update_keys(&mut self, request_peer: i32) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_update_keys(self.0, request_peer) }
    }

    #[inline]
    pub fn out(&mut self) -> With<&[u8]> {
        let mut span = UNSET_SPAN;
        // SAFETY: the object is live.
        let status = unsafe { ww_out(self.0, &raw mut span) };
        // SAFETY: nothing changes the object while its bytes are borrowed.
        (status, unsafe { seen(span) })
    }

    pub fn out_iov(&mut self, count: usize) -> With<Vec<&[u8]>> {
        let empty = iovec { iov_base: ptr::null_mut(), iov_len: 0 };
        let mut pieces = vec![empty; count];
        let mut filled = UNSET;
        // SAFETY: the object is live, and the array has this length.
        let status = unsafe { ww_out_iov(self.0, pieces.as_mut_ptr(), count, &raw mut filled) };
        let seen = |piece: &iovec| {
            let span = ww_span { data: piece.iov_base.cast_const().cast(), len: piece.iov_len };
            // SAFETY: nothing changes the object while its bytes are borrowed.
            unsafe { seen(span) }
        };
        (status, pieces[..filled].iter().map(seen).collect())
    }

    #[inline]
    pub fn out_advance(&mut self, n: usize) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_out_advance(self.0, n) }
    }

    pub fn out_take(&mut self, max: usize) -> With<Option<Chunk>> {
        let mut chunk = ptr::dangling_mut();
        // SAFETY: the object is live.
        let status = unsafe { ww_out_take(self.0, max, &raw mut chunk) };
        (status, (!chunk.is_null()).then_some(Chunk(chunk)))
    }

    pub fn put_back(&mut self, chunk: Chunk) -> Result<(), (ww_status, Chunk)> {
        // SAFETY: both are live, and the chunk is not used again after WW_OK.
        match unsafe { ww_put_back(self.0, chunk.0) } {
            ww_status::WW_OK => {
                core::mem::forget(chunk);
                Ok(())
            }
            status => Err((status, chunk)),
        }
    }

    #[inline]
    pub fn lend_in(&mut self) -> With<&mut [u8]> {
        let mut memory = ww_memory { data: ptr::null_mut(), len: UNSET };
        // SAFETY: the object is live.
        let status = unsafe { ww_in(self.0, &raw mut memory) };
        // SAFETY: nothing changes the object while its memory is borrowed.
        (status, unsafe { lent(memory) })
    }

    #[inline]
    pub fn in_commit(&mut self, n: usize) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_in_commit(self.0, n) }
    }

    pub fn in_end(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_in_end(self.0) }
    }

    #[inline]
    pub fn receive(&mut self, wire: &[u8]) -> With<usize> {
        let mut taken = UNSET;
        let data = wire.as_ptr().cast::<c_void>();
        // SAFETY: the object is live, and the bytes are valid.
        let status = unsafe { ww_receive(self.0, data, wire.len(), &raw mut taken) };
        (status, taken)
    }

    #[inline]
    pub fn process(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_process(self.0) }
    }

    #[inline]
    pub fn plaintext(&self) -> With<&[u8]> {
        let mut span = UNSET_SPAN;
        // SAFETY: the object is live.
        let status = unsafe { ww_plaintext(self.0, &raw mut span) };
        // SAFETY: nothing changes the object while its bytes are borrowed.
        (status, unsafe { seen(span) })
    }

    #[inline]
    pub fn consume(&mut self, n: usize) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_consume(self.0, n) }
    }

    pub fn read(&mut self, len: usize) -> With<Vec<u8>> {
        let mut buf = vec![0; len];
        let mut count = UNSET;
        // SAFETY: the object is live, and the buffer has this length.
        let status = unsafe { ww_read(self.0, buf.as_mut_ptr().cast(), len, &raw mut count) };
        buf.truncate(count);
        (status, buf)
    }

    pub fn next(&mut self, goal: i32) -> With<(Stepped<'_>, ww_step)> {
        let mut step = MaybeUninit::uninit();
        // SAFETY: the object is live, and the step is writable.
        let status = unsafe { ww_next(self.0, goal, step.as_mut_ptr()) };
        // SAFETY: the step is set on errors too.
        let step = unsafe { step.assume_init() };
        // SAFETY: nothing changes the object while its memory is borrowed.
        (status, (unsafe { stepped(&step) }, step))
    }

    pub fn next_linger(&mut self, max: u64) -> With<(Stepped<'_>, ww_step)> {
        let mut step = MaybeUninit::uninit();
        // SAFETY: the object is live, and the step is writable.
        let status = unsafe { ww_next_linger(self.0, max, step.as_mut_ptr()) };
        // SAFETY: the step is set on errors too.
        let step = unsafe { step.assume_init() };
        // SAFETY: nothing changes the object while its memory is borrowed.
        (status, (unsafe { stepped(&step) }, step))
    }

    pub fn wrote(&mut self, n: usize) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_wrote(self.0, n) }
    }

    pub fn got(&mut self, n: usize) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_got(self.0, n) }
    }

    pub fn flushed(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_flushed(self.0) }
    }

    pub fn blocked(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_blocked(self.0) }
    }

    pub fn transport_failed(&mut self, far_end: i32, number: i32) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_transport_failed(self.0, far_end, number) }
    }

    pub fn gave_up(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_gave_up(self.0) }
    }

    pub fn shrink(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_shrink(self.0) }
    }

    #[inline]
    pub fn wants(&self) -> u32 {
        // SAFETY: the object is live.
        unsafe { ww_wants(self.0) }
    }

    pub fn room(&self) -> usize {
        // SAFETY: the object is live.
        unsafe { ww_room(self.0) }
    }

    pub fn wire_len(&self, n: usize) -> usize {
        // SAFETY: the object is live.
        unsafe { ww_wire_len(self.0, n) }
    }

    pub fn writing_state(&self) -> ww_writing {
        // SAFETY: the object is live.
        unsafe { ww_writing_state(self.0) }
    }

    pub fn reading_state(&self) -> ww_reading {
        // SAFETY: the object is live.
        unsafe { ww_reading_state(self.0) }
    }

    pub fn buffer_state(&self) -> ww_buffer {
        // SAFETY: the object is live.
        unsafe { ww_buffer_state(self.0) }
    }

    pub fn memory_held(&self) -> usize {
        // SAFETY: the object is live.
        unsafe { ww_memory_held(self.0) }
    }

    pub fn progress(&self) -> With<ww_counts> {
        let mut counts = ww_counts::default();
        // SAFETY: the object is live.
        let status = unsafe { ww_progress(self.0, &raw mut counts) };
        (status, counts)
    }

    pub fn error(&self) -> ww_error {
        let mut error = NO_ERROR;
        // SAFETY: the object is live.
        let status = unsafe { ww_connection_error(self.0, &raw mut error) };
        assert_eq!(status, ww_status::WW_OK);
        error
    }

    pub fn version(&self) -> u16 {
        // SAFETY: the object is live.
        unsafe { ww_version(self.0) }
    }

    pub fn cipher_suite(&self) -> u16 {
        // SAFETY: the object is live.
        unsafe { ww_cipher_suite(self.0) }
    }

    pub fn handshake_kind(&self) -> ww_handshake {
        // SAFETY: the object is live.
        unsafe { ww_handshake_kind(self.0) }
    }

    pub fn alpn(&self) -> With<&[u8]> {
        let mut span = UNSET_SPAN;
        // SAFETY: the object is live.
        let status = unsafe { ww_alpn(self.0, &raw mut span) };
        // SAFETY: nothing changes the object while its bytes are borrowed.
        (status, unsafe { seen(span) })
    }

    pub fn server_name(&self) -> With<&[u8]> {
        let mut span = UNSET_SPAN;
        // SAFETY: the object is live.
        let status = unsafe { ww_server_name(self.0, &raw mut span) };
        // SAFETY: nothing changes the object while its bytes are borrowed.
        (status, unsafe { seen(span) })
    }

    pub fn peer_certificate(&self, index: usize) -> With<&[u8]> {
        let mut span = UNSET_SPAN;
        // SAFETY: the object is live.
        let status = unsafe { ww_peer_certificate(self.0, index, &raw mut span) };
        // SAFETY: nothing changes the object while its bytes are borrowed.
        (status, unsafe { seen(span) })
    }

    pub fn export(&self, len: usize, label: &[u8], context: Option<&[u8]>) -> With<Vec<u8>> {
        let mut out = vec![0; len];
        let data = context.map_or(ptr::null(), |context| context.as_ptr().cast());
        // SAFETY: the object is live, and all memory is valid.
        let status = unsafe {
            ww_export(
                self.0,
                out.as_mut_ptr().cast(),
                len,
                label.as_ptr().cast(),
                label.len(),
                data,
                context.map_or(0, <[u8]>::len),
            )
        };
        (status, out)
    }
}

/// A `ww_chunk`.
#[derive(Debug)]
pub struct Chunk(pub(crate) *mut ww_chunk);

impl Chunk {
    pub fn span(&self) -> &[u8] {
        let mut span = UNSET_SPAN;
        // SAFETY: the object is live.
        let status = unsafe { ww_chunk_span(self.0, &raw mut span) };
        assert_eq!(status, ww_status::WW_OK);
        // SAFETY: the bytes belong to the chunk.
        unsafe { seen(span) }
    }

    pub fn offset(&self) -> u64 {
        // SAFETY: the object is live.
        unsafe { ww_chunk_offset(self.0) }
    }

    pub fn advance(&mut self, n: usize) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_chunk_advance(self.0, n) }
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: the object is live, and is not used again.
        unsafe { ww_chunk_free(self.0) };
    }
}

pub(crate) const UNSET_SPAN: ww_span = ww_span { data: ptr::null(), len: UNSET };

/// # Safety
/// The library has just returned the span, and it stays valid for `'a`.
pub(crate) unsafe fn seen<'a>(span: ww_span) -> &'a [u8] {
    if span.data.is_null() {
        assert_eq!(span.len, 0);
        return &[];
    }
    // SAFETY: the library guarantees it.
    unsafe { slice::from_raw_parts(span.data, span.len) }
}

/// # Safety
/// The library has just lent the memory, and it stays valid for `'a`.
pub(crate) unsafe fn lent<'a>(memory: ww_memory) -> &'a mut [u8] {
    if memory.data.is_null() {
        assert_eq!(memory.len, 0);
        return &mut [];
    }
    // SAFETY: the library guarantees it.
    unsafe { slice::from_raw_parts_mut(memory.data, memory.len) }
}

/// # Safety
/// The library has just returned the step, and it stays valid for `'a`.
unsafe fn stepped<'a>(step: &ww_step) -> Stepped<'a> {
    match step.kind {
        // SAFETY: the caller guarantees it.
        ww_step_kind::WW_STEP_WRITE => Stepped::Write(unsafe { seen(step.out) }),
        // SAFETY: the caller guarantees it.
        ww_step_kind::WW_STEP_READ => Stepped::Read(unsafe { lent(step.r#in) }),
        ww_step_kind::WW_STEP_FLUSH => Stepped::Flush,
        ww_step_kind::WW_STEP_BLOCKED => Stepped::Blocked,
        ww_step_kind::WW_STEP_DONE => Stepped::Done,
    }
}
