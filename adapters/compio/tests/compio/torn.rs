//! Futures that are dropped before they complete.

use std::io::{self, ErrorKind};
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use compio::io::{AsyncRead, AsyncWrite};
use wantwrite::*;
use wantwrite_compio::*;
use wantwrite_testing::tests;
use wantwrite_testing::*;

use crate::link::{Reading, Shared, Writing, link};

pub(crate) const TESTS: &[(&str, fn())] = tests![
    a_future_dropped_at_any_await_loses_and_repeats_nothing,
    futures_dropped_at_every_await_lose_and_repeat_nothing,
    a_failure_to_write_is_reported_once_and_its_bytes_are_kept,
    an_alert_that_cannot_be_sent_is_not_offered_forever,
    nothing_is_sent_after_the_peers_fatal_alert,
    a_failed_handshake_has_sent_its_alert,
    a_handshake_that_the_peer_ends_does_not_wait_for_its_transport,
    an_interrupted_flush_or_shutdown_is_repeated,
    an_end_without_close_notify_is_an_error,
];

type Stream = TlsStream<(Reading, Writing)>;

/// A stock rustls peer at the far end of a link.
struct Far {
    wire: Shared,
    peer: Peer,
    received: Vec<u8>,
}

impl Far {
    /// Takes what has arrived and sends what is pending.
    fn turn(&mut self) {
        let from_us = mem::take(&mut self.wire.borrow_mut().from_us);
        for part in from_us.chunks(16_384) {
            self.peer.feed(part).unwrap();
            self.received.extend(self.peer.take_plaintext());
        }
        self.wire.borrow_mut().to_us.extend(self.peer.take_wire());
    }

    fn send(&mut self, plaintext: &[u8]) {
        let wire = self.peer.send(plaintext);
        self.wire.borrow_mut().to_us.extend(wire);
    }
}

#[derive(Clone, Copy, Debug)]
enum DropAt {
    Nowhere,
    /// The pending poll with this number, starting at 0.
    Place(usize),
    Everywhere,
}

/// Polls futures, and drops them before they complete.
struct Task {
    drop_at: DropAt,
    /// Places where a future was pending.
    places: usize,
}

/// A stream that needs more is stuck.
const MAX_PLACES: usize = 100_000;

impl Task {
    /// Polls the future that `start` returns until it completes. If it is dropped, `start` is
    /// called again.
    fn run<T>(
        &mut self,
        stream: &mut Stream,
        far: &mut Far,
        mut start: impl AsyncFnMut(&mut Stream) -> T,
    ) -> T {
        loop {
            let mut future = pin!(start(stream));
            loop {
                let cx = &mut Context::from_waker(Waker::noop());
                if let Poll::Ready(result) = future.as_mut().poll(cx) {
                    return result;
                }
                far.turn();
                let place = self.places;
                self.places += 1;
                assert!(place < MAX_PLACES, "no progress");
                match self.drop_at {
                    DropAt::Place(this) if this == place => break,
                    DropAt::Everywhere => break,
                    _ => {}
                }
            }
        }
    }
}

fn connected(suite: CipherSuite, role: Role, seed: u64) -> (Stream, Far) {
    let (io, wire) = link(seed, 800);
    let identity = Identity::for_suite(suite);
    let (client, server) = (client_config(suite, &identity), server_config(suite, &identity));
    let (peer, ours): (_, Box<dyn Future<Output = io::Result<Stream>>>) = match role {
        Role::Client => {
            let connector = TlsConnector::from(Arc::new(client));
            let ours = async move { connector.connect(server_name(), io).await };
            (Peer::server(server), Box::new(ours))
        }
        Role::Server => {
            let acceptor = TlsAcceptor::from(Arc::new(server));
            (Peer::client(client), Box::new(async move { acceptor.accept(io).await }))
        }
    };
    let mut far = Far { wire, peer, received: Vec::new() };
    let mut ours = Box::into_pin(ours);
    for _ in 0..MAX_PLACES {
        far.turn();
        if let Poll::Ready(stream) = ours.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return (stream.unwrap(), far);
        }
    }
    panic!("the handshake makes no progress");
}

