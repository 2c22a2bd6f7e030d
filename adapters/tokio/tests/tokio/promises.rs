//! The promises that tokio-rustls's own tests make, in our words. A program that relies on them
//! there can rely on them here.
//!
//! | there | here |
//! |---|---|
//! | `pass`, `pass_buf_read` | `echoes_of_a_stock_server_are_read_with_and_without_our_own_buffer` |
//! | `fail` | `a_server_with_another_name_is_refused` |
//! | `test_lazy_config_acceptor` | `the_client_hello_selects_a_configuration` |
//! | `acceptor_alert`, `lazy_config_acceptor_alert` | `a_refusal_reaches_the_client_through_the_narrowest_pipe` |
//! | `lazy_config_acceptor_take_io` | `after_the_alert_the_caller_has_the_transport_back` |
//! | `lazy_config_acceptor_eof` | `a_client_that_sends_nothing_is_an_unexpected_eof` |
//! | `stream_handshake_eof` | `an_end_of_input_in_the_handshake_is_an_unexpected_eof` |
//! | `handshake_flush_pending`, `stream_buffered_handshake` | `a_handshake_flushes_a_buffering_transport` |
//! | `stream_good`, `_vectored`, `_bufread` | `everything_is_read_to_a_clean_end_and_the_answer_is_complete` |
//! | `stream_bad` | `a_writer_waits_on_a_blocked_transport_once_the_buffer_is_full` |
//! | `stream_handshake` | all of them |
//! | `stream_handshake_write_eof` | `a_handshake_over_a_transport_that_accepts_0_bytes_is_write_zero` |
//! | `stream_handshake_regression_issues_77` | `an_alert_instead_of_a_hello_is_invalid_data` |
//! | `stream_eof` | `an_end_without_close_notify_is_an_unexpected_eof` |
//! | `test_0rtt`, `_vectored`, `_vectored_flush_pending` | `early_data::a_stock_server_accepts_the_first_writes_as_early_data` |
//! | `stream_write_zero` | `a_flush_over_a_transport_that_accepts_0_bytes_is_write_zero` |

use std::collections::VecDeque;

use super::*;

#[tokio::test]
async fn echoes_of_a_stock_server_are_read_with_and_without_our_own_buffer() {
    for suite in SUITES {
        for by_lines in [false, true] {
            let (a, b) = duplex(1200);
            let (mut ours, theirs) = connected(suite, Role::Client, a, b).await;
            tokio::spawn(async move {
                let (mut reader, mut writer) = split(theirs);
                tokio::io::copy(&mut reader, &mut writer).await
            });
            let sent = pattern(5000);
            ours.write_all(&sent).await.unwrap();
            ours.flush().await.unwrap();
            let mut received = Vec::new();
            let mut limited = (&mut ours).take(5000);
            let copied = match by_lines {
                true => tokio::io::copy_buf(&mut limited, &mut received).await,
                false => limited.read_to_end(&mut received).await.map(|_| 5000),
            };
            assert_eq!((copied.unwrap(), received), (5000, sent));
        }
    }
}

#[tokio::test]
async fn a_server_with_another_name_is_refused() {
    let identity = Identity::new(false);
    let connector = TlsConnector::from(Arc::new(client_config(TLS13, &identity)));
    let acceptor = TlsAcceptor::from(Arc::new(server_config(TLS13, &identity)));
    let (a, b) = duplex(10_000);
    let name = "another.example".try_into().unwrap();
    let (client, server) = tokio::join!(connector.connect(name, a), acceptor.accept(b));
    assert!(matches!(handshake_fault(&client.unwrap_err()), rustls::Error::InvalidCertificate(_)));
    assert!(matches!(handshake_fault(&server.unwrap_err()), rustls::Error::AlertReceived(_)));
}

fn lazily(io: tokio::io::DuplexStream) -> LazyConfigAcceptor<tokio::io::DuplexStream> {
    LazyConfigAcceptor::new(ConnectionConfig::pooled(Pool::default()), io)
}

