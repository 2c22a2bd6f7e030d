//! `Stream` over blocking and non-blocking transports, in memory and of the operating system.
#![expect(
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::std_instead_of_alloc,
    reason = "tests"
)]

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;

use mio::{Events, Interest, Poll, Token};
use wantwrite::*;
use wantwrite_testing::*;

type Wire = wire::Wire<ErrorKind>;

fn fresh(suite: CipherSuite, role: Role) -> Stream<Wire> {
    let (ours, peer) = pair(suite, role);
    Stream::new(ours, Wire::new(peer))
}

fn ready(suite: CipherSuite, role: Role) -> Stream<Wire> {
    let (ours, peer) = established(suite, role);
    Stream::new(ours, Wire::new(peer))
}

fn ready_server(suite: CipherSuite, config: ConnectionConfig) -> Stream<Wire> {
    let identity = Identity::for_suite(suite);
    let tls = Arc::new(server_config(suite, &identity));
    let mut ours = Connection::server_with(tls, config).unwrap();
    let mut peer = Peer::client(client_config(suite, &identity));
    negotiate(&mut ours, &mut peer);
    Stream::new(ours, Wire::new(peer))
}

/// Retries `call` over a transport that blocks only to let the peer take its turn.
fn finish<T>(
    stream: &mut Stream<Wire>,
    mut call: impl FnMut(&mut Stream<Wire>) -> io::Result<T>,
) -> T {
    for _ in 0..10_000 {
        match call(stream) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => return result.unwrap(),
        }
    }
    panic!("it would block forever");
}

fn kind<T: core::fmt::Debug>(result: io::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

/// The fault of the connection that `error` carries.
fn carried(error: &io::Error) -> Option<&ConnectionError> {
    error.get_ref()?.downcast_ref()
}

/// Two connected loopback sockets.
fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let other = listener.accept().unwrap().0;
    for socket in [&one, &other] {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
    }
    (one, other)
}

/// Reads until `len` bytes have arrived or the peer has closed.
fn read_up_to(peer: &mut Peer, socket: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut received = Vec::new();
    while received.len() < len {
        write_all_tls(peer, socket);
        if peer.0.read_tls(socket).unwrap() == 0 {
            break;
        }
        let state = peer.0.process_new_packets().unwrap();
        received.extend(peer.take_plaintext());
        if state.peer_has_closed() {
            break;
        }
    }
    write_all_tls(peer, socket);
    received
}

const LEN: usize = 1 << 20;

#[test]
fn ssl_write_row_06_blocking_calls_negotiate_write_read_and_close() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (ours, mut peer) = pair(suite, role);
            let (socket, mut other) = sockets();
            let echo = thread::spawn(move || {
                let received = read_up_to(&mut peer, &mut other, LEN);
                send_over(&mut peer, &mut other, &received);
                let rest = read_up_to(&mut peer, &mut other, usize::MAX);
                assert!(rest.is_empty());
                peer.0.send_close_notify();
                write_all_tls(&mut peer, &mut other);
            });
            let data = pattern(LEN);
            let mut stream = Stream::new(ours, socket);
            stream.write_all(&data).unwrap();
            let mut received = vec![0; LEN];
            stream.read_exact(&mut received).unwrap();
            assert!(received == data, "{suite:?} {role:?}");
            stream.close().unwrap();
            assert_eq!(stream.connection().writer_state(), WriterState::Closed);
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
            assert_eq!(stream.read(&mut [0; 8]).unwrap(), 0);
            echo.join().unwrap();
        }
    }
}

/// Sends `data` from the peer.
fn send_over(peer: &mut Peer, socket: &mut TcpStream, data: &[u8]) {
    for part in data.chunks(16 * 1024) {
        peer.0.writer().write_all(part).unwrap();
        write_all_tls(peer, socket);
    }
}

fn write_all_tls(peer: &mut Peer, socket: &mut TcpStream) {
    while peer.0.wants_write() {
        peer.0.write_tls(socket).unwrap();
    }
}

