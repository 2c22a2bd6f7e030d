//! What a client writes, and a server reads, before the handshake completes.

use wantwrite_testing::early_data::acquainted;

use super::promises::HoldsBack;
use super::*;

const MAX_EARLY: usize = 40_000;

/// Configurations that allow early data, where the client already has a ticket.
#[derive(Clone)]
struct Ends {
    client: rustls::ClientConfig,
    server: rustls::ServerConfig,
}

impl Ends {
    /// Servers that reject early data, each for a different reason.
    const REJECTING: [fn() -> Self; 3] = [Self::forgotten, Self::unwilling, Self::asking_again];

    fn new() -> Self {
        let (client, server) = acquainted(TLS13, u32::try_from(MAX_EARLY).unwrap());
        Self { client, server }
    }

    /// The client has no ticket.
    fn strangers() -> Self {
        let mut this = Self::new();
        this.client.resumption = rustls::client::Resumption::in_memory_sessions(8);
        this
    }

    /// The server has forgotten the client's ticket.
    fn forgotten() -> Self {
        let mut this = Self::new();
        this.server.session_storage = rustls::server::ServerSessionMemoryCache::new(8);
        this
    }

    /// The server no longer accepts early data.
    fn unwilling() -> Self {
        let mut this = Self::new();
        this.server.max_early_data_size = 0;
        this
    }

    /// The server asks for another key share.
    fn asking_again() -> Self {
        let mut this = Self::new();
        let mut provider = rustls::crypto::CryptoProvider::clone(this.server.crypto_provider());
        provider.kx_groups.retain(|group| group.name() == rustls::NamedGroup::secp384r1);
        let identity = Identity::for_suite(TLS13);
        let mut server = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
            .unwrap();
        server.session_storage = Arc::clone(&this.server.session_storage);
        server.max_early_data_size = this.server.max_early_data_size;
        this.server = server;
        this
    }

    fn connector(&self) -> TlsConnector {
        TlsConnector::from(Arc::new(self.client.clone())).early_data(true)
    }

    /// A connector whose streams buffer `capacity` bytes.
    fn connector_of(&self, capacity: usize) -> TlsConnector {
        let mut config = ConnectionConfig::default();
        config.writer.capacity = capacity;
        self.connector().with_connection_config(config)
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::new(self.server.clone()))
    }

    fn stock_acceptor(&self) -> tokio_rustls::TlsAcceptor {
        tokio_rustls::TlsAcceptor::from(Arc::new(self.server.clone()))
    }

    /// A stream over a link whose far end, a stock server, the test drives.
    fn by_hand(&self) -> ByHand {
        self.by_hand_with(&self.connector())
    }

    fn by_hand_with(&self, connector: &TlsConnector) -> ByHand {
        let (ours, end) = link(usize::MAX);
        let mut handshake = connector.connect(server_name(), ours);
        let (_, waker) = Task::new();
        let poll = Pin::new(&mut handshake).poll(&mut Context::from_waker(&waker));
        let Poll::Ready(stream) = poll else { panic!("it waits") };
        let peer = Peer::server(self.server.clone());
        let other = Other { end, peer, received: Vec::new() };
        ByHand { stream: stream.unwrap(), other }
    }
}

/// All combinations.
fn every<T: Copy>(kinds: &[T], pipes: &[usize], capacities: &[usize]) -> Vec<(T, usize, usize)> {
    let mut all = Vec::new();
    for &kind in kinds {
        for &pipe in pipes {
            all.extend(capacities.iter().map(|&capacity| (kind, pipe, capacity)));
        }
    }
    all
}

fn status<IO>(stream: &TlsStream<IO>) -> EarlyDataStatus {
    stream.get_ref().1.early_data_status()
}

/// The early data that a stock server has read.
fn early_at(peer: &mut Peer) -> Vec<u8> {
    let rustls::Connection::Server(server) = &mut peer.0 else { panic!("not a server") };
    let mut early = Vec::new();
    if let Some(mut data) = server.early_data() {
        // After the early data that has arrived, the read fails with `WouldBlock`.
        let _would_block = io::Read::read_to_end(&mut data, &mut early);
    }
    early
}

