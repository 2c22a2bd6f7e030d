//! Java's JSSE with limits on its keys, through a small program (`java/Peer.java`).
//!
//! A reader that has reached its limit asks for a KeyUpdate after every record until ours arrives,
//! so it asks as many times as records are in transit. Data flows one way at a time: if both
//! endpoints update their keys on one socket, Java 17 seals with a key that it has already
//! replaced.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use ring::digest::{Context, SHA256};

use super::ours::{Ours, listener};
use super::{Case, pattern};
use wantwrite_testing::process::{Process, arg};

/// Bytes that are sent one way.
const LEN: usize = 256 << 20;

/// The least number of KeyUpdates that Java must have asked us for.
const KEY_UPDATES: u64 = 8;

pub(crate) fn server(case: &Case) {
    let program = Process::start(command(case, "server", "-"));
    let port = program.stdout.wait("its port", |printed| {
        let end = printed.iter().position(|&byte| byte == b'\n')?;
        core::str::from_utf8(printed.get(..end)?).ok()?.parse().ok()
    });
    transfer(case, Ours::client(case, (Ipv4Addr::LOCALHOST, port).into()), program);
}

pub(crate) fn client(case: &Case) {
    let listener = listener();
    let port = listener.local_addr().expect("it is bound").port().to_string();
    let program = Process::start(command(case, "client", &port));
    transfer(case, Ours::server(case, &listener), program);
}

fn transfer(case: &Case, mut ours: Ours, program: Process) {
    let mut digest = Context::new(&SHA256);
    let progress = if is_download(case) {
        let mut data = pattern()[..1 << 20].to_vec();
        let mut left = LEN;
        while left > 0 {
            data.rotate_left(1);
            let piece = &data[..left.min(data.len())];
            ours.send(piece);
            digest.update(piece);
            left -= piece.len();
        }
        // Java closes first, including its socket. It would fail if our `close_notify` arrived
        // while it was asking for a KeyUpdate.
        ours.receive(|_| panic!("data of its own"));
        ours.leave()
    } else {
        let mut received = 0;
        ours.receive(|data| {
            received += data.len();
            digest.update(data);
        });
        assert_eq!(received, LEN);
        ours.close_too()
    };
    assert!(progress.key_updates >= KEY_UPDATES, "{progress:?}");
    let printed = String::from_utf8(program.wait_for_exit()).expect("it prints text");
    let digest: String =
        digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(printed.lines().last(), Some(&*digest), "it received what was sent");
}

fn command(case: &Case, role: &str, port: &str) -> Command {
    let [limit, _] = case.options else { panic!("a limit and a direction") };
    let mut command = Command::new("java");
    command
        .args(["-cp", arg(classes()), "Peer"])
        .args([role, port, limit, &LEN.to_string()])
        .arg(if is_download(case) { "receive" } else { "send" })
        .arg(case.dir.file("cert.pem", &case.identity.certificate_pem))
        .arg(case.dir.file("key.pem", &case.identity.key_pem));
    command
}

/// Whether Java downloads.
fn is_download(case: &Case) -> bool {
    case.options.contains(&"download")
}

/// The compiled classes, compiled once.
fn classes() -> &'static PathBuf {
    static CLASSES: OnceLock<PathBuf> = OnceLock::new();
    CLASSES.get_or_init(|| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("interop-java");
        fs::create_dir_all(&path).expect("a directory");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/interop/java/Peer.java");
        let status = Command::new("javac").arg("-d").arg(&path).arg(source).status();
        assert!(status.is_ok_and(|status| status.success()), "javac");
        path
    })
}