#[test]
fn ssl_write_row_06_complete_handshake_makes_both_sides_ready() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let mut stream = fresh(suite, role);
            finish(&mut stream, Stream::complete_handshake);
            stream.complete_handshake().unwrap();
            assert_eq!(stream.connection().writer_state(), WriterState::Open);
            assert!(!stream.connection().wants().drain);
            assert!(!stream.get_ref().peer.0.is_handshaking());
        }
    }
}

#[test]
fn ssl_write_row_06_read_flush_and_an_empty_write_work_on_a_fresh_stream() {
    for role in ROLES {
        let mut stream = fresh(TLS13, role);
        stream.flush().unwrap();
        assert_eq!(stream.read(&mut []).unwrap(), 0);
        assert_eq!(finish(&mut stream, |stream| stream.write(b"")), 0);
        assert_eq!(kind(stream.read(&mut [0; 8])), ErrorKind::WouldBlock);
        stream.get_mut().peer_sends(b"after the handshake");
        let mut buf = [0; 64];
        let n = stream.read(&mut buf).unwrap();
        assert_eq!(&buf[..n], b"after the handshake");
    }
}

#[test]
fn ssl_write_row_06_interrupted_calls_are_retried() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let mut stream = fresh(suite, role);
            stream.get_mut().at_most = 1000;
            for call in 0..200 {
                let interrupt = |wire: &mut Wire| {
                    wire.read_results.extend([Err(ErrorKind::Interrupted); 2]);
                    wire.write_results.extend([Err(ErrorKind::Interrupted); 2]);
                };
                interrupt(stream.get_mut());
                let n = finish(&mut stream, |stream| stream.write(&[call; 100]));
                assert_eq!(n, 100);
                interrupt(stream.get_mut());
                stream.get_mut().peer_sends(&[call; 50]);
                let mut buf = [0; 50];
                stream.read_exact(&mut buf).unwrap();
                assert_eq!(buf, [call; 50]);
            }
            assert_eq!(stream.get_ref().received.len(), 20_000);
        }
    }
}

#[test]
fn ssl_write_row_06_an_end_of_input_in_the_handshake_is_an_unexpected_eof() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            // This many bytes of the peer's first flight arrive.
            for arrives in [0, 1, 4, 5, 60, 100] {
                let mut stream = fresh(suite, role);
                stream.get_mut().read_results.push_back(Err(ErrorKind::WouldBlock));
                assert_eq!(kind(stream.complete_handshake()), ErrorKind::WouldBlock);
                let wire = stream.get_mut();
                let flight = wire.peer.take_wire();
                wire.to_us.clear();
                wire.to_us.extend(&flight[..arrives]);
                wire.ends = true;
                for _ in 0..3 {
                    let error = stream.complete_handshake().unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
                    let truncated = ConnectionError::Record(Error::Truncated);
                    assert_eq!(carried(&error), Some(&truncated));
                }
                assert_eq!(kind(stream.write(b"x")), ErrorKind::UnexpectedEof);
            }
        }
    }
}

#[test]
fn ssl_write_row_06_a_failed_handshake_reports_its_cause_and_alerts_the_peer() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (ours, _) = pair(suite, role);
            // The peer has another identity, so the client rejects the server's certificate.
            let (_, stranger) = pair(suite, role);
            let mut stream = Stream::new(ours, Recorded(Wire::new(stranger), Vec::new()));
            let error = (0..100)
                .filter_map(|_| stream.complete_handshake().err())
                .find(|error| error.kind() != ErrorKind::WouldBlock)
                .unwrap();
            let fault = carried(&error).unwrap();
            assert!(matches!(fault, ConnectionError::Handshake(_)), "{fault}");
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert_eq!(stream.connection().writer_state(), WriterState::Failed);
            assert!(!stream.connection().wants().drain);
            // The peer, as a server, received an alert or, as a client, rejected our certificate.
            assert!(stream.get_ref().1.iter().any(Result::is_err));
            // The error is sticky in every call.
            assert_eq!(kind(stream.complete_handshake()), ErrorKind::InvalidData);
            assert_eq!(kind(stream.read(&mut [0])), ErrorKind::InvalidData);
            assert_eq!(kind(stream.write(b"x")), ErrorKind::InvalidData);
            assert_eq!(kind(stream.flush()), ErrorKind::InvalidData);
        }
    }
}

