//! Input and plaintext: the reading calls of a connection.

use bytes::BytesMut;

use super::{Connection, ConnectionError, Stage};
use crate::buffer::copy;
use crate::error::{Error, Overrun};
use crate::reader::{Inbound, ReaderState};

impl Connection {
    /// Lends memory for the transport's next bytes, so that you can read straight into it. Then
    /// call [`process`](Self::process). Returns `None` while there is no memory, as
    /// [`Reader::inbound`](crate::Reader::inbound) does.
    pub fn inbound(&mut self) -> Option<Inbound<'_>> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => Inbound::new(handshake.input_mut().memory()?),
            Stage::Established(_) | Stage::Failed(_) => self.reader.inbound(),
        }
    }

    /// Copies as much of `wire` as there is room for and returns how many bytes that was. Then call
    /// [`process`](Self::process). Bytes that arrive after reading has ended are accepted and
    /// ignored.
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

    /// Lends memory for the transport's next bytes, to be [committed](Self::commit_inbound) by a
    /// later call: [`inbound`](Self::inbound) in two steps. See
    /// [`Reader::lend_inbound`](crate::Reader::lend_inbound). The memory stays valid when the
    /// handshake completes, but not when it fails.
    #[inline]
    pub fn lend_inbound(&mut self) -> Option<&mut [u8]> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.input_mut().lend(),
            Stage::Established(_) | Stage::Failed(_) => self.reader.lend_inbound(),
        }
    }

    /// Commits the first `n` bytes of the [lent](Self::lend_inbound) memory. Then call
    /// [`process`](Self::process).
    ///
    /// # Errors
    /// The same as [`Reader::commit_inbound`](crate::Reader::commit_inbound).
    #[inline]
    pub fn commit_inbound(&mut self, n: usize) -> Result<(), Overrun> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.input_mut().commit_lent(n),
            Stage::Established(_) | Stage::Failed(_) => self.reader.commit_inbound(n),
        }
    }

    /// Like [`lend_inbound`](Self::lend_inbound), for I/O that keeps its memory until it completes:
    /// see [`Reader::take_inbound`](crate::Reader::take_inbound). Return the memory to
    /// [`give_back_inbound`](Self::give_back_inbound), even if the handshake has completed in the
    /// meantime.
    pub fn take_inbound(&mut self) -> Option<BytesMut> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.input_mut().take(),
            Stage::Established(_) | Stage::Failed(_) => self.reader.take_inbound(),
        }
    }

    /// Takes back [taken](Self::take_inbound) memory, whose first `n` bytes have been filled. Then
    /// call [`process`](Self::process).
    ///
    /// # Errors
    /// The same as [`Reader::give_back_inbound`](crate::Reader::give_back_inbound).
    pub fn give_back_inbound(&mut self, memory: BytesMut, n: usize) -> Result<(), Overrun> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.input_mut().give_back(memory, n),
            Stage::Established(_) | Stage::Failed(_) => self.reader.give_back_inbound(memory, n),
        }
    }

    /// Tells the connection that the transport's input has ended. Complete records that were
    /// received are still read. After them, [`process`](Self::process) returns
    /// [`Error::Truncated`] once, unless the peer has closed. Do not call this after reading 0
    /// bytes into empty memory: see [`Inbound`].
    pub fn end_of_input(&mut self) {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.input_mut().end(),
            Stage::Established(_) | Stage::Failed(_) => self.reader.end_of_input(),
        }
    }

    /// The plaintext of the last opened record, at most 16,384 bytes. If it is empty,
    /// [`process`](Self::process) may find more.
    #[must_use]
    #[inline]
    pub fn plaintext(&self) -> &[u8] {
        self.reader.plaintext()
    }

    /// Removes `n` bytes from the front of the plaintext.
    ///
    /// # Errors
    /// [`Overrun`] if there are fewer; nothing is removed then.
    #[inline]
    pub fn consume(&mut self, n: usize) -> Result<(), Overrun> {
        self.reader.consume(n)
    }

    /// Removes all plaintext of the opened record.
    pub fn consume_all(&mut self) {
        self.reader.consume_all();
    }

    /// Copies plaintext into `buf`, processing input as needed, and returns the number of bytes
    /// copied. 0 means that input is needed or that there will be no more plaintext:
    /// [`reader_state`](Self::reader_state) says which.
    ///
    /// # Errors
    /// The same as [`process`](Self::process). Bytes copied before an error are returned first, and
    /// the next call returns the error.
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

    /// Like [`read`](Self::read), but passes the plaintext to `take`, which returns how many bytes
    /// it took, or 0 if it does not take any more. `take` can be called several times, once for
    /// each available record.
    ///
    /// # Errors
    /// The same as [`read`](Self::read).
    #[inline]
    pub fn read_with(
        &mut self,
        mut take: impl FnMut(&[u8]) -> usize,
    ) -> Result<usize, ConnectionError> {
        let mut len = 0;
        loop {
            // Plaintext that was opened can be read, whatever follows it.
            let processed = if self.reader.holds_plaintext() { Ok(()) } else { self.process() };
            match processed {
                // Never `Ok(0)`, which would look like a clean end.
                Ok(()) if len == 0 && self.reader.state() == ReaderState::Truncated => {
                    return Err(Error::Truncated.into());
                }
                Ok(()) => {}
                Err(_) if len > 0 => {
                    self.reader.report_truncation_again();
                    return Ok(len);
                }
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

    /// Whether a read that has emptied one record continues with the next. If the peer's
    /// `close_notify` closes our half, it continues only with data: after anything else,
    /// [`process`](Self::process) could reach the `close_notify`, and the caller could not respond
    /// to the earlier data.
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
