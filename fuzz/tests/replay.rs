//! Replays the fuzzers' seeds and findings as tests: each input goes to the function that its
//! target calls. `README.md` explains how to fuzz.
#![expect(clippy::std_instead_of_alloc, clippy::unwrap_used, reason = "tests")]

mod corpus;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use corpus::{inputs, renew};
use rustls::ServerConfig;
use wantwrite::{Connection, ConnectionError, PeerFault, Version};
use wantwrite_fuzz::{capi, connection_bytes, reader_bytes, requests, writer_ops};
use wantwrite_testing::raw_peer::{RawPeer, Secrets};
use wantwrite_testing::violations::{VIOLATIONS, Verdict};
use wantwrite_testing::{TLS12, TLS13, design};

/// Replays `corpus`, and `regressions`, which has one input for each bug that was found, named
/// after the bug.
fn replay(target: &str) {
    let (_, run) = wantwrite_fuzz::ALL.into_iter().find(|(name, _)| *name == target).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for directory in ["corpus", "regressions"] {
        for path in inputs(&root.join(directory).join(target)) {
            eprintln!("{}", path.display());
            run(&fs::read(path).unwrap());
        }
    }
}

#[test]
fn record_header() {
    replay("record_header");
}

#[test]
fn reader_bytes() {
    replay("reader_bytes");
}

#[test]
fn writer_ops() {
    replay("writer_ops");
}

#[test]
fn round_trip() {
    replay("round_trip");
}

#[test]
fn differential_rustls() {
    replay("differential_rustls");
}

#[test]
fn connection_bytes() {
    replay("connection_bytes");
}

#[test]
fn driver() {
    replay("driver");
}

#[test]
fn handover() {
    replay("handover");
}

#[test]
fn parallel() {
    replay("parallel");
}

#[test]
fn capi() {
    replay("capi");
}

#[test]
fn requests() {
    replay("requests");
}

#[test]
fn requests_behind_tls() {
    replay("requests_behind_tls");
}

#[test]
fn requests_on_the_wire() {
    replay("requests_on_the_wire");
}

#[test]
fn scripts() {
    replay("scripts");
}

/// Every target stays within its own limits for arbitrary bytes.
#[test]
fn meaningless_inputs_run_too() {
    let mut rng = wantwrite_testing::Rng(1);
    for (name, run) in wantwrite_fuzz::ALL {
        for len in [0, 1, 2, 10, 100, 1000] {
            let input = rng.bytes(len);
            eprintln!("{name}, {len} bytes");
            run(&input);
            run(&vec![0; len]);
            run(&vec![0xff; len]);
        }
    }
}

/// The corpus has every row of DESIGN.md's table of violations in both versions, with the fault
/// that the table names, or as legal. `WANTWRITE_RENEW=1` writes the inputs.
#[test]
fn the_corpus_has_every_violation_in_the_table() {
    const MAX_LEN: usize = 4096;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (number, violation) in VIOLATIONS.iter().enumerate() {
        for version in [Version::Tls13, Version::Tls12] {
            let (verdict, suffix) = match version {
                Version::Tls13 => (violation.verdicts.tls13, ""),
                Version::Tls12 => (violation.verdicts.tls12, "_tls12"),
            };
            let expected = match verdict {
                Verdict::Ends(fault, _) => Some(fault),
                Verdict::Legal => None,
                Verdict::Absent => continue,
            };
            for &role in violation.roles {
                let make = &(violation.ways)(version, role)[0];
                let mut peer = match version {
                    Version::Tls13 => {
                        let secret = (&[7; 32][..], 0);
                        RawPeer::from_secrets(TLS13, secret, secret)
                    }
                    Version::Tls12 => RawPeer::from_key(TLS12, &[3; 16], [5; 12], 1),
                };
                let name = format!("violation_{number:02}_{role:?}{suffix}").to_lowercase();
                if let Some(PeerFault::BadTicket | PeerFault::DuplicateTicketExtension) = expected {
                    // A reader alone cannot store tickets, and does not parse them.
                    let wire = make(&mut server_of_strangers());
                    let path = corpus.join("connection_bytes").join(name);
                    let seed = renewed(&path, &connection_bytes::input_to_client(&wire));
                    let error = expected.map(|fault| ConnectionError::Record(fault.into()));
                    assert_eq!(connection_bytes::errors(&seed)[0], error, "{violation}");
                    continue;
                }
                let input = match violation.name {
                    "content over 2^14 bytes, sealed" => {
                        reader_bytes::input_of_too_long(version, role, false)
                    }
                    "content and padding over 2^14 bytes" => {
                        reader_bytes::input_of_too_long(version, role, true)
                    }
                    _ => reader_bytes::input_of(version, role, &make(&mut peer)),
                };
                assert!(input.len() <= MAX_LEN, "{violation}");
                let seed = renewed(&corpus.join("reader_bytes").join(name), &input);
                assert_eq!(reader_bytes::fault(&seed), expected, "{violation}, {version:?}");
            }
        }
    }
}

