//! Our side of one connection: a driver over completion I/O. `reach` is the loop over the driver.

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
    /// The connection's number in the ring.
    id: usize,
    driver: Driver<io::Error>,
    socket: Arc<Socket>,
    plaintext: Plaintext,
    /// The sends in flight. They are submitted as a chain, and there is only one chain at a time,
    /// since two chains would not wait for each other.
    in_flight: usize,
    chain_len: usize,
    /// The chain's completed sends, with the bytes that each has sent.
    over: Vec<(Chunk, usize)>,
    /// The kernel has the connection's inbound memory.
    is_receiving: bool,
    /// The peer has closed its half of the socket.
    has_ended: bool,
    /// Our `close_notify` has been sent, and the peer's has been received.
    is_done: bool,
    pub(crate) counts: Counts,
}

/// How sends have ended.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) chains: u64,
    /// The sends that stopped partway.
    pub(crate) short: u64,
    /// The sends that sent nothing, because an earlier one was short or sent nothing.
    pub(crate) unsent: u64,
    /// The bytes that were put back and sent again.
    pub(crate) put_back: u64,
}

impl Sender {
    /// Creates a sender over a connected socket, with at most `chain_len` chunks in flight.
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

    /// Submits to the ring whatever can be submitted now. Further progress needs a completion.
    pub(crate) fn drive(&mut self, ring: &mut Ring) -> Result<(), Error> {
        // Sends in flight have left room, which can be filled meanwhile.
        while !self.plaintext.offer().is_empty() && self.reach(Goal::Write, ring)? {
            self.fill()?;
        }
        let has_closed = self.plaintext.offer().is_empty() && self.reach(Goal::Close, ring)?;
        // Drains pending bytes and reads what arrives: the handshake, tickets and KeyUpdates.
        let has_read = self.reach(Goal::Read, ring)?;
        if !self.driver.connection().plaintext().is_empty() {
            return Err("the peer sent data, which it should only receive".into());
        }
        self.is_done = has_closed && has_read;
        Ok(())
    }

    /// Works towards `goal` as far as the ring allows now. Returns `false` if a completion must
    /// come first.
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
                    // The driver only lends its memory, but the kernel has to own it.
                    let memory = self.driver.connection_mut().take_inbound();
                    let memory = memory.ok_or("the connection accepts no input")?;
                    ring.receive(self.id, &self.socket, memory)?;
                    self.is_receiving = true;
                }
            }
        }
    }

    /// Handles a completed operation of this connection.
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

    /// Writes plaintext until the connection accepts no more.
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

    /// Puts back the unsent part of a chain, starting with the chunk that was taken last.
    fn put_back(&mut self) -> Result<(), Error> {
        self.over.sort_unstable_by_key(|(chunk, _)| chunk.offset());
        let mut sent_behind = 0;
        for (mut chunk, sent) in self.over.drain(..).rev() {
            if sent < chunk.len() {
                // Kernels before 5.19 do not support MSG_WAITALL here.
                if sent_behind > 0 {
                    return Err("the kernel continued after a short send".into());
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
