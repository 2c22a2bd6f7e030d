//! The driver alone. DESIGN.md has a copy of its tables.
#![expect(clippy::unwrap_used, clippy::std_instead_of_alloc, reason = "tests")]

use std::io::{self, IoSlice, Read, Write};
use std::sync::Arc;

use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Step};
use wantwrite::*;
use wantwrite_testing::design;
use wantwrite_testing::*;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;

type Ours = Driver<&'static str>;

/// A row of the table: a situation, and how a driver gets there.
struct Situation {
    name: &'static str,
    driver: fn(Goal) -> Ours,
    /// The next step for each of [`GOALS`].
    expected: [&'static str; GOALS.len()],
}

const fn situation(
    name: &'static str,
    driver: fn(Goal) -> Ours,
    expected: [&'static str; GOALS.len()],
) -> Situation {
    Situation { name, driver, expected }
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

const SITUATIONS: &[Situation] = &[
    situation(
        "negotiating, a flight is pending",
        |_| fresh(),
        ["Write", "Write", "Write", "Write", "Write", "Write", "Write"],
    ),
    situation(
        "negotiating, the flight is drained",
        |_| {
            let mut driver = fresh();
            drain(driver.connection_mut());
            driver
        },
        ["Read", "Read", "Read", "Done", "Flush", "Read", "Read"],
    ),
    situation(
        "negotiating, writing would block",
        |goal| blocked(fresh(), goal),
        ["Read", "Read", "Read", "Done", "Blocked", "Read", "Read"],
    ),
    situation(
        "negotiating, writing failed",
        |goal| failed(fresh(), goal, FarEnd::Unknown),
        ["Transport", "Transport", "Transport", "Done", "Transport", "Transport", "Transport"],
    ),
    situation(
        "negotiating, writing failed and the peer is gone",
        |goal| failed(fresh(), goal, FarEnd::Gone),
        ["Read", "Read", "Read", "Done", "Transport", "Read", "Read"],
    ),
    situation(
        "negotiating, reading would block",
        |goal| {
            let mut driver = fresh();
            drain(driver.connection_mut());
            if_read(driver, goal, Driver::blocked)
        },
        ["Blocked", "Blocked", "Blocked", "Done", "Flush", "Blocked", "Blocked"],
    ),
    situation("open", |_| open(), ["Done", "Read", "Done", "Done", "Flush", "Write", "Write"]),
    situation(
        "open, bytes are pending",
        |_| holding(),
        ["Write", "Write", "Done", "Write", "Write", "Write", "Write"],
    ),
    situation(
        "open, the buffer is full",
        |_| full(),
        ["Write", "Write", "Write", "Write", "Write", "Write", "Write"],
    ),
    situation(
        "open, the buffer is full and writing would block",
        |goal| blocked(full(), goal),
        ["Done", "Read", "Blocked", "Done", "Blocked", "Blocked", "Blocked"],
    ),
    situation(
        "open, writing failed in an earlier call",
        |_| {
            let mut driver = failed(holding(), Goal::Read, FarEnd::Unknown);
            assert_eq!(next(&mut driver, Goal::Offer), "Done");
            driver
        },
        ["Transport", "Read", "Transport", "Done", "Transport", "Transport", "Transport"],
    ),
    situation(
        "open, plaintext is available",
        |_| {
            let (mut ours, mut peer) = established(TLS13, Role::Client);
            feed(&mut ours, &peer.send(b"plaintext"));
            Driver::new(ours)
        },
        ["Done", "Done", "Done", "Done", "Flush", "Write", "Write"],
    ),
    situation(
        "open, reading would block",
        |goal| if_read(open(), goal, Driver::blocked),
        ["Done", "Blocked", "Done", "Done", "Flush", "Write", "Write"],
    ),
    situation(
        "open, reading failed",
        |goal| if_read(open(), goal, |driver| driver.failed(FarEnd::Reset, "the transport's")),
        ["Done", "Transport", "Done", "Done", "Flush", "Write", "Write"],
    ),
    situation(
        "the peer has closed",
        |_| {
            let (mut ours, mut peer) = established(TLS13, Role::Client);
            peer.0.send_close_notify();
            feed(&mut ours, &peer.take_wire());
            Driver::new(ours)
        },
        ["Done", "Done", "Done", "Done", "Flush", "Write", "Write"],
    ),
    situation(
        "input was truncated",
        |_| {
            let mut driver = open();
            assert_eq!(next(&mut driver, Goal::Read), "Read");
            driver.read(0);
            driver
        },
        ["Done", "Connection", "Done", "Done", "Flush", "Write", "Write"],
    ),
    situation(
        "closed, `close_notify` is pending",
        |_| closed(),
        ["Write", "Write", "Done", "Write", "Write", "Write", "Write"],
    ),
    situation(
        "closed",
        |_| {
            let mut driver = closed();
            drain(driver.connection_mut());
            driver
        },
        ["Done", "Read", "Done", "Done", "Flush", "Flush", "Flush"],
    ),
    situation(
        "failed, the alert is pending",
        |_| aborted(),
        ["Write", "Write", "Write", "Write", "Write", "Write", "Write"],
    ),
    situation(
        "failed, the alert would block",
        |goal| blocked(aborted(), goal),
        ["Done", "Connection", "Connection", "Done", "Connection", "Blocked", "Blocked"],
    ),
    situation(
        "failed, the alert could not be sent",
        |goal| failed(aborted(), goal, FarEnd::Gone),
        ["Done", "Connection", "Connection", "Done", "Connection", "Connection", "Read"],
    ),
    situation(
        "failed, the alert could not be sent in an earlier call",
        |_| {
            let mut driver = failed(aborted(), Goal::Offer, FarEnd::Gone);
            assert_eq!(next(&mut driver, Goal::Offer), "Done");
            driver
        },
        ["Done", "Connection", "Connection", "Done", "Connection", "Connection", "Read"],
    ),
    situation(
        "failed",
        |_| {
            let mut driver = aborted();
            drain(driver.connection_mut());
            driver
        },
        ["Done", "Connection", "Connection", "Done", "Connection", "Flush", "Flush"],
    ),
];

fn fresh() -> Ours {
    Driver::new(pair(TLS13, Role::Client).0)
}

fn open() -> Ours {
    Driver::new(established(TLS13, Role::Client).0)
}

fn holding() -> Ours {
    let mut driver = open();
    driver.connection_mut().writer_mut().write_atomic(b"held").unwrap();
    driver
}

fn full() -> Ours {
    let mut driver = open();
    let writer = driver.connection_mut().writer_mut();
    writer.write_atomic(&vec![0; writer.room()]).unwrap();
    driver
}

fn closed() -> Ours {
    let mut driver = open();
    driver.connection_mut().close().unwrap();
    driver
}

fn aborted() -> Ours {
    let mut driver = open();
    driver.connection_mut().abort(AlertDescription::INTERNAL_ERROR);
    driver
}

/// Reports on the memory that was lent, if any was.
fn if_read(mut driver: Ours, goal: Goal, report: fn(&mut Ours)) -> Ours {
    if next(&mut driver, goal) == "Read" {
        report(&mut driver);
    }
    driver
}

fn blocked(mut driver: Ours, goal: Goal) -> Ours {
    let _asked = next(&mut driver, goal);
    driver.blocked();
    driver
}

fn failed(mut driver: Ours, goal: Goal, far_end: FarEnd) -> Ours {
    let _asked = next(&mut driver, goal);
    driver.failed(far_end, "the transport's");
    driver
}

/// The name of the next step.
fn next(driver: &mut Ours, goal: Goal) -> &'static str {
    match driver.next(goal) {
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
        Err(Fault::Transport(_)) => "Transport",
        Err(Fault::WriteZero) => "WriteZero",
        Err(Fault::Overrun(_)) => "Overrun",
        Err(Fault::WriteOverrun(_)) => "WriteOverrun",
        Err(Fault::Connection(_)) => "Connection",
        Err(Fault::Write(_)) => "Write refused",
        Err(Fault::Linger(_)) => "Linger",
    }
}

#[test]
fn every_situation_and_goal_gives_the_step_in_the_table() {
    let mut wrong = Vec::new();
    for situation in SITUATIONS {
        for ((name, goal), expected) in GOALS.into_iter().zip(situation.expected) {
            let found = next(&mut (situation.driver)(goal), goal);
            if found != expected {
                wrong.push(format!("{}: {name} gives {found}, not {expected}", situation.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn design_has_the_table_of_situations_and_goals() {
    let heading: Vec<&str> = [""].into_iter().chain(GOALS.map(|(name, _)| name)).collect();
    let rows = SITUATIONS.iter().map(|situation| {
        let expected = situation.expected.map(str::to_owned);
        [situation.name.to_owned()].into_iter().chain(expected).collect()
    });
    design::assert_has("situations and goals", &design::table(&heading, rows));
}

#[test]
fn a_goal_that_is_reached_needs_no_step() {
    for situation in SITUATIONS {
        for (name, goal) in GOALS {
            let mut driver = (situation.driver)(goal);
            if driver.is_reached(goal) {
                assert_eq!(next(&mut driver, goal), "Done", "{}: {name}", situation.name);
            }
        }
    }
    let mut driver = open();
    assert_eq!(next(&mut driver, Goal::Handshake), "Done");
    assert!(driver.is_reached(Goal::Write) && driver.is_reached(Goal::Offer));
    assert_eq!(write(&mut driver, b"plaintext"), 9);
    assert!(!driver.is_reached(Goal::Write) && !driver.is_reached(Goal::Offer));
}

/// A row: a step, and how to get a driver that gives it for a goal.
type Asked = (&'static str, fn() -> Ours, Goal, [&'static str; REPORTS.len()]);

/// A column: a report about that step.
type Report = (&'static str, fn(&mut Ours));

const REPORTS: [Report; 9] = [
    ("`wrote(1)`", |driver| driver.wrote(1)),
    ("`wrote(0)`", |driver| driver.wrote(0)),
    ("`wrote(usize::MAX)`", |driver| driver.wrote(usize::MAX)),
    ("`flushed()`", Driver::flushed),
    ("`read(1)`", |driver| driver.read(1)),
    ("`read(0)`", |driver| driver.read(0)),
    ("`read(usize::MAX)`", |driver| driver.read(usize::MAX)),
    ("`blocked()`", Driver::blocked),
    ("`failed(..)`", |driver| driver.failed(FarEnd::Unknown, "the transport's")),
];

const ASKED: &[Asked] = &[
    (
        "`Write`, for `Flush`",
        holding,
        Goal::Flush,
        [
            "Write",
            "WriteZero",
            "WriteOverrun",
            "Write",
            "Write",
            "Write",
            "Write",
            "Blocked",
            "Transport",
        ],
    ),
    (
        "`Flush`, for `Flush`",
        open,
        Goal::Flush,
        [
            "WriteOverrun",
            "WriteZero",
            "WriteOverrun",
            "Done",
            "Flush",
            "Flush",
            "Flush",
            "Blocked",
            "Transport",
        ],
    ),
    (
        "`Read`, for `Read`",
        open,
        Goal::Read,
        ["Read", "Read", "Read", "Read", "Read", "Connection", "Overrun", "Blocked", "Transport"],
    ),
    (
        "`Read`, for `Linger`",
        || {
            let mut driver = closed();
            drain(driver.connection_mut());
            assert_eq!(next(&mut driver, Goal::Linger { max: 1000 }), "Flush");
            driver.flushed();
            driver
        },
        Goal::Linger { max: 1000 },
        ["Read", "Read", "Read", "Read", "Read", "Done", "Overrun", "Blocked", "Transport"],
    ),
];

#[test]
fn every_step_and_report_has_the_outcome_in_the_table() {
    let mut wrong = Vec::new();
    for (name, driver, goal, expected) in ASKED {
        for ((report, call), expected) in REPORTS.into_iter().zip(expected) {
            let mut driver = driver();
            let _asked = next(&mut driver, *goal);
            call(&mut driver);
            let found = next(&mut driver, *goal);
            if found != *expected {
                wrong.push(format!("{name}: {report} gives {found}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn design_has_the_table_of_steps_and_reports() {
    let heading: Vec<&str> = [""].into_iter().chain(REPORTS.map(|(name, _)| name)).collect();
    let rows = ASKED.iter().map(|(name, _, _, expected)| {
        [*name].into_iter().chain(*expected).map(str::to_owned).collect()
    });
    design::assert_has("steps and reports", &design::table(&heading, rows));
}

/// The sizes that `Offer` shows the transport, in bytes. The transport accepts `takes` of them,
/// then stops.
fn offer(driver: &mut Ours, takes: usize) -> Vec<usize> {
    let mut shown = Vec::new();
    let mut left = takes;
    loop {
        let mut slices = [IoSlice::new(&[]); 16];
        let len: usize = match driver.next(Goal::Offer).unwrap() {
            Step::Write(mut bytes) => bytes.io_slices(&mut slices).iter().map(|s| s.len()).sum(),
            Step::Done => return shown,
            step => panic!("{step:?}"),
        };
        shown.push(len);
        match len.min(left) {
            0 => driver.blocked(),
            n => {
                left -= n;
                driver.wrote(n);
            }
        }
    }
}

fn write(driver: &mut Ours, plaintext: &[u8]) -> usize {
    assert_eq!(next(driver, Goal::Write), "Done");
    driver.write_plaintext(|writer| writer.write(plaintext)).unwrap()
}

/// The overhead of TLS 1.3: header, type byte and tag.
const OVERHEAD: usize = 22;

#[test]
fn a_write_with_nothing_pending_is_sent_as_a_whole() {
    let mut driver = open();
    for len in [1, 100, 16_384, 16_393, 40_000] {
        assert_eq!(write(&mut driver, &vec![7; len]), len);
        let wire_len = len + len.div_ceil(16_384) * OVERHEAD;
        assert_eq!(offer(&mut driver, usize::MAX), [wire_len], "{len}");
    }
    let ends = driver.connection().writer().progress().records_ended;
    assert_eq!((ends.full, ends.flushed), (4, 0));
}

/// The lengths of the writes that a transport received and accepted whole.
struct Writes(Vec<usize>);

impl Write for Writes {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buf)])
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.push(bufs.iter().map(|buf| buf.len()).sum());
        Ok(bufs.iter().map(|buf| buf.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Writes {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("a write reads nothing")
    }
}

#[test]
fn a_write_over_a_transport_that_keeps_up_is_one_call() {
    let mut stream = Stream::new(established(TLS13, Role::Client).0, Writes(Vec::new()));
    for len in [16_393, 1, 40_000] {
        stream.write_all(&vec![7; len]).unwrap();
    }
    assert_eq!(stream.get_ref().0, [16_437, 23, 40_000 + 3 * OVERHEAD]);
}

#[test]
fn writes_share_records_while_bytes_are_pending() {
    let mut driver = open();
    let before = driver.connection().writer().progress().records;
    assert_eq!(write(&mut driver, &[1; 16_384]), 16_384);
    assert_eq!(offer(&mut driver, 1000), [16_406, 15_406]);
    for n in 0..20 {
        assert_eq!(write(&mut driver, &[2; 819]), 819);
        // Less is sent than is written.
        let _shown = offer(&mut driver, 500);
        let records = driver.connection().writer().progress().records - before;
        assert_eq!(records, 1, "after {n}");
    }
    assert_eq!(offer(&mut driver, usize::MAX).len(), 2);
    assert_eq!(driver.connection().writer().progress().records - before, 2);
}

#[test]
fn nothing_is_sealed_while_the_current_record_is_on_loan() {
    let mut driver = open();
    let writer = driver.connection_mut().writer_mut();
    writer.lend_slot().unwrap()[..4].copy_from_slice(b"lent");
    assert_eq!(offer(&mut driver, usize::MAX), []);
    driver.connection_mut().writer_mut().commit_slot(4).unwrap();
    assert_eq!(offer(&mut driver, usize::MAX), [4 + OVERHEAD]);
}

#[test]
fn lent_memory_that_stays_empty_is_returned() {
    let identity = Identity::for_suite(TLS13);
    let mut config = ConnectionConfig::default();
    config.reader.buffers = BufferPolicy::Release;
    config.writer.buffers = BufferPolicy::Release;
    let tls = Arc::new(client_config(TLS13, &identity));
    let mut ours = Connection::client_with(tls, server_name(), config).unwrap();
    negotiate(&mut ours, &mut Peer::server(server_config(TLS13, &identity)));
    let mut driver: Ours = Driver::new(ours);
    let reports: [fn(&mut Ours); 6] = [
        Driver::blocked,
        Driver::gave_up,
        |driver| driver.failed(FarEnd::Unknown, "the transport's"),
        |driver| driver.read(usize::MAX),
        // Another goal follows without a report.
        |driver| assert_eq!(next(driver, Goal::Offer), "Done"),
        |driver| driver.read(0),
    ];
    for (i, report) in reports.into_iter().enumerate() {
        assert_eq!(next(&mut driver, Goal::Read), "Read", "{i}");
        assert!(driver.connection().memory_held() > 0);
        report(&mut driver);
        assert_eq!(driver.connection().memory_held(), 0, "{i}");
        if next(&mut driver, Goal::Read) == "Read" {
            driver.blocked();
            assert_eq!(next(&mut driver, Goal::Read), "Blocked");
        }
    }
}

#[test]
fn a_transport_that_gave_everything_is_asked_again_without_inbound_memory() {
    let identity = Identity::for_suite(TLS13);
    let config = ConnectionConfig::pooled(Pool::default());
    let tls = Arc::new(client_config(TLS13, &identity));
    let mut ours = Connection::client_with(tls, server_name(), config).unwrap();
    let mut peer = Peer::server(server_config(TLS13, &identity));
    negotiate(&mut ours, &mut peer);
    let mut driver: Ours = Driver::for_readiness(ours);
    let held = |driver: &Ours| driver.connection().memory_held();
    let read = |driver: &mut Ours| driver.read_plaintext(|ours| Ok(read_all(ours).len())).unwrap();

    assert_eq!(supply(&mut driver, &peer.send(b"a message")), None, "readiness is still unknown");
    assert_eq!(read(&mut driver), 9);
    assert_eq!((next(&mut driver, Goal::Read), held(&driver)), ("Read", 0));
    driver.blocked();
    assert_eq!(next(&mut driver, Goal::Read), "Blocked");
    assert_eq!(next(&mut driver, Goal::Read), "Read");
    assert!(held(&driver) > 0, "it was woken because there is input");

    // Input that arrives anyway is not lost: in pieces of every length, and after a claim of more.
    driver.failed(FarEnd::Unknown, "the transport's");
    assert_eq!(next(&mut driver, Goal::Read), "Transport");
    for len in 1..1000 {
        let sent = pattern(len);
        let mut wire = peer.send(&sent);
        let mut received = Vec::new();
        while received.len() < len {
            let taken = supply(&mut driver, &wire).unwrap_or(wire.len());
            wire.drain(..taken);
            driver
                .read_plaintext(|ours| {
                    received.extend(read_all(ours));
                    Ok(0)
                })
                .unwrap();
        }
        assert_eq!((received, wire.len()), (sent, 0), "{len}");
        assert_eq!(next(&mut driver, Goal::Read), "Read");
        assert_eq!(held(&driver), 0, "{len}");
        driver.read(usize::MAX);
        assert_eq!(next(&mut driver, Goal::Read), "Overrun", "{len}");
    }
    assert_eq!(next(&mut driver, Goal::Read), "Read");
    driver.read(0);
    assert_eq!(next(&mut driver, Goal::Read), "Connection", "truncated");
}

/// Fills the memory that a driver lends. Returns how much that was if `wire` did not fit whole.
fn supply(driver: &mut Ours, wire: &[u8]) -> Option<usize> {
    let Step::Read(memory) = driver.next(Goal::Read).unwrap() else { panic!("no read") };
    let n = memory.len().min(wire.len());
    memory[..n].copy_from_slice(&wire[..n]);
    driver.read(n);
    (n < wire.len()).then_some(n)
}

#[test]
fn a_step_that_is_not_reported_is_repeated() {
    let mut driver = holding();
    for _ in 0..3 {
        assert_eq!(next(&mut driver, Goal::Flush), "Write");
    }
    assert_eq!(driver.connection().writer().progress().records, 1);
    let mut driver = open();
    for _ in 0..3 {
        assert_eq!(next(&mut driver, Goal::Read), "Read");
    }
}

/// A dropped future leaves the driver in this state.
#[test]
fn an_abandoned_goal_does_not_affect_the_next() {
    let mut driver = open();
    let linger = Goal::Linger { max: 1000 };
    assert_eq!(next(&mut driver, linger), "Write");
    drain(driver.connection_mut());
    assert_eq!(next(&mut driver, linger), "Flush");
    driver.flushed();
    assert_eq!(next(&mut driver, linger), "Read");
    assert_eq!(next(&mut driver, Goal::Flush), "Flush", "it has not flushed yet");

    let mut driver = blocked(holding(), Goal::Flush);
    assert_eq!(next(&mut driver, Goal::Offer), "Write", "it retries");
}

#[test]
fn what_is_written_after_a_flush_is_flushed_too() {
    let mut driver = open();
    assert_eq!(next(&mut driver, Goal::Flush), "Flush");
    driver.flushed();
    driver.connection_mut().writer_mut().write(b"more").unwrap();
    assert_eq!(next(&mut driver, Goal::Flush), "Write");
    driver.wrote(4 + OVERHEAD);
    assert_eq!(next(&mut driver, Goal::Flush), "Flush");
    driver.flushed();
    assert_eq!(next(&mut driver, Goal::Flush), "Done");
}

#[test]
fn chunks_are_taken_and_put_back_without_a_report() {
    let (ours, mut peer) = established(TLS13, Role::Client);
    let mut driver: Ours = Driver::new(ours);
    assert_eq!(write(&mut driver, &pattern(50_000)), 50_000);
    let mut chunks = Vec::new();
    while let Step::Write(mut bytes) = driver.next(Goal::Flush).unwrap() {
        chunks.push(bytes.take_chunk(usize::MAX).unwrap());
    }
    // A flush of the transport waits for the chunks in flight.
    let last = chunks.pop().unwrap();
    driver.connection_mut().writer_mut().put_back(last).unwrap();
    assert_eq!(next(&mut driver, Goal::Flush), "Write");
    let mut wire: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.to_vec()).collect();
    wire.extend(drain(driver.connection_mut()));
    let mut received = Vec::new();
    for part in wire.chunks(4096) {
        peer.feed(part).unwrap();
        received.extend(peer.take_plaintext());
    }
    assert!(received == pattern(50_000));
}