/// Exchanges data both ways through all kinds of calls, with key updates, until both endpoints have
/// closed. Returns the number of places where a future was pending.
fn exchange(suite: CipherSuite, role: Role, drop_at: DropAt) -> usize {
    let (mut stream, mut far) = connected(suite, role, 1);
    let task = &mut Task { drop_at, places: 0 };
    let (mut sent, mut to_come, mut read) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..3_u64 {
        // The bytes do not repeat at any distance, so that lost or repeated ones show up.
        let plaintext = Rng(round + 7).bytes(40_000);
        let mut rest = &plaintext[..];
        while !rest.is_empty() {
            let write = async |stream: &mut Stream| stream.write(rest.to_vec()).await.0;
            let n = task.run(&mut stream, &mut far, write).unwrap();
            assert!(n > 0);
            rest = &rest[n..];
        }
        sent.extend_from_slice(&plaintext);
        let parts = || [Rng(3).bytes(10), Vec::new(), Rng(4).bytes(20)];
        let write = async |stream: &mut Stream| stream.write_vectored(parts()).await.0;
        let n = task.run(&mut stream, &mut far, write).unwrap();
        sent.extend_from_slice(&parts().concat()[..n]);
        if suite == TLS13 {
            stream.with_connection(|connection| {
                connection.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
            });
        }
        let plaintext = Rng(round + 70).bytes(20_000);
        far.send(&plaintext);
        to_come.extend(plaintext);
        while read.len() < to_come.len() {
            let part = async |stream: &mut Stream| {
                let buf = stream.read(Vec::with_capacity(5000)).await;
                buf.0.map(|n| buf.1[..n].to_vec())
            };
            read.extend(task.run(&mut stream, &mut far, part).unwrap());
        }
        task.run(&mut stream, &mut far, async |stream| stream.flush().await).unwrap();
        far.turn();
        assert!(far.received == sent, "{suite:?} {role:?} {drop_at:?}: flushed but not received");
    }
    assert!(read == to_come, "{suite:?} {role:?} {drop_at:?}");
    task.run(&mut stream, &mut far, async |stream| stream.shutdown().await).unwrap();
    far.turn();
    assert!(far.wire.borrow().shut_down);
    assert_eq!(far.peer.0.reader().read_to_end_of_stream(), 0);
    far.peer.0.send_close_notify();
    far.turn();
    let end = task.run(&mut stream, &mut far, async |stream| stream.read(vec![0; 9]).await.0);
    assert_eq!(end.unwrap(), 0);
    task.places
}

/// Reads to a clean end.
trait EndOfStream {
    fn read_to_end_of_stream(&mut self) -> usize;
}

impl EndOfStream for rustls::Reader<'_> {
    fn read_to_end_of_stream(&mut self) -> usize {
        io::Read::read(self, &mut [0]).expect("close_notify has arrived")
    }
}

fn a_future_dropped_at_any_await_loses_and_repeats_nothing() {
    let mut places = 0;
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let undisturbed = exchange(suite, role, DropAt::Nowhere);
            for place in 0..undisturbed {
                exchange(suite, role, DropAt::Place(place));
            }
            places += undisturbed;
        }
    }
    println!("{places} places");
    assert!(places > 1000, "{places}");
}

fn futures_dropped_at_every_await_lose_and_repeat_nothing() {
    for suite in SUITES {
        for role in ROLES {
            exchange(suite, role, DropAt::Everywhere);
        }
    }
}

fn a_failure_to_write_is_reported_once_and_its_bytes_are_kept() {
    let (mut stream, mut far) = connected(TLS13, Role::Client, 2);
    let task = &mut Task { drop_at: DropAt::Nowhere, places: 0 };
    far.wire.borrow_mut().fails = true;
    let write = async |stream: &mut Stream| stream.write("hello").await.0;
    assert_eq!(task.run(&mut stream, &mut far, write).unwrap(), 5);
    let flushed = task.run(&mut stream, &mut far, async |stream| stream.flush().await);
    assert_eq!(flushed.unwrap_err().kind(), ErrorKind::TimedOut);
    task.run(&mut stream, &mut far, async |stream| stream.flush().await).unwrap();
    far.turn();
    assert_eq!(far.received, b"hello");
}

