//! The load that `wrk` generates, and its results.

use std::fmt;
use std::process::Command;
use std::time::Duration;

use crate::Error;
use crate::contestant::Contestant;

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
        let mut command = Command::new("wrk");
        if self.closes {
            command.args(["--header", "Connection: close"]);
        }
        let output = command
            .args(["--timeout", "10s"])
            .arg(format!("-t{}", self.threads))
            .arg(format!("-c{}", self.connections))
            .arg(format!("-d{}s", self.time.as_secs()))
            .arg(format!("https://{}{}", contestant.address, self.path))
            .output()
            .map_err(|error| format!("wrk: {error}"))?;
        let processor_time = contestant.processor_time()? - before;
        let printed = String::from_utf8(output.stdout)?;
        if !output.status.success()
            || printed.contains("Socket errors")
            || printed.contains("Non-2xx")
        {
            return Err(format!("{} failed:\n{printed}", contestant.name).into());
        }
        parse(&printed, processor_time).ok_or_else(|| format!("unknown:\n{printed}").into())
    }
}

fn parse(printed: &str, processor_time: f64) -> Option<Outcome> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let total = words(printed.lines().find(|line| line.contains(" requests in "))?);
    let latency = words(printed.lines().find(|line| line.trim().starts_with("Latency"))?);
    let seconds = printed.lines().find_map(|line| line.strip_prefix("Requests/sec:"))?;
    let requests: u32 = total.first()?.parse().ok()?;
    Some(Outcome {
        requests,
        seconds: f64::from(requests) / seconds.trim().parse::<f64>().ok()?,
        processor_time,
        max_latency: latency.get(3)?.clone(),
    })
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
