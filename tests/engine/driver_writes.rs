//! What a driver makes of early data, of key limits, and of a transport that claims too much.
#![expect(clippy::unwrap_used, reason = "tests")]

extern crate alloc;

use alloc::sync::Arc;
use alloc::task::Wake;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Waker;
use std::io::{self, ErrorKind};

use wantwrite::driver::{Driver, FarEnd, Fault, Goal, Side, Step, Tasks};
use wantwrite::*;
use wantwrite_testing::early_data::acquainted;
use wantwrite_testing::raw_peer::RawPeer;
use wantwrite_testing::*;

type Ours = Driver<&'static str>;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

/// Takes everything that is offered for `goal`, and returns it with the number of flushes.
fn send(driver: &mut Ours, goal: Goal) -> (Vec<u8>, usize) {
    let (mut wire, mut flushes) = (Vec::new(), 0);
    loop {
        match driver.next(goal).unwrap() {
            Step::Write(mut bytes) => {
                let n = bytes.chunk().len();
                assert!(bytes.remaining() >= n);
                wire.extend(bytes.chunk());
                driver.wrote(n);
            }
            Step::Flush => {
                flushes += 1;
                driver.flushed();
            }
            _ => return (wire, flushes),
        }
    }
}

#[test]
fn more_than_was_shown_is_an_overrun_even_if_it_is_pending() {
    let mut driver: Ours = Driver::new(established(TLS13, Role::Client).0);
    driver.connection_mut().writer_mut().write_atomic(&pattern(40_000)).unwrap();
    let Step::Write(mut bytes) = driver.next(Goal::Flush).unwrap() else { panic!("no write") };
    let available = bytes.chunk().len();
    assert!(bytes.remaining() > available);
    let claimed = available + 1;
    driver.wrote(claimed);
    let Err(Fault::WriteOverrun(overrun)) = driver.next(Goal::Flush) else { panic!("no overrun") };
    assert_eq!(overrun, Overrun { claimed, available });
}

#[test]
fn a_write_up_to_the_key_limit_counts_and_the_next_one_reports_it() {
    let mut config = ConnectionConfig::default();
    config.writer.capacity = 1 << 20;
    config.writer.key_limits = Some(KeyLimits { records: 10, blocks: u64::MAX });
    let (ours, _) = RawPeer::established_with(TLS12, Role::Client, config);
    let mut driver: Ours = Driver::new(ours);
    let accepted = driver.write_plaintext(|writer| writer.write(&pattern(500_000))).unwrap();
    assert!(accepted > 0 && accepted < 500_000);
    let again = driver.write_plaintext(|writer| writer.write(b"more"));
    assert!(matches!(again, Err(Fault::Write(WriteError::KeyLimit { accepted: 0 }))));
}

/// `close` can give up a handshake while its first flight is pending.
#[test]
fn a_failed_write_after_giving_up_the_handshake_is_not_a_flush() {
    for far_end in [FarEnd::Unknown, FarEnd::Gone, FarEnd::Reset] {
        let (ours, _) = pair(TLS13, Role::Client);
        let mut driver: Ours = Driver::new(ours);
        driver.connection_mut().close().unwrap();
        assert!(matches!(driver.next(Goal::Flush), Ok(Step::Write(_))));
        driver.failed(far_end, "the transport's");
        let given_up = Error::Aborted(AlertDescription::CLOSE_NOTIFY).into();
        match driver.next(Goal::Flush) {
            Err(Fault::Connection(error)) => assert_eq!(error, given_up),
            next => panic!("{next:?}, and bytes are pending"),
        }
        assert!(driver.connection().wants().drain);
    }
}

/// The read that found nothing belonged to the handshake, which you can also complete yourself.
#[test]
fn a_step_is_repeated_after_a_handshake_that_ended_outside_the_driver() {
    let (ours, mut peer) = pair(TLS13, Role::Client);
    let mut driver: Ours = Driver::new(ours);
    let (hello, _) = send(&mut driver, Goal::Read);
    peer.feed(&hello).unwrap();
    driver.blocked();
    negotiate(driver.connection_mut(), &mut peer);
    driver.connection_mut().writer_mut().write_atomic(b"hello").unwrap();
    for _ in 0..2 {
        let next = driver.next(Goal::Read);
        assert!(matches!(next, Ok(Step::Write(_))), "{next:?}");
    }
}

#[test]
fn early_data_is_offered_and_flushed() {
    let (client, _) = acquainted(TLS13, 40_000);
    let mut config = ConnectionConfig::default();
    config.early_data = true;
    let ours = Connection::client_with(client.into(), server_name(), config).unwrap();
    let mut driver: Ours = Driver::new(ours);
    assert_eq!(driver.write_early(|early| early.write(b"early")), Some(5));
    let (wire, flushes) = send(&mut driver, Goal::Offer);
    assert!(wire[0] == 22 && wire[wire.len() - EARLY_RECORD_LEN] == 23);
    assert_eq!(flushes, 1);
    let mut driver: Ours = Driver::new(established(TLS13, Role::Client).0);
    assert_eq!(driver.write_early(|early| early.write(b"late")), None);
}

