//! OpenSSL's `s_server` and `s_client`, which forward their standard input and output.

use std::io::Write;
use std::thread;

use super::ours::{OurServer, Ours, listener};
use super::{Case, LEN, pattern};
use wantwrite_testing::process::Process;

pub(crate) fn server(case: &Case) {
    // `-quiet` would hide the port.
    let (mut program, address) =
        Process::server(case.suite, &case.identity, &case.dir, 1, case.options);
    let stdin = feed(&mut program, &pattern());
    let mut ours = Ours::client(case, address);
    let received = ours.exchange(&pattern(), LEN);
    assert!(received == pattern(), "what it sent");
    ours.close();
    let mut printed = program.wait_for_exit();
    if case.options.contains(&"-nbio") {
        // It prints these lines whenever its socket blocks.
        printed = without(&without(&printed, b"Read BLOCK\n"), b"Write BLOCK\n");
    }
    assert!(contains(&printed, &pattern()), "what it received");
    stdin.join().expect("it accepts its input");
}

pub(crate) fn client(case: &Case) {
    let listener = listener();
    let options = [&["-quiet", "-ign_eof"], case.options].concat();
    let mut program = Process::client(case.suite, &case.identity, &case.dir, &listener, &options);
    let stdin = feed(&mut program, &pattern());
    let mut ours = Ours::server(case, &listener);
    let received = ours.exchange(&pattern(), LEN);
    assert!(received == pattern(), "what it sent");
    ours.close();
    assert!(program.wait_for_exit() == pattern(), "what it received");
    stdin.join().expect("it accepts its input");
}

/// The first connection, and five more that resume its session.
pub(crate) fn reconnect(case: &Case) {
    let listener = listener();
    let mut program =
        Process::client(case.suite, &case.identity, &case.dir, &listener, case.options);
    let server = OurServer::new(case);
    for count in 0..=5 {
        let mut ours = server.accept(&listener);
        // It disconnects right after the handshake, except the last time.
        if count < 5 {
            ours.read_to_end();
        } else {
            program.line("the last");
            assert_eq!(ours.exchange(b"goodbye\n", 9), b"the last\n");
        }
        assert_eq!(ours.is_resumed(), Some(count > 0), "connection {count}");
        if count == 5 {
            ours.close();
        }
    }
    assert!(contains(&program.wait_for_exit(), b"goodbye"));
}

/// Writes `data` to a program's input, and keeps the input open.
pub(crate) fn feed(program: &mut Process, data: &[u8]) -> thread::JoinHandle<impl Send + use<>> {
    let (stdin, data) = (program.stdin.take(), data.to_vec());
    thread::spawn(move || {
        let mut stdin = stdin.expect("it has not been taken");
        stdin.write_all(&data).expect("the program reads");
        stdin
    })
}

fn without(mut printed: &[u8], text: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    while let Some(at) = printed.windows(text.len()).position(|part| part == text) {
        kept.extend_from_slice(&printed[..at]);
        printed = &printed[at + text.len()..];
    }
    [&kept[..], printed].concat()
}

/// Whether a program has printed `data`.
pub(crate) fn contains(printed: &[u8], data: &[u8]) -> bool {
    let mut starts = (0..=printed.len().saturating_sub(data.len())).filter(|&at| {
        // The first bytes almost always decide.
        printed[at..].starts_with(&data[..data.len().min(64)])
    });
    starts.any(|at| printed[at..].starts_with(data))
}
