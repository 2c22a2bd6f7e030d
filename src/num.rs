//! Conversions between the integers of memory and of the protocol.

/// A `usize` is at most 64 bits wide on every platform that this compiles for.
#[inline]
pub(crate) fn to_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
