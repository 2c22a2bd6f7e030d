//! hyper over wantwrite-tokio: HTTP/1.1 or HTTP/2, as negotiated with ALPN.
//!
//! `cargo run -p tokio_hyper -- CERTIFICATE KEY` prints the port that it listens on. Then
//! `curl --cacert CERTIFICATE https://localhost:PORT/1000` gets a thousand bytes.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use program::{CertificateAndKey, Error, Program, note};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use wantwrite_tokio::rustls::ServerConfig;
use wantwrite_tokio::{TlsAcceptor, TlsHandshake};

/// The maximum length of an answer.
const MAX_LEN: usize = 16 << 20;

const USAGE: &str = "\
Serves HTTP/1.1 and HTTP/2 over TLS with hyper: GET /N answers with N bytes.
It listens on a free port of 127.0.0.1, and prints the port.

Usage: tokio_hyper CERTIFICATE KEY

  CERTIFICATE  PEM file of the server's certificate chain
  KEY          PEM file of its private key
  -h, --help   this text
";

fn main() -> ExitCode {
    Program { name: "tokio_hyper", usage: USAGE }.main(CertificateAndKey::parse, |files, out| {
        Runtime::new()?.block_on(run(files.server_config()?, out))
    })
}

async fn run(mut config: ServerConfig, out: &mut dyn Write) -> Result<(), Error> {
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(out, "{}", listener.local_addr()?.port())?;
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let handshake = acceptor.accept(socket);
        tokio::spawn(async move {
            if let Err(error) = serve(handshake).await {
                note(error);
            }
        });
    }
}

async fn serve(handshake: TlsHandshake<TcpStream>) -> Result<(), Error> {
    let stream = TokioIo::new(handshake.await?);
    Builder::new(TokioExecutor::new()).serve_connection(stream, service_fn(answer)).await
}

/// Answers with as many bytes as the path asks for.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Error> {
    let len = request.uri().path().trim_start_matches('/').parse();
    let (status, body) = match len {
        Ok(len) if len <= MAX_LEN => (StatusCode::OK, vec![b'x'; len].into()),
        _ => (StatusCode::NOT_FOUND, Bytes::from_static(b"a number of bytes\n")),
    };
    Ok(Response::builder().status(status).body(Full::new(body))?)
}
