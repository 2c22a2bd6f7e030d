//! Runs one seed twice, under turmoil and under tokio's paused clock, and compares the runs.

use std::process::ExitCode;

use lexopt::{Arg, ValueExt};
use program::{Args, Error, Program};
use tokio_turmoil::{Trace, in_a_simulated_network, under_a_paused_clock};

const USAGE: &str = "\
Two hosts talk TLS in a simulated network with latency and a partition, then over a pipe under
tokio's paused clock. Each simulation runs twice with the same seed and must repeat every byte.

Usage: tokio_turmoil [--seed N]

  --seed N    decides everything [1]
  -h, --help  this text
";

type Simulation = (&'static str, fn(u64) -> Result<Trace, tokio_turmoil::Error>);

const SIMULATIONS: [Simulation; 2] =
    [("turmoil", in_a_simulated_network), ("paused clock", under_a_paused_clock)];

fn main() -> ExitCode {
    Program { name: "tokio_turmoil", usage: USAGE }.main(parse, |seed, out| {
        for (name, run) in SIMULATIONS {
            let [first, second] = [(); 2].map(|()| run(seed).map_err(|error| error.to_string()));
            let (first, second) = (first?, second?);
            if first.events() != second.events() {
                return Err(Error::from(format!("{name}: two runs with seed {seed} differ")));
            }
            writeln!(out, "{name}: the same twice, {first}")?;
        }
        Ok(())
    })
}

fn parse(args: &mut Args) -> Result<Option<u64>, Error> {
    let mut seed = 1;
    while let Some(arg) = args.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Long("seed") => seed = args.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Some(seed))
}
