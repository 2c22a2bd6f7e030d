//! Two connections over a simulated link, in virtual time. One seed decides everything: which calls
//! are made and when, how bytes are cut, how long they take, and who leaves without notice.
//!
//! `./check sim --seeds 20000` runs many seeds. `./check sim --seed N` runs one and prints every
//! event.
#![expect(
    unreachable_pub,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "tests"
)]

mod host;
mod wire;
mod world;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, thread};

use program::ProgressLine;
use wantwrite_testing::draw;
use world::{Outcome, World};

/// A number from an environment variable.
fn variable(name: &str) -> Option<u64> {
    env::var(name).ok().filter(|value| !value.is_empty()).map(|value| value.parse().expect(name))
}

/// Runs the worlds of all seeds on all processors. `line` shows how many are done.
fn run(seeds: Range<u64>, line: Option<ProgressLine>) -> Vec<Outcome> {
    let line = Mutex::new(line);
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut outcomes = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return outcomes;
            }
            outcomes.push(World::new(seed, false).run());
            if let Some(line) = &mut *line.lock().unwrap() {
                line.add(1);
            }
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().unwrap().get();
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        // Every failing world prints its error. The test fails with the last one.
        workers.into_iter().flat_map(|worker| worker.join().expect("a world failed")).collect()
    })
}

#[test]
fn the_laws_hold_in_every_world() {
    if let Some(seed) = variable("WANTWRITE_SIM_SEED") {
        eprintln!("{:?}", World::new(seed, true).run());
        return;
    }
    let asked_for = variable("WANTWRITE_SIM_SEEDS");
    let count = asked_for.unwrap_or(1000);
    let outcomes = run(0..count, asked_for.map(|count| ProgressLine::steps(count, "worlds")));
    let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>();
    println!(
        "{count} worlds, {} with a clean end: {} events, {} bytes read, {} KeyUpdates",
        sum(|outcome| outcome.is_clean.into()),
        sum(|outcome| outcome.events),
        sum(|outcome| outcome.bytes),
        sum(|outcome| outcome.key_updates),
    );
    // Enough happens in these worlds.
    assert!((count / 3..count).contains(&sum(|outcome| outcome.is_clean.into())));
    assert!(sum(|outcome| outcome.bytes) > 1000 * count);
    assert!(sum(|outcome| outcome.key_updates) > count);
}

#[test]
fn a_seed_decides_everything() {
    for seed in 0..20 {
        let world = || World::new(seed, false).run();
        assert_eq!(world(), world(), "seed {seed}");
    }
    assert_ne!(World::new(0, false).run().trace, World::new(1, false).run().trace);
}
