//! Two drivers, from before the handshake to the end, over a transport that blocks, fails, ends and
//! reports what did not happen. What is read is a prefix of what was written, a clean end means
//! that all of it arrived, and a driver blocks or reports a failure only after it was told of one.
//! An alert that could not be sent is not offered again until a goal has failed.

mod calls;
mod rows;

use std::collections::VecDeque;

use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Step};
use wantwrite::*;

use self::calls::CALLS;
use super::draw::{self, Input, Result};
use wantwrite_testing::model::plaintext;

const MAX_OPS: usize = 200;
/// More rounds than any handshake, and any amount of data that an input writes, can take.
const MAX_ROUNDS: usize = 1000;

pub fn run(data: &[u8]) {
    let _cells = cells(data);
}

/// A cell of one of DESIGN.md's tables: the table, the row, the column and what came of it.
pub type Cell = (&'static str, &'static str, &'static str, String);

/// The cells that an input reaches.
pub fn cells(data: &[u8]) -> Vec<Cell> {
    let mut input = Input::new(data);
    let mut cells = Vec::new();
    let _input_is_used_up = play(&mut input, draw::aeads(data), &mut cells);
    cells
}

fn play(input: &mut Input<'_>, aeads: [AeadProvider; 2], cells: &mut Vec<Cell>) -> Result<()> {
    let suite = *input.choose(&wantwrite_fuzzing::SUITES)?;
    let mut config = ConnectionConfig::default();
    [config.writer.aead, config.reader.aead] = aeads;
    let mut link = Link::new(suite, &config);
    for _ in 0..MAX_OPS {
        if input.is_empty() {
            break;
        }
        let op = input.int_in_range(0..=15_u8)?;
        let at = input.int_in_range(0..=3_u8)?;
        let end = usize::from(at % 2);
        match op {
            0..=3 => {
                let goal = *input.choose(&GOALS)?;
                cells.extend(link.ends[end].next(goal));
            }
            4..=7 => link.report(end, honest(&link.ends[end], input.arbitrary()?)),
            8 | 9 => {
                let (_, report) = *input.choose(&REPORTS)?;
                link.report(end, report);
            }
            10 | 11 => {
                let (row, call) = *input.choose(&CALLS)?;
                let column = link.ends[end].column();
                let outcome = call(&mut link.ends[end]);
                cells.push(("states and calls", row, column, outcome));
            }
            12 => match at {
                0 => link.settle(),
                1 => link = Link::new(suite, &config),
                at => link.ends[usize::from(at % 2)].drain(),
            },
            13 => link.ends[end].read(),
            14 => {
                let len = draw::len(input)?;
                link.ends[end].write(len);
            }
            _ => {
                let room = link.ends[end].tls().writer().room();
                link.ends[end].write(room);
            }
        }
        link.check();
    }
    link.settle();
    link.check();
    Ok(())
}

const GOALS: [(&str, Goal); 7] = [
    ("`Handshake`", Goal::Handshake),
    ("`Read`", Goal::Read),
    ("`Write`", Goal::Write),
    ("`Offer`", Goal::Offer),
    ("`Flush`", Goal::Flush),
    ("`Close`", Goal::Close),
    ("`Linger`", Goal::Linger { max: 1000 }),
];

/// What a transport says about a step, or about no step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Report {
    Wrote(usize),
    Flushed,
    Read(usize),
    Blocked,
    Failed(FarEnd),
}

const REPORTS: [(&str, Report); 11] = [
    ("`wrote(1)`", Report::Wrote(1)),
    ("`wrote(0)`", Report::Wrote(0)),
    ("`wrote(usize::MAX)`", Report::Wrote(usize::MAX)),
    ("`flushed()`", Report::Flushed),
    ("`read(1)`", Report::Read(1)),
    ("`read(0)`", Report::Read(0)),
    ("`read(usize::MAX)`", Report::Read(usize::MAX)),
    ("`blocked()`", Report::Blocked),
    ("`failed(..)`", Report::Failed(FarEnd::Unknown)),
    ("", Report::Failed(FarEnd::Gone)),
    ("", Report::Failed(FarEnd::Reset)),
];

/// The report of a transport that does what was asked, with at most `max` bytes.
fn honest(end: &End, max: u8) -> Report {
    match end.asked {
        Some((_, "Write")) => Report::Wrote(usize::from(max).max(1)),
        Some((_, "Read")) => Report::Read(usize::from(max).max(1)),
        Some((_, "Flush")) => Report::Flushed,
        _ => Report::Blocked,
    }
}

/// As a report's length: as much as there is.
const ALL: usize = 255;

struct Link {
    ends: [End; 2],
}

