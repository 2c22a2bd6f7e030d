//! The two buffers. They know no TLS: they lend memory, take lengths, and give bytes back.

mod chunk;
mod inbound;
mod marks;
mod outbound;
mod piece;
#[cfg(feature = "std")]
mod pool;
mod segment;

pub use chunk::{Chunk, PutBackError};
pub(crate) use inbound::InboundBuffer;
#[cfg(feature = "parallel")]
pub(crate) use outbound::Detached;
pub(crate) use outbound::OutboundBuffer;
#[cfg(feature = "std")]
pub use pool::Pool;
#[cfg(feature = "parallel")]
pub(crate) use segment::Segment;

use zeroize::optimization_barrier;

/// What becomes of buffer memory when it is empty, where no pool takes it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BufferPolicy {
    /// Memory once allocated is kept for reuse: no allocation in steady state.
    #[default]
    Retain,
    /// Memory is given back whenever a buffer is empty: an idle connection holds none
    /// (OpenSSL's `SSL_MODE_RELEASE_BUFFERS`). Inbound memory that was lent and got no bytes goes
    /// at the next `process`.
    Release,
}

/// Overwrites what was plaintext, in a way that the compiler keeps.
///
/// `Zeroize` writes byte by byte: for a record that takes as long as it took to open it.
#[inline(never)]
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    optimization_barrier(bytes);
}
