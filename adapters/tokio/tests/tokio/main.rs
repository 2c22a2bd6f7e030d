//! The tokio adapter: against stock tokio-rustls, and over a link that wakes only what it must.
#![expect(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "tests"
)]

mod early_data;
#[expect(unreachable_pub, reason = "a module of this test only")]
mod link;
mod promises;

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use link::{LinkEnd, Task, link};
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream, ReadBuf,
    duplex, split,
};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;
use wantwrite::*;
use wantwrite_testing::*;
use wantwrite_tokio::*;

/// How long a test waits before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Our stream over one transport, and stock tokio-rustls in the other role over the other.
async fn connected<A, B>(
    suite: CipherSuite,
    role: Role,
    ours: A,
    theirs: B,
) -> (TlsStream<A>, tokio_rustls::TlsStream<B>)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let identity = Identity::for_suite(suite);
    let client = Arc::new(client_config(suite, &identity));
    let server = Arc::new(server_config(suite, &identity));
    let both = async {
        match role {
            Role::Client => {
                let connect = TlsConnector::from(client).connect(server_name(), ours);
                let accept = tokio_rustls::TlsAcceptor::from(server).accept(theirs);
                // Stock tokio-rustls waits until its tickets have been read.
                let accepted = Notify::new();
                let ours = async {
                    let mut ours = connect.await.unwrap();
                    let mut nothing = [0];
                    tokio::select! {
                        _ = ours.read(&mut nothing) => panic!("nothing was sent"),
                        () = accepted.notified() => ours,
                    }
                };
                let theirs = async {
                    let theirs = accept.await.unwrap();
                    accepted.notify_one();
                    theirs.into()
                };
                tokio::join!(ours, theirs)
            }
            Role::Server => {
                let accept = TlsAcceptor::from(server).accept(ours);
                let connect = tokio_rustls::TlsConnector::from(client);
                let connect = connect.connect(server_name(), theirs);
                let (ours, theirs) = tokio::try_join!(accept, connect).unwrap();
                (ours, theirs.into())
            }
        }
    };
    timeout(PATIENCE, both).await.expect("the handshake does not end")
}

/// Our stream over a link whose far end the test drives, and its peer.
fn by_hand(suite: CipherSuite, role: Role) -> ByHand {
    by_hand_with(suite, role, ConnectionConfig::default())
}

fn by_hand_with(suite: CipherSuite, role: Role, config: ConnectionConfig) -> ByHand {
    let (ours, other) = link(usize::MAX);
    let (mut stream, peer) = match role {
        Role::Client => {
            let identity = Identity::for_suite(suite);
            let connector = TlsConnector::from(Arc::new(client_config(suite, &identity)));
            let connector = connector.with_connection_config(config);
            let handshake = connector.connect(server_name(), ours);
            (handshake, Peer::server(server_config(suite, &identity)))
        }
        Role::Server => {
            let identity = Identity::for_suite(suite);
            let acceptor = TlsAcceptor::from(Arc::new(server_config(suite, &identity)));
            let acceptor = acceptor.with_connection_config(config);
            (acceptor.accept(ours), Peer::client(client_config(suite, &identity)))
        }
    };
    let mut this = Other { end: other, peer, received: Vec::new() };
    let stream = loop {
        let (_, waker) = Task::new();
        match Future::poll(Pin::new(&mut stream), &mut Context::from_waker(&waker)) {
            Poll::Ready(stream) => break stream.unwrap(),
            Poll::Pending => this.turn(),
        }
    };
    this.turn();
    assert!(!this.peer.0.is_handshaking());
    ByHand { stream, other: this }
}

struct ByHand {
    stream: TlsStream<LinkEnd>,
    other: Other,
}

/// The far end of a link, and the peer there.
struct Other {
    end: LinkEnd,
    peer: Peer,
    received: Vec<u8>,
}

impl Other {
    /// Takes what has arrived and sends what is pending.
    fn turn(&mut self) {
        let wire = self.end.from().take(usize::MAX);
        for part in wire.chunks(16_384) {
            self.peer.feed(part).unwrap();
            self.received.extend(self.peer.take_plaintext());
        }
        let wire = self.peer.take_wire();
        self.end.to().put(&wire);
    }

    fn send(&mut self, plaintext: &[u8]) {
        let wire = self.peer.send(plaintext);
        self.end.to().put(&wire);
    }

    /// The plaintext received since the last call.
    fn received(&mut self) -> Vec<u8> {
        self.turn();
        core::mem::take(&mut self.received)
    }
}

impl ByHand {
    fn set_capacity(&self, capacity: usize) {
        self.other.end.from().capacity = capacity;
    }

    fn read(&mut self, task: &std::task::Waker, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        let poll = Pin::new(&mut self.stream).poll_read(&mut Context::from_waker(task), &mut buf);
        poll.map_ok(|()| buf.filled().len())
    }

    fn write(&mut self, task: &std::task::Waker, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(&mut Context::from_waker(task), buf)
    }

