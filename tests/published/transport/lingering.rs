//! The end of a connection whose peer has not yet read everything.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use socket2::{Domain, SockRef, Socket, Type};
use wantwrite::*;
use wantwrite_embedded_io::*;
use wantwrite_tokio::*;

use crate::wire::{Fault, Wire, carried, finish, stream};
use crate::{TLS12, TLS13};
use wantwrite_testing::*;

/// The length of what we send. It fits our socket's buffer, but is far too long for the peer's.
const LEN: usize = 100_000;

/// A client and a server. The server sends data that the client does not read, and reads when the
/// test lets it.
struct Link {
    ours: TcpStream,
    /// Reports that the unread data is on its way.
    has_sent: mpsc::Receiver<()>,
    may_read: mpsc::Sender<()>,
    peer: JoinHandle<Received>,
}

struct Received {
    plaintext: Vec<u8>,
    /// Whether it ended with `close_notify`.
    is_clean: bool,
}

impl Link {
    fn new(suite: CipherSuite) -> (Self, Connection) {
        let (connection, peer) = pair(suite, Role::Client);
        (Self::to(peer), connection)
    }

    fn to(mut peer: Peer) -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        // The sockets that it accepts inherit this.
        listener.set_recv_buffer_size(4096).unwrap();
        listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(1).unwrap();
        let listener = TcpListener::from(listener);
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        SockRef::from(&ours).set_send_buffer_size(4 * LEN).unwrap();
        let mut theirs = listener.accept().unwrap().0;
        for socket in [&ours, &theirs] {
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket.set_write_timeout(Some(PATIENCE)).unwrap();
        }
        let (may_read, is_allowed) = mpsc::channel();
        let (sent, has_sent) = mpsc::channel();
        let peer = thread::spawn(move || {
            while peer.0.is_handshaking() {
                peer.0.complete_io(&mut theirs).unwrap();
            }
            peer.0.writer().write_all(b"not read by the client").unwrap();
            theirs.write_all(&peer.take_wire()).unwrap();
            sent.send(()).unwrap();
            is_allowed.recv_timeout(PATIENCE).unwrap();
            read_slowly(&mut peer, &mut theirs)
        });
        Self { ours, has_sent, may_read, peer }
    }
}

/// Reads slowly to the end, and then closes too.
fn read_slowly(peer: &mut Peer, socket: &mut TcpStream) -> Received {
    let mut plaintext = Vec::new();
    let mut buf = [0; 1448];
    loop {
        let n = socket.read(&mut buf).unwrap_or(0);
        if n == 0 {
            return Received { plaintext, is_clean: false };
        }
        peer.feed(&buf[..n]).unwrap();
        plaintext.extend(peer.take_plaintext());
        if peer.0.process_new_packets().unwrap().peer_has_closed() {
            peer.0.send_close_notify();
            socket.write_all(&peer.take_wire()).unwrap();
            return Received { plaintext, is_clean: true };
        }
    }
}

/// Waits until there is unread input.
fn wait_for_input(has_sent: &mpsc::Receiver<()>, socket: &TcpStream) {
    has_sent.recv_timeout(PATIENCE).unwrap();
    assert!(socket.peek(&mut [0]).unwrap() > 0);
}

/// Shows why lingering is needed. It is the operating system that discards the data.
#[test]
fn dropping_a_socket_with_unread_input_discards_sent_data() {
    let (Link { ours, has_sent, may_read, peer }, connection) = Link::new(TLS13);
    let mut stream = Stream::new(connection, ours);
    stream.complete_handshake().unwrap();
    wait_for_input(&has_sent, stream.get_ref());
    stream.write_all(&pattern(LEN)).unwrap();
    stream.close().unwrap();
    stream.get_ref().shutdown(Shutdown::Write).unwrap();
    drop(stream);
    may_read.send(()).unwrap();
    let received = peer.join().unwrap();
    assert!(!received.is_clean && received.plaintext.len() < LEN);
}

