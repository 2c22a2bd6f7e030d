//! Data beside the handshake: a client's 0-RTT data (RFC 9846 §2.3), a server's half-RTT data.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::handshake::Handshake;
use super::{Connection, Stage};
use crate::buffer::append_wiped;
use crate::error::Overrun;
use crate::writer::Writer;

/// What became of a client's early data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EarlyDataStatus {
    /// The client did not offer any: it is not allowed to, or has no ticket that allows it. On a
    /// server: none came.
    #[default]
    NotOffered,
    /// A client may send early data, and does not know yet whether the server takes it.
    Offered,
    /// The server took it.
    Accepted,
    /// The server did not: [`Connection::take_rejected_early_data`] gives it back.
    Rejected,
}

/// Early data of one connection, in both directions.
#[derive(Default)]
pub(super) struct EarlyData {
    status: EarlyDataStatus,
    /// What we wrote. A client keeps all of it until it knows what became of it.
    written: Zeroizing<Vec<u8>>,
    /// How much of it is sealed.
    sealed: usize,
    /// What a client sent, on a server.
    received: Zeroizing<Vec<u8>>,
    /// How much of that was consumed.
    consumed: usize,
}

impl EarlyData {
    pub(super) const fn status(&self) -> EarlyDataStatus {
        self.status
    }

    pub(super) fn set_status(&mut self, status: EarlyDataStatus) {
        self.status = status;
    }

    /// Bytes that are kept of what we wrote.
    pub(super) fn written_len(&self) -> usize {
        self.written.len()
    }

    pub(super) fn write(&mut self, plaintext: &[u8]) {
        append_wiped(&mut self.written, plaintext);
    }

    /// What is not sealed yet.
    pub(super) fn pending(&self) -> &[u8] {
        self.written.get(self.sealed..).unwrap_or(&[])
    }

    /// The next `len` bytes are sealed. A server never gets them back.
    pub(super) fn sealed(&mut self, len: usize, keep: Keep) {
        self.sealed += len;
        if keep == Keep::Nothing && self.pending().is_empty() {
            self.forget_written();
        }
    }

    fn forget_written(&mut self) {
        self.written = Zeroizing::default();
        self.sealed = 0;
    }

    pub(super) fn receive(&mut self, plaintext: &[u8]) {
        self.status = EarlyDataStatus::Accepted;
        append_wiped(&mut self.received, plaintext);
    }

    /// The server took what a client offered.
    pub(super) fn accepted(&mut self) {
        if self.status == EarlyDataStatus::Offered {
            self.status = EarlyDataStatus::Accepted;
        }
    }

    /// A client's handshake is over. What is kept from here on is what the server did not take.
    pub(super) fn settle(&mut self) {
        match self.status {
            EarlyDataStatus::Accepted => {
                let rest = Zeroizing::new(self.pending().to_vec());
                (self.written, self.sealed) = (rest, 0);
            }
            EarlyDataStatus::Offered => {
                (self.status, self.sealed) = (EarlyDataStatus::Rejected, 0);
            }
            EarlyDataStatus::NotOffered | EarlyDataStatus::Rejected => {}
        }
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_empty(&self) -> bool {
        self.status == EarlyDataStatus::NotOffered && self.written.is_empty()
    }

    fn unread(&self) -> &[u8] {
        self.received.get(self.consumed..).unwrap_or(&[])
    }

    fn consume(&mut self, n: usize) -> Result<(), Overrun> {
        let available = self.unread().len();
        if n > available {
            return Err(Overrun { claimed: n, available });
        }
        self.consumed += n;
        if n == available {
            (self.received, self.consumed) = (Zeroizing::default(), 0);
        }
        Ok(())
    }

    fn take_written(&mut self) -> Vec<u8> {
        let taken = core::mem::take(&mut *self.written);
        self.forget_written();
        taken
    }

    pub(super) fn memory_held(&self) -> usize {
        self.written.capacity() + self.received.capacity()
    }
}

/// What becomes of early data that was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// It may have to be given back.
    Everything,
    Nothing,
}

impl fmt::Debug for EarlyData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EarlyData").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Writes plaintext that leaves before the handshake is over; rustls seals it. Lent by
/// [`Connection::early_writer`].
///
/// Small writes share a record until the drain comes, as in a [`Writer`].
#[derive(Debug)]
pub struct EarlyWriter<'a> {
    handshake: &'a mut Handshake,
    writer: &'a mut Writer,
}