    fn flush(&mut self, task: &std::task::Waker) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(&mut Context::from_waker(task))
    }

    fn shutdown(&mut self, task: &std::task::Waker) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(&mut Context::from_waker(task))
    }

    /// Writes until nothing more is accepted.
    fn fill(&mut self, task: &std::task::Waker) -> usize {
        let mut accepted = 0;
        while let Poll::Ready(n) = self.write(task, &[0x5a; 10_000]) {
            accepted += n.unwrap();
        }
        assert_eq!(self.stream.get_ref().1.writer().room(), 0);
        accepted
    }
}

/// Both endpoints send `data` and read as much at the same time, each with two tasks.
async fn both_ways<A, B>(ours: A, theirs: B, data: &Arc<Vec<u8>>) -> (A, B)
where
    A: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    async fn one_side<S>(stream: S, data: Arc<Vec<u8>>) -> S
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut reader, mut writer) = split(stream);
        let expected = data.clone();
        let writing = tokio::spawn(async move {
            writer.write_all(&data).await.unwrap();
            // Stock tokio-rustls holds back what is not flushed.
            writer.flush().await.unwrap();
            writer
        });
        let mut received = vec![0; expected.len()];
        reader.read_exact(&mut received).await.unwrap();
        assert!(received == *expected);
        reader.unsplit(writing.await.unwrap())
    }

    let ours = tokio::spawn(one_side(ours, data.clone()));
    let theirs = tokio::spawn(one_side(theirs, data.clone()));
    let both = async { (ours.await.unwrap(), theirs.await.unwrap()) };
    timeout(PATIENCE, both).await.expect("they wait for each other")
}

/// Both endpoints close, and each sees the other one close.
async fn close<A, B>(mut ours: TlsStream<A>, mut theirs: B)
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let both = async {
        let mut nothing = [0; 8];
        let (shut_down, read) = tokio::join!(ours.shutdown(), theirs.read(&mut nothing));
        shut_down.unwrap();
        assert_eq!(ours.get_ref().1.writer_state(), WriterState::Closed);
        assert_eq!(read.unwrap(), 0);
        let (shut_down, read) = tokio::join!(theirs.shutdown(), ours.read(&mut nothing));
        shut_down.unwrap();
        assert_eq!(read.unwrap(), 0);
        assert_eq!(ours.read(&mut nothing).await.unwrap(), 0);
        assert_eq!(ours.get_ref().1.reader_state(), ReaderState::PeerClosed);
    };
    timeout(PATIENCE, both).await.expect("the end does not arrive");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_mib_cross_a_narrow_pipe_with_key_updates_in_between() {
    const ROUNDS: usize = 4;
    let data = Arc::new(pattern((8 << 20) / ROUNDS));
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (a, b) = duplex(997);
            let (mut ours, mut theirs) = connected(suite, role, a, b).await;
            for _ in 0..ROUNDS {
                (ours, theirs) = both_ways(ours, theirs, &data).await;
                if suite.version() == Version::Tls13 {
                    ours.get_mut().1.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
                    match &mut theirs {
                        tokio_rustls::TlsStream::Client(theirs) => {
                            theirs.get_mut().1.refresh_traffic_keys().unwrap();
                        }
                        tokio_rustls::TlsStream::Server(theirs) => {
                            theirs.get_mut().1.refresh_traffic_keys().unwrap();
                        }
                    }
                }
            }
            close(ours, theirs).await;
        }
    }
}

/// The tasks take turns over a transport that does only what it must. No wake is lost.
#[tokio::test]
async fn both_directions_transfer_over_a_link_of_a_few_bytes() {
    let data = Arc::new(pattern(40_000));
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            for capacity in [1, 2, 30, 300] {
                let (a, b) = link(capacity);
                let (ours, theirs) = connected(suite, role, a, b).await;
                let (ours, theirs) = both_ways(ours, theirs, &data).await;
                close(ours, theirs).await;
            }
        }
    }
}

#[tokio::test]
async fn a_copy_echoes_while_the_peer_sends_and_reads_in_one_task() {
    let data = pattern(1 << 20);
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (a, b) = duplex(100);
            let (ours, theirs) = connected(suite, role, a, b).await;
            let echo = tokio::spawn(async move {
                let (mut reader, mut writer) = split(ours);
                tokio::io::copy(&mut reader, &mut writer).await.unwrap();
                writer.shutdown().await.unwrap();
            });
            let (mut reader, mut writer) = split(theirs);
            let mut received = vec![0; data.len()];
            let (_, written) = tokio::join!(reader.read_exact(&mut received), async {
                writer.write_all(&data).await?;
                writer.flush().await
            });
            written.unwrap();
            assert!(received == data, "{suite:?} {role:?}");
            writer.shutdown().await.unwrap();
            assert_eq!(reader.read(&mut [0]).await.unwrap(), 0);
            timeout(PATIENCE, echo).await.expect("the copy does not end").unwrap();
        }
    }
}

