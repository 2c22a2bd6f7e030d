//! The embedded-io adapter: over a scripted transport, and against stock rustls.
#![expect(clippy::unwrap_used, clippy::std_instead_of_alloc, reason = "tests")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use embedded_io::{BufRead, Error as _, ErrorKind, ErrorType, Read, Write};
use wantwrite::*;
use wantwrite_embedded_io::*;
use wantwrite_testing::*;

type Wire = wire::Wire<ErrorKind>;

fn over_wire((ours, peer): (Connection, Peer)) -> EmbeddedStream<Wire> {
    EmbeddedStream::new(ours, Wire::embedded(peer))
}

fn ready(suite: CipherSuite, role: Role) -> EmbeddedStream<Wire> {
    over_wire(established(suite, role))
}

#[test]
fn a_fresh_stream_negotiates_writes_and_reads_over_a_slow_transport() {
    for suite in SUITES {
        for role in ROLES {
            for at_most in [1, 100, usize::MAX] {
                let mut stream = over_wire(pair(suite, role));
                stream.get_mut().at_most = at_most;
                let data = pattern(20_000);
                stream.write_all(&data).unwrap();
                assert!(stream.get_ref().received == data, "it does not wait for a flush");
                stream.get_mut().peer_sends(&data);
                let mut received = vec![0; data.len()];
                stream.read_exact(&mut received).unwrap();
                assert!(received == data, "{suite:?} {role:?}");
                let flushes = stream.get_ref().flushes;
                stream.flush().unwrap();
                assert_eq!(stream.get_ref().flushes, flushes + 1);
            }
        }
    }
}

#[test]
fn reading_ends_with_close_notify_and_closing_sends_it() {
    for suite in SUITES {
        for role in ROLES {
            let mut stream = ready(suite, role);
            let wire = stream.get_mut();
            wire.peer_sends(b"all of it");
            wire.peer.0.send_close_notify();
            let mut buf = [0; 64];
            assert_eq!(stream.read(&mut []).unwrap(), 0);
            assert_eq!(stream.read(&mut buf).unwrap(), 9);
            for _ in 0..2 {
                assert_eq!(stream.read(&mut buf).unwrap(), 0);
                assert!(stream.fill_buf().unwrap().is_empty());
            }
            stream.close().unwrap();
            assert_eq!(stream.connection().writer_state(), WriterState::Closed);
            let error = stream.write(b"x").unwrap_err();
            assert_eq!(error, EmbeddedError::Write(WriteError::Closed));
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            let state = stream.get_mut().peer.0.process_new_packets().unwrap();
            assert!(state.peer_has_closed());
        }
    }
}

#[test]
fn empty_buffers_do_no_io() {
    let mut stream = over_wire(pair(TLS13, Role::Client));
    assert_eq!((stream.write(&[]), stream.read(&mut [])), (Ok(0), Ok(0)));
    assert_eq!((stream.get_ref().written, stream.get_ref().reads), (0, 0));

    let mut stream = ready(TLS13, Role::Client);
    stream.get_mut().takes = 0;
    stream.connection_mut().writer_mut().write(&pattern(100_000)).unwrap();
    assert_eq!(stream.connection().writer().room(), 0);
    assert_eq!(stream.write(&[]), Ok(0), "there is no room");
}

#[test]
fn records_are_read_in_place() {
    let mut stream = ready(TLS13, Role::Client);
    stream.get_mut().peer_sends(b"first");
    stream.get_mut().peer_sends(b"second");
    assert_eq!(stream.fill_buf().unwrap(), b"first");
    stream.consume(2);
    assert_eq!(stream.fill_buf().unwrap(), b"rst");
    stream.consume(3);
    assert_eq!(stream.fill_buf().unwrap(), b"second");
}

#[test]
fn truncation_differs_from_a_clean_end() {
    for suite in SUITES {
        let mut stream = ready(suite, Role::Client);
        stream.get_mut().peer_sends(b"whole");
        stream.get_mut().ends = true;
        let mut buf = [0; 64];
        assert_eq!(stream.read(&mut buf).unwrap(), 5);
        for _ in 0..2 {
            let error = stream.read(&mut buf).unwrap_err();
            let truncated = ConnectionError::Record(Error::Truncated);
            assert_eq!(error, EmbeddedError::Connection(truncated));
            assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
        }
        stream.write_all(b"still").unwrap();
        assert_eq!(stream.get_ref().received, b"still");
    }
}

#[test]
fn key_updates_are_answered_while_only_reading() {
    let mut stream = ready(TLS13, Role::Server);
    for n in 1..=30 {
        stream.get_mut().peer.0.refresh_traffic_keys().unwrap();
        stream.get_mut().peer_sends(b"goes on");
        assert_eq!(stream.read(&mut [0; 64]).unwrap(), 7);
        assert!(!stream.connection().wants().drain);
        assert_eq!(stream.connection().writer().progress().key_updates, n);
    }
    stream.write_all(b"under the last key").unwrap();
    assert_eq!(stream.get_ref().received, b"under the last key");
}

