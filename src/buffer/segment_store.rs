//! Where segments come from and return to.

use alloc::vec::Vec;

use bytes::BytesMut;

use super::BufferPolicy;
#[cfg(feature = "std")]
use super::Pool;
use super::segment::Segment;
use crate::num::{to_u16, to_usize};

/// Creates the segments of one buffer, all of the same length, and takes them back when they are
/// empty.
pub(crate) struct SegmentStore {
    source: Source,
    segment_len: u16,
    /// The byte of a segment that is aligned.
    aligned: u8,
    in_use: u32,
}

/// Where empty segments go, and where others come from first.
enum Source {
    /// They are kept for reuse ([`BufferPolicy::Retain`]).
    Kept(Vec<Segment>),
    /// They are freed ([`BufferPolicy::Release`]).
    Allocator,
    #[cfg(feature = "std")]
    Pool(Pool),
}

impl SegmentStore {
    /// Creates a store for segments of `segment_len` bytes. None is allocated yet.
    pub(crate) fn new(segment_len: usize, policy: BufferPolicy) -> Self {
        let source = match policy {
            BufferPolicy::Retain => Source::Kept(Vec::new()),
            BufferPolicy::Release => Source::Allocator,
        };
        Self { source, segment_len: to_u16(segment_len), aligned: 0, in_use: 0 }
    }

    /// Takes memory from `pool` and returns it there, whatever the policy.
    #[cfg(feature = "std")]
    pub(crate) fn with_pool(self, pool: Option<Pool>) -> Self {
        let source = pool.map_or(self.source, Source::Pool);
        Self { source, ..self }
    }

    /// Aligns the byte at `offset` in segments that are allocated from now on.
    pub(super) fn align_at(&mut self, offset: usize) {
        // At most the length of a record's header and nonce.
        self.aligned = u8::try_from(offset).unwrap_or(0);
    }

    /// The length of a whole segment.
    #[inline]
    pub(super) fn segment_len(&self) -> usize {
        self.segment_len.into()
    }

    /// How many segments were taken and not returned.
    #[inline]
    pub(super) const fn in_use(&self) -> u32 {
        self.in_use
    }

    /// The memory of all segments, in use or not.
    pub(super) fn memory_held(&self) -> usize {
        let spare = match &self.source {
            Source::Kept(spare) => spare.len(),
            _ => 0,
        };
        (to_usize(self.in_use) + spare) * self.memory_len()
    }

    /// Takes a segment, perhaps in the state in which it came back: `reset` it.
    pub(super) fn take(&mut self) -> Segment {
        self.in_use += 1;
        let kept = match &mut self.source {
            Source::Kept(spare) => spare.pop(),
            _ => None,
        };
        kept.unwrap_or_else(|| Segment::new(self.new_memory(), self.aligned.into()))
    }

    /// Takes back a segment that is not in use.
    #[inline(always)]
    pub(super) fn give_back(&mut self, segment: Segment) {
        self.in_use -= 1;
        let keeps = self.keeps(&segment);
        match &mut self.source {
            Source::Kept(spare) if keeps => spare.push(segment),
            #[cfg(feature = "std")]
            Source::Pool(pool) => {
                pool.give(segment.into_memory(), Segment::memory_len(self.segment_len.into()));
            }
            Source::Kept(_) | Source::Allocator => {}
        }
    }

    /// Whether this buffer keeps an empty segment, which must be whole.
    #[inline(always)]
    pub(super) fn keeps(&self, segment: &Segment) -> bool {
        matches!(self.source, Source::Kept(_)) && segment.memory_left() == self.memory_len()
    }

    /// Whether unused memory returns to a pool.
    #[inline(always)]
    pub(super) const fn is_pooled(&self) -> bool {
        !matches!(self.source, Source::Kept(_) | Source::Allocator)
    }

    /// Frees what is kept for reuse.
    pub(super) fn shrink(&mut self) {
        if let Source::Kept(spare) = &mut self.source {
            *spare = Vec::new();
        }
    }

    /// How much memory a whole segment takes, in bytes.
    fn memory_len(&self) -> usize {
        Segment::memory_len(self.segment_len.into())
    }

    fn new_memory(&self) -> BytesMut {
        #[cfg(feature = "std")]
        if let Source::Pool(pool) = &self.source {
            if let Some(memory) = pool.take(self.memory_len()) {
                return memory;
            }
        }
        BytesMut::zeroed(self.memory_len())
    }
}
