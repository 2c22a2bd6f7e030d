//! Both halves at the same time.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::task::Poll;

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use wantwrite::*;
use wantwrite_embedded_io::*;
use wantwrite_testing::*;

use crate::link::{FLUSH, Link};
use crate::{Drops, Runner};

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const LEN: usize = 70_000;

/// Polls both futures until both are done.
async fn both(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let mut done = [false; 2];
    poll_fn(|cx| {
        done[0] = done[0] || one.as_mut().poll(cx).is_ready();
        done[1] = done[1] || other.as_mut().poll(cx).is_ready();
        if done == [true; 2] { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// Writes and reads at the same time while the peer asks for KeyUpdates, then closes. Returns the
/// number of places where a future was pending.
fn exchange(drops: Drops) -> usize {
    let (ours, peer) = pair(TLS13, Role::Client);
    let link = Link::new(peer, DroppedCall::DidNothing);
    let mut stream = SplitStream::new(ours, link.clone(), link.clone(), DroppedCall::DidNothing);
    let mut runner = Runner::new(drops);
    let shared = link.shared();
    while runner.try_once(async { stream.complete_handshake().await.unwrap() }).is_none() {}
    assert!(!shared.peer.borrow().0.is_handshaking());
    shared.peer.borrow_mut().0.set_buffer_limit(None);
    for part in pattern(LEN).chunks(5000) {
        let mut peer = shared.peer.borrow_mut();
        peer.0.refresh_traffic_keys().unwrap();
        std::io::Write::write_all(&mut peer.0.writer(), part).unwrap();
    }
    let (mut sent, mut received) = (Vec::<u8>::new(), Vec::<u8>::new());
    loop {
        let (mut input, mut output) = stream.halves();
        let receive = async {
            let mut buf = [0; 2000];
            while received.len() < LEN {
                let n = input.read(&mut buf).await.unwrap();
                received.extend(&buf[..n]);
            }
        };
        let send = async {
            let data = pattern(LEN);
            while sent.len() < LEN {
                let end = LEN.min(sent.len() + 9000);
                let n = output.write(&data[sent.len()..end]).await.unwrap();
                sent.extend(&data[sent.len()..sent.len() + n]);
            }
            output.flush().await.unwrap();
        };
        if runner.try_once(both(receive, send)).is_some() {
            break;
        }
    }
    while runner.try_once(async { stream.halves().1.close().await.unwrap() }).is_none() {}
    assert_eq!(*shared.refused.borrow(), None);
    assert!(*shared.received.borrow() == sent && sent == pattern(LEN) && received == pattern(LEN));
    let state = shared.peer.borrow_mut().0.process_new_packets().unwrap();
    assert!(state.peer_has_closed());
    assert!(stream.connection_mut().writer().progress().key_updates > 0);
    runner.places
}

#[test]
fn a_drop_of_both_halves_at_any_await_loses_and_repeats_nothing() {
    let places = exchange(Drops::Nowhere);
    for place in 0..places {
        exchange(Drops::At(place));
    }
    let everywhere = exchange(Drops::Everywhere);
    println!("both halves were dropped at {} places", places + everywhere);
    assert!(places > 100, "{places}");
}

#[test]
fn answers_are_sent_while_the_writing_half_is_idle() {
    let (ours, peer) = established(TLS13, Role::Client);
    let link = Link::new(peer, DroppedCall::DidNothing);
    let mut stream = SplitStream::new(ours, link.clone(), link.clone(), DroppedCall::DidNothing);
    let mut runner = Runner::default();
    for n in 1..=5 {
        let written = link.shared().written.get();
        let mut peer = link.shared().peer.borrow_mut();
        peer.0.refresh_traffic_keys().unwrap();
        std::io::Write::write_all(&mut peer.0.writer(), b"data").unwrap();
        drop(peer);
        let (mut input, _output) = stream.halves();
        assert_eq!(runner.try_once(input.read(&mut [0; 10])).unwrap(), Ok(4));
        // The answer is sent while the read waits for more input.
        assert!(Runner::new(Drops::At(9)).try_once(input.read(&mut [0; 10])).is_none());
        assert!(link.shared().written.get() > written);
        assert_eq!(stream.connection_mut().writer().progress().key_updates, n);
    }
}

#[test]
fn answers_wait_for_the_writing_half_if_the_effect_of_a_drop_is_unknown() {
    let (ours, peer) = pair(TLS13, Role::Client);
    let link = Link::new(peer, DroppedCall::Unknown);
    let mut stream = SplitStream::new(ours, link.clone(), link.clone(), DroppedCall::Unknown);
    let mut runner = Runner::default();
    runner.try_once(stream.complete_handshake()).unwrap().unwrap();
    let mut peer = link.shared().peer.borrow_mut();
    peer.0.refresh_traffic_keys().unwrap();
    std::io::Write::write_all(&mut peer.0.writer(), b"data").unwrap();
    drop(peer);
    let written = link.shared().written.get();
    let (mut input, mut output) = stream.halves();
    assert_eq!(runner.try_once(input.read(&mut [0; 10])).unwrap(), Ok(4));
    assert_eq!(link.shared().written.get(), written);
    assert_eq!(runner.try_once(output.flush()).unwrap(), Ok(()));
    assert!(link.shared().written.get() > written);

    // A read is dropped, then the flush of a write.
    assert!(Runner::new(Drops::At(0)).try_once(input.read(&mut [0; 10])).is_none());
    assert_eq!(runner.try_once(output.write(b"in vain")).unwrap(), Ok(7));
    assert!(Runner::new(Drops::At(0)).try_once(output.flush()).is_none());
    let written = link.shared().written.get();
    for _ in 0..2 {
        let cancelled = Err(EmbeddedError::Cancelled);
        assert_eq!(runner.try_once(output.flush()).unwrap(), cancelled);
        assert_eq!(runner.try_once(output.close()).unwrap(), cancelled);
        let read = runner.try_once(input.read(&mut [0; 10])).unwrap();
        assert_eq!(read.map(drop), cancelled);
    }
    assert_eq!(link.shared().written.get(), written);
    assert_eq!(*link.shared().refused.borrow(), None);
}

#[test]
fn a_half_that_writes_does_not_negotiate() {
    let (ours, peer) = pair(TLS13, Role::Client);
    let link = Link::new(peer, DroppedCall::DidNothing);
    let mut stream = SplitStream::new(ours, link.clone(), link, DroppedCall::DidNothing);
    let mut runner = Runner::default();
    let (mut input, mut output) = stream.halves();
    let refused = Err(EmbeddedError::Write(WriteError::Negotiating));
    assert_eq!(runner.try_once(output.write(b"x")).unwrap(), refused);
    // Reading does: this read drives the handshake.
    let mut waits = Runner::new(Drops::At(50));
    assert!(waits.try_once(input.read(&mut [0])).is_none());
    assert_eq!(runner.try_once(output.write(b"x")).unwrap(), Ok(1));
}

/// Such a client does not read the tickets yet.
#[test]
fn a_server_serves_a_client_that_writes_first() {
    for dropped in [DroppedCall::DidNothing, DroppedCall::Unknown] {
        for completes_first in [true, false] {
            let (ours, mut peer) = pair(TLS13, Role::Server);
            std::io::Write::write_all(&mut peer.0.writer(), b"request").unwrap();
            let link = Link::new(peer, dropped);
            link.shared().only_writes.set(true);
            let mut stream = SplitStream::new(ours, link.clone(), link.clone(), dropped);
            let mut waits = Runner::new(Drops::At(100));
            if completes_first {
                let completed = waits.try_once(stream.complete_handshake());
                assert_eq!(completed, Some(Ok(())), "{dropped:?}");
            }
            let written = link.shared().written.get();
            let (mut input, mut output) = stream.halves();
            let read = waits.try_once(input.read(&mut [0; 10]));
            assert_eq!(read, Some(Ok(7)), "{dropped:?}, {completes_first}");
            link.shared().only_writes.set(false);
            assert_eq!(Runner::default().try_once(output.flush()), Some(Ok(())));
            assert!(link.shared().written.get() > written, "the tickets were not sent");
        }
    }
}

#[test]
fn a_completed_handshake_is_complete_for_the_peer() {
    for suite in SUITES {
        for role in ROLES {
            for dropped in [DroppedCall::DidNothing, DroppedCall::Unknown] {
                let (ours, peer) = pair(suite, role);
                let link = Link::new(peer, dropped);
                let mut stream = SplitStream::new(ours, link.clone(), link.clone(), dropped);
                let completed = Runner::default().try_once(stream.complete_handshake());
                assert_eq!(completed, Some(Ok(())));
                assert!(!link.shared().peer.borrow().0.is_handshaking(), "{suite:?} {role:?}");
            }
        }
    }
}

/// The reading half writes while the writing half waits for the flush.
#[test]
fn a_flush_that_fails_is_reported_once_though_more_is_pending() {
    let (ours, peer) = established(TLS13, Role::Client);
    let link = Link::new(peer, DroppedCall::DidNothing);
    let mut stream = SplitStream::new(ours, link.clone(), link.clone(), DroppedCall::DidNothing);
    for ends in [false, true] {
        let (mut input, mut output) = stream.halves();
        assert_eq!(Runner::default().try_once(output.write(b"hello")).unwrap(), Ok(5));
        let mut flush =
            Box::pin(async { if ends { output.close().await } else { output.flush().await } });
        while !link.shared().calls[FLUSH].is_open.get() {
            assert!(Runner::new(Drops::At(0)).try_once(flush.as_mut()).is_none());
        }
        link.shared().peer.borrow_mut().0.refresh_traffic_keys().unwrap();
        assert!(Runner::new(Drops::At(9)).try_once(input.read(&mut [0; 10])).is_none());
        link.shared().flush_fails.set(true);
        let failed = Err(EmbeddedError::Transport(ErrorKind::Other));
        assert_eq!(Runner::default().try_once(flush), Some(failed));
        assert_eq!(Runner::default().try_once(output.flush()), Some(Ok(())), "reported twice");
    }
    assert_eq!(*link.shared().received.borrow(), b"hellohello");
}

/// A transport that gives nothing, and whose writes all have the same result.
struct Broken<'a> {
    result: Result<usize, ErrorKind>,
    writes: &'a Cell<usize>,
}

impl ErrorType for Broken<'_> {
    type Error = ErrorKind;
}

impl Read for Broken<'_> {
    async fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
        pending().await
    }
}

