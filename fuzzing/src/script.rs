//! Scripts of calls, and the link that runs them.

use core::fmt;

use arbitrary::{Arbitrary, Result, Unstructured};
use wantwrite::{Connection, ConnectionError, KeyUpdateRequest, Role, WriterState};

use crate::{Mutation, Tape, drain, feed};

/// A call on one connection of a [`Link`], or an event on the wire between the two. The [`Role`]
/// selects the connection that makes the call, or the sender of the bytes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// Writes up to this many bytes, as far as there is room. Their values depend only on how many
    /// bytes this connection has written before.
    Write(Role, usize),
    /// Seals the written bytes.
    Flush(Role),
    /// Updates the write keys.
    UpdateKeys(Role, KeyUpdateRequest),
    /// Writes a cover record with this much padding.
    Cover(Role, usize),
    /// Sends all pending bytes.
    Drain(Role),
    /// Delivers at most this many bytes that the connection has sent.
    Deliver(Role, usize),
    /// Reads at most this many bytes of plaintext.
    Read(Role, usize),
    /// Releases unused memory.
    Shrink(Role),
    /// Closes the connection's write half.
    Close(Role),
    /// Delivers and reads everything in both directions until nothing moves.
    Settle,
    /// Mutates the records that the connection has sent and that are not yet delivered.
    Mutate(Role, Mutation),
    /// Discards the undelivered bytes of the connection, and ends its peer's input.
    Cut(Role),
}

/// A sequence of calls, drawn from a fuzzer's input.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use wantwrite_fuzzing::{Link, Script, pair};
///
/// let input: Vec<u8> = (0..=255).collect();
/// let script = Script::arbitrary(&mut Unstructured::new(&input))?;
/// let play = || {
///     let mut link = Link::of(pair(7));
///     link.play(&script);
///     link
/// };
/// assert_eq!(play().transcript(), play().transcript());
/// # Ok::<(), arbitrary::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The calls, in order.
    pub calls: Vec<Call>,
}

/// Bounds the running time of one input.
const MAX_CALLS: usize = 256;

impl<'a> Arbitrary<'a> for Script {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let mut calls = Vec::new();
        while !u.is_empty() && calls.len() < MAX_CALLS {
            calls.push(u.arbitrary()?);
        }
        Ok(Self { calls })
    }
}

impl<'a> Arbitrary<'a> for Call {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let role = *u.choose(&[Role::Client, Role::Server])?;
        Ok(match u.int_in_range(0..=31)? {
            0..=7_u8 => Self::Write(role, len(u)?),
            8 => Self::Flush(role),
            9 => {
                let requests = [KeyUpdateRequest::NotRequested, KeyUpdateRequest::Requested];
                Self::UpdateKeys(role, *u.choose(&requests)?)
            }
            10 => Self::Cover(role, len(u)?),
            11..=14 => Self::Drain(role),
            15..=19 => Self::Deliver(role, len(u)?),
            20..=22 => Self::Read(role, len(u)?),
            23 => Self::Shrink(role),
            24 => Self::Close(role),
            25 => Self::Cut(role),
            26..=28 => Self::Settle,
            _ => Self::Mutate(role, u.arbitrary()?),
        })
    }
}

/// Draws a length: usually short, sometimes close to one record, sometimes several records.
fn len(u: &mut Unstructured<'_>) -> Result<usize> {
    Ok(match u.int_in_range(0..=7)? {
        0..=4_u8 => u.int_in_range(0..=300)?,
        5 => u.int_in_range(300..=5000)?,
        6 => u.int_in_range(16_370..=16_400)?,
        _ => u.int_in_range(0..=60_000)?,
    })
}

/// A client and a server, and the bytes in flight between them.
pub struct Link {
    client: End,
    server: End,
}

/// What one connection has written, sent and read, and how it failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transcript {
    /// The number of plaintext bytes that it wrote.
    pub written: u64,
    /// All bytes that it sent.
    pub sent: Vec<u8>,
    /// All plaintext that it read.
    pub read: Vec<u8>,
    /// The text of its first error.
    pub error: Option<String>,
}

struct End {
    tls: Connection,
    /// Bytes that are sent and not yet delivered.
    on_the_way: Vec<u8>,
    transcript: Transcript,
}

impl Link {
    /// Links a client and a server.
    #[must_use]
    pub fn of((client, server): (Connection, Connection)) -> Self {
        Self { client: End::new(client), server: End::new(server) }
    }

