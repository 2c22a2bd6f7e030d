//! axum over wantwrite-tokio: `axum::serve` with a listener that gives TLS streams.
//!
//! `cargo run -p tokio_axum -- CERTIFICATE KEY` says the port that it listens on. Then
//! `curl --cacert CERTIFICATE -d 'you' https://localhost:PORT/greet` is greeted.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use core::net::SocketAddr;
use std::env::args;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, channel};
use wantwrite::rustls::ServerConfig;
use wantwrite::rustls::pki_types::pem::PemObject;
use wantwrite::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use wantwrite_tokio::{TlsAcceptor, TlsStream};

type Error = Box<dyn core::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let listener = TlsListener::new(TcpListener::bind("127.0.0.1:0").await?, config()?)?;
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
    fn new(tcp: TcpListener, config: Arc<ServerConfig>) -> io::Result<Self> {
        let address = tcp.local_addr()?;
        let (finished, streams) = channel(16);
        let acceptor = TlsAcceptor::from(config);
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

fn config() -> Result<Arc<ServerConfig>, Error> {
    let usage = || "usage: tokio_axum CERTIFICATE KEY";
    let (chain, key) = (args().nth(1).ok_or_else(usage)?, args().nth(2).ok_or_else(usage)?);
    let chain = CertificateDer::pem_file_iter(chain)?.collect::<Result<_, _>>()?;
    let config = ServerConfig::builder().with_no_client_auth();
    Ok(Arc::new(config.with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?))
}