/// What a client gets from a stock server that reports what arrived early and echoes the rest.
async fn asked<IO>(
    connector: TlsConnector,
    acceptor: tokio_rustls::TlsAcceptor,
    (ours, theirs): (IO, IO),
    question: &[u8],
) -> (TlsStream<IO>, Vec<u8>)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let client = async {
        let (mut reader, mut writer) = split(connector.connect(server_name(), ours).await.unwrap());
        let mut answer = Vec::new();
        // A stock server waits until its tickets have been read.
        let (read, ()) = tokio::join!(reader.read_to_end(&mut answer), async {
            let vectored: Vec<_> = question.chunks(2).map(IoSlice::new).collect();
            let accepted = writer.write_vectored(&vectored).await.unwrap();
            writer.write_all(&question[accepted..]).await.unwrap();
            writer.flush().await.unwrap();
            writer.shutdown().await.unwrap();
        });
        read.unwrap();
        (reader.unsplit(writer), answer)
    };
    let server = async {
        let mut stream = acceptor.accept(theirs).await.unwrap();
        let mut early = Vec::new();
        if let Some(mut data) = stream.get_mut().1.early_data() {
            io::Read::read_to_end(&mut data, &mut early).unwrap();
        }
        stream.write_all(&early).await.unwrap();
        stream.write_all(b"|").await.unwrap();
        let (mut reader, mut writer) = split(stream);
        tokio::io::copy(&mut reader, &mut writer).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    timeout(PATIENCE, async { tokio::join!(client, server) }).await.expect("it timed out").0
}

#[tokio::test]
async fn a_stock_server_accepts_the_first_writes_as_early_data() {
    let ends = Ends::strangers();
    for (expected, answer) in [
        (EarlyDataStatus::NotOffered, "|a question"),
        (EarlyDataStatus::Accepted, "a question|"),
        (EarlyDataStatus::Accepted, "a question|"),
    ] {
        let (connector, acceptor) = (ends.connector(), ends.stock_acceptor());
        let (stream, answered) = asked(connector, acceptor, duplex(10_000), b"a question").await;
        assert_eq!((status(&stream), answered), (expected, answer.into()));
    }
    let ends = Ends::new();
    let (a, b) = duplex(10_000);
    let pipe = (HoldsBack::new(a), HoldsBack::new(b));
    let (stream, answered) =
        asked(ends.connector(), ends.stock_acceptor(), pipe, b"a question").await;
    assert_eq!(status(&stream), EarlyDataStatus::Accepted);
    assert_eq!(answered, b"a question|");
}

/// Any stock server skips this much. Its limit is 16 KiB, and it counts a record again with each
/// read that does not complete the next one.
const MAX_SKIPPED: usize = 3000;

#[tokio::test]
async fn rejected_early_data_is_resent_in_order() {
    let question = pattern(30_000);
    for (kind, pipe, capacity) in
        every(&Ends::REJECTING, &[50, 1000, 100_000], &[100, 1000, MAX_SKIPPED])
    {
        let ends = kind();
        let (connector, acceptor) = (ends.connector_of(capacity), ends.stock_acceptor());
        let (stream, answered) = asked(connector, acceptor, duplex(pipe), &question).await;
        assert_eq!(status(&stream), EarlyDataStatus::Rejected);
        assert!(answered == [b"|", &question[..]].concat(), "{pipe}: {}", answered.len());
    }
}

#[tokio::test]
async fn data_beyond_the_ticket_limit_is_sent_after_the_handshake() {
    let question = pattern(60_000);
    for pipe in [50, 1000, 100_000] {
        let ends = Ends::new();
        let (connector, acceptor) = (ends.connector(), ends.stock_acceptor());
        let (stream, answered) = asked(connector, acceptor, duplex(pipe), &question).await;
        assert_eq!(status(&stream), EarlyDataStatus::Accepted);
        let (early, late) = question.split_at(MAX_EARLY);
        assert!(answered == [early, b"|", late].concat(), "{pipe}: {}", answered.len());
    }
}

