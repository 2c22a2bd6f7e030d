//! Runs a target under AFL++ in persistent mode: see `run.sh` in this package. The first argument
//! is the target's name.

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some((_, run)) = wantwrite_fuzz::ALL.into_iter().find(|(target, _)| *target == name) else {
        panic!("expected the name of a target, got {name:?}");
    };
    // AFL++ counts a panic as a crash.
    afl::fuzz(true, run);
}
