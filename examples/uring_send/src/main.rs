//! Our engine on io_uring: several connections, with several sends in flight on each, to stock
//! rustls peers in threads of this process. At the end, the digests of both sides are compared.
//!
//!     cargo run --release -p uring_send -- --help
//!
//! The kernel gets ciphertext as owned chunks and fills inbound memory directly, without a copy. A
//! connection's sends are linked, so that they stay in order on the wire. The unsent rest of a
//! cancelled send is put back and sent again. `sender.rs` has the loop over the driver, and
//! `uring.rs` the only `unsafe` code.
#![expect(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a program, which has std"
)]

mod args;
mod identity;
mod sender;
mod uring;

use std::io::{self, Write};
use std::iter;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use args::{Options, SocketKind, USAGE};
use identity::Identity;
use loopback::peer::{self, Received};
use loopback::plaintext::Plaintext;
use program::{At, Error, Program, ProgressLine, note};
use sender::Sender;
use socket2::Socket;
use uring::Ring;
use wantwrite::{ConnectionConfig, Pool};

fn main() -> ExitCode {
    Program { name: "uring_send", usage: USAGE }.main(args::parse, run)
}

fn run(options: Options, out: &mut dyn Write) -> Result<ExitCode, Error> {
    let options = &options;
    let entries = u32::try_from(options.entries.next_power_of_two())?;
    let mut ring = match Ring::new(entries) {
        Ok(ring) => ring,
        Err(error) if is_not_permitted(&error) => {
            note(format_args!("uring_send: io_uring is not permitted here: {error}"));
            note(
                "(by a seccomp filter of a container, kernel.io_uring_disabled, or an old kernel)",
            );
            return Ok(ExitCode::from(NOT_PERMITTED));
        }
        Err(error) => return Err(error).at(format_args!("an io_uring of {entries} entries")),
    };
    let connected = connect(options);
    let (mut senders, peers) =
        connected.at(format_args!("{} connections (see ulimit -n)", options.connections))?;
    let start = Instant::now();
    send(options, &mut ring, &mut senders)?;
    let elapsed = start.elapsed();
    let received = peers.into_iter().map(join).collect::<Result<Vec<_>, _>>()?;
    report(out, options, &ring, &senders, &received, elapsed)?;
    let is_intact = iter::zip(&senders, &received).all(|(sender, received)| {
        received.bytes == options.bytes && received.digest.as_ref() == sender.digest().as_ref()
    });
    if !is_intact {
        return Err("a peer received different data".into());
    }
    writeln!(out, "verdict                same digests")?;
    Ok(ExitCode::SUCCESS)
}

fn join(peer: Peer) -> Result<Received, Error> {
    peer.join().unwrap_or_else(|_| Err("a peer panicked".into()))
}

/// The event loop. A peer that waits too long closes its socket, which also ends the loop.
fn send(options: &Options, ring: &mut Ring, senders: &mut [Sender]) -> Result<(), Error> {
    for sender in &mut *senders {
        sender.drive(ring)?;
    }
    let count = u64::try_from(senders.len())?;
    let mut line = ProgressLine::bytes(Some(options.bytes.saturating_mul(count)));
    let mut last_cancel = Instant::now();
    let mut turn = (0..senders.len()).cycle();
    while !senders.iter().all(Sender::is_done) {
        for completion in ring.wait(options.cancel_every.saturating_sub(last_cancel.elapsed()))? {
            let sender = &mut senders[completion.connection];
            sender.complete(completion)?;
            sender.drive(ring)?;
        }
        if line.is_due() {
            line.set(senders.iter().map(|sender| sender.progress().drained_plaintext).sum());
        }
        if last_cancel.elapsed() >= options.cancel_every {
            last_cancel = Instant::now();
            let sending = turn.by_ref().take(senders.len()).find(|&id| senders[id].is_sending());
            sending.map_or(Ok(()), |id| ring.cancel_sends(id))?;
        }
    }
    Ok(())
}

