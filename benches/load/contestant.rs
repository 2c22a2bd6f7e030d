//! The servers, each a separate process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

use crate::Error;
use crate::slow::fetch;

/// The content and the certificate that all servers use.
pub(crate) struct Site {
    files: TempDir,
    pub(crate) certificate: CertificateDer<'static>,
}

impl Site {
    pub(crate) fn new() -> Result<Self, Error> {
        let files = tempfile::tempdir()?;
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([HOST.to_owned()])?;
        fs::write(files.path().join("cert.pem"), cert.pem())?;
        fs::write(files.path().join("key.pem"), signing_key.serialize_pem())?;
        fs::create_dir_all(files.path().join("html/bytes"))?;
        // For nginx: files of the same lengths.
        fs::write(files.path().join("html/index.html"), [b'x'; 53])?;
        fs::write(files.path().join("html/bytes/1048576"), vec![b'x'; 1 << 20])?;
        Ok(Self { files, certificate: cert.der().clone() })
    }

    fn path(&self) -> &Path {
        self.files.path()
    }
}

pub(crate) const HOST: &str = "localhost";

/// A running server. It is killed on drop.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Contestant {
    pub(crate) fn ours(program: &Path, site: &Site) -> Result<Self, Error> {
        Self::ours_with(program, site, "")
    }

    /// Starts our server with settings for glibc's allocator. Other allocators ignore them.
    pub(crate) fn ours_with(program: &Path, site: &Site, malloc: &str) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command.env("GLIBC_TUNABLES", malloc);
        Self::start("wantwrite", command, site)
    }

    pub(crate) fn rustls(program: &Path, site: &Site) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command.args(["--engine", "rustls"]);
        Self::start("rustls", command, site)
    }

    fn start(name: &'static str, mut command: Command, site: &Site) -> Result<Self, Error> {
        let mut child = command
            .args(["--addr", "127.0.0.1:0", "--cert"])
            .arg(site.path().join("cert.pem"))
            .arg("--key")
            .arg(site.path().join("key.pem"))
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or("its output is not piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address =
            line.trim().strip_prefix("listening on ").ok_or("https_server did not start")?;
        Ok(Self { name, address: address.parse()?, child })
    }

    /// Starts nginx as a single process, the equivalent of one worker.
    pub(crate) fn nginx(site: &Site) -> Result<Self, Error> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let dir = site.path().display();
        let config = format!(
            "daemon off; master_process off; pid {dir}/pid; error_log stderr error;
             events {{ worker_connections 4096; }}
             http {{
               access_log off; default_type text/plain; keepalive_requests 1000000000;
               open_file_cache max=100;
               client_body_temp_path {dir}/1; proxy_temp_path {dir}/2; fastcgi_temp_path {dir}/3;
               uwsgi_temp_path {dir}/4; scgi_temp_path {dir}/5;
               server {{
                 listen {address} ssl; root {dir}/html;
                 ssl_certificate {dir}/cert.pem; ssl_certificate_key {dir}/key.pem;
                 ssl_protocols TLSv1.2 TLSv1.3;
               }}
             }}"
        );
        fs::write(site.path().join("nginx.conf"), config)?;
        let child = Command::new("nginx")
            .args(["-e", "stderr", "-p"])
            .arg(site.path())
            .arg("-c")
            .arg(site.path().join("nginx.conf"))
            .spawn()
            .map_err(|error| format!("nginx: {error}"))?;
        let this = Self { name: "nginx", address, child };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if start.elapsed() > Duration::from_secs(5) {
                return Err("nginx did not start".into());
            }
            sleep(Duration::from_millis(10));
        }
        Ok(this)
    }

    /// Returns the processor time so far, in seconds, of the thread that does all the work.
    pub(crate) fn processor_time(&self) -> Result<f64, Error> {
        let times = self.proc("schedstat")?;
        let nanoseconds = times.split_whitespace().next().ok_or("an empty /proc/PID/schedstat")?;
        Ok(Duration::from_nanos(nanoseconds.parse()?).as_secs_f64())
    }

    /// Returns the resident memory in bytes.
    pub(crate) fn memory(&self) -> Result<usize, Error> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.ok_or("/proc/PID/status has no VmRSS")?.parse::<usize>()? * 1024)
    }

    /// Returns the resident memory once the server has cleaned up after its clients.
    pub(crate) fn idle_memory(&self) -> Result<usize, Error> {
        sleep(Duration::from_millis(500));
        self.memory()
    }

    /// Returns one of the server's own counters. Only for our servers.
    pub(crate) fn statistic(&self, site: &Site, name: &str) -> Result<u64, Error> {
        let stats = fetch(self, site, "/stats")?;
        let value = stats.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.ok_or_else(|| format!("/stats has no {name}"))?.parse()?)
    }

    fn proc(&self, file: &str) -> Result<String, Error> {
        Ok(fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?)
    }
}

impl Drop for Contestant {
    fn drop(&mut self) {
        // The process can already have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
