//! Feeds a reader with arbitrary records that are sealed with its keys, and with bytes that are not
//! records. The result does not depend on how the bytes are split, and the reader never returns a
//! byte that the peer did not send as application data.

use wantwrite::*;
use wantwrite_fuzzing::{ForgedRecord, RecordForge};

use super::draw::{self, Input, Result};
use wantwrite_testing::writer::{forge, keys};

const MAX_PIECES: usize = 80;
const APPLICATION_DATA: u8 = 0x17;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let Ok(suite) = draw::suite(&mut input) else { return };
    let Ok(role) = input.choose(&[Role::Client, Role::Server]).copied() else { return };
    let mut script = Script::new(suite);
    let _input_is_used_up = script.draw(&mut input);
    let [aead, other_aead] = draw::aeads(data);
    let at_once = outcome(suite, role, aead, &script.wire, |rest| rest);
    assert!(script.contents.starts_with(&at_once.plaintext), "plaintext that was not sent");
    let mut steps = data.iter().cycle();
    let in_pieces = outcome(suite, role, other_aead, &script.wire, |rest| {
        rest.min(steps.next().map_or(1, |step| usize::from(*step) + 1))
    });
    assert!(in_pieces == at_once, "{in_pieces:?} in pieces, {at_once:?} at once");
}

/// The fault that an input causes, if any.
pub fn fault(data: &[u8]) -> Option<PeerFault> {
    let mut input = Input::new(data);
    let suite = draw::suite(&mut input).ok()?;
    let role = *input.choose(&[Role::Client, Role::Server]).ok()?;
    let mut script = Script::new(suite);
    let _input_is_used_up = script.draw(&mut input);
    match outcome(suite, role, draw::aeads(data)[0], &script.wire, |rest| rest).error {
        Some(Error::Peer(fault)) => Some(fault),
        _ => None,
    }
}

/// Returns the input that has these bytes on the wire, with AES-128-GCM.
pub fn input_of(version: Version, role: Role, wire: &[u8]) -> Vec<u8> {
    let mut input = start_of(version, role);
    for piece in wire.chunks(255) {
        input.extend([0, piece.len() as u8]);
        input.extend(piece);
    }
    input
}

/// Returns the input of a sealed record with more than 2^14 bytes of content or of padding.
pub fn input_of_too_long(version: Version, role: Role, is_padding: bool) -> Vec<u8> {
    let mut input = start_of(version, role);
    // `draw::len` turns the last two bytes into 16,390 or 16,385.
    input.extend(if is_padding { &[15, 0, 3, 6, 6, 20][..] } else { &[6, 6, 15] });
    input
}

fn start_of(version: Version, role: Role) -> Vec<u8> {
    let suite = match version {
        Version::Tls13 => 0,
        Version::Tls12 => 3,
    };
    vec![suite, u8::from(role == Role::Server)]
}

/// The bytes that the peer sends.
struct Script {
    forge: RecordForge,
    version: Version,
    wire: Vec<u8>,
    /// The concatenated contents of all sealed records of application data.
    contents: Vec<u8>,
}

impl Script {
    fn new(suite: CipherSuite) -> Self {
        let forge = forge(suite);
        Self { forge, version: suite.version(), wire: Vec::new(), contents: Vec::new() }
    }

    fn draw(&mut self, input: &mut Input<'_>) -> Result<()> {
        for _ in 0..MAX_PIECES {
            if input.is_empty() {
                break;
            }
            match input.int_in_range(0..=15)? {
                0_u8 => self.wire.extend_from_slice(bytes(input)?),
                1..=5 => {
                    let content = bytes(input)?;
                    self.seal(ForgedRecord::new(self.version, APPLICATION_DATA, content));
                }
                6 => {
                    let content = vec![0x5a; draw::len(input)?];
                    self.seal(ForgedRecord::new(self.version, APPLICATION_DATA, &content));
                }
                7 | 8 => {
                    let content = bytes(input)?;
                    self.seal(ForgedRecord::new(self.version, 0x16, content));
                }
                9 => {
                    let content: [u8; 2] = [*input.choose(&[1, 2, 3])?, input.arbitrary()?];
                    self.seal(ForgedRecord::new(self.version, 0x15, &content));
                }
                10 => {
                    let message = [24, 0, 0, 1, input.int_in_range(0..=2)?];
                    let cut = input.int_in_range(0..=4)?;
                    if cut > 0 {
                        self.seal(ForgedRecord::new(self.version, 0x16, &message[..cut]));
                    }
                    self.seal(ForgedRecord::new(self.version, 0x16, &message[cut..]));
                    let _no_next_key = self.forge.update_keys();
                }
                11 => {
                    let _no_next_key = self.forge.update_keys();
                }
                12 => {
                    let at = input.choose_index(self.wire.len().max(1))?;
                    if let Some(byte) = self.wire.get_mut(at) {
                        *byte ^= input.arbitrary::<u8>()?;
                    }
                }
                _ => {
                    let content = bytes(input)?;
                    let kind = *input.choose(&[0x14, 0x15, 0x16, APPLICATION_DATA, 0, 0xff])?;
                    let mut record = ForgedRecord::new(self.version, kind, content);
                    lie(&mut record, input)?;
                    self.seal(record);
                }
            }
        }
        Ok(())
    }

