//! STARTTLS (RFC 3207) over wantwrite-tokio: a server that accepts mail and discards it.
//!
//! `cargo run -p tokio_smtp -- CERTIFICATE KEY` prints the port that it listens on.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use program::{CertificateAndKey, Error, Program, note};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use wantwrite_tokio::TlsAcceptor;
use wantwrite_tokio::rustls::ServerConfig;

const USAGE: &str = "\
Accepts mail with STARTTLS, and throws it away.
It listens on a free port of 127.0.0.1, and prints the port.

Usage: tokio_smtp CERTIFICATE KEY

  CERTIFICATE  PEM file of the server's certificate chain
  KEY          PEM file of its private key
  -h, --help   this text
";

fn main() -> ExitCode {
    Program { name: "tokio_smtp", usage: USAGE }.main(CertificateAndKey::parse, |files, out| {
        Runtime::new()?.block_on(run(files.server_config()?, out))
    })
}

async fn run(config: ServerConfig, out: &mut dyn Write) -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(out, "{}", listener.local_addr()?.port())?;
    loop {
        let (socket, acceptor) = (listener.accept().await?.0, acceptor.clone());
        tokio::spawn(async move {
            if let Err(error) = serve(socket, acceptor).await {
                note(error);
            }
        });
    }
}

async fn serve(socket: TcpStream, acceptor: TlsAcceptor) -> Result<(), Error> {
    let mut plain = BufReader::new(socket);
    plain.write_all(b"220 localhost\r\n").await?;
    if !converse(&mut plain, "250-localhost\r\n250 STARTTLS\r\n").await? {
        return Ok(());
    }
    // Input after the command was not protected, and must not be treated as if it had been.
    if !plain.buffer().is_empty() {
        return Err("commands after STARTTLS".into());
    }
    let mut tls = BufReader::new(acceptor.accept(plain.into_inner()).await?);
    converse(&mut tls, "250 localhost\r\n").await?;
    tls.shutdown().await?;
    Ok(())
}

/// Answers commands until the end or STARTTLS. Returns true for STARTTLS.
async fn converse<S>(stream: &mut BufReader<S>, hello: &str) -> Result<bool, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut line, mut in_mail) = (String::new(), false);
    loop {
        stream.flush().await?;
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let command = line.trim_end().to_ascii_uppercase();
        let answer = match command.split(' ').next() {
            Some(".") if in_mail => "250 taken\r\n",
            _ if in_mail => continue,
            Some("EHLO" | "HELO") => hello,
            Some("STARTTLS") => "220 go\r\n",
            Some("MAIL" | "RCPT" | "RSET" | "NOOP") => "250 well\r\n",
            Some("DATA") => "354 mail\r\n",
            Some("QUIT") => "221 bye\r\n",
            _ => "502 unknown\r\n",
        };
        in_mail = answer.starts_with("354");
        stream.write_all(answer.as_bytes()).await?;
        if matches!(command.as_str(), "STARTTLS" | "QUIT") {
            stream.flush().await?;
            return Ok(command == "STARTTLS");
        }
    }
}
