//! Runs a scenario under callgrind, and reads its profile.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use super::baseline::Count;
use benches::common::Error;

/// Callgrind counts only inside this function.
const COUNTED: &str = "icount::counted";

/// The prefixes of ring's function names, and of those that copy, fill and compare memory.
const OTHERS: [&str; 5] = ["ring_core_", "ring::", "<ring::", "__mem", "mem"];

/// Returns the instructions of one call of the scenario, which the program makes `calls` times.
pub(crate) fn count(scenario: &str, calls: u64) -> Result<Count, Error> {
    let profile = Path::new(env!("CARGO_TARGET_TMPDIR")).join("icount.callgrind");
    let output = valgrind("callgrind")
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .args(["--compress-strings=no", "--compress-pos=no"])
        .arg(env::current_exe()?)
        .args(["--run", scenario])
        .output()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("{scenario}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let (all, others) = read(&fs::read_to_string(&profile)?)?;
    if all == 0 {
        return Err(format!("callgrind did not see {COUNTED}").into());
    }
    let name = scenario.to_owned();
    Ok(Count { name, all: all / calls, ours: (all - others) / calls })
}

/// Gives everything the same address in memory, whatever the caller's environment is.
pub(crate) fn valgrind(tool: &str) -> Command {
    let mut command = Command::new("valgrind");
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
    command.arg(format!("--tool={tool}")).arg("-q");
    command
}

/// Returns all instructions of a profile, and those of calls to [`OTHERS`], including their
/// callees. In the format, `fn=` starts a function, each line of numbers is a position and a cost,
/// and `calls=` means that the next such line is the inclusive cost of a call of `cfn=`.
fn read(profile: &str) -> Result<(u64, u64), Error> {
    let is_other = |name: &str| OTHERS.iter().any(|prefix| name.starts_with(prefix));
    let (mut all, mut others) = (0, 0);
    let (mut caller, mut callee) = ("", "");
    let mut lines = profile.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("fn=") {
            caller = name;
        } else if let Some(name) = line.strip_prefix("cfn=") {
            callee = name;
        } else if line.starts_with("calls=") {
            let cost = cost(lines.next().unwrap_or_default())?;
            if is_other(callee) && !is_other(caller) {
                others += cost;
            }
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            all += cost(line)?;
        }
    }
    Ok((all, others))
}

fn cost(line: &str) -> Result<u64, Error> {
    let cost = line.split_whitespace().nth(1).ok_or("a line of callgrind's output has no cost")?;
    Ok(cost.parse()?)
}