#[test]
fn what_is_not_sent_again_yet_is_handed_back() {
    for ends_flushing in [true, false] {
        let (client, server) = acquainted(TLS13, 1000);
        let ends = Ends { client, server };
        let mut config = ConnectionConfig::default();
        // Then not everything that was kept fits into the buffer.
        config.writer.max_fragment_len = 64;
        let mut hand = ends.by_hand_with(&ends.connector().with_connection_config(config));
        let (_, task) = Task::new();
        let data = pattern(60_000);
        assert!(matches!(hand.write(&task, &data), Poll::Ready(Ok(60_000))));
        hand.other.turn();
        let mut received = early_at(&mut hand.other.peer);
        assert_eq!(received.len(), 1000);
        hand.set_capacity(0);
        if ends_flushing {
            assert!(hand.flush(&task).is_pending());
        } else {
            assert!(hand.read(&task, &mut [0; 64]).is_pending());
        }
        let ByHand { stream, mut other } = hand;
        let (_, mut connection) = stream.into_inner();
        let rest = connection.take_rejected_early_data();
        assert!(rest.len() < 59_000, "some of it waits in the connection");
        let wire = drain(&mut connection);
        for part in wire.chunks(4096) {
            other.peer.feed(part).unwrap();
            received.extend(other.peer.take_plaintext());
        }
        received.extend(&rest);
        assert_eq!((received.len(), received == data), (60_000, true));
        assert_eq!(connection.take_rejected_early_data(), b"", "once");
    }
}

/// Whenever the transport starts to take everything, before or after it was asked and refused.
#[test]
fn a_task_that_only_reads_resends_more_than_fits_into_the_buffer() {
    for refusals in 0..5 {
        let (client, server) = acquainted(TLS13, 1000);
        let ends = Ends { client, server };
        let mut config = ConnectionConfig::default();
        // Then not everything that was kept fits into the buffer.
        config.writer.max_fragment_len = 64;
        let mut hand = ends.by_hand_with(&ends.connector().with_connection_config(config));
        let (reader, reading) = Task::new();
        let data = pattern(60_000);
        assert!(matches!(hand.write(&reading, &data), Poll::Ready(Ok(60_000))));
        hand.other.turn();
        let mut received = early_at(&mut hand.other.peer);
        hand.set_capacity(1);
        assert!(hand.read(&reading, &mut [0; 8]).is_pending());
        assert!(!hand.stream.get_ref().1.rejected_early_data().is_empty());
        hand.set_capacity(usize::MAX);
        hand.other.end.from().refusals = refusals;
        loop {
            reader.woken();
            assert!(hand.read(&reading, &mut [0; 8]).is_pending());
            hand.other.end.from().wake_writer();
            if !reader.woken() {
                break;
            }
        }
        let rest = hand.stream.get_ref().1.rejected_early_data().len();
        assert_eq!(rest, 0, "nothing would send the rest: {refusals}");
        received.extend(hand.other.received());
        assert_eq!((received.len(), received == data), (60_000, true), "{refusals}");
        hand.other.send(b"answer");
        assert!(matches!(hand.read(&reading, &mut [0; 8]), Poll::Ready(Ok(6))));
    }
}

#[test]
fn the_first_write_is_sent_as_early_data_in_the_first_flight() {
    let mut hand = Ends::new().by_hand();
    assert!(hand.other.end.from().bytes.is_empty(), "nothing was written yet");
    let (_, task) = Task::new();
    assert!(matches!(hand.write(&task, b"at "), Poll::Ready(Ok(3))));
    assert!(matches!(hand.write(&task, b""), Poll::Ready(Ok(0))));
    assert!(matches!(hand.write(&task, b"once"), Poll::Ready(Ok(4))));
    let wire = hand.other.end.from().take(usize::MAX);
    hand.other.peer.feed(&wire).unwrap();
    assert_eq!(early_at(&mut hand.other.peer), b"at once");
    assert_eq!(status(&hand.stream), EarlyDataStatus::Offered);
    // This continues until the answer arrives.
    assert!(matches!(hand.write(&task, b", and later"), Poll::Ready(Ok(11))));
    assert!(hand.flush(&task).is_pending());
    hand.other.turn();
    assert_eq!(early_at(&mut hand.other.peer), b", and later");
    assert!(matches!(hand.flush(&task), Poll::Ready(Ok(()))));
    hand.other.turn();
    assert!(!hand.other.peer.0.is_handshaking());
    assert!(matches!(hand.write(&task, b"not early"), Poll::Ready(Ok(9))));
    assert_eq!(hand.other.received(), b"not early");
}

