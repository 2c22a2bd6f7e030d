//! axum over wantwrite-tokio: `axum::serve` with a listener that returns TLS streams.
//!
//! `cargo run -p tokio_axum -- CERTIFICATE KEY` prints the port that it listens on. Then
//! `curl --cacert CERTIFICATE -d 'you' https://localhost:PORT/greet` gets a greeting.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

#[path = "../../../adapters/tokio/programs/axum.rs"]
mod tls;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use axum::serve::Listener;
use program::{CertificateAndKey, Error, Program};
use tls::TlsListener;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use wantwrite_tokio::TlsAcceptor;
use wantwrite_tokio::rustls::ServerConfig;

const USAGE: &str = "\
Serves GET / and POST /greet over TLS with axum.
It listens on a free port of 127.0.0.1, and prints the port.

Usage: tokio_axum CERTIFICATE KEY

  CERTIFICATE  PEM file of the server's certificate chain
  KEY          PEM file of its private key
  -h, --help   this text
";

fn main() -> ExitCode {
    Program { name: "tokio_axum", usage: USAGE }.main(CertificateAndKey::parse, |files, out| {
        Runtime::new()?.block_on(run(files.server_config()?, out))
    })
}

async fn run(config: ServerConfig, out: &mut dyn Write) -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TlsListener::new(TcpListener::bind("127.0.0.1:0").await?, acceptor)?;
    writeln!(out, "{}", listener.local_addr()?.port())?;
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/greet", post(|name: String| async move { format!("hello, {name}") }));
    Ok(axum::serve(listener, router).await?)
}
