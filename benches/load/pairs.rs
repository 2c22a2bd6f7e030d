//! Our engine and rustls's in the same server, in pairs of runs: the cost per request, for every
//! kind of request.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use program::ProgressLine;

use crate::contestant::{Contestant, Site};
use crate::wrk::{Load, Outcome};
use crate::{Error, median};

/// The request, whether each uses a new connection, and the most that it may cost us as a multiple
/// of rustls's processor time.
const WORKLOADS: [(&str, bool, f64); 4] = [
    ("/", false, 1.00),
    ("/bytes/1000", false, 1.00),
    ("/bytes/1048576", false, 1.00),
    ("/", true, 1.02),
];
const CONNECTIONS: [u32; 2] = [64, 1000];

/// Prints the median of the pairs and the interquartile range of the cost.
pub(crate) fn compare(server: &Path, pairs: NonZeroUsize, time: Duration) -> Result<(), Error> {
    let (site, pairs) = (Site::new()?, pairs.get());
    println!("ours / rustls, {pairs} pairs, {time:?} per run");
    for (path, closes, limit) in WORKLOADS {
        for connections in CONNECTIONS {
            let load = Load { path, time, connections, threads: 1, closes };
            let (mut costs, mut rates) = (Vec::new(), Vec::new());
            let mut line = ProgressLine::steps(u64::try_from(pairs)?, "pairs");
            for pair in 0..pairs {
                let (ours, rustls) = run(&load, server, &site, pair % 2 == 0)?;
                costs.push(ours.cost() / rustls.cost());
                rates.push(ours.rate() / rustls.rate());
                line.add(1);
            }
            drop(line);
            costs.sort_by(f64::total_cmp);
            let (low, high) = (costs[pairs / 4], costs[pairs - 1 - pairs / 4]);
            println!(
                "{path:>15}, {connections:>4} connections, {}: processor time per request {:.3} \
                 ({low:.3} to {high:.3}; limit {limit:.2}), requests per second {:.3}",
                if closes { "a new one for each" } else { "established" },
                median(costs),
                median(rates),
            );
        }
    }
    Ok(())
}

/// Runs one pair: ours, and rustls's.
fn run(
    load: &Load,
    server: &Path,
    site: &Site,
    ours_first: bool,
) -> Result<(Outcome, Outcome), Error> {
    let run = |start: fn(&Path, &Site) -> Result<Contestant, Error>| {
        let server = start(server, site)?;
        load.steady(&server, site)
    };
    if ours_first {
        let ours = run(Contestant::ours)?;
        Ok((ours, run(Contestant::rustls)?))
    } else {
        let rustls = run(Contestant::rustls)?;
        Ok((run(Contestant::ours)?, rustls))
    }
}
