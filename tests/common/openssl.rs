//! The installed `openssl` program as a peer: one process, its pipes, and its files.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio, id};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use wantwrite::{CipherSuite, Version};

use crate::common::{HOST, Identity};

/// The longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Set where a missing `openssl` is a failure.
const REQUIRE: &str = "WANTWRITE_REQUIRE_OPENSSL";

/// Whether `openssl` can be run. Without it a test is skipped, and says so.
pub fn is_installed() -> bool {
    let found = Command::new("openssl")
        .arg("version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        assert!(env::var_os(REQUIRE).is_none(), "{REQUIRE} is set, and openssl is not installed");
        println!("skipped: openssl is not installed");
    }
    found
}

/// A directory for the files of one test, removed on drop.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("wantwrite-{}-{n}", id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // What is left over is in the system's directory for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a process has printed so far.
#[derive(Clone, Default)]
pub struct Output(Arc<(Mutex<Printed>, Condvar)>);

#[derive(Default)]
struct Printed {
    bytes: Vec<u8>,
    has_ended: bool,
}

impl Output {
    fn collect(mut pipe: impl Read + Send + 'static) -> Self {
        let this = Self::default();
        let collected = this.clone();
        thread::spawn(move || {
            let mut buf = [0; 64 * 1024];
            loop {
                let n = pipe.read(&mut buf).unwrap_or(0);
                let (printed, changed) = &*collected.0;
                let mut printed = printed.lock().unwrap();
                printed.bytes.extend_from_slice(&buf[..n]);
                printed.has_ended = n == 0;
                changed.notify_all();
                if n == 0 {
                    return;
                }
            }
        });
        this
    }

    /// Waits until `found` finds something in what was printed.
    pub fn wait<T>(&self, what: &str, found: impl Fn(&[u8]) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let (printed, changed) = &*self.0;
        let mut printed = printed.lock().unwrap();
        loop {
            if let Some(found) = found(&printed.bytes) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if printed.has_ended || left.is_zero() {
                let text = String::from_utf8_lossy(&printed.bytes).into_owned();
                let why = if printed.has_ended { "ended" } else { "waits" };
                drop(printed);
                panic!("openssl {why}, and did not print {what}; it printed:\n{text}");
            }
            printed = changed.wait_timeout(printed, left).unwrap().0;
        }
    }

    /// Waits until `text` was printed `times` times.
    pub fn wait_for(&self, text: &str, times: usize) {
        self.wait(&format!("{text:?} {times} times"), |bytes| {
            (count(bytes, text) >= times).then_some(())
        });
    }

    /// How often `text` was printed so far.
    pub fn count(&self, text: &str) -> usize {
        count(&self.0.0.lock().unwrap().bytes, text)
    }

    /// Waits for the end, which is the end of the process; gives everything printed.
    fn wait_for_end(&self) -> Vec<u8> {
        let (printed, changed) = &*self.0;
        let (printed, timeout) = changed
            .wait_timeout_while(printed.lock().unwrap(), PATIENCE, |printed| !printed.has_ended)
            .unwrap();
        let bytes = printed.bytes.clone();
        drop(printed);
        assert!(
            !timeout.timed_out(),
            "openssl did not exit; it printed:\n{}",
            String::from_utf8_lossy(&bytes)
        );
        bytes
    }
}

fn count(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
}

/// A running `openssl`, killed on drop.
pub struct Process {
    child: Child,
    /// `None` once it was taken or closed.
    pub stdin: Option<ChildStdin>,
    pub stdout: Output,
    pub stderr: Output,
}

impl Process {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: Output::collect(child.stdout.take().unwrap()),
            stderr: Output::collect(child.stderr.take().unwrap()),
            child,
        }
    }

    /// `s_server` on a free port of the loopback, for `connections` clients one after another.
    pub fn server(
        suite: CipherSuite,
        identity: &Identity,
        dir: &TempDir,
        connections: usize,
        more: &[&str],
    ) -> (Self, SocketAddr) {
        let mut command = Command::new("openssl");
        command
            .args(["s_server", "-accept", "127.0.0.1:0", "-naccept"])
            .arg(connections.to_string())
            .arg("-cert")
            .arg(dir.file("cert.pem", &identity.certificate_pem))
            .arg("-key")
            .arg(dir.file("key.pem", &identity.key_pem))
            .args(suite_args(suite))
            .args(more);
        let this = Self::start(command);
        let port = this.stdout.wait("the port that it accepts at", |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let (port, _) = text.split_once("ACCEPT 127.0.0.1:")?.1.split_once('\n')?;
            port.parse().ok()
        });
        (this, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// `s_client`, which verifies the certificate and its name.
    pub fn client(
        suite: CipherSuite,
        identity: &Identity,
        dir: &TempDir,
        listener: &TcpListener,
        more: &[&str],
    ) -> Self {
        let mut command = Command::new("openssl");
        command
            .args(["s_client", "-connect"])
            .arg(listener.local_addr().unwrap().to_string())
            .args(["-servername", HOST, "-verify_hostname", HOST])
            .args(["-verify_return_error", "-CAfile"])
            .arg(dir.file("cert.pem", &identity.certificate_pem))
            .args(suite_args(suite))
            .args(more);
        Self::start(command)
    }

    /// Types a line, as one write. What begins with a command letter is a command.
    pub fn line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().unwrap();
        stdin.write_all(format!("{line}\n").as_bytes()).unwrap();
        stdin.flush().unwrap();
    }

    /// What it prints, for another thread.
    pub fn outputs(&self) -> (Output, Output) {
        (self.stdout.clone(), self.stderr.clone())
    }

    /// Ends it without a word to its peer.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends by itself, with success; gives what it printed.
    pub fn wait_for_exit(mut self) -> Vec<u8> {
        let printed = self.stdout.wait_for_end();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "openssl: {status}");
        printed
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn suite_args(suite: CipherSuite) -> [&'static str; 3] {
    match suite.version() {
        Version::Tls13 => ["-tls1_3", "-ciphersuites", name(suite)],
        Version::Tls12 => ["-tls1_2", "-cipher", name(suite)],
    }
}

/// OpenSSL's name of a suite.
fn name(suite: CipherSuite) -> &'static str {
    match suite.to_wire() {
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0xc02b => "ECDHE-ECDSA-AES128-GCM-SHA256",
        0xc02c => "ECDHE-ECDSA-AES256-GCM-SHA384",
        0xcca9 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        0xc02f => "ECDHE-RSA-AES128-GCM-SHA256",
        0xc030 => "ECDHE-RSA-AES256-GCM-SHA384",
        0xcca8 => "ECDHE-RSA-CHACHA20-POLY1305",
        number => panic!("no suite of ours: {number:#06x}"),
    }
}

/// The path as an argument.
pub fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}