/// A wire that records whether its peer accepted what it was fed.
struct Recorded(Wire, Vec<Result<(), rustls::Error>>);

impl Read for Recorded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Recorded {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let fed = self.0.peer.feed(buf);
        self.1.push(fed);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn ssl_write_row_06_a_transport_that_accepts_0_bytes_is_write_zero() {
    let mut stream = fresh(TLS13, Role::Client);
    stream.get_mut().write_results.push_back(Ok(0));
    assert_eq!(kind(stream.complete_handshake()), ErrorKind::WriteZero);
    finish(&mut stream, Stream::complete_handshake);
    stream.get_mut().write_results.push_back(Ok(0));
    assert_eq!(stream.write(b"x").unwrap(), 1, "accepted: the next call reports the failure");
    assert_eq!(kind(stream.write(b"y")), ErrorKind::WriteZero);
    stream.flush().unwrap();
    stream.get_mut().write_results.push_back(Ok(0));
    assert_eq!(kind(stream.close()), ErrorKind::WriteZero);
    stream.close().unwrap();
    assert_eq!(stream.connection().writer_state(), WriterState::Closed);
}

#[test]
fn ssl_write_row_06_transport_errors_are_returned() {
    let faults = [ErrorKind::ConnectionReset, ErrorKind::TimedOut];
    for fault in faults {
        let mut stream = fresh(TLS13, Role::Client);
        stream.get_mut().write_results.push_back(Err(fault));
        assert_eq!(kind(stream.complete_handshake()), fault);
        stream.get_mut().read_results.push_back(Err(fault));
        assert_eq!(kind(stream.complete_handshake()), fault);
        finish(&mut stream, Stream::complete_handshake);
        stream.get_mut().read_results.push_back(Err(fault));
        assert_eq!(kind(stream.read(&mut [0])), fault);
        stream.get_mut().write_results.push_back(Err(fault));
        assert_eq!(stream.write(b"x").unwrap(), 1, "accepted: the next call reports the failure");
        assert_eq!(kind(stream.flush()), fault);
        stream.connection_mut().writer_mut().write_atomic(b"y").unwrap();
        stream.get_mut().write_results.push_back(Err(fault));
        assert_eq!(kind(stream.flush()), fault);
        stream.get_mut().write_results.push_back(Err(fault));
        assert_eq!(kind(stream.close()), fault);
        // They are the transport's errors, not ours.
        assert_eq!(stream.connection().error(), None);
    }
}

#[test]
fn ssl_write_row_06_reading_continues_when_an_answer_cannot_be_written() {
    let mut stream = ready(TLS13, Role::Client);
    let wire = stream.get_mut();
    wire.peer.0.refresh_traffic_keys().unwrap();
    wire.peer_sends(b"the peer asks, and takes no answer");
    wire.write_results.push_back(Err(ErrorKind::BrokenPipe));
    let mut buf = [0; 64];
    assert_eq!(stream.read(&mut buf).unwrap(), 34);
    stream.get_mut().peer_sends(b"more");
    assert_eq!(stream.read(&mut buf).unwrap(), 4);
    assert_eq!(kind(stream.write(b"x")), ErrorKind::BrokenPipe, "reported once");
    stream.write_all(b"y").unwrap();
    assert_eq!(stream.get_ref().received, b"y");
}

#[test]
fn ssl_write_row_06_vectored_writes_share_a_record() {
    let mut stream = ready(TLS13, Role::Client);
    let before = stream.connection().writer().progress().records;
    let bufs = [b"one, ".as_slice(), b"", b"two"].map(io::IoSlice::new);
    assert_eq!(stream.write_vectored(&bufs).unwrap(), 8);
    assert_eq!(stream.write_vectored(&[]).unwrap(), 0);
    assert_eq!(stream.get_ref().received, b"one, two");
    assert_eq!(stream.connection().writer().progress().records, before + 1);
}

#[test]
fn ssl_write_row_06_accepted_writes_are_sent_without_a_flush() {
    for suite in SUITES {
        for len in [1, 100, 16_384, 16_385, 65_536, 200_000] {
            let mut stream = ready(suite, Role::Client);
            let data = pattern(len);
            let mut accepted = 0;
            while accepted < len {
                accepted += stream.write(&data[accepted..]).unwrap();
                assert_eq!(stream.get_ref().received.len(), accepted, "{suite:?} {len}");
            }
            assert_eq!(stream.get_ref().flushes, 0);
            assert!(!stream.connection().wants().drain);
            assert_eq!(stream.get_ref().received, data);
        }
    }
}

#[test]
fn ssl_write_row_06_flush_returns_when_the_transport_has_everything() {
    let mut stream = ready(TLS13, Role::Server);
    let data = pattern(50_000);
    stream.get_mut().takes = 0;
    assert_eq!(stream.write(&data).unwrap(), data.len());
    while stream.get_ref().received.len() < data.len() {
        assert_eq!(kind(stream.flush()), ErrorKind::WouldBlock);
        assert_eq!(stream.get_ref().flushes, 0);
        stream.get_mut().takes = 1448;
        if stream.flush().is_ok() {
            break;
        }
    }
    assert_eq!(stream.get_ref().received, data);
    assert_eq!(stream.get_ref().flushes, 1);
    let progress = stream.connection().writer().progress();
    assert_eq!(progress.drained_plaintext, data.len() as u64);
}

#[test]
fn ssl_write_row_06_flush_sends_what_was_written_directly_to_the_connection() {
    let mut stream = ready(TLS13, Role::Client);
    stream.connection_mut().writer_mut().write_atomic(b"past it").unwrap();
    assert!(stream.get_ref().received.is_empty());
    stream.flush().unwrap();
    assert_eq!(stream.get_ref().received, b"past it");
}

#[test]
fn ssl_write_row_06_a_blocked_close_continues_where_it_stopped() {
    for suite in [TLS13, TLS12] {
        let mut stream = ready(suite, Role::Client);
        stream.get_mut().takes = 0;
        assert_eq!(stream.write(b"the last words").unwrap(), 14);
        let mut calls = 0;
        while let Err(error) = stream.close() {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            assert_eq!(stream.connection().writer_state(), WriterState::Closing);
            stream.get_mut().takes = 1;
            calls += 1;
        }
        assert!(calls > 14);
        let written = stream.get_ref().written;
        stream.close().unwrap();
        assert_eq!(stream.get_ref().written, written, "close_notify is sent once");
        assert_eq!(stream.connection().writer_state(), WriterState::Closed);
        assert_eq!(stream.get_ref().received, b"the last words");
        let state = stream.get_mut().peer.0.process_new_packets().unwrap();
        assert!(state.peer_has_closed());
        assert_eq!(kind(stream.write(b"x")), ErrorKind::BrokenPipe);
    }
}

#[test]
fn ssl_write_row_06_reading_continues_after_our_close_in_tls_13() {
    let mut stream = ready(TLS13, Role::Client);
    stream.close().unwrap();
    stream.get_mut().peer_sends(b"still here");
    let mut buf = [0; 10];
    stream.read_exact(&mut buf).unwrap();
    assert_eq!(&buf, b"still here");
}

/// A transport like a `BufWriter`: only flushed bytes reach the peer.
struct Buffered {
    wire: Wire,
    held: Vec<u8>,
    /// Whether the last flush would have blocked. Every other flush does.
    blocked: bool,
}

impl Read for Buffered {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        assert!(
            self.held.is_empty() || self.blocked,
            "it waits for an answer to bytes that it still holds"
        );
        self.wire.read(buf)
    }
}

