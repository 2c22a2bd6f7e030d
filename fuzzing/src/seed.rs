//! The seed that replaces all randomness.

use core::cell::Cell;

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// Restarts this thread's randomness: `seed` determines everything that the thread draws from now
/// on. Call it before each input, or once per simulated world.
pub fn seed(seed: u64) {
    STATE.set(seed);
}

/// Fills `buf` with this thread's next random bytes.
pub(crate) fn fill(buf: &mut [u8]) {
    for bytes in buf.chunks_mut(8) {
        let state = STATE.get();
        bytes.copy_from_slice(&mix(state).to_be_bytes()[..bytes.len()]);
        STATE.set(state.wrapping_add(STEP));
    }
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64: maps each state to one number, so that adjacent states give unrelated numbers.
pub(crate) const fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(STEP);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
