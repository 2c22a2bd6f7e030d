//! The load that `wrk` generates, and its results.

use std::fmt;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Error;
use crate::contestant::{Contestant, Site};

pub(crate) struct Load {
    pub(crate) path: &'static str,
    pub(crate) time: Duration,
    pub(crate) connections: u32,
    pub(crate) threads: u32,
    /// Whether every request uses a new connection.
    pub(crate) closes: bool,
}

impl Load {
    /// Creates a load of 256 keep-alive connections from two threads.
    pub(crate) const fn new(path: &'static str, time: Duration) -> Self {
        Self { path, time, connections: 256, threads: 2, closes: false }
    }
}

pub(crate) struct Outcome {
    requests: u32,
    seconds: f64,
    /// The server's processor time, in seconds.
    processor_time: f64,
    max_latency: String,
}

impl Load {
    /// # Errors
    /// A request failed, or a connection waited for longer than 10 s.
    pub(crate) fn run(&self, contestant: &Contestant) -> Result<Outcome, Error> {
        let before = contestant.processor_time()?;
        let output = self.command(contestant, self.time).output().map_err(not_run)?;
        let processor_time = contestant.processor_time()? - before;
        let printed = successful(output, contestant)?;
        parse(&printed, processor_time).ok_or_else(|| format!("unknown:\n{printed}").into())
    }

    /// Runs the load, and measures once it is steady: when all connections are established or, if
    /// every request uses a new one, when as many requests have been answered. So handshakes that
    /// are unfinished at the end do not count more than those at the start. For our servers, which
    /// count requests.
    ///
    /// # Errors
    /// As for `run`, or connecting took too long.
    pub(crate) fn steady(&self, server: &Contestant, site: &Site) -> Result<Outcome, Error> {
        let counter = if self.closes { "requests" } else { "open" };
        let load = self.command(server, CONNECTING + 2 * self.time).spawn().map_err(not_run)?;
        let start = Instant::now();
        // The connection that asks for the counter is open, too.
        while server.statistic(site, counter)? <= u64::from(self.connections) {
            if start.elapsed() > CONNECTING {
                return Err(
                    format!("expected {} connections in {CONNECTING:?}", self.connections).into()
                );
            }
            sleep(Duration::from_millis(50));
        }
        let sample = || -> Result<_, Error> {
            Ok((server.processor_time()?, server.statistic(site, "requests")?, Instant::now()))
        };
        let (processor_time, requests, start) = sample()?;
        sleep(self.time);
        let end = sample()?;
        // On this signal, wrk stops and prints its results.
        Command::new("kill").args(["-INT", &load.id().to_string()]).status()?;
        let printed = successful(load.wait_with_output()?, server)?;
        Ok(Outcome {
            requests: u32::try_from(end.1 - requests)?,
            seconds: (end.2 - start).as_secs_f64(),
            processor_time: end.0 - processor_time,
            max_latency: max_latency(&printed).ok_or_else(|| format!("unknown:\n{printed}"))?,
        })
    }

    fn command(&self, contestant: &Contestant, time: Duration) -> Command {
        let mut command = Command::new("wrk");
        if self.closes {
            command.args(["--header", "Connection: close"]);
        }
        command
            .args(["--timeout", "10s"])
            .arg(format!("-t{}", self.threads))
            .arg(format!("-c{}", self.connections))
            .arg(format!("-d{}s", time.as_secs_f64().ceil()))
            .arg(format!("https://{}{}", contestant.address, self.path))
            .stdout(Stdio::piped());
        command
    }
}

/// How long a busy machine may need for the handshakes of all connections.
const CONNECTING: Duration = Duration::from_secs(30);

fn not_run(error: std::io::Error) -> Error {
    format!("wrk: {error}").into()
}

/// Returns what wrk printed, unless a request failed.
fn successful(output: Output, contestant: &Contestant) -> Result<String, Error> {
    let printed = String::from_utf8(output.stdout)?;
    if !output.status.success() || printed.contains("Socket errors") || printed.contains("Non-2xx")
    {
        return Err(format!("{} failed:\n{printed}", contestant.name).into());
    }
    Ok(printed)
}

fn parse(printed: &str, processor_time: f64) -> Option<Outcome> {
    let total = printed.lines().find(|line| line.contains(" requests in "))?;
    let rate = printed.lines().find_map(|line| line.strip_prefix("Requests/sec:"))?;
    let requests: u32 = total.split_whitespace().next()?.parse().ok()?;
    Some(Outcome {
        requests,
        seconds: f64::from(requests) / rate.trim().parse::<f64>().ok()?,
        processor_time,
        max_latency: max_latency(printed)?,
    })
}

fn max_latency(printed: &str) -> Option<String> {
    let latency = printed.lines().find(|line| line.trim().starts_with("Latency"))?;
    latency.split_whitespace().nth(3).map(str::to_owned)
}

impl Outcome {
    /// Returns the requests per second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.requests) / self.seconds
    }

    /// Returns the server's processor time per request, in seconds.
    pub(crate) fn cost(&self) -> f64 {
        self.processor_time / f64::from(self.requests)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, cost, max) = (self.rate(), self.cost() * 1e6, &self.max_latency);
        write!(f, "{rate:>8.0} requests per second, {cost:>6.1} us each, {max} at most")
    }
}
