//! curl downloads from a server that is replaced meanwhile. Ignored if curl is not installed.
#![expect(clippy::unwrap_used, reason = "tests")]

extern crate alloc;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::Arguments;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use wantwrite_testing::process::{Process, TempDir, arg};
use wantwrite_testing::programs::CURL;
use wantwrite_testing::tests;

fn main() -> ExitCode {
    let trials = CURL.trials(tests![
        downloads_continue_in_three_successors,
        the_successor_answers_a_partly_received_request,
    ]);
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The first process and its address. The last of its successors is told to quit.
struct Served {
    directory: TempDir,
    _first: Process,
    address: String,
}

impl Served {
    fn start() -> Self {
        let directory = TempDir::new();
        let certificate = directory.path("server.pem");
        let mut command = Command::new(env!("CARGO_BIN_EXE_upgrade"));
        command.args(["--addr", "127.0.0.1:0", "--cert", arg(&certificate)]);
        command.stdout(Stdio::piped());
        let first = Process::start(command);
        let address = first.outputs().0.wait("the address", |printed| {
            let line = core::str::from_utf8(printed).ok()?;
            Some(line.strip_prefix("listening on ")?.split_once('\n')?.0.to_owned())
        });
        Self { directory, _first: first, address }
    }

    fn curl(&self, path: &str, more: &[&str]) -> Command {
        let port = self.address.rsplit(':').next().unwrap();
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--noproxy", "*", "--cacert"]);
        curl.arg(self.directory.path("server.pem")).args(["--max-time", "60"]).args(more);
        curl.args(["--connect-to", &format!("localhost:443:127.0.0.1:{port}")]);
        curl.arg(format!("https://localhost{path}"));
        curl
    }

    fn get(&self, path: &str) -> String {
        let output = self.curl(path, &[]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _told = self.curl("/quit", &[]).output();
    }
}

fn is_the_pattern(file: &Path, len: usize) -> bool {
    let bytes = std::fs::read(file).unwrap();
    let expected = (0_u8..251).cycle();
    bytes.len() == len
        && bytes.iter().copied().zip(expected).all(|(byte, expected)| byte == expected)
}

fn downloads_continue_in_three_successors() {
    const LEN: usize = 60_000_000;
    let served = Served::start();
    let path = format!("/bytes/{LEN}");
    let versions = [&["--tlsv1.3"][..], &["--tlsv1.2", "--tls-max", "1.2"]];
    let mut downloads: Vec<_> = versions
        .into_iter()
        .enumerate()
        .map(|(n, version)| {
            let file = served.directory.path(&format!("download{n}"));
            // Slow enough to still be running at each replacement.
            let more = [version, &["--limit-rate", "12M", "--output", arg(&file)]].concat();
            (served.curl(&path, &more).spawn().unwrap(), file)
        })
        .collect();
    let mut processes = vec![served.get("/pid")];
    for _ in 0..3 {
        assert_eq!(served.get("/upgrade"), "upgrading\n");
        // The old process can still give the first answer.
        let before = processes.last().unwrap().clone();
        let mut now = served.get("/pid");
        while now == before {
            now = served.get("/pid");
        }
        processes.push(now);
    }
    for (download, _) in &mut downloads {
        assert!(
            download.try_wait().unwrap().is_none(),
            "the transfer ended too early to show anything"
        );
    }
    for (mut download, file) in downloads {
        assert!(download.wait().unwrap().success());
        assert!(is_the_pattern(&file, LEN), "bytes were lost");
    }
    processes.sort();
    processes.dedup();
    assert_eq!(processes.len(), 4, "four processes have answered");
}

/// The first bytes of the request reach the process that is leaving, the rest its successor.
fn the_successor_answers_a_partly_received_request() {
    let served = Served::start();
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(served.directory.path("server.pem")).unwrap();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = alloc::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let connection = rustls::ClientConnection::new(config.into(), name).unwrap();
    let socket = TcpStream::connect(&served.address).unwrap();
    let mut tls = rustls::StreamOwned::new(connection, socket);
    tls.write_all(b"GET /bytes/10").unwrap();
    tls.flush().unwrap();
    let before = served.get("/pid");
    served.get("/upgrade");
    while served.get("/pid") == before {}
    tls.write_all(b"0 HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    tls.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(&(0_u8..100).collect::<Vec<_>>()));
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
}
