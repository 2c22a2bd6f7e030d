//! Fetches an HTTPS URL, or uploads to one, over a blocking `Stream`.
//!
//!     cargo run --release -p https_get -- https://example.com/
//!
//! It asks in HTTP/1.0, so that the answer ends with the connection: by `close_notify`, without
//! which `Stream` says that it was cut off.
//!
//! It is a library so that the tests of `examples/https_server` can run it.
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

mod args;
mod exchange;
mod url;

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;

use args::{Options, USAGE};
use exchange::{Answer, Exchange};
use indicatif::{ProgressBar, ProgressStyle};
use program::{Error, Program, note};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use wantwrite::{Connection, Stream};

/// The program: what its arguments say.
pub fn main() -> ExitCode {
    Program { name: "https_get", usage: USAGE }.main(args::parse, run)
}

fn run(options: Options, out: &mut dyn Write) -> Result<(), Error> {
    let options = &options;
    let config = Arc::new(client_config(options)?);
    if options.resume {
        // Its tickets come behind the handshake: they are stored by the time that it ends.
        let mut exchange = connect(options, &config)?;
        exchange.request("HEAD", &options.url, None)?;
        io::copy(&mut exchange.answer()?, &mut io::sink())?;
        exchange.close();
    }
    let mut exchange = connect(options, &config)?;
    match &options.put {
        Some(path) => {
            let file = File::open(path)?;
            let len = file.metadata()?.len();
            exchange.request("PUT", &options.url, Some(len))?;
            let bar = progress_bar(Some(len))?;
            // Whole records need more at a time than `copy` takes by itself.
            let mut content =
                BufReader::with_capacity(UPLOAD_BUFFER, bar.wrap_read(file.take(len)));
            if io::copy(&mut content, exchange.body())? < len {
                return Err("the file has become shorter".into());
            }
            bar.finish_and_clear();
        }
        None => exchange.request("GET", &options.url, None)?,
    }
    let answer = exchange.answer()?;
    note(answer.status_line());
    let failed = answer.is_failure();
    save(answer, options, out)?;
    exchange.close();
    if failed { Err("the server refused".into()) } else { Ok(()) }
}

fn client_config(options: &Options) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    match &options.ca {
        Some(path) => {
            for certificate in CertificateDer::pem_file_iter(path)? {
                roots.add(certificate?)?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_protocol_versions(options.versions)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // Spares every connection a copy of the configuration.
    config.enable_secret_extraction = true;
    Ok(config)
}

/// Connects, and says what the handshake agreed on.
fn connect(options: &Options, config: &Arc<ClientConfig>) -> Result<Exchange, Error> {
    let url = &options.url;
    let socket = match &options.connect {
        Some(address) => TcpStream::connect(address)?,
        None => TcpStream::connect((url.host.as_str(), url.port))?,
    };
    let connection = Connection::client(Arc::clone(config), url.host.clone().try_into()?)?;
    let mut stream = Stream::new(connection, socket);
    stream.complete_handshake()?;
    let tls = stream.connection();
    let resumed = if tls.is_resumed() == Some(true) { "resumed" } else { "new session" };
    if let (Some(version), Some(suite)) = (tls.protocol_version(), tls.cipher_suite()) {
        note(format_args!("{version:?}, {suite:?}, {resumed}"));
    }
    Ok(Exchange::new(stream))
}

fn save(mut answer: Answer<'_>, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let expected = answer.content_len();
    let mut file = options.out.as_ref().map(File::create).transpose()?;
    let out: &mut dyn Write = match &mut file {
        Some(file) => file,
        None => out,
    };
    let bar = progress_bar(expected)?;
    let len = io::copy(&mut bar.wrap_read(&mut answer), out)?;
    out.flush()?;
    bar.finish_and_clear();
    match expected {
        Some(expected) if expected != len => {
            Err(format!("{len} bytes came, {expected} were announced").into())
        }
        _ => Ok(()),
    }
}

/// On a terminal; elsewhere it draws nothing.
fn progress_bar(bytes: Option<u64>) -> Result<ProgressBar, Error> {
    let style = ProgressStyle::with_template(
        "{bar:40} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}",
    )?;
    Ok(bytes.map_or_else(ProgressBar::no_length, ProgressBar::new).with_style(style))
}

const UPLOAD_BUFFER: usize = 64 * 1024;
