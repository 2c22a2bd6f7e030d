//! Round trips, and bulk transfers in each direction.

use core::net::SocketAddr;
use std::sync::Arc;

use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::floor::Floor;
use crate::report::Report;
use crate::{Error, Scale, peer};
use tokio_benches::{Configs, localhost};

const ROUND_TRIPS: usize = 4000;
const MESSAGE: usize = 64;
/// The bytes that a turn sends or receives.
const BULK: usize = 32 << 20;

/// What a turn does.
#[derive(Clone, Copy)]
enum Turn {
    RoundTrips(usize),
    /// Sends a number of bytes, in writes of a given size.
    Send(usize, usize),
    Receive(usize),
}

pub(crate) fn measure(scale: Scale, report: &mut Report) -> Result<(), Error> {
    let configs = Configs::new()?;
    let bulk = BULK / scale.divisor;
    let echo = peer::echo(&configs.server, MESSAGE)?;
    let turn = Turn::RoundTrips(ROUND_TRIPS / scale.divisor);
    pairs(scale, report, &configs, echo, turn, "round trip of 64 bytes", Some(1.0))?;
    for (len, limit) in [(8192, 1.0), (16_393, 1.0), (65_536, 1.0)] {
        let sink = peer::sink(&configs.server, bulk)?;
        let name = format!("send in writes of {len} bytes");
        pairs(scale, report, &configs, sink, Turn::Send(bulk, len), &name, Some(limit))?;
    }
    let source = peer::source(&configs.server, bulk)?;
    pairs(scale, report, &configs, source, Turn::Receive(bulk), "receive", Some(0.5))?;
    receiving_floor(scale, report, &configs, source, bulk)
}

/// Measures the best possible ratio to tokio-rustls for receiving on this machine.
fn receiving_floor(
    scale: Scale,
    report: &mut Report,
    configs: &Configs,
    source: SocketAddr,
    bulk: usize,
) -> Result<(), Error> {
    let name = "receive, the socket and ring alone";
    if !report.wants(name) {
        return Ok(());
    }
    let runtime = runtime()?;
    let client = configs.client(false)?;
    let (mut floor, mut theirs) = runtime.block_on(async {
        let floor = Floor::connect(Arc::clone(&client), source)?;
        let connector = tokio_rustls::TlsConnector::from(client);
        let theirs = connector.connect(localhost()?, connect(source).await?).await?;
        Ok::<_, Error>((floor, theirs))
    })?;
    let mut floor = || cpu(&runtime, floor.receive(bulk));
    let mut theirs = || cpu(&runtime, take_turn(&mut theirs, Turn::Receive(bulk)));
    let times = alternate(scale, &mut floor, &mut theirs)?;
    report.cpu(name, &times, None)
}

fn pairs(
    scale: Scale,
    report: &mut Report,
    configs: &Configs,
    address: SocketAddr,
    turn: Turn,
    name: &str,
    limit: Option<f64>,
) -> Result<(), Error> {
    if !report.wants(name) {
        return Ok(());
    }
    let runtime = runtime()?;
    let client = configs.client(false)?;
    let (mut ours, mut theirs) = runtime.block_on(async {
        let connector = wantwrite_tokio::TlsConnector::from(client.clone());
        let ours = connector.connect(localhost()?, connect(address).await?).await?;
        let connector = tokio_rustls::TlsConnector::from(client);
        let theirs = connector.connect(localhost()?, connect(address).await?).await?;
        Ok::<_, Error>((ours, theirs))
    })?;
    let mut ours = || cpu(&runtime, take_turn(&mut ours, turn));
    let mut theirs = || cpu(&runtime, take_turn(&mut theirs, turn));
    let times = alternate(scale, &mut ours, &mut theirs)?;
    report.cpu(name, &times, limit)
}

/// Returns the times of both contestants in each pair.
fn alternate(
    scale: Scale,
    ours: &mut dyn FnMut() -> Result<f64, Error>,
    theirs: &mut dyn FnMut() -> Result<f64, Error>,
) -> Result<Vec<(f64, f64)>, Error> {
    let mut times = Vec::new();
    // The first pair is a warm-up.
    for pair in 0..=scale.pairs {
        let (ours, theirs) = if pair % 2 == 0 {
            let ours = ours()?;
            (ours, theirs()?)
        } else {
            let theirs = theirs()?;
            (ours()?, theirs)
        };
        if pair > 0 {
            times.push((ours, theirs));
        }
    }
    Ok(times)
}

pub(crate) fn runtime() -> Result<Runtime, Error> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_io().build()?)
}

pub(crate) async fn connect(address: SocketAddr) -> Result<TcpStream, Error> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Returns the CPU seconds of this thread, including the system's work for it.
pub(crate) fn cpu(
    runtime: &Runtime,
    turn: impl Future<Output = Result<(), Error>>,
) -> Result<f64, Error> {
    let before = clock_gettime(ClockId::ThreadCPUTime);
    runtime.block_on(turn)?;
    let after = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = f64::from(u32::try_from(after.tv_sec - before.tv_sec)?);
    let nanoseconds = i32::try_from(after.tv_nsec - before.tv_nsec)?;
    Ok(seconds + f64::from(nanoseconds) / 1e9)
}

async fn take_turn<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    turn: Turn,
) -> Result<(), Error> {
    match turn {
        Turn::RoundTrips(count) => {
            let mut answer = [0; MESSAGE];
            for _ in 0..count {
                stream.write_all(&[7; MESSAGE]).await?;
                stream.flush().await?;
                stream.read_exact(&mut answer).await?;
            }
        }
        Turn::Send(total, len) => {
            let chunk = vec![7; len];
            let mut left = total;
            while left > 0 {
                let n = left.min(len);
                stream.write_all(&chunk[..n]).await?;
                left -= n;
            }
            stream.flush().await?;
            stream.read_exact(&mut [0]).await?;
        }
        Turn::Receive(total) => {
            stream.write_all(&[1]).await?;
            stream.flush().await?;
            let mut buf = vec![0; 64 * 1024];
            let mut left = total;
            while left > 0 {
                let n = stream.read(&mut buf).await?;
                if n == 0 {
                    return Err("the peer has closed".into());
                }
                left = left.saturating_sub(n);
            }
        }
    }
    Ok(())
}
