//! Our side of one connection, driven by completions.

use std::io;
use std::sync::Arc;

use ring::digest::Digest;
use socket2::Socket;
use wantwrite::bytes::Buf;
use wantwrite::{Chunk, Connection, Progress, ReaderState, WriterState};

use crate::Error;
use crate::uring::{Completion, Memory, Ring};
use loopback::plaintext::Plaintext;

/// Sends all of the plaintext, closes, and waits for the peer to close.
pub(crate) struct Sender {
    /// Its number in the ring.
    id: usize,
    connection: Connection,
    socket: Arc<Socket>,
    plaintext: Plaintext,
    /// Sends that are in flight. They go in chains, of which there is one at a time: two would
    /// not wait for each other.
    in_flight: usize,
    chain_len: usize,
    /// Sends of the chain that are over, and how many bytes went out.
    over: Vec<(Chunk, usize)>,
    /// `None` while the kernel has it.
    input: Option<Vec<u8>>,
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
            connection,
            socket: Arc::new(socket),
            plaintext,
            in_flight: 0,
            chain_len,
            over: Vec::new(),
            input: Some(vec![0; INPUT_LEN]),
            counts: Counts::default(),
        }
    }

    /// Hands the ring whatever can be handed over now; what follows begins with a completion.
    pub(crate) fn drive(&mut self, ring: &mut Ring) -> Result<(), Error> {
        self.fill()?;
        if self.in_flight == 0 && self.connection.wants().drain {
            let mut drain = self.connection.writer_mut().drain();
            let chunks: Vec<Chunk> = drain.take_chunks(usize::MAX).take(self.chain_len).collect();
            self.in_flight = chunks.len();
            self.counts.chains += 1;
            ring.send(self.id, &self.socket, chunks)?;
            // What was taken has made room, to be filled while it is sent.
            self.fill()?;
        }
        if self.connection.wants().input {
            if let Some(input) = self.input.take() {
                ring.receive(self.id, &self.socket, input)?;
            }
        }
        Ok(())
    }

    /// An operation of this connection is over.
    pub(crate) fn complete(&mut self, completion: Completion) -> Result<(), Error> {
        match completion.memory {
            Memory::Sent(chunk) => self.sent(chunk, completion.result),
            Memory::Received(input) => {
                let received = self.received(&input[..completion.result?]);
                self.input = Some(input);
                received
            }
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.in_flight == 0
            && self.connection.writer_state() == WriterState::Closed
            && self.connection.reader_state() == ReaderState::PeerClosed
    }

    pub(crate) fn is_sending(&self) -> bool {
        self.in_flight > 0
    }

    pub(crate) fn digest(&self) -> Digest {
        self.plaintext.digest()
    }

    pub(crate) fn progress(&self) -> Progress {
        self.connection.writer().progress()
    }

    /// Gives the connection plaintext until it takes no more, or closes it behind the last.
    fn fill(&mut self) -> Result<(), Error> {
        while self.connection.writer().room() > 0 {
            let offered = self.plaintext.offer();
            if offered.is_empty() {
                return Ok(self.connection.close()?);
            }
            let accepted = self.connection.writer_mut().write(offered)?;
            self.plaintext.accept(accepted);
        }
        Ok(())
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
                self.connection.writer_mut().put_back(chunk)?;
            }
            sent_behind += sent;
        }
        Ok(())
    }

    fn received(&mut self, mut wire: &[u8]) -> Result<(), Error> {
        if wire.is_empty() {
            self.connection.end_of_input();
        }
        loop {
            let taken = self.connection.receive(wire);
            wire = &wire[taken..];
            self.connection.process()?;
            if !self.connection.plaintext().is_empty() {
                return Err("the peer sent data, which it should only receive".into());
            }
            if wire.is_empty() {
                return Ok(());
            }
        }
    }
}

/// Bytes that one receive takes at most.
const INPUT_LEN: usize = 16 * 1024;
