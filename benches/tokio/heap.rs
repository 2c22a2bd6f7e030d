//! The heap of a connection that waits in `accept`, and the allocations and instructions of a round
//! trip, for ours and for tokio-rustls.
//!
//! `cargo bench -p tokio_benches --bench tokio_heap [-- --check]`. There are no sockets and no
//! runtime, so their costs are not included. callgrind, if it is installed, counts instructions:
//! those of both ends together, each of which waits for the other once per round trip.

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::alloc::System;
use std::env;
use std::process::{Command, ExitCode};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio_benches::{Configs, localhost};

type Error = Box<dyn core::error::Error + Send + Sync>;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The most heap that a silent client may cost.
const SILENT: usize = 6300;
const ROUND_TRIPS: usize = 1000;

const CONTESTANTS: [&str; 2] = ["ours", "tokio-rustls"];

fn main() -> Result<ExitCode, Error> {
    let arguments: Vec<String> = env::args().collect();
    if let Some([run, who, count]) = arguments.get(1..4).and_then(|some| some.first_chunk()) {
        if run == "--run" {
            round_trips(who, count.parse()?)?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    let configs = Configs::new()?;
    let ours = wantwrite_tokio::TlsAcceptor::from(configs.server.clone());
    let theirs = tokio_rustls::TlsAcceptor::from(configs.server);
    // Leaves out what is allocated only once, and what the pool keeps.
    let _first = (silent(|end| ours.accept(end)), silent(|end| theirs.accept(end)));
    let silent = [silent(|end| ours.accept(end)), silent(|end| theirs.accept(end))];
    let mut missed = 0;
    let mut counted = Vec::new();
    for (who, silent) in CONTESTANTS.into_iter().zip(silent) {
        let allocations = round_trips(who, ROUND_TRIPS)?;
        println!("{who}: {silent} bytes of heap of a silent client in accept");
        println!("{who}: {allocations} allocations in {ROUND_TRIPS} round trips of 64 bytes");
        if who == CONTESTANTS[0] {
            missed += usize::from(silent > SILENT) + usize::from(allocations > 0);
        }
        if let Some(instructions) = instructions(who)? {
            println!("{who}: {instructions} instructions in a round trip of 64 bytes");
            counted.push(instructions);
        }
    }
    missed += usize::from(matches!(counted[..], [ours, theirs] if ours > theirs));
    println!("{missed} limits exceeded");
    let check = arguments.iter().any(|argument| argument == "--check");
    Ok(if check && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Returns the instructions of one round trip, or `None` without valgrind.
fn instructions(who: &str) -> Result<Option<u64>, Error> {
    let mut totals = [0; 2];
    for (total, count) in totals.iter_mut().zip([ROUND_TRIPS, 2 * ROUND_TRIPS]) {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(env::current_exe()?)
            .args(["--run", who, &count.to_string()])
            .output();
        let Ok(output) = output else { return Ok(None) };
        let said = String::from_utf8_lossy(&output.stderr);
        let collected = said.lines().find_map(|line| line.split_once("Collected : "));
        *total = collected.ok_or("callgrind printed no number")?.1.trim().parse()?;
    }
    // Each round trip is made twice.
    Ok(Some((totals[1] - totals[0]) / 2 / u64::try_from(ROUND_TRIPS)?))
}

fn round_trips(who: &str, count: usize) -> Result<usize, Error> {
    let configs = Configs::new()?;
    let client = configs.client(false)?;
    let (near, far) = duplex(1 << 16);
    if who == CONTESTANTS[0] {
        let connector = wantwrite_tokio::TlsConnector::from(client);
        let acceptor = wantwrite_tokio::TlsAcceptor::from(configs.server);
        let client = connector.connect(localhost()?, near);
        let (client, server) = run(both(client, acceptor.accept(far)))?;
        allocations(client?, server?, count)
    } else {
        let connector = tokio_rustls::TlsConnector::from(client);
        let acceptor = tokio_rustls::TlsAcceptor::from(configs.server);
        let client = connector.connect(localhost()?, near);
        let (client, server) = run(both(client, acceptor.accept(far)))?;
        allocations(client?, server?, count)
    }
}

/// Returns the heap that is freed when a handshake with a silent peer is dropped.
fn silent<F: Future>(accept: impl FnOnce(DuplexStream) -> F) -> usize {
    let (near, _far) = duplex(64);
    let mut handshake = Box::pin(accept(near));
    let waker = Waker::noop();
    let waits = handshake.as_mut().poll(&mut Context::from_waker(waker)).is_pending();
    let region = Region::new(ALLOCATOR);
    drop(handshake);
    let change = region.change();
    if waits { change.bytes_deallocated - change.bytes_allocated } else { usize::MAX }
}

/// Returns the allocations of `count` round trips, after as many that are not counted.
fn allocations<C, S>(mut client: C, mut server: S, count: usize) -> Result<usize, Error>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut change = None;
    for _ in 0..2 {
        let region = Region::new(ALLOCATOR);
        for _ in 0..count {
            // The server waits first, then the client.
            let (answered, asked) = run(both(answer(&mut server), ask(&mut client)))?;
            answered.and(asked)?;
        }
        change = Some(region.change());
    }
    Ok(change.map_or(0, |change| change.allocations + change.reallocations))
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Error> {
    let mut buf = [0; 64];
    stream.write_all(&[1; 64]).await?;
    stream.flush().await?;
    stream.read_exact(&mut buf).await?;
    Ok(())
}

async fn answer(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<(), Error> {
    let mut buf = [0; 64];
    stream.read_exact(&mut buf).await?;
    stream.write_all(&buf).await?;
    stream.flush().await?;
    Ok(())
}

/// Runs both futures, polling whichever is ready.
async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let mut done = (None, None);
    core::future::poll_fn(|cx| {
        if done.0.is_none() {
            if let Poll::Ready(output) = a.as_mut().poll(cx) {
                done.0 = Some(output);
            }
        }
        if done.1.is_none() {
            if let Poll::Ready(output) = b.as_mut().poll(cx) {
                done.1 = Some(output);
            }
        }
        match (done.0.take(), done.1.take()) {
            (Some(a), Some(b)) => Poll::Ready((a, b)),
            waiting => {
                done = waiting;
                Poll::Pending
            }
        }
    })
    .await
}

/// Polls to completion: nothing here waits for anything outside.
fn run<F: Future>(future: F) -> Result<F::Output, Error> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..1000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Ok(output);
        }
    }
    Err("it waits for itself".into())
}
