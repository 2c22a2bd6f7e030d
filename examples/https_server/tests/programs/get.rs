//! `examples/https_get`.

use std::fs;
use std::io::Read;
use std::process::{Command, Output, Stdio};

use libtest_mimic::Trial;
use wantwrite_testing::tests;

use crate::client::{letters, receipt};
use crate::server::{Server, program};
use crate::{https_get, without_program};

pub(crate) fn trials() -> Vec<Trial> {
    without_program(tests![
        fetches_to_a_file_and_uploads_from_one,
        resumes_a_session_and_says_so,
        fails_when_the_server_refuses_or_is_not_trusted,
        the_made_certificate_is_printed_and_verifies,
    ])
}

fn get(server: &Server, path: &str, more: &[&str]) -> Output {
    https_get()
        .arg("--ca")
        .arg(server.certificate())
        .args(["--connect", &server.address.to_string()])
        .args(more)
        .arg(format!("https://localhost{path}"))
        .output()
        .unwrap()
}

fn fetches_to_a_file_and_uploads_from_one() {
    let server = Server::start(&[]);
    let file = server.files().join("file");
    let file = file.to_str().unwrap();
    for tls in ["1.2", "1.3"] {
        let output = get(&server, "/bytes/3000000", &["--tls", tls, "--out", file]);
        assert!(output.status.success(), "{output:?}");
        let content = fs::read(file).unwrap();
        assert!(content == letters(3_000_000));
        let output = get(&server, "/x", &["--tls", tls, "--put", file]);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), receipt(&content));
    }
    assert_eq!(server.stop().get("clean"), 4);
}

fn resumes_a_session_and_says_so() {
    let server = Server::start(&[]);
    for tls in ["1.2", "1.3"] {
        let output = get(&server, "/bytes/5", &["--resume", "--tls", tls]);
        assert_eq!(output.stdout, b"abcde");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("new session") && said.contains("resumed"), "{said}");
    }
    assert_eq!(server.stop().get("resumed"), 2);
}

fn fails_when_the_server_refuses_or_is_not_trusted() {
    let server = Server::start(&[]);
    assert!(!get(&server, "/missing", &[]).status.success());
    let stranger = Server::start(&[]);
    let ca = stranger.certificate();
    let output = get(&server, "/", &["--ca", ca.to_str().unwrap()]);
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
}

fn the_made_certificate_is_printed_and_verifies() {
    let mut child = Command::new(program("https_server"))
        .args(["--addr", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = String::new();
    let mut stdout = child.stdout.take().unwrap();
    while !printed.contains("listening on") || !printed.ends_with('\n') {
        let mut byte = [0];
        stdout.read_exact(&mut byte).unwrap();
        printed.push(char::from(byte[0]));
    }
    let after = |name: &str| printed.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let output = https_get()
        .args(["--ca", after("certificate "), "--connect", after("listening on ")])
        .arg("https://localhost/bytes/5")
        .output();
    child.kill().unwrap();
    child.wait().unwrap();
    // What is killed removes nothing.
    fs::remove_file(after("certificate ")).unwrap();
    assert_eq!(output.unwrap().stdout, b"abcde");
}
