//! axum over wantwrite-tokio: `axum::serve` with a listener that gives TLS streams.
//!
//! `cargo run -p tokio_axum -- CERTIFICATE KEY` says the port that it listens on. Then
//! `curl --cacert CERTIFICATE -d 'you' https://localhost:PORT/greet` is greeted.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use core::net::SocketAddr;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use program::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, channel};
use wantwrite_tokio::{TlsAcceptor, TlsStream};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(program::server_config()?));
    let listener = TlsListener::new(TcpListener::bind("127.0.0.1:0").await?, acceptor)?;
    println!("{}", listener.address.port());
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/greet", post(|name: String| async move { format!("hello, {name}") }));
    Ok(axum::serve(listener, router).await?)
}

/// A slow handshake does not hold up the others: each has a task.
struct TlsListener {
    address: SocketAddr,
    streams: Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    fn new(tcp: TcpListener, acceptor: TlsAcceptor) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        let (finished, streams) = channel(16);
        tokio::spawn(async move {
            while let Ok((socket, peer)) = tcp.accept().await {
                let (handshake, finished) = (acceptor.accept(socket), finished.clone());
                tokio::spawn(async move {
                    match handshake.await {
                        Ok(stream) => drop(finished.send((stream, peer)).await),
                        Err(error) => eprintln!("{peer}: {error}"),
                    }
                });
            }
        });
        Ok(Self { address, streams })
    }
}

impl axum::serve::Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.streams.recv().await {
            Some(accepted) => accepted,
            None => core::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
