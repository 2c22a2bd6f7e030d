//! axum over wantwrite-tokio: `axum::serve` with a listener that gives TLS streams.
//!
//! `cargo run -p tokio_axum -- CERTIFICATE KEY` says the port that it listens on. Then
//! `curl --cacert CERTIFICATE -d 'you' https://localhost:PORT/greet` is greeted.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

#[path = "../../../adapters/tokio/programs/axum.rs"]
mod tls;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use axum::serve::Listener;
use program::Error;
use tls::TlsListener;
use tokio::net::TcpListener;
use wantwrite_tokio::TlsAcceptor;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(program::server_config()?));
    let listener = TlsListener::new(TcpListener::bind("127.0.0.1:0").await?, acceptor)?;
    println!("{}", listener.local_addr()?.port());
    let router = Router::new()
        .route("/", get(|| async { "hello" }))
        .route("/greet", post(|name: String| async move { format!("hello, {name}") }));
    Ok(axum::serve(listener, router).await?)
}
