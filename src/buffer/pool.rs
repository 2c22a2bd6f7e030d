//! Segments shared between connections.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;

/// Memory that connections take segments from and give them back to. A clone is another handle
/// of the same pool.
///
/// Connections under one pool keep no empty segment themselves. Memory that was handed out as
/// owned chunks comes back when the last of its chunks is dropped. What lies in pooled memory is
/// ciphertext: plaintext that was never sealed is wiped before.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Mutex<Segments>>,
    max_segments: usize,
}

#[derive(Default)]
struct Segments {
    whole: Vec<BytesMut>,
    /// What is left of segments whose chunks were handed out: whole again when the last of these
    /// is gone. Those given back first in front.
    remainders: VecDeque<BytesMut>,
}

/// Remainders that are looked at for one segment: chunks may be in flight for long, and whoever
/// waits for the pool waits for this.
const MAX_TRIES: usize = 4;

impl Pool {
    /// An empty pool that keeps at most `max_segments` segments (of some 16.5 KiB each).
    #[must_use]
    pub fn new(max_segments: usize) -> Self {
        Self { shared: Arc::default(), max_segments }
    }

    /// Segments in the pool now, those included whose chunks are still in use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock(|segments| segments.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A whole segment of `len` bytes, if one is free.
    pub(super) fn take(&self, len: usize) -> Option<BytesMut> {
        let mut memory = self.lock(|segments| segments.take(len))?;
        memory.resize(len, 0);
        Some(memory)
    }

    /// Takes back a segment of `len` bytes, or what is left of it.
    pub(super) fn give(&self, memory: BytesMut, len: usize) {
        self.lock(|segments| {
            if segments.len() < self.max_segments {
                segments.give(memory, len);
            }
        });
    }

    fn lock<T>(&self, f: impl FnOnce(&mut Segments) -> T) -> T {
        // A panic elsewhere leaves the list whole: every step of ours is a single push or pop.
        f(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Segments {
    fn len(&self) -> usize {
        self.whole.len() + self.remainders.len()
    }

    /// Memory of `len` bytes, of which some may have to be initialised again.
    fn take(&mut self, len: usize) -> Option<BytesMut> {
        if let Some(memory) = self.whole.pop() {
            return Some(memory);
        }
        for _ in 0..self.remainders.len().min(MAX_TRIES) {
            let mut memory = self.remainders.pop_front()?;
            memory.clear();
            if memory.try_reclaim(len) {
                return Some(memory);
            }
            self.remainders.push_back(memory);
        }
        None
    }

    fn give(&mut self, memory: BytesMut, len: usize) {
        if memory.len() == len {
            self.whole.push(memory);
        } else {
            self.remainders.push_back(memory);
        }
    }
}

impl PartialEq for Pool {
    /// Two handles are equal if they are of the same pool.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

/// Counts: the memory is that of many connections.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("len", &self.len())
            .field("max_segments", &self.max_segments)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_keeps_no_more_than_its_bound() {
        for max in 0..3 {
            let pool = Pool::new(max);
            for _ in 0..2 {
                (0..4).for_each(|_| pool.give(BytesMut::zeroed(8), 8));
                assert_eq!(pool.len(), max, "whole segments");
            }
            while pool.take(8).is_some() {}
            assert!(pool.is_empty());
            (0..4).for_each(|_| pool.give(BytesMut::zeroed(3), 8));
            assert_eq!(pool.len(), max, "what is left of segments");
            pool.give(BytesMut::zeroed(8), 8);
            assert_eq!(pool.len(), max, "both");
        }
    }
}
