//! What the fuzzers have found, and the seeds they begin with, as tests: each input by a call of
//! the function that its target calls. `README.md` says how to fuzz.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// The inputs in a directory, in the same order everywhere.
fn inputs(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// `corpus`, and the directory that holds one input for every fault that was found, under
/// the name of what was wrong.
fn replay(target: &str) {
    let (_, run) = wantwrite_fuzz::ALL.into_iter().find(|(name, _)| *name == target).unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for directory in ["corpus", "regressions"] {
        for path in inputs(&root.join(directory).join(target)) {
            eprintln!("{}", path.display());
            run(&fs::read(path).unwrap());
        }
    }
}

#[test]
fn record_header() {
    replay("record_header");
}

#[test]
fn reader_bytes() {
    replay("reader_bytes");
}

#[test]
fn writer_ops() {
    replay("writer_ops");
}

#[test]
fn round_trip() {
    replay("round_trip");
}

#[test]
fn differential_rustls() {
    replay("differential_rustls");
}

#[test]
fn connection_bytes() {
    replay("connection_bytes");
}

#[test]
fn handover() {
    replay("handover");
}

#[test]
fn parallel() {
    replay("parallel");
}

#[test]
fn requests() {
    replay("requests");
}

#[test]
fn requests_behind_tls() {
    replay("requests_behind_tls");
}

#[test]
fn requests_on_the_wire() {
    replay("requests_on_the_wire");
}

#[test]
fn scripts() {
    replay("scripts");
}

/// Whatever bytes a target is given, its own limits hold: no input takes it out of bounds.
#[test]
fn inputs_that_mean_nothing_are_run_too() {
    let mut rng = wantwrite_testing::Rng(1);
    for (name, run) in wantwrite_fuzz::ALL {
        for len in [0, 1, 2, 10, 100, 1000] {
            let input = rng.bytes(len);
            eprintln!("{name}, {len} bytes");
            run(&input);
            run(&vec![0; len]);
            run(&vec![0xff; len]);
        }
    }
}
