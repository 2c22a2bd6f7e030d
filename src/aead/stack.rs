//! The part of the stack that secrets were derived on.

use core::hint::black_box;

/// How many bytes of the stack are overwritten. ring's key of 544 bytes is moved several times
/// before it is in its place, and hash states are next to the secrets that they expand. One wipe
/// covers a whole derivation; 4.3 KiB were enough in a release build.
const DEPTH: usize = 6144;

/// Runs `work` and then overwrites the stack below. What it left there could otherwise reappear,
/// even in freed memory, as the unused bytes of later values. Secrets in its result must be boxed.
#[inline(never)]
pub(super) fn wiped_after<T>(work: impl FnOnce() -> T) -> T {
    let made = call(work);
    wipe();
    made
}

/// Runs `work` below the caller's part of the stack.
#[inline(never)]
fn call<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn wipe() {
    black_box(&mut [0_u8; DEPTH]);
}