/// The client writes before it reads its tickets.
#[tokio::test]
async fn a_server_does_not_wait_until_its_tickets_are_read() {
    let (a, b) = duplex(20);
    let identity = Identity::new(false);
    let acceptor = TlsAcceptor::from(Arc::new(server_config(TLS13, &identity)));
    let client = tokio_rustls::TlsConnector::from(Arc::new(client_config(TLS13, &identity)));
    let data = pattern(5000);
    let client = async {
        let mut stream = client.connect(server_name(), b).await.unwrap();
        stream.write_all(&data).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = [0; 2];
        stream.read_exact(&mut answer).await.unwrap();
        answer
    };
    let server = async {
        let mut stream = acceptor.accept(a).await.unwrap();
        let mut received = vec![0; data.len()];
        stream.read_exact(&mut received).await.unwrap();
        assert!(received == data);
        stream.write_all(b"ok").await.unwrap();
        stream.flush().await.unwrap();
    };
    let both = async { tokio::join!(client, server).0 };
    assert_eq!(&timeout(PATIENCE, both).await.expect("both wait"), b"ok");
}

#[tokio::test]
async fn tls_in_tls() {
    let data = Arc::new(pattern(100_000));
    let (a, b) = duplex(1000);
    let (ours, theirs) = connected(TLS13, Role::Client, a, b).await;
    let (ours, theirs) = connected(TLS12, Role::Server, ours, theirs).await;
    let (ours, theirs) = both_ways(ours, theirs, &data).await;
    close(ours, theirs).await;
}

#[tokio::test]
async fn a_buffering_transport_is_flushed_before_waiting_for_the_peer() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (a, b) = duplex(64);
            let (mut ours, mut theirs) = connected(suite, role, BufStream::new(a), b).await;
            let ours = async {
                ours.write_all(b"asked").await.unwrap();
                ours.flush().await.unwrap();
                let mut answer = [0; 8];
                ours.read_exact(&mut answer).await.unwrap();
                answer
            };
            let theirs = async {
                let mut question = [0; 5];
                theirs.read_exact(&mut question).await.unwrap();
                theirs.write_all(b"answered").await.unwrap();
                theirs.flush().await.unwrap();
            };
            let both = async { tokio::join!(ours, theirs).0 };
            assert_eq!(&timeout(PATIENCE, both).await.expect("both wait"), b"answered");
        }
    }
}

#[tokio::test]
async fn a_cancelled_write_loses_and_repeats_nothing() {
    for suite in [TLS13, TLS12] {
        let (a, b) = duplex(500);
        let (mut ours, mut theirs) = connected(suite, Role::Client, a, b).await;
        let reading = tokio::spawn(async move {
            let mut received = Vec::new();
            let mut rng = Rng(3);
            loop {
                tokio::time::sleep(Duration::from_micros(rng.next() % 300)).await;
                let mut buf = vec![0; rng.up_to(40_000)];
                match theirs.read(&mut buf).await.unwrap() {
                    0 => return received,
                    n => received.extend_from_slice(&buf[..n]),
                }
            }
        });
        let mut accepted = Vec::new();
        let mut cancelled = 0;
        let mut rng = Rng(7);
        for byte in (0..=255).cycle().take(2000) {
            let offered = vec![byte; rng.up_to(30_000)];
            match timeout(Duration::ZERO, ours.write(&offered)).await {
                Ok(n) => accepted.extend_from_slice(&offered[..n.unwrap()]),
                // The next attempt passes different bytes.
                Err(_) => {
                    cancelled += 1;
                    tokio::task::yield_now().await;
                }
            }
            if rng.up_to(50) == 1 {
                let _cancelled = timeout(Duration::ZERO, ours.flush()).await;
            }
        }
        assert!(cancelled > 100, "{cancelled}");
        // A shutdown can be cancelled too.
        while timeout(Duration::from_micros(100), ours.shutdown()).await.is_err() {}
        let received = timeout(PATIENCE, reading).await.expect("no end").unwrap();
        assert!(received == accepted, "{suite:?}");
    }
}

#[test]
fn a_waiting_reader_sends_what_a_finished_write_left_pending() {
    for suite in SUITES {
        for role in ROLES {
            let mut hand = by_hand(suite, role);
            let (reader, reading) = Task::new();
            let (_, writing) = Task::new();
            assert!(hand.read(&reading, &mut [0; 8]).is_pending());
            hand.set_capacity(10);
            assert!(matches!(hand.write(&writing, &[7; 1000]), Poll::Ready(Ok(1000))));
            let mut received = hand.other.received();
            while received.len() < 1000 {
                assert!(reader.woken(), "nothing would send the rest");
                assert!(hand.read(&reading, &mut [0; 8]).is_pending());
                received.extend(hand.other.received());
            }
            assert_eq!(received, [7; 1000]);
        }
    }
}

