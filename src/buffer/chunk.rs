//! Sealed bytes that the caller owns.

use core::fmt;
use core::ops::Deref;
use core::sync::atomic::{AtomicU32, Ordering};

use bytes::{Buf, Bytes};

use crate::num::to_u64;

/// Sealed bytes taken out of the outbound buffer, without a copy, for I/O that keeps them until
/// it completes.
///
/// It knows its place in the stream: what the transport did not take can be put back
/// ([`Writer::put_back`](crate::Writer::put_back)) after advancing over what it took.
///
/// Two chunks are equal if their bytes and offsets are, whichever writers gave them.
pub struct Chunk {
    bytes: Bytes,
    /// Wire bytes of the connection before it.
    offset: u64,
    source: BufferId,
}

/// Tells the buffers of a process apart. It shows nowhere: what a writer makes and says does not
/// depend on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct BufferId(u32);

/// The next id. 32 bits, which every target with atomics has and idle buffers can afford: ids
/// repeat after 2^32 buffers, and a chunk that was kept so long is refused by its place alone.
static NEXT_ID: AtomicU32 = AtomicU32::new(0);

impl BufferId {
    pub(super) fn new() -> Self {
        // Nothing but the number is shared, so that no order is needed.
        Self(NEXT_ID.fetch_add(1, Ordering::Relaxed))
    }
}

impl Chunk {
    pub(super) const fn new(bytes: Bytes, offset: u64, source: BufferId) -> Self {
        Self { bytes, offset, source }
    }

    /// Whether the buffer with this id gave it.
    pub(super) fn is_of(&self, source: BufferId) -> bool {
        self.source == source
    }

    /// Wire bytes of the connection before this chunk.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes alone; they cannot be put back any more.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl PartialEq for Chunk {
    fn eq(&self, other: &Self) -> bool {
        self.offset == other.offset && self.bytes == other.bytes
    }
}

impl Eq for Chunk {}

impl Deref for Chunk {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Buf for Chunk {
    fn remaining(&self) -> usize {
        self.bytes.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.bytes
    }

    fn advance(&mut self, cnt: usize) {
        self.bytes.advance(cnt);
        self.offset += to_u64(cnt);
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("offset", &self.offset)
            .field("len", &self.bytes.len())
            .finish()
    }
}

/// A chunk that cannot be put back: another writer gave it, it is not the last one taken, or more
/// was drained since. The buffer has not changed.
#[derive(Debug, PartialEq, Eq)]
pub struct PutBackError(pub Chunk);

impl fmt::Display for PutBackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.0.offset;
        write!(f, "expected the last chunk taken of this writer, got another one at {offset}")
    }
}

impl core::error::Error for PutBackError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_chunk_knows_its_place_and_its_bytes() {
        let sealed = Bytes::from_static(b"sealed");
        let mut chunk = Chunk::new(sealed.clone(), 100, BufferId::new());
        assert_eq!(chunk, Chunk::new(sealed, 100, BufferId::new()), "the source does not show");
        chunk.advance(2);
        assert_eq!((chunk.offset(), chunk.remaining(), chunk.chunk()), (102, 4, &b"aled"[..]));
        assert_eq!((&*chunk, chunk.as_ref()), (&b"aled"[..], &b"aled"[..]));
        let refused = PutBackError(chunk);
        assert!(refused.to_string().contains("102"));
        assert_eq!(refused.0.into_bytes(), b"aled"[..]);
    }
}
