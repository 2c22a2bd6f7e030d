//! Settings structs, which begin with their size, and those of a connection.

use core::mem::MaybeUninit;
use core::ptr;

use wantwrite::{BufferPolicy, Coalescing, ConnectionConfig, Padding, Sizing, Tls12Close};

use crate::error::{Failure, ww_status};
use crate::pool::ww_pool;

/// A struct of settings. Any bytes are a valid value, all zeros included: numbers and
/// pointers only.
///
/// # Safety
/// The struct is `repr(C)`, begins with its size (`usize`), and every content is a value of it.
pub(crate) unsafe trait Settings: Copy {}

/// More than any settings struct has.
const MAX_SIZE: usize = 4096;

/// The settings, however long the caller's are: what an older program does not have is 0, and
/// what a newer one has besides must be 0.
///
/// # Safety
/// `settings` is not NULL, aligned, and there are as many bytes as its size says.
pub(crate) unsafe fn read<T: Settings>(settings: *const T) -> Result<T, Failure> {
    // SAFETY: it begins with its size.
    let size = unsafe { settings.cast::<usize>().read() };
    if !(size_of::<usize>()..=MAX_SIZE).contains(&size) {
        let text = format!("expected settings that begin with their size, got {size}");
        return Err(Failure::of_caller(ww_status::WW_ERROR_SETTINGS_SIZE, text));
    }
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: so many bytes are there on both sides, apart from each other.
    unsafe { ptr::copy_nonoverlapping(settings.cast::<u8>(), value.as_mut_ptr().cast(), known) };
    for at in known..size {
        // SAFETY: `at` is below the size that the caller gives.
        let place = unsafe { settings.cast::<u8>().add(at) };
        // SAFETY: the same.
        if unsafe { place.read() } != 0 {
            let text =
                format!("the settings set something behind the {known} bytes that are known");
            return Err(Failure::of_caller(ww_status::WW_ERROR_SETTINGS_SIZE, text));
        }
    }
    // SAFETY: every content is a value (`Settings`).
    Ok(unsafe { value.assume_init() })
}

/// The settings of a connection, of a `ww_writer` and of a `ww_reader`. 0 is the default of
/// each; so begin with `{.size = sizeof(ww_connection_settings)}`. A switch is on if it is not
/// 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_connection_settings {
    /// `sizeof(ww_connection_settings)`.
    pub size: usize,
    /// How much plaintext the outbound buffer is made for: rounded up to 16 KiB, at most 1 GiB.
    /// Default: 64 KiB.
    pub write_capacity: usize,
    /// How many bytes from the transport may be held: 18,437 (one record of the largest size) to
    /// 1 GiB. Default: two such records.
    pub read_capacity: usize,
    /// Hard cap on the content of a record: 64 to 16,384. Default: 16,384.
    pub max_fragment_len: usize,
    /// Soft size of records: at most this many bytes of content. Default: as large as possible.
    pub record_len: usize,
    /// Records of TLS 1.3 are padded to a multiple of this. Default: no padding.
    pub padding_multiple: usize,
    /// Memory that connections share: those that are idle then hold no buffer. The connection
    /// keeps what it needs of it: you may free your handle. Default: NULL, none.
    pub pool: *const ww_pool,
    /// Buffers are given back whenever they are empty, instead of kept for reuse.
    pub release_buffers: i32,
    /// Every write ends its record, instead of sharing one with those that follow while bytes
    /// wait.
    pub no_coalescing: i32,
    /// `ww_export` is to work: the exporter secret is kept.
    pub exporter: i32,
    /// In TLS 1.2 the peer's close_notify closes our half too (RFC 5246, section 7.2.1).
    pub tls12_close_answers: i32,
    /// A server keeps its records as short as a client asks for.
    pub peer_size_limits: i32,
    /// Must be 0: it may become something.
    pub reserved: i32,
}

// SAFETY: `repr(C)`, its size first, numbers and a pointer.
unsafe impl Settings for ww_connection_settings {}

/// NULL is the default.
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
    // SAFETY: not NULL, and as this function's.
    let settings = unsafe { read(settings) }?;
    if settings.reserved != 0 {
        let text = "reserved: expected 0, got something else";
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
        // SAFETY: a struct, and its pool is NULL.
        unsafe { connection_config(settings) }.err().map(|failure| failure.status())
    }

    #[test]
    fn settings_of_older_and_newer_programs_are_read() {
        #[repr(C)]
        struct Newer {
            settings: ww_connection_settings,
            more: usize,
        }
        // SAFETY: numbers and a pointer.
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
