//! The installed `curl` program as the client.

use std::env;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use ring::digest::{Context, SHA256};
use wantwrite_testing::programs::CURL;
use wantwrite_testing::tests;

use crate::client::{letters, receipt};
use crate::server::Server;

pub(crate) fn trials() -> Vec<Trial> {
    CURL.trials(tests![
        fetches_and_uploads_with_both_versions,
        uploads_of_unknown_length_are_chunked,
        makes_200_requests_on_one_connection,
        is_answered_in_http_1_0,
        answers_key_updates,
    ])
}

/// The length of the long transfers, in bytes.
const BYTES: &str = "WANTWRITE_HTTPS_BYTES";

const VERSIONS: [&[&str]; 2] = [&["--tlsv1.3"], &["--tlsv1.2", "--tls-max", "1.2"]];

fn transfer_len() -> usize {
    env::var(BYTES).map_or(5_000_000, |len| len.parse().unwrap())
}

fn curl(server: &Server, args: &[&str]) -> Command {
    let mut command = Command::new("curl");
    command.args(["-sS", "--fail", "--cacert"]).arg(server.certificate()).args(args);
    command
}

fn stdout(mut command: Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn fetches_and_uploads_with_both_versions() {
    let server = Server::start(&[]);
    let len = transfer_len();
    let content = letters(len);
    let file = server.files().join("upload");
    fs::write(&file, &content).unwrap();
    let file = file.to_str().unwrap();
    let (url, upload) = (server.url(&format!("/bytes/{len}")), server.url("/x"));
    for version in VERSIONS {
        let page = stdout(curl(&server, &[version, &[&server.url("/")]].concat()));
        assert!(page.starts_with(b"Sealed by wantwrite"));
        assert!(stdout(curl(&server, &[version, &[&url]].concat())) == content, "{version:?}");
        // curl waits for 100 (Continue) before it sends a long body.
        let args = [version, &["-T", file, &upload]].concat();
        assert_eq!(stdout(curl(&server, &args)), receipt(&content).as_bytes(), "{version:?}");
    }
    assert_eq!(server.stop().get("clean"), 6);
}

fn uploads_of_unknown_length_are_chunked() {
    let server = Server::start(&[]);
    let content = letters(1_000_000);
    let mut child = curl(&server, &["-T", "-", &server.url("/x")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&content).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, receipt(&content).as_bytes());
}

fn makes_200_requests_on_one_connection() {
    let server = Server::start(&[]);
    for version in VERSIONS {
        // One URL pattern for many lengths.
        let url = server.url("/bytes/[1-200]");
        let got = stdout(curl(&server, &[version, &[&url]].concat()));
        let mut digest = Context::new(&SHA256);
        (1..=200).for_each(|len| digest.update(&letters(len)));
        let mut ours = Context::new(&SHA256);
        ours.update(&got);
        assert_eq!(ours.finish().as_ref(), digest.finish().as_ref(), "{version:?}");
    }
    let stats = server.stop();
    assert_eq!((stats.get("connections"), stats.get("requests")), (2, 400));
}

fn is_answered_in_http_1_0() {
    let server = Server::start(&[]);
    for version in VERSIONS {
        let url = server.url("/bytes/100000");
        assert!(
            stdout(curl(&server, &[version, &["--http1.0", &url]].concat())) == letters(100_000)
        );
    }
    assert_eq!(server.stop().get("clean"), 2);
}

fn answers_key_updates() {
    let server = Server::start(&["--update-keys-every", "100000"]);
    let urls = [server.url("/keyupdate"), server.url("/bytes/1000000"), server.url("/keyupdate")];
    let urls = urls.each_ref().map(String::as_str);
    assert!(stdout(curl(&server, &urls)).len() > 1_000_000);
    assert!(server.stop().get("key_updates") >= 10);
}
