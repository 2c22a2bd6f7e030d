//! A running `https_server`.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wantwrite::CipherSuite;

use super::client::Client;
use crate::{HOST, Identity};
pub use crate::{PATIENCE, TLS12, TLS13};

/// Suites that work with the server's ECDSA certificate, one for each version.
pub const SUITES: [CipherSuite; 2] = [TLS13, TLS12];

/// A running server. It is killed on drop.
pub struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub address: SocketAddr,
    pub identity: Identity,
    files: TempDir,
}

/// The server's counters.
pub struct Stats(HashMap<String, u64>);

impl Server {
    /// Starts a server with a certificate that the clients of [`client`](Self::client) trust.
    pub fn start(more: &[&str]) -> Self {
        let identity = Identity::new(false);
        let files = tempfile::tempdir().unwrap();
        let (chain, key) = (files.path().join("cert.pem"), files.path().join("key.pem"));
        fs::write(&chain, &identity.certificate_pem).unwrap();
        fs::write(&key, &identity.key_pem).unwrap();
        let mut command = Command::new(program("https_server"));
        command.args(["--addr", "127.0.0.1:0", "--cert"]).arg(chain).arg("--key").arg(key);
        Self::spawn(command.args(more), identity, files)
    }

    /// Starts a server with `command`. `identity` is what the clients trust.
    pub fn spawn(command: &mut Command, identity: Identity, files: TempDir) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0, "the server did not start");
            if let Some(address) = line.trim().strip_prefix("listening on ") {
                break address.parse().unwrap();
            }
        };
        Self { child, stdout, address, identity, files }
    }

    /// The path of its certificate.
    pub fn certificate(&self) -> PathBuf {
        self.files.path().join("cert.pem")
    }

    pub fn files(&self) -> &Path {
        self.files.path()
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.address.port())
    }

    pub fn socket(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_write_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        socket
    }

    /// A stock rustls client. It performs the handshake when it sends its first bytes.
    pub fn client(&self, suite: CipherSuite) -> Client {
        Client::new(crate::client_config(suite, &self.identity).into(), self.socket())
    }

    /// Fetches the statistics on a separate connection, which is counted too.
    pub fn stats(&self) -> Stats {
        let mut client = self.client(TLS13);
        client.send("GET /stats HTTP/1.1\r\n\r\n");
        Stats::parse(&client.answer().text())
    }

    /// Waits until a counter has this value.
    pub fn wait_for(&self, name: &str, value: u64) {
        let start = Instant::now();
        loop {
            let stats = self.stats();
            if stats.get(name) == value {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "expected {name} of {value}, got {}",
                stats.get(name)
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Waits for the server to exit cleanly, and returns its counters.
    pub fn wait(mut self) -> Stats {
        let mut printed = String::new();
        self.stdout.read_to_string(&mut printed).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "https_server: {status}");
        Stats::parse(&printed)
    }

    pub fn stop(self) -> Stats {
        self.terminate();
        self.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stats {
    fn parse(text: &str) -> Self {
        let row = |line: &str| {
            let (name, value) = line.split_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Self(text.lines().filter_map(row).collect())
    }

    pub fn get(&self, name: &str) -> u64 {
        *self.0.get(name).unwrap_or_else(|| panic!("{name} is not counted"))
    }
}

/// The path of a program of the package under test, which cargo built next to the test.
pub fn program(name: &str) -> PathBuf {
    // target/PROFILE/deps/TEST
    let this = env::current_exe().unwrap();
    this.ancestors().nth(2).unwrap().join(name)
}
