//! Conversions between the integers of memory and of the protocol.

/// A `usize` is at most 64 bits wide on every platform that this compiles for.
#[inline]
pub(crate) fn to_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// A length within one record or one segment. Both are shorter than 64 KiB.
#[inline]
pub(crate) fn to_u16(len: usize) -> u16 {
    debug_assert!(u16::try_from(len).is_ok(), "longer than any segment");
    u16::try_from(len).unwrap_or(u16::MAX)
}

/// A length or a count that a buffer bounds.
#[inline]
pub(crate) fn to_u32(n: usize) -> u32 {
    debug_assert!(u32::try_from(n).is_ok(), "more than any buffer holds");
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A `usize` has at least 32 bits on every platform that this compiles for.
#[inline]
pub(crate) fn to_usize(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
