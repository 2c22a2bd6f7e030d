//! Sealed bytes that the caller owns.

use core::fmt;
use core::ops::Deref;
use core::sync::atomic::{AtomicU32, Ordering};

use bytes::{Buf, Bytes};

use crate::num::to_u64;

/// Sealed bytes taken out of the outbound buffer, for I/O that keeps its buffers until it
/// completes.
///
/// A chunk knows its position in the stream. If the transport does not take all of it, advance over
/// what it took and put the rest back ([`Writer::put_back`](crate::Writer::put_back)).
///
/// Two chunks are equal if their bytes and offsets are equal, even if they come from different
/// writers.
pub struct Chunk {
    bytes: Bytes,
    /// How many wire bytes of the connection precede it.
    offset: u64,
    source: BufferId,
    /// How many bytes of the capacity it takes if it is put back.
    charge: u32,
}

/// Distinguishes the buffers of a process. It is never visible: what a writer produces does not
/// depend on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct BufferId(u32);

/// The next id. 32 bits are available on every target with atomics and cheap enough for idle
/// buffers. Ids repeat after 2^32 buffers; a chunk that was kept for that long can only be refused
/// by its position.
static NEXT_ID: AtomicU32 = AtomicU32::new(0);

impl BufferId {
    pub(super) fn new() -> Self {
        // Only the number itself is shared, so no ordering is needed.
        Self(NEXT_ID.fetch_add(1, Ordering::Relaxed))
    }
}

impl Chunk {
    pub(super) const fn new(bytes: Bytes, offset: u64, source: BufferId, charge: u32) -> Self {
        Self { bytes, offset, source, charge }
    }

    pub(super) const fn charge(&self) -> u32 {
        self.charge
    }

    /// Whether it comes from the buffer with this id.
    pub(super) fn is_of(&self, source: BufferId) -> bool {
        self.source == source
    }

    /// How many wire bytes of the connection precede this chunk.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the bytes alone. They cannot be put back any more.
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

/// A chunk that cannot be put back: another writer gave it out, it is not the last one taken, or
/// more was drained since. The buffer has not changed.
#[derive(Debug, PartialEq, Eq)]
pub struct PutBackError(pub Chunk);

impl fmt::Display for PutBackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.0.offset;
        write!(f, "expected the last chunk taken from this writer, got the one at offset {offset}")
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
        let mut chunk = Chunk::new(sealed.clone(), 100, BufferId::new(), 1);
        assert_eq!(chunk, Chunk::new(sealed, 100, BufferId::new(), 0), "only these are visible");
        chunk.advance(2);
        assert_eq!((chunk.offset(), chunk.remaining(), chunk.chunk()), (102, 4, &b"aled"[..]));
        assert_eq!((&*chunk, chunk.as_ref()), (&b"aled"[..], &b"aled"[..]));
        let refused = PutBackError(chunk);
        assert!(refused.to_string().contains("102"));
        assert_eq!(refused.0.into_bytes(), b"aled"[..]);
    }
}
