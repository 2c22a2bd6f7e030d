//! Writes back what it reads, and answers `close_notify` with `close_notify`.

use crate::Error;
use crate::engine::{Engine, Peer};

#[derive(Default)]
pub(crate) struct Echo {
    done: bool,
}

impl Echo {
    pub(crate) fn step(&mut self, tls: &mut impl Engine) -> Result<bool, Error> {
        if tls.plaintext().is_empty() {
            let ends = tls.peer() != Peer::Open && !self.done;
            self.done |= ends;
            return Ok(ends);
        }
        // The connection cannot lend its reading and its writing half together. As much as there is
        // room for is copied in one step.
        let mut copy = [0; COPY_LEN];
        let room = tls.room().min(COPY_LEN);
        let plaintext = tls.plaintext();
        let len = plaintext.len().min(room);
        copy[..len].copy_from_slice(&plaintext[..len]);
        let n = tls.write(&copy[..len])?;
        tls.consume(n);
        Ok(n > 0)
    }

    pub(crate) const fn is_done(&self) -> bool {
        self.done
    }

    pub(crate) const fn stop(&mut self) {
        self.done = true;
    }
}

const COPY_LEN: usize = 4 * 1024;