/// A record with `early`.
const EARLY_RECORD_LEN: usize = 5 + 5 + 1 + 16;

#[test]
fn early_data_that_was_written_to_the_connection_is_offered() {
    for goal in [Goal::Handshake, Goal::Read, Goal::Write, Goal::Offer, Goal::Flush] {
        let (client, _) = acquainted(TLS13, 40_000);
        let mut config = ConnectionConfig::default();
        config.early_data = true;
        let ours = Connection::client_with(client.into(), server_name(), config).unwrap();
        let mut driver: Ours = Driver::new(ours);
        for hello_is_sent in [false, true] {
            let written = driver.connection_mut().early_writer().unwrap().write(b"early");
            assert_eq!((written, driver.is_reached(Goal::Offer)), (5, false));
            let (wire, flushes) = send(&mut driver, goal);
            assert_eq!(wire[wire.len() - EARLY_RECORD_LEN], 23, "{goal:?}");
            assert_eq!(wire.len() == EARLY_RECORD_LEN, hello_is_sent);
            // What a caller wrote is flushed only by goals that end in a flush or in a read.
            assert_eq!(flushes, usize::from(goal != Goal::Offer), "{goal:?}");
            assert!(driver.is_reached(Goal::Offer));
        }
    }
}

#[test]
fn what_reading_made_is_flushed() {
    let (ours, mut peer) = established(TLS13, Role::Client);
    let mut driver: Ours = Driver::new(ours);
    let (_, _) = send(&mut driver, Goal::Flush);
    peer.0.refresh_traffic_keys().unwrap();
    let wire = [peer.take_wire(), peer.send(b"data")].concat();
    let Step::Read(memory) = driver.next(Goal::Read).unwrap() else { panic!("no read") };
    memory[..wire.len()].copy_from_slice(&wire);
    driver.read(wire.len());
    // The answer is ready before the plaintext is read.
    let _step = driver.next(Goal::Handshake);
    let read = driver.read_plaintext(|connection| Ok(read_all(connection).len())).unwrap();
    assert_eq!(read, 4);
    let (answer, flushes) = send(&mut driver, Goal::Offer);
    assert_eq!((answer.len(), flushes), (5 + 5 + 1 + 16, 1));
    peer.feed(&answer).unwrap();
}

#[test]
fn the_far_end_is_what_the_error_says() {
    for (kind, far_end) in [
        (ErrorKind::ConnectionReset, FarEnd::Reset),
        (ErrorKind::ConnectionAborted, FarEnd::Reset),
        (ErrorKind::BrokenPipe, FarEnd::Gone),
        (ErrorKind::NotConnected, FarEnd::Gone),
        (ErrorKind::TimedOut, FarEnd::Unknown),
    ] {
        assert_eq!(FarEnd::from(&io::Error::from(kind)), far_end, "{kind}");
    }
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_task_is_woken_once_by_its_side_or_by_both() {
    let (reading, writing) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let counts = || (reading.0.load(Ordering::Relaxed), writing.0.load(Ordering::Relaxed));
    let tasks = Arc::new(Tasks::default());
    let remember = || {
        tasks.remember(Side::Reading, &Waker::from(reading.clone()));
        tasks.remember(Side::Writing, &Waker::from(writing.clone()));
    };
    remember();
    Tasks::wake(&tasks, Side::Writing);
    Tasks::wake(&tasks, Side::Writing);
    assert_eq!(counts(), (0, 1));
    Tasks::wake(&tasks, Side::Reading);
    assert_eq!(counts(), (1, 1));
    remember();
    let both = Waker::from(tasks.clone());
    both.wake_by_ref();
    both.wake_by_ref();
    assert_eq!(counts(), (2, 2));
    remember();
    both.wake();
    assert_eq!(counts(), (3, 3));
}

#[test]
fn early_data_that_was_not_accepted_is_sent_again() {
    let (client, server) = acquainted(TLS13, 10);
    let mut config = ConnectionConfig::default();
    config.early_data = true;
    let ours = Connection::client_with(client.into(), server_name(), config).unwrap();
    let mut driver: Ours = Driver::new(ours);
    let early = pattern(1000);
    assert_eq!(driver.write_early(|writer| writer.write(&early)), Some(1000));
    let mut peer = Peer::server(server);
    exchange_in_steps(driver.connection_mut(), &mut peer, usize::MAX);
    assert_eq!(driver.resend_early_data().unwrap(), 990);
    peer.feed(&send(&mut driver, Goal::Flush).0).unwrap();
    assert_eq!(peer.take_plaintext(), early[10..]);
    assert_eq!(driver.resend_early_data().unwrap(), 0);
}
