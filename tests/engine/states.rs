//! Every call on a connection in every state. DESIGN.md has a copy of the table.
#![expect(clippy::unwrap_used, reason = "tests")]

use core::fmt;

use bytes::{Bytes, BytesMut};
use wantwrite::*;
use wantwrite_testing::design;
use wantwrite_testing::raw_peer::{ALERT, RawPeer};
use wantwrite_testing::verdict::FATAL;
use wantwrite_testing::*;

use self::Outcome::*;

/// A column of the table: a state, and how a connection gets there.
type State = (&'static str, fn() -> Connection);

const STATES: &[State] = &[
    ("Negotiating", || {
        let mut ours = pair(TLS13, Role::Client).0;
        drain(&mut ours);
        ours
    }),
    ("Negotiating, flight", || pair(TLS13, Role::Client).0),
    ("Open, Empty", || open().0),
    ("Open, Holding", || {
        let mut ours = open().0;
        ours.writer_mut().write_atomic(b"held").unwrap();
        ours
    }),
    ("Open, Full", || {
        let mut ours = open().0;
        let room = ours.writer().room();
        ours.writer_mut().write_atomic(&vec![0; room]).unwrap();
        ours
    }),
    ("Closing", || {
        let mut ours = open().0;
        ours.close().unwrap();
        ours
    }),
    ("Closed", || {
        let mut ours = open().0;
        ours.close().unwrap();
        drain(&mut ours);
        ours
    }),
    ("Failed", || {
        let mut ours = aborted();
        drain(&mut ours);
        ours
    }),
    ("Failed, alert", aborted),
    ("Failed, by the peer", || {
        let (mut ours, mut peer) = open();
        ours.writer_mut().write_atomic(b"sealed").unwrap();
        ours.writer_mut().flush().unwrap();
        ours.writer_mut().write_atomic(b"not sealed").unwrap();
        let wire = peer.seal(ALERT, &[FATAL, AlertDescription::INTERNAL_ERROR.0]);
        feed(&mut ours, &wire);
        ours
    }),
];

fn open() -> (Connection, RawPeer) {
    RawPeer::established(TLS13, Role::Client)
}

fn aborted() -> Connection {
    let mut ours = open().0;
    ours.writer_mut().write_atomic(b"lost").unwrap();
    ours.abort(AlertDescription::INTERNAL_ERROR);
    ours
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Took(usize),
    Done,
    Negotiating,
    NoRoom,
    Closed,
    Failed,
    /// The error that reading ended with.
    Error,
    Empty,
    Lent,
    Nothing,
    Held,
    Zero,
    Positive,
    No,
    Yes,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Took(n) => write!(f, "Ok({n})"),
            Done => f.write_str("Ok"),
            Negotiating | NoRoom | Closed | Failed => fmt::Debug::fmt(self, f),
            Error => f.write_str("Err"),
            Empty => f.write_str("empty"),
            Lent => f.write_str("lent"),
            Nothing => f.write_str("none"),
            Held => f.write_str("bytes"),
            Zero => f.write_str("0"),
            Positive => f.write_str("> 0"),
            No => f.write_str("no"),
            Yes => f.write_str("yes"),
        }
    }
}

fn took(result: Result<usize, WriteError>) -> Outcome {
    result.map_or_else(refused, Took)
}

fn done(result: Result<(), WriteError>) -> Outcome {
    result.map_or_else(refused, |()| Done)
}

fn refused(error: WriteError) -> Outcome {
    match error {
        WriteError::Negotiating => Negotiating,
        WriteError::NoRoom { .. } => NoRoom,
        WriteError::Closed => Closed,
        WriteError::Failed { .. } => Failed,
        error => panic!("in no cell of the table: {error:?}"),
    }
}

/// A row of the table: a call, and its outcome in each of [`STATES`].
struct Call {
    name: &'static str,
    on: fn(&mut Connection) -> Outcome,
    expected: [Outcome; STATES.len()],
}

const fn call(
    name: &'static str,
    on: fn(&mut Connection) -> Outcome,
    expected: [Outcome; STATES.len()],
) -> Call {
    Call { name, on, expected }
}