#[test]
fn writes_beyond_the_resend_buffer_wait_for_the_handshake() {
    let mut hand = Ends::new().by_hand();
    let (_, task) = Task::new();
    let data = pattern(100_000);
    let Poll::Ready(Ok(early)) = hand.write(&task, &data) else { panic!("it waits") };
    assert_eq!(early, 65_536);
    assert!(hand.write(&task, &data[early..]).is_pending());
    let mut received = Vec::new();
    let mut written = early;
    while written < data.len() {
        hand.other.turn();
        received.extend(early_at(&mut hand.other.peer));
        if let Poll::Ready(n) = hand.write(&task, &data[written..]) {
            written += n.unwrap();
        }
    }
    received.extend(hand.other.received());
    assert!(received == data);
}

#[test]
fn flush_reports_a_failure_to_write_early_data() {
    let mut hand = Ends::new().by_hand();
    let (_, task) = Task::new();
    hand.other.end.from().fault = Some(ErrorKind::ConnectionReset);
    assert!(matches!(hand.write(&task, b"accepted"), Poll::Ready(Ok(8))));
    let Poll::Ready(Err(error)) = hand.flush(&task) else { panic!("it was not reported") };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// The transport holds back what is not flushed, and the test never flushes.
#[tokio::test]
async fn flush_sends_the_first_writes_with_the_first_flight() {
    let ends = Ends::new();
    let (a, mut far) = duplex(10_000);
    let mut stream = ends.connector().connect(server_name(), HoldsBack::new(a)).await.unwrap();
    stream.write_all(b"question").await.unwrap();
    let mut server = Peer::server(ends.server.clone());
    let answered = async {
        let mut wire = [0; 4096];
        let mut early = Vec::new();
        while early.len() < 8 {
            let n = far.read(&mut wire).await.unwrap();
            server.feed(&wire[..n]).unwrap();
            early.extend(early_at(&mut server));
        }
        far.write_all(&server.take_wire()).await.unwrap();
        while server.0.is_handshaking() {
            let n = far.read(&mut wire).await.unwrap();
            server.feed(&wire[..n]).unwrap();
        }
        far.write_all(&server.send(b"answer")).await.unwrap();
        early
    };
    let mut answer = [0; 6];
    let both = async { tokio::join!(stream.read_exact(&mut answer), answered) };
    let (read, early) = timeout(PATIENCE, both).await.expect("it is held back");
    read.unwrap();
    assert_eq!((&early[..], &answer), (&b"question"[..], b"answer"));
}

/// A client that writes its question and waits for the answer, without flushing.
#[tokio::test]
async fn a_client_that_only_reads_gets_its_answer() {
    for ends in [Ends::new(), Ends::forgotten()] {
        for pipe in [20, 10_000] {
            let (a, b) = duplex(pipe);
            let (connector, acceptor) = (ends.connector(), ends.stock_acceptor());
            let question = pattern(MAX_SKIPPED);
            let client = async {
                let mut stream = connector.connect(server_name(), a).await.unwrap();
                stream.write_all(&question).await.unwrap();
                let mut answer = [0; 6];
                stream.read_exact(&mut answer).await.unwrap();
                answer
            };
            let server = async {
                let mut stream = acceptor.accept(b).await.unwrap();
                let mut received = Vec::new();
                if let Some(mut data) = stream.get_mut().1.early_data() {
                    io::Read::read_to_end(&mut data, &mut received).unwrap();
                }
                let early = received.len();
                received.resize(question.len(), 0);
                stream.read_exact(&mut received[early..]).await.unwrap();
                assert!(received == question);
                stream.write_all(b"answer").await.unwrap();
                stream.flush().await.unwrap();
                stream
            };
            let both = async { tokio::join!(client, server) };
            let (answer, _server) = timeout(PATIENCE, both).await.expect("they wait");
            assert_eq!(&answer, b"answer");
        }
    }
}

/// Either task can receive an event first; the other one learns of it too.
#[test]
fn a_reading_and_a_writing_task_share_one_handshake() {
    for rejected in [false, true] {
        for reader_first in [false, true] {
            let ends = if rejected { Ends::forgotten() } else { Ends::new() };
            let mut hand = ends.by_hand();
            let (reader, reading) = Task::new();
            let (writer, writing) = Task::new();
            let mut buf = [0; 64];
            assert!(matches!(hand.write(&writing, b"question"), Poll::Ready(Ok(8))));
            if reader_first {
                assert!(hand.read(&reading, &mut buf).is_pending());
                assert!(hand.flush(&writing).is_pending());
            } else {
                assert!(hand.flush(&writing).is_pending());
                assert!(hand.read(&reading, &mut buf).is_pending());
            }
            hand.other.turn();
            let mut received = early_at(&mut hand.other.peer);
            assert!(reader.woken() && writer.woken(), "the answer is for both");
            // The first task completes the handshake, and the other one finds it complete.
            if reader_first {
                assert!(hand.read(&reading, &mut buf).is_pending());
                assert!(matches!(hand.flush(&writing), Poll::Ready(Ok(()))));
            } else {
                assert!(matches!(hand.flush(&writing), Poll::Ready(Ok(()))));
                assert!(hand.read(&reading, &mut buf).is_pending());
            }
            received.extend(hand.other.received());
            assert_eq!(received, b"question");
            hand.other.send(b"answer");
            assert!(reader.woken());
            assert!(matches!(hand.read(&reading, &mut buf), Poll::Ready(Ok(6))));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_directions_transfer_from_the_first_byte() {
    let data = Arc::new(pattern(200_000));
    for (kind, pipe, capacity) in every(&Ends::REJECTING, &[30, 3000], &[100, MAX_SKIPPED]) {
        let ends = kind();
        let (a, b) = link(pipe);
        let ours = ends.connector_of(capacity).connect(server_name(), a).await.unwrap();
        let acceptor = ends.stock_acceptor();
        let theirs = tokio::spawn(async move { acceptor.accept(b).await.unwrap() });
        let (mut reader, mut writer) = split(ours);
        let sent = data.clone();
        let writing = tokio::spawn(async move {
            writer.write_all(&sent).await.unwrap();
            writer.flush().await.unwrap();
            writer
        });
        let expected = data.clone();
        let reading = tokio::spawn(async move {
            let mut received = vec![0; expected.len()];
            reader.read_exact(&mut received).await.unwrap();
            assert!(received == *expected);
            reader
        });
        let theirs = timeout(PATIENCE, theirs).await.expect("no handshake").unwrap();
        let (mut reader, mut writer) = split(theirs);
        let mut received = vec![0; data.len()];
        let both = async {
            tokio::join!(reader.read_exact(&mut received), async {
                writer.write_all(&data).await.unwrap();
                writer.flush().await.unwrap();
            })
        };
        timeout(PATIENCE, both).await.expect("they wait for each other").0.unwrap();
        assert!(received == *data);
        let ours = (reading.await.unwrap(), writing.await.unwrap());
        let ours = ours.0.unsplit(ours.1);
        assert_eq!(status(&ours), EarlyDataStatus::Rejected);
    }
}

#[tokio::test]
async fn the_stream_reports_a_handshake_that_fails_after_early_data() {
    let stranger = Identity::for_suite(TLS13);
    for first in ["read", "flush", "shutdown"] {
        let mut ends = Ends::new();
        ends.server = server_config(TLS13, &stranger);
        let (a, b) = duplex(10_000);
        let (connector, acceptor) = (ends.connector(), ends.stock_acceptor());
        let client = async {
            let mut stream = connector.connect(server_name(), a).await.unwrap();
            stream.write_all(b"never read").await.unwrap();
            let told = match first {
                "read" => stream.read(&mut [0]).await.map(drop),
                "flush" => stream.flush().await,
                _ => stream.shutdown().await,
            };
            let error = told.expect_err(first);
            let fault = handshake_fault(&error);
            assert!(matches!(fault, rustls::Error::InvalidCertificate(_)), "{fault}");
            // After the alert, as always.
            stream.shutdown().await.unwrap();
            stream.write_all(b"too late").await.unwrap_err()
        };
        let (_, refused) = timeout(PATIENCE, async { tokio::join!(client, acceptor.accept(b)) })
            .await
            .expect("it timed out");
        assert!(matches!(handshake_fault(&refused.unwrap_err()), rustls::Error::AlertReceived(_)));
    }
}

#[test]
fn a_server_that_ends_before_its_answer_fails_the_first_shutdown() {
    let mut hand = Ends::new().by_hand();
    let (_, task) = Task::new();
    assert!(matches!(hand.write(&task, b"never read"), Poll::Ready(Ok(10))));
    assert!(hand.shutdown(&task).is_pending());
    hand.other.end.to().shut_down = true;
    let Poll::Ready(Err(error)) = hand.shutdown(&task) else { panic!("it was not reported") };
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::UnexpectedEof, "tls handshake eof")
    );
    assert!(hand.other.end.from().shut_down);
    assert!(matches!(hand.shutdown(&task), Poll::Ready(Ok(()))));
}

/// The alert is sent first, and the caller lingers, whether the failure is known or not.
#[test]
fn close_and_linger_reports_a_handshake_that_fails_after_early_data() {
    let mut ends = Ends::new();
    ends.server = server_config(TLS13, &Identity::for_suite(TLS13));
    for known in [false, true] {
        let mut hand = ends.by_hand();
        let (_, task) = Task::new();
        assert!(matches!(hand.write(&task, b"never read"), Poll::Ready(Ok(10))));
        hand.other.turn();
        if known {
            assert!(matches!(hand.flush(&task), Poll::Ready(Err(_))));
        }
        let ByHand { mut stream, other } = hand;
        let mut closing = Box::pin(stream.close_and_linger(1 << 20));
        assert!(closing.as_mut().poll(&mut Context::from_waker(&task)).is_pending());
        assert!(other.end.from().shut_down);
        other.end.to().put(b"more to discard");
        assert!(closing.as_mut().poll(&mut Context::from_waker(&task)).is_pending());
        other.end.to().shut_down = true;
        let Poll::Ready(Err(error)) = closing.as_mut().poll(&mut Context::from_waker(&task)) else {
            panic!("it was not reported")
        };
        assert!(matches!(handshake_fault(&error), rustls::Error::InvalidCertificate(_)));
        drop(closing);
        let shut_down = Pin::new(&mut stream).poll_shutdown(&mut Context::from_waker(&task));
        assert!(matches!(shut_down, Poll::Ready(Ok(()))));
    }
}

#[tokio::test]
async fn without_the_option_only_explicit_writes_are_early() {
    let ends = Ends::new();
    let connector = TlsConnector::from(Arc::new(ends.client.clone()));
    let (a, _b) = duplex(10);
    let nothing = connector.connect_with(server_name(), a, |connection| {
        assert!(connection.early_writer().is_none());
    });
    drop(nothing);

    let mut config = ConnectionConfig::default();
    config.early_data = true;
    let connector = connector.with_connection_config(config);
    let (a, b) = duplex(10_000);
    let acceptor = ends.stock_acceptor();
    let connect = connector.connect_with(server_name(), a, |connection| {
        assert_eq!(connection.early_writer().expect("a ticket").write(b"by hand"), 7);
    });
    let (ours, theirs) = tokio::join!(connect, acceptor.accept(b));
    assert_eq!(status(&ours.unwrap()), EarlyDataStatus::Accepted);
    let mut early = Vec::new();
    let mut theirs = theirs.unwrap();
    io::Read::read_to_end(&mut theirs.get_mut().1.early_data().unwrap(), &mut early).unwrap();
    assert_eq!(early, b"by hand");
}

#[tokio::test]
async fn early_data_works_with_other_protocols() {
    let mut ends = Ends::new();
    ends.server.alpn_protocols = vec![b"h2".to_vec()];
    let connector = ends.connector();
    for expected in [EarlyDataStatus::Rejected, EarlyDataStatus::Accepted] {
        let (a, b) = duplex(10_000);
        let connector = connector.with_alpn(vec![b"h2".to_vec()]);
        let client = async {
            let mut stream = connector.connect(server_name(), a).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), None, "it is not known yet");
            stream.write_all(b"x").await.unwrap();
            stream.flush().await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            assert!(stream.read(&mut [0]).await.is_err(), "the server is gone");
            assert_eq!(status(&stream), expected);
        };
        let acceptor = ends.stock_acceptor();
        let server = async { drop(acceptor.accept(b).await.unwrap()) };
        timeout(PATIENCE, async { tokio::join!(client, server) }).await.expect("it timed out");
    }
}