#[test]
fn a_slow_reader_gets_every_byte_of_a_stream_that_lingers() {
    for suite in [TLS13, TLS12] {
        for run in 0..5 {
            let (Link { ours, has_sent, may_read, peer }, connection) = Link::new(suite);
            let mut stream = Stream::new(connection, ours);
            stream.complete_handshake().unwrap();
            wait_for_input(&has_sent, stream.get_ref());
            stream.write_all(&pattern(LEN)).unwrap();
            stream.close().unwrap();
            if run % 2 == 0 {
                stream.get_ref().shutdown(Shutdown::Write).unwrap();
            }
            may_read.send(()).unwrap();
            stream.close_and_linger(1 << 20, || true).unwrap();
            assert_eq!(stream.connection().reader_state(), ReaderState::PeerClosed);
            drop(stream);
            let received = peer.join().unwrap();
            assert!(received.is_clean && received.plaintext == pattern(LEN), "{suite:?} {run}");
        }
    }
}

#[test]
fn a_slow_reader_gets_every_byte_of_an_embedded_stream_that_lingers() {
    for _ in 0..5 {
        let (Link { ours, has_sent, may_read, peer }, connection) = Link::new(TLS13);
        let mut stream = EmbeddedStream::new(connection, crate::embedded::StdSocket(ours));
        stream.complete_handshake().unwrap();
        wait_for_input(&has_sent, &stream.get_ref().0);
        embedded_io::Write::write_all(&mut stream, &pattern(LEN)).unwrap();
        stream.close().unwrap();
        may_read.send(()).unwrap();
        stream.close_and_linger(1 << 20, || true).unwrap();
        drop(stream);
        let received = peer.join().unwrap();
        assert!(received.is_clean && received.plaintext == pattern(LEN));
    }
}

#[tokio::test]
async fn a_slow_reader_gets_every_byte_of_a_tokio_stream_that_lingers() {
    use tokio::io::AsyncWriteExt as _;

    for _ in 0..5 {
        let identity = Identity::for_suite(TLS13);
        let link = Link::to(Peer::server(server_config(TLS13, &identity)));
        link.ours.set_nonblocking(true).unwrap();
        let socket = tokio::net::TcpStream::from_std(link.ours).unwrap();
        let connector = TlsConnector::from(Arc::new(client_config(TLS13, &identity)));
        let mut stream = connector.connect(server_name(), socket).await.unwrap();
        let has_sent = link.has_sent;
        let wait = tokio::task::spawn_blocking(move || has_sent.recv_timeout(PATIENCE).unwrap());
        wait.await.unwrap();
        stream.get_ref().0.readable().await.unwrap();
        stream.write_all(&pattern(LEN)).await.unwrap();
        stream.shutdown().await.unwrap();
        link.may_read.send(()).unwrap();
        tokio::time::timeout(PATIENCE, stream.close_and_linger(1 << 20)).await.unwrap().unwrap();
        drop(stream);
        let received = tokio::task::spawn_blocking(|| link.peer.join().unwrap()).await.unwrap();
        assert!(received.is_clean && received.plaintext == pattern(LEN));
    }
}

fn still_sending(error: &io::Error) -> u64 {
    assert_eq!(error.kind(), ErrorKind::Other, "{error}");
    match error.get_ref().unwrap().downcast_ref() {
        Some(LingerError::StillSending { discarded }) => *discarded,
        other => panic!("{other:?}"),
    }
}

/// A stream whose peer still sends something. Returns the wire length of that too.
fn ready(suite: CipherSuite, says_goodbye: bool) -> (Stream<Wire>, u64) {
    let mut stream = stream(established(suite, Role::Client));
    let wire = stream.get_mut();
    wire.peer_sends(&pattern(50_000));
    wire.peer_sends(b"more");
    if says_goodbye {
        wire.peer.0.send_close_notify();
        let end = wire.peer.take_wire();
        wire.to_us.extend(end);
    } else {
        wire.ends = true;
    }
    let len = wire.to_us.len().try_into().unwrap();
    (stream, len)
}

#[test]
fn lingering_discards_up_to_its_limit() {
    for suite in SUITES {
        for says_goodbye in [true, false] {
            let (_, len) = ready(suite, says_goodbye);
            for max in [0, 1, len - 1, len, len + 1, u64::MAX] {
                let (mut stream, _) = ready(suite, says_goodbye);
                let result = stream.close_and_linger(max, || true);
                assert!(stream.get_mut().has_closed(), "we closed first");
                if max < len {
                    assert_eq!(still_sending(&result.unwrap_err()), max + 1);
                    let left: u64 = stream.get_ref().to_us.len().try_into().unwrap();
                    assert_eq!(left, len - max - 1);
                } else {
                    result.unwrap();
                    let end = stream.connection().reader_state();
                    let expected =
                        if says_goodbye { ReaderState::PeerClosed } else { ReaderState::Truncated };
                    assert_eq!(end, expected);
                    // A repeated call returns immediately.
                    let reads = stream.get_ref().reads;
                    stream.close_and_linger(max, || true).unwrap();
                    assert_eq!(stream.get_ref().reads, reads);
                }
            }
        }
    }
}

