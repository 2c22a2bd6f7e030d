//! Input and plaintext: the reading calls of a connection.

use bytes::BytesMut;

use super::{Connection, ConnectionError, Stage};
use crate::buffer::copy;
use crate::error::{Error, Overrun};
use crate::reader::{Inbound, ReaderState};

impl Connection {
    /// Memory for the transport's next bytes, to read straight into; then call
    /// [`process`](Self::process). `None` while there is none, as in
    /// [`Reader::inbound`](crate::Reader::inbound).
    pub fn inbound(&mut self) -> Option<Inbound<'_>> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => Inbound::new(handshake.input_mut().memory()?),
            Stage::Established(_) | Stage::Failed(_) => self.reader.inbound(),
        }
    }

    /// Copies as much of `wire` as there is room for and returns how much that was; then call
    /// [`process`](Self::process). Bytes after the end of reading are taken and ignored.
    #[must_use]
    pub fn receive(&mut self, wire: &[u8]) -> usize {
        match &mut self.stage {
            Stage::Negotiating(handshake) if !handshake.input().has_ended() => {
                self.inbound().map_or(0, |inbound| inbound.receive(wire))
            }
            Stage::Negotiating(_) => wire.len(),
            Stage::Established(_) | Stage::Failed(_) => self.reader.receive(wire),
        }
    }

    /// [`inbound`](Self::inbound) in two steps: lends memory for the transport's next bytes, to be
    /// [committed](Self::commit_inbound) by another call. See
    /// [`Reader::lend_inbound`](crate::Reader::lend_inbound): the memory stays valid through the
    /// end of the handshake too, but not through a failure of it.
    #[inline]
    pub fn lend_inbound(&mut self) -> Option<&mut [u8]> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.input_mut().lend(),
            Stage::Established(_) | Stage::Failed(_) => self.reader.lend_inbound(),
        }
    }

    /// The first `n` bytes of the memory that was [lent](Self::lend_inbound) are there; then call
    /// [`process`](Self::process).
    ///
    /// # Errors
    /// As [`Reader::commit_inbound`](crate::Reader::commit_inbound).
    #[inline]
    pub fn commit_inbound(&mut self, n: usize) -> Result<(), Overrun> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.input_mut().commit_lent(n),
            Stage::Established(_) | Stage::Failed(_) => self.reader.commit_inbound(n),
        }
    }

    /// [`lend_inbound`](Self::lend_inbound) for I/O that keeps its memory until it completes: see
    /// [`Reader::take_inbound`](crate::Reader::take_inbound). Give it back to
    /// [`give_back_inbound`](Self::give_back_inbound), through the end of the handshake too.
    pub fn take_inbound(&mut self) -> Option<BytesMut> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.input_mut().take(),
            Stage::Established(_) | Stage::Failed(_) => self.reader.take_inbound(),
        }
    }

    /// Takes back the memory that was [taken](Self::take_inbound); its first `n` bytes are there.
    /// Then call [`process`](Self::process).
    ///
    /// # Errors
    /// As [`Reader::give_back_inbound`](crate::Reader::give_back_inbound).
    pub fn give_back_inbound(&mut self, memory: BytesMut, n: usize) -> Result<(), Overrun> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.input_mut().give_back(memory, n),
            Stage::Established(_) | Stage::Failed(_) => self.reader.give_back_inbound(memory, n),
        }
    }

    /// The transport has ended. Whole records that are held are still read; after them
    /// [`process`](Self::process) gives [`Error::Truncated`] once, unless the peer had closed. Not
    /// to be called for a read of 0 bytes into no memory: see [`Inbound`].
    pub fn end_of_input(&mut self) {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.input_mut().end(),
            Stage::Established(_) | Stage::Failed(_) => self.reader.end_of_input(),
        }
    }

    /// The plaintext of the record that was opened last, at most 16,384 bytes; empty if there is
    /// none: then [`process`](Self::process) may find more.
    #[must_use]
    #[inline]
    pub fn plaintext(&self) -> &[u8] {
        self.reader.plaintext()
    }

    /// Removes `n` bytes from the front of the plaintext.
    ///
    /// # Errors
    /// [`Overrun`] if it has fewer; nothing is removed then.
    #[inline]
    pub fn consume(&mut self, n: usize) -> Result<(), Overrun> {
        self.reader.consume(n)
    }

    /// Removes all plaintext of the record that is open.
    pub fn consume_all(&mut self) {
        self.reader.consume_all();
    }

    /// Copies plaintext into `buf`, processing input as needed, and returns how many bytes that
    /// were. 0 means that input is needed, or that nothing more will come:
    /// [`reader_state`](Self::reader_state) tells.
    ///
    /// # Errors
    /// As [`process`](Self::process); bytes copied before an error are returned first, the error
    /// comes at the next call.
    pub fn read(&mut self, buf: &mut [u8]) -> Result<usize, ConnectionError> {
        if buf.is_empty() {
            return Ok(0);
        }
        let mut len = 0;
        self.read_with(|plaintext| {
            let n = plaintext.len().min(buf.len() - len);
            copy(&mut buf[len..], &plaintext[..n]);
            len += n;
            n
        })
    }

    /// As [`read`](Self::read), to where `take` puts the plaintext that it is shown. It returns
    /// how much that was, 0 when it takes no more. It may be called several times: once for each
    /// record that is there.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[inline]
    pub fn read_with(
        &mut self,
        mut take: impl FnMut(&[u8]) -> usize,
    ) -> Result<usize, ConnectionError> {
        let mut len = 0;
        loop {
            match self.process() {
                // Never 0, as at a clean end.
                Ok(()) if len == 0 && self.reader.state() == ReaderState::Truncated => {
                    return Err(Error::Truncated.into());
                }
                Ok(()) => {}
                Err(_) if len > 0 => return Ok(len),
                Err(error) => return Err(error),
            }
            let plaintext = self.plaintext();
            let n = take(plaintext).min(plaintext.len());
            let _within = self.consume(n);
            len += n;
            if n == 0 || !self.reads_on() {
                return Ok(len);
            }
        }
    }

    /// Whether the call that has read a record finds more behind it; not where the peer's
    /// `close_notify` closes our half, before the caller could answer what came in front of it.
    #[inline]
    fn reads_on(&self) -> bool {
        if !self.plaintext().is_empty() {
            return false;
        }
        if self.answers_close() { self.reader.holds_data() } else { self.reader.holds_record() }
    }

    /// Whether the peer's `close_notify` closes our half (RFC 5246 §7.2.1).
    pub(super) fn answers_close(&self) -> bool {
        matches!(&self.stage, Stage::Established(negotiated) if negotiated.answers_close())
    }
}