#[test]
fn transport_errors_are_returned() {
    let fault = EmbeddedError::Transport(ErrorKind::ConnectionReset);
    let mut stream = over_wire(pair(TLS13, Role::Client));
    stream.get_mut().write_results.push_back(Err(ErrorKind::ConnectionReset));
    assert_eq!(stream.complete_handshake().unwrap_err(), fault);
    stream.get_mut().read_results.push_back(Err(ErrorKind::ConnectionReset));
    assert_eq!(stream.complete_handshake().unwrap_err(), fault);
    stream.complete_handshake().unwrap();

    stream.get_mut().read_results.push_back(Err(ErrorKind::ConnectionReset));
    assert_eq!(stream.read(&mut [0]).unwrap_err(), fault);
    stream.get_mut().write_results.push_back(Err(ErrorKind::ConnectionReset));
    assert_eq!(stream.write(b"x").unwrap(), 1, "accepted: the next call reports the failure");
    let error = stream.flush().unwrap_err();
    assert_eq!((error.kind(), &error), (ErrorKind::ConnectionReset, &fault));
    stream.flush().unwrap();
    stream.get_mut().write_results.push_back(Ok(0));
    stream.connection_mut().writer_mut().write_atomic(b"y").unwrap();
    let error = stream.flush().unwrap_err();
    assert_eq!((error.kind(), &error), (ErrorKind::WriteZero, &EmbeddedError::WriteZero));
    stream.get_mut().read_results.push_back(Ok(usize::MAX));
    let error = stream.read(&mut [0]).unwrap_err();
    assert!(matches!(error, EmbeddedError::Overrun(_)), "{error}");
    // They are the transport's errors, not ours.
    stream.close().unwrap();
    assert_eq!(stream.get_ref().received, b"xy");
}

#[test]
fn a_failed_handshake_reports_its_cause_on_every_call() {
    for suite in [TLS13, TLS12] {
        let (ours, _) = pair(suite, Role::Client);
        let (_, stranger) = pair(suite, Role::Client);
        let mut stream = over_wire((ours, stranger));
        for _ in 0..2 {
            let error = stream.complete_handshake().unwrap_err();
            let EmbeddedError::Connection(ConnectionError::Handshake(why)) = &error else {
                panic!("{error}")
            };
            assert!(matches!(why, rustls::Error::InvalidCertificate(_)), "{why}");
            assert_eq!(error.kind(), ErrorKind::InvalidData);
        }
        let told = stream.get_ref().refused.as_ref();
        assert!(matches!(told, Some(rustls::Error::AlertReceived(_))), "{told:?}");
        assert_eq!(stream.write(b"x").unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

/// An operating system socket.
struct Socket(TcpStream);

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.read(buf).map_err(|_| ErrorKind::Other)
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(buf).map_err(|_| ErrorKind::Other)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flush().map_err(|_| ErrorKind::Other)
    }
}

#[test]
fn one_mib_each_way_through_a_socket_to_a_stock_peer() {
    let data = Arc::new(pattern(1 << 20));
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let (ours, mut peer) = pair(suite, role);
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let mut other = listener.accept().unwrap().0;
            for socket in [&socket, &other] {
                socket.set_read_timeout(Some(PATIENCE)).unwrap();
                socket.set_write_timeout(Some(PATIENCE)).unwrap();
            }
            let len = data.len();
            let echo = thread::spawn(move || {
                let all = read_exactly(&mut peer, &mut other, len);
                for part in all.chunks(16 * 1024) {
                    peer.0.writer().write_all(part).unwrap();
                    peer.0.complete_io(&mut other).unwrap();
                }
                assert!(read_exactly(&mut peer, &mut other, 1).is_empty());
                peer.0.send_close_notify();
                peer.0.complete_io(&mut other).unwrap();
            });
            let mut stream = EmbeddedStream::new(ours, Socket(socket));
            stream.write_all(&data).unwrap();
            let mut received = vec![0; len];
            stream.read_exact(&mut received).unwrap();
            assert!(received == *data, "{suite:?} {role:?}");
            stream.close().unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            echo.join().unwrap();
        }
    }
}

/// Reads `len` bytes, or fewer if the peer closes first.
fn read_exactly(peer: &mut Peer, socket: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut all = vec![0; len];
    let mut n = 0;
    while n < len {
        match peer.0.reader().read(&mut all[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(error) => {
                assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
                peer.0.complete_io(socket).unwrap();
            }
        }
    }
    all.truncate(n);
    all
}
