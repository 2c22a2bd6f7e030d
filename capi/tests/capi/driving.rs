//! The driver, with a transport in memory.

use std::collections::VecDeque;

use capi_calls::capi::*;
use capi_calls::{Connection, Stepped};

use crate::ends::{configs, established, pair_with, pump};

/// The bytes in flight in one direction.
type Pipe = VecDeque<u8>;

/// Takes steps until the goal is reached or the driver is blocked. Returns whether it was reached.
fn drive(end: &mut Connection, out: &mut Pipe, input: &mut Pipe, goal: ww_goal) -> bool {
    for _ in 0..1000 {
        let (status, (step, _)) = end.next(goal as i32);
        assert_eq!(status, ww_status::WW_OK);
        match step {
            Stepped::Done => return true,
            Stepped::Blocked => return false,
            Stepped::Flush => assert_eq!(end.flushed(), ww_status::WW_OK),
            Stepped::Write(bytes) => {
                let n = bytes.len().min(1000);
                out.extend(&bytes[..n]);
                assert_eq!(end.wrote(n), ww_status::WW_OK);
            }
            Stepped::Read(memory) => {
                let n = memory.len().min(input.len()).min(777);
                for (place, byte) in memory.iter_mut().zip(input.drain(..n)) {
                    *place = byte;
                }
                let report = if n == 0 { end.blocked() } else { end.got(n) };
                assert_eq!(report, ww_status::WW_OK);
            }
        }
    }
    panic!("the driver does not finish");
}

#[test]
fn a_connection_is_driven_from_its_handshake_to_its_end() {
    let (client, server, _) = configs(0, &[]);
    let [mut client, mut server] = pair_with(&client, &server, &capi_calls::settings());
    let (mut up, mut down) = (Pipe::new(), Pipe::new());
    let mut reached = [false; 2];
    while reached != [true; 2] {
        reached[0] = drive(&mut client, &mut up, &mut down, ww_goal::WW_GOAL_HANDSHAKE);
        reached[1] = drive(&mut server, &mut down, &mut up, ww_goal::WW_GOAL_HANDSHAKE);
    }
    assert!(drive(&mut client, &mut up, &mut down, ww_goal::WW_GOAL_WRITE));
    let plaintext = vec![7; 40_000];
    assert_eq!(client.write(&plaintext), (ww_status::WW_OK, 40_000));
    assert!(drive(&mut client, &mut up, &mut down, ww_goal::WW_GOAL_CLOSE));
    let mut received = Vec::new();
    while server.reading_state() == ww_reading::WW_READING_OPEN {
        assert!(drive(&mut server, &mut down, &mut up, ww_goal::WW_GOAL_READ));
        let (status, read) = server.read(10_000);
        assert_eq!(status, ww_status::WW_OK);
        received.extend(read);
        assert!(drive(&mut server, &mut down, &mut up, ww_goal::WW_GOAL_OFFER));
    }
    assert_eq!(received, plaintext);
}

#[test]
fn writes_after_a_goal_is_set_are_sent_together() {
    let mut ends = established(0);
    let (status, (step, _)) = ends[0].next(ww_goal::WW_GOAL_WRITE as i32);
    assert!(matches!((status, step), (ww_status::WW_OK, Stepped::Done)));
    let plaintext = [7; 20_000];
    assert_eq!(ends[0].write(&plaintext), (ww_status::WW_OK, 20_000));
    assert_eq!(ends[0].progress().1.records, 2);
    pump(&mut ends);
    // Only the first write after the goal seals all its bytes. This one holds its last bytes.
    assert_eq!(ends[0].write(&plaintext), (ww_status::WW_OK, 20_000));
    assert_eq!(ends[0].progress().1.records, 3);
}

#[test]
fn writes_return_the_same_errors_after_a_goal_as_without_it() {
    for goal in [None, Some(ww_goal::WW_GOAL_WRITE)] {
        let reach = |end: &mut Connection| {
            if let Some(goal) = goal {
                let (status, (step, _)) = end.next(goal as i32);
                assert!(matches!((status, step), (ww_status::WW_OK, Stepped::Done)));
            }
        };
        let mut ends = established(0);
        reach(&mut ends[0]);
        assert_eq!(ends[1].abort(40), ww_status::WW_OK);
        pump(&mut ends);
        assert_eq!(ends[0].write(b"x"), (ww_status::WW_ERROR_FAILED, 0), "after {goal:?}");
        assert_eq!(ends[0].error().status, ww_status::WW_ERROR_PEER_ALERT);

        let mut ends = established(0);
        reach(&mut ends[0]);
        assert_eq!(ends[0].close(), ww_status::WW_OK);
        assert_eq!(ends[0].writev(&[b"x"]), (ww_status::WW_ERROR_CLOSED, 0), "after {goal:?}");
    }
}

#[test]
fn a_transport_failure_is_returned_with_its_number() {
    let mut ends = established(0);
    assert_eq!(ends[0].write(b"lost"), (ww_status::WW_OK, 4));
    let (_, (step, _)) = ends[0].next(ww_goal::WW_GOAL_FLUSH as i32);
    assert!(matches!(step, Stepped::Write(_)));
    assert_eq!(ends[0].transport_failed(2, 104), ww_status::WW_OK);
    let (status, (_, step)) = ends[0].next(ww_goal::WW_GOAL_FLUSH as i32);
    assert_eq!((status, step.transport_error), (ww_status::WW_ERROR_TRANSPORT, 104));

    let (_, (step, _)) = ends[1].next(ww_goal::WW_GOAL_READ as i32);
    let Stepped::Read(memory) = step else { panic!("expected a read, got {step:?}") };
    let too_much = memory.len() + 1;
    assert_eq!(ends[1].got(too_much), ww_status::WW_OK);
    let (status, _) = ends[1].next(ww_goal::WW_GOAL_READ as i32);
    assert_eq!(status, ww_status::WW_ERROR_OVERRUN);
}

#[test]
fn lingering_reports_what_it_discarded() {
    let mut ends = established(0);
    // A record that never becomes complete.
    let mut header = [23, 3, 3, 0, 100].into_iter();
    loop {
        let (status, (step, counts)) = ends[0].next_linger(10);
        match step {
            Stepped::Write(bytes) => {
                let n = bytes.len();
                assert_eq!(ends[0].wrote(n), ww_status::WW_OK);
            }
            Stepped::Flush => assert_eq!(ends[0].flushed(), ww_status::WW_OK),
            Stepped::Read(memory) => {
                let n = memory.len().min(6);
                memory[..n].fill_with(|| header.next().unwrap_or(0));
                assert_eq!(ends[0].got(n), ww_status::WW_OK);
            }
            Stepped::Done if status == ww_status::WW_ERROR_STILL_SENDING => {
                assert_eq!(counts.discarded, 11);
                return;
            }
            step => panic!("expected more than 10 bytes, got {status:?} and {step:?}"),
        }
    }
}
