//! Uses turmoil: each segment's latency is random, and there is a partition.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use turmoil::Builder;
use turmoil::net::{TcpListener, TcpStream};

use crate::tap::{Event, Tap, Trace};
use crate::{Error, answer, ask, ends};

const PORT: u16 = 443;
const REQUESTS: usize = 4;
/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// When the network between the two hosts is cut, and when it is restored. Segments in flight are
/// lost.
const PARTITION: [Duration; 2] = [Duration::from_millis(300), Duration::from_millis(1500)];

/// Runs a client that makes four requests, each over its own connection, and retries those that
/// fail.
///
/// # Errors
/// Any failure that the partition did not cause.
pub fn in_a_simulated_network(seed: u64) -> Result<Trace, Error> {
    let (connector, acceptor) = ends(seed)?;
    let trace = Trace::default();
    let mut sim = Builder::new()
        .rng_seed(seed)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(80))
        .tcp_capacity(1024)
        .simulation_duration(Duration::from_secs(120))
        .build();

    let of_server = trace.clone();
    sim.host("server", move || {
        let (acceptor, trace) = (acceptor.clone(), of_server.clone());
        async move {
            let began = Instant::now();
            let listener = TcpListener::bind((IpAddr::from(Ipv4Addr::UNSPECIFIED), PORT)).await?;
            loop {
                let (socket, _) = listener.accept().await?;
                let transport = Tap::new(socket, "server", began, trace.clone());
                let (acceptor, trace) = (acceptor.clone(), trace.clone());
                tokio::task::spawn_local(async move {
                    if let Err(error) = answer(&acceptor, transport).await {
                        trace.note(Event::Failed(format!("server: {error}")));
                    }
                });
            }
        }
    });

    let of_client = trace.clone();
    sim.client("client", async move {
        let began = Instant::now();
        let mut answered = 0;
        while answered < REQUESTS {
            let request = async {
                let socket = TcpStream::connect(("server", PORT)).await?;
                ask(&connector, Tap::new(socket, "client", began, of_client.clone())).await
            };
            let failure = match timeout(PATIENCE, request).await {
                Ok(Ok(())) => {
                    answered += 1;
                    continue;
                }
                Ok(Err(error)) => error.to_string(),
                Err(too_long) => too_long.to_string(),
            };
            of_client.note(Event::Failed(format!("client: {failure}")));
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    });

    let [begin, end] = PARTITION;
    let (mut is_cut, mut is_whole_again) = (false, false);
    while !sim.step()? {
        if !is_cut && sim.elapsed() >= begin {
            sim.partition("client", "server");
            is_cut = true;
        }
        if !is_whole_again && sim.elapsed() >= end {
            sim.repair("client", "server");
            is_whole_again = true;
        }
    }
    Ok(trace)
}
