//! What you ask of a driver, and what it asks of you.

#[cfg(feature = "std")]
use std::io::IoSlice;

use crate::buffer::Chunk;
use crate::writer::Drain;

/// What you want a [`Driver`](super::Driver) to reach. Every goal except [`Offer`](Self::Offer) and
/// [`Flush`](Self::Flush) completes the handshake first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Goal {
    /// The handshake is over and our last flight was offered to the transport. The next goal sends
    /// whatever the transport did not take.
    ///
    /// Fails with the reason why the handshake failed, after offering its alert, or with the
    /// transport's failure.
    Handshake,
    /// There is plaintext, or the peer has closed: call
    /// [`read_plaintext`](super::Driver::read_plaintext). Pending bytes are offered to the
    /// transport in the meantime.
    ///
    /// Fails with the reason why the connection failed, with truncation, or with a failure to read.
    Read,
    /// The next [`write_plaintext`](super::Driver::write_plaintext) accepts something or returns
    /// the reason why it cannot.
    ///
    /// Fails with the reason why the connection failed, or with a failure of the transport,
    /// including one that no call has reported yet.
    Write,
    /// Pending bytes were offered to the transport. Ask for this after `read_plaintext` and
    /// `write_plaintext`. It neither waits nor fails.
    Offer,
    /// The transport has taken everything accepted and has emptied its own buffer. This does not
    /// wait for the handshake.
    ///
    /// Fails like [`Write`](Self::Write).
    Flush,
    /// The transport has taken `close_notify`, after everything accepted.
    ///
    /// Fails like [`Write`](Self::Write). If the connection has failed, the transport has taken its
    /// alert by then.
    Close,
    /// Like [`Close`](Self::Close), and the peer has ended too, with `close_notify` or with the end
    /// of the transport. Whatever it still sends is discarded, even after an alert from us.
    ///
    /// Fails like [`Close`](Self::Close), or with [`Fault::Linger`](super::Fault::Linger).
    Linger {
        /// How many bytes can be read from the transport and discarded, counting all calls
        /// together. One more byte is read to find out whether there are more.
        max: u64,
    },
}

/// What to do for a [`Goal`].
#[derive(Debug)]
#[must_use = "do the step and report it"]
pub enum Step<'a> {
    /// Give the transport some of these bytes, starting with the first, then report
    /// [`wrote`](super::Driver::wrote). Do not report bytes that you took as chunks.
    Write(Outgoing<'a>),
    /// Have the transport empty its own buffer, then report [`flushed`](super::Driver::flushed).
    Flush,
    /// Have the transport fill this memory from the start, then report
    /// [`read`](super::Driver::read). The memory is never empty.
    Read(&'a mut [u8]),
    /// Wait until the transport can do what it [could not](super::Driver::blocked) do. This follows
    /// only after such a report.
    Blocked,
    /// The goal is reached.
    Done,
}

/// Sealed bytes for the transport. The driver keeps track of how many of them you were shown.
#[derive(Debug)]
pub struct Outgoing<'a> {
    drain: Drain<'a>,
    shown: &'a mut usize,
}

impl<'a> Outgoing<'a> {
    pub(super) const fn new(drain: Drain<'a>, shown: &'a mut usize) -> Self {
        Self { drain, shown }
    }

    /// Returns the number of bytes.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.drain.remaining()
    }

    /// Returns the first contiguous run of bytes. Never empty.
    #[inline]
    pub fn chunk(&mut self) -> &[u8] {
        let chunk = self.drain.chunk();
        *self.shown = chunk.len();
        chunk
    }

    /// Returns the first chunks, as many as fit into `memory`, for `writev`.
    #[cfg(feature = "std")]
    pub fn io_slices<'s, 'b: 's>(&'b mut self, memory: &'s mut [IoSlice<'b>]) -> &'s [IoSlice<'b>] {
        let n = self.drain.chunks_vectored(memory);
        let slices = &memory[..n];
        *self.shown = slices.iter().map(|slice| slice.len()).sum();
        slices
    }

    /// Takes up to `max` bytes of the first contiguous run as an owned chunk: see
    /// [`Drain::take_chunk`]. They count as drained, so do not report them. Put back what the
    /// transport did not take.
    pub fn take_chunk(&mut self, max: usize) -> Option<Chunk> {
        self.drain.take_chunk(max)
    }
}

/// Like [`Step`], before memory is lent for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Write,
    Flush,
    Read,
    /// Reads at most this many bytes, to discard them.
    Discard(usize),
    Blocked,
    Done,
}

/// The step that the next report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    Write,
    Flush,
    Read,
    /// A read into the driver's own memory.
    Probe,
    Discard,
}
