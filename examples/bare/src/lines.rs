//! The lines that are sent, and those that must come back: all different, each reversed by the
//! server.

/// Includes the line feed, which stays at the end of a reversed line.
const LINE_LEN: u64 = 1024;

/// Fills `memory` with the bytes that start at `position`.
pub(crate) fn fill(memory: &mut [u8], position: u64) {
    for (byte, position) in memory.iter_mut().zip(position..) {
        *byte = sent(position);
    }
}

/// Returns whether these are the bytes that the server sends from `position` on.
pub(crate) fn are_reversed(bytes: &[u8], position: u64) -> bool {
    bytes.iter().zip(position..).all(|(byte, position)| *byte == sent(mirrored(position)))
}

/// Returns a pseudo-random letter, or a line feed.
fn sent(position: u64) -> u8 {
    if position % LINE_LEN == LINE_LEN - 1 {
        return b'\n';
    }
    // Multiplying by the golden ratio in 64 bits mixes all lower bits into the highest ones.
    let [high, ..] = position.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    0x40 | high >> 2
}

/// Returns where in the sent lines the reply's byte at `position` was.
fn mirrored(position: u64) -> u64 {
    match position % LINE_LEN {
        column if column == LINE_LEN - 1 => position,
        column => position - column + (LINE_LEN - 2 - column),
    }
}
