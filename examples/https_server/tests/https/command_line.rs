//! What the program prints, and its exit status, when it does not serve.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output, Stdio};

use crate::server::program;

const USAGE: &str = "Usage: https_server [OPTIONS]\n";

fn https_server(args: &[&str]) -> Command {
    let mut command = Command::new(program("https_server"));
    command.args(args);
    command
}

fn closed_pipe() -> Stdio {
    let (pipe, _closed) = UnixStream::pair().expect("a pair");
    OwnedFd::from(pipe).into()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

#[test]
fn help_goes_to_standard_output() {
    for option in ["-h", "--help"] {
        let output = https_server(&["--addr", "127.0.0.1:0", option]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8(output.stdout).unwrap().contains(USAGE));
        assert_eq!(output.stderr, b"");
    }
}

#[test]
fn wrong_arguments_exit_with_status_2_and_the_usage_line() {
    let wrong: [&[&str]; 6] = [
        &["--addr"],
        &["--addr", "nowhere"],
        &["--capacity", "0"],
        &["--cert", "alone.pem"],
        &["--mode", "gopher"],
        &["--no-such-option"],
    ];
    for args in wrong {
        let output = https_server(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert_eq!(output.stdout, b"", "{args:?}");
        let said = said(&output);
        assert!(said.starts_with("https_server: ") && said.ends_with(USAGE), "{args:?}: {said}");
    }
}

#[test]
fn later_failures_exit_with_status_1_and_name_their_cause() {
    let output = https_server(&["--cert", "/missing", "--key", "/missing"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = said(&output);
    assert!(said.starts_with("https_server: ") && !said.contains("Usage"), "{said}");
}

/// Runs the program, for its help and as a server, with an output that cannot be written.
fn expect_failure_to_print(output: impl Fn() -> Stdio) {
    for args in [&["--help"], &["--addr=127.0.0.1:0"]] {
        let mut command = https_server(args);
        let output = command.stdout(output()).stderr(Stdio::piped()).output().expect("an output");
        assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
        let said = said(&output);
        assert!(said.starts_with("https_server: standard output: "), "{args:?}: {said}");
    }
}

#[test]
fn a_closed_pipe_is_an_error_and_not_a_panic() {
    expect_failure_to_print(closed_pipe);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_not_a_panic() {
    expect_failure_to_print(|| {
        std::fs::File::options().write(true).open("/dev/full").unwrap().into()
    });
}

#[test]
fn the_exit_status_is_the_same_if_stderr_is_closed() {
    let mut command = https_server(&["--help"]);
    let status = command.stdout(closed_pipe()).stderr(closed_pipe()).status().unwrap();
    assert_eq!(status.code(), Some(1), "{status}");
}
