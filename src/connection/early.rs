//! Data sent during the handshake: a client's 0-RTT data (RFC 9846 §2.3) and a server's half-RTT
//! data.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::handshake::Handshake;
use super::{Connection, Stage};
use crate::buffer::append_wiped;
use crate::error::{Overrun, WriteError};
use crate::writer::Writer;

/// What happened to a client's early data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum EarlyDataStatus {
    /// The client did not offer any, because it is not allowed to or has no ticket that permits it.
    /// On a server: none arrived.
    #[default]
    NotOffered,
    /// A client can send early data, but does not know yet whether the server accepts it.
    Offered,
    /// The server accepted it.
    Accepted,
    /// The server rejected it: [`Connection::take_rejected_early_data`] returns it.
    Rejected,
}

/// Early data of one connection, in both directions.
#[derive(Default)]
pub(super) struct EarlyData {
    status: EarlyDataStatus,
    /// What we wrote. A client keeps all of it until it knows whether the server accepted it.
    written: Zeroizing<Vec<u8>>,
    /// How much of it is sealed or, after the handshake, was written again.
    sealed: usize,
    /// What a client sent to this server.
    received: Zeroizing<Vec<u8>>,
    /// How much of that has been consumed.
    consumed: usize,
}

impl EarlyData {
    pub(super) const fn status(&self) -> EarlyDataStatus {
        self.status
    }

    pub(super) fn set_status(&mut self, status: EarlyDataStatus) {
        self.status = status;
    }

    /// How many written bytes are kept.
    pub(super) fn written_len(&self) -> usize {
        self.written.len()
    }

    pub(super) fn write(&mut self, plaintext: &[u8]) {
        append_wiped(&mut self.written, plaintext);
    }

    /// What was written but is not sealed yet.
    pub(super) fn pending(&self) -> &[u8] {
        self.written.get(self.sealed..).unwrap_or(&[])
    }

    /// The next `len` bytes were sealed. A server does not need them any more.
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

    /// The server accepted what a client offered.
    pub(super) fn accepted(&mut self) {
        if self.status == EarlyDataStatus::Offered {
            self.status = EarlyDataStatus::Accepted;
        }
    }

    /// A client's handshake is over. From here on, only what the server did not accept is kept.
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

    /// Whether there is nothing to keep.
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

    fn take_pending(&mut self) -> Vec<u8> {
        let taken = match self.sealed {
            0 => core::mem::take(&mut *self.written),
            _ => self.pending().to_vec(),
        };
        self.forget_written();
        taken
    }

    pub(super) fn memory_held(&self) -> usize {
        self.written.capacity() + self.received.capacity()
    }
}

/// What to keep of early data that was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// The caller may need it back.
    Everything,
    Nothing,
}

impl fmt::Debug for EarlyData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EarlyData").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Writes plaintext that is sent before the handshake is over; rustls seals it. Lent by
/// [`Connection::early_writer`].
///
/// Small writes share a record until the drain reaches it, as in a [`Writer`].
#[derive(Debug)]
pub struct EarlyWriter<'a> {
    handshake: &'a mut Handshake,
    writer: &'a mut Writer,
}

impl EarlyWriter<'_> {
    /// How many bytes the next [`write`](Self::write) accepts: the unused part of
    /// [`WriterConfig::capacity`](crate::WriterConfig::capacity), and no more than
    /// [`KeyLimits`](crate::KeyLimits) allow the key of this data to seal. On a client everything
    /// written counts, because it is kept; on a server only pending bytes count.
    ///
    /// rustls does not reveal how much the ticket allows. A client that writes more [gets the rest
    /// back](Connection::take_rejected_early_data) once the handshake is over.
    #[must_use]
    pub fn room(&self) -> usize {
        self.handshake.early_room(self.writer)
    }

    /// Accepts as much of the start of `plaintext` as there is room for, and returns how many bytes
    /// that was.
    pub fn write(&mut self, plaintext: &[u8]) -> usize {
        let n = self.room().min(plaintext.len());
        self.handshake.write_early(plaintext.get(..n).unwrap_or(&[]), self.writer);
        n
    }

    /// Seals what was accepted, so that the next drain sends it.
    pub fn flush(&mut self) {
        self.handshake.seal_early(self.writer);
    }
}