#[tokio::test]
async fn the_client_hello_selects_a_configuration() {
    for suite in SUITES {
        let identity = Identity::for_suite(suite);
        let mut client = client_config(suite, &identity);
        client.alpn_protocols = vec![b"one".to_vec(), b"two".to_vec()];
        let mut server = server_config(suite, &identity);
        server.alpn_protocols = vec![b"two".to_vec()];
        let (near, far) = duplex(1200);
        let theirs = tokio_rustls::TlsConnector::from(Arc::new(client));
        let theirs = async {
            let mut theirs = theirs.connect(server_name(), near).await.unwrap();
            theirs.write_all(b"hello").await.unwrap();
            let mut answer = Vec::new();
            theirs.read_to_end(&mut answer).await.unwrap();
            answer
        };
        let ours = async {
            let start = lazily(far).await.unwrap();
            let hello = start.client_hello();
            assert_eq!(hello.server_name(), Some("localhost"));
            assert_eq!(hello.alpn_protocols().collect::<Vec<_>>(), [b"one", b"two"]);
            let mut ours = start.into_stream(Arc::new(server)).await.unwrap();
            assert_eq!(ours.get_ref().1.alpn_protocol(), Some(&b"two"[..]));
            ours.read_exact(&mut [0; 5]).await.unwrap();
            ours.write_all(b"bye").await.unwrap();
            ours.shutdown().await.unwrap();
        };
        let (answer, ()) = timeout(PATIENCE, async { tokio::join!(theirs, ours) }).await.unwrap();
        assert_eq!(answer, b"bye");
    }
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_an_unexpected_eof() {
    let (client, server) = duplex(10);
    drop(client);
    let error = lazily(server).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::UnexpectedEof, "tls handshake eof")
    );
}

