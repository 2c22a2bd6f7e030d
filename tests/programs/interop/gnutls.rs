//! GnuTLS's `gnutls-serv`, which echoes, and `gnutls-cli`, which forwards its input and output.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;

use wantwrite::{CipherSuite, Error, PeerFault};

use super::openssl::{contains, feed};
use super::ours::{Ours, free_address, listener};
use super::{Case, pattern};
use wantwrite_testing::process::{Process, TempDir, arg};
use wantwrite_testing::{HOST, Identity};

/// The server echoes whole lines.
const LINE: usize = 1000;

/// Less than with other programs, because the server gets a line only once it has echoed the one
/// before, and the client sends its input in pieces of 4 KiB.
const LEN: usize = 4 << 20;

pub(crate) fn server(case: &Case) {
    let (_program, mut ours) = meet_server(case);
    for line in pattern()[..LEN].chunks(LINE) {
        echo(&mut ours, line);
    }
    ours.close();
}

/// This line makes the server ask for a new handshake. Our client refuses with a warning and would
/// continue, but this server ends the connection with any client that refuses.
pub(crate) fn refuse_server(case: &Case) {
    let (program, mut ours) = meet_server(case);
    echo(&mut ours, b"before");
    let done = b"Successfully executed command\n";
    assert_eq!(ours.exchange(b"**REHANDSHAKE**\n", done.len()), done);
    assert!(ours.read_to_end().is_empty());
    program.stderr.wait_for("A TLS warning alert has been received", 1);
}

pub(crate) fn client(case: &Case) {
    let (mut program, mut ours) = meet_client(case, &[]);
    let data = &pattern()[..LEN];
    let stdin = feed(&mut program, data);
    assert!(ours.exchange(data, LEN) == data, "what it sent");
    // At the end of its input it closes, even if there is more to read.
    program.stdout.wait("everything it received", |printed| (printed.len() >= LEN).then_some(()));
    drop(stdin.join().expect("it accepts its input"));
    assert!(ours.exchange(&[], 1).is_empty(), "close_notify");
    ours.close_too();
    assert!(contains(&program.wait_for_exit(), data), "what it received");
}

/// The client asks for a new handshake, is refused with a warning, and asks again, which exceeds
/// what our server tolerates.
pub(crate) fn refuse_client(case: &Case) {
    let (mut program, mut ours) = meet_client(case, &["--inline-commands"]);
    program.line("before");
    assert_eq!(ours.exchange(b"", 7), b"before\n");
    program.line("^renegotiate^");
    let fault = Error::Peer(PeerFault::TooManyRenegotiationRequests);
    assert_eq!(ours.fails(), Some(fault.into()));
    program.stderr.wait_for("Non fatal error: A TLS warning alert has been received", 1);
    program.stderr.wait_for("Fatal error: A TLS fatal alert has been received", 1);
}

/// Its KeyUpdates, with and without a request.
pub(crate) fn update_keys(case: &Case) {
    let (mut program, mut ours) = meet_client(case, &["--inline-commands"]);
    for command in ["^rekey^", "^rekey1^", "^rekey^"] {
        program.line("before");
        assert_eq!(ours.exchange(b"and ours\n", 7), b"before\n");
        program.line(command);
    }
    program.line("behind");
    assert_eq!(ours.exchange(b"the last\n", 7), b"behind\n");
    program.stdout.wait_for("the last", 1);
    drop(program.stdin.take());
    assert!(ours.exchange(&[], 1).is_empty(), "close_notify");
    ours.close_too();
}

fn meet_server(case: &Case) -> (Process, Ours) {
    let more = ["--echo", "--noticket", "--quiet"];
    let (program, address) = start_server(case.suite, &case.identity, &case.dir, "", &more);
    let ours = Ours::client(case, address);
    (program, ours)
}

/// Starts a server that will soon accept connections. `modifiers` are added to its priority string.
pub(crate) fn start_server(
    suite: CipherSuite,
    identity: &Identity,
    dir: &TempDir,
    modifiers: &str,
    more: &[&str],
) -> (Process, SocketAddr) {
    let address = free_address();
    let mut command = Command::new("gnutls-serv");
    command
        .args(["--disable-client-cert", "--port", &address.port().to_string()])
        .args(["--priority", &priority(suite, modifiers)])
        .args(["--x509certfile", arg(&dir.file("cert.pem", &identity.certificate_pem))])
        .args(["--x509keyfile", arg(&dir.file("key.pem", &identity.key_pem))])
        .args(more);
    (Process::start(command), address)
}

fn echo(ours: &mut Ours, line: &[u8]) {
    let line = [line, b"\n"].concat();
    assert!(ours.exchange(&line, line.len()) == line);
}

fn meet_client(case: &Case, options: &[&str]) -> (Process, Ours) {
    let listener = listener();
    let log = case.dir.path("log");
    let more = [&["--logfile", arg(&log)], options].concat();
    let program = start_client(case.suite, &case.identity, &case.dir, &listener, "", &more);
    let ours = Ours::server(case, &listener);
    (program, ours)
}

/// Starts a client. `modifiers` are added to its priority string.
pub(crate) fn start_client(
    suite: CipherSuite,
    identity: &Identity,
    dir: &TempDir,
    listener: &TcpListener,
    modifiers: &str,
    more: &[&str],
) -> Process {
    let mut command = Command::new("gnutls-cli");
    command
        .args(["--x509cafile", arg(&dir.file("cert.pem", &identity.certificate_pem))])
        .args(["--priority", &priority(suite, modifiers), "--port"])
        .arg(listener.local_addr().expect("it is bound").port().to_string())
        .args(more)
        .arg(HOST);
    Process::start(command)
}

/// A priority string with only the parts of this suite.
fn priority(suite: CipherSuite, modifiers: &str) -> String {
    let name = format!("{suite:?}");
    let cipher = if name.contains("CHACHA20") {
        "CHACHA20-POLY1305"
    } else if name.contains("AES_256") {
        "AES-256-GCM"
    } else {
        "AES-128-GCM"
    };
    let version = if name.contains("_WITH_") { "1.2" } else { "1.3" };
    format!("NORMAL:-VERS-ALL:+VERS-TLS{version}:-CIPHER-ALL:+{cipher}{modifiers}")
}
