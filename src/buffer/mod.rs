//! The two buffers. They know nothing about TLS: they lend memory, take lengths, and return bytes.

#[cfg(feature = "rustls")]
use alloc::vec::Vec;

#[cfg(feature = "rustls")]
use zeroize::Zeroizing;
use zeroize::optimization_barrier;

mod chunk;
mod copy;
mod inbound;
mod marks;
mod outbound;
mod piece;
#[cfg(feature = "std")]
mod pool;
mod segment;
mod segment_store;

pub use chunk::{Chunk, PutBackError};
pub(crate) use copy::{append, copy};
pub(crate) use inbound::InboundBuffer;
pub(crate) use outbound::OutboundBuffer;
#[cfg(feature = "std")]
pub use pool::Pool;
#[cfg(feature = "parallel")]
pub(crate) use segment::Segment;
pub(crate) use segment_store::SegmentStore;

/// What happens to buffer memory when it is empty and no pool takes it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BufferPolicy {
    /// Allocated memory is kept for reuse, so nothing is allocated in steady state.
    #[default]
    Retain,
    /// Memory is freed whenever a buffer is empty, so an idle connection holds none (OpenSSL's
    /// `SSL_MODE_RELEASE_BUFFERS`). Inbound memory that was lent but received no bytes is freed at
    /// the next `process`.
    Release,
}

/// Overwrites what was plaintext, in a way that the compiler cannot remove.
///
/// `Zeroize` writes byte by byte, which takes as long as opening the record did.
#[inline(never)]
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    optimization_barrier(bytes);
}

/// Appends plaintext or secrets. If the memory does not suffice, the old memory is wiped.
#[cfg(feature = "rustls")]
pub(crate) fn append_wiped(to: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    let len = to.len() + bytes.len();
    if len > to.capacity() {
        let mut longer = Zeroizing::new(Vec::with_capacity(len.max(2 * to.capacity())));
        longer.extend_from_slice(to);
        *to = longer;
    }
    to.extend_from_slice(bytes);
}