type Pending<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + 'a>>;

/// Each write fails after it was pending, so that no goal is begun when its result arrives.
fn an_alert_that_cannot_be_sent_is_not_offered_forever() {
    let calls: [fn(&mut Stream) -> Pending<'_>; 4] = [
        |stream| Box::pin(async { stream.flush().await }),
        |stream| Box::pin(async { stream.write("x").await.0.map(drop) }),
        |stream| Box::pin(async { stream.shutdown().await }),
        |stream| Box::pin(stream.close_and_linger(1000)),
    ];
    for (n, call) in calls.into_iter().enumerate() {
        let (mut stream, mut far) = connected(TLS13, Role::Client, 4);
        let task = &mut Task { drop_at: DropAt::Nowhere, places: 0 };
        task.run(&mut stream, &mut far, async |stream| stream.flush().await).unwrap();
        stream.with_connection(|ours| ours.abort(AlertDescription::INTERNAL_ERROR));
        far.wire.borrow_mut().is_over = true;
        let mut ended = None;
        let mut future = call(&mut stream);
        for _ in 0..1000 {
            far.wire.borrow_mut().fails = true;
            let poll = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            if let Poll::Ready(result) = poll {
                ended = Some(result);
                break;
            }
        }
        let error = ended.unwrap_or_else(|| panic!("call {n} never ends")).unwrap_err();
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<ConnectionError>());
        let aborted = Error::Aborted(AlertDescription::INTERNAL_ERROR);
        assert_eq!(cause, Some(&aborted.into()), "call {n}");
    }
}

/// Polls a future that needs nothing from the far end.
fn poll_to_the_end<T>(mut future: Pin<Box<dyn Future<Output = T> + '_>>) -> T {
    for _ in 0..MAX_PLACES {
        let poll = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(result) = poll {
            return result;
        }
    }
    panic!("it never ends")
}

/// Writes as much as is accepted.
fn fill(stream: &mut Stream) {
    let mut refusals = 0;
    while refusals < 10 {
        let mut write = pin!(stream.write(pattern(100_000)));
        match write.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(written) => assert!(written.0.unwrap() > 0),
            Poll::Pending => refusals += 1,
        }
    }
}

