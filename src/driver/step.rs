//! What a driver is asked for, and what it asks for.

#[cfg(feature = "std")]
use std::io::IoSlice;

use crate::buffer::Chunk;
use crate::writer::Drain;

/// What you want a [`Driver`](super::Driver) to reach. Every goal but [`Offer`](Self::Offer) and
/// [`Flush`](Self::Flush) finishes the handshake first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Goal {
    /// The handshake is over. Our last flight was offered; what the transport did not take leaves
    /// with the next goal.
    ///
    /// Fails with the reason why the handshake failed, after its alert was offered, or with the
    /// transport's failure.
    Handshake,
    /// There is plaintext, or the peer has closed: take it with
    /// [`read_plaintext`](super::Driver::read_plaintext). What waits is offered meanwhile.
    ///
    /// Fails with the reason why the connection failed, with truncation, or with a failure to read.
    Read,
    /// The next [`write_plaintext`](super::Driver::write_plaintext) accepts something, or says
    /// why not.
    ///
    /// Fails with the reason why the connection failed, or with the transport's failure: this one,
    /// or one that no call has reported yet.
    Write,
    /// What waits was offered to the transport. Ask for it after `read_plaintext` and
    /// `write_plaintext`. It neither waits nor fails.
    Offer,
    /// Everything accepted is with the transport, and out of its own buffer. The handshake is not
    /// waited for.
    ///
    /// Fails as [`Write`](Self::Write).
    Flush,
    /// `close_notify` is with the transport, behind everything accepted.
    ///
    /// Fails as [`Write`](Self::Write) does. If the connection has failed, its alert is with the
    /// transport by then.
    Close,
    /// The same, and then the peer has ended too: by `close_notify` or by the transport's end. What
    /// it still sends is thrown away, after an alert of ours as well.
    ///
    /// Fails as [`Close`](Self::Close), or with [`Fault::Linger`](super::Fault::Linger).
    Linger {
        /// How many bytes may be read from the transport and thrown away, by all calls together.
        /// One more is read, to learn that there are more.
        max: u64,
    },
}

/// What to do for a [`Goal`].
#[derive(Debug)]
#[must_use = "do the step and report it"]
pub enum Step<'a> {
    /// Give the transport some of these bytes, from their beginning; then report
    /// [`wrote`](super::Driver::wrote). Bytes taken as chunks need no report.
    Write(Outgoing<'a>),
    /// Let the transport empty its own buffer; then report [`flushed`](super::Driver::flushed).
    Flush,
    /// Let the transport fill this memory, from its beginning, never empty; then report
    /// [`read`](super::Driver::read).
    Read(&'a mut [u8]),
    /// Nothing, until the transport can do what it [could not](super::Driver::blocked). Comes only
    /// after such a report.
    Blocked,
    /// The goal is reached.
    Done,
}

/// Sealed bytes for the transport. The driver remembers how many of them you were shown.
#[derive(Debug)]
pub struct Outgoing<'a> {
    drain: Drain<'a>,
    shown: &'a mut usize,
}

impl<'a> Outgoing<'a> {
    pub(super) const fn new(drain: Drain<'a>, shown: &'a mut usize) -> Self {
        Self { drain, shown }
    }

    /// How many there are.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.drain.remaining()
    }

    /// The first of them that lie together; never empty.
    pub fn chunk(&mut self) -> &[u8] {
        let chunk = self.drain.chunk();
        *self.shown = chunk.len();
        chunk
    }

    /// The first chunks, as many as `memory` has room for: for `writev`.
    #[cfg(feature = "std")]
    pub fn io_slices<'s, 'b: 's>(&'b mut self, memory: &'s mut [IoSlice<'b>]) -> &'s [IoSlice<'b>] {
        let n = self.drain.chunks_vectored(memory);
        let slices = &memory[..n];
        *self.shown = slices.iter().map(|slice| slice.len()).sum();
        slices
    }

    /// The first of them that lie together, at most `max` bytes, as your own: see
    /// [`Drain::take_chunk`]. They count as drained, and are not reported. Put back what the
    /// transport did not take.
    pub fn take_chunk(&mut self, max: usize) -> Option<Chunk> {
        self.drain.take_chunk(max)
    }
}

/// The same as [`Step`], before memory is lent for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Write,
    Flush,
    Read,
    /// Reads at most so many bytes, to throw them away.
    Discard(usize),
    Blocked,
    Done,
}

/// The step that a report is about.
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
