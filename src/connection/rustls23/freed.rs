//! Memory that rustls frees without wiping it.

use alloc::vec::Vec;
use core::hint::black_box;
use core::mem;
use core::ops::Range;

/// A copy of plaintext that belongs to rustls, to be overwritten once rustls has freed it.
pub(super) struct CopyInRustls {
    /// Its addresses.
    place: Range<usize>,
    /// What is allocated to overwrite it. This list must exist before the copy is freed: otherwise
    /// the allocator could put it there, which leaves too little room for a block.
    blocks: Vec<Vec<u8>>,
}

impl CopyInRustls {
    pub(super) fn none() -> Self {
        Self { place: 0..0, blocks: Vec::with_capacity(MAX_BLOCKS) }
    }

    pub(super) fn set(&mut self, copy: &[u8]) {
        self.place = addresses(copy);
    }

    /// Overwrites the copy, which must just have been freed: allocates memory until all of its
    /// addresses come back. Gives up after `MAX_BLOCKS` allocations.
    pub(super) fn overwrite_freed(&mut self) {
        let place = mem::take(&mut self.place);
        // What is left between the blocks that overlap its start and those that overlap its end.
        let mut left = place.clone();
        while !left.is_empty() && self.blocks.len() < MAX_BLOCKS {
            // `vec![0; len]` would not do: some allocators look elsewhere for zeroed memory.
            let mut block = black_box(Vec::with_capacity(place.len()));
            block.resize(place.len(), 0);
            let overwritten = addresses(black_box(&block));
            if overwritten.start <= place.start {
                left.start = left.start.max(overwritten.end);
            } else {
                left.end = left.end.min(overwritten.start);
            }
            self.blocks.push(block);
        }
        self.blocks.clear();
    }
}

const MAX_BLOCKS: usize = 64;

fn addresses(bytes: &[u8]) -> Range<usize> {
    let start = bytes.as_ptr().addr();
    start..start.saturating_add(bytes.len())
}
