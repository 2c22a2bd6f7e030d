//! The committed counts, and how new ones compare with them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::environment::Environment;
use benches::common::Error;

#[derive(Serialize, Deserialize)]
pub(crate) struct Baseline {
    pub(crate) environment: Environment,
    pub(crate) counts: Vec<Count>,
}

/// The instructions of one call of a scenario.
#[derive(Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) name: String,
    pub(crate) all: u64,
    /// Excludes ring, and copying and filling memory.
    pub(crate) ours: u64,
}

/// The result over all scenarios. A single regression decides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Same,
    Better,
    Worse,
}

impl Baseline {
    pub(crate) fn read() -> Result<Self, Error> {
        let text = fs::read_to_string(path());
        Ok(serde_json::from_str(&text.map_err(|error| format!("no baseline: {error}"))?)?)
    }

    pub(crate) fn write(&self) -> Result<(), Error> {
        for Count { name, all, ours } in &self.counts {
            println!("{name:<32} all {all:>8} ours {ours:>8}");
        }
        Ok(fs::write(path(), serde_json::to_string_pretty(self)? + "\n")?)
    }

    /// Prints both counts next to each other, and returns the verdict.
    pub(crate) fn compare(&self, counts: &[Count]) -> Verdict {
        println!(
            "{:<32} {:>8} {:>8} {:>7} {:>8} {:>8} {:>7}",
            "instructions per call", "all", "was", "", "ours", "was", ""
        );
        let mut verdict = Verdict::Same;
        for Count { name, all, ours } in counts {
            // A scenario that is missing from the baseline cannot be compared.
            let Some(was) = self.counts.iter().find(|was| was.name == *name) else {
                println!("{name:<32} {all:>8} {:>8} {:>7} {ours:>8}", "new", "");
                verdict = verdict.max(Verdict::Better);
                continue;
            };
            println!(
                "{name:<32} {all:>8} {:>8} {:>6.1}% {ours:>8} {:>8} {:>6.1}%",
                was.all,
                percent(*all, was.all),
                was.ours,
                percent(*ours, was.ours)
            );
            verdict = verdict.max(judge(*all, was.all)).max(judge(*ours, was.ours));
        }
        verdict
    }
}

/// Over 2 % more is worse. Over 5 % less is much better.
fn judge(now: u64, was: u64) -> Verdict {
    match now * 100 {
        now if now > was * 102 => Verdict::Worse,
        now if now < was * 95 => Verdict::Better,
        _ => Verdict::Same,
    }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "only for display")]
fn percent(now: u64, was: u64) -> f64 {
    (now as f64 / was as f64 - 1.0) * 100.0
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("icount/baseline.json")
}
