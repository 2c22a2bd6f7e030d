//! Uses only tokio's paused clock: time advances when there is nothing else left to do.

use core::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};
use tokio::runtime;
use tokio::time::{Instant, sleep};

use crate::tap::{Tap, Trace};
use crate::{Error, answer, ask, ends};

/// The most bytes in flight in one direction.
const WINDOW: usize = 4096;
const LATENCY: Duration = Duration::from_millis(20);

/// Runs a client that makes one request, over a pipe with latency.
///
/// # Errors
/// Any failure.
pub fn under_a_paused_clock(seed: u64) -> Result<Trace, Error> {
    let (connector, acceptor) = ends(seed)?;
    let trace = Trace::default();
    let runtime =
        runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let began = Instant::now();
        let (client, near) = duplex(WINDOW);
        let (far, server) = duplex(WINDOW);
        let client = Tap::new(client, "client", began, trace.clone());
        let server = Tap::new(server, "server", began, trace.clone());
        let ((near_in, near_out), (far_in, far_out)) = (split(near), split(far));
        tokio::spawn(carry(near_in, far_out));
        tokio::spawn(carry(far_in, near_out));
        let (asked, answered) = tokio::join!(ask(&connector, client), answer(&acceptor, server));
        asked.and(answered)
    })?;
    Ok(trace)
}

/// Carries bytes from one pipe to another with a delay.
async fn carry(mut from: ReadHalf<DuplexStream>, mut to: WriteHalf<DuplexStream>) {
    let mut bytes = vec![0; WINDOW];
    while let Ok(n @ 1..) = from.read(&mut bytes).await {
        sleep(LATENCY).await;
        if to.write_all(&bytes[..n]).await.is_err() {
            break;
        }
    }
    let _gone = to.shutdown().await;
}
