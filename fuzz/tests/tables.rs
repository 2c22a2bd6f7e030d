//! The inputs of `driver` reach every cell of three of DESIGN.md's tables. `replay.rs` has the same
//! for the other tables.
#![expect(clippy::std_instead_of_alloc, clippy::unwrap_used, reason = "tests")]

mod corpus;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use corpus::{inputs, renew};
use wantwrite_fuzz::driver;
use wantwrite_testing::design;

// Operations of `driver`, on the client unless they name an end.
const SETTLE: [u8; 2] = [12, 0];
/// Starts over with two new connections.
const NEW: [u8; 2] = [12, 1];
const DRAIN: [u8; 2] = [12, 2];
const FILL: [u8; 2] = [15, 0];
const HOLD: [u8; 3] = call(0, 2);
const CLOSE: [u8; 3] = call(0, 11);
const ABORT: [u8; 3] = call(0, 12);
const PEER_WRITES: [u8; 5] = [14, 1, 0, 0, 9];
const PEER_DRAINS: [u8; 2] = [12, 3];
const READ: u8 = 1;
const OFFER: u8 = 3;
const FLUSH: u8 = 4;
const LINGER: u8 = 6;
const FLUSHED: u8 = 3;
const ENDED: u8 = 5;
const BLOCKED: u8 = 7;
const FAILED: u8 = 8;
const GONE: u8 = 9;
const RESET: u8 = 10;

/// The number of a call is that of its row in the table.
const fn call(end: u8, number: u8) -> [u8; 3] {
    [10, end, number]
}

const fn next(goal: u8) -> [u8; 3] {
    [0, 0, goal]
}

const fn report(number: u8) -> [u8; 3] {
    [8, 0, number]
}

/// For each row of the driver's table, what leads there, and a report about the step that follows.
fn situations() -> Vec<(Vec<u8>, Option<u8>)> {
    let open = SETTLE.to_vec();
    let then = |calls: &[&[u8]]| [&SETTLE[..], &calls.concat()].concat();
    let earlier = [&HOLD[..], &next(READ), &report(FAILED), &next(OFFER)];
    vec![
        (vec![], None),
        (DRAIN.to_vec(), None),
        (vec![], Some(BLOCKED)),
        (vec![], Some(FAILED)),
        (vec![], Some(GONE)),
        (DRAIN.to_vec(), Some(BLOCKED)),
        (open.clone(), None),
        (then(&[&HOLD]), None),
        (then(&[&FILL]), None),
        (then(&[&FILL]), Some(BLOCKED)),
        (then(&earlier), None),
        (then(&[&PEER_WRITES, &SETTLE]), None),
        (open.clone(), Some(BLOCKED)),
        (open.clone(), Some(RESET)),
        (then(&[&call(1, 11), &SETTLE]), None),
        (open, Some(ENDED)),
        (then(&[&CLOSE]), None),
        (then(&[&CLOSE, &DRAIN]), None),
        (then(&[&ABORT]), None),
        (then(&[&ABORT]), Some(BLOCKED)),
        (then(&[&ABORT]), Some(GONE)),
        (then(&[&ABORT, &next(OFFER), &report(GONE), &next(OFFER)]), None),
        (then(&[&ABORT, &DRAIN]), None),
    ]
}

/// The inputs of `driver` for a table: one for each row, or each column of the table of calls.
fn seeds(table: &str, rows: usize, columns: usize) -> Vec<Vec<u8>> {
    let then = |calls: &[&[u8]]| [&SETTLE[..], &calls.concat()].concat();
    let each = |last: u8, input: &dyn Fn(u8) -> Vec<u8>| -> Vec<u8> {
        // The suite comes first.
        [vec![0], (0..last).flat_map(|n| [NEW.to_vec(), input(n)].concat()).collect()].concat()
    };
    let [rows, columns] = [rows, columns].map(|n| u8::try_from(n).unwrap());
    match table {
        "states and calls" => {
            let states = [
                DRAIN.to_vec(),
                vec![],
                then(&[]),
                then(&[&HOLD]),
                then(&[&FILL]),
                then(&[&CLOSE]),
                then(&[&CLOSE, &DRAIN]),
                then(&[&ABORT, &DRAIN]),
                then(&[&ABORT]),
                then(&[&call(1, 12), &SETTLE]),
            ];
            let calls = |state: &Vec<u8>| each(rows, &|n| [&**state, &call(0, n)].concat());
            states.iter().map(calls).collect()
        }
        "situations and goals" => {
            let goals = |(before, about): &(Vec<u8>, Option<u8>)| {
                each(columns, &|goal| {
                    let mut input = before.clone();
                    if let Some(about) = *about {
                        // A report about a read is about `Read`, if this goal does not read.
                        let is_open = before.starts_with(&SETTLE);
                        let is_read = *before == DRAIN || *before == SETTLE;
                        let reads = !is_open && goal != OFFER && goal != FLUSH;
                        let asked = if is_read && !reads { READ } else { goal };
                        input.extend([next(asked), report(about)].concat());
                    }
                    input.extend(next(goal));
                    input
                })
            };
            situations().iter().map(goals).collect()
        }
        _ => {
            let arrives = [&PEER_WRITES[..], &PEER_DRAINS];
            let steps = [
                (then(&[&HOLD]), FLUSH),
                (then(&[]), FLUSH),
                (then(&arrives), READ),
                (
                    [
                        then(&arrives),
                        [CLOSE.to_vec(), DRAIN.to_vec()].concat(),
                        [next(LINGER), report(FLUSHED)].concat(),
                    ]
                    .concat(),
                    LINGER,
                ),
            ];
            let reports = |(before, goal): &(Vec<u8>, u8)| {
                each(columns, &|n| [&**before, &next(*goal), &report(n), &next(*goal)].concat())
            };
            steps.iter().map(reports).collect()
        }
    }
}

/// The corpus has every cell of three of DESIGN.md's tables, with the outcome that the table has.
/// `WANTWRITE_RENEW=1` writes the inputs.
#[test]
fn the_corpus_has_every_cell_of_the_tables_of_calls_goals_and_reports() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/driver");
    let tables = ["states and calls", "situations and goals", "steps and reports"];
    let mut expected = BTreeSet::new();
    for table in tables {
        let lines = design::rows(table);
        let (heading, rows) = lines.split_first().unwrap();
        for (number, seed) in seeds(table, rows.len(), heading.len() - 1).iter().enumerate() {
            let name = format!("{}_{number:02}", table.split_once(' ').unwrap().0);
            renew(&corpus.join(name), seed);
        }
        for row in rows {
            let cells = heading.iter().zip(row).skip(1);
            expected.extend(cells.map(|(column, outcome)| {
                [table.to_owned(), row[0].clone(), column.clone(), outcome.clone()]
            }));
        }
    }
    assert!(expected.len() > 350, "{}", expected.len());
    for path in inputs(&corpus) {
        for (table, row, column, outcome) in driver::cells(&fs::read(path).unwrap()) {
            expected.remove(&[table, row, column, &outcome].map(str::to_owned));
        }
    }
    assert!(expected.is_empty(), "in no input: {expected:#?}");
}
