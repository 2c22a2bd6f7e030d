//! What you read and write once a goal is reached.

use super::{Driver, Fault};
use crate::connection::{Connection, ConnectionError, EarlyWriter};
use crate::error::WriteError;
use crate::writer::Writer;

impl<E> Driver<E> {
    /// Takes plaintext once [`Goal::Read`] is reached; `read` returns how much it took. Then ask
    /// for [`Goal::Offer`], which sends any responses to what came with the plaintext.
    ///
    /// [`Goal::Read`]: super::Goal::Read
    /// [`Goal::Offer`]: super::Goal::Offer
    ///
    /// # Errors
    /// The errors of `read`.
    #[inline]
    pub fn read_plaintext(
        &mut self,
        read: impl FnOnce(&mut Connection) -> Result<usize, ConnectionError>,
    ) -> Result<usize, Fault<E>> {
        let len = read(&mut self.connection).map_err(Fault::Connection);
        self.flush_due |= self.connection.writer().wants_drain();
        len
    }

    /// Accepts plaintext once [`Goal::Write`] is reached; `write` returns how much it accepted.
    /// Then ask for [`Goal::Offer`], which sends it, even if this call fails.
    ///
    /// [`Goal::Write`]: super::Goal::Write
    /// [`Goal::Offer`]: super::Goal::Offer
    ///
    /// # Errors
    /// The errors of `write`. After an error nothing was accepted: if some bytes were accepted
    /// before a key limit, the next call reports the limit.
    #[inline]
    pub fn write_plaintext(
        &mut self,
        write: impl FnOnce(&mut Writer) -> Result<usize, WriteError>,
    ) -> Result<usize, Fault<E>> {
        self.accept(|connection| write(connection.writer_mut()))
    }

    /// Like [`write_plaintext`](Self::write_plaintext), for [early data that the server did not
    /// accept](Connection::resend_early_data).
    ///
    /// # Errors
    /// The same as [`write_plaintext`](Self::write_plaintext).
    pub fn resend_early_data(&mut self) -> Result<usize, Fault<E>> {
        self.accept(Connection::resend_early_data)
    }

    #[inline]
    fn accept(
        &mut self,
        write: impl FnOnce(&mut Connection) -> Result<usize, WriteError>,
    ) -> Result<usize, Fault<E>> {
        let keeps_up = !self.connection.writer().wants_drain();
        let accepted = match write(&mut self.connection) {
            Ok(n) => n,
            Err(WriteError::KeyLimit { accepted }) if accepted > 0 => accepted,
            Err(error) => return Err(self.refusal(error)),
        };
        if keeps_up {
            self.connection.writer_mut().seal_tail();
        }
        Ok(accepted)
    }

    /// Accepts early data while that is allowed; `write` returns how much it accepted. Then ask for
    /// [`Goal::Offer`], which sends it and flushes the transport. Returns `None` if early data is
    /// not allowed now.
    ///
    /// [`Goal::Offer`]: super::Goal::Offer
    pub fn write_early(
        &mut self,
        write: impl FnOnce(&mut EarlyWriter<'_>) -> usize,
    ) -> Option<usize> {
        let mut early = self.connection.early_writer()?;
        let accepted = write(&mut early);
        early.flush();
        // This also sends the first flight. No one may call `flush` before the server answers.
        self.flush_due |= self.connection.writer().wants_drain();
        Some(accepted)
    }
}
