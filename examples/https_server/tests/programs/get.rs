//! `examples/https_get`.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::thread;

use libtest_mimic::Trial;
use rustls::{ServerConnection, StreamOwned};
use wantwrite_testing::{Identity, server_config, tests};

use crate::client::{letters, receipt};
use crate::server::{SUITES, Server, program};
use crate::{https_get, without_program};

pub(crate) fn trials() -> Vec<Trial> {
    without_program(tests![
        fetches_to_a_file_and_uploads_from_one,
        resumes_a_session_and_reports_it,
        fails_when_the_server_refuses_or_is_not_trusted,
        the_generated_certificate_is_printed_and_verifies,
        an_answer_that_stops_an_upload_is_shown,
        an_answer_before_a_reset_is_shown,
        a_silent_server_times_out,
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

fn resumes_a_session_and_reports_it() {
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

fn the_generated_certificate_is_printed_and_verifies() {
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
    // A killed program does not remove its files.
    fs::remove_file(after("certificate ")).unwrap();
    assert_eq!(output.unwrap().stdout, b"abcde");
}

/// Uploads 20 MB, more than sockets hold, to a server that answers 413 after the request's head and
/// reads nothing more. `end` decides what happens to the server's socket then.
fn upload_that_is_refused(end: fn(TcpStream) -> Option<TcpStream>) {
    for suite in SUITES {
        let files = tempfile::tempdir().unwrap();
        let identity = Identity::for_suite(suite);
        let [ca, _] = identity.store(files.path(), "ca");
        let upload = files.path().join("upload");
        fs::write(&upload, letters(20_000_000)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = server_config(suite, &identity);
        let server = thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            // Otherwise the answer could wait for an acknowledgement, and be lost when the socket
            // is reset.
            socket.set_nodelay(true).unwrap();
            let tls = ServerConnection::new(config.into()).unwrap();
            let mut tls = StreamOwned::new(tls, socket);
            let mut head = Vec::new();
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                let mut bytes = [0; 100];
                let n = tls.read(&mut bytes).unwrap();
                head.extend_from_slice(&bytes[..n]);
            }
            tls.write_all(b"HTTP/1.0 413 Content Too Large\r\nContent-Length: 7\r\n\r\nenough\n")
                .unwrap();
            tls.conn.send_close_notify();
            tls.flush().unwrap();
            end(tls.sock)
        });
        let output = https_get()
            .arg("--ca")
            .arg(&ca)
            .args(["--connect", &address.to_string()])
            .arg("--put")
            .arg(&upload)
            .arg("https://localhost/")
            .output()
            .unwrap();
        let _open_until_now = server.join().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.ends_with("the server refused: 413 Content Too Large\n"), "{suite:?}: {said}");
        assert_eq!(output.stdout, b"enough\n", "{suite:?}");
    }
}

fn an_answer_that_stops_an_upload_is_shown() {
    upload_that_is_refused(Some);
}

/// Closing a socket with unread bytes resets it.
fn an_answer_before_a_reset_is_shown() {
    upload_that_is_refused(|socket| {
        socket.peek(&mut [0]).unwrap();
        None
    });
}

fn a_silent_server_times_out() {
    // The listener never accepts. The system does, up to a limit.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let output = https_get()
        .args(["--timeout", "1", "--connect", &address, "https://localhost/"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, format!("https_get: {address}: the server did nothing for 1 s (--timeout)\n"));
    assert_eq!(output.status.code(), Some(1));
}
