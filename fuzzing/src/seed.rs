//! The seed that stands for all randomness.

use core::cell::Cell;

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// Begins anew: what is drawn on this thread from here on is decided by `seed`. To be called before
/// each input, or once for each simulated world.
pub fn seed(seed: u64) {
    STATE.set(seed);
}

/// The next bytes of this thread's randomness.
pub(crate) fn fill(buf: &mut [u8]) {
    for bytes in buf.chunks_mut(8) {
        let state = STATE.get();
        bytes.copy_from_slice(&mix(state).to_be_bytes()[..bytes.len()]);
        STATE.set(state.wrapping_add(STEP));
    }
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64: one number for each state. Neighbours have nothing in common to look at.
pub(crate) const fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(STEP);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
