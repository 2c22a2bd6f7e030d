//! Buffer memory shared between connections.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::BytesMut;

use super::wipe;

/// Memory that connections take their buffers from and give them back to: segments for what they
/// send, and inbound memory. A clone is another handle of the same pool.
///
/// Connections under one pool keep no empty buffer themselves, and allocate none while the pool
/// has one. Memory that was handed out as owned chunks comes back when the last of its chunks is
/// dropped. No plaintext lies in pooled memory: a segment held ciphertext, or is wiped; inbound
/// memory, where records are opened, is wiped before it comes back.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    memory: Mutex<Memory>,
    max_segments: usize,
}

#[derive(Default)]
struct Memory {
    segments: Segments,
    /// All zeros.
    inbound: Vec<BytesMut>,
    /// Bytes of these.
    inbound_len: usize,
}

#[derive(Default)]
struct Segments {
    whole: Vec<BytesMut>,
    /// What is left of segments whose chunks were handed out: whole again when the last of these
    /// is gone. Those given back first in front.
    remainders: VecDeque<BytesMut>,
}

/// Segments that a pool keeps by default.
const DEFAULT_SEGMENTS: usize = 16;

/// Bytes of inbound memory that are kept for each segment: as a record is of the largest size.
const INBOUND_PER_SEGMENT: usize = (1 << 14) + 2048 + 5;

/// Remainders that are looked at for one segment: chunks may be in flight for long, and whoever
/// waits for the pool waits for this.
const MAX_TRIES: usize = 4;

impl Pool {
    /// An empty pool that keeps at most `max_segments` segments (of some 16.5 KiB each), and
    /// inbound memory for as many records: by default a connection's is for two.
    ///
    /// It need not be large: memory is in it only while no connection uses it. As many as are
    /// busy at the same moment take it out, and what does not fit when it comes back is freed.
    #[must_use]
    pub fn new(max_segments: usize) -> Self {
        Self(Arc::new(Shared { memory: Mutex::default(), max_segments }))
    }

    /// Segments in the pool now, those included whose chunks are still in use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock(|memory| memory.segments.len())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of inbound memory in the pool now.
    #[must_use]
    pub fn inbound_len(&self) -> usize {
        self.lock(|memory| memory.inbound_len)
    }

    /// A whole segment of `len` bytes, if one is free.
    pub(super) fn take(&self, len: usize) -> Option<BytesMut> {
        let mut segment = self.lock(|memory| memory.segments.take(len))?;
        if segment.len() < len {
            segment.resize(len, 0);
        }
        Some(segment)
    }

    /// Takes back a segment of `len` bytes, or what is left of it.
    pub(super) fn give(&self, segment: BytesMut, len: usize) {
        // What does not fit is freed when nobody waits for the lock.
        let _excess = self.lock(|memory| {
            if memory.segments.len() >= self.0.max_segments {
                return Some(segment);
            }
            memory.segments.give(segment, len);
            None
        });
    }

    /// Inbound memory of `len` bytes, all zeros.
    pub(super) fn take_inbound(&self, len: usize) -> BytesMut {
        self.lock(|memory| memory.take_inbound(len)).unwrap_or_else(|| BytesMut::zeroed(len))
    }

    /// Takes back inbound memory, of which no more than the first `used` bytes are not zeros.
    pub(super) fn give_inbound(&self, mut inbound: BytesMut, used: usize) {
        if used > 0 {
            wipe(&mut inbound[..used]);
        }
        let max = self.0.max_segments.saturating_mul(INBOUND_PER_SEGMENT);
        let _excess = self.lock(|memory| {
            if memory.inbound_len.saturating_add(inbound.len()) > max {
                return Some(inbound);
            }
            memory.inbound_len += inbound.len();
            memory.inbound.push(inbound);
            None
        });
    }

    fn lock<T>(&self, f: impl FnOnce(&mut Memory) -> T) -> T {
        // A panic elsewhere leaves the list whole: every step of ours is a single push or pop.
        f(&mut self.0.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for Pool {
    /// An empty pool that keeps 16 segments, and inbound memory of eight connections: some
    /// 550 KiB.
    fn default() -> Self {
        Self::new(DEFAULT_SEGMENTS)
    }
}

impl Memory {
    fn take_inbound(&mut self, len: usize) -> Option<BytesMut> {
        let is_it = |memory: &BytesMut| memory.len() == len;
        let memory = match self.inbound.last() {
            Some(last) if is_it(last) => self.inbound.pop(),
            // Of connections with other capacities.
            _ => self.inbound.iter().rposition(is_it).map(|i| self.inbound.swap_remove(i)),
        };
        self.inbound_len -= memory.as_ref().map_or(0, |memory| memory.len());
        memory
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
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Counts: the memory is that of many connections.
impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("len", &self.len())
            .field("inbound_len", &self.inbound_len())
            .field("max_segments", &self.0.max_segments)
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

    #[test]
    fn inbound_memory_comes_back_wiped_and_within_the_bound() {
        let pool = Pool::new(2);
        let max = 2 * INBOUND_PER_SEGMENT;
        for len in [INBOUND_PER_SEGMENT, max, max + 1] {
            let pooled = if len > max { 0 } else { max / len * len };
            for _ in 0..3 {
                pool.give_inbound(BytesMut::from(&*alloc::vec![7; len]), len);
            }
            assert_eq!(pool.inbound_len(), pooled, "{len}");
            assert!(pool.take_inbound(1).iter().eq(&[0]), "made new");
            for _ in 0..3 {
                assert_eq!(pool.take_inbound(len), alloc::vec![0; len], "{len}");
            }
            assert_eq!(pool.inbound_len(), 0);
        }
    }
}
