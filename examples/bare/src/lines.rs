//! What is sent, and what must come back: lines that differ, each reversed by the server.

/// Its line feed too, which stays at the end.
const LINE_LEN: u64 = 1024;

/// Puts the bytes from `position` on into all of `memory`.
pub(crate) fn fill(memory: &mut [u8], position: u64) {
    for (byte, position) in memory.iter_mut().zip(position..) {
        *byte = sent(position);
    }
}

/// Whether these are the bytes that the server sends from `position` on.
pub(crate) fn are_reversed(bytes: &[u8], position: u64) -> bool {
    bytes.iter().zip(position..).all(|(byte, position)| *byte == sent(mirrored(position)))
}

/// A letter that looks random, or a line feed.
fn sent(position: u64) -> u8 {
    if position % LINE_LEN == LINE_LEN - 1 {
        return b'\n';
    }
    // The golden ratio in 64 bits spreads what a multiple of it has above.
    let [high, ..] = position.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
    0x40 | high >> 2
}

/// Where the byte at `position` of the reply stood.
fn mirrored(position: u64) -> u64 {
    match position % LINE_LEN {
        column if column == LINE_LEN - 1 => position,
        column => position - column + (LINE_LEN - 2 - column),
    }
}
