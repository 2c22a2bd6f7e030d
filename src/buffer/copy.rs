//! Long copies whose cost does not depend on where they lie.
//!
//! The C library copies more than some two KiB by `rep movsb`, which some processors are slow at
//! for some distances: AMD Zen 3 takes 3.5 to 4 times as long where the source lies just below the
//! destination, in places within their pages. A caller cannot choose these places, and should not
//! have to. Blocks that are shorter are copied through vector registers, everywhere alike, and cost
//! no more where `rep movsb` is fast.
//!
//! Every copy that may be long goes through here.

use bytes::{BufMut, BytesMut};

/// Well below what any C library calls long.
const BLOCK: usize = 1024;

/// Copies `from` to the beginning of `to`.
///
/// # Panics
/// If `to` is shorter.
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    let to = &mut to[..from.len()];
    if from.len() <= BLOCK {
        to.copy_from_slice(from);
    } else {
        copy_blocks(to, from);
    }
}

#[inline(never)]
fn copy_blocks(to: &mut [u8], from: &[u8]) {
    // Not `chunks_exact`: a loop over blocks of a constant length becomes one long copy again.
    for (to, from) in to.chunks_mut(BLOCK).zip(from.chunks(BLOCK)) {
        to.copy_from_slice(from);
    }
}

/// Copies `from` behind what is in `to`.
pub(crate) fn append(to: &mut BytesMut, from: &[u8]) {
    to.reserve(from.len());
    for block in from.chunks(BLOCK) {
        to.put_slice(block);
    }
}

/// Moves what begins at `start` to the front of `memory`.
pub(super) fn move_to_front(memory: &mut [u8], start: usize, len: usize) {
    let mut moved = 0;
    while moved < len {
        let block = BLOCK.min(len - moved);
        memory.copy_within(start + moved..start + moved + block, moved);
        moved += block;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn numbered(len: usize) -> Vec<u8> {
        (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect()
    }

    #[test]
    fn every_length_is_copied_whole() {
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 5 * BLOCK + 7] {
            let from = numbered(len);
            let mut to = alloc::vec![0; len + 3];
            copy(&mut to, &from);
            assert!(to[..len] == from && to[len..] == [0; 3], "{len}");
            let mut appended = BytesMut::from(&b"front"[..]);
            append(&mut appended, &from);
            assert!(appended[5..] == from, "{len}");
        }
    }

    #[test]
    fn what_overlaps_is_moved_whole() {
        for start in [1, 100, BLOCK, 3 * BLOCK] {
            for len in [0, 1, BLOCK, BLOCK + 1, 7 * BLOCK] {
                let before = numbered(start + len);
                let mut memory = before.clone();
                move_to_front(&mut memory, start, len);
                assert!(memory[..len] == before[start..], "{len} from {start}");
            }
        }
    }
}
