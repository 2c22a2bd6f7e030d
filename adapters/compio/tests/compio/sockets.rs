//! Both drivers over loopback sockets.

use std::io::{Read, Write};
use std::net;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use compio::buf::BufResult;
use compio::driver::DriverType;
use compio::io::util::Splittable;
use compio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use compio::net::{TcpListener, TcpStream};
use futures_util::join;
use libtest_mimic::Trial;
use rustls::{ClientConnection, ServerConnection, StreamOwned};
use wantwrite::*;
use wantwrite_compio::*;
use wantwrite_testing::process::{TempDir, arg};
use wantwrite_testing::programs::CURL;
use wantwrite_testing::tests;
use wantwrite_testing::*;

type Test = fn() -> Pin<Box<dyn Future<Output = ()>>>;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("megabytes_cross_with_stock_rustls", || Box::pin(megabytes_cross_with_stock_rustls())),
    ("megabytes_cross_with_compio_tls", || Box::pin(megabytes_cross_with_compio_tls())),
    ("a_read_that_was_dropped_leaves_its_bytes", || {
        Box::pin(a_read_that_was_dropped_leaves_its_bytes())
    }),
    ("settings_reach_the_connection", || Box::pin(settings_reach_the_connection())),
    ("lingering_ends_with_the_peer", || Box::pin(lingering_ends_with_the_peer())),
];

pub(crate) fn curl_trials() -> Vec<Trial> {
    CURL.trials(tests![curl_gets_a_megabyte_with_both_drivers])
}

/// More than all buffers on the path hold.
const LEN: usize = 8 << 20;

/// A listener, and its address.
async fn listener() -> (TcpListener, net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    (listener, at)
}

/// Sends `LEN` bytes and reads as many at the same time, then closes.
async fn cross<S: Splittable>(stream: S)
where
    S::ReadHalf: AsyncRead,
    S::WriteHalf: AsyncWrite,
{
    let (mut reading, mut writing) = stream.split();
    let write = async {
        let BufResult(result, _) = writing.write_all(pattern(LEN)).await;
        result.unwrap();
        writing.flush().await.unwrap();
    };
    let read = async {
        let (_, read) = reading.read_exact(Vec::with_capacity(LEN)).await.unwrap();
        assert!(read == pattern(LEN));
    };
    join!(write, read);
    writing.shutdown().await.unwrap();
}

/// Sends each part back when it has arrived.
fn echo_in_turns(mut peer: impl Read + Write) {
    let (mut buf, mut len) = ([0; 10_000], 0);
    while len < LEN {
        let n = peer.read(&mut buf).unwrap();
        peer.write_all(&buf[..n]).unwrap();
        len += n;
    }
    peer.flush().unwrap();
    assert_eq!(peer.read(&mut buf).unwrap(), 0, "a clean end");
}

async fn megabytes_cross_with_stock_rustls() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let identity = Identity::for_suite(suite);
            let client = Arc::new(client_config(suite, &identity));
            let server = Arc::new(server_config(suite, &identity));
            let (listener, at) = listener().await;
            let (client_of_peer, server_of_peer) = (client.clone(), server.clone());
            let peer = thread::spawn(move || {
                let socket = net::TcpStream::connect(at).unwrap();
                match role {
                    Role::Client => {
                        let peer = ServerConnection::new(server_of_peer).unwrap();
                        echo_in_turns(StreamOwned::new(peer, socket));
                    }
                    Role::Server => {
                        let peer = ClientConnection::new(client_of_peer, server_name()).unwrap();
                        echo_in_turns(StreamOwned::new(peer, socket));
                    }
                }
            });
            let (socket, _) = listener.accept().await.unwrap();
            let stream = match role {
                Role::Client => TlsConnector::from(client).connect(server_name(), socket).await,
                Role::Server => TlsAcceptor::from(server).accept(socket).await,
            };
            cross(stream.unwrap()).await;
            peer.join().unwrap();
        }
    }
}

/// Echoes what arrives.
async fn echo<S: AsyncRead + AsyncWrite>(mut stream: S) {
    let mut buf = vec![0; 10_000];
    let mut len = 0;
    while len < LEN {
        let BufResult(n, mut part) = stream.read(buf).await;
        let n = n.unwrap();
        assert!(n > 0);
        len += n;
        part.truncate(n);
        let BufResult(result, part) = stream.write_all(part).await;
        result.unwrap();
        buf = part;
        buf.resize(10_000, 0);
    }
    stream.flush().await.unwrap();
    let BufResult(end, _) = stream.read(buf).await;
    assert_eq!(end.unwrap(), 0, "a clean end");
}