impl Write for Buffered {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.held.is_empty() && !self.blocked {
            self.blocked = true;
            return Err(ErrorKind::WouldBlock.into());
        }
        self.blocked = false;
        self.wire.write_all(&self.held)?;
        self.held.clear();
        Ok(())
    }
}

#[test]
fn ssl_write_row_06_handshake_flights_are_flushed_through_a_buffering_transport() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (ours, peer) = pair(suite, role);
            let io = Buffered { wire: Wire::new(peer), held: Vec::new(), blocked: false };
            let mut stream = Stream::new(ours, io);
            while let Err(error) = stream.complete_handshake() {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
            }
            // If the last flight was blocked, the next call sends it.
            assert_eq!(kind(stream.read(&mut [0])), ErrorKind::WouldBlock);
            assert!(!stream.get_ref().wire.peer.0.is_handshaking(), "{suite:?} {role:?}");
        }
    }
}

#[test]
fn ssl_write_row_07_other_bytes_may_follow_would_block() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let mut stream = ready(suite, role);
            let mut accepted = Vec::new();
            let mut rng = Rng(7);
            stream.get_mut().takes = 0;
            for byte in 0..=255 {
                let offered = vec![byte; rng.up_to(100_000)];
                match stream.write(&offered) {
                    Ok(n) => accepted.extend_from_slice(&offered[..n]),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::WouldBlock);
                        assert_eq!(stream.connection().writer().buffer_state(), BufferState::Full);
                        assert!(stream.connection().wants().drain);
                        assert_eq!(stream.get_ref().takes, 0);
                        stream.get_mut().takes = rng.up_to(40_000);
                    }
                }
            }
            stream.get_mut().takes = usize::MAX;
            stream.flush().unwrap();
            assert!(stream.get_ref().received == accepted, "{suite:?} {role:?}");
        }
    }
}

