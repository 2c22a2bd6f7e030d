//! tungstenite over wantwrite-tokio: a server that echoes messages.
//!
//! `cargo run -p tokio_websocket -- CERTIFICATE KEY` prints the port that it listens on:
//! `wss://localhost:PORT`.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use program::{CertificateAndKey, Error, Program, note};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use wantwrite_tokio::rustls::ServerConfig;
use wantwrite_tokio::{TlsAcceptor, TlsHandshake};

const USAGE: &str = "\
Echoes WebSocket messages over TLS with tungstenite.
It listens on a free port of 127.0.0.1, and prints the port.

Usage: tokio_websocket CERTIFICATE KEY

  CERTIFICATE  PEM file of the server's certificate chain
  KEY          PEM file of its private key
  -h, --help   this text
";

fn main() -> ExitCode {
    Program { name: "tokio_websocket", usage: USAGE }
        .main(CertificateAndKey::parse, |files, out| {
            Runtime::new()?.block_on(run(files.server_config()?, out))
        })
}

async fn run(config: ServerConfig, out: &mut dyn Write) -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(out, "{}", listener.local_addr()?.port())?;
    loop {
        let (socket, _) = listener.accept().await?;
        let handshake = acceptor.accept(socket);
        tokio::spawn(async move {
            if let Err(error) = echo(handshake).await {
                note(error);
            }
        });
    }
}

async fn echo(handshake: TlsHandshake<TcpStream>) -> Result<(), Error> {
    let mut messages = tokio_tungstenite::accept_async(handshake.await?).await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        // tungstenite answers the other kinds itself.
        if message.is_text() || message.is_binary() {
            messages.send(message).await?;
        }
    }
    Ok(())
}
