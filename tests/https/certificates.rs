//! Which certificate a client gets, and that its session can be resumed.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::HandshakeKind;
use wantwrite::CipherSuite;

use crate::client::Client;
use crate::common::{Identity, client_config};
use crate::server::{SUITES, Server, example};

#[test]
fn each_client_gets_a_certificate_that_it_can_verify() {
    let files = tempfile::tempdir().unwrap();
    let (ecdsa, rsa) = (Identity::new(false), Identity::new(true));
    let mut command = Command::new(example("https_server"));
    command.args(["--addr", "127.0.0.1:0"]);
    for (name, identity) in [("ecdsa", &ecdsa), ("rsa", &rsa)] {
        let [chain, key] = write(files.path(), name, identity);
        command.arg("--cert").arg(chain).arg("--key").arg(key);
    }
    let server = Server::spawn(&mut command, Identity::new(false), files);
    for suite in CipherSuite::ALL {
        let is_rsa = format!("{suite:?}").contains("_RSA_");
        let identity = if is_rsa { &rsa } else { &ecdsa };
        let config = client_config(suite, identity);
        let mut client = Client::new(config.into(), server.socket());
        assert_eq!(client.get("/").status, 200, "{suite:?}");
        let chain = client.0.conn.peer_certificates().unwrap();
        assert_eq!(chain[0], identity.certificate, "{suite:?}");
    }
}

#[test]
fn the_made_certificate_is_printed_and_verifies() {
    let mut child = Command::new(example("https_server"))
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
    let output = Command::new(example("https_get"))
        .args(["--ca", after("certificate "), "--connect", after("listening on ")])
        .arg("https://localhost/bytes/5")
        .output();
    child.kill().unwrap();
    child.wait().unwrap();
    // What is killed removes nothing.
    fs::remove_file(after("certificate ")).unwrap();
    assert_eq!(output.unwrap().stdout, b"abcde");
}

#[test]
fn sessions_are_resumed() {
    for engine in ["wantwrite", "rustls"] {
        let server = Server::start(&["--engine", engine]);
        for suite in SUITES {
            let config = Arc::new(client_config(suite, &server.identity));
            for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
                let mut client = Client::new(Arc::clone(&config), server.socket());
                client.get("/");
                assert_eq!(client.0.conn.handshake_kind(), Some(kind), "{engine} {suite:?}");
            }
        }
        assert_eq!(server.stop().get("resumed"), 2);
    }
}

/// PKCS#8, and what `openssl` calls traditional: SEC1 and PKCS#1.
#[test]
fn keys_are_read_in_every_form() {
    let is_installed = Command::new("openssl").arg("version").stdout(Stdio::null()).status();
    if !is_installed.is_ok_and(|status| status.success()) {
        println!("skipped: openssl is not installed");
        return;
    }
    for (rsa, title) in [(false, "EC PRIVATE KEY"), (true, "RSA PRIVATE KEY")] {
        let files = tempfile::tempdir().unwrap();
        let identity = Identity::new(rsa);
        let [chain, pkcs8] = write(files.path(), "pair", &identity);
        let key = files.path().join("traditional.pem");
        let converted = Command::new("openssl")
            .args(["pkey", "-traditional", "-in"])
            .arg(pkcs8)
            .arg("-out")
            .arg(&key)
            .status();
        assert!(converted.unwrap().success());
        assert!(fs::read_to_string(&key).unwrap().contains(title));
        let mut command = Command::new(example("https_server"));
        command.args(["--addr", "127.0.0.1:0", "--cert"]).arg(chain).arg("--key").arg(key);
        let server = Server::spawn(&mut command, identity, files);
        assert_eq!(server.client(SUITES[0]).get("/").status, 200);
    }
}

fn write(directory: &Path, name: &str, identity: &Identity) -> [std::path::PathBuf; 2] {
    let chain = directory.join(format!("{name}.pem"));
    let key = directory.join(format!("{name}.key"));
    fs::write(&chain, &identity.certificate_pem).unwrap();
    fs::write(&key, &identity.key_pem).unwrap();
    [chain, key]
}
