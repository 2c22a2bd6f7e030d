//! The shim without the runner: its exit codes, and two of it with each other.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::{self, Read};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

fn shim(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bogo_shim"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn exit_code(arguments: &[&str]) -> Option<i32> {
    shim(arguments).status().unwrap().code()
}

#[test]
fn an_unknown_flag_is_unimplemented_whatever_its_prefix() {
    for flag in ["-no-such-flag", "-on-resume-no-such-flag", "-dtls", "-quic", "-fuzzer-mode"] {
        assert_eq!(exit_code(&["-port", "1", flag]), Some(89), "{flag}");
    }
}

#[test]
fn a_missing_or_invalid_value_fails_the_test() {
    for arguments in [&["-port"][..], &["-port", "x"], &["-advertise-alpn", "\x05abc"]] {
        assert_eq!(exit_code(arguments), Some(90), "{arguments:?}");
    }
}

#[test]
fn split_handshakes_are_unimplemented() {
    let output = shim(&["-is-handshaker-supported"]).output().unwrap();
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(0), &b"No\n"[..]));
}

#[test]
fn two_shims_shake_hands_resume_and_close() {
    for version in ["771", "772"] {
        for pace in [&[][..], &["-async"]] {
            let both = ["-check-close-notify", "-resume-count", "1", "-expect-version", version];
            let both = [&both[..], &["-max-version", version], pace].concat();
            meet(&both, &["-shim-shuts-down"]);
        }
    }
}

/// The client writes at once; the server answers before it has the client's Finished.
#[test]
fn two_shims_resume_with_early_data() {
    let both = ["-enable-early-data", "-resume-count", "1"];
    let client = ["-expect-ticket-supports-early-data", "-on-resume-shim-writes-first"];
    for (expectation, server_only) in [
        ("-on-resume-expect-accept-early-data", &["-always-acceptor"][..]),
        ("-on-resume-expect-accept-early-data", &["-always-everything"]),
    ] {
        let both = [&both[..], &[expectation]].concat();
        let server = [&both[..], server_only, &["-shim-shuts-down"]].concat();
        meet_apart(&[&both[..], &client].concat(), &server);
    }
}

#[test]
fn rejected_early_data_is_returned() {
    let client = ["-enable-early-data", "-resume-count", "1", "-on-resume-shim-writes-first"];
    let client = [&client[..], &["-on-resume-expect-reject-early-data"]].concat();
    let client = [&client[..], &["-on-initial-expect-ticket-supports-early-data"]].concat();
    let server = ["-on-initial-enable-early-data", "-resume-count", "1", "-shim-shuts-down"];
    meet_apart(&client, &server);
}

#[test]
fn a_server_inspects_the_client_hello() {
    let client = ["-host-name", "example.com", "-advertise-alpn", "\x03bar\x03foo"];
    let client = [&client[..], &["-expect-alpn", "foo"]].concat();
    let server = ["-expect-server-name", "example.com", "-select-alpn", "foo"];
    let server = [&server[..], &["-expect-advertised-alpn", "\x03bar\x03foo"]].concat();
    meet_apart(&client, &[&server[..], &["-shim-shuts-down"]].concat());
}

#[test]
fn an_unmet_expectation_fails_the_test() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let server = start(&listener, &server_arguments(directory.path(), &[]));
    let client = start(&listener, &["-expect-version", "771"]);
    let link = link(&listener);
    assert_eq!(client.wait_with_output().unwrap().status.code(), Some(90));
    // The server sees no more than the end of the transport, which it was not told to mind.
    assert_eq!(server.wait_with_output().unwrap().status.code(), Some(0));
    link.join().unwrap();
}

fn meet(both: &[&str], server_only: &[&str]) {
    meet_apart(both, &[both, server_only].concat());
}

/// Both succeed, and print nothing.
fn meet_apart(client: &[&str], server: &[&str]) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let shims =
        [start(&listener, &server_arguments(directory.path(), server)), start(&listener, client)];
    for _ in 0..if client.contains(&"-resume-count") { 2 } else { 1 } {
        link(&listener).join().unwrap();
    }
    for shim in shims {
        let output = shim.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{client:?}: {output:?}");
    }
}

fn server_arguments<'a>(directory: &Path, arguments: &[&'a str]) -> Vec<&'a str> {
    let identity = rcgen::generate_simple_self_signed(["example.com".to_owned()]).unwrap();
    let cert_file = directory.join("cert.pem");
    let key_file = directory.join("key.pem");
    fs::write(&cert_file, identity.cert.pem()).unwrap();
    fs::write(&key_file, identity.signing_key.serialize_pem()).unwrap();
    let files = [cert_file, key_file].map(|file| file.into_os_string().into_string().unwrap());
    let [cert_file, key_file] = files.map(|file| &*file.leak());
    [&["-server", "-cert-file", cert_file, "-key-file", key_file], arguments].concat()
}

fn start(listener: &TcpListener, arguments: &[&str]) -> Child {
    let port = listener.local_addr().unwrap().port().to_string();
    shim(&[&["-port", &port, "-shim-id", "7"], arguments].concat()).spawn().unwrap()
}

/// Takes one connection of each shim and joins them until both have ended.
fn link(listener: &TcpListener) -> thread::JoinHandle<()> {
    let [a, b] = [(); 2].map(|()| {
        let (mut socket, _) = listener.accept().unwrap();
        let mut shim_id = [0; 8];
        socket.read_exact(&mut shim_id).unwrap();
        assert_eq!(shim_id, 7u64.to_le_bytes());
        socket
    });
    let there = forward(&a, &b);
    let back = forward(&b, &a);
    thread::spawn(move || {
        there.join().unwrap();
        back.join().unwrap();
    })
}

fn forward(from: &TcpStream, to: &TcpStream) -> thread::JoinHandle<()> {
    let mut from = from.try_clone().unwrap();
    let mut to = to.try_clone().unwrap();
    thread::spawn(move || {
        let _ended_or_reset = io::copy(&mut from, &mut to);
        let _ended_before = to.shutdown(Shutdown::Write);
    })
}
