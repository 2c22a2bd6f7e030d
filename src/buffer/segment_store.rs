//! Where segments come from and return to.

use alloc::vec::Vec;

use bytes::BytesMut;

use super::BufferPolicy;
#[cfg(feature = "std")]
use super::Pool;
use super::segment::Segment;

/// Creates the segments of one buffer, all of the same length, and takes them back when they are
/// empty.
pub(crate) struct SegmentStore {
    segment_len: usize,
    /// The byte of a segment that is aligned.
    aligned: u8,
    policy: BufferPolicy,
    #[cfg(feature = "std")]
    pool: Option<Pool>,
    /// Kept for reuse ([`BufferPolicy::Retain`]).
    spare: Vec<Segment>,
    in_use: usize,
}

impl SegmentStore {
    /// Creates a store for segments of `segment_len` bytes. None is allocated yet.
    pub(crate) const fn new(segment_len: usize, policy: BufferPolicy) -> Self {
        Self {
            segment_len,
            aligned: 0,
            policy,
            #[cfg(feature = "std")]
            pool: None,
            spare: Vec::new(),
            in_use: 0,
        }
    }

    /// Takes memory from `pool` and returns it there.
    #[cfg(feature = "std")]
    pub(crate) fn with_pool(self, pool: Option<Pool>) -> Self {
        Self { pool, ..self }
    }

    /// Aligns the byte at `offset` in segments that are allocated from now on.
    pub(super) fn align_at(&mut self, offset: usize) {
        // At most the length of a record's header and nonce.
        self.aligned = u8::try_from(offset).unwrap_or(0);
    }

    /// The length of a whole segment.
    pub(super) const fn segment_len(&self) -> usize {
        self.segment_len
    }

    /// How many segments were taken and not returned.
    pub(super) const fn in_use(&self) -> usize {
        self.in_use
    }

    /// The memory of all segments, in use or not.
    pub(super) fn memory_held(&self) -> usize {
        (self.in_use + self.spare.len()) * self.memory_len()
    }

    pub(super) fn take(&mut self) -> Segment {
        self.in_use += 1;
        self.spare.pop().unwrap_or_else(|| Segment::new(self.new_memory(), self.aligned.into()))
    }

    /// Takes back a segment that is not in use.
    #[inline(never)]
    pub(super) fn give_back(&mut self, mut segment: Segment) {
        self.in_use -= 1;
        #[cfg(feature = "std")]
        if let Some(pool) = &self.pool {
            pool.give(segment.into_memory(), self.memory_len());
            return;
        }
        if self.keeps(&segment) {
            segment.reset();
            self.spare.push(segment);
        }
    }

    /// Whether this buffer keeps an empty segment, which must be whole.
    #[inline(always)]
    pub(super) fn keeps(&self, segment: &Segment) -> bool {
        !self.is_pooled()
            && self.policy == BufferPolicy::Retain
            && segment.memory_left() == self.memory_len()
    }

    /// Whether unused memory returns to a pool.
    #[inline(always)]
    pub(super) const fn is_pooled(&self) -> bool {
        #[cfg(feature = "std")]
        if self.pool.is_some() {
            return true;
        }
        false
    }

    /// Frees what is kept for reuse.
    pub(super) fn shrink(&mut self) {
        self.spare = Vec::new();
    }

    /// How much memory a whole segment takes, in bytes.
    const fn memory_len(&self) -> usize {
        Segment::memory_len(self.segment_len)
    }

    fn new_memory(&self) -> BytesMut {
        #[cfg(feature = "std")]
        if let Some(memory) = self.pool.as_ref().and_then(|pool| pool.take(self.memory_len())) {
            return memory;
        }
        BytesMut::zeroed(self.memory_len())
    }
}