#[tokio::test]
async fn a_lazy_refusal_reaches_the_client_through_the_narrowest_pipe() {
    let (mut client, server) = duplex(2);
    let client = async move {
        client.write_all(b"no").await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let server = async {
        let mut acceptor = lazily(server);
        let error = (&mut acceptor).await.unwrap_err();
        assert!(error.get_ref().unwrap().is::<rustls::Error>(), "{error}");
        acceptor.take_io().unwrap().write_all(b"in the clear").await.unwrap();
        assert!(acceptor.take_io().is_none(), "it is taken");
    };
    let (answer, ()) = timeout(PATIENCE, async { tokio::join!(client, server) }).await.unwrap();
    // `unexpected_message`, which RFC 9846 §5.1 requires for a record of this type.
    assert_eq!(answer, [&[21, 3, 3, 0, 2, 2, 10], &b"in the clear"[..]].concat());
}

/// What a client that sends `hello` over a pipe of two bytes gets, and the error of its server:
/// ours or tokio-rustls's.
async fn refused(hello: &[u8], by_ours: bool) -> (Vec<u8>, io::Error) {
    let identity = Identity::new(false);
    let config = Arc::new(server_config(TLS12, &identity));
    let (mut client, server) = duplex(2);
    let client = async move {
        client.write_all(hello).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let server = async {
        if by_ours {
            return TlsAcceptor::from(config).accept(server).await.map(drop).unwrap_err();
        }
        // Its `TlsAcceptor` drops the alert when the pipe is full.
        match tokio_rustls::LazyConfigAcceptor::new(Default::default(), server).await {
            Ok(start) => start.into_stream(config).await.map(drop).unwrap_err(),
            Err(error) => error,
        }
    };
    timeout(PATIENCE, async { tokio::join!(client, server) }).await.expect("it is not reported")
}

#[tokio::test]
async fn a_refusal_reaches_the_client_through_the_narrowest_pipe() {
    let hello = old_hello();
    let (answer, error) = refused(&hello, true).await;
    let (stock_answer, stock_error) = refused(&hello, false).await;
    assert_eq!((&answer[..6], answer.len()), (&[21, 3, 3, 0, 2, 2][..], 7));
    assert_eq!((answer, error.to_string()), (stock_answer, stock_error.to_string()));
    assert!(matches!(handshake_fault(&error), rustls::Error::PeerIncompatible(_)), "{error}");
    let (answer, error) = refused(b"no", true).await;
    assert!(matches!(handshake_fault(&error), rustls::Error::InvalidMessage(_)), "{error}");
    assert_eq!(answer, [21, 3, 3, 0, 2, 2, 50], "decode_error");
}

/// The hello of a client that offers at most TLS 1.1, with one suite and no extensions.
fn old_hello() -> Vec<u8> {
    let start = [22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 2];
    [&start[..], &[7; 32], &[0, 0, 2, 0xc0, 0x2f, 1, 0]].concat()
}

/// The refusal comes from a server, from a server that reads the hello first and has no
/// configuration for it, and from a client.
#[tokio::test]
async fn a_refusal_is_flushed_through_a_buffering_transport() {
    let identity = Identity::new(false);
    let acceptor = TlsAcceptor::from(Arc::new(server_config(TLS13, &identity)));
    let (mut client, server) = duplex(1000);
    client.write_all(&old_hello()).await.unwrap();
    let refused = acceptor.accept(HoldsBack::new(server)).into_fallible().await;
    // The transport is still open, so what arrived was flushed.
    let (_, _transport) = refused.unwrap_err();
    let mut alert = [0; 7];
    client.read_exact(&mut alert).await.unwrap();
    assert_eq!(alert[..6], [21, 3, 3, 0, 2, 2]);

    let (mut client, server) = duplex(1000);
    client.write_all(&old_hello()).await.unwrap();
    let config = ConnectionConfig::pooled(Pool::default());
    let start = LazyConfigAcceptor::new(config, HoldsBack::new(server)).await.unwrap();
    let (_, _transport) = start.reject(AlertDescription::ACCESS_DENIED).await.unwrap_err();
    client.read_exact(&mut alert).await.unwrap();
    assert_eq!(alert, [21, 3, 3, 0, 2, 2, AlertDescription::ACCESS_DENIED.0]);

    for suite in [TLS13, TLS12] {
        let (strange, trusted) = (Identity::for_suite(suite), Identity::for_suite(suite));
        let connector = TlsConnector::from(Arc::new(client_config(suite, &trusted)));
        let server = Arc::new(server_config(suite, &strange));
        let (a, b) = duplex(1000);
        let connect = connector.connect(server_name(), HoldsBack::new(a)).into_fallible();
        let accept = tokio_rustls::TlsAcceptor::from(server).accept(b);
        let both = async { tokio::join!(connect, accept) };
        let (ours, theirs) = timeout(PATIENCE, both).await.expect("it is not reported");
        let (_, _transport) = ours.unwrap_err();
        let told = theirs.unwrap_err();
        assert!(matches!(handshake_fault(&told), rustls::Error::AlertReceived(_)), "{told}");
    }
}

/// The client keeps waiting. It does not help by closing.
#[tokio::test]
async fn bytes_that_cannot_start_a_hello_are_refused_before_a_whole_header() {
    for (first, by_ours, lazily_told) in
        [(&b"G"[..], 50, 10), (b"GE", 50, 10), (&[22, 4], 50, 70), (&[22, 3, 1, 0x41], 22, 22)]
    {
        let acceptor = TlsAcceptor::from(Arc::new(server_config(TLS13, &Identity::new(false))));
        let (mut client, server) = duplex(100);
        client.write_all(first).await.unwrap();
        let error = timeout(PATIENCE, acceptor.accept(server)).await.expect("it waits");
        handshake_fault(&error.unwrap_err());
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, [21, 3, 3, 0, 2, 2, by_ours], "{first:x?}");

        let (mut client, server) = duplex(100);
        client.write_all(first).await.unwrap();
        let error = timeout(PATIENCE, lazily(server)).await.expect("it waits");
        handshake_fault(&error.unwrap_err());
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, [21, 3, 3, 0, 2, 2, lazily_told], "{first:x?}");
    }
}

#[tokio::test]
async fn after_the_alert_the_caller_has_the_transport_back() {
    let identity = Identity::new(false);
    let acceptor = TlsAcceptor::from(Arc::new(server_config(TLS13, &identity)));
    let (mut client, server) = duplex(1200);
    client.write_all(b"hello, world!").await.unwrap();
    let (_, mut transport) = acceptor.accept(server).into_fallible().await.unwrap_err();
    transport.write_all(b"in the clear").await.unwrap();
    drop(transport);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, [&[21, 3, 3, 0, 2, 2, 50], &b"in the clear"[..]].concat());
}

#[tokio::test]
async fn a_handshake_flushes_a_buffering_transport() {
    for suite in SUITES {
        for role in ROLES {
            let (a, b) = duplex(10_000);
            let (mut ours, mut theirs) = connected(suite, role, HoldsBack::new(a), b).await;
            ours.write_all(b"to be flushed").await.unwrap();
            ours.flush().await.unwrap();
            theirs.read_exact(&mut [0; 13]).await.unwrap();
        }
    }
}

