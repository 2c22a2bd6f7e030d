//! tungstenite over wantwrite-tokio: a server that echoes messages.
//!
//! `cargo run -p tokio_websocket -- CERTIFICATE KEY` says the port that it listens on:
//! `wss://localhost:PORT`.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use program::Error;
use tokio::net::{TcpListener, TcpStream};
use wantwrite_tokio::{TlsAcceptor, TlsHandshake};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(program::server_config()?));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (socket, _) = listener.accept().await?;
        let handshake = acceptor.accept(socket);
        tokio::spawn(async move {
            if let Err(error) = echo(handshake).await {
                eprintln!("{error}");
            }
        });
    }
}

async fn echo(handshake: TlsHandshake<TcpStream>) -> Result<(), Error> {
    let mut messages = tokio_tungstenite::accept_async(handshake.await?).await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        // It answers the others itself.
        if message.is_text() || message.is_binary() {
            messages.send(message).await?;
        }
    }
    Ok(())
}