#[test]
fn lingering_gives_up_on_a_peer_that_never_closes() {
    let mut stream = stream(established(TLS13, Role::Client));
    stream.get_mut().endless = true;
    let error = stream.close_and_linger(1 << 20, || true).unwrap_err();
    assert_eq!(still_sending(&error), (1 << 20) + 1);
    // If what it sends is not even TLS, that is the reason.
    let mut stream = self::stream(established(TLS13, Role::Client));
    stream.get_mut().endless = true;
    stream.get_mut().to_us.extend([0; 5]);
    let error = stream.close_and_linger(1 << 20, || true).unwrap_err();
    let fault = ConnectionError::Record(Error::Peer(PeerFault::UnexpectedContentType));
    assert_eq!(carried(&error), &fault);
}

#[test]
fn the_caller_decides_how_long_to_wait() {
    let mut stream = stream(established(TLS13, Role::Client));
    // Bytes that arrive one by one do not prolong the wait.
    let wire = stream.get_mut().peer.send(&[7; 100]);
    let mut sent = wire.iter();
    let mut asked = 0;
    loop {
        stream.get_mut().to_us.extend(sent.next());
        let result = stream.close_and_linger(1 << 20, || {
            asked += 1;
            asked <= 40
        });
        let error = result.unwrap_err();
        if error.kind() == ErrorKind::WouldBlock {
            continue;
        }
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let gave_up = error.get_ref().unwrap().downcast_ref::<LingerError>().unwrap();
        assert_eq!(*gave_up, LingerError::GaveUp { discarded: 20 }, "one byte, then a wait");
        break;
    }
    // The caller's refusal matters only while there is something to wait for.
    stream.get_mut().to_us.extend(sent);
    stream.get_mut().peer.0.send_close_notify();
    stream.close_and_linger(1 << 20, || true).unwrap();
    stream.close_and_linger(1 << 20, || false).unwrap();
}

#[test]
fn calls_that_would_block_keep_their_count() {
    let mut stream = stream(established(TLS13, Role::Client));
    for _ in 0..10 {
        let blocked = stream.close_and_linger(250, || true).unwrap_err();
        assert_eq!(blocked.kind(), ErrorKind::WouldBlock);
        // 23 bytes on the wire.
        stream.get_mut().peer_sends(b"x");
    }
    let blocked = stream.close_and_linger(250, || true).unwrap_err();
    assert_eq!(blocked.kind(), ErrorKind::WouldBlock);
    stream.get_mut().peer_sends(b"x");
    assert_eq!(still_sending(&stream.close_and_linger(250, || true).unwrap_err()), 251);
}

#[test]
fn a_fresh_stream_finishes_its_handshake_before_it_lingers() {
    for role in ROLES {
        let mut stream = stream(pair(TLS13, role));
        finish(|| {
            if stream.get_mut().has_closed() {
                stream.get_mut().peer.0.send_close_notify();
            }
            stream.close_and_linger(1 << 20, || true)
        })
        .unwrap();
        assert!(stream.get_mut().has_closed());
    }
}

/// A reset would lose the alert too.
#[test]
fn a_failed_connection_lingers_after_its_alert_and_reports_its_failure() {
    let mut stream = stream(established(TLS13, Role::Client));
    let wire = stream.get_mut();
    wire.to_us.extend([23, 3, 3, 0, 17]);
    wire.to_us.extend([0; 10_000]);
    wire.ends = true;
    stream.read(&mut [0]).unwrap_err();
    for _ in 0..2 {
        let error = stream.close_and_linger(1 << 20, || true).unwrap_err();
        let fault = ConnectionError::Record(Error::Peer(PeerFault::BadRecordMac));
        assert_eq!(carried(&error), &fault);
    }
    assert!(stream.get_ref().to_us.is_empty());
    assert!(matches!(stream.get_ref().refused, Some(rustls::Error::AlertReceived(_))));
}

