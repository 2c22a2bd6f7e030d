//! Buffer memory shared by connections.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::BytesMut;

use super::wipe;

/// Memory that connections take their buffers from and return them to: segments for output, and
/// inbound memory. A clone is another handle to the same pool.
///
/// Connections with a pool do not keep empty buffers, and do not allocate buffers while the pool
/// has some. Memory handed out as owned chunks returns when the last of its chunks is dropped.
/// Pooled memory never contains plaintext. A segment either held ciphertext or is wiped, and
/// inbound memory, where records are opened, is wiped before it returns. Inbound memory that grew
/// beyond [`ReaderConfig::capacity`](crate::ReaderConfig::capacity), for a long handshake message,
/// is freed instead.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

struct Shared {
    memory: Mutex<Memory>,
    max_segments: usize,
}

#[derive(Default)]
struct Memory {
    segments: Segments,
    /// All of it is zeroed.
    inbound: Vec<BytesMut>,
    /// The total length of `inbound`.
    inbound_len: usize,
}

#[derive(Default)]
struct Segments {
    whole: Vec<BytesMut>,
    /// The rest of segments whose chunks were handed out. A segment is whole again once its last
    /// chunk is gone. Those returned first are in front.
    remainders: VecDeque<BytesMut>,
}

/// How many segments a pool keeps by default.
const DEFAULT_SEGMENTS: usize = 16;

/// How many bytes of inbound memory are kept per segment: the length of the largest record.
const INBOUND_PER_SEGMENT: usize = (1 << 14) + 2048 + 5;

/// How many remainders are tried for one segment. Chunks can be in flight for a long time, and this
/// happens while the pool is locked.
const MAX_TRIES: usize = 4;

impl Pool {
    /// Creates an empty pool that keeps at most `max_segments` segments (of 16.4 KiB each),
    /// and inbound memory for as many records. A connection's inbound memory holds two records by
    /// default.
    ///
    /// The pool does not have to be large, because memory is in it only while no connection uses
    /// it. Connections that are busy at the same time take memory out, and memory that does not fit
    /// when it returns is freed.
    #[must_use]
    pub fn new(max_segments: usize) -> Self {
        Self(Arc::new(Shared { memory: Mutex::default(), max_segments }))
    }

    /// The number of segments in the pool now, including those whose chunks are still in use.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().segments.len()
    }

    /// Whether the pool has no segments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of bytes of inbound memory in the pool now.
    #[must_use]
    pub fn inbound_len(&self) -> usize {
        self.lock().inbound_len
    }

    /// A whole segment of `len` bytes, if one is free.
    pub(super) fn take(&self, len: usize) -> Option<BytesMut> {
        let mut segment = self.lock().segments.take(len)?;
        if segment.len() < len {
            segment.resize(len, 0);
        }
        Some(segment)
    }

    /// Takes back a segment of `len` bytes, or the rest of one.
    pub(super) fn give(&self, segment: BytesMut, len: usize) {
        let mut memory = self.lock();
        // Memory that does not fit is freed when this returns, after the lock is released.
        if memory.segments.len() < self.0.max_segments {
            memory.segments.give(segment, len);
        }
    }

    /// Inbound memory of `len` bytes, all zeroed.
    pub(super) fn take_inbound(&self, len: usize) -> BytesMut {
        let pooled = self.lock().take_inbound(len);
        pooled.unwrap_or_else(|| BytesMut::zeroed(len))
    }

    /// Takes back inbound memory of a length that others will ask for. Only its first `used` bytes
    /// can differ from zero.
    pub(super) fn give_inbound(&self, mut inbound: BytesMut, used: usize) {
        if used > 0 {
            wipe(&mut inbound[..used]);
        }
        let max = self.0.max_segments.saturating_mul(INBOUND_PER_SEGMENT);
        let mut memory = self.lock();
        let len = memory.inbound_len.saturating_add(inbound.len());
        if len <= max {
            memory.inbound_len = len;
            memory.inbound.push(inbound);
        }
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Memory> {
        // A panic elsewhere leaves the lists intact: each of our changes is a single push or pop.
        self.0.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Pool {
    /// Creates an empty pool that keeps 16 segments and the inbound memory of eight connections:
    /// about 550 KiB.
    fn default() -> Self {
        Self::new(DEFAULT_SEGMENTS)
    }
}

impl Memory {
    fn take_inbound(&mut self, len: usize) -> Option<BytesMut> {
        let is_it = |memory: &BytesMut| memory.len() == len;
        let memory = match self.inbound.last() {
            Some(last) if is_it(last) => self.inbound.pop(),
            // For connections with other capacities.
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

    /// Memory of `len` bytes, part of which may have to be initialised again.
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
    /// Two handles are equal if they belong to the same pool.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Shows only counts, because the memory belongs to many connections.
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

    /// The length of the largest record (RFC 5246 §6.2.3).
    const MAX_RECORD_LEN: usize = 18_437;

    #[test]
    fn a_pool_keeps_no_more_than_its_bound() {
        for max in 0..3 {
            let pool = Pool::new(max);
            for _ in 0..2 {
                (0..4).for_each(|_| pool.give(BytesMut::zeroed(8), 8));
                assert_eq!(pool.len(), max, "number of whole segments");
            }
            while pool.take(8).is_some() {}
            assert!(pool.is_empty());
            (0..4).for_each(|_| pool.give(BytesMut::zeroed(3), 8));
            assert_eq!(pool.len(), max, "number of remainders");
            pool.give(BytesMut::zeroed(8), 8);
            assert_eq!(pool.len(), max, "both");
        }
    }

    #[test]
    fn returned_inbound_memory_is_wiped_and_bounded() {
        let pool = Pool::new(2);
        let max = 2 * MAX_RECORD_LEN;
        for len in [MAX_RECORD_LEN, max, max + 1] {
            let pooled = if len > max { 0 } else { max / len * len };
            for _ in 0..3 {
                pool.give_inbound(BytesMut::from(&*alloc::vec![7; len]), len);
            }
            assert_eq!(pool.inbound_len(), pooled, "{len}");
            assert!(pool.take_inbound(1).iter().eq(&[0]), "newly allocated");
            for _ in 0..3 {
                assert_eq!(pool.take_inbound(len), alloc::vec![0; len], "{len}");
            }
            assert_eq!(pool.inbound_len(), 0);
        }
    }
}