    fn seal(&mut self, record: ForgedRecord<'_>) {
        self.wire.extend(self.forge.forge(&record));
        if !record.is_sealed {
            return;
        }
        let mut inner = record.content.to_vec();
        inner.extend(record.inner_type);
        inner.resize(inner.len() + record.padding, 0);
        match self.version {
            Version::Tls13 => {
                // The type is the last byte that is not 0, even if that belongs to the content.
                let Some(end) = inner.iter().rposition(|byte| *byte != 0) else { return };
                if inner[end] == APPLICATION_DATA {
                    self.contents.extend(&inner[..end]);
                }
            }
            Version::Tls12 if record.outer_type == APPLICATION_DATA => self.contents.extend(inner),
            Version::Tls12 => {}
        }
    }
}

fn lie(record: &mut ForgedRecord<'_>, input: &mut Input<'_>) -> Result<()> {
    match input.int_in_range(0..=7)? {
        0_u8 => record.outer_type = input.arbitrary()?,
        1 => record.legacy_version = input.arbitrary()?,
        2 => record.len = Some(input.arbitrary()?),
        3 => record.inner_type = input.arbitrary()?,
        4 => record.seq = Some(input.arbitrary()?),
        5 => record.is_sealed = false,
        _ => record.padding = draw::len(input)?,
    }
    Ok(())
}

/// Takes at most 255 bytes from the input.
fn bytes<'a>(input: &mut Input<'a>) -> Result<&'a [u8]> {
    let len = usize::from(input.arbitrary::<u8>()?).min(input.len());
    input.bytes(len)
}

/// The results of the reader.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    plaintext: Vec<u8>,
    state: ReaderState,
    error: Option<Error>,
    records: u64,
    tickets: u32,
    renegotiation_requests: u32,
}

fn outcome(
    suite: CipherSuite,
    role: Role,
    aead: AeadProvider,
    mut wire: &[u8],
    mut step: impl FnMut(usize) -> usize,
) -> Outcome {
    let mut config = ReaderConfig::default();
    config.aead = aead;
    let mut reader = Reader::new(keys(suite).1, role, config).unwrap();
    let (mut plaintext, mut tickets, mut renegotiation_requests) = (Vec::new(), 0, 0);
    while !wire.is_empty() && reader.error().is_none() {
        let taken = reader.receive(&wire[..step(wire.len())]);
        assert!(taken > 0, "the reader is full of records that it could open");
        wire = &wire[taken..];
        while reader.wants_process() {
            let result = reader.process();
            assert!(result.is_ok() || reader.error().is_some(), "an error is sticky");
            let Ok(events) = result else { break };
            tickets += events.tickets;
            renegotiation_requests += events.renegotiation_requests;
            plaintext.extend_from_slice(reader.plaintext());
            reader.consume_all();
        }
    }
    reader.end_of_input();
    let at_the_end = reader.process();
    match reader.state() {
        ReaderState::PeerClosed => assert!(at_the_end.is_ok()),
        ReaderState::Truncated => assert_eq!(at_the_end.err(), Some(Error::Truncated)),
        _ => assert_eq!(at_the_end.err(), reader.error(), "not an end that can be trusted"),
    }
    assert!(reader.plaintext().is_empty());
    Outcome {
        plaintext,
        state: reader.state(),
        error: reader.error(),
        records: reader.records(),
        tickets,
        renegotiation_requests,
    }
}
