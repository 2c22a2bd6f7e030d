//! Every state × call of a connection, as the table in DESIGN.md has it.
#![expect(clippy::unwrap_used, reason = "tests")]

use bytes::{Bytes, BytesMut};
use wantwrite::*;
use wantwrite_testing::raw_peer::{ALERT, RawPeer};
use wantwrite_testing::verdict::FATAL;
use wantwrite_testing::*;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;

/// The table stands behind this line of DESIGN.md.
const MARK: &str = "<!-- The table of states and calls; tests/engine/states.rs walks it. -->";

/// A connection in the state that a column of the table names.
fn connection(state: &str) -> Connection {
    if state.starts_with("Negotiating") {
        let mut ours = pair(TLS13, Role::Client).0;
        if state == "Negotiating" {
            drain(&mut ours);
        }
        return ours;
    }
    let (mut ours, mut peer) = RawPeer::established(TLS13, Role::Client);
    match state {
        "Open, Empty" => {}
        "Open, Holding" => ours.writer_mut().write_atomic(b"held").unwrap(),
        "Open, Full" => {
            let room = ours.writer().room();
            ours.writer_mut().write_atomic(&vec![0; room]).unwrap();
        }
        "Closing" => ours.close().unwrap(),
        "Closed" => {
            ours.close().unwrap();
            drain(&mut ours);
        }
        "Failed" | "Failed, alert" => {
            ours.writer_mut().write_atomic(b"lost").unwrap();
            ours.abort(AlertDescription::INTERNAL_ERROR);
            if state == "Failed" {
                drain(&mut ours);
            }
        }
        "Failed, by the peer" => {
            ours.writer_mut().write_atomic(b"sealed").unwrap();
            ours.writer_mut().flush().unwrap();
            ours.writer_mut().write_atomic(b"not sealed").unwrap();
            let wire = peer.seal(ALERT, &[FATAL, AlertDescription::INTERNAL_ERROR.0]);
            feed(&mut ours, &wire);
        }
        _ => panic!("no such state: {state}"),
    }
    ours
}

/// What a call, which names a row of the table, comes to.
fn outcome(ours: &mut Connection, call: &str) -> String {
    match call {
        "`write(b\"x\")`" => counted(ours.writer_mut().write(b"x")),
        "`write(b\"\")`" => counted(ours.writer_mut().write(b"")),
        "`write_atomic(b\"x\")`" => done(ours.writer_mut().write_atomic(b"x")),
        "`write_vectored`" => counted(ours.writer_mut().write_vectored(&[&b"x"[..], b"y"])),
        "`write_owned`" => counted(ours.writer_mut().write_owned(&mut BytesMut::from(&b"x"[..]))),
        "`write_cover(9)`" => done(ours.writer_mut().write_cover(9)),
        "`write_and_close(b\"x\")`" => done(ours.writer_mut().write_and_close(b"x")),
        "`slot()`" => match ours.writer_mut().slot() {
            Ok(slot) if slot.is_empty() => "empty".to_owned(),
            Ok(_) => "lent".to_owned(),
            Err(error) => name(&error),
        },
        "`seal_batch`" => counted(
            ours.writer_mut().seal_batch(&mut Bytes::from_static(b"x")).and_then(Batch::finish),
        ),
        "`flush()`" => done(ours.writer_mut().flush()),
        "`update_keys`" => done(ours.writer_mut().update_keys(KeyUpdateRequest::NotRequested)),
        "`close()`" => done(ours.close()),
        "`abort`, then `state()`" => {
            ours.abort(AlertDescription::INTERNAL_ERROR);
            format!("{:?}", ours.writer_state())
        }
        "`room()`" => if ours.writer().room() > 0 { "> 0" } else { "0" }.to_owned(),
        "`wire_len(1)`" => if ours.writer().wire_len(1) > 0 { "> 0" } else { "0" }.to_owned(),
        "`wants().drain`" => if ours.wants().drain { "yes" } else { "no" }.to_owned(),
        "`wants().input`" => if ours.wants().input { "yes" } else { "no" }.to_owned(),
        "`drain()`" => {
            if ours.writer_mut().drain().has_remaining() { "bytes" } else { "none" }.to_owned()
        }
        "`process()`" => match ours.process() {
            Ok(()) => "Ok".to_owned(),
            Err(_) => "Err".to_owned(),
        },
        _ => panic!("no such call: {call}"),
    }
}

fn counted(result: Result<usize, WriteError>) -> String {
    result.map_or_else(|error| name(&error), |n| format!("Ok({n})"))
}

fn done(result: Result<(), WriteError>) -> String {
    result.map_or_else(|error| name(&error), |()| "Ok".to_owned())
}

fn name(error: &WriteError) -> String {
    let text = format!("{error:?}");
    text.split([' ', '(']).next().unwrap().to_owned()
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

#[test]
fn every_state_and_call_comes_to_what_the_table_says() {
    let design = include_str!("../../DESIGN.md");
    let (_, table) = design.split_once(MARK).unwrap();
    let mut lines = table.lines().skip_while(|line| line.is_empty());
    let states = cells(lines.next().unwrap());
    let rows = lines.skip(1).take_while(|line| line.starts_with('|'));
    let (mut walked, mut wrong) = (0, Vec::new());
    for row in rows {
        let row = cells(row);
        for (state, expected) in states.iter().zip(&row).skip(1) {
            let found = outcome(&mut connection(state), row[0]);
            if found != *expected {
                wrong.push(format!("{state}: {} gives {found}, not {expected}", row[0]));
            }
            walked += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(walked, 19 * 10, "the whole table");
}
