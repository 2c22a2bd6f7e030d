//! `examples/https_get`.

use std::fs;
use std::process::{Command, Output};

use crate::client::letters;
use crate::server::{Server, example};
use crate::uploads::receipt;

fn get(server: &Server, path: &str, more: &[&str]) -> Output {
    Command::new(example("https_get"))
        .arg("--ca")
        .arg(server.certificate())
        .args(["--connect", &server.address.to_string()])
        .args(more)
        .arg(format!("https://localhost{path}"))
        .output()
        .unwrap()
}

#[test]
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

#[test]
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

#[test]
fn fails_when_the_server_refuses_or_is_not_trusted() {
    let server = Server::start(&[]);
    assert!(!get(&server, "/missing", &[]).status.success());
    let stranger = Server::start(&[]);
    let ca = stranger.certificate();
    let output = get(&server, "/", &["--ca", ca.to_str().unwrap()]);
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
}