async fn megabytes_cross_with_compio_tls() {
    for suite in [TLS13, TLS12] {
        let identity = Identity::for_suite(suite);
        let client = Arc::new(client_config(suite, &identity));
        let server = Arc::new(server_config(suite, &identity));
        let (listener, at) = listener().await;

        let ours = async {
            let (socket, _) = listener.accept().await.unwrap();
            let acceptor = TlsAcceptor::from(server.clone());
            cross(acceptor.accept(socket).await.unwrap()).await;
        };
        let theirs = async {
            let socket = TcpStream::connect(at).await.unwrap();
            let connector = compio_tls::TlsConnector::from(client.clone());
            echo(connector.connect(HOST, socket).await.unwrap()).await;
        };
        join!(ours, theirs);

        let ours = async {
            let socket = TcpStream::connect(at).await.unwrap();
            let connector = TlsConnector::from(client.clone());
            cross(connector.connect(server_name(), socket).await.unwrap()).await;
        };
        let theirs = async {
            let (socket, _) = listener.accept().await.unwrap();
            let acceptor = compio_tls::TlsAcceptor::from(server.clone());
            echo(acceptor.accept(socket).await.unwrap()).await;
        };
        join!(ours, theirs);
    }
}

/// A connector and an acceptor that it trusts.
fn ends() -> (TlsConnector, TlsAcceptor) {
    let identity = Identity::for_suite(TLS13);
    let connector = TlsConnector::from(Arc::new(client_config(TLS13, &identity)));
    (connector, TlsAcceptor::from(Arc::new(server_config(TLS13, &identity))))
}

/// Two of our streams, connected over sockets.
async fn connected(
    (connector, acceptor): (TlsConnector, TlsAcceptor),
) -> (TlsStream<TcpStream>, TlsStream<TcpStream>) {
    let (listener, at) = listener().await;
    let client = async {
        let socket = TcpStream::connect(at).await.unwrap();
        connector.connect(server_name(), socket).await.unwrap()
    };
    let server = async {
        let (socket, _) = listener.accept().await.unwrap();
        acceptor.accept(socket).await.unwrap()
    };
    join!(client, server)
}

async fn a_read_that_was_dropped_leaves_its_bytes() {
    let (mut client, mut server) = connected(ends()).await;
    for round in 0..100_u8 {
        // The driver has its operation.
        assert!(futures_util::poll!(Box::pin(client.read(vec![0; 10]))).is_pending());
        server.write_all(vec![round; 5]).await.0.unwrap();
        server.flush().await.unwrap();
        let (_, read) = client.read_exact(vec![0; 5]).await.unwrap();
        assert_eq!(read, [round; 5]);
        client.write_all(vec![round; 3]).await.0.unwrap();
        let (_, read) = server.read_exact(vec![0; 3]).await.unwrap();
        assert_eq!(read, [round; 3]);
    }
}

async fn settings_reach_the_connection() {
    let (connector, acceptor) = ends();
    let mut config = connector.connection_config().clone();
    config.writer.max_fragment_len = 100;
    let acceptor = acceptor.with_connection_config(config.clone());
    assert_eq!(acceptor.connection_config(), &config);
    let (mut client, mut server) =
        connected((connector.with_connection_config(config), acceptor)).await;
    for stream in [&mut client, &mut server] {
        stream.write_all(pattern(990)).await.0.unwrap();
        stream.flush().await.unwrap();
        let records = stream.with_connection(|tls| tls.writer().progress().records);
        assert_eq!(records, 10);
    }
}

async fn lingering_ends_with_the_peer() {
    let (mut client, mut server) = connected(ends()).await;
    server.write_all(pattern(100_000)).await.0.unwrap();
    let client = async {
        client.close_and_linger(1 << 20).await.unwrap();
        client.with_connection(|connection| connection.reader_state())
    };
    let server = async {
        server.flush().await.unwrap();
        assert_eq!(server.read(vec![0; 9]).await.0.unwrap(), 0);
        server.shutdown().await.unwrap();
    };
    assert_eq!(join!(client, server).0, ReaderState::PeerClosed);
}

fn curl_gets_a_megabyte_with_both_drivers() {
    for driver in [DriverType::Poll, DriverType::IoUring] {
        // If io_uring is missing, other tests report it.
        if let Ok(runtime) = crate::runtime(driver) {
            runtime.block_on(curl());
        }
    }
}

async fn curl() {
    let identity = Identity::for_suite(TLS13);
    let files = TempDir::new();
    let [certificate, _] = identity.store(&files.path(""), "server");
    let acceptor = TlsAcceptor::from(Arc::new(server_config(TLS13, &identity)));
    let (listener, at) = listener().await;
    let port = at.port();
    let curl = thread::spawn(move || {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--http1.1", "--max-time", "30", "--cacert"]);
        curl.args([arg(&certificate), "--resolve", &format!("{HOST}:{port}:127.0.0.1")]);
        let output = curl.arg(format!("https://{HOST}:{port}/")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    });
    let (socket, _) = listener.accept().await.unwrap();
    let mut stream = acceptor.accept(socket).await.unwrap();
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let BufResult(n, buf) = stream.read(vec![0; 1000]).await;
        request.extend_from_slice(&buf[..n.unwrap()]);
    }
    let body = pattern(1 << 20);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head).await.0.unwrap();
    stream.write_all(body).await.0.unwrap();
    stream.close_and_linger(1 << 20).await.unwrap();
    assert!(curl.join().unwrap() == pattern(1 << 20));
}
