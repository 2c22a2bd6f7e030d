//! Memory that C and the engine exchange: spans, and the checks on them.

use core::ffi::{CStr, c_char, c_void};
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr;
use core::slice;

use crate::error::ww_status;

/// Bytes to read: `len` bytes at `data`. If `len` is 0, `data` may be NULL.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_span {
    /// The first byte.
    pub data: *const u8,
    /// How many bytes.
    pub len: usize,
}

impl ww_span {
    pub(crate) const EMPTY: Self = Self { data: ptr::null(), len: 0 };

    /// `data` is NULL if `bytes` is empty.
    pub(crate) const fn of(bytes: &[u8]) -> Self {
        if bytes.is_empty() { Self::EMPTY } else { Self { data: bytes.as_ptr(), len: bytes.len() } }
    }
}

/// Memory to write: `len` bytes at `data`. `data` is NULL if there is no memory.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ww_memory {
    /// The first byte.
    pub data: *mut u8,
    /// How many bytes.
    pub len: usize,
}

impl ww_memory {
    pub(crate) const EMPTY: Self = Self { data: ptr::null_mut(), len: 0 };

    /// `data` is NULL if `bytes` is empty.
    pub(crate) const fn of(bytes: &mut [u8]) -> Self {
        match bytes.len() {
            0 => Self::EMPTY,
            len => Self { data: bytes.as_mut_ptr(), len },
        }
    }
}

/// The system's `struct iovec`, whose layout `std::io::IoSlice` shares.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct iovec {
    /// The first byte.
    pub iov_base: *mut c_void,
    /// How many bytes.
    pub iov_len: usize,
}

impl iovec {
    pub(crate) const fn of(bytes: &[u8]) -> Self {
        Self { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() }
    }
}

/// Whether an object of `len` bytes can exist at that address at all: no object is larger than half
/// of the address space.
const fn check(is_null: bool, len: usize) -> Result<(), ww_status> {
    match len {
        0 => Ok(()),
        _ if is_null => Err(ww_status::WW_ERROR_NULL),
        len if len > isize::MAX.unsigned_abs() => Err(ww_status::WW_ERROR_ARGUMENT),
        _ => Ok(()),
    }
}

/// The caller's bytes, borrowed for the call.
///
/// # Safety
/// Pointer and length obey the contract of every function for all of `'a`.
#[inline]
pub(crate) unsafe fn bytes<'a>(data: *const c_void, len: usize) -> Result<&'a [u8], ww_status> {
    check(data.is_null(), len)?;
    if len == 0 {
        return Ok(&[]);
    }
    // SAFETY: not NULL, and `len` bytes that do not change; no longer than an object can be.
    Ok(unsafe { slice::from_raw_parts(data.cast(), len) })
}

/// The caller's memory, which may be uninitialised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    data: *mut u8,
    len: usize,
}

impl Target {
    /// Checks pointer and length.
    pub(crate) fn new(data: *mut c_void, len: usize) -> Result<Self, ww_status> {
        check(data.is_null(), len)?;
        Ok(Self { data: data.cast(), len })
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Copies as much of `bytes` as fits after `at`, and returns how many bytes that was.
    ///
    /// # Safety
    /// Pointer and length obey the contract of every function.
    pub(crate) unsafe fn put(self, at: usize, bytes: &[u8]) -> usize {
        let n = bytes.len().min(self.len.saturating_sub(at));
        if n > 0 {
            // SAFETY: `at` is within the memory, which does not overlap any of the engine's.
            let place = unsafe { self.data.add(at) };
            // SAFETY: source and destination have `n` bytes each, and do not overlap.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place, n) };
        }
        n
    }

    /// The memory, filled with zeros.
    ///
    /// # Safety
    /// The same as [`put`](Self::put), for all of `'a`.
    pub(crate) unsafe fn zeroed<'a>(self) -> &'a mut [u8] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: `len` bytes can be written there.
        unsafe { ptr::write_bytes(self.data, 0, self.len) };
        // SAFETY: they are initialised now, and nothing else uses them during the call.
        unsafe { slice::from_raw_parts_mut(self.data, self.len) }
    }
}

/// A piece of the caller's bytes for a vectored write, already checked.
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a>(iovec, PhantomData<&'a [u8]>);

impl Deref for Piece<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        if self.0.iov_len == 0 {
            return &[];
        }
        // SAFETY: `pieces` has checked it, and the caller of `pieces` guarantees the bytes.
        unsafe { slice::from_raw_parts(self.0.iov_base.cast_const().cast(), self.0.iov_len) }
    }
}

/// The caller's pieces, borrowed for the call.
///
/// # Safety
/// `pieces` and `count` describe memory with that many pieces, and each piece obeys the contract of
/// every function for all of `'a`.
pub(crate) unsafe fn pieces<'a>(
    pieces: *const iovec,
    count: usize,
) -> Result<&'a [Piece<'a>], ww_status> {
    check(pieces.is_null(), count.saturating_mul(size_of::<iovec>()))?;
    if count == 0 {
        return Ok(&[]);
    }
    // SAFETY: not NULL, and `count` pieces that do not change; a `Piece` has the layout of an
    // `iovec`.
    let pieces: &[Piece<'_>] = unsafe { slice::from_raw_parts(pieces.cast(), count) };
    for Piece(piece, _) in pieces {
        check(piece.iov_base.is_null(), piece.iov_len)?;
    }
    Ok(pieces)
}

/// Fills the caller's array with pieces, at most `count`, and returns how many it filled.
///
/// # Safety
/// `places` and `count` obey the contract of every function, and that many places can be written.
pub(crate) unsafe fn put_iovecs<'a>(
    places: *mut iovec,
    count: usize,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> Result<usize, ww_status> {
    check(places.is_null(), count.saturating_mul(size_of::<iovec>()))?;
    let mut filled = 0;
    for chunk in chunks.take(count) {
        // SAFETY: fewer than `count` places have been written.
        let place = unsafe { places.add(filled) };
        // SAFETY: it is one of the `count` places that can be written.
        unsafe { place.write(iovec::of(chunk)) };
        filled += 1;
    }
    Ok(filled)
}

/// The caller's string, borrowed for the call; `None` for NULL.
///
/// # Safety
/// `text` obeys the contract of every function for all of `'a`.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Option<&'a CStr> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not NULL, and it ends with a zero byte.
    Some(unsafe { CStr::from_ptr(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_iovec_has_the_layout_of_an_io_slice() {
        assert_eq!(size_of::<iovec>(), size_of::<std::io::IoSlice<'_>>());
        assert_eq!(align_of::<iovec>(), align_of::<std::io::IoSlice<'_>>());
    }

    #[test]
    fn impossible_memory_is_refused() {
        let somewhere = ptr::dangling::<u8>().cast();
        // SAFETY: memory that is refused, or has length 0, is not read.
        unsafe {
            assert_eq!(bytes(ptr::null(), 0), Ok(&[][..]));
            assert_eq!(bytes(ptr::null(), 1), Err(ww_status::WW_ERROR_NULL));
            assert_eq!(bytes(somewhere, usize::MAX), Err(ww_status::WW_ERROR_ARGUMENT));
            let piece = iovec { iov_base: ptr::null_mut(), iov_len: 1 };
            assert_eq!(pieces(&raw const piece, 1).err(), Some(ww_status::WW_ERROR_NULL));
            assert_eq!(
                pieces(&raw const piece, usize::MAX).err(),
                Some(ww_status::WW_ERROR_ARGUMENT)
            );
        }
    }
}
