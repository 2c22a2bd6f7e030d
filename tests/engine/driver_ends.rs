//! How a driver's goals end after failures, and how it lingers.
#![expect(clippy::unwrap_used, reason = "tests")]

use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Step};
use wantwrite::*;
use wantwrite_testing::*;

type Ours = Driver<&'static str>;

const RESET: &str = "the transport was reset";

fn open() -> (Ours, Peer) {
    let (ours, peer) = established(TLS13, Role::Client);
    let mut driver = Ours::new(ours);
    assert_eq!(step(&mut driver, Goal::Handshake), "Done");
    (driver, peer)
}

/// The next step for `goal`, or why there is none.
fn step(driver: &mut Ours, goal: Goal) -> String {
    match driver.next(goal) {
        Ok(Step::Write(_)) => "Write".to_owned(),
        Ok(Step::Read(memory)) => format!("Read {}", memory.len()),
        Ok(step) => format!("{step:?}"),
        Err(Fault::Transport(error)) => error.to_owned(),
        Err(Fault::Connection(error)) => error.to_string(),
        Err(Fault::Linger(error)) => error.to_string(),
        Err(fault) => format!("{fault:?}"),
    }
}

/// Takes all that the next step offers.
fn take(driver: &mut Ours, goal: Goal) {
    let Step::Write(mut bytes) = driver.next(goal).unwrap() else { panic!("no write") };
    let n = bytes.chunk().len();
    driver.wrote(n);
}

/// Closes and flushes.
fn lingering(max: u64) -> (Ours, Peer) {
    let (mut driver, peer) = open();
    take(&mut driver, Goal::Linger { max });
    assert_eq!(step(&mut driver, Goal::Linger { max }), "Flush");
    driver.flushed();
    (driver, peer)
}

#[test]
fn lingering_reads_one_byte_more_than_it_discards() {
    let linger = Goal::Linger { max: 100 };
    let (mut driver, mut peer) = lingering(100);
    let wire = peer.send(&[7; 1000]);
    let mut sent = 0;
    for (asked, given) in [(101, 50), (51, 50), (1, 1)] {
        let Step::Read(memory) = driver.next(linger).unwrap() else { panic!("no read") };
        assert_eq!(memory.len(), asked);
        memory[..given].copy_from_slice(&wire[sent..sent + given]);
        sent += given;
        driver.read(given);
    }
    let error = LingerError::StillSending { discarded: 101 };
    assert_eq!(step(&mut driver, linger), error.to_string());
}

/// A peer that breaks the protocol while we discard what it sends has failed the connection, and
/// that is reported before anything that the transport does.
#[test]
fn lingering_reports_why_the_connection_has_failed_before_the_transport() {
    let linger = Goal::Linger { max: 100 };
    let ends: [fn(&mut Ours); 4] = [
        |driver| driver.failed(FarEnd::Reset, RESET),
        |driver| driver.gave_up(),
        |driver| driver.read(96),
        |driver| driver.read(0),
    ];
    for end in ends {
        let (mut driver, _) = lingering(100);
        let Step::Read(memory) = driver.next(linger).unwrap() else { panic!("no read") };
        memory[..5].copy_from_slice(&[0x18, 3, 3, 0, 1]);
        driver.read(5);
        assert_eq!(step(&mut driver, linger), "Read 96");
        let error = driver.connection().error().unwrap();
        end(&mut driver);
        assert_eq!(step(&mut driver, linger), error.to_string());
    }
}

#[test]
fn only_what_lingering_discards_counts() {
    let (mut driver, mut peer) = open();
    let wire = peer.send(&[7; 1000]);
    let Step::Read(memory) = driver.next(Goal::Read).unwrap() else { panic!("no read") };
    memory[..wire.len()].copy_from_slice(&wire);
    driver.read(wire.len());
    assert_eq!(driver.read_plaintext(|ours| Ok(read_all(ours).len())).unwrap(), 1000);
    let linger = Goal::Linger { max: 100 };
    take(&mut driver, linger);
    assert_eq!(step(&mut driver, linger), "Flush");
    driver.flushed();
    assert_eq!(step(&mut driver, linger), "Read 101");
    driver.gave_up();
    let error = LingerError::GaveUp { discarded: 0 };
    assert_eq!(step(&mut driver, linger), error.to_string());
}

