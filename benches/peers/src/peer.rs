//! What a library's connection must be able to do, and the contestant made from it.

use std::hint::black_box;

use wantwrite::MAX_FRAGMENT_LEN;

use crate::Error;
use crate::measure::Case;
use crate::server::{Server, Setup};
use crate::transport::Transport;
use contestants::Contestant;

/// The header, type byte and tag of a TLS 1.3 record.
const RECORD_OVERHEAD: usize = 5 + 1 + 16;

/// A library's client over a [`Transport`].
pub(crate) trait Peer: Sized {
    const NAME: &str;
    /// The most content that it seals into one record.
    const FRAGMENT_LEN: usize = MAX_FRAGMENT_LEN;

    fn new(setup: &Setup, transport: Transport) -> Result<Self, Error>;

    /// Continues the handshake as far as the input received allows. Returns true once it is
    /// complete.
    fn negotiate(&mut self) -> Result<bool, Error>;

    /// Does the unmeasured preparation for `writes` writes of `plaintext`.
    fn prepare(&mut self, _plaintext: &[u8], _writes: usize) {}

    /// Writes all of it, and drains first if there is no room.
    fn write(&mut self, plaintext: &[u8]) -> Result<(), Error>;

    /// Drains everything to the transport. Most libraries already do so in [`write`](Self::write).
    fn drain(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// Writes as often as the case requires, then drains.
pub(crate) struct Sealing<P> {
    peer: P,
    plaintext: Vec<u8>,
    writes: usize,
}

impl<P: Peer> Sealing<P> {
    /// Creates an established connection, and checks that it seals all of the plaintext.
    pub(crate) fn new(setup: &Setup, case: Case) -> Result<Self, Error> {
        let transport = Transport::default();
        let mut server = Server::new(setup, transport.clone())?;
        let mut peer = P::new(setup, transport.clone())?;
        while !peer.negotiate()? {
            if transport.is_idle() {
                return Err(format!("{}: the handshake makes no progress", P::NAME).into());
            }
            server.exchange()?;
        }
        server.exchange()?;
        if server.is_handshaking() {
            return Err(format!("{}: the server does not agree", P::NAME).into());
        }
        let mut this = Self { peer, plaintext: vec![1; case.bytes], writes: case.writes };
        this.prepare(1);
        this.seal()?;
        this.check(server.exchange()?)?;
        transport.discard();
        Ok(this)
    }

    /// Checks that everything written has arrived, in no more records than needed.
    fn check(&self, (wire_len, plaintext_len): (usize, usize)) -> Result<(), Error> {
        let size = self.plaintext.len();
        let records = self.writes * size.div_ceil(P::FRAGMENT_LEN);
        let longest = plaintext_len + records * RECORD_OVERHEAD;
        if plaintext_len != self.writes * size || wire_len > longest {
            let what = format!("{plaintext_len} bytes of plaintext in {wire_len}");
            return Err(format!("{}: sealed {what} for {} × {size}", P::NAME, self.writes).into());
        }
        Ok(())
    }
}

impl<P: Peer> Contestant for Sealing<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn prepare(&mut self, iterations: usize) {
        self.peer.prepare(&self.plaintext, iterations * self.writes);
    }

    fn seal(&mut self) -> Result<(), Error> {
        for _ in 0..self.writes {
            self.peer.write(black_box(&self.plaintext))?;
        }
        self.peer.drain()
    }
}
