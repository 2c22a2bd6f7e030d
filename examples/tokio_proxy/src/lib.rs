//! A TLS-terminating proxy: accepts TLS from the network, and connects to a server over plain TCP.
//!
//!     cargo run --release -p tokio_proxy -- \
//!         --listen 127.0.0.1:8443 --connect 127.0.0.1:8080 --cert cert.pem --key key.pem
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use lexopt::prelude::{Long, Short, ValueExt};
use program::{Args, At, Error, Program, certificates, host_and_port, note, private_key};
use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};
use wantwrite::AlertDescription;
use wantwrite_tokio::TlsAcceptor;

/// Runs the program with its command-line arguments.
pub fn main() -> ExitCode {
    Program { name: "tokio_proxy", usage: USAGE }
        .main(Options::parse, |options, out| Runtime::new()?.block_on(run(options, out)))
}

async fn run(options: Options, out: &mut dyn Write) -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(options.tls()?));
    let listener = TcpListener::bind(options.listen).await.at(options.listen)?;
    writeln!(out, "listening on {}", listener.local_addr()?)?;
    serve(listener, acceptor, options.connect.into()).await;
    Ok(())
}

/// Serves each connection in its own task.
pub async fn serve(listener: TcpListener, acceptor: TlsAcceptor, server: Arc<str>) {
    loop {
        let (socket, client) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Possibly out of file descriptors. Existing connections will end and free some.
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

/// Copies in both directions until both sides have ended.
async fn relay(socket: TcpStream, acceptor: &TlsAcceptor, server: &str) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let mut client = timeout(PATIENCE, acceptor.accept(socket)).await??;
    // The end of one side's stream ends the other's too, for the client with `close_notify`.
    let copied = async {
        let connected = TcpStream::connect(server).await;
        let mut server = connected.map_err(|error| named(server, &error))?;
        server.set_nodelay(true)?;
        copy_bidirectional(&mut client, &mut server).await
    };
    let copied = copied.await;
    if copied.is_err() {
        // The relayed data can be incomplete, but `close_notify` would mean that it is complete.
        client.get_mut().1.abort(AlertDescription::INTERNAL_ERROR);
    }
    // Dropping a socket with unread input resets it, and a client that is still sending would lose
    // data that it has not read yet. If the client has already ended, this returns immediately.
    let _too_late = timeout(LINGER, client.close_and_linger(MAX_DISCARDED)).await;
    copied.map(drop)
}

fn named(server: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{server}: {error}"))
}

/// The time allowed for a handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a client has to close after us, and how many bytes it may send meanwhile.
const LINGER: Duration = Duration::from_secs(2);
const MAX_DISCARDED: u64 = 1 << 20;

const USAGE: &str = "\
Terminates TLS and relays to a plain TCP server.

Usage: tokio_proxy --connect HOST:PORT --cert FILE --key FILE [OPTIONS]

  --listen ADDRESS:PORT  the address to listen on; port 0 for any [127.0.0.1:8443]
  --connect HOST:PORT    the plain TCP server to relay to
  --cert FILE            PEM file of the certificate chain for clients
  --key FILE             PEM file of its private key
  -h, --help             this text
";

struct Options {
    listen: SocketAddr,
    connect: String,
    cert: PathBuf,
    key: PathBuf,
}

impl Options {
    /// Parses the program's arguments. Returns `None` if they ask for help.
    fn parse(args: &mut Args) -> Result<Option<Self>, Error> {
        let mut listen = SocketAddr::from(([127, 0, 0, 1], 8443));
        let (mut connect, mut cert, mut key) = (None, None, None);
        while let Some(arg) = args.next()? {
            match arg {
                Long("listen") => listen = args.value()?.parse()?,
                Long("connect") => connect = Some(args.value()?.parse_with(host_and_port)?),
                Long("cert") => cert = Some(args.value()?.into()),
                Long("key") => key = Some(args.value()?.into()),
                Short('h') | Long("help") => return Ok(None),
                _ => return Err(arg.unexpected().into()),
            }
        }
        Ok(Some(Self {
            listen,
            connect: connect.ok_or("expected --connect HOST:PORT")?,
            cert: cert.ok_or("expected --cert FILE")?,
            key: key.ok_or("expected --key FILE")?,
        }))
    }

    fn tls(&self) -> Result<ServerConfig, Error> {
        let (chain, key) = (certificates(&self.cert)?, private_key(&self.key)?);
        ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .at(format_args!("{}, {}", self.cert.display(), self.key.display()))
    }
}
