//! The main use case: our engine sends from a mio event loop, through a socket that is too slow, to
//! a stock rustls peer in a thread of this process. At the end, the digests of both sides are
//! compared.
//!
//!     cargo run --release -p loopback -- --help
//!
//! The event loop is in `transfer.rs`. Everything else demonstrates that it works.
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

mod args;
mod identity;
mod report;
mod transfer;

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use args::{Options, USAGE};
use identity::Identity;
use loopback::peer::{self, Received};
use program::{Error, Program};
use report::Report;
use socket2::SockRef;
use transfer::{Sent, Transfer};
use wantwrite::Role;

fn main() -> ExitCode {
    Program { name: "loopback", usage: USAGE }.main(args::parse, run)
}

fn run(options: Options, out: &mut dyn Write) -> Result<(), Error> {
    let options = &options;
    let (sent, received) = transfer(options)?;
    let report = Report { options, sent: &sent, received: &received };
    write!(out, "{report}")?;
    if report.is_intact() { Ok(()) } else { Err("the peer received different data".into()) }
}

fn transfer(options: &Options) -> Result<(Sent, Received), Error> {
    let identity = Identity::new(options.suite)?;
    let connection = identity.ours(options)?;
    let tls = identity.peers(options.role)?;
    let (ours, theirs) = sockets(options.role)?;

    let seed = options.seed;
    let peer = thread::spawn(move || peer::receive(tls, theirs, seed));
    // Our socket is closed when this returns, so the peer ends too if we have failed.
    let sent = Transfer::new(connection, ours, options).and_then(Transfer::run);
    let received = peer.join().unwrap_or_else(|_| Err("its thread panicked".into()));
    match (sent, received) {
        (Ok(sent), Ok(received)) => Ok((sent, received)),
        (Err(ours), Ok(_)) => Err(format!("our side: {ours}").into()),
        (Ok(_), Err(theirs)) => Err(format!("the peer: {theirs}").into()),
        (Err(ours), Err(theirs)) => Err(format!("our side: {ours}; the peer: {theirs}").into()),
    }
}

/// Returns our end and the peer's end of a TCP connection. The TLS server accepts it.
fn sockets(role: Role) -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    let (ours, theirs) = match role {
        Role::Client => (client, server),
        Role::Server => (server, client),
    };
    // A small buffer, so that the transport blocks often and accepts less than it is offered.
    SockRef::from(&ours).set_send_buffer_size(SEND_BUFFER)?;
    ours.set_nodelay(true)?;
    ours.set_nonblocking(true)?;
    theirs.set_nodelay(true)?;
    theirs.set_read_timeout(Some(PATIENCE))?;
    theirs.set_write_timeout(Some(PATIENCE))?;
    Ok((ours, theirs))
}

/// In bytes. A system can round it, or double it as Linux does. With less than two segments of a
/// loopback device (64 KiB each), every round trip would wait for a delayed acknowledgement.
const SEND_BUFFER: usize = 64 * 1024;

/// How long either side waits for the other before giving up.
const PATIENCE: Duration = Duration::from_secs(30);
