//! Sending and receiving over compio: ours and compio-tls, with both drivers.
//!
//! The contestants take turns, and each figure is the median over the rounds. CPU is the time of
//! the contestant's thread, including the kernel's work for it. Allocations are those of the whole
//! process: its other thread makes none.
//!
//!     cargo run --release -p compio_bench
//!     cargo run --release -p compio_bench -- ours io_uring send    # one of them, for strace -c
//!     cargo run -p compio_bench -- --test                          # whether all of it runs
#![expect(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a benchmark"
)]

use std::alloc::System;
use std::env;
use std::io::{Read, Write};
use std::net;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use compio::buf::BufResult;
use compio::driver::{DriverType, ProactorBuilder};
use compio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use compio::net::TcpStream;
use compio::runtime::{Runtime, RuntimeBuilder};
use rustix::time::{ClockId, clock_gettime};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wantwrite::{Connection, Stream};
use wantwrite_testing::{HOST, Identity, TLS13, client_config, server_config, server_name};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MIB: usize = 1 << 20;

/// The bytes per call.
const CALL_LEN: usize = 64 << 10;

const ROUNDS: usize = 7;

#[derive(Clone, Copy)]
struct Case {
    contestant: &'static str,
    driver: DriverType,
    driver_name: &'static str,
    direction: &'static str,
}

#[derive(Clone, Copy)]
struct Figures {
    wall: Duration,
    cpu: Duration,
    allocations: usize,
    allocated: usize,
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let is_test = arguments.iter().any(|argument| argument == "--test");
    let is_asked_for = |case: &Case| {
        let names = [case.contestant, case.driver_name, case.direction];
        arguments.iter().all(|asked| asked.starts_with("--") || names.contains(&&**asked))
    };
    let (mib, rounds) = if is_test { (4, 1) } else { (512, ROUNDS) };
    let cases: Vec<Case> = cases().filter(is_asked_for).collect();
    println!(
        "| direction | driver | | MiB/s | CPU, µs per MiB | allocations per MiB | KiB allocated per MiB |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut all: Vec<Vec<Figures>> = vec![Vec::new(); cases.len()];
    for _ in 0..rounds {
        for (case, figures) in cases.iter().zip(&mut all) {
            figures.extend(measure(*case, mib));
        }
    }
    for (case, figures) in cases.iter().zip(&mut all) {
        report(*case, figures, mib);
    }
}

fn cases() -> impl Iterator<Item = Case> {
    let drivers = [(DriverType::IoUring, "io_uring"), (DriverType::Poll, "polling")];
    ["send", "receive"].into_iter().flat_map(move |direction| {
        drivers.into_iter().flat_map(move |(driver, driver_name)| {
            ["ours", "compio-tls"].map(move |contestant| Case {
                contestant,
                driver,
                driver_name,
                direction,
            })
        })
    })
}

fn report(case: Case, figures: &mut [Figures], mib: usize) {
    let Case { contestant, driver_name, direction, .. } = case;
    if figures.is_empty() {
        println!("| {direction} | {driver_name} | {contestant} | not on this machine ||||");
        return;
    }
    let mut median = |f: fn(&Figures) -> Duration| {
        figures.sort_by_key(f);
        f(&figures[figures.len() / 2])
    };
    let mib = u32::try_from(mib).unwrap();
    let per_s = f64::from(mib) / median(|figures| figures.wall).as_secs_f64();
    let cpu = median(|figures| figures.cpu).as_secs_f64() * 1e6 / f64::from(mib);
    let per_mib = |n: usize| f64::from(u32::try_from(n).unwrap()) / f64::from(mib);
    let [allocations, kib] = [figures[0].allocations, figures[0].allocated >> 10].map(per_mib);
    println!(
        "| {direction} | {driver_name} | {contestant} | {per_s:.0} | {cpu:.0} | {allocations:.1} | {kib:.1} |"
    );
}

/// `None` if the system does not have this driver.
fn measure(case: Case, mib: usize) -> Option<Figures> {
    let runtime = runtime(case.driver)?;
    let identity = Identity::for_suite(TLS13);
    let client = Arc::new(client_config(TLS13, &identity));
    let server = Arc::new(server_config(TLS13, &identity));
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let is_sender = case.direction == "send";
    let peer = thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let mut peer = Stream::new(Connection::server(server).unwrap(), socket);
        peer.complete_handshake().unwrap();
        if is_sender { discard(peer) } else { send(peer, mib) }
    });
    let figures = runtime.block_on(async {
        let socket = TcpStream::connect(at).await.unwrap();
        if case.contestant == "ours" {
            let connector = wantwrite_compio::TlsConnector::from(client);
            let stream = connector.connect(server_name(), socket).await.unwrap();
            carry(stream, is_sender, mib).await
        } else {
            let connector = compio_tls::TlsConnector::from(client);
            carry(connector.connect(HOST, socket).await.unwrap(), is_sender, mib).await
        }
    });
    peer.join().unwrap();
    Some(figures)
}

fn runtime(driver: DriverType) -> Option<Runtime> {
    let mut proactor = ProactorBuilder::new();
    proactor.driver_type(driver);
    RuntimeBuilder::new().with_proactor(proactor).build().ok()
}

/// Reads without opening records, so that the contestant is the slower of the two. A peer that
/// never reads would drop its socket with our tickets unread, which resets it.
fn discard(peer: Stream<net::TcpStream>) {
    let (_, mut socket) = peer.into_parts();
    let mut buf = vec![0; 256 << 10];
    while socket.read(&mut buf).is_ok_and(|n| n > 0) {}
}

fn send(mut peer: Stream<net::TcpStream>, mib: usize) {
    let plaintext = vec![7; MIB];
    // The first MiB is not measured.
    for _ in 0..=mib {
        peer.write_all(&plaintext).unwrap();
    }
    peer.flush().unwrap();
    discard(peer);
}

async fn carry(mut stream: impl AsyncRead + AsyncWrite, is_sender: bool, mib: usize) -> Figures {
    let mut buf = vec![7; CALL_LEN];
    let mut figures = None;
    // A read fills the capacity of its buffer, so it can take some of the second turn's bytes.
    let mut ahead = 0;
    // Once to allocate buffers, once to measure.
    for mib in [1, mib] {
        let region = Region::new(ALLOCATOR);
        let (wall, cpu) = (Instant::now(), cpu_time());
        if is_sender {
            for _ in 0..mib * MIB / CALL_LEN {
                let BufResult(result, memory) = stream.write_all(buf).await;
                result.unwrap();
                buf = memory;
            }
            stream.flush().await.unwrap();
        } else {
            while ahead < mib * MIB {
                let BufResult(n, memory) = stream.read(buf).await;
                let n = n.unwrap();
                assert!(n > 0, "the peer has closed");
                ahead += n;
                buf = memory;
            }
            ahead -= mib * MIB;
        }
        let (wall, cpu, stats) = (wall.elapsed(), cpu_time() - cpu, region.change());
        figures = Some(Figures {
            wall,
            cpu,
            allocations: stats.allocations + stats.reallocations,
            allocated: stats.bytes_allocated,
        });
    }
    stream.shutdown().await.unwrap();
    figures.unwrap()
}

/// Returns the CPU time of this thread, including the kernel's work for it.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}