#[test]
fn a_connection_failure_takes_precedence_over_a_peer_that_never_closes() {
    let mut stream = stream(established(TLS13, Role::Client));
    stream.get_mut().to_us.extend([23, 3, 3, 0, 17]);
    stream.get_mut().to_us.extend([0; 100_000]);
    stream.read(&mut [0]).unwrap_err();
    let error = stream.close_and_linger(100, || true).unwrap_err();
    let fault = ConnectionError::Record(Error::Peer(PeerFault::BadRecordMac));
    assert_eq!(carried(&error), &fault);
}

#[tokio::test]
async fn a_tokio_stream_failure_takes_precedence_over_a_peer_that_never_closes() {
    use tokio::io::AsyncReadExt as _;

    let mut stream = crate::polled::stream();
    let wire = &mut stream.get_mut().0.0;
    wire.to_us.extend([23, 3, 3, 0, 17]);
    wire.to_us.extend([0; 100_000]);
    stream.read(&mut [0]).await.unwrap_err();
    let error = stream.close_and_linger(100).await.unwrap_err();
    let fault = ConnectionError::Record(Error::Peer(PeerFault::BadRecordMac));
    assert_eq!(carried(&error), &fault);
    // If the connection has not failed, the error reports that the peer is still sending.
    let mut stream = crate::polled::stream();
    stream.get_mut().0.0.endless = true;
    assert_eq!(still_sending(&stream.close_and_linger(5000).await.unwrap_err()), 5001);
}

#[test]
fn lingering_does_not_wait_for_an_end_already_seen() {
    let mut stream = stream(established(TLS13, Role::Client));
    stream.get_mut().ends = true;
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    let reads = stream.get_ref().reads;
    stream.close_and_linger(0, || false).unwrap();
    assert_eq!(stream.get_ref().reads, reads);
}

#[test]
fn a_transport_that_claims_to_have_read_past_its_buffer_is_an_error() {
    for has_failed in [false, true] {
        for more in [1, usize::MAX] {
            let mut stream = stream(established(TLS13, Role::Client));
            if has_failed {
                stream.connection_mut().abort(AlertDescription::INTERNAL_ERROR);
            }
            stream.get_mut().overreads = Some(more);
            let error = stream.close_and_linger(10, || true).unwrap_err();
            if has_failed {
                assert!(matches!(carried(&error), ConnectionError::Record(Error::Aborted(_))));
            } else {
                let overrun: &Overrun = error.get_ref().unwrap().downcast_ref().unwrap();
                assert_eq!(overrun.available, 11);
            }
        }
    }
}

#[test]
fn a_stream_that_waits_for_the_peers_end_holds_no_memory() {
    let identity = Identity::for_suite(TLS13);
    let mut config = ConnectionConfig::default();
    config.writer.buffers = BufferPolicy::Release;
    config.reader.buffers = BufferPolicy::Release;
    let tls = Arc::new(client_config(TLS13, &identity));
    let mut ours = Connection::client_with(tls, server_name(), config).unwrap();
    let mut peer = Peer::server(server_config(TLS13, &identity));
    negotiate(&mut ours, &mut peer);
    let mut stream = stream((ours, peer));
    let blocked = stream.close_and_linger(10, || true).unwrap_err();
    assert_eq!(blocked.kind(), ErrorKind::WouldBlock);
    assert_eq!(stream.connection().memory_held(), 0);
}

#[test]
fn a_peer_fault_while_lingering_is_reported_at_the_end() {
    let mut stream = stream(established(TLS13, Role::Client));
    let wire = stream.get_mut();
    wire.to_us.extend([23, 3, 3, 0, 17]);
    wire.to_us.extend([0; 10_000]);
    wire.ends = true;
    let error = stream.close_and_linger(1 << 20, || true).unwrap_err();
    let fault = ConnectionError::Record(Error::Peer(PeerFault::BadRecordMac));
    assert_eq!(carried(&error), &fault);
    assert!(stream.get_ref().to_us.is_empty(), "and the rest was read");
    assert!(stream.get_mut().has_closed(), "our close was clean");
}

#[test]
fn transport_errors_end_lingering() {
    let mut stream = stream(established(TLS13, Role::Client));
    stream.get_mut().writes.push_back(Fault::Fails(ErrorKind::BrokenPipe));
    let error = stream.close_and_linger(1 << 20, || true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}
