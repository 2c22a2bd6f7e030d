//! The futures-io adapter on smol's executor, against stock rustls over loopback sockets.
#![expect(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "tests"
)]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_executor::LocalExecutor;
use async_io::{Async, Timer};
use futures_lite::future::{self, zip};
use futures_lite::io::split;
use futures_lite::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wantwrite::*;
use wantwrite_futures_io::FuturesStream;
use wantwrite_testing::*;

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
const PATIENCE: Duration = Duration::from_secs(30);
const LEN: usize = 1 << 20;

/// Our stream, and the result of a thread in which the peer uses its end.
fn meet<T: Send + 'static>(
    suite: CipherSuite,
    role: Role,
    peer: impl FnOnce(Peer, TcpStream) -> T + Send + 'static,
) -> (FuturesStream<Async<TcpStream>>, JoinHandle<T>) {
    let (ours, stock) = pair(suite, role);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let other = listener.accept().unwrap().0;
    other.set_read_timeout(Some(PATIENCE)).unwrap();
    other.set_write_timeout(Some(PATIENCE)).unwrap();
    let thread = thread::spawn(move || peer(stock, other));
    (FuturesStream::new(ours, Async::new(socket).unwrap()), thread)
}

/// Runs `task` on an executor. It must finish.
fn run<T>(task: impl Future<Output = T>) -> T {
    let executor = LocalExecutor::new();
    let patience = async {
        Timer::after(PATIENCE).await;
        panic!("it waits forever")
    };
    future::block_on(executor.run(future::or(task, patience)))
}

/// Sends `LEN` bytes and asks for KeyUpdates while it reads as many. Then both endpoints close.
fn talks_at_once(mut peer: Peer, mut socket: TcpStream) -> Vec<u8> {
    let mut writing = socket.try_clone().unwrap();
    while peer.0.is_handshaking() {
        peer.0.complete_io(&mut socket).unwrap();
    }
    let updates = peer.0.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
    let mut wire = peer.take_wire();
    peer.0.set_buffer_limit(None);
    for part in pattern(LEN).chunks(50_000) {
        wire.extend(peer.send(part));
        if updates {
            peer.0.refresh_traffic_keys().unwrap();
        }
    }
    peer.0.send_close_notify();
    wire.extend(peer.take_wire());
    let sender = thread::spawn(move || writing.write_all(&wire).unwrap());
    let (mut received, mut buf) = (Vec::new(), [0; 4096]);
    while !peer.0.process_new_packets().unwrap().peer_has_closed() {
        let n = socket.read(&mut buf).unwrap();
        assert!(n > 0, "the transport ended without close_notify");
        peer.feed(&buf[..n]).unwrap();
        received.extend(peer.take_plaintext());
    }
    sender.join().unwrap();
    received
}

#[test]
fn a_split_stream_reads_and_writes_concurrently() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (stream, peer) = meet(suite, role, talks_at_once);
            run(async {
                // Both halves drive the handshake together.
                let (mut input, mut output) = split(stream);
                let send = async {
                    output.write_all(&pattern(LEN)).await.unwrap();
                    output.close().await.unwrap();
                };
                let receive = async {
                    let mut received = Vec::new();
                    input.read_to_end(&mut received).await.unwrap();
                    assert!(received == pattern(LEN), "{suite:?} {role:?}");
                };
                zip(send, receive).await;
            });
            assert!(peer.join().unwrap() == pattern(LEN), "{suite:?} {role:?}");
        }
    }
}

/// Echoes one line, and reads to the end.
fn echoes_a_line(mut peer: Peer, mut socket: TcpStream) -> bool {
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        peer.0.complete_io(&mut socket).unwrap();
        line.extend(peer.take_plaintext());
    }
    socket.write_all(&peer.send(&line)).unwrap();
    while !peer.0.process_new_packets().unwrap().peer_has_closed() {
        if peer.0.read_tls(&mut socket).unwrap() == 0 {
            return false;
        }
    }
    peer.0.send_close_notify();
    socket.write_all(&peer.take_wire()).unwrap();
    true
}