impl Connection {
    /// Returns a writer for data before the end of the handshake, while such data is allowed:
    ///
    /// * On a client, early data (0-RTT), if [`ConnectionConfig::early_data`] and rustls's
    ///   `enable_early_data` are set and a ticket from this server allows it. Ask immediately after
    ///   you create the connection. **An attacker can replay early data to the server, and it has
    ///   no forward secrecy**: write only what does no harm if it arrives twice (RFC 9846 §2.3).
    /// * On a server, half-RTT data, if rustls's `send_half_rtt_data` is set. It follows the
    ///   server's own Finished. The client is not authenticated yet.
    ///
    /// Returns `None` at any other time, and once our writing half has been closed.
    ///
    /// [`ConnectionConfig::early_data`]: crate::ConnectionConfig::early_data
    pub fn early_writer(&mut self) -> Option<EarlyWriter<'_>> {
        match &mut self.stage {
            Stage::Negotiating(handshake) if handshake.takes_early_data(&self.writer) => {
                Some(EarlyWriter { handshake, writer: &mut self.writer })
            }
            _ => None,
        }
    }

    /// What happened to early data. A client knows once the handshake is over, a server once early
    /// data has arrived.
    #[must_use]
    pub fn early_data_status(&self) -> EarlyDataStatus {
        self.early().map_or(EarlyDataStatus::NotOffered, EarlyData::status)
    }

    /// Returns the early data that this client wrote and the server did not accept, once the
    /// handshake is over: all of it if it was [rejected](EarlyDataStatus::Rejected), otherwise what
    /// the ticket did not allow. It belongs to you again and is never sent automatically. A
    /// repeated call returns nothing.
    ///
    /// To send it again, you can also use [`resend_early_data`](Self::resend_early_data).
    #[must_use]
    pub fn take_rejected_early_data(&mut self) -> Vec<u8> {
        match &mut self.stage {
            Stage::Established(negotiated) => {
                negotiated.early_mut().map_or_else(Vec::new, EarlyData::take_pending)
            }
            Stage::Negotiating(_) | Stage::Failed(_) => Vec::new(),
        }
    }

    /// Writes again, as ordinary plaintext, the early data that the server did not accept: as much
    /// of it as there is room for. Returns how many bytes that was. Repeat the call until
    /// [`rejected_early_data`](Self::rejected_early_data) is empty. The rest can still be
    /// [taken](Self::take_rejected_early_data).
    ///
    /// # Errors
    /// The same as [`Writer::write`].
    pub fn resend_early_data(&mut self) -> Result<usize, WriteError> {
        let Self { stage: Stage::Established(negotiated), writer, .. } = self else {
            return Ok(0);
        };
        let Some(early) = negotiated.early_mut() else { return Ok(0) };
        let written = match early.pending() {
            [] => Ok(0),
            rest => writer.write(rest),
        };
        early.sealed(written.unwrap_or_else(WriteError::accepted), Keep::Nothing);
        written
    }

    /// The early data that [`take_rejected_early_data`](Self::take_rejected_early_data) would
    /// return.
    #[must_use]
    pub fn rejected_early_data(&self) -> &[u8] {
        match &self.stage {
            Stage::Established(negotiated) => negotiated.early().map_or(&[], EarlyData::pending),
            Stage::Negotiating(_) | Stage::Failed(_) => &[],
        }
    }

    /// Early data from the client that has not been consumed yet. Only a server gets any, and only
    /// if [`ConnectionConfig::early_data`] and rustls's `max_early_data_size`, which limits it, are
    /// set. **It can be a replay** (RFC 8470), so it is never part of
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