#[test]
fn ssl_write_row_07_would_block_in_the_handshake_leaves_the_stream_usable() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let mut stream = fresh(suite, role);
            stream.get_mut().takes = 0;
            stream.get_mut().at_most = 100;
            let mut blocked = 0;
            let mut offered = 0_u8;
            let accepted = loop {
                offered = offered.wrapping_add(1);
                match stream.write(&[offered; 10]) {
                    Ok(n) => break n,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
                stream.get_mut().takes = 7;
                blocked += 1;
            };
            assert!(blocked > 10);
            stream.get_mut().takes = usize::MAX;
            stream.flush().unwrap();
            assert_eq!(stream.get_ref().received, [offered; 10][..accepted]);
        }
    }
}

#[test]
fn ssl_write_row_07_a_read_that_would_block_leaves_the_stream_usable() {
    let mut stream = ready(TLS13, Role::Client);
    let wire = stream.get_mut().peer.send(b"in parts");
    let mut buf = [0; 8];
    for byte in &wire[..wire.len() - 1] {
        stream.get_mut().to_us.push_back(*byte);
        assert_eq!(kind(stream.read(&mut buf)), ErrorKind::WouldBlock);
        assert_eq!(stream.write(b"x").unwrap(), 1);
    }
    stream.get_mut().to_us.push_back(wire[wire.len() - 1]);
    assert_eq!(stream.read(&mut buf).unwrap(), 8);
    assert_eq!(&buf, b"in parts");
    assert_eq!(stream.get_ref().received.len(), wire.len() - 1);
}

