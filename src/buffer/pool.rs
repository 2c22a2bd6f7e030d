//! Segments shared between connections.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;

/// Memory that connections take segments from and give them back to. A clone is another handle
/// of the same pool.
///
/// Connections under one pool keep no empty segment themselves. Memory that was handed out as
/// owned chunks comes back when the last of its chunks is dropped. What lies in pooled memory is
/// ciphertext: plaintext that was never sealed is wiped before.
#[derive(Clone, Debug)]
pub struct Pool {
    shared: Arc<Mutex<VecDeque<BytesMut>>>,
    max_segments: usize,
}

impl Pool {
    /// An empty pool that keeps at most `max_segments` segments (of some 16.5 KiB each).
    #[must_use]
    pub fn new(max_segments: usize) -> Self {
        Self { shared: Arc::new(Mutex::new(VecDeque::new())), max_segments }
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
        self.lock(|segments| {
            for _ in 0..segments.len() {
                let mut memory = segments.pop_front()?;
                if memory.len() == len {
                    return Some(memory);
                }
                // The rest of a segment whose chunks were handed out: whole again when they are
                // gone.
                memory.clear();
                if memory.try_reclaim(len) {
                    memory.resize(len, 0);
                    return Some(memory);
                }
                segments.push_back(memory);
            }
            None
        })
    }

    pub(super) fn give(&self, memory: BytesMut) {
        self.lock(|segments| {
            if segments.len() < self.max_segments {
                segments.push_back(memory);
            }
        });
    }

    fn lock<T>(&self, f: impl FnOnce(&mut VecDeque<BytesMut>) -> T) -> T {
        // A panic elsewhere leaves the list whole: every step of ours is a single push or pop.
        f(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl PartialEq for Pool {
    /// Two handles are equal if they are of the same pool.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}