/// The event of a transport on another thread, or of one that has used up tokio's budget.
#[test]
fn an_event_during_a_write_that_does_not_wait_wakes_the_waiting_reader() {
    for suite in SUITES {
        for role in ROLES {
            let mut hand = by_hand(suite, role);
            let (reader, reading) = Task::new();
            let (writer, writing) = Task::new();
            assert!(hand.read(&reading, &mut [0; 8]).is_pending());
            hand.other.end.from().wakes_at_once = true;
            assert!(matches!(hand.write(&writing, b"request"), Poll::Ready(Ok(7))));
            assert!(writer.woken() && reader.woken(), "nothing would send it");
            assert!(hand.read(&reading, &mut [0; 8]).is_pending());
            assert_eq!(hand.other.received(), b"request");

            // A task that waits gets the event itself, and wakes no other.
            hand.other.end.from().wakes_at_once = true;
            assert!(matches!(hand.write(&reading, b"more"), Poll::Ready(Ok(4))));
            assert!(reader.woken());
            assert!(hand.read(&reading, &mut [0; 8]).is_pending());
            hand.other.end.from().wakes_at_once = true;
            assert!(matches!(hand.write(&writing, b"and"), Poll::Ready(Ok(3))));
            assert!(reader.woken() && writer.woken());
            hand.other.end.from().wakes_at_once = true;
            assert!(hand.flush(&writing).is_pending());
            assert!(writer.woken() && !reader.woken());
            assert!(matches!(hand.flush(&writing), Poll::Ready(Ok(()))));
            assert_eq!(hand.other.received(), b"moreand");
        }
    }
}

#[test]
fn an_answering_reader_does_not_replace_the_wakeup_of_a_waiting_writer() {
    for role in ROLES {
        let mut hand = by_hand(TLS13, role);
        let (reader, reading) = Task::new();
        let (writer, writing) = Task::new();
        hand.set_capacity(100);
        let mut accepted = hand.fill(&writing);
        hand.other.peer.0.refresh_traffic_keys().unwrap();
        hand.other.send(b"asks for an update");
        assert!(matches!(hand.read(&reading, &mut [0; 64]), Poll::Ready(Ok(18))));
        assert!(hand.read(&reading, &mut [0; 64]).is_pending());
        // Both wait for the same room: the writer sends the answer too.
        let mut received = hand.other.received();
        assert!(writer.woken() && !reader.woken());
        while received.len() < accepted {
            accepted += hand.fill(&writing);
            received.extend(hand.other.received());
            assert!(writer.woken());
            if accepted > 200_000 {
                break;
            }
        }
        // The reader alone sends the rest, including the answer.
        while received.len() < accepted {
            assert!(hand.read(&reading, &mut [0; 64]).is_pending());
            received.extend(hand.other.received());
        }
        assert_eq!(received.len(), accepted);
        assert_eq!(hand.stream.get_ref().1.writer().progress().key_updates, 1);
    }
}

#[test]
fn an_idle_reader_is_not_woken_by_another_tasks_writes() {
    for role in ROLES {
        let mut hand = by_hand(TLS13, role);
        let (reader, reading) = Task::new();
        let (writer, writing) = Task::new();
        hand.set_capacity(1000);
        assert!(hand.read(&reading, &mut [0; 8]).is_pending());
        let (mut accepted, mut received) = (0, 0);
        while accepted < 1 << 20 {
            accepted += hand.fill(&writing);
            received += hand.other.received().len();
            assert!(writer.woken() && !reader.woken());
        }
        while hand.flush(&writing).is_pending() {
            received += hand.other.received().len();
            assert!(writer.woken() && !reader.woken());
        }
        received += hand.other.received().len();
        assert_eq!(received, accepted);
        hand.other.send(b"for the reader");
        assert!(reader.woken() && !writer.woken());
    }
}

#[test]
fn an_idle_writer_is_not_woken_by_another_tasks_reads() {
    let mut hand = by_hand(TLS13, Role::Client);
    let (_, reading) = Task::new();
    let (writer, writing) = Task::new();
    for _ in 0..10 {
        assert!(matches!(hand.write(&writing, b"x"), Poll::Ready(Ok(1))));
        assert!(hand.read(&reading, &mut [0; 8]).is_pending());
        hand.other.send(b"y");
        assert!(matches!(hand.read(&reading, &mut [0; 8]), Poll::Ready(Ok(1))));
        assert!(!writer.woken());
    }
}

#[test]
fn a_reader_that_makes_room_wakes_the_writer() {
    let mut hand = by_hand(TLS13, Role::Client);
    let (_, reading) = Task::new();
    let (writer, writing) = Task::new();
    hand.set_capacity(100);
    hand.fill(&writing);
    // The transport accepts everything before it wakes a task, and then has none left to wake.
    hand.set_capacity(usize::MAX);
    assert!(!writer.woken());
    assert!(hand.read(&reading, &mut [0; 8]).is_pending());
    assert!(!hand.stream.get_ref().1.wants().drain);
    assert!(writer.woken());
    assert!(matches!(hand.write(&writing, b"x"), Poll::Ready(Ok(1))));
}

