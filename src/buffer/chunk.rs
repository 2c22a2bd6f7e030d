//! Sealed bytes that the caller owns.

use core::fmt;
use core::ops::Deref;

use bytes::{Buf, Bytes};

use crate::num::to_u64;

/// Sealed bytes taken out of the outbound buffer, without a copy, for I/O that keeps them until
/// it completes.
///
/// It knows its place in the stream: what the transport did not take can be put back
/// ([`Writer::put_back`](crate::Writer::put_back)) after advancing over what it took.
#[derive(PartialEq, Eq)]
pub struct Chunk {
    pub(super) bytes: Bytes,
    /// Wire bytes of the connection before it.
    pub(super) offset: u64,
}

impl Chunk {
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

/// A chunk that cannot be put back: it is not the last one taken, or more was drained since.
/// The buffer has not changed.
#[derive(Debug, PartialEq, Eq)]
pub struct PutBackError(pub Chunk);

impl fmt::Display for PutBackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the chunk at {} is not the last one taken", self.0.offset)
    }
}

impl core::error::Error for PutBackError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_chunk_knows_its_place_and_its_bytes() {
        let mut chunk = Chunk { bytes: Bytes::from_static(b"sealed"), offset: 100 };
        chunk.advance(2);
        assert_eq!((chunk.offset(), chunk.remaining(), chunk.chunk()), (102, 4, &b"aled"[..]));
        assert_eq!((&*chunk, chunk.as_ref()), (&b"aled"[..], &b"aled"[..]));
        let refused = PutBackError(chunk);
        assert!(refused.to_string().contains("102"));
        assert_eq!(refused.0.into_bytes(), b"aled"[..]);
    }
}