impl Write for Broken<'_> {
    async fn write(&mut self, _: &[u8]) -> Result<usize, ErrorKind> {
        self.writes.set(self.writes.get() + 1);
        assert!(self.writes.get() < 100, "the same bytes are offered again and again");
        self.result
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// Each call offers the alert once.
#[test]
fn an_alert_that_cannot_be_sent_is_not_offered_forever() {
    let aborted = Error::Aborted(AlertDescription::INTERNAL_ERROR);
    let aborted = Err(EmbeddedError::Connection(aborted.into()));
    for result in [Err(ErrorKind::BrokenPipe), Err(ErrorKind::Other), Ok(0), Ok(usize::MAX)] {
        for dropped in [DroppedCall::DidNothing, DroppedCall::Unknown] {
            let (mut ours, _) = established(TLS13, Role::Client);
            ours.abort(AlertDescription::INTERNAL_ERROR);
            let writes = Cell::new(0);
            let [reader, writer] = [(); 2].map(|()| Broken { result, writes: &writes });
            let mut stream = SplitStream::new(ours, reader, writer, dropped);
            let (mut input, mut output) = stream.halves();
            let mut runner = Runner::default();
            for n in 0..2 {
                assert_eq!(runner.try_once(output.close()).unwrap(), aborted);
                assert_eq!(writes.get(), 3 * n + 1);
                assert_eq!(runner.try_once(output.flush()).unwrap(), aborted);
                assert_eq!(runner.try_once(output.write(b"x")).unwrap().map(drop), aborted);
                assert_eq!(writes.get(), 3 * n + 3);
            }
            let read = runner.try_once(input.read(&mut [0; 10])).unwrap();
            assert_eq!(read.map(drop), aborted);
        }
    }
}
