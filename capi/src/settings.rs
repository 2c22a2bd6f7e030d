//! Settings structs, which begin with their size, and the settings of a connection.

use core::mem::MaybeUninit;
use core::ptr;

use wantwrite::{BufferPolicy, Coalescing, ConnectionConfig, Padding, Sizing, Tls12Close};

use crate::error::{Failure, ww_status};
use crate::pool::ww_pool;

/// A settings struct. It contains only numbers and pointers, so any bytes, all zeros included, are
/// a valid value.
///
/// # Safety
/// The struct is `repr(C)`, begins with its size (`usize`), and any bytes are a valid value.
pub(crate) unsafe trait Settings: Copy {}

/// Larger than any settings struct.
const MAX_SIZE: usize = 4096;

/// Reads settings of any length. Fields that an older program lacks are 0. Fields of a newer
/// program that this version does not know must be 0.
///
/// # Safety
/// `settings` is aligned, not NULL, and points to as many bytes as its size states.
pub(crate) unsafe fn read<T: Settings>(settings: *const T) -> Result<T, Failure> {
    // SAFETY: it begins with its size.
    let size = unsafe { settings.cast::<usize>().read() };
    if !(size_of::<usize>()..=MAX_SIZE).contains(&size) {
        let text = format!("expected settings that begin with their size, got a size of {size}");
        return Err(Failure::of_caller(ww_status::WW_ERROR_SETTINGS_SIZE, text));
    }
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: source and destination have `known` bytes each, and do not overlap.
    unsafe { ptr::copy_nonoverlapping(settings.cast::<u8>(), value.as_mut_ptr().cast(), known) };
    for at in known..size {
        // SAFETY: `at` is less than the size that the caller states.
        let place = unsafe { settings.cast::<u8>().add(at) };
        // SAFETY: as above.
        if unsafe { place.read() } != 0 {
            let text = format!("expected 0 after the {known} bytes that this version knows");
            return Err(Failure::of_caller(ww_status::WW_ERROR_SETTINGS_SIZE, text));
        }
    }
    // SAFETY: any bytes are a valid value (`Settings`).
    Ok(unsafe { value.assume_init() })
}

/// The settings of a connection, a `ww_writer` or a `ww_reader`. For every field, 0 is the default,
/// so begin with `{.size = sizeof(ww_connection_settings)}`. A switch is on if it is not 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_connection_settings {
    /// `sizeof(ww_connection_settings)`.
    pub size: usize,
    /// The plaintext capacity of the outbound buffer, rounded up to a multiple of 16 KiB; at most 1
    /// GiB. Default: 64 KiB.
    pub write_capacity: usize,
    /// How many bytes from the transport are held at most: 18,437 (one record of maximum size) to 1
    /// GiB. Default: two such records.
    pub read_capacity: usize,
    /// Hard limit on the content of a record: 64 to 16,384 bytes. Default: 16,384.
    pub max_fragment_len: usize,
    /// Preferred record size: at most this many bytes of content. Default: as large as possible.
    pub record_len: usize,
    /// Pads TLS 1.3 records to a multiple of this. Default: no padding.
    pub padding_multiple: usize,
    /// Memory that connections share, so that idle ones hold no buffers. The connection keeps the
    /// pool alive: you may free your handle. Default: NULL, no pool.
    pub pool: *const ww_pool,
    /// Releases buffers as soon as they are empty, instead of keeping them for reuse.
    pub release_buffers: i32,
    /// Ends the record after every write. Otherwise, while bytes are pending, later writes may
    /// share it.
    pub no_coalescing: i32,
    /// Keeps the exporter secret, which `ww_export` needs.
    pub exporter: i32,
    /// In TLS 1.2, closes our half when the peer's close_notify arrives (RFC 5246, section 7.2.1).
    pub tls12_close_answers: i32,
    /// As a server, keeps records as short as a client requests.
    pub peer_size_limits: i32,
    /// Must be 0. Reserved for future use.
    pub reserved: i32,
}

// SAFETY: `repr(C)`, with its size first; contains only numbers and a pointer.
unsafe impl Settings for ww_connection_settings {}

/// NULL means the defaults.
///
/// # Safety
/// `settings` and the pool that it names obey the contract of every function.
pub(crate) unsafe fn connection_config(
    settings: *const ww_connection_settings,
) -> Result<ConnectionConfig, Failure> {
    let mut config = ConnectionConfig::default();
    if settings.is_null() {
        return Ok(config);
    }
    // SAFETY: not NULL, and the caller upholds this function's contract.
    let settings = unsafe { read(settings) }?;
    if settings.reserved != 0 {
        let text = "reserved: expected 0, got another value";
        return Err(Failure::of_caller(ww_status::WW_ERROR_SETTINGS_SIZE, text));
    }
    let set = |place: &mut usize, value: usize| *place = if value == 0 { *place } else { value };
    set(&mut config.writer.capacity, settings.write_capacity);
    set(&mut config.reader.capacity, settings.read_capacity);
    set(&mut config.writer.max_fragment_len, settings.max_fragment_len);
    if settings.record_len != 0 {
        config.writer.sizing = Sizing::Fixed(settings.record_len);
    }
    if settings.padding_multiple != 0 {
        config.writer.padding = Padding::Multiple(settings.padding_multiple);
    }
    // SAFETY: NULL or a live pool.
    if let Some(pool) = unsafe { settings.pool.as_ref() } {
        config.writer.pool = Some(pool.handle());
        config.reader.pool = Some(pool.handle());
    }
    if settings.release_buffers != 0 {
        config.writer.buffers = BufferPolicy::Release;
        config.reader.buffers = BufferPolicy::Release;
    }
    if settings.no_coalescing != 0 {
        config.writer.coalescing = Coalescing::Off;
    }
    config.exporter = settings.exporter != 0;
    config.peer_size_limits = settings.peer_size_limits != 0;
    if settings.tls12_close_answers != 0 {
        config.tls12_close = Tls12Close::Answer;
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(settings: &ww_connection_settings) -> Option<ww_status> {
        // SAFETY: a complete struct, whose pool is NULL.
        unsafe { connection_config(settings) }.err().map(|failure| failure.to_c().status)
    }

    #[test]
    fn settings_from_older_and_newer_programs_are_read() {
        #[repr(C)]
        struct Newer {
            settings: ww_connection_settings,
            more: usize,
        }
        // SAFETY: only numbers and a pointer.
        let mut newer: Newer = unsafe { MaybeUninit::zeroed().assume_init() };
        for size in [size_of::<usize>(), size_of::<ww_connection_settings>(), size_of::<Newer>()] {
            newer.settings.size = size;
            assert_eq!(status_of(&newer.settings), None, "{size}");
        }
        newer.more = 1;
        assert_eq!(status_of(&newer.settings), Some(ww_status::WW_ERROR_SETTINGS_SIZE));
        for size in [0, 1, usize::MAX] {
            newer.settings.size = size;
            assert_eq!(status_of(&newer.settings), Some(ww_status::WW_ERROR_SETTINGS_SIZE));
        }
    }
}
