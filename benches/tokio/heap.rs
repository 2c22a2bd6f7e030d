//! Heap of a connection that waits in `accept` or is idle, and allocations of a round trip: ours,
//! and tokio-rustls's.
//!
//! `cargo bench -p tokio_benches --bench tokio_heap [-- --check]`. No sockets and no runtime: what
//! those have is not counted.

use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::alloc::System;
use std::process::ExitCode;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio_benches::{Configs, localhost};

type Error = Box<dyn core::error::Error + Send + Sync>;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What a silent client may cost.
const SILENT: usize = 6300;
const ROUND_TRIPS: usize = 1000;

fn main() -> Result<ExitCode, Error> {
    let configs = Configs::new()?;
    let ours = wantwrite_tokio::TlsAcceptor::from(configs.server.clone());
    let theirs = tokio_rustls::TlsAcceptor::from(configs.server.clone());
    // What is made only once is not counted, nor what the pool has.
    let _first = (silent(|end| ours.accept(end)), silent(|end| theirs.accept(end)));
    let silent = [silent(|end| ours.accept(end)), silent(|end| theirs.accept(end))];
    let connector = wantwrite_tokio::TlsConnector::from(configs.client(false)?);
    let their_connector = tokio_rustls::TlsConnector::from(configs.client(false)?);
    let trips = [
        round_trips(|client, server| {
            let connector = connector.clone();
            let ours = ours.clone();
            async move {
                let name = localhost()?;
                let client = connector.connect(name, client);
                let both = both(client, ours.accept(server)).await;
                Ok((both.0?, both.1?))
            }
        })?,
        round_trips(|client, server| {
            let connector = their_connector.clone();
            let theirs = theirs.clone();
            async move {
                let name = localhost()?;
                let client = connector.connect(name, client);
                let both = both(client, theirs.accept(server)).await;
                Ok((both.0?, both.1?))
            }
        })?,
    ];
    let mut missed = 0;
    for (who, (silent, trips)) in
        ["ours", "tokio-rustls"].into_iter().zip(silent.into_iter().zip(trips))
    {
        println!("{who}: {silent} bytes of heap of a silent client in accept");
        println!("{who}: {trips} allocations in {ROUND_TRIPS} round trips of 64 bytes, both ends");
        if who == "ours" {
            missed += usize::from(silent > SILENT) + usize::from(trips > 0);
        }
    }
    println!("{missed} limits missed");
    let check = std::env::args().any(|argument| argument == "--check");
    Ok(if check && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Heap that goes when a handshake is dropped whose peer has said nothing.
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

/// Allocations of so many round trips once they go on.
fn round_trips<C, S, F>(
    handshake: impl FnOnce(DuplexStream, DuplexStream) -> F,
) -> Result<usize, Error>
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = Result<(C, S), Error>>,
{
    let (client, server) = duplex(1 << 16);
    let (mut client, mut server) = run(handshake(client, server))?;
    let mut change = None;
    for _ in 0..2 {
        let region = Region::new(ALLOCATOR);
        run(async {
            for _ in 0..ROUND_TRIPS {
                round_trip(&mut client, &mut server).await?;
            }
            Ok::<_, Error>(())
        })?;
        change = Some(region.change());
    }
    Ok(change.map_or(0, |change| change.allocations + change.reallocations))
}

async fn round_trip(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    server: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> Result<(), Error> {
    let mut buf = [0; 64];
    client.write_all(&[1; 64]).await?;
    client.flush().await?;
    server.read_exact(&mut buf).await?;
    server.write_all(&buf).await?;
    server.flush().await?;
    client.read_exact(&mut buf).await?;
    Ok(())
}

/// Both, whichever is ready.
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

/// Polls to the end: nothing here waits for anything else.
fn run<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..1000 {
        if let Poll::Ready(result) = future.as_mut().poll(&mut cx) {
            return result;
        }
    }
    Err("it waits for itself".into())
}