#[tokio::test]
async fn everything_is_read_to_a_clean_end_and_the_answer_is_complete() {
    for suite in SUITES {
        for vectored in [false, true] {
            let (a, b) = duplex(3000);
            let (mut ours, mut theirs) = connected(suite, Role::Client, a, b).await;
            let both = async {
                tokio::join!(
                    async {
                        theirs.write_all(&pattern(20_000)).await.unwrap();
                        theirs.shutdown().await.unwrap();
                        let mut answer = Vec::new();
                        theirs.read_to_end(&mut answer).await.unwrap();
                        answer
                    },
                    async {
                        let mut received = Vec::new();
                        ours.read_to_end(&mut received).await.unwrap();
                        let mut rest = &received[..];
                        while vectored && rest.len() > 4 {
                            let parts: Vec<_> =
                                rest.chunks(rest.len() / 4).map(IoSlice::new).collect();
                            rest = &rest[ours.write_vectored(&parts).await.unwrap()..];
                        }
                        ours.write_all(rest).await.unwrap();
                        ours.shutdown().await.unwrap();
                        received
                    }
                )
            };
            let (answer, received) = timeout(PATIENCE, both).await.expect("no end");
            assert!(answer == received && received == pattern(20_000));
        }
    }
}

#[test]
fn a_writer_waits_on_a_blocked_transport_once_the_buffer_is_full() {
    let mut hand = by_hand(TLS13, Role::Client);
    let (_, task) = Task::new();
    hand.set_capacity(0);
    for _ in 0..2 {
        assert!(matches!(hand.write(&task, &[0x42; 8]), Poll::Ready(Ok(8))));
    }
    let room = hand.stream.get_ref().1.writer().room();
    assert!(matches!(hand.write(&task, &vec![0; room + 1]), Poll::Ready(Ok(n)) if n == room));
    assert!(hand.write(&task, &[1]).is_pending());
}

#[tokio::test]
async fn a_handshake_over_a_transport_that_accepts_0_bytes_is_write_zero() {
    let identity = Identity::new(false);
    let connector = TlsConnector::from(Arc::new(client_config(TLS13, &identity)));
    let error = connector.connect(server_name(), Takes0(VecDeque::new())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
}

#[tokio::test]
async fn an_alert_instead_of_a_hello_is_invalid_data() {
    let identity = Identity::new(false);
    let connector = TlsConnector::from(Arc::new(client_config(TLS13, &identity)));
    let (client, mut server) = duplex(10_000);
    server.write_all(&[21, 3, 1, 0, 2, 2, 0]).await.unwrap();
    let error = connector.connect(server_name(), client).await.unwrap_err();
    assert!(matches!(handshake_fault(&error), rustls::Error::AlertReceived(_)), "{error}");
}

#[test]
fn a_flush_over_a_transport_that_accepts_0_bytes_is_write_zero() {
    let mut hand = by_hand(TLS13, Role::Client);
    let (_, task) = Task::new();
    hand.other.end.from().fault = Some(ErrorKind::WriteZero);
    assert!(matches!(hand.write(&task, b"1"), Poll::Ready(Ok(1))));
    let Poll::Ready(Err(error)) = hand.flush(&task) else { panic!("it is not sent") };
    assert_eq!(error.kind(), ErrorKind::WriteZero);
}

/// A transport that accepts nothing, and returns what it holds.
#[derive(Debug)]
struct Takes0(VecDeque<u8>);

impl AsyncRead for Takes0 {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n = buf.remaining().min(self.0.len());
        buf.put_slice(&self.0.drain(..n).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Takes0 {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Accepts everything, sends it only when flushed, and is pending once before each piece.
#[derive(Debug)]
pub(crate) struct HoldsBack<IO> {
    io: IO,
    held: VecDeque<Vec<u8>>,
    going: Vec<u8>,
}

impl<IO> HoldsBack<IO> {
    pub(crate) const fn new(io: IO) -> Self {
        Self { io, held: VecDeque::new(), going: Vec::new() }
    }
}

impl<IO: AsyncWrite + Unpin> HoldsBack<IO> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if !self.going.is_empty() {
                let poll = Pin::new(&mut self.io).poll_write(cx, &self.going);
                self.going.drain(..std::task::ready!(poll)?);
            } else if let Some(next) = self.held.pop_front() {
                self.going = next;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            } else {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for HoldsBack<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for HoldsBack<IO> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.held.push_back(buf.to_vec());
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_send(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_send(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
