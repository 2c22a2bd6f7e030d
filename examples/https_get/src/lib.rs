//! Fetches an HTTPS URL, or uploads to one, over a `Stream`. It blocks, except during an upload.
//!
//!     cargo run --release -p https_get -- https://example.com/
//!
//! It sends an HTTP/1.0 request, so that the end of the connection, with `close_notify`, is the end
//! of the answer. Without `close_notify`, `Stream` reports that the answer was cut off.
//!
//! It is a library so that the tests of `examples/https_server` can run it.
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

mod args;
mod exchange;
mod socket;
mod url;

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use args::{Options, USAGE};
use exchange::{Answer, Exchange, Upload};
use program::{At, Counted, Error, Named, Program, ProgressLine, explain, note, roots};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use socket::Socket;
use wantwrite::{Connection, Stream};

/// Runs the program with its command-line arguments.
pub fn main() -> ExitCode {
    Program { name: "https_get", usage: USAGE }.main(args::parse, run)
}

fn run(options: Options, out: &mut dyn Write) -> Result<(), Error> {
    let options = &options;
    let config = Arc::new(client_config(options)?);
    let upload = match &options.put {
        Some(path) => Some((path, file_and_len(path).at(path.display())?)),
        None => None,
    };
    let server = server(options);
    if options.resume {
        // The session tickets arrive after the handshake, so they are stored once the answer has
        // ended.
        let mut exchange = connect(options, &config).at(&server)?;
        exchange.request("HEAD", &options.url, None).at(&server)?;
        io::copy(&mut exchange.answer().at(&server)?, &mut io::sink()).at(&server)?;
        exchange.close();
    }
    let mut exchange = connect(options, &config).at(&server)?;
    let uploaded = match upload {
        Some((path, (file, len))) => {
            exchange.request("PUT", &options.url, Some(len)).at(&server)?;
            put(&mut exchange, path, file, len).at(&server)?
        }
        None => {
            exchange.request("GET", &options.url, None).at(&server)?;
            Upload::Whole
        }
    };
    let answer = match (exchange.answer(), &uploaded) {
        // The failed write came first, so that is the reason to report.
        (Err(_), Upload::Broken(error)) => return Err(error).at(&server),
        (answer, _) => answer.at(&server)?,
    };
    let status_line = answer.status_line();
    note(&status_line);
    let is_refused = answer.is_failure();
    save(answer, options, &server, out)?;
    if is_refused {
        return Err(format!("the server refused: {status_line}")).at(&server);
    }
    match uploaded {
        Upload::Whole => {
            exchange.close();
            Ok(())
        }
        Upload::Answered | Upload::Broken(_) => {
            Err("the server answered before it had the whole upload").at(&server)
        }
    }
}

fn file_and_len(path: &Path) -> io::Result<(File, u64)> {
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    Ok((file, len))
}

/// Uploads `len` bytes of a file. Its errors name the file, but not the server.
fn put(exchange: &mut Exchange, path: &Path, file: File, len: u64) -> Result<Upload, Error> {
    let content = Named::new(file, path.display()).take(len);
    let mut content = Counted::new(content, ProgressLine::bytes(Some(len)));
    let uploaded = exchange.upload(&mut content)?;
    if matches!(uploaded, Upload::Whole) && content.done() < len {
        return Err("the file became shorter while it was uploaded").at(path.display());
    }
    Ok(uploaded)
}

/// Returns the server's address, to connect to and to name in errors.
fn server(options: &Options) -> String {
    let url = &options.url;
    options.connect.clone().unwrap_or_else(|| match url.host.contains(':') {
        true => format!("[{}]:{}", url.host, url.port),
        false => format!("{}:{}", url.host, url.port),
    })
}

fn client_config(options: &Options) -> Result<ClientConfig, Error> {
    let roots = match &options.ca {
        Some(path) => roots(path)?,
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
    };
    let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_protocol_versions(options.versions)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Spares each connection a copy of the configuration.
    config.enable_secret_extraction = true;
    Ok(config)
}

/// Connects, and prints what the handshake negotiated.
fn connect(options: &Options, config: &Arc<ClientConfig>) -> Result<Exchange, Error> {
    let socket = Socket::connect(server(options), options.patience)?;
    let connection = Connection::client(Arc::clone(config), options.url.name.clone())?;
    let mut stream = Stream::new(connection, socket);
    stream.complete_handshake().map_err(|error| explain(error, "--ca FILE"))?;
    let tls = stream.connection();
    let resumed = if tls.is_resumed() == Some(true) { "resumed" } else { "new session" };
    if let (Some(version), Some(suite)) = (tls.protocol_version(), tls.cipher_suite()) {
        note(format_args!("{version:?}, {suite:?}, {resumed}"));
    }
    Ok(Exchange::new(stream))
}

fn save(
    answer: Answer<'_>,
    options: &Options,
    server: &str,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let expected = answer.content_len();
    let mut file = match &options.out {
        Some(path) => Some(Named::new(File::create(path).at(path.display())?, path.display())),
        None => None,
    };
    // Content on the terminal shows its own progress.
    let is_shown = file.is_none() && io::stdout().is_terminal();
    let out: &mut dyn Write = match &mut file {
        Some(file) => file,
        None => out,
    };
    let content = Named::new(answer, server);
    let len = if is_shown {
        io::copy(&mut { content }, out)?
    } else {
        io::copy(&mut Counted::new(content, ProgressLine::bytes(expected)), out)?
    };
    out.flush()?;
    match expected {
        Some(expected) if expected != len => {
            Err(format!("expected {expected} bytes of content, got {len}")).at(server)
        }
        _ => Ok(()),
    }
}
