//! Counts the instructions of fixed scenarios with callgrind and compares them with a committed
//! baseline. On a shared machine, counts show what times cannot.
//!
//!     cargo bench -p benches --bench icount               counts and compares; fails at more than 2 % more
//!     cargo bench -p benches --bench icount -- --renew    counts and writes the baseline anew
//!
//! There are two counts per call, and either can fail: `all`, and `ours`, which excludes ring and
//! copying and filling memory (nearly all of the work for a long record). valgrind emulates a
//! processor without VAES. So `all` contains ring's code for such a processor, even on the fastest
//! machine.
//!
//! The emulated processor lacks features that the real one lacks. The compiler, ring, the C library
//! and valgrind change the counts too. If any of these differ from the baseline's, the program
//! reports that and compares nothing. To compare anyway, first renew the baseline from the code
//! without your change.
//!
//! Keys are fixed and nothing measured is random, so the same program always gives the same counts.

mod baseline;
mod callgrind;
mod environment;
mod scenarios;

use std::process::ExitCode;

use lexopt::ValueExt;

use baseline::{Baseline, Count, Verdict};
use benches::common::Error;
use environment::Environment;
use scenarios::{SCENARIOS, Scenario};

/// The number of counted calls. As many uncounted ones come first.
const CALLS: u64 = 20;

const RENEW: &str = "renew it by `cargo bench -p benches --bench icount -- --renew`";

enum Task {
    Compare,
    Renew,
    /// What `cargo bench -- --test` asks for: only check that it runs.
    Test,
    /// In a separate process, under callgrind.
    Run(String),
    /// In a separate process, under valgrind.
    Features,
}

fn main() -> Result<ExitCode, Error> {
    let mut task = Task::Compare;
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("renew") => task = Task::Renew,
            lexopt::Arg::Long("test") => task = Task::Test,
            lexopt::Arg::Long("run") => task = Task::Run(arguments.value()?.string()?),
            lexopt::Arg::Long("features") => task = Task::Features,
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    match task {
        Task::Compare => return compare(),
        Task::Renew => Baseline { environment: Environment::here()?, counts: count()? }.write()?,
        Task::Test => SCENARIOS.iter().try_for_each(|(name, _)| run(name))?,
        Task::Run(name) => run(&name)?,
        Task::Features => println!("{}", environment::features()),
    }
    Ok(ExitCode::SUCCESS)
}

fn compare() -> Result<ExitCode, Error> {
    let baseline = Baseline::read()?;
    let here = Environment::here()?;
    if here != baseline.environment {
        println!("not compared: the baseline was made elsewhere; {RENEW}");
        println!("  here     {here}\n  baseline {}", baseline.environment);
        return Ok(ExitCode::SUCCESS);
    }
    let verdict = baseline.compare(&count()?);
    match verdict {
        Verdict::Same => println!("every scenario is within 2 % of the baseline"),
        Verdict::Better => println!("more than 5 % better than the baseline: {RENEW}"),
        Verdict::Worse => {
            println!("more than 2 % worse; if that is intended, {RENEW}");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn count() -> Result<Vec<Count>, Error> {
    let count = |(name, _): &(&str, _)| callgrind::count(name, CALLS);
    SCENARIOS.iter().map(count).collect()
}

fn run(name: &str) -> Result<(), Error> {
    let (_, scenario) =
        SCENARIOS.iter().find(|(known, _)| *known == name).ok_or("no such scenario")?;
    let mut scenario = scenario()?;
    for _ in 0..CALLS {
        scenario.prepare()?;
        scenario.run()?;
    }
    for _ in 0..CALLS {
        scenario.prepare()?;
        counted(&mut *scenario)?;
    }
    Ok(())
}

/// The function, by this name, that callgrind counts.
#[inline(never)]
fn counted(scenario: &mut dyn Scenario) -> Result<(), Error> {
    scenario.run()
}
