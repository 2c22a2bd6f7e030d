//! tonic over wantwrite-tokio: the standard gRPC health service, on hyper-util's server.
//!
//! `cargo run -p tokio_tonic -- CERTIFICATE KEY` prints the port that it listens on.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use program::{CertificateAndKey, Error, Program, note};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use wantwrite_tokio::rustls::ServerConfig;
use wantwrite_tokio::{TlsAcceptor, TlsHandshake};

const USAGE: &str = "\
Serves the gRPC health service over TLS with tonic.
It listens on a free port of 127.0.0.1, and prints the port.

Usage: tokio_tonic CERTIFICATE KEY

  CERTIFICATE  PEM file of the server's certificate chain
  KEY          PEM file of its private key
  -h, --help   this text
";

fn main() -> ExitCode {
    Program { name: "tokio_tonic", usage: USAGE }.main(CertificateAndKey::parse, |files, out| {
        Runtime::new()?.block_on(run(files.server_config()?, out))
    })
}

async fn run(mut config: ServerConfig, out: &mut dyn Write) -> Result<(), Error> {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("example", ServingStatus::Serving).await;
    let routes = Routes::new(health).prepare();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(out, "{}", listener.local_addr()?.port())?;
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let (handshake, routes) = (acceptor.accept(socket), routes.clone());
        tokio::spawn(async move {
            if let Err(error) = serve(handshake, routes).await {
                note(error);
            }
        });
    }
}

async fn serve(handshake: TlsHandshake<TcpStream>, routes: Routes) -> Result<(), Error> {
    let stream = TokioIo::new(handshake.await?);
    let service = TowerToHyperService::new(routes);
    Builder::new(TokioExecutor::new()).http2_only().serve_connection(stream, service).await
}
