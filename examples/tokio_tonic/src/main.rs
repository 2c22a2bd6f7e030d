//! tonic over wantwrite-tokio: the standard gRPC health service, by hyper-util's server.
//!
//! `cargo run -p tokio_tonic -- CERTIFICATE KEY` says the port that it listens on.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use program::Error;
use tokio::net::{TcpListener, TcpStream};
use tonic::service::Routes;
use tonic_health::ServingStatus;
use wantwrite_tokio::{TlsAcceptor, TlsHandshake};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("example", ServingStatus::Serving).await;
    let routes = Routes::new(health).prepare();
    let mut config = program::server_config()?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let (handshake, routes) = (acceptor.accept(socket), routes.clone());
        tokio::spawn(async move {
            if let Err(error) = serve(handshake, routes).await {
                eprintln!("{error}");
            }
        });
    }
}

async fn serve(handshake: TlsHandshake<TcpStream>, routes: Routes) -> Result<(), Error> {
    let stream = TokioIo::new(handshake.await?);
    let service = TowerToHyperService::new(routes);
    Builder::new(TokioExecutor::new()).http2_only().serve_connection(stream, service).await
}
