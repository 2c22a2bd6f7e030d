//! Go's crypto/tls, through a small program (`go/main.go`) that echoes, or whose data is echoed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use super::ours::{Ours, listener};
use super::{Case, LEN, pattern};
use wantwrite_testing::process::Process;

pub(crate) fn server(case: &Case) {
    let mut program = Process::start(command(case, "server", ""));
    let address = program.stdout.wait("its address", |printed| {
        let line = printed.split(|&byte| byte == b'\n').next()?;
        core::str::from_utf8(line).ok()?.parse().ok()
    });
    let mut ours = Ours::client(case, address);
    let received = ours.exchange(&pattern(), LEN);
    assert!(received == pattern(), "the echo");
    ours.close();
    drop(program.stdin.take());
    program.wait_for_exit();
}

pub(crate) fn client(case: &Case) {
    let listener = listener();
    fs::write(case.dir.path("pattern"), pattern()).expect("a new file");
    let address = listener.local_addr().expect("it is bound").to_string();
    let program = Process::start(command(case, "client", &address));
    Ours::server(case, &listener).echo();
    // It fails if the echo differs from what it sent, or does not end with `close_notify`.
    program.wait_for_exit();
}

fn command(case: &Case, role: &str, address: &str) -> Command {
    let mut command = Command::new(program());
    command
        .args([role, address])
        .arg(case.dir.file("cert.pem", &case.identity.certificate_pem))
        .arg(case.dir.file("key.pem", &case.identity.key_pem))
        .arg(case.dir.path("pattern"));
    command
}

/// The program, built once.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("interop-go");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/go/main.go");
        let status = Command::new("go").args(["build", "-o"]).arg(&path).arg(source).status();
        assert!(status.is_ok_and(|status| status.success()), "go build");
        path
    })
}
