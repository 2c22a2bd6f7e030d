//! The stack that secrets were made on.

use core::hint::black_box;

/// How much of it is overwritten: ring's key of 544 bytes is moved some times before it is in its
/// place, and hash states lie beside the secrets that they expand. One wiping serves a whole
/// derivation: 4.3 KiB were seen to suffice in a release build.
const DEPTH: usize = 6144;

/// Does `work`, and overwrites the stack below. What it left there would come to light, in freed
/// memory too, as the unused bytes of later values. Secrets in what it returns are to be boxed.
#[inline(never)]
pub(super) fn wiped_after<T>(work: impl FnOnce() -> T) -> T {
    let made = call(work);
    wipe();
    made
}

/// Below the caller's part of the stack.
#[inline(never)]
fn call<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn wipe() {
    black_box(&mut [0_u8; DEPTH]);
}