/// An operation in flight can end with more than the writer takes back, so the stream keeps it.
fn nothing_is_sent_after_the_peers_fatal_alert() {
    for in_flight in [true, false] {
        let (mut stream, mut far) = connected(TLS13, Role::Client, 5);
        let task = &mut Task { drop_at: DropAt::Nowhere, places: 0 };
        task.run(&mut stream, &mut far, async |stream| stream.flush().await).unwrap();
        far.turn();
        far.wire.borrow_mut().is_stalled = true;
        fill(&mut stream);
        far.wire.borrow_mut().next_takes = Some(1);
        fill(&mut stream);
        if !in_flight {
            // A read does not report the failure, and sends nothing more.
            far.wire.borrow_mut().fails = true;
            for _ in 0..10 {
                let mut read = pin!(stream.read(vec![0; 9]));
                let poll = read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(poll.is_pending());
            }
            assert!(!far.wire.borrow().fails);
        }
        far.turn();
        far.peer.feed(&[[23, 3, 3, 0, 17].as_slice(), &[0; 17]].concat()).unwrap_err();
        far.wire.borrow_mut().to_us.extend(far.peer.take_wire());
        let calls: [fn(&mut Stream) -> Pending<'_>; 3] = [
            |stream| Box::pin(async { stream.read(vec![0; 9]).await.0.map(drop) }),
            |stream| Box::pin(async { stream.flush().await }),
            |stream| Box::pin(async { stream.shutdown().await }),
        ];
        for call in calls {
            let error = poll_to_the_end(call(&mut stream)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
            let mut wire = far.wire.borrow_mut();
            if mem::take(&mut wire.is_stalled) {
                wire.next_takes = in_flight.then_some(1);
            }
        }
        let sent = far.wire.borrow().from_us.len();
        assert_eq!(sent, usize::from(in_flight), "of the operation that was in flight");
    }
}

/// A server whose flight is still being sent: a poll of its handshake, its wire and its client.
fn stalled_accept(suite: CipherSuite) -> (impl FnMut() -> Poll<io::Result<Stream>>, Shared, Peer) {
    let (io, wire) = link(6, 100_000);
    let identity = Identity::for_suite(suite);
    let mut peer = Peer::client(client_config(suite, &identity));
    let acceptor = TlsAcceptor::from(Arc::new(server_config(suite, &identity)));
    wire.borrow_mut().to_us.extend(peer.take_wire());
    wire.borrow_mut().is_stalled = true;
    let mut accept = Box::pin(async move { acceptor.accept(io).await });
    let mut poll = move || accept.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    for _ in 0..20 {
        assert!(poll().is_pending());
    }
    (poll, wire, peer)
}

/// The server's flight is still being sent when the client's fault arrives.
fn a_failed_handshake_has_sent_its_alert() {
    for (suite, fails) in [(TLS13, false), (TLS12, false), (TLS13, true)] {
        let (mut poll, wire, mut peer) = stalled_accept(suite);
        wire.borrow_mut().to_us.extend([99, 3, 3, 0, 1, 0]);
        for _ in 0..20 {
            assert!(poll().is_pending(), "{suite:?}: the alert was not sent");
        }
        wire.borrow_mut().is_stalled = false;
        let ended = (0..20).find_map(|_| {
            wire.borrow_mut().fails = fails;
            match poll() {
                Poll::Ready(result) => Some(result.map(drop)),
                Poll::Pending => None,
            }
        });
        assert_eq!(ended.unwrap().unwrap_err().kind(), ErrorKind::InvalidData);
        let told = peer.feed(&wire.borrow().from_us);
        let is_told = matches!(told, Err(rustls::Error::AlertReceived(_)));
        assert_eq!(is_told, !fails, "{suite:?}: {told:?}");
    }
}

/// The server's flight is still being sent, and the client reads no more of it.
fn a_handshake_that_the_peer_ends_does_not_wait_for_its_transport() {
    for (alert, expected) in
        [(&[21, 3, 3, 0, 2, 2, 40][..], ErrorKind::InvalidData), (&[], ErrorKind::UnexpectedEof)]
    {
        let (mut poll, wire, _peer) = stalled_accept(TLS13);
        wire.borrow_mut().to_us.extend(alert);
        wire.borrow_mut().is_over = true;
        let ended = (0..20).find_map(|_| match poll() {
            Poll::Ready(result) => Some(result.map(drop)),
            Poll::Pending => None,
        });
        let error = ended.expect("it waits for the transport").unwrap_err();
        assert_eq!(error.kind(), expected, "{error}");
    }
}

fn an_interrupted_flush_or_shutdown_is_repeated() {
    let (mut stream, mut far) = connected(TLS13, Role::Client, 7);
    let task = &mut Task { drop_at: DropAt::Nowhere, places: 0 };
    let write = async |stream: &mut Stream| stream.write("hello").await.0;
    assert_eq!(task.run(&mut stream, &mut far, write).unwrap(), 5);
    far.wire.borrow_mut().interrupts = true;
    task.run(&mut stream, &mut far, async |stream| stream.flush().await).unwrap();
    assert!(!far.wire.borrow().interrupts);
    // The flush before the shutdown, then the shutdown itself.
    for _ in 0..2 {
        task.run(&mut stream, &mut far, async |stream| stream.flush().await).unwrap();
        far.wire.borrow_mut().interrupts = true;
        task.run(&mut stream, &mut far, async |stream| stream.shutdown().await).unwrap();
        assert!(!far.wire.borrow().interrupts && far.wire.borrow().shut_down);
    }
}

fn an_end_without_close_notify_is_an_error() {
    for role in ROLES {
        let (mut stream, mut far) = connected(TLS13, role, 3);
        let task = &mut Task { drop_at: DropAt::Nowhere, places: 0 };
        far.send(b"hello");
        far.wire.borrow_mut().is_over = true;
        let read = async |stream: &mut Stream| stream.read(vec![0; 9]).await.0;
        assert_eq!(task.run(&mut stream, &mut far, read).unwrap(), 5);
        for _ in 0..2 {
            let end = task.run(&mut stream, &mut far, read);
            assert_eq!(end.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        }
    }
}
