//! Scripts of calls, and the link that they are played on.

use core::fmt;

use arbitrary::{Arbitrary, Result, Unstructured};
use wantwrite::{Connection, ConnectionError, KeyUpdateRequest, Role, WriterState};

use crate::{Mutation, Tape, drain, feed};

/// A call of one end of a [`Link`], or something that happens between the two. [`Role`] says whose:
/// who writes, or whose bytes are on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// So many bytes are written, as far as there is room. Which they are depends only on how many
    /// that end has written before.
    Write(Role, usize),
    /// What was written is sealed.
    Flush(Role),
    /// The keys for writing are updated.
    UpdateKeys(Role, KeyUpdateRequest),
    /// A record of so many zeros of padding is written.
    Cover(Role, usize),
    /// What waits at that end is sent.
    Drain(Role),
    /// At most so many bytes of those that are on their way from that end arrive.
    Deliver(Role, usize),
    /// That end reads at most so many bytes of plaintext.
    Read(Role, usize),
    /// That end gives memory back.
    Shrink(Role),
    /// That end closes its half.
    Close(Role),
    /// Everything arrives and is read, both ways, until nothing moves.
    Settle,
    /// Somebody on the wire changes the records that are on their way from that end.
    Mutate(Role, Mutation),
    /// Nothing more comes from that end.
    Cut(Role),
}

/// Calls in a row, to be drawn from a fuzzer's input.
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

/// So that one input does not run for ever.
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

/// Mostly short, sometimes about a record, sometimes several.
fn len(u: &mut Unstructured<'_>) -> Result<usize> {
    Ok(match u.int_in_range(0..=7)? {
        0..=4_u8 => u.int_in_range(0..=300)?,
        5 => u.int_in_range(300..=5000)?,
        6 => u.int_in_range(16_370..=16_400)?,
        _ => u.int_in_range(0..=60_000)?,
    })
}

/// A client and a server, and the bytes on their way between them.
pub struct Link {
    client: End,
    server: End,
}

/// What one end has written, sent and read, and how it failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transcript {
    /// Bytes of plaintext that it wrote.
    pub written: u64,
    /// Everything that it put on the wire.
    pub sent: Vec<u8>,
    /// The plaintext that it read.
    pub read: Vec<u8>,
    /// Its error, in words.
    pub error: Option<String>,
}

struct End {
    tls: Connection,
    /// Sent, and not yet there.
    on_the_way: Vec<u8>,
    transcript: Transcript,
}

impl Link {
    /// A link between these two.
    #[must_use]
    pub fn of((client, server): (Connection, Connection)) -> Self {
        Self { client: End::new(client), server: End::new(server) }
    }

    /// Makes every call of a script.
    pub fn play(&mut self, script: &Script) {
        for call in &script.calls {
            self.call(call);
        }
    }

    /// Makes one call. A refusal is not an error here: that calls come in the wrong state is what
    /// scripts are for.
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
                // While negotiating it would give the handshake up.
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

    /// Until nothing moves.
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

    /// What has happened at both ends: the client's, then the server's.
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

/// What an end of a [`Link`] writes from the place `from` on: different from place to place.
#[must_use]
pub fn pattern(from: u64, len: usize) -> Vec<u8> {
    (from..).take(len).map(|at| (at % 251).to_le_bytes()[0] ^ (at >> 10).to_le_bytes()[0]).collect()
}
