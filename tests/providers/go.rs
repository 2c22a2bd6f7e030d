//! Go's crypto/tls, which prefers `X25519MLKEM768` since Go 1.24, through the program in
//! `tests/programs`.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use libtest_mimic::Trial;
use wantwrite::*;
use wantwrite_testing::process::{PATIENCE, Process, TempDir};
use wantwrite_testing::programs::GO;
use wantwrite_testing::{Identity, pattern, tests};

use super::{Ends, PROVIDERS, X25519MLKEM768};

pub(crate) fn trials() -> Vec<Trial> {
    GO.trials(tests![
        our_client_negotiates_the_group_with_go,
        our_server_negotiates_the_group_with_go
    ])
}

fn our_client_negotiates_the_group_with_go() {
    for (name, provider) in PROVIDERS {
        let (identity, dir) = (Identity::new(false), TempDir::new());
        let ends = Ends::new(provider(), provider(), &identity);
        let mut program = Process::start(command(&identity, &dir, "server", ""));
        let address: SocketAddr = program.stdout.wait("its address", |printed| {
            let line = printed.split(|&byte| byte == b'\n').next()?;
            core::str::from_utf8(line).ok()?.parse().ok()
        });
        let ours = ends.our_client(ConnectionConfig::default());
        let mut stream = stream(ours, TcpStream::connect(address).unwrap());
        stream.write_all(b"an echo").unwrap();
        stream.flush().unwrap();
        let mut echo = [0; 7];
        stream.read_exact(&mut echo).unwrap();
        assert_eq!(&echo, b"an echo");
        assert_eq!(stream.connection().key_exchange_group(), Some(X25519MLKEM768), "{name}");
        stream.close().unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        drop(program.stdin.take());
        program.wait_for_exit();
    }
}

fn our_server_negotiates_the_group_with_go() {
    for (name, provider) in PROVIDERS {
        let (identity, dir) = (Identity::new(false), TempDir::new());
        let ends = Ends::new(provider(), provider(), &identity);
        fs::write(dir.path("pattern"), pattern(100_000)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let program = Process::start(command(&identity, &dir, "client", &address));
        let (socket, _) = listener.accept().unwrap();
        // Go does not ask for a limit, but its hello is still parsed.
        let mut config = ConnectionConfig::default();
        config.peer_size_limits = true;
        let mut stream = stream(ends.our_server(config), socket);
        let mut received = vec![0; 100_000];
        stream.read_exact(&mut received).unwrap();
        assert!(received == pattern(100_000));
        assert_eq!(stream.connection().key_exchange_group(), Some(X25519MLKEM768), "{name}");
        stream.write_all(&received).unwrap();
        stream.flush().unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        stream.close().unwrap();
        // It fails if the echo differs from what it sent, or does not end with `close_notify`.
        program.wait_for_exit();
    }
}

fn stream(ours: Connection, socket: TcpStream) -> Stream<TcpStream> {
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    Stream::new(ours, socket)
}

fn command(identity: &Identity, dir: &TempDir, role: &str, address: &str) -> Command {
    let mut command = Command::new(program());
    command
        .args([role, address])
        .arg(dir.file("cert.pem", &identity.certificate_pem))
        .arg(dir.file("key.pem", &identity.key_pem))
        .arg(dir.path("pattern"));
    command
}

/// The program, built once.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("providers-go");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../programs/interop/go/main.go");
        let status = Command::new("go").args(["build", "-o"]).arg(&path).arg(source).status();
        assert!(status.is_ok_and(|status| status.success()), "go build");
        path
    })
}