const CALLS: &[Call] = &[
    call(
        "`write(b\"x\")`",
        |ours| took(ours.writer_mut().write(b"x")),
        [Took(0), Took(0), Took(1), Took(1), Took(0), Closed, Closed, Failed, Failed, Failed],
    ),
    call(
        "`write(b\"\")`",
        |ours| took(ours.writer_mut().write(b"")),
        [Took(0), Took(0), Took(0), Took(0), Took(0), Closed, Closed, Failed, Failed, Failed],
    ),
    call(
        "`write_atomic(b\"x\")`",
        |ours| done(ours.writer_mut().write_atomic(b"x")),
        [Negotiating, Negotiating, Done, Done, NoRoom, Closed, Closed, Failed, Failed, Failed],
    ),
    call(
        "`write_vectored`",
        |ours| took(ours.writer_mut().write_vectored(&[&b"x"[..], b"y"])),
        [Took(0), Took(0), Took(2), Took(2), Took(0), Closed, Closed, Failed, Failed, Failed],
    ),
    call(
        "`write_owned`",
        |ours| took(ours.writer_mut().write_owned(&mut BytesMut::from(&b"x"[..]))),
        [Took(0), Took(0), Took(1), Took(1), Took(0), Closed, Closed, Failed, Failed, Failed],
    ),
    call(
        "`seal_batch`",
        |ours| {
            took(
                ours.writer_mut().seal_batch(&mut Bytes::from_static(b"x")).and_then(Batch::finish),
            )
        },
        [Took(0), Took(0), Took(1), Took(1), Took(0), Closed, Closed, Failed, Failed, Failed],
    ),
    call(
        "`write_cover(9)`",
        |ours| done(ours.writer_mut().write_cover(9)),
        [Negotiating, Negotiating, Done, Done, NoRoom, Closed, Closed, Failed, Failed, Failed],
    ),
    call(
        "`write_and_close(b\"x\")`",
        |ours| done(ours.writer_mut().write_and_close(b"x")),
        [Negotiating, Negotiating, Done, Done, NoRoom, Closed, Closed, Failed, Failed, Failed],
    ),
    call(
        "`slot()`",
        |ours| match ours.writer_mut().slot() {
            Ok(slot) if slot.is_empty() => Empty,
            Ok(_) => Lent,
            Err(error) => refused(error),
        },
        [Empty, Empty, Lent, Lent, Empty, Closed, Closed, Failed, Failed, Failed],
    ),
    call(
        "`flush()`",
        |ours| done(ours.writer_mut().flush()),
        [Done, Done, Done, Done, Done, Done, Done, Failed, Failed, Failed],
    ),
    call(
        "`update_keys`",
        |ours| done(ours.writer_mut().update_keys(KeyUpdateRequest::NotRequested)),
        [Negotiating, Negotiating, Done, Done, Done, Closed, Closed, Failed, Failed, Failed],
    ),
    call(
        "`close()`",
        |ours| done(ours.close()),
        [Done, Done, Done, Done, Done, Done, Done, Failed, Failed, Failed],
    ),
    call(
        "`abort`, then `state()`",
        |ours| {
            ours.abort(AlertDescription::INTERNAL_ERROR);
            match ours.writer_state() {
                WriterState::Failed => Failed,
                state => panic!("{state:?}"),
            }
        },
        [Failed, Failed, Failed, Failed, Failed, Failed, Failed, Failed, Failed, Failed],
    ),
    call(
        "`room()`",
        |ours| if ours.writer().room() > 0 { Positive } else { Zero },
        [Zero, Zero, Positive, Positive, Zero, Zero, Zero, Zero, Zero, Zero],
    ),
    call(
        "`wire_len(1)`",
        |ours| if ours.writer().wire_len(1) > 0 { Positive } else { Zero },
        [Zero, Zero, Positive, Positive, Positive, Zero, Zero, Zero, Zero, Zero],
    ),
    call(
        "`wants().drain`",
        |ours| if ours.wants().drain { Yes } else { No },
        [No, Yes, No, Yes, Yes, Yes, No, No, Yes, No],
    ),
    call(
        "`wants().input`",
        |ours| if ours.wants().input { Yes } else { No },
        [Yes, Yes, Yes, Yes, Yes, Yes, Yes, No, No, No],
    ),
    call(
        "`drain()`",
        |ours| if ours.writer_mut().drain().remaining() > 0 { Held } else { Nothing },
        [Nothing, Held, Nothing, Held, Held, Held, Nothing, Nothing, Held, Nothing],
    ),
    call(
        "`process()`",
        |ours| ours.process().map_or(Error, |()| Done),
        [Done, Done, Done, Done, Done, Done, Done, Error, Error, Error],
    ),
];

#[test]
fn every_state_and_call_has_the_outcome_in_the_table() {
    let mut wrong = Vec::new();
    for call in CALLS {
        for ((state, connection), expected) in STATES.iter().zip(call.expected) {
            let found = (call.on)(&mut connection());
            if found != expected {
                wrong.push(format!("{state}: {} gives {found}, not {expected}", call.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn design_has_the_table_of_states_and_calls() {
    let heading: Vec<&str> = [""].into_iter().chain(STATES.iter().map(|(name, _)| *name)).collect();
    let rows = CALLS.iter().map(|call| {
        let expected = call.expected.iter().map(Outcome::to_string);
        [call.name.to_owned()].into_iter().chain(expected).collect()
    });
    design::assert_has("states and calls", &design::table(&heading, rows));
}