#[test]
fn a_reader_that_reaches_the_end_wakes_the_writer() {
    let forged = [[23, 3, 3, 0, 17].as_slice(), &[0; 17]].concat();
    let mut hand = by_hand(TLS13, Role::Client);
    let (_, reading) = Task::new();
    let (writer, writing) = Task::new();
    hand.set_capacity(100);
    hand.fill(&writing);
    hand.other.end.to().put(&forged);
    assert!(matches!(hand.read(&reading, &mut [0; 8]), Poll::Ready(Err(_))));
    assert!(writer.woken());
    let Poll::Ready(Err(error)) = hand.write(&writing, b"x") else { panic!("it has failed") };
    assert_eq!(error.kind(), ErrorKind::InvalidData);

    // With this TLS 1.2 setting, the peer's close_notify closes our half too.
    let mut config = ConnectionConfig::default();
    config.tls12_close = Tls12Close::Answer;
    let mut hand = by_hand_with(TLS12, Role::Client, config);
    let (writer, writing) = Task::new();
    hand.set_capacity(100);
    hand.fill(&writing);
    hand.other.peer.0.send_close_notify();
    let wire = hand.other.peer.take_wire();
    hand.other.end.to().put(&wire);
    assert!(matches!(hand.read(&reading, &mut [0; 8]), Poll::Ready(Ok(0))));
    assert!(writer.woken());
    let Poll::Ready(Err(error)) = hand.write(&writing, b"x") else { panic!("it is closed") };
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn flush_waits_until_the_transport_has_everything() {
    for suite in SUITES {
        let mut hand = by_hand(suite, Role::Server);
        let (writer, writing) = Task::new();
        hand.set_capacity(700);
        assert!(matches!(hand.write(&writing, &[1; 3000]), Poll::Ready(Ok(3000))));
        let mut received = Vec::new();
        while hand.flush(&writing).is_pending() {
            assert!(hand.stream.get_ref().1.wants().drain);
            received.extend(hand.other.received());
            assert!(writer.woken());
        }
        received.extend(hand.other.received());
        assert_eq!(received, [1; 3000]);
        assert!(!hand.stream.get_ref().1.wants().drain);
        assert!(matches!(hand.flush(&writing), Poll::Ready(Ok(()))));
    }
}

#[test]
fn accepted_writes_are_sent_without_a_flush() {
    for suite in SUITES {
        let mut hand = by_hand(suite, Role::Client);
        let (_, writing) = Task::new();
        for len in [0, 1, 100, 16_384, 16_385, 65_536] {
            assert!(matches!(hand.write(&writing, &vec![9; len]), Poll::Ready(Ok(n)) if n == len));
            assert_eq!(hand.other.received(), vec![9; len]);
        }
    }
}

#[test]
fn nothing_is_written_after_shutdown_and_reading_continues() {
    for suite in SUITES {
        let mut hand = by_hand(suite, Role::Client);
        let (_, reading) = Task::new();
        let (writer, writing) = Task::new();
        hand.set_capacity(9);
        assert!(matches!(hand.write(&writing, b"the last words"), Poll::Ready(Ok(14))));
        let mut received = Vec::new();
        while hand.shutdown(&writing).is_pending() {
            assert!(!hand.other.end.from().shut_down, "something was left to send");
            received.extend(hand.other.received());
            assert!(writer.woken());
        }
        assert!(hand.other.end.from().shut_down);
        received.extend(hand.other.received());
        assert_eq!(received, b"the last words");
        assert!(hand.other.peer.0.process_new_packets().unwrap().peer_has_closed());
        // A repeated shutdown, then a write that is too late.
        assert!(matches!(hand.shutdown(&writing), Poll::Ready(Ok(()))));
        assert!(matches!(hand.flush(&writing), Poll::Ready(Ok(()))));
        let Poll::Ready(Err(error)) = hand.write(&writing, b"x") else { panic!("it is closed") };
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        hand.other.send(b"still here");
        assert!(matches!(hand.read(&reading, &mut [0; 64]), Poll::Ready(Ok(10))));
    }
}

#[test]
fn a_failed_stream_sends_its_alert_before_it_shuts_down() {
    let mut hand = by_hand(TLS13, Role::Client);
    let (_, task) = Task::new();
    hand.set_capacity(0);
    hand.other.end.to().put(&[[23, 3, 3, 0, 17].as_slice(), &[0; 17]].concat());
    assert!(matches!(hand.read(&task, &mut [0; 8]), Poll::Ready(Err(_))));
    assert!(hand.shutdown(&task).is_pending());
    hand.set_capacity(usize::MAX);
    assert!(matches!(hand.shutdown(&task), Poll::Ready(Ok(()))));
    assert!(hand.other.end.from().shut_down);
    let wire = hand.other.end.from().take(usize::MAX);
    let alert = hand.other.peer.feed(&wire).unwrap_err();
    assert_eq!(alert, rustls::Error::AlertReceived(rustls::AlertDescription::BadRecordMac));
}

/// Queues plaintext that the peer has sent, and a fatal alert from it.
fn last_words(hand: &mut ByHand) {
    let mut wire = hand.other.peer.send(b"last words");
    hand.other.peer.feed(&FORGED).unwrap_err();
    wire.extend(hand.other.peer.take_wire());
    hand.other.end.to().put(&wire);
}

/// A record that cannot be opened.
const FORGED: [u8; 22] = [23, 3, 3, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn the_first_call_after_a_fatal_alert_reports_it_even_if_that_is_shutdown() {
    for suite in SUITES {
        for first in ["read", "write", "flush", "shutdown"] {
            let mut hand = by_hand(suite, Role::Client);
            let (_, task) = Task::new();
            hand.set_capacity(0);
            assert!(matches!(hand.write(&task, b"dropped"), Poll::Ready(Ok(7))));
            last_words(&mut hand);
            // Bytes that were copied before the alert are returned first.
            assert!(matches!(hand.read(&task, &mut [0; 64]), Poll::Ready(Ok(10))));
            let told = match first {
                "read" => hand.read(&task, &mut [0; 64]).map_ok(drop),
                "write" => hand.write(&task, b"x").map_ok(drop),
                "flush" => hand.flush(&task),
                _ => hand.shutdown(&task),
            };
            let Poll::Ready(Err(error)) = told else { panic!("{first} did not report it") };
            let alert = handshake_fault(&error);
            assert_eq!(
                *alert,
                rustls::Error::AlertReceived(rustls::AlertDescription::BadRecordMac)
            );
            assert_eq!(hand.other.end.from().shut_down, first == "shutdown");
            // Its caller knows, and the transport has ended.
            for _ in 0..2 {
                assert!(matches!(hand.shutdown(&task), Poll::Ready(Ok(()))));
                assert!(hand.other.end.from().shut_down);
            }
            assert!(matches!(hand.read(&task, &mut [0; 64]), Poll::Ready(Err(_))));
        }
    }
}

#[test]
fn a_shutdown_that_waits_reports_a_failure_unless_the_reader_has_reported_it() {
    for read_again in [false, true] {
        let mut hand = by_hand(TLS13, Role::Client);
        let (_, reading) = Task::new();
        let (_, writing) = Task::new();
        hand.set_capacity(0);
        let mut wire = hand.other.peer.send(b"last words");
        wire.extend(FORGED);
        hand.other.end.to().put(&wire);
        assert!(matches!(hand.read(&reading, &mut [0; 64]), Poll::Ready(Ok(10))));
        assert!(hand.shutdown(&writing).is_pending());
        if read_again {
            assert!(matches!(hand.read(&reading, &mut [0; 64]), Poll::Ready(Err(_))));
        }
        hand.set_capacity(usize::MAX);
        let Poll::Ready(shut_down) = hand.shutdown(&writing) else { panic!("it waits") };
        assert_eq!(shut_down.is_err(), !read_again);
        assert!(hand.other.end.from().shut_down);
        assert!(matches!(hand.shutdown(&writing), Poll::Ready(Ok(()))));
        let wire = hand.other.end.from().take(usize::MAX);
        let alert = hand.other.peer.feed(&wire).unwrap_err();
        assert_eq!(alert, rustls::Error::AlertReceived(rustls::AlertDescription::BadRecordMac));
    }
}

#[test]
fn shutdown_succeeds_after_an_abort_by_the_caller() {
    let mut hand = by_hand(TLS13, Role::Client);
    let (_, task) = Task::new();
    hand.stream.get_mut().1.abort(AlertDescription::INTERNAL_ERROR);
    assert!(matches!(hand.shutdown(&task), Poll::Ready(Ok(()))));
    assert!(hand.other.end.from().shut_down);
    let wire = hand.other.end.from().take(usize::MAX);
    let alert = hand.other.peer.feed(&wire).unwrap_err();
    assert_eq!(alert, rustls::Error::AlertReceived(rustls::AlertDescription::InternalError));
}

#[test]
fn close_and_linger_reports_an_alert_and_reads_to_the_end() {
    let faults = [None, Some(ErrorKind::BrokenPipe)];
    for (known, fault) in faults.into_iter().flat_map(|fault| [(false, fault), (true, fault)]) {
        let mut hand = by_hand(TLS13, Role::Client);
        let (_, task) = Task::new();
        last_words(&mut hand);
        hand.other.end.from().shutdown_fault = fault;
        assert!(matches!(hand.read(&task, &mut [0; 64]), Poll::Ready(Ok(10))));
        if known {
            assert!(matches!(hand.read(&task, &mut [0; 64]), Poll::Ready(Err(_))));
        }
        let ByHand { mut stream, other } = hand;
        let cx = &mut Context::from_waker(&task);
        let mut closing = Box::pin(stream.close_and_linger(1 << 20));
        assert!(closing.as_mut().poll(cx).is_pending());
        assert!(other.end.from().shut_down);
        other.end.to().put(b"more to discard");
        assert!(closing.as_mut().poll(cx).is_pending());
        other.end.to().shut_down = true;
        let Poll::Ready(Err(error)) = closing.as_mut().poll(cx) else { panic!("not reported") };
        assert!(matches!(handshake_fault(&error), rustls::Error::AlertReceived(_)));
        drop(closing);
        assert!(matches!(Pin::new(&mut stream).poll_shutdown(cx), Poll::Ready(Ok(()))));
    }
}

#[test]
fn the_next_write_reports_a_failure_to_write() {
    let mut hand = by_hand(TLS13, Role::Client);
    let (_, task) = Task::new();
    hand.other.end.from().fault = Some(ErrorKind::ConnectionReset);
    assert!(matches!(hand.write(&task, b"accepted"), Poll::Ready(Ok(8))));
    hand.other.send(b"can be read");
    assert!(matches!(hand.read(&task, &mut [0; 64]), Poll::Ready(Ok(11))));
    let Poll::Ready(Err(error)) = hand.write(&task, b"x") else {
        panic!("the failure was not reported")
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn vectored_writes_share_a_record() {
    let mut hand = by_hand(TLS13, Role::Client);
    assert!(hand.stream.is_write_vectored());
    let (_, waker) = Task::new();
    let cx = &mut Context::from_waker(&waker);
    let bufs = [b"one, ".as_slice(), b"", b"two, ", b"three"].map(IoSlice::new);
    let written = Pin::new(&mut hand.stream).poll_write_vectored(cx, &bufs);
    assert!(matches!(written, Poll::Ready(Ok(15))));
    let written = Pin::new(&mut hand.stream).poll_write_vectored(cx, &[]);
    assert!(matches!(written, Poll::Ready(Ok(0))));
    assert_eq!(hand.other.received(), b"one, two, three");
    assert_eq!(hand.stream.get_ref().1.writer().progress().records, 1);
}

#[tokio::test]
async fn lines_are_read_in_place() {
    let (a, b) = duplex(100);
    let (ours, mut theirs) = connected(TLS13, Role::Server, a, b).await;
    tokio::spawn(async move {
        for line in ["one\nt", "wo\n", "three"] {
            theirs.write_all(line.as_bytes()).await.unwrap();
            theirs.flush().await.unwrap();
        }
        theirs.shutdown().await.unwrap();
    });
    let mut lines = ours.lines();
    for expected in [Some("one"), Some("two"), Some("three"), None] {
        assert_eq!(lines.next_line().await.unwrap().as_deref(), expected);
    }
}

#[test]
fn an_end_without_close_notify_is_an_unexpected_eof() {
    for suite in SUITES {
        for role in ROLES {
            let mut hand = by_hand(suite, role);
            let (_, task) = Task::new();
            hand.other.send(b"whole");
            hand.other.end.to().shut_down = true;
            assert!(matches!(hand.read(&task, &mut [0; 64]), Poll::Ready(Ok(5))));
            for _ in 0..2 {
                let Poll::Ready(Err(error)) = hand.read(&task, &mut [0; 64]) else {
                    panic!("it is not a clean end")
                };
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
            }
            // The other direction is still open.
            assert!(matches!(hand.write(&task, b"still"), Poll::Ready(Ok(5))));
            assert_eq!(hand.other.received(), b"still");
        }
    }
}

#[tokio::test]
async fn an_end_of_input_in_the_handshake_is_an_unexpected_eof() {
    for suite in [TLS13, TLS12] {
        let identity = Identity::for_suite(suite);
        let connector = TlsConnector::from(Arc::new(client_config(suite, &identity)));
        let acceptor = TlsAcceptor::from(Arc::new(server_config(suite, &identity)));
        for sent in [&b""[..], &[22, 3, 1, 0]] {
            let gone = async || {
                let (a, mut b) = duplex(10_000);
                b.write_all(sent).await.unwrap();
                b.shutdown().await.unwrap();
                (a, b)
            };
            let (a, _b) = gone().await;
            let error = connector.connect(server_name(), a).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
            let (a, _b) = gone().await;
            let error = acceptor.accept(a).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        }
    }
}

#[tokio::test]
async fn a_failed_handshake_reports_its_cause_alerts_the_peer_and_returns_the_transport() {
    for suite in [TLS13, TLS12] {
        let (a, b) = duplex(10_000);
        let trusted = client_config(suite, &Identity::for_suite(suite));
        let connector = TlsConnector::from(Arc::new(trusted));
        let stranger = server_config(suite, &Identity::for_suite(suite));
        let acceptor = TlsAcceptor::from(Arc::new(stranger));
        let (client, server) = tokio::join!(
            connector.connect(server_name(), a).into_fallible(),
            acceptor.accept(b).into_fallible()
        );
        let ((client, mut a), (server, mut b)) = (client.unwrap_err(), server.unwrap_err());
        assert!(matches!(handshake_fault(&client), rustls::Error::InvalidCertificate(_)));
        assert!(matches!(handshake_fault(&server), rustls::Error::AlertReceived(_)));
        // They still work as plain transports.
        a.write_all(b"plain").await.unwrap();
        b.read_exact(&mut [0; 5]).await.unwrap();
    }
}

fn handshake_fault(error: &io::Error) -> &rustls::Error {
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    error.get_ref().unwrap().downcast_ref().unwrap()
}

#[tokio::test]
async fn the_handshake_reports_a_refused_configuration() {
    let mut config = client_config(TLS13, &Identity::new(false));
    config.max_fragment_size = Some(1);
    let handshake = TlsConnector::from(Arc::new(config)).connect(server_name(), duplex(9).0);
    let error = handshake.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

#[tokio::test]
async fn settings_reach_the_connection() {
    let identity = Identity::new(false);
    let connector = TlsConnector::from(Arc::new(client_config(TLS13, &identity)));
    let acceptor = TlsAcceptor::from(Arc::new(server_config(TLS13, &identity)));
    let mut config = connector.connection_config().clone();
    config.writer.max_fragment_len = 100;
    let (a, b) = duplex(10_000);
    let (mut client, mut server) = tokio::try_join!(
        connector.with_connection_config(config.clone()).connect(server_name(), a),
        acceptor.with_connection_config(config).accept(b)
    )
    .unwrap();
    client.write_all(&[1; 990]).await.unwrap();
    server.write_all(&[2; 990]).await.unwrap();
    assert_eq!(client.get_ref().1.writer().progress().records, 10);
    assert_eq!(server.get_ref().1.writer().progress().records, 10);
}

#[test]
fn streams_and_handshakes_can_be_sent_to_other_threads() {
    fn assert_send_sync_unpin<T: Send + Sync + Unpin>() {}
    assert_send_sync_unpin::<TlsStream<TcpStream>>();
    assert_send_sync_unpin::<TlsHandshake<TcpStream>>();
    assert_send_sync_unpin::<TlsConnector>();
    assert_send_sync_unpin::<TlsAcceptor>();
}

#[test]
fn data_before_close_notify_can_be_answered() {
    let answers = |tls12_close| {
        let mut config = ConnectionConfig::default();
        config.tls12_close = tls12_close;
        config
    };
    for (suite, tls12_close) in
        [(TLS13, Tls12Close::HalfOpen), (TLS12, Tls12Close::HalfOpen), (TLS12, Tls12Close::Answer)]
    {
        let mut hand = by_hand_with(suite, Role::Server, answers(tls12_close));
        let (_, task) = Task::new();
        let mut wire = hand.other.peer.send(b"request");
        hand.other.peer.0.send_close_notify();
        wire.extend(hand.other.peer.take_wire());
        hand.other.end.to().put(&wire);
        assert!(matches!(hand.read(&task, &mut [0; 64]), Poll::Ready(Ok(7))));
        assert!(matches!(hand.write(&task, b"answer"), Poll::Ready(Ok(6))), "{tls12_close:?}");
    }
}

#[test]
fn a_fault_after_the_data_that_is_read_wakes_a_waiting_writer() {
    let mut hand = by_hand(TLS13, Role::Client);
    let (_, reading) = Task::new();
    let (writer, writing) = Task::new();
    hand.set_capacity(100);
    hand.fill(&writing);
    let mut wire = hand.other.peer.send(b"last words");
    wire.extend([23, 3, 3, 0, 17]);
    wire.extend([0; 17]);
    hand.other.end.to().put(&wire);
    assert!(matches!(hand.read(&reading, &mut [0; 64]), Poll::Ready(Ok(10))));
    assert!(writer.woken());
}

#[test]
fn a_handshake_exposes_its_connection_first_and_its_transport_throughout() {
    let identity = Identity::for_suite(TLS13);
    let config = Arc::new(client_config(TLS13, &identity));
    let mut shown = None;
    let (ours, _other) = link(usize::MAX);
    let connector = TlsConnector::from(Arc::clone(&config));
    let mut handshake = connector.connect_with(server_name(), ours, |connection| {
        connection.writer_mut().set_sizing(Sizing::Fixed(1000)).unwrap();
        shown = Some(connection.wants());
    });
    assert!(shown.unwrap().drain, "the first flight is pending");
    assert!(handshake.get_ref().is_some() && handshake.get_mut().is_some());
    assert!(connector.config().alpn_protocols.is_empty());

    let server = TlsAcceptor::from(Arc::new(server_config(TLS13, &identity)));
    let (ours, _other) = link(usize::MAX);
    let mut states = Vec::new();
    let handshake = server.accept_with(ours, |connection| states.push(connection.writer_state()));
    assert_eq!(states, [WriterState::Negotiating]);
    assert!(handshake.into_fallible().get_mut().is_some());
    assert!(server.config().alpn_protocols.is_empty());
}

/// A proxy for one line. It forwards the client's end of input to the server, and the server's
/// answer to the client.
#[tokio::test]
async fn a_client_that_half_closes_gets_its_answer_through_copy_bidirectional() {
    const ANSWER_LEN: usize = 1_000_000;

    for suite in [TLS13, TLS12] {
        let identity = Identity::for_suite(suite);
        let acceptor = TlsAcceptor::from(Arc::new(server_config(suite, &identity)));
        let connector = tokio_rustls::TlsConnector::from(Arc::new(client_config(suite, &identity)));
        let (theirs, ours) = duplex(1000);
        let (mut to_server, mut server) = duplex(1000);
        let client = async {
            let mut tls = connector.connect(server_name(), theirs).await.unwrap();
            tls.write_all(b"request").await.unwrap();
            tls.shutdown().await.unwrap();
            let mut answer = Vec::new();
            tls.read_to_end(&mut answer).await.unwrap();
            answer
        };
        let proxy = async {
            let mut tls = acceptor.accept(ours).await.unwrap();
            tokio::io::copy_bidirectional(&mut tls, &mut to_server).await.unwrap()
        };
        let server = async {
            let mut request = Vec::new();
            server.read_to_end(&mut request).await.unwrap();
            server.write_all(&pattern(ANSWER_LEN)).await.unwrap();
            server.shutdown().await.unwrap();
            request
        };
        let (answer, copied, request) = tokio::join!(client, proxy, server);
        assert_eq!(request, b"request");
        assert!(answer == pattern(ANSWER_LEN), "{suite:?}: {} bytes", answer.len());
        assert_eq!(copied, (7, u64::try_from(ANSWER_LEN).unwrap()));
    }
}