#[test]
fn lines_are_read_in_place_until_the_end() {
    for suite in [TLS13, TLS12] {
        let (mut stream, peer) = meet(suite, Role::Client, echoes_a_line);
        run(async {
            stream.complete_handshake().await.unwrap();
            stream.write_all(b"a line\n").await.unwrap();
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            assert_eq!(line, "a line\n");
            stream.close_and_linger(1 << 20).await.unwrap();
            assert_eq!(stream.get_ref().1.reader_state(), ReaderState::PeerClosed);
            assert_eq!(stream.write(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        });
        assert!(peer.join().unwrap(), "{suite:?}");
    }
}

#[test]
fn an_end_without_close_notify_is_an_unexpected_eof() {
    let (mut stream, peer) = meet(TLS13, Role::Client, |mut peer, mut socket| {
        while peer.0.is_handshaking() {
            peer.0.complete_io(&mut socket).unwrap();
        }
        socket.write_all(&peer.send(b"cut")).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
    });
    run(async {
        let mut all = Vec::new();
        let error = stream.read_to_end(&mut all).await.unwrap_err();
        assert_eq!((all.as_slice(), error.kind()), (&b"cut"[..], ErrorKind::UnexpectedEof));
    });
    peer.join().unwrap();
}

#[test]
fn a_dropped_call_loses_and_repeats_nothing() {
    let (mut stream, peer) = meet(TLS13, Role::Client, talks_at_once);
    run(async {
        let (mut sent, mut received) = (0, Vec::<u8>::new());
        let mut dropped = 0;
        let data = pattern(LEN);
        while sent < LEN || received.len() < LEN {
            if sent < LEN {
                let end = LEN.min(sent + 30_000);
                match future::poll_once(stream.write(&data[sent..end])).await {
                    Some(n) => sent += n.unwrap(),
                    None => dropped += 1,
                }
            }
            let mut buf = [0; 5000];
            match future::poll_once(stream.read(&mut buf)).await {
                Some(n) => received.extend(&buf[..n.unwrap()]),
                None => dropped += 1,
            }
            future::yield_now().await;
        }
        assert!(received == data);
        assert!(dropped > 0);
        stream.close().await.unwrap();
    });
    assert!(peer.join().unwrap() == pattern(LEN));
}

/// A task that only records whether it was woken.
#[derive(Default)]
struct Task(AtomicBool);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A transport that takes everything, and whose first close is interrupted.
struct InterruptsClose(bool);

impl AsyncRead for InterruptsClose {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
}

impl AsyncWrite for InterruptsClose {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0 {
            return Poll::Ready(Ok(()));
        }
        self.0 = true;
        Poll::Ready(Err(ErrorKind::Interrupted.into()))
    }
}

#[test]
fn an_interrupted_close_is_repeated() {
    let (ours, _) = established(TLS13, Role::Client);
    let mut stream = FuturesStream::new(ours, InterruptsClose(false));
    run(stream.close()).unwrap();
    assert!(stream.get_ref().0.0);
}

/// A transport whose writes are all pending, and whose event comes before the call returns. It holds
/// input, and then waits for more.
struct WakesAtOnce(Vec<u8>);

impl AsyncRead for WakesAtOnce {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let n = buf.len().min(self.0.len());
        for (to, from) in buf.iter_mut().zip(self.0.drain(..n)) {
            *to = from;
        }
        if n == 0 { Poll::Pending } else { Poll::Ready(Ok(n)) }
    }
}

impl AsyncWrite for WakesAtOnce {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn an_event_during_a_write_that_does_not_wait_wakes_the_waiting_reader() {
    let (ours, _) = established(TLS13, Role::Client);
    let mut stream = FuturesStream::new(ours, WakesAtOnce(Vec::new()));
    let (reader, writer) = (Arc::new(Task::default()), Arc::new(Task::default()));
    let (reading, writing) = (Waker::from(reader.clone()), Waker::from(writer));
    let mut buf = [0; 8];
    let read = Pin::new(&mut stream).poll_read(&mut Context::from_waker(&reading), &mut buf);
    assert!(read.is_pending() && !reader.0.load(Ordering::SeqCst));
    let cx = &mut Context::from_waker(&writing);
    assert!(matches!(Pin::new(&mut stream).poll_write(cx, b"request"), Poll::Ready(Ok(7))));
    assert!(reader.0.load(Ordering::SeqCst), "nothing would send it");
}

#[test]
fn close_reports_an_alert_that_a_read_has_not_returned() {
    let (ours, mut peer) = established(TLS13, Role::Client);
    let mut wire = peer.send(b"last words");
    peer.feed(&[[23, 3, 3, 0, 17].as_slice(), &[0; 17]].concat()).unwrap_err();
    wire.extend(peer.take_wire());
    let mut stream = FuturesStream::new(ours, WakesAtOnce(wire));
    run(async {
        assert_eq!(stream.write(b"dropped").await.unwrap(), 7);
        assert_eq!(stream.read(&mut [0; 64]).await.unwrap(), 10);
        for _ in 0..2 {
            let error = stream.close().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
        }
    });
}