#[test]
fn a_flush_fails_if_something_failed_after_it() {
    let (mut driver, _) = open();
    assert_eq!(step(&mut driver, Goal::Flush), "Flush");
    driver.flushed();
    driver.failed(FarEnd::Unknown, RESET);
    assert_eq!(step(&mut driver, Goal::Flush), RESET);

    let (mut driver, _) = open();
    assert_eq!(step(&mut driver, Goal::Flush), "Flush");
    driver.flushed();
    driver.connection_mut().abort(AlertDescription::INTERNAL_ERROR);
    drain(driver.connection_mut());
    let aborted = Error::Aborted(AlertDescription::INTERNAL_ERROR);
    assert_ne!(step(&mut driver, Goal::Flush), "Done");
    driver.flushed();
    assert_eq!(step(&mut driver, Goal::Flush), aborted.to_string());
    assert!(!driver.is_reached(Goal::Write), "it has failed");
}

/// A flush waits for the transport to take what was written. What was read meanwhile is the
/// reader's.
#[test]
fn an_input_error_during_a_flush_is_reported_by_the_read_that_follows() {
    let held = |driver: &mut Ours| {
        driver.connection_mut().writer_mut().write_atomic(b"held").unwrap();
        assert_eq!(step(driver, Goal::Flush), "Write");
        driver.blocked();
        assert_eq!(step(driver, Goal::Flush), "Blocked");
        assert_eq!(step(driver, Goal::Read), "Write");
        driver.blocked();
    };
    let flush = |driver: &mut Ours| {
        let Step::Write(mut bytes) = driver.next(Goal::Flush).unwrap() else { panic!("no write") };
        let wire = bytes.chunk().to_vec();
        driver.wrote(wire.len());
        assert_eq!(step(driver, Goal::Flush), "Flush");
        driver.flushed();
        assert_eq!(step(driver, Goal::Flush), "Done");
        wire
    };

    let (mut driver, mut peer) = open();
    held(&mut driver);
    assert!(step(&mut driver, Goal::Read).starts_with("Read"));
    driver.failed(FarEnd::Reset, RESET);
    peer.feed(&flush(&mut driver)).unwrap();
    assert_eq!(peer.take_plaintext(), b"held");
    assert_eq!(step(&mut driver, Goal::Read), RESET);
    assert!(step(&mut driver, Goal::Read).starts_with("Read"), "once");

    let (mut driver, mut peer) = open();
    held(&mut driver);
    let mut wire = peer.send(b"forged");
    *wire.last_mut().unwrap() ^= 1;
    supply(&mut driver, &wire);
    peer.feed(&flush(&mut driver)).unwrap();
    assert_eq!(peer.take_plaintext(), b"held");
    // Another flush does not look at the input either.
    assert_eq!(step(&mut driver, Goal::Flush), "Flush");
    driver.flushed();
    assert_eq!(step(&mut driver, Goal::Flush), "Done");
    assert_eq!(driver.connection().error(), None);
    take_alert(&mut driver, &mut peer);
    let forged = Error::Peer(PeerFault::BadRecordMac).to_string();
    for goal in [Goal::Read, Goal::Flush] {
        assert_eq!(step(&mut driver, goal), forged, "{goal:?}");
    }
}

/// Takes the alert that the next read offers. The peer has received all that came before it.
fn take_alert(driver: &mut Ours, peer: &mut Peer) {
    let Step::Write(mut bytes) = driver.next(Goal::Read).unwrap() else { panic!("no alert") };
    let wire = bytes.chunk().to_vec();
    driver.wrote(wire.len());
    let alert = rustls::AlertDescription::BadRecordMac;
    assert_eq!(peer.feed(&wire), Err(rustls::Error::AlertReceived(alert)));
    assert_eq!(step(driver, Goal::Read), "Flush");
    driver.flushed();
}

#[test]
fn an_alert_is_flushed_before_the_error() {
    let (mut driver, _) = open();
    driver.connection_mut().abort(AlertDescription::INTERNAL_ERROR);
    take(&mut driver, Goal::Read);
    assert_eq!(step(&mut driver, Goal::Read), "Flush");
    driver.flushed();
    let aborted = Error::Aborted(AlertDescription::INTERNAL_ERROR);
    assert_eq!(step(&mut driver, Goal::Read), aborted.to_string());
}