impl EarlyWriter<'_> {
    /// How many bytes the next [`write`](Self::write) accepts: what is left of
    /// [`WriterConfig::capacity`](crate::WriterConfig::capacity). On a client all that was written
    /// counts, because it is kept; on a server what waits to be drained.
    ///
    /// rustls does not tell how much the ticket allows. A client that writes more
    /// [gets the rest back](Connection::take_rejected_early_data) when the handshake is over.
    #[must_use]
    pub fn room(&self) -> usize {
        self.handshake.early_room(self.writer)
    }

    /// Accepts as much of `plaintext` as there is room for, and returns how much that was.
    pub fn write(&mut self, plaintext: &[u8]) -> usize {
        let n = self.room().min(plaintext.len());
        self.handshake.write_early(plaintext.get(..n).unwrap_or(&[]), self.writer);
        n
    }

    /// Seals what was accepted, so that it leaves with the next drain.
    pub fn flush(&mut self) {
        self.handshake.seal_early(self.writer);
    }
}

impl Connection {
    /// What may be written before the handshake is over, while it may:
    ///
    /// * On a client, early data (0-RTT), if [`ConnectionConfig::early_data`] and rustls's
    ///   `enable_early_data` are set and a ticket of this server allows it. Ask right after the
    ///   connection was made. **An attacker can send it to the server again, and it has no forward
    ///   secrecy**: write only what does no harm twice (RFC 9846 §2.3).
    /// * On a server, half-RTT data, if rustls's `send_half_rtt_data` is set: behind its own
    ///   Finished. The client is not authenticated yet.
    ///
    /// `None` at any other time.
    ///
    /// [`ConnectionConfig::early_data`]: crate::ConnectionConfig::early_data
    pub fn early_writer(&mut self) -> Option<EarlyWriter<'_>> {
        match &mut self.stage {
            Stage::Negotiating(handshake) if handshake.takes_early_data() => {
                Some(EarlyWriter { handshake, writer: &mut self.writer })
            }
            _ => None,
        }
    }

    /// What became of early data. A client knows when the handshake is over; a server, when early
    /// data came.
    #[must_use]
    pub fn early_data_status(&self) -> EarlyDataStatus {
        self.early().map_or(EarlyDataStatus::NotOffered, EarlyData::status)
    }

    /// Early data that this client wrote and the server did not take, once the handshake is over:
    /// all of it if it was [rejected](EarlyDataStatus::Rejected), else what the ticket did not
    /// allow. It is yours again, and never sent by itself. A repeated call gives nothing.
    #[must_use]
    pub fn take_rejected_early_data(&mut self) -> Vec<u8> {
        match &mut self.stage {
            Stage::Established(negotiated) => {
                negotiated.early_mut().map_or_else(Vec::new, EarlyData::take_written)
            }
            Stage::Negotiating(_) | Stage::Failed(_) => Vec::new(),
        }
    }

    /// Early data from the client that was not consumed yet, on a server: none unless
    /// [`ConnectionConfig::early_data`] and rustls's `max_early_data_size`, which bounds it, are
    /// set. **It may be a replay** (RFC 8470), so it is never part of
    /// [`plaintext`](Self::plaintext). Available during the handshake and after it.
    ///
    /// [`ConnectionConfig::early_data`]: crate::ConnectionConfig::early_data
    #[must_use]
    pub fn early_plaintext(&self) -> &[u8] {
        self.early().map_or(&[], EarlyData::unread)
    }

    /// Removes `n` bytes from the front of the early data.
    ///
    /// # Errors
    /// [`Overrun`] if there are fewer; nothing is removed then.
    pub fn consume_early(&mut self, n: usize) -> Result<(), Overrun> {
        let early = match &mut self.stage {
            Stage::Negotiating(handshake) => Some(handshake.early_mut()),
            Stage::Established(negotiated) => negotiated.early_mut(),
            Stage::Failed(_) => None,
        };
        match early {
            Some(early) => early.consume(n),
            None if n == 0 => Ok(()),
            None => Err(Overrun { claimed: n, available: 0 }),
        }
    }

    fn early(&self) -> Option<&EarlyData> {
        match &self.stage {
            Stage::Negotiating(handshake) => Some(handshake.early()),
            Stage::Established(negotiated) => negotiated.early(),
            Stage::Failed(_) => None,
        }
    }
}