/// A stock client with early data in its first flight.
fn stock_client(ends: &Ends, early: &[u8]) -> Peer {
    let mut client = Peer::client(ends.client.clone());
    let rustls::Connection::Client(tls) = &mut client.0 else {
        panic!("it is a multi-threaded runtime")
    };
    let mut writer = tls.early_data().expect("a ticket");
    assert_eq!(io::Write::write(&mut writer, early).unwrap(), early.len());
    client
}

#[tokio::test]
async fn a_server_reads_early_data_before_the_handshake_ends() {
    let ends = Ends::new();
    let acceptor = ends.acceptor().early_data(true);
    let mut client = stock_client(&ends, &pattern(5000));
    let (mut far, near) = duplex(100_000);
    far.write_all(&client.take_wire()).await.unwrap();
    let mut handshake = acceptor.accept(near);
    let (mut early, mut buf) = (Vec::<u8>::new(), [0; 3000]);
    while early.len() < 5000 {
        let n = timeout(PATIENCE, handshake.read_early(&mut buf)).await.expect("it waits");
        assert!(n > 0, "{} bytes", early.len());
        early.extend(&buf[..n]);
    }
    assert!(early == pattern(5000));
    // The client has not yet proved that it owns the ticket.
    assert!(client.0.is_handshaking());
    let other = async {
        let mut wire = [0; 10_000];
        while client.0.is_handshaking() {
            let n = far.read(&mut wire).await.unwrap();
            client.feed(&wire[..n]).unwrap();
        }
        far.write_all(&client.take_wire()).await.unwrap();
        far.write_all(&client.send(b"not early")).await.unwrap();
    };
    let (n, ()) = tokio::join!(handshake.read_early(&mut buf), other);
    assert_eq!(n, 0, "no more arrives");
    let mut stream = handshake.await.unwrap();
    assert_eq!(status(&stream), EarlyDataStatus::Accepted);
    assert_eq!(stream.get_ref().1.early_plaintext(), b"");
    stream.read_exact(&mut buf[..9]).await.unwrap();
    assert_eq!(&buf[..9], b"not early");
}