/// A transport that completes its operations later, or sends for several tasks, reports a failure
/// when another goal is being reached, or none.
#[test]
fn an_alert_that_could_not_be_sent_is_not_offered_until_a_goal_has_failed() {
    let aborted = Error::Aborted(AlertDescription::INTERNAL_ERROR).to_string();
    let reports: [fn(&mut Ours); 4] = [
        |driver| driver.failed(FarEnd::Gone, RESET),
        |driver| driver.failed(FarEnd::Unknown, RESET),
        |driver| driver.wrote(0),
        |driver| driver.wrote(usize::MAX),
    ];
    let goals = [Goal::Read, Goal::Write, Goal::Flush, Goal::Close];
    for report in reports {
        for goal in goals {
            let (mut driver, _) = open();
            driver.connection_mut().abort(AlertDescription::INTERNAL_ERROR);
            for _ in 0..3 {
                // The failure is that of another goal.
                assert_eq!(step(&mut driver, Goal::Offer), "Write");
                report(&mut driver);
                assert_eq!(step(&mut driver, Goal::Offer), "Done");
                assert_eq!(step(&mut driver, goal), aborted, "{goal:?}");
                // Now it is reported, so it can be tried again. This failure comes after the goal.
                assert_eq!(step(&mut driver, Goal::Close), "Write");
                driver.blocked();
                assert_eq!(step(&mut driver, Goal::Close), "Blocked");
                report(&mut driver);
                assert_eq!(step(&mut driver, goal), aborted, "{goal:?}");
            }
        }
    }
}

/// As above, for a transport that has an alert in its own buffer.
#[test]
fn a_failed_flush_of_an_alert_is_not_repeated_until_a_goal_has_failed() {
    let aborted = Error::Aborted(AlertDescription::INTERNAL_ERROR).to_string();
    let (mut driver, _) = open();
    driver.connection_mut().abort(AlertDescription::INTERNAL_ERROR);
    take(&mut driver, Goal::Close);
    assert_eq!(step(&mut driver, Goal::Close), "Flush");
    driver.blocked();
    assert_eq!(step(&mut driver, Goal::Close), "Blocked");
    driver.failed(FarEnd::Unknown, RESET);
    assert_eq!(step(&mut driver, Goal::Offer), "Done");
    assert_eq!(step(&mut driver, Goal::Close), aborted);
    assert_eq!(step(&mut driver, Goal::Close), "Flush");
}

/// It stays known while the driver lingers, which ends only with the peer.
#[test]
fn lingering_does_not_offer_an_alert_again() {
    let linger = Goal::Linger { max: 100 };
    let (mut driver, _) = open();
    driver.connection_mut().abort(AlertDescription::INTERNAL_ERROR);
    assert_eq!(step(&mut driver, linger), "Write");
    driver.failed(FarEnd::Unknown, RESET);
    for _ in 0..3 {
        assert_eq!(step(&mut driver, linger), "Read 101");
        driver.blocked();
        assert_eq!(step(&mut driver, linger), "Blocked");
    }
    assert_eq!(step(&mut driver, linger), "Read 101");
    driver.read(0);
    let aborted = Error::Aborted(AlertDescription::INTERNAL_ERROR).to_string();
    assert_eq!(step(&mut driver, linger), aborted);
}

/// A read cannot see the reset that an earlier write met.
#[test]
fn a_reset_explains_the_end_of_input() {
    for (far_end, explains) in
        [(FarEnd::Reset, true), (FarEnd::Gone, false), (FarEnd::Unknown, false)]
    {
        let (mut driver, _) = open();
        driver.connection_mut().writer_mut().write_atomic(b"hello").unwrap();
        assert_eq!(step(&mut driver, Goal::Read), "Write");
        driver.failed(far_end, RESET);
        assert!(step(&mut driver, Goal::Read).starts_with("Read"));
        driver.read(0);
        let truncated = Error::Truncated.to_string();
        let expected = if explains { RESET } else { &truncated };
        assert_eq!(step(&mut driver, Goal::Read), expected, "{far_end:?}");
    }
}