type Peer = JoinHandle<Result<Received, Error>>;

fn connect(options: &Options) -> Result<(Vec<Sender>, Vec<Peer>), Error> {
    let identity = Identity::new(options.tls)?;
    let mut config = ConnectionConfig::default();
    config.writer.capacity = options.chain_len * wantwrite::MAX_FRAGMENT_LEN;
    // The segments come back to the pool when the kernel no longer needs them.
    config.writer.pool = Some(Pool::new(2 * options.connections * options.chain_len));

    let (mut senders, mut peers) = (Vec::new(), Vec::new());
    for (id, seed) in iter::zip(0..options.connections, options.seed..) {
        let (ours, theirs) = sockets(options.socket)?;
        let tls = identity.server()?;
        let peer = thread::Builder::new().spawn(move || peer::receive(tls, theirs, seed))?;
        peers.push(peer);
        let plaintext = Plaintext::new(seed, options.bytes, WRITE_LEN);
        let connection = identity.client(config.clone())?;
        senders.push(Sender::new(id, connection, ours, plaintext, options.chain_len));
    }
    Ok((senders, peers))
}

/// Returns our end and the peer's end of a connection.
fn sockets(kind: SocketKind) -> io::Result<(Socket, Socket)> {
    let (ours, theirs): (Socket, Socket) = match kind {
        SocketKind::Tcp => {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let ours = TcpStream::connect(listener.local_addr()?)?;
            ours.set_nodelay(true)?;
            (ours.into(), listener.accept()?.0.into())
        }
        SocketKind::Unix => {
            let (ours, theirs) = UnixStream::pair()?;
            (OwnedFd::from(ours).into(), OwnedFd::from(theirs).into())
        }
    };
    ours.set_send_buffer_size(SEND_BUFFER)?;
    theirs.set_read_timeout(Some(PATIENCE))?;
    theirs.set_write_timeout(Some(PATIENCE))?;
    Ok((ours, theirs))
}

fn report(
    out: &mut dyn Write,
    options: &Options,
    ring: &Ring,
    senders: &[Sender],
    received: &[Received],
    elapsed: Duration,
) -> io::Result<()> {
    let sum = |count: fn(&Sender) -> u64| senders.iter().map(count).sum::<u64>();
    let pauses = received.iter().map(|received| received.pauses).sum::<u32>();
    let paused = received.iter().map(|received| received.paused).sum::<Duration>();
    let delivered = sum(|sender| sender.progress().drained_plaintext);
    let millis = elapsed.as_millis().max(1);
    writeln!(out, "connections            {}", options.connections)?;
    writeln!(out, "sent                   {delivered} bytes in {millis} ms")?;
    writeln!(out, "the peers' pauses      {pauses}, {} ms in total", paused.as_millis())?;
    writeln!(out, "records                {}", sum(|sender| sender.progress().records))?;
    writeln!(out, "sends                  {}", ring.counts.sends)?;
    writeln!(out, "chains of sends        {}", sum(|sender| sender.counts.chains))?;
    writeln!(out, "most sends in flight   {}", ring.counts.peak_sends)?;
    writeln!(
        out,
        "completions            {} in {} waits",
        ring.counts.completions, ring.counts.waits
    )?;
    writeln!(out, "short sends            {}", sum(|sender| sender.counts.short))?;
    writeln!(out, "sends cancelled whole  {}", sum(|sender| sender.counts.unsent))?;
    writeln!(out, "put back               {} bytes", sum(|sender| sender.counts.put_back))
}

fn is_not_permitted(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES | libc::ENOSYS))
}

/// The exit status that tells a test to skip.
const NOT_PERMITTED: u8 = 77;

/// In bytes. A small buffer, so that sends block often.
const SEND_BUFFER: usize = 16 * 1024;

/// The plaintext that one write is offered, in bytes.
const WRITE_LEN: usize = 64 * 1024;

/// How long a side waits for the other before giving up.
const PATIENCE: Duration = Duration::from_secs(30);
