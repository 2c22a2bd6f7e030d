//! Two hosts that use TLS in a simulated network, where one number determines every byte and when
//! it is sent: the adapter for tokio over turmoil's sockets, and over a pipe under tokio's paused
//! clock.
//!
//! `main.rs` runs both twice and compares. The page "Deterministic simulation" of wantwrite's
//! manual explains it. The examples on that page are this package's doctests.
#![expect(clippy::std_instead_of_alloc, reason = "part of a program, which has std")]

mod paused;
mod tap;
mod world;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/simulation.md")]
struct Page;

use std::sync::Arc;

pub use paused::under_a_paused_clock;
pub use tap::{Event, Trace};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wantwrite_fuzzing::{SUITES, client_config, pattern, seed, server_config, server_name};
use wantwrite_tokio::{TlsAcceptor, TlsConnector};
pub use world::in_a_simulated_network;

/// Any error that ends a simulation.
pub type Error = Box<dyn core::error::Error>;

/// The length of a request, and of its answer.
const LEN: usize = 50_000;

/// Returns both endpoints' configurations. On this thread, `number` is their only source of
/// randomness.
fn ends(number: u64) -> Result<(TlsConnector, TlsAcceptor), Error> {
    seed(number);
    let client = client_config(&SUITES)?;
    let server = server_config(&SUITES)?;
    Ok((TlsConnector::from(Arc::new(client)), TlsAcceptor::from(Arc::new(server))))
}

/// The client's part: sends a request and reads the answer, which must be the same bytes.
async fn ask<T>(connector: &TlsConnector, transport: T) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = connector.connect(server_name(), transport).await?;
    let request = pattern(0, LEN);
    stream.write_all(&request).await?;
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    if answer == request { Ok(()) } else { Err("a different answer".into()) }
}

/// The server's part.
async fn answer<T>(acceptor: &TlsAcceptor, transport: T) -> Result<(), Error>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = acceptor.accept(transport).await?;
    let mut request = Vec::new();
    stream.read_to_end(&mut request).await?;
    stream.write_all(&request).await?;
    stream.shutdown().await?;
    Ok(())
}