/// Puts `wire` into the memory that the next read lends. Returns how long that memory is.
fn supply(driver: &mut Ours, wire: &[u8]) -> usize {
    let Step::Read(memory) = driver.next(Goal::Read).unwrap() else { panic!("no read") };
    let len = memory.len();
    memory[..wire.len()].copy_from_slice(wire);
    driver.read(wire.len());
    len
}

fn ready() -> (Ours, Peer) {
    let (ours, peer) = established(TLS13, Role::Client);
    (Driver::for_readiness(ours), peer)
}

fn read(driver: &mut Ours) -> usize {
    driver.read_plaintext(|ours| Ok(read_all(ours).len())).unwrap()
}

/// A transport that tells when it has input is asked for a little only if its last read did not
/// fill the memory and nothing is held.
#[test]
fn a_read_after_one_that_filled_its_memory_or_inside_a_record_is_a_long_one() {
    let (mut driver, mut peer) = ready();
    let len = {
        let Step::Read(memory) = driver.next(Goal::Read).unwrap() else { panic!("no read") };
        memory.len()
    };
    let rest = len - 2 * (16_384 + 22) - 22;
    let wire = [peer.send(&pattern(16_384)), peer.send(&pattern(16_384)), peer.send(&[7; 40_000])];
    let mut wire = wire.concat();
    wire.truncate(2 * (16_384 + 22));
    assert!(rest > 0);
    assert_eq!(supply(&mut driver, &wire), len);
    assert_eq!(read(&mut driver), 2 * 16_384);
    assert_eq!(step(&mut driver, Goal::Read), "Read 256");

    let (mut driver, mut peer) = ready();
    let wire = [peer.send(&pattern(16_384)), peer.send(&pattern(16_384)), peer.send(&[7; 1])];
    let last = peer.send(&vec![7; len - wire.concat().len() - 22]);
    assert_eq!(supply(&mut driver, &[&wire.concat()[..], &last].concat()), len);
    assert!(read(&mut driver) > 2 * 16_384);
    assert_eq!(step(&mut driver, Goal::Read), format!("Read {len}"), "it was filled");

    let (mut driver, mut peer) = ready();
    assert_eq!(supply(&mut driver, &peer.send(b"hello")[..20]), len);
    assert_eq!(step(&mut driver, Goal::Read), format!("Read {}", len - 20), "inside a record");
}

#[test]
fn what_arrives_in_a_short_read_is_not_lost() {
    let (mut driver, mut peer) = ready();
    supply(&mut driver, &peer.send(b"hello"));
    assert_eq!(read(&mut driver), 5);
    let wire = peer.send(&[7; 300]);
    assert_eq!(supply(&mut driver, &wire[..100]), 256);
    assert!(supply(&mut driver, &wire[100..]) > 256);
    assert_eq!(read(&mut driver), 300);
    let wire = peer.send(b"hello, again");
    assert_eq!(supply(&mut driver, &wire), 256);
    assert_eq!(read(&mut driver), 12);
}

#[test]
fn small_writes_share_a_record_until_they_are_offered() {
    let (mut driver, mut peer) = open();
    drain(driver.connection_mut());
    for _ in 0..2 {
        assert_eq!(driver.write_plaintext(|writer| writer.write(b"hello")).unwrap(), 5);
        assert_eq!(driver.connection().writer().waiting(), 0);
    }
    let wire = drain(driver.connection_mut());
    assert_eq!(wire.len(), 10 + 22);
    peer.feed(&wire).unwrap();
    assert_eq!(peer.take_plaintext(), b"hellohello");
}

/// What is lent stays where it is, even if earlier records wait.
#[test]
fn an_offer_does_not_seal_a_current_record_on_loan() {
    let (mut driver, mut peer) = open();
    let data = pattern(16_384);
    let accepted = driver.write_plaintext(|writer| {
        writer.write_atomic(&data)?;
        let slot = writer.lend_slot().unwrap();
        slot[..4].copy_from_slice(b"lent");
        Ok(data.len())
    });
    assert_eq!(accepted.unwrap(), data.len());
    driver.connection_mut().writer_mut().commit_slot(4).unwrap();
    peer.feed(&drain(driver.connection_mut())).unwrap();
    assert_eq!(peer.take_plaintext(), [&data[..], b"lent"].concat());
}
