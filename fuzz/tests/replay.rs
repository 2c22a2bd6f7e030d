//! What the fuzzers have found, and the seeds they begin with, as tests: each input by a call of
//! the function that its target calls. `README.md` says how to fuzz.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use wantwrite::{PeerFault, Version};
use wantwrite_fuzz::{reader_bytes, requests};
use wantwrite_testing::TLS13;
use wantwrite_testing::raw_peer::RawPeer;
use wantwrite_testing::violations::{VIOLATIONS, Verdict};

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
fn capi() {
    replay("capi");
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

/// The corpus has every row of DESIGN.md's table of violations that an input has room for, as the
/// fault that the table says. `WANTWRITE_RENEW=1` writes them.
#[test]
fn the_corpus_has_every_violation_of_the_table() {
    const MAX_LEN: usize = 4096;
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/reader_bytes");
    let mut too_long = Vec::new();
    for (number, violation) in VIOLATIONS.iter().enumerate() {
        let Verdict::Ends(expected, _) = violation.verdicts.tls13 else { continue };
        if matches!(expected, PeerFault::BadTicket | PeerFault::DuplicateTicketExtension) {
            // A reader alone has nothing to keep a ticket in, and does not look into it.
            continue;
        }
        for &role in violation.roles {
            let make = &(violation.ways)(Version::Tls13, role)[0];
            let secret = (&[7; 32][..], 0);
            let mut peer = RawPeer::from_secrets(TLS13, secret, secret);
            let input = reader_bytes::input_of(role, &make(&mut peer));
            if input.len() > MAX_LEN {
                too_long.push(violation.name);
                continue;
            }
            let path = corpus.join(format!("violation_{number:02}_{role:?}").to_lowercase());
            if std::env::var_os("WANTWRITE_RENEW").is_some() {
                fs::write(&path, &input).unwrap();
            }
            let seed = fs::read(&path).unwrap_or_default();
            assert!(seed == input, "{violation}: {} is another", path.display());
            assert_eq!(reader_bytes::fault(&seed), Some(expected), "{violation}");
        }
    }
    too_long.dedup();
    let whole_records = ["content over 2^14 bytes, sealed", "content and padding over 2^14 bytes"];
    assert_eq!(too_long, whole_records);
}

/// Every request of the corpus is there as it is on the wire, too. `WANTWRITE_RENEW=1` writes them.
#[test]
fn the_corpus_has_every_request_on_the_wire() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for path in inputs(&root.join("requests")) {
        let sealed = requests::sealed(&fs::read(&path).unwrap());
        let on_the_wire = root.join("requests_on_the_wire").join(path.file_name().unwrap());
        if std::env::var_os("WANTWRITE_RENEW").is_some() {
            fs::write(&on_the_wire, &sealed).unwrap();
        }
        assert!(fs::read(&on_the_wire).unwrap_or_default() == sealed, "{}", on_the_wire.display());
    }
}
