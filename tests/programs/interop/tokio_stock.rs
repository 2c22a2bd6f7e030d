//! Stock tokio-rustls, on a thread with its own runtime.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::ours::{Ours, listener};
use super::{Case, LEN, pattern};
use wantwrite_testing::{client_config, server_config, server_name};

pub(crate) fn server(case: &Case) {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server_config(case.suite, &case.identity)));
    let echo = run(async move {
        let mut tls = acceptor.accept(accept(&listener)).await.unwrap();
        let (mut buf, mut echoed) = (vec![0; 64 * 1024], 0);
        // A missing `close_notify` is an error.
        loop {
            let n = tls.read(&mut buf).await.unwrap();
            if n == 0 {
                break;
            }
            tls.write_all(&buf[..n]).await.unwrap();
            tls.flush().await.unwrap();
            echoed += n;
        }
        tls.shutdown().await.unwrap();
        echoed
    });
    let mut ours = Ours::client(case, address);
    let received = ours.exchange(&pattern(), LEN);
    assert!(received == pattern(), "the echo");
    ours.close();
    assert_eq!(echo.join().unwrap(), LEN);
}

pub(crate) fn client(case: &Case) {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let connector = TlsConnector::from(Arc::new(client_config(case.suite, &case.identity)));
    let program = run(async move {
        let socket = TcpStream::connect(address).await.unwrap();
        let tls = connector.connect(server_name(), socket).await.unwrap();
        let (mut reader, mut writer) = tokio::io::split(tls);
        let write = async {
            writer.write_all(&pattern()).await.unwrap();
            writer.shutdown().await.unwrap();
        };
        let mut received = Vec::new();
        let read = reader.read_to_end(&mut received);
        let ((), read) = tokio::join!(write, read);
        read.unwrap();
        received
    });
    Ours::server(case, &listener).echo();
    assert!(program.join().unwrap() == pattern(), "the echo");
}

fn run<T: Send + 'static>(
    program: impl Future<Output = T> + Send + 'static,
) -> thread::JoinHandle<T> {
    thread::spawn(|| {
        runtime::Builder::new_current_thread().enable_io().build().unwrap().block_on(program)
    })
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (socket, _) = listener.accept().unwrap();
    socket.set_nonblocking(true).unwrap();
    TcpStream::from_std(socket).unwrap()
}