struct End {
    driver: Driver<()>,
    /// Bytes in flight to the other endpoint.
    wire: VecDeque<u8>,
    written: u64,
    read: u64,
    is_closed: bool,
    /// The driver may have discarded input, so what is read is not compared any more.
    lingers: bool,
    /// The last step and its goal, until another call.
    asked: Option<((&'static str, Goal), &'static str)>,
    /// The last step, until a report.
    awaits: Option<&'static str>,
    /// The report about `asked`, if it was the only one.
    report: Option<Report>,
    /// A failure to write was reported for a goal that does not return it, and then an `Offer`.
    failed_earlier: bool,
    /// The connection had failed when a failure to write was reported, and no goal has failed since.
    alert_failed: bool,
    /// How many reports of a failure, or of what cannot be, have not come back.
    failures: usize,
    was_blocked: bool,
    was_open: bool,
}

impl Link {
    fn new(suite: CipherSuite, config: &ConnectionConfig) -> Self {
        let (client, server) = wantwrite_fuzzing::strangers(0, suite, config.clone()).unwrap();
        let ends = [client, server].map(|connection| End {
            driver: Driver::new(connection),
            wire: VecDeque::new(),
            written: 0,
            read: 0,
            is_closed: false,
            lingers: false,
            asked: None,
            awaits: None,
            report: None,
            failed_earlier: false,
            alert_failed: false,
            failures: 0,
            was_blocked: false,
            was_open: false,
        });
        Self { ends }
    }

    /// Moves the bytes that the report says were moved, then reports it.
    fn report(&mut self, at: usize, report: Report) {
        let [client, server] = &mut self.ends;
        let (end, other) = if at == 0 { (client, server) } else { (server, client) };
        let mut report = report;
        let cannot_write = match (report, end.awaits.take()) {
            // The bytes may have been drained since.
            (Report::Wrote(1..=ALL), Some("Write")) => end.tls().writer().waiting() == 0,
            (Report::Wrote(_), _) => true,
            (Report::Failed(_), step) => step != Some("Read"),
            (Report::Flushed | Report::Read(_) | Report::Blocked, _) => false,
        };
        end.alert_failed |= cannot_write && end.tls().error().is_some();
        if let (Some(((_, goal), step @ ("Write" | "Flush" | "Read"))), None) =
            (end.asked, end.report)
        {
            // The step was not reported, so it comes again.
            match (report, end.driver.next(goal)) {
                (Report::Wrote(max), Ok(Step::Write(mut bytes))) => {
                    let chunk = bytes.chunk();
                    let n = if max == ALL { chunk.len() } else { max.min(chunk.len()) };
                    if max <= ALL {
                        end.wire.extend(&chunk[..n]);
                        report = Report::Wrote(n);
                    }
                }
                (Report::Read(max @ 1..=ALL), Ok(Step::Read(memory))) => {
                    let max = if max == ALL { memory.len() } else { max.min(memory.len()) };
                    let n = max.min(other.wire.len());
                    for (to, from) in memory.iter_mut().zip(other.wire.drain(..n)) {
                        *to = from;
                    }
                    report = if n == 0 { Report::Blocked } else { Report::Read(n) };
                }
                (_, Ok(Step::Write(_) | Step::Read(_) | Step::Flush)) => {}
                (_, next) => panic!("{step} came, then {next:?}"),
            }
            end.report = Some(report);
        } else {
            // The memory may not be lent any more.
            end.failures += usize::from(matches!(report, Report::Read(_)));
            end.forget();
        }
        match report {
            Report::Wrote(n) => {
                end.failures += 1;
                end.driver.wrote(n);
            }
            Report::Flushed => end.driver.flushed(),
            Report::Read(n) => {
                end.failures += usize::from(n > MAX_FRAGMENT_LEN);
                end.driver.read(n);
            }
            Report::Blocked => {
                end.was_blocked = true;
                end.driver.blocked();
            }
            Report::Failed(far_end) => {
                end.failures += 1;
                end.failed_earlier = matches!(end.asked, Some((("`Read`", _), "Write")));
                end.driver.failed(far_end, ());
            }
        }
    }

    /// Delivers bytes in both directions until nothing moves, without the drivers.
    fn settle(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let mut moved = 0;
            for at in 0..2 {
                self.ends[at].drain();
                let mut wire = core::mem::take(&mut self.ends[at].wire);
                let other = self.ends[1 - at].driver.connection_mut();
                let taken = other.receive(wire.make_contiguous());
                wire.drain(..taken);
                while other.wants().process && other.process().is_ok() {}
                self.ends[at].wire = wire;
                moved += taken;
            }
            if moved == 0 {
                return;
            }
        }
        panic!("it does not come to rest");
    }

