//! Two of our connections, and an attacker on the wire who alters, drops, repeats, inserts and
//! cuts bytes. The plaintext that is read is a prefix of the plaintext that was written. A clean
//! end means that all of it arrived. Without an attacker, everything arrives.

use std::collections::VecDeque;

use wantwrite::*;

use super::draw::{self, Input, Result};
use super::round_trip::patient;
use wantwrite_testing::model::plaintext;

const MAX_OPS: usize = 200;
/// More rounds than any handshake, and any amount of data that an input writes, can take.
const MAX_ROUNDS: usize = 1000;

pub fn run(data: &[u8]) {
    let _errors = errors(data);
}

/// The final errors of an input's two connections.
pub fn errors(data: &[u8]) -> [Option<ConnectionError>; 2] {
    play(data).0
}

/// The columns and rows of the cells in DESIGN.md's table of states and calls that an input
/// reaches and that a writer alone does not have.
pub fn cells(data: &[u8]) -> Vec<(&'static str, &'static str)> {
    play(data).1
}

fn play(data: &[u8]) -> ([Option<ConnectionError>; 2], Vec<(&'static str, &'static str)>) {
    let mut input = Input::new(data);
    let Ok(mut link) = Link::new(&mut input, draw::aeads(data)) else { return Default::default() };
    let _input_is_used_up = link.go(&mut input);
    let cells = core::mem::take(&mut link.cells);
    (link.finish(), cells)
}

/// Returns the input that sends these bytes, at most 255, to the client after a TLS 1.3 handshake
/// between `strangers` with the default settings.
pub fn input_to_client(wire: &[u8]) -> Vec<u8> {
    let mut input = vec![0; 8];
    input.extend([1, 18, 0, wire.len() as u8]);
    input.extend(wire);
    input
}

struct Link {
    ends: [Endpoint; 2],
    /// Whether the attacker has acted.
    is_attacked: bool,
    cells: Vec<(&'static str, &'static str)>,
}

struct Endpoint {
    tls: Connection,
    /// Bytes in flight to the other endpoint.
    wire: VecDeque<u8>,
    written: u64,
    read: u64,
    is_closed: bool,
}

impl Link {
    fn new(input: &mut Input<'_>, aeads: [AeadProvider; 2]) -> Result<Self> {
        let suite = *input.choose(&wantwrite_fuzzing::SUITES)?;
        let mut config = ConnectionConfig::default();
        [config.writer.aead, config.reader.aead] = aeads;
        config.writer.capacity = input.int_in_range(1..=4)? * MAX_FRAGMENT_LEN;
        config.writer.buffers = draw::buffers(input)?;
        config.writer.padding = draw::padding(input)?;
        config.writer.max_fragment_len = draw::max_fragment_len(input)?;
        config.reader.buffers = draw::buffers(input)?;
        config.reader.limits = patient();
        config.tls12_close = draw::tls12_close(input)?;
        let (client, server) = wantwrite_fuzzing::strangers(0, suite, config).unwrap();
        let ends = [client, server].map(|tls| Endpoint {
            tls,
            wire: VecDeque::new(),
            written: 0,
            read: 0,
            is_closed: false,
        });
        Ok(Self { ends, is_attacked: false, cells: Vec::new() })
    }

    fn go(&mut self, input: &mut Input<'_>) -> Result<()> {
        if input.ratio(3, 4)? {
            self.settle();
        }
        for _ in 0..MAX_OPS {
            if input.is_empty() {
                break;
            }
            let at = usize::from(input.arbitrary::<bool>()?);
            let op: u8 = input.int_in_range(0..=19)?;
            let tls = &self.ends[at].tls;
            self.cells.extend(
                column(tls).into_iter().flat_map(|column| rows(op).map(move |row| (column, row))),
            );
            match op {
                0..=2 => self.ends[at].write(draw::len(input)?),
                3 => self.ends[at].flush(),
                4 => {
                    let _refused =
                        self.ends[at].tls.writer_mut().update_keys(draw::request(input)?);
                }
                5 => {
                    let _refused = self.ends[at].tls.writer_mut().write_cover(draw::len(input)?);
                }
                6 => self.ends[at].close(),
                7 => self.ends[at].tls.shrink(),
                8..=10 => self.ends[at].drain(draw::len(input)?),
                11..=13 => self.deliver(at, draw::len(input)?),
                14 => self.settle(),
                attack => self.attack(attack, at, input)?,
            }
            self.check();
        }
        Ok(())
    }

    fn attack(&mut self, attack: u8, at: usize, input: &mut Input<'_>) -> Result<()> {
        let place = input.choose_index(self.ends[at].wire.len() + 1)?;
        let len = usize::from(input.arbitrary::<u8>()?);
        let wire = self.ends[at].wire.make_contiguous();
        let len = len.min(wire.len() - place);
        match attack {
            15 => {
                let Some(byte) = wire.get_mut(place) else { return Ok(()) };
                *byte ^= input.int_in_range(1..=0xff)?;
            }
            16 if len > 0 => drop(self.ends[at].wire.drain(place..place + len)),
            17 if len > 0 => {
                let again = wire[place..place + len].to_vec();
                self.ends[at].insert(place, &again);
            }
            18 => {
                let len = usize::from(input.arbitrary::<u8>()?).min(input.len());
                let bytes = input.bytes(len)?;
                self.ends[at].insert(place, bytes);
            }
            _ => {
                self.ends[at].wire.truncate(place);
                self.ends[1 - at].tls.end_of_input();
            }
        }
        self.is_attacked = true;
        Ok(())
    }