#[tokio::test]
async fn a_server_that_waits_reads_early_data_separately_after_the_handshake() {
    for allowed in [true, false] {
        let ends = Ends::new();
        let client = tokio_rustls::TlsConnector::from(Arc::new(ends.client.clone()));
        let (a, b) = duplex(100_000);
        let client = async {
            let connect = client.connect_with(server_name(), a, |tls| {
                let mut early = tls.early_data().unwrap();
                io::Write::write_all(&mut early, b"early").unwrap();
            });
            let mut stream = connect.await.unwrap();
            stream.write_all(b"late").await.unwrap();
            stream.flush().await.unwrap();
            (stream.get_ref().1.is_early_data_accepted(), stream)
        };
        let server = async {
            let mut stream = ends.acceptor().early_data(allowed).accept(b).await.unwrap();
            let mut late = [0; 4];
            stream.read_exact(&mut late).await.unwrap();
            assert_eq!(&late, b"late");
            stream.get_ref().1.early_plaintext().to_vec()
        };
        let ((accepted, _client), early) = tokio::join!(client, server);
        assert_eq!(accepted, allowed);
        assert_eq!(early, if allowed { &b"early"[..] } else { b"" });
    }
}

#[tokio::test]
async fn a_server_whose_handshake_fails_reads_no_early_data_and_reports_the_cause() {
    let acceptor = Ends::new().acceptor().early_data(true);
    let (mut far, near) = duplex(100_000);
    far.write_all(b"not a hello").await.unwrap();
    let mut handshake = acceptor.accept(near);
    assert_eq!(handshake.read_early(&mut [0; 8]).await, 0);
    assert!(matches!(
        handshake_fault(&handshake.await.unwrap_err()),
        rustls::Error::InvalidMessage(_)
    ));
}
