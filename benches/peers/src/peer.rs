//! What one library's connection must be able to do, and the contestant made of it.

use std::hint::black_box;

use wantwrite::MAX_FRAGMENT_LEN;

use crate::Error;
use crate::measure::Case;
use crate::server::{Server, Setup};
use crate::transport::Transport;
use contestants::Contestant;

/// Header, type byte and tag of a TLS 1.3 record.
const RECORD_OVERHEAD: usize = 5 + 1 + 16;

/// One library's client, over a [`Transport`].
pub(crate) trait Peer: Sized {
    const NAME: &str;
    /// The most content that it puts into a record.
    const FRAGMENT_LEN: usize = MAX_FRAGMENT_LEN;

    fn new(setup: &Setup, transport: Transport) -> Result<Self, Error>;

    /// Goes as far as what was received allows; true when the handshake is over.
    fn negotiate(&mut self) -> Result<bool, Error>;

    /// What is not to be counted, before as many writes of `plaintext`.
    fn prepare(&mut self, _plaintext: &[u8], _writes: usize) {}

    /// All of it, draining first where there is no room.
    fn write(&mut self, plaintext: &[u8]) -> Result<(), Error>;

    /// All of it, to the transport. Most libraries have done so in [`write`](Self::write).
    fn drain(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// Writes as often as the case says, then drains.
pub(crate) struct Sealing<P> {
    peer: P,
    plaintext: Vec<u8>,
    writes: usize,
}

impl<P: Peer> Sealing<P> {
    /// An established connection of which it was seen that it seals all of the plaintext.
    pub(crate) fn new(setup: &Setup, case: Case) -> Result<Self, Error> {
        let transport = Transport::default();
        let mut server = Server::new(setup, transport.clone())?;
        let mut peer = P::new(setup, transport.clone())?;
        while !peer.negotiate()? {
            if transport.is_idle() {
                return Err(format!("{}: the handshake stands still", P::NAME).into());
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

    /// All that was written must have arrived, in no more records than needed.
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
