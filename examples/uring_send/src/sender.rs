//! Our side of one connection: a driver over completions. The loop itself is `reach`.

use std::sync::Arc;
use std::{io, iter};

use ring::digest::Digest;
use socket2::Socket;
use wantwrite::bytes::Buf;
use wantwrite::driver::{Driver, Goal, Step};
use wantwrite::{Chunk, Connection, Progress};

use crate::Error;
use crate::uring::{Completion, Memory, Ring};
use loopback::plaintext::Plaintext;

/// Sends all of the plaintext, closes, and waits for the peer to close.
pub(crate) struct Sender {
    /// Its number in the ring.
    id: usize,
    driver: Driver<io::Error>,
    socket: Arc<Socket>,
    plaintext: Plaintext,
    /// Sends that are in flight. They go in chains, of which there is one at a time: two would
    /// not wait for each other.
    in_flight: usize,
    chain_len: usize,
    /// Sends of the chain that are over, and how many bytes went out.
    over: Vec<(Chunk, usize)>,
    /// The kernel has the connection's inbound memory.
    is_receiving: bool,
    /// The peer's half of the socket has ended.
    has_ended: bool,
    /// `close_notify` is with the transport, and the peer's has come.
    is_done: bool,
    pub(crate) counts: Counts,
}

/// How the sends ended.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) chains: u64,
    /// Sends that ended in their middle.
    pub(crate) short: u64,
    /// Sends of which nothing went out, because one in front of them was short or none was.
    pub(crate) unsent: u64,
    /// Bytes that were put back and sent again.
    pub(crate) put_back: u64,
}

impl Sender {
    /// Sends over a connected socket, at most `chain_len` chunks at a time.
    pub(crate) fn new(
        id: usize,
        connection: Connection,
        socket: Socket,
        plaintext: Plaintext,
        chain_len: usize,
    ) -> Self {
        Self {
            id,
            driver: Driver::new(connection),
            socket: Arc::new(socket),
            plaintext,
            in_flight: 0,
            chain_len,
            over: Vec::new(),
            is_receiving: false,
            has_ended: false,
            is_done: false,
            counts: Counts::default(),
        }
    }

    /// Hands the ring whatever can be handed over now; what follows begins with a completion.
    pub(crate) fn drive(&mut self, ring: &mut Ring) -> Result<(), Error> {
        // What is in flight has left room, to be filled meanwhile.
        while !self.plaintext.offer().is_empty() && self.reach(Goal::Write, ring)? {
            self.fill()?;
        }
        let has_closed = self.plaintext.offer().is_empty() && self.reach(Goal::Close, ring)?;
        // Sends what waits, and takes what comes: the handshake, tickets, KeyUpdates.
        let has_read = self.reach(Goal::Read, ring)?;
        if !self.driver.connection().plaintext().is_empty() {
            return Err("the peer sent data, which it should only receive".into());
        }
        self.is_done = has_closed && has_read;
        Ok(())
    }

    /// Does for `goal` what the ring can be handed. `false` if a completion is to come first.
    fn reach(&mut self, goal: Goal, ring: &mut Ring) -> Result<bool, Error> {
        loop {
            match self.driver.next(goal).map_err(io::Error::from)? {
                Step::Done => return Ok(true),
                Step::Blocked => return Ok(false),
                Step::Write(_) | Step::Flush if self.in_flight > 0 => self.driver.blocked(),
                Step::Flush => self.driver.flushed(),
                Step::Write(mut bytes) => {
                    let taken = iter::from_fn(|| bytes.take_chunk(usize::MAX));
                    let chunks: Vec<Chunk> = taken.take(self.chain_len).collect();
                    self.in_flight = chunks.len();
                    self.counts.chains += 1;
                    ring.send(self.id, &self.socket, chunks)?;
                }
                Step::Read(_) if self.has_ended => self.driver.read(0),
                Step::Read(_) if self.is_receiving => self.driver.blocked(),
                Step::Read(_) => {
                    // The driver lends its memory; the kernel has to own it.
                    let memory = self.driver.connection_mut().take_inbound();
                    let memory = memory.ok_or("the connection takes no input")?;
                    ring.receive(self.id, &self.socket, memory)?;
                    self.is_receiving = true;
                }
            }
        }
    }

    /// An operation of this connection is over.
    pub(crate) fn complete(&mut self, completion: Completion) -> Result<(), Error> {
        match completion.memory {
            Memory::Sent(chunk) => self.sent(chunk, completion.result),
            Memory::Received(memory) => {
                self.is_receiving = false;
                let len = completion.result?;
                self.has_ended = len == 0;
                Ok(self.driver.connection_mut().give_back_inbound(memory, len)?)
            }
        }
    }

    pub(crate) const fn is_done(&self) -> bool {
        self.is_done
    }

    pub(crate) fn is_sending(&self) -> bool {
        self.in_flight > 0
    }

    pub(crate) fn digest(&self) -> Digest {
        self.plaintext.digest()
    }

    pub(crate) fn progress(&self) -> Progress {
        self.driver.connection().writer().progress()
    }

    /// Gives the connection plaintext until it takes no more.
    fn fill(&mut self) -> Result<(), Error> {
        let Self { driver, plaintext, .. } = self;
        let written = driver.write_plaintext(|writer| {
            let mut written = 0;
            while writer.room() > 0 && !plaintext.offer().is_empty() {
                let accepted = writer.write(plaintext.offer())?;
                plaintext.accept(accepted);
                written += accepted;
            }
            Ok(written)
        });
        written.map(drop).map_err(|fault| io::Error::from(fault).into())
    }

    fn sent(&mut self, chunk: Chunk, result: io::Result<usize>) -> Result<(), Error> {
        let len = match result {
            Ok(len) => len,
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => 0,
            Err(error) => return Err(error.into()),
        };
        self.over.push((chunk, len));
        self.in_flight -= 1;
        if self.in_flight == 0 { self.put_back() } else { Ok(()) }
    }

    /// What was not sent of a chain waits again: the last chunk that was taken goes back first.
    fn put_back(&mut self) -> Result<(), Error> {
        self.over.sort_unstable_by_key(|(chunk, _)| chunk.offset());
        let mut sent_behind = 0;
        for (mut chunk, sent) in self.over.drain(..).rev() {
            if sent < chunk.len() {
                // Kernels before 5.19 do not know MSG_WAITALL here.
                if sent_behind > 0 {
                    return Err("the kernel went on behind a short send".into());
                }
                if sent > 0 {
                    self.counts.short += 1;
                } else {
                    self.counts.unsent += 1;
                }
                chunk.advance(sent);
                self.counts.put_back += u64::try_from(chunk.len())?;
                self.driver.connection_mut().writer_mut().put_back(chunk)?;
            }
            sent_behind += sent;
        }
        Ok(())
    }
}