/// The server of `connection_bytes` after the handshake and its tickets: it seals with the same
/// keys and sequence numbers.
fn server_of_strangers() -> RawPeer {
    wantwrite_fuzzing::seed(0);
    let (client, server) = wantwrite_fuzzing::configs(TLS13).unwrap();
    let log = Arc::new(Secrets::default());
    let mut server = ServerConfig::clone(&server);
    server.key_log = log.clone();
    let mut client = Connection::client(client, wantwrite_fuzzing::server_name()).unwrap();
    let mut server = Connection::server(server.into()).unwrap();
    wantwrite_fuzzing::settle(&mut client, &mut server);
    let secret = (&*log.get("SERVER_TRAFFIC_SECRET_0"), server.writer().next_seq());
    RawPeer::from_secrets(TLS13, secret, secret)
}

/// The columns of DESIGN.md's table that a writer alone has, and the operations of `writer_ops`
/// that lead to them.
const STATES: [(&str, &[u8]); 7] = [
    ("Open, Empty", &[]),
    ("Open, Holding", &WRITE_10),
    ("Open, Full", &FILL),
    ("Closing", &CLOSE),
    ("Closed", &[CLOSE[0], CLOSE[1], DRAIN[0]]),
    ("Failed, alert", &ABORT),
    ("Failed", &[ABORT[0], ABORT[1], DRAIN[0]]),
];
const WRITE_10: [u8; 4] = [0, 0, 0, 10];
/// Writes more bytes than there is room for.
const FILL: [u8; 4] = [0, 7, 0xea, 0x60];
const CLOSE: [u8; 2] = [31, 0];
const ABORT: [u8; 2] = [31, 1];
const DRAIN: [u8; 1] = [17];

/// The calls that leave a writer open.
const CALLS: [&[u8]; 12] = [
    &[0, 0, 0, 1],
    &[0, 0, 0, 0],
    &[4, 0, 0, 1],
    &[3, 0, 0, 1, 0, 0, 1, 0, 0, 0],
    &[9, 0, 0, 1, 0],
    &[31, 4, 0, 0, 1, 0],
    &[11, 0, 0, 9],
    &[5, 0, 0, 1],
    &[13],
    &[23, 0],
    &[12, 0, 0, 1],
    &DRAIN,
];
const ENDS: [&[u8]; 3] = [&[31, 2, 0, 0, 1], &CLOSE, &ABORT];