#[test]
fn ssl_write_row_07_a_non_blocking_socket_gives_would_block_until_the_peer_reads() {
    for suite in [TLS13, TLS12] {
        let (ours, mut peer) = pair(suite, Role::Client);
        let (socket, mut other) = sockets();
        let (may_read, is_full) = mpsc::channel();
        let reader = thread::spawn(move || {
            // Reads the handshake and the first bytes.
            let mut received = read_up_to(&mut peer, &mut other, 1);
            is_full.recv_timeout(PATIENCE).unwrap();
            received.extend(read_up_to(&mut peer, &mut other, usize::MAX));
            received
        });
        socket.set_nonblocking(true).unwrap();
        let mut io = mio::net::TcpStream::from_std(socket);
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(4);
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut io, Token(0), both).unwrap();
        let mut stream = Stream::new(ours, io);
        let mut accepted = Vec::new();
        let mut fulls = 0;
        let mut byte = 0_u8;
        while fulls < 3 {
            byte = byte.wrapping_add(1);
            let offered = [byte; 20_000];
            match stream.write(&offered) {
                Ok(n) => accepted.extend_from_slice(&offered[..n]),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    if stream.connection().writer().buffer_state() == BufferState::Full
                        && stream.connection().writer_state() == WriterState::Open
                    {
                        fulls += 1;
                        if fulls == 1 {
                            may_read.send(()).unwrap();
                        }
                    }
                    poll.poll(&mut events, Some(PATIENCE)).unwrap();
                    assert!(!events.is_empty(), "the socket was not ready for 30 s");
                }
            }
        }
        while let Err(error) = stream.close() {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            poll.poll(&mut events, Some(PATIENCE)).unwrap();
            assert!(!events.is_empty(), "the socket was not ready for 30 s");
        }
        assert!(reader.join().unwrap() == accepted, "{suite:?}");
    }
}

#[test]
fn ssl_write_row_09_write_reads_only_while_negotiating() {
    for suite in SUITES {
        for role in ROLES {
            let mut stream = fresh(suite, role);
            finish(&mut stream, |stream| stream.write(b"first"));
            assert!(stream.get_ref().reads > 0);
            stream.get_mut().reads = 0;
            // Input is pending, and reading it would fail.
            stream.get_mut().peer_sends(b"unread");
            stream.get_mut().read_results.push_back(Err(ErrorKind::ConnectionReset));
            for takes in [usize::MAX, 0, 100, 100_000, usize::MAX] {
                stream.get_mut().takes = takes;
                for _ in 0..20 {
                    match stream.write(&[1; 10_000]) {
                        Ok(n) => assert!(n > 0),
                        Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                    }
                }
            }
            stream.flush().unwrap();
            stream.close().unwrap();
            assert_eq!(stream.get_ref().reads, 0, "{suite:?} {role:?}");
        }
    }
}

#[test]
fn ssl_write_row_21_close_notify_is_a_clean_end() {
    for suite in SUITES {
        for role in ROLES {
            let mut stream = ready(suite, role);
            let wire = stream.get_mut();
            wire.peer_sends(b"all of it");
            wire.peer.0.send_close_notify();
            wire.ends = true;
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap();
            assert_eq!(all, b"all of it");
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            assert_eq!(stream.connection().reader_state(), ReaderState::PeerClosed);
            assert_eq!(stream.connection().error(), None);
            assert_eq!(stream.write(b"x").unwrap(), 1);
            stream.close().unwrap();
            assert_eq!(stream.get_ref().received, b"x", "our half was open");
        }
    }
}

/// In TLS 1.2, with a setting, `close_notify` ends our half too. That must not happen before an
/// echo has returned the data.
#[test]
fn data_before_close_notify_can_still_be_answered() {
    let mut answers = ConnectionConfig::default();
    answers.tls12_close = Tls12Close::Answer;
    for suite in SUITES {
        for config in [ConnectionConfig::default(), answers.clone()] {
            let mut stream = ready_server(suite, config);
            let wire = stream.get_mut();
            wire.peer_sends(b"first");
            wire.peer_sends(b"second");
            wire.peer.0.send_close_notify();
            wire.ends = true;
            let mut buf = [0; 100];
            while let n @ 1.. = stream.read(&mut buf).unwrap() {
                stream.write_all(&buf[..n]).unwrap();
            }
            assert_eq!(stream.get_ref().received, b"firstsecond", "{suite:?}");
        }
    }
}