    fn check(&mut self) {
        for end in &mut self.ends {
            let state = end.tls().writer_state();
            end.was_open |= state == WriterState::Open;
            // The driver closes too.
            end.is_closed |= matches!(state, WriterState::Closing | WriterState::Closed);
        }
        for at in 0..2 {
            let [end, other] = [&self.ends[at], &self.ends[1 - at]];
            let tls = end.tls();
            if !end.lingers {
                let plain = tls.plaintext();
                assert!(plain == plaintext(end.read, plain.len()), "other plaintext");
                let read = end.read + plain.len() as u64;
                assert!(read <= other.written);
                if tls.reader_state() == ReaderState::PeerClosed && !tls.wants().process {
                    assert!(other.is_closed && read == other.written, "cut short, and looks clean");
                }
            }
            if tls.writer_state() == WriterState::Failed {
                assert!(tls.error().is_some() && tls.writer().room() == 0);
            }
        }
    }
}

impl End {
    fn tls(&self) -> &Connection {
        self.driver.connection()
    }

    /// Something other than a report came after the last step.
    fn forget(&mut self) {
        (self.asked, self.report) = (None, None);
    }

    fn next(&mut self, goal: (&'static str, Goal)) -> Vec<Cell> {
        let situation = self.situation(goal);
        let (asked, report) = (self.asked.take(), self.report.take());
        self.lingers |= goal.0 == "`Linger`";
        let answer = match self.driver.next(goal.1) {
            Ok(Step::Write(mut bytes)) => {
                assert!(!bytes.chunk().is_empty());
                "Write"
            }
            Ok(Step::Read(memory)) => {
                assert!(!memory.is_empty());
                "Read"
            }
            Ok(Step::Flush) => "Flush",
            Ok(Step::Blocked) => "Blocked",
            Ok(Step::Done) => "Done",
            Err(Fault::Transport(())) => "Transport",
            Err(Fault::WriteZero) => "WriteZero",
            Err(Fault::Overrun(_)) => "Overrun",
            Err(Fault::WriteOverrun(_)) => "WriteOverrun",
            Err(Fault::Connection(_)) => "Connection",
            Err(Fault::Write(_)) => "Write refused",
            Err(Fault::Linger(_)) => "Linger",
        };
        assert!(!self.alert_failed || !matches!(answer, "Write" | "Flush"), "{answer} again");
        self.alert_failed &= matches!(answer, "Read" | "Blocked" | "Done");
        self.awaits = Some(answer);
        let tls = self.tls();
        match (answer, goal.0) {
            ("Done", "`Handshake`") => assert!(self.was_open),
            ("Done", "`Read`") => {
                let has_ended = tls.reader_state() != ReaderState::Open;
                assert!(!tls.plaintext().is_empty() || has_ended);
            }
            ("Done", "`Write`") if tls.writer_state() == WriterState::Open => {
                assert!(tls.writer().room() > 0);
            }
            ("Done", "`Flush`" | "`Close`" | "`Linger`") => assert!(!tls.wants().drain),
            ("Blocked", _) => assert!(self.was_blocked),
            ("Transport" | "WriteZero" | "Overrun" | "WriteOverrun", _) => {
                assert!(self.failures > 0, "{answer}, and nothing was reported");
                self.failures -= 1;
            }
            _ => {}
        }
        let mut cells = Vec::new();
        cells.extend(situation.map(|row| ("situations and goals", row, goal.0, answer.to_owned())));
        if let (Some((of, step)), Some(report)) = (asked, report) {
            let row = match (step, of.0) {
                ("Write", "`Flush`") => Some("`Write`, for `Flush`"),
                ("Flush", "`Flush`") => Some("`Flush`, for `Flush`"),
                ("Read", "`Read`") => Some("`Read`, for `Read`"),
                ("Read", "`Linger`") => Some("`Read`, for `Linger`"),
                _ => None,
            };
            let column = REPORTS.iter().find(|(_, other)| *other == report && of == goal);
            cells.extend(
                row.zip(column).map(|(row, (column, _))| {
                    ("steps and reports", row, *column, answer.to_owned())
                }),
            );
        }
        self.failed_earlier &= matches!(goal.0, "`Offer`" | "`Read`" | "`Handshake`");
        self.failed_earlier &= answer != "Transport";
        self.asked = Some((goal, answer));
        cells
    }

    fn drain(&mut self) {
        self.forget();
        let mut drain = self.driver.connection_mut().writer_mut().drain();
        while drain.remaining() > 0 {
            let n = drain.chunk().len();
            self.wire.extend(drain.chunk());
            drain.advance(n).unwrap();
        }
    }

    fn read(&mut self) {
        self.forget();
        let read = self.driver.read_plaintext(|connection| {
            let len = connection.plaintext().len();
            connection.consume_all();
            Ok(len)
        });
        self.read += read.unwrap() as u64;
    }

    fn write(&mut self, len: usize) {
        self.forget();
        let from = self.written;
        let room = self.tls().writer().room();
        let written = self.driver.write_plaintext(|writer| writer.write(plaintext(from, len)));
        let n = written.unwrap_or(0);
        assert_eq!(n, room.min(len));
        self.written += n as u64;
    }
}