/// The corpus has every cell of DESIGN.md's table of states and calls that a writer alone has.
/// `WANTWRITE_RENEW=1` writes the inputs.
#[test]
fn the_corpus_has_every_state_and_call_of_a_writer() {
    // TLS 1.3, a buffer of one record, and the defaults for everything else.
    const SETTINGS: [u8; 12] = [0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0];
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/writer_ops");
    for (number, (column, state)) in STATES.iter().enumerate() {
        let calls = if column.starts_with("Open") {
            CALLS.map(|call| [state, call, &DRAIN, &DRAIN].concat()).concat()
        } else {
            // Only the last call changes the state.
            [state, &*CALLS.concat()].concat()
        };
        renew(&corpus.join(format!("state_{number}")), &[&SETTINGS[..], &calls].concat());
        for (end, call) in ENDS.iter().enumerate() {
            renew(
                &corpus.join(format!("state_{number}_end_{end}")),
                &[&SETTINGS[..], state, call].concat(),
            );
        }
    }
    let visited: BTreeSet<_> = inputs(&corpus)
        .iter()
        .flat_map(|path| writer_ops::cells(&fs::read(path).unwrap()))
        .collect();
    let table = design::rows("states and calls");
    let (heading, rows) = table.split_first().unwrap();
    // Excludes what only a connection has.
    let of_writers = |name: &String| {
        let of_connections =
            ["Negotiating", "Failed, by the peer", "`wants().input`", "`process()`"];
        !of_connections.iter().any(|start| name.starts_with(start))
    };
    let columns = heading[1..].iter().filter(|column| of_writers(column));
    let rows = rows.iter().map(|row| &row[0]).filter(|row| of_writers(row));
    let cells = columns.flat_map(|column| rows.clone().map(move |row| (&**column, &**row)));
    let cells: Vec<_> = cells.collect();
    assert_eq!(cells.len(), STATES.len() * 17);
    let missing: Vec<_> = cells.into_iter().filter(|cell| !visited.contains(cell)).collect();
    assert!(missing.is_empty(), "missing from every input: {missing:?}");
}

/// Checks the states that only a connection has, with the calls that `connection_bytes` makes.
#[test]
fn the_corpus_has_every_state_of_a_connection() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/connection_bytes");
    let visited: BTreeSet<_> = inputs(&corpus)
        .iter()
        .flat_map(|path| connection_bytes::cells(&fs::read(path).unwrap()))
        .collect();
    let table = design::rows("states and calls");
    let has = |name: &str| table.iter().flatten().any(|cell| cell == name);
    let columns = ["Negotiating", "Negotiating, flight", "Failed, by the peer"];
    let rows = ["`write(b\"x\")`", "`flush()`", "`update_keys`", "`write_cover(9)`", "`drain()`"];
    assert!(columns.iter().chain(&rows).all(|name| has(name)));
    let cells = columns.iter().flat_map(|column| rows.map(|row| (*column, row)));
    let missing: Vec<_> = cells.filter(|cell| !visited.contains(cell)).collect();
    assert!(missing.is_empty(), "missing from every input: {missing:?}");
}

/// The corpus has every answer to every goal that DESIGN.md's table of the driver lists for the
/// time after the handshake.
#[test]
fn the_corpus_has_every_goal_and_answer_after_the_handshake() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/capi");
    let visited: BTreeSet<_> =
        inputs(&corpus).iter().flat_map(|path| capi::answers(&fs::read(path).unwrap())).collect();
    let table = design::rows("situations and goals");
    let (heading, rows) = table.split_first().unwrap();
    let rows = rows.iter().filter(|row| !row[0].starts_with("negotiating"));
    let cells = rows.flat_map(|row| heading.iter().zip(row).skip(1));
    let cells: BTreeSet<(&str, &str)> = cells.map(|(goal, answer)| (&**goal, &**answer)).collect();
    assert!(cells.len() > 20, "{cells:?}");
    let missing: Vec<_> = cells.difference(&visited).collect();
    assert!(missing.is_empty(), "missing from every input: {missing:?}");
}

/// Checks that the committed input is this one, and returns it.
fn renewed(path: &Path, input: &[u8]) -> Vec<u8> {
    renew(path, input);
    let seed = fs::read(path).unwrap_or_default();
    assert!(seed == input, "{} differs", path.display());
    seed
}

/// The corpus also has every request as wire bytes. `WANTWRITE_RENEW=1` writes them.
#[test]
fn the_corpus_has_every_request_on_the_wire() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for path in inputs(&root.join("requests")) {
        let sealed = requests::sealed(&fs::read(&path).unwrap());
        let on_the_wire = root.join("requests_on_the_wire").join(path.file_name().unwrap());
        renewed(&on_the_wire, &sealed);
    }
}
