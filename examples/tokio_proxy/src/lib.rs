//! A TLS-terminating proxy: TLS from the network, plain TCP to a server behind it.
//!
//!     cargo run --release -p tokio_proxy -- \
//!         --listen 127.0.0.1:8443 --connect 127.0.0.1:8080 --cert cert.pem --key key.pem
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use lexopt::Parser;
use lexopt::prelude::{Long, Short, ValueExt};
use program::{Error, Program, note};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};
use wantwrite::AlertDescription;
use wantwrite_tokio::TlsAcceptor;

/// The program: what its arguments say.
pub fn main() -> ExitCode {
    Program { name: "tokio_proxy", usage: USAGE }
        .main(Options::parse, |options, out| Runtime::new()?.block_on(run(options, out)))
}

async fn run(options: Options, out: &mut dyn Write) -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(options.tls()?));
    let listener = TcpListener::bind(&options.listen).await?;
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    serve(listener, acceptor, options.connect.into()).await;
    Ok(())
}

/// Serves every connection in a task of its own.
pub async fn serve(listener: TcpListener, acceptor: TlsAcceptor, server: Arc<str>) {
    loop {
        let (socket, client) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // No file descriptors perhaps; others will end.
                note(format_args!("accept: {error}"));
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (acceptor, server) = (acceptor.clone(), Arc::clone(&server));
        tokio::spawn(async move {
            if let Err(error) = relay(socket, &acceptor, &server).await {
                note(format_args!("{client}: {error}"));
            }
        });
    }
}

/// Copies both ways at once until both sides have ended.
async fn relay(socket: TcpStream, acceptor: &TlsAcceptor, server: &str) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut client = timeout(PATIENCE, acceptor.accept(socket)).await??;
    // An end on one side becomes an end on the other, `close_notify` for the client.
    let copied = async {
        let mut server = TcpStream::connect(server).await?;
        server.set_nodelay(true)?;
        copy_bidirectional(&mut client, &mut server).await
    };
    let copied = copied.await;
    if copied.is_err() {
        // What was relayed may be cut short: `close_notify` would say that it is whole.
        client.get_mut().1.abort(AlertDescription::INTERNAL_ERROR);
    }
    // A client that still sends would lose what it has not read: a socket that is dropped with
    // unread input is reset. If it has ended, there is nothing to wait for.
    let _too_late = timeout(LINGER, client.close_and_linger(MAX_DISCARDED)).await;
    copied.map(drop)
}

/// For a handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long, and for how many bytes, a client may take to end after us.
const LINGER: Duration = Duration::from_secs(2);
const MAX_DISCARDED: u64 = 1 << 20;

const USAGE: &str = "\
Terminates TLS and relays to a plain TCP server.

Usage: tokio_proxy --connect HOST:PORT --cert FILE --key FILE [OPTIONS]

  --listen ADDR:PORT   where clients come [127.0.0.1:8443]
  --connect HOST:PORT  the server behind
  --cert FILE          its certificate chain, in PEM
  --key FILE           the key of the first certificate, in PEM
  -h, --help           this text
";

struct Options {
    listen: String,
    connect: String,
    cert: String,
    key: String,
}

impl Options {
    /// `None` if help is asked for.
    fn parse(args: &mut Parser) -> Result<Option<Self>, Error> {
        let (mut listen, mut connect, mut cert, mut key) = (None, None, None, None);
        while let Some(arg) = args.next()? {
            let option = match arg {
                Long("listen") => &mut listen,
                Long("connect") => &mut connect,
                Long("cert") => &mut cert,
                Long("key") => &mut key,
                Short('h') | Long("help") => return Ok(None),
                _ => return Err(arg.unexpected().into()),
            };
            *option = Some(args.value()?.string()?);
        }
        Ok(Some(Self {
            listen: listen.unwrap_or_else(|| "127.0.0.1:8443".to_owned()),
            connect: connect.ok_or("--connect is needed")?,
            cert: cert.ok_or("--cert is needed")?,
            key: key.ok_or("--key is needed")?,
        }))
    }

    fn tls(&self) -> Result<ServerConfig, Error> {
        let chain = CertificateDer::pem_file_iter(&self.cert)?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(&self.key)?;
        Ok(ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?)
    }
}
