//! Memory for input that is lent by one call and committed by another.

use super::{Connection, Stage};
use crate::error::Overrun;

impl Connection {
    /// [`inbound`](Self::inbound) in two steps: lends memory for the transport's next bytes, to be
    /// [committed](Self::commit_inbound) by another call. See
    /// [`Reader::lend_inbound`](crate::Reader::lend_inbound): the memory stays valid through the
    /// end of the handshake too, but not through a failure of it.
    pub fn lend_inbound(&mut self) -> Option<&mut [u8]> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.lend_inbound(),
            Stage::Established(_) | Stage::Failed(_) => self.reader.lend_inbound(),
        }
    }

    /// The first `n` bytes of the memory that was [lent](Self::lend_inbound) are there; then call
    /// [`process`](Self::process).
    ///
    /// # Errors
    /// As [`Reader::commit_inbound`](crate::Reader::commit_inbound).
    pub fn commit_inbound(&mut self, n: usize) -> Result<(), Overrun> {
        match &mut self.stage {
            Stage::Negotiating(handshake) => handshake.commit_inbound(n),
            Stage::Established(_) | Stage::Failed(_) => self.reader.commit_inbound(n),
        }
    }
}
