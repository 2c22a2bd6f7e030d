//! OpenSSL's `s_server` and `s_client`, which carry their standard input and output.

use std::io::Write;
use std::thread;

use crate::common::process::Process;
use crate::ours::{Ours, listener};
use crate::{Case, LEN, pattern};

pub(crate) fn server(case: &Case) {
    // `-quiet` would hide the port.
    let (mut program, address) = Process::server(case.suite, &case.identity, &case.dir, 1, &[]);
    let stdin = feed(&mut program, &pattern());
    let mut ours = Ours::client(case, address);
    let received = ours.exchange(&pattern(), LEN);
    assert!(received == pattern(), "what it sent");
    ours.close();
    let printed = program.wait_for_exit();
    assert!(contains(&printed, &pattern()), "what it received");
    stdin.join().expect("it takes its input");
}

pub(crate) fn client(case: &Case) {
    let listener = listener();
    let mut program =
        Process::client(case.suite, &case.identity, &case.dir, &listener, &["-quiet", "-ign_eof"]);
    let stdin = feed(&mut program, &pattern());
    let mut ours = Ours::server(case, &listener);
    let received = ours.exchange(&pattern(), LEN);
    assert!(received == pattern(), "what it sent");
    ours.close();
    assert!(program.wait_for_exit() == pattern(), "what it received");
    stdin.join().expect("it takes its input");
}

/// Gives a program its input and keeps that open.
pub(crate) fn feed(program: &mut Process, data: &[u8]) -> thread::JoinHandle<impl Send + use<>> {
    let (stdin, data) = (program.stdin.take(), data.to_vec());
    thread::spawn(move || {
        let mut stdin = stdin.expect("nobody has taken it");
        stdin.write_all(&data).expect("the program reads");
        stdin
    })
}

/// Whether `data` is among what a program has printed.
pub(crate) fn contains(printed: &[u8], data: &[u8]) -> bool {
    let mut starts = (0..=printed.len().saturating_sub(data.len())).filter(|&at| {
        // The first bytes tell almost always.
        printed[at..].starts_with(&data[..data.len().min(64)])
    });
    starts.any(|at| printed[at..].starts_with(data))
}
