//! GnuTLS's `gnutls-serv`, which echoes, and `gnutls-cli`, which carries its input and output.

use std::process::Command;

use crate::common::HOST;
use crate::common::process::{Process, arg};
use crate::openssl::{contains, feed};
use crate::ours::{Ours, free_address, listener};
use crate::{Case, pattern};

/// Its echo is for lines: each is sent back whole.
const LINE: usize = 1000;

/// Less than from others: it carries its input in pieces of 4 KiB.
const LEN: usize = 4 << 20;

pub(crate) fn server(case: &Case) {
    let address = free_address();
    let mut command = Command::new("gnutls-serv");
    command
        .args(["--echo", "--noticket", "--disable-client-cert", "--quiet", "--port"])
        .arg(address.port().to_string())
        .args(["--priority", &priority(case)])
        .args(["--x509certfile", arg(&case.dir.file("cert.pem", &case.identity.certificate_pem))])
        .args(["--x509keyfile", arg(&case.dir.file("key.pem", &case.identity.key_pem))]);
    let _program = Process::start(command);
    let mut ours = Ours::client(case, address);
    for line in pattern()[..LEN].chunks(LINE) {
        let line = [line, b"\n"].concat();
        assert!(ours.exchange(&line, line.len()) == line);
    }
    ours.close();
}

pub(crate) fn client(case: &Case) {
    let listener = listener();
    let mut command = Command::new("gnutls-cli");
    command
        .args(["--x509cafile", arg(&case.dir.file("cert.pem", &case.identity.certificate_pem))])
        .args(["--priority", &priority(case), "--logfile", arg(&case.dir.path("log")), "--port"])
        .arg(listener.local_addr().expect("it is bound").port().to_string())
        .arg(HOST);
    let mut program = Process::start(command);
    let data = &pattern()[..LEN];
    let stdin = feed(&mut program, data);
    let mut ours = Ours::server(case, &listener);
    assert!(ours.exchange(data, LEN) == data, "what it sent");
    // At the end of its input it closes, whatever else is still to be read.
    program.stdout.wait("all that it received", |printed| (printed.len() >= LEN).then_some(()));
    drop(stdin.join().expect("it takes its input"));
    assert_eq!(ours.exchange(&[], 1), [], "close_notify");
    ours.close_too();
    assert!(contains(&program.wait_for_exit(), data), "what it received");
}

/// GnuTLS's name of a suite's parts, and nothing else.
fn priority(case: &Case) -> String {
    let name = format!("{:?}", case.suite);
    let cipher = if name.contains("CHACHA20") {
        "CHACHA20-POLY1305"
    } else if name.contains("AES_256") {
        "AES-256-GCM"
    } else {
        "AES-128-GCM"
    };
    let version = if name.contains("_WITH_") { "1.2" } else { "1.3" };
    format!("NORMAL:-VERS-ALL:+VERS-TLS{version}:-CIPHER-ALL:+{cipher}")
}