    /// Delivers at most `max` bytes from `at` to the other endpoint.
    fn deliver(&mut self, at: usize, max: usize) {
        let mut wire = core::mem::take(&mut self.ends[at].wire);
        let mut left = max.min(wire.len());
        while left > 0 {
            let chunk = wire.as_slices().0;
            let taken = self.ends[1 - at].receive(&chunk[..left.min(chunk.len())]);
            if taken == 0 {
                break;
            }
            wire.drain(..taken);
            left -= taken;
        }
        self.ends[at].wire = wire;
        self.ends[1 - at].process(self.is_attacked);
    }

    /// Delivers bytes in both directions until nothing moves.
    fn settle(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let mut moved = 0;
            for at in 0..2 {
                self.ends[at].drain(usize::MAX);
                let before = self.ends[at].wire.len();
                self.deliver(at, usize::MAX);
                moved += before - self.ends[at].wire.len();
            }
            if moved == 0 {
                return;
            }
        }
        panic!("it does not become idle");
    }

    fn check(&self) {
        let [client, server] = &self.ends;
        for (end, other) in [(client, server), (server, client)] {
            assert!(end.read <= other.written);
            if end.tls.reader_state() == ReaderState::PeerClosed {
                assert!(other.is_closed && end.read == other.written, "a truncation looks clean");
            }
            let wants = end.tls.wants();
            assert!(!wants.process || end.tls.reader_state() != ReaderState::PeerClosed);
            if end.tls.writer_state() == WriterState::Failed {
                assert!(end.tls.error().is_some() && end.tls.writer().room() == 0);
            }
            if !self.is_attacked {
                assert_eq!(end.tls.error(), None);
            }
        }
    }

    fn finish(mut self) -> [Option<ConnectionError>; 2] {
        self.settle();
        self.check();
        for at in 0..2 {
            self.ends[at].close();
        }
        self.settle();
        self.check();
        for end in &self.ends {
            assert!(!end.tls.wants().drain);
            if !self.is_attacked {
                assert_eq!(end.tls.writer_state(), WriterState::Closed);
                assert_eq!(end.tls.reader_state(), ReaderState::PeerClosed);
            }
        }
        self.ends.map(|end| end.tls.error())
    }
}

fn column(tls: &Connection) -> Option<&'static str> {
    match (tls.writer_state(), tls.error()) {
        (WriterState::Negotiating, _) if tls.wants().drain => Some("Negotiating, flight"),
        (WriterState::Negotiating, _) => Some("Negotiating"),
        (_, Some(ConnectionError::Record(Error::PeerAlert(_)))) => Some("Failed, by the peer"),
        _ => None,
    }
}

fn rows(op: u8) -> impl Iterator<Item = &'static str> {
    let row = match op {
        0..=2 => Some("`write(b\"x\")`"),
        3 => Some("`flush()`"),
        4 => Some("`update_keys`"),
        5 => Some("`write_cover(9)`"),
        8..=10 => Some("`drain()`"),
        _ => None,
    };
    // These are checked after every operation.
    row.into_iter().chain(["`room()`", "`wants().drain`", "`wants().input`", "`process()`"])
}

impl Endpoint {
    fn write(&mut self, len: usize) {
        let buf = plaintext(self.written, len);
        let room = self.tls.writer().room();
        let result = self.tls.writer_mut().write(buf);
        if let Ok(n) = result {
            assert_eq!(n, room.min(len));
        }
        self.written += result.unwrap_or_else(WriteError::accepted) as u64;
    }

    fn flush(&mut self) {
        let failed = self.tls.writer_state() == WriterState::Failed;
        assert_eq!(self.tls.writer_mut().flush().is_err(), failed);
    }

    /// Does nothing during the handshake, which it would abandon.
    fn close(&mut self) {
        if self.tls.writer_state() == WriterState::Open {
            self.tls.close().unwrap();
            self.is_closed = true;
        }
    }

    fn drain(&mut self, max: usize) {
        let wanted = self.tls.wants().drain;
        let mut drain = self.tls.writer_mut().drain();
        assert_eq!(drain.remaining() > 0, wanted);
        let mut left = max.min(drain.remaining());
        while left > 0 {
            let n = drain.chunk().len().min(left);
            self.wire.extend(&drain.chunk()[..n]);
            drain.advance(n).unwrap();
            left -= n;
        }
    }

    fn receive(&mut self, wire: &[u8]) -> usize {
        let taken = self.tls.receive(wire);
        self.process(true);
        taken
    }

    /// Processes and reads everything that has arrived.
    fn process(&mut self, may_fail: bool) {
        while self.tls.wants().process {
            if let Err(error) = self.tls.process() {
                assert!(may_fail, "{error}");
                // Compared as strings, because rustls's `Other` errors never equal each other.
                let again = self.tls.process().map_err(|error| error.to_string());
                let told_once = self.tls.error().is_none();
                assert!(!told_once || self.tls.reader_state() == ReaderState::Truncated);
                assert_eq!(again, if told_once { Ok(()) } else { Err(error.to_string()) });
                break;
            }
            let plain = self.tls.plaintext();
            assert!(plain == plaintext(self.read, plain.len()), "other plaintext");
            self.read += plain.len() as u64;
            self.tls.consume_all();
        }
        // `Tls12Close::Answer`: the peer's close_notify closes our half in TLS 1.2.
        if matches!(self.tls.writer_state(), WriterState::Closing | WriterState::Closed) {
            self.is_closed = true;
        }
    }

    fn insert(&mut self, place: usize, bytes: &[u8]) {
        let behind = self.wire.split_off(place);
        self.wire.extend(bytes);
        self.wire.extend(behind);
    }
}