#[test]
fn ssl_write_row_21_an_end_without_close_notify_is_an_unexpected_eof() {
    for suite in SUITES {
        for role in ROLES {
            for cut in [0, 1, 10] {
                let mut stream = ready(suite, role);
                let wire = stream.get_mut();
                wire.peer_sends(b"whole");
                let second = wire.peer.send(b"cut");
                wire.to_us.extend(&second[..cut]);
                wire.ends = true;
                let mut buf = [0; 64];
                assert_eq!(stream.read(&mut buf).unwrap(), 5);
                assert_eq!(&buf[..5], b"whole");
                for _ in 0..2 {
                    let error = stream.read(&mut buf).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
                    let truncated = ConnectionError::Record(Error::Truncated);
                    assert_eq!(carried(&error), Some(&truncated));
                }
                assert_eq!(stream.connection().reader_state(), ReaderState::Truncated);
                // The other direction is still open.
                stream.write_all(b"still").unwrap();
                assert_eq!(stream.get_ref().received, b"still");
            }
        }
    }
}

#[test]
fn ssl_write_row_21_a_close_differs_from_a_truncation_over_sockets() {
    for suite in [TLS13, TLS12] {
        for says_goodbye in [true, false] {
            let (ours, mut peer) = established(suite, Role::Server);
            let (socket, mut other) = sockets();
            let mut wire = peer.send(b"the end");
            if says_goodbye {
                peer.0.send_close_notify();
                wire.extend(peer.take_wire());
            }
            other.write_all(&wire).unwrap();
            other.shutdown(Shutdown::Write).unwrap();
            let mut stream = Stream::new(ours, socket);
            let mut all = Vec::new();
            let end = stream.read_to_end(&mut all);
            assert_eq!(all, b"the end");
            if says_goodbye {
                assert_eq!(end.unwrap(), 7);
            } else {
                assert_eq!(kind(end), ErrorKind::UnexpectedEof);
            }
        }
    }
}

#[test]
fn ssl_write_row_21_a_fatal_alert_is_neither() {
    let mut stream = ready(TLS13, Role::Client);
    stream.get_mut().peer.feed(&[23, 3, 3, 0, 17, 0]).unwrap();
    stream.get_mut().peer.feed(&[0; 16]).unwrap_err();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    let alert = ConnectionError::Record(Error::PeerAlert(AlertDescription::BAD_RECORD_MAC));
    assert_eq!(carried(&error), Some(&alert));
    assert_eq!(kind(stream.write(b"x")), ErrorKind::ConnectionAborted);
    assert_eq!(kind(stream.flush()), ErrorKind::ConnectionAborted);
}

#[test]
fn our_alert_is_sent_with_the_error() {
    let mut stream = Stream::new(
        established(TLS13, Role::Client).0,
        Recorded(Wire::new(established(TLS13, Role::Server).1), Vec::new()),
    );
    let forged = [[23, 3, 3, 0, 17].as_slice(), &[0; 17]].concat();
    stream.get_mut().0.to_us.extend(forged);
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert_eq!(stream.get_ref().1.len(), 1, "one record was written");
    assert!(!stream.connection().wants().drain);
}

#[test]
fn key_updates_are_answered_while_only_reading() {
    let mut stream = ready(TLS13, Role::Client);
    let mut buf = [0; 64];
    for n in 1..=40 {
        // The peer asks for a KeyUpdate while the transport accepts nothing.
        stream.get_mut().takes = 0;
        stream.get_mut().peer.0.refresh_traffic_keys().unwrap();
        for _ in 0..3 {
            stream.get_mut().peer_sends(b"goes on");
            assert_eq!(stream.read(&mut buf).unwrap(), 7);
        }
        assert_eq!(kind(stream.read(&mut buf)), ErrorKind::WouldBlock);
        assert!(stream.connection().wants().drain);
        let written = stream.get_ref().written;
        stream.get_mut().takes = usize::MAX;
        stream.get_mut().peer_sends(b"goes on");
        assert_eq!(stream.read(&mut buf).unwrap(), 7);
        assert!(stream.get_ref().written > written, "the answer was sent");
        assert!(!stream.connection().wants().drain);
        assert_eq!(stream.connection().writer().progress().key_updates, n);
        // This uses the next key.
        stream.write_all(b"ours").unwrap();
    }
    assert_eq!(stream.get_ref().received, b"ours".repeat(40));
}