    /// Runs every call of a script.
    pub fn play(&mut self, script: &Script) {
        for call in &script.calls {
            self.call(call);
        }
    }

    /// Runs one call. A refused call is not an error: scripts exist to make calls in the wrong
    /// state.
    pub fn call(&mut self, call: &Call) {
        match *call {
            Call::Write(role, len) => self.end(role).write(len),
            Call::Flush(role) => {
                let _refused = self.end(role).tls.writer_mut().flush();
            }
            Call::UpdateKeys(role, request) => {
                let _refused = self.end(role).tls.writer_mut().update_keys(request);
            }
            Call::Cover(role, len) => {
                let _refused = self.end(role).tls.writer_mut().write_cover(len);
            }
            Call::Drain(role) => self.end(role).drain(),
            Call::Deliver(role, max) => {
                self.deliver(role, max);
            }
            Call::Read(role, max) => self.end(role).read(max),
            Call::Shrink(role) => self.end(role).tls.shrink(),
            Call::Close(role) => {
                // During the handshake, this would abandon it.
                if self.end(role).tls.writer_state() == WriterState::Open {
                    let _refused = self.end(role).tls.close();
                }
            }
            Call::Settle => self.settle(),
            Call::Mutate(role, ref mutation) => {
                let on_the_way = &mut self.end(role).on_the_way;
                let mut tape = Tape::new(on_the_way);
                if tape.apply(mutation) {
                    *on_the_way = tape.to_wire();
                }
            }
            Call::Cut(role) => {
                self.end(role).on_the_way.clear();
                self.end(other(role)).tls.end_of_input();
            }
        }
    }

    /// Runs [`Call::Settle`].
    fn settle(&mut self) {
        loop {
            let mut moved = 0;
            for role in [Role::Client, Role::Server] {
                self.end(role).drain();
                moved += self.deliver(role, usize::MAX);
                self.end(other(role)).read(usize::MAX);
            }
            if moved == 0 {
                return;
            }
        }
    }

    fn deliver(&mut self, from: Role, max: usize) -> usize {
        let mut on_the_way = core::mem::take(&mut self.end(from).on_the_way);
        let taken = feed(&mut self.end(other(from)).tls, &on_the_way[..max.min(on_the_way.len())]);
        on_the_way.drain(..taken);
        self.end(from).on_the_way = on_the_way;
        self.end(other(from)).note_error();
        taken
    }

    /// The connection of `role`.
    pub const fn connection(&mut self, role: Role) -> &mut Connection {
        &mut self.end(role).tls
    }

    /// The transcripts of the client and the server, in this order.
    #[must_use]
    pub const fn transcript(&self) -> [&Transcript; 2] {
        [&self.client.transcript, &self.server.transcript]
    }

    const fn end(&mut self, role: Role) -> &mut End {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }
}

const fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

impl End {
    fn new(tls: Connection) -> Self {
        Self { tls, on_the_way: Vec::new(), transcript: Transcript::default() }
    }

    fn write(&mut self, len: usize) {
        let accepted = match self.tls.writer_mut().write(&pattern(self.transcript.written, len)) {
            Ok(accepted) => accepted,
            Err(refusal) => refusal.accepted(),
        };
        self.transcript.written += u64::try_from(accepted).unwrap_or(u64::MAX);
    }

    fn drain(&mut self) {
        let wire = drain(&mut self.tls);
        self.transcript.sent.extend(&wire);
        self.on_the_way.extend(wire);
    }

    fn read(&mut self, max: usize) {
        let n = self.tls.plaintext().len().min(max);
        self.transcript.read.extend(&self.tls.plaintext()[..n]);
        let _no_overrun = self.tls.consume(n);
        let _sticky = self.tls.process();
        self.note_error();
    }

    fn note_error(&mut self) {
        let error = self.tls.error().as_ref().map(ConnectionError::to_string);
        self.transcript.error = self.transcript.error.take().or(error);
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// Returns the bytes that a connection of a [`Link`] writes from the offset `from`. They differ
/// from offset to offset.
#[must_use]
pub fn pattern(from: u64, len: usize) -> Vec<u8> {
    (from..).take(len).map(|at| (at % 251).to_le_bytes()[0] ^ (at >> 10).to_le_bytes()[0]).collect()
}
