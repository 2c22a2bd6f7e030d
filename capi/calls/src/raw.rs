//! Writers and readers without a connection.

use core::ffi::c_void;
use core::ptr;

use wantwrite::CipherSuite;
use wantwrite_capi::*;

use crate::connection::{Chunk, UNSET_SPAN, lent, seen};
use crate::{NO_ERROR, UNSET, With, keys, made};

/// A `ww_writer`.
#[derive(Debug)]
pub struct Writer(*mut ww_writer);

impl Drop for Writer {
    fn drop(&mut self) {
        // SAFETY: the object is live, and is not used again.
        unsafe { ww_writer_free(self.0) };
    }
}

impl Writer {
    /// Under a traffic secret.
    pub fn from_secret(
        suite: CipherSuite,
        secret: &[u8],
        settings: &ww_connection_settings,
    ) -> Result<Self, Box<ww_error>> {
        assert!(settings.pool.is_null());
        let keys = keys(suite, secret);
        // SAFETY: all pointers are valid.
        made(|writer, error| unsafe { ww_writer_new(&keys, settings, writer, error) }).map(Self)
    }

    #[inline]
    pub fn write(&mut self, buf: &[u8]) -> With<usize> {
        let mut accepted = UNSET;
        let data = buf.as_ptr().cast::<c_void>();
        // SAFETY: the object is live, and the bytes are valid.
        let status = unsafe { ww_writer_write(self.0, data, buf.len(), &raw mut accepted) };
        (status, accepted)
    }

    pub fn write_atomic(&mut self, buf: &[u8]) -> ww_status {
        // SAFETY: the object is live, and the bytes are valid.
        unsafe { ww_writer_write_atomic(self.0, buf.as_ptr().cast(), buf.len()) }
    }

    pub fn slot(&mut self) -> With<&mut [u8]> {
        let mut slot = ww_memory { data: ptr::null_mut(), len: UNSET };
        // SAFETY: the object is live.
        let status = unsafe { ww_writer_slot(self.0, &raw mut slot) };
        // SAFETY: nothing changes the object while its memory is borrowed.
        (status, unsafe { lent(slot) })
    }

    pub fn slot_commit(&mut self, n: usize) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_writer_slot_commit(self.0, n) }
    }

    pub fn flush(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_writer_flush(self.0) }
    }

    pub fn close(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_writer_close(self.0) }
    }

    pub fn abort(&mut self, alert: u8) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_writer_abort(self.0, alert) }
    }

    pub fn update_keys(&mut self, request_peer: i32) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_writer_update_keys(self.0, request_peer) }
    }

    pub fn on_key_update(&mut self, requested: i32) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_writer_on_key_update(self.0, requested) }
    }

    pub fn fail(&mut self, reader: &Reader) -> ww_status {
        // SAFETY: both objects are live.
        unsafe { ww_writer_fail(self.0, reader.0) }
    }

    pub fn out(&mut self) -> With<&[u8]> {
        let mut span = UNSET_SPAN;
        // SAFETY: the object is live.
        let status = unsafe { ww_writer_out(self.0, &raw mut span) };
        // SAFETY: nothing changes the object while its bytes are borrowed.
        (status, unsafe { seen(span) })
    }

    pub fn out_advance(&mut self, n: usize) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_writer_out_advance(self.0, n) }
    }

    pub fn out_take(&mut self, max: usize) -> With<Option<Chunk>> {
        let mut chunk = ptr::dangling_mut();
        // SAFETY: the object is live.
        let status = unsafe { ww_writer_out_take(self.0, max, &raw mut chunk) };
        (status, (!chunk.is_null()).then_some(Chunk(chunk)))
    }

    pub fn room(&self) -> usize {
        // SAFETY: the object is live.
        unsafe { ww_writer_room(self.0) }
    }

    pub fn wire_len(&self, n: usize) -> usize {
        // SAFETY: the object is live.
        unsafe { ww_writer_wire_len(self.0, n) }
    }

    pub fn wants_drain(&self) -> bool {
        // SAFETY: the object is live.
        unsafe { ww_writer_wants_drain(self.0) }
    }

    pub fn state(&self) -> ww_writing {
        // SAFETY: the object is live.
        unsafe { ww_writer_state(self.0) }
    }

    pub fn error(&self) -> ww_error {
        let mut error = NO_ERROR;
        // SAFETY: the object is live.
        let status = unsafe { ww_writer_error(self.0, &raw mut error) };
        assert_eq!(status, ww_status::WW_OK);
        error
    }
}

/// A `ww_reader`.
#[derive(Debug)]
pub struct Reader(*mut ww_reader);

impl Drop for Reader {
    fn drop(&mut self) {
        // SAFETY: the object is live, and is not used again.
        unsafe { ww_reader_free(self.0) };
    }
}

impl Reader {
    /// Under a traffic secret.
    pub fn from_secret(
        suite: CipherSuite,
        secret: &[u8],
        is_server: bool,
        settings: &ww_connection_settings,
    ) -> Result<Self, Box<ww_error>> {
        assert!(settings.pool.is_null());
        let (keys, role) = (keys(suite, secret), i32::from(is_server));
        // SAFETY: all pointers are valid.
        made(|reader, error| unsafe { ww_reader_new(&keys, role, settings, reader, error) })
            .map(Self)
    }

    pub fn receive(&mut self, wire: &[u8]) -> With<usize> {
        let mut taken = UNSET;
        let data = wire.as_ptr().cast::<c_void>();
        // SAFETY: the object is live, and the bytes are valid.
        let status = unsafe { ww_reader_receive(self.0, data, wire.len(), &raw mut taken) };
        (status, taken)
    }

    pub fn in_end(&mut self) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_reader_in_end(self.0) }
    }

    pub fn process(&mut self) -> With<ww_events> {
        let mut events = ww_events::default();
        // SAFETY: the object is live.
        let status = unsafe { ww_reader_process(self.0, &raw mut events) };
        (status, events)
    }

    pub fn plaintext(&self) -> With<&[u8]> {
        let mut span = UNSET_SPAN;
        // SAFETY: the object is live.
        let status = unsafe { ww_reader_plaintext(self.0, &raw mut span) };
        // SAFETY: nothing changes the object while its bytes are borrowed.
        (status, unsafe { seen(span) })
    }

    pub fn consume(&mut self, n: usize) -> ww_status {
        // SAFETY: the object is live.
        unsafe { ww_reader_consume(self.0, n) }
    }

    pub fn on_sealed(&mut self, writer: &Writer) -> ww_status {
        // SAFETY: both objects are live.
        unsafe { ww_reader_on_sealed(self.0, writer.0) }
    }

    pub fn wants(&self) -> u32 {
        // SAFETY: the object is live.
        unsafe { ww_reader_wants(self.0) }
    }

    pub fn state(&self) -> ww_reading {
        // SAFETY: the object is live.
        unsafe { ww_reader_state(self.0) }
    }

    pub fn error(&self) -> ww_error {
        let mut error = NO_ERROR;
        // SAFETY: the object is live.
        let status = unsafe { ww_reader_error(self.0, &raw mut error) };
        assert_eq!(status, ww_status::WW_OK);
        error
    }
}