/// One direction of a link with little room.
#[derive(Default)]
struct Pipe(VecDeque<u8>);

const PIPE_LEN: usize = 4096;

/// One end of two pipes, which are swapped in for the duration of a call.
#[derive(Default)]
struct PipeEnd {
    from: Pipe,
    to: Pipe,
}

impl Read for PipeEnd {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.from.0.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.from.0.read(buf)
    }
}

impl Write for PipeEnd {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = buf.len().min(PIPE_LEN - self.to.0.len());
        if len == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.to.0.write(&buf[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_stream_does_not_wait_for_input_that_it_already_has() {
    for suite in [TLS13, TLS12] {
        // Like a proxy that has looked at the ClientHello.
        let (mut ours, mut peer) = pair(suite, Role::Server);
        let hello = peer.take_wire();
        assert_eq!(ours.receive(&hello), hello.len());
        let mut stream = Stream::new(ours, Wire::new(peer));
        stream.complete_handshake().unwrap();
        assert!(!stream.get_ref().peer.0.is_handshaking());
    }
}

#[test]
fn two_full_pipes_do_not_wait_for_each_other() {
    for suite in [TLS13, TLS12] {
        let identity = Identity::for_suite(suite);
        let client = Arc::new(client_config(suite, &identity));
        let server = Arc::new(server_config(suite, &identity));
        let client = Connection::client(client, server_name()).unwrap();
        let server = Connection::server(server).unwrap();
        let mut streams = [client, server].map(|ours| Stream::new(ours, PipeEnd::default()));
        let data = pattern(LEN);
        let mut accepted = [0; 2];
        let mut received = [Vec::new(), Vec::new()];
        let mut asked = [false; 2];
        let mut buf = vec![0; 3000];
        let mut turns = 0;
        while received.iter().any(|received| received.len() < LEN) {
            for i in [0, 1] {
                let stream = &mut streams[i];
                // Both fill their pipe before either reads.
                while accepted[i] < LEN {
                    match stream.write(&data[accepted[i]..]) {
                        Ok(n) => accepted[i] += n,
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::WouldBlock);
                            break;
                        }
                    }
                }
                if accepted[i] > LEN / 2 && !asked[i] && suite.version() == Version::Tls13 {
                    let request = KeyUpdateRequest::Requested;
                    stream.connection_mut().writer_mut().update_keys(request).unwrap();
                    asked[i] = true;
                }
            }
            for i in [0, 1] {
                // What one stream sent is what the other reads.
                let mut sent = core::mem::take(&mut streams[1 - i].get_mut().to);
                core::mem::swap(&mut sent, &mut streams[i].get_mut().from);
                while let Ok(n @ 1..) = streams[i].read(&mut buf) {
                    received[i].extend_from_slice(&buf[..n]);
                }
                core::mem::swap(&mut sent, &mut streams[i].get_mut().from);
                streams[1 - i].get_mut().to = sent;
            }
            turns += 1;
            assert!(turns < 10_000, "both wait");
        }
        assert!(received.iter().all(|received| *received == data));
    }
}

#[test]
fn lingering_ends_with_the_peer_or_when_it_takes_too_long() {
    let mut stream = ready(TLS13, Role::Client);
    stream.get_mut().ends = true;
    stream.close_and_linger(1000, || true).unwrap();
    assert_eq!(stream.connection().writer_state(), WriterState::Closed);

    let mut stream = ready(TLS13, Role::Client);
    let mut turns = 0;
    let error = stream.close_and_linger(1000, || {
        turns += 1;
        false
    });
    let error = error.unwrap_err();
    assert_eq!((error.kind(), turns), (ErrorKind::TimedOut, 1));
    let given_up = error.get_ref().and_then(|error| error.downcast_ref());
    assert_eq!(given_up, Some(&LingerError::GaveUp { discarded: 0 }));
}
