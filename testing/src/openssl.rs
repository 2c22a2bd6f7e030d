//! The installed `openssl` program as a peer.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;

use wantwrite::{CipherSuite, Version};

use super::process::{Process, TempDir};
use super::{HOST, Identity};

impl Process {
    /// Starts `s_server` on a free loopback port, for `connections` clients one after another.
    pub fn server(
        suite: CipherSuite,
        identity: &Identity,
        dir: &TempDir,
        connections: usize,
        more: &[&str],
    ) -> (Self, SocketAddr) {
        Self::server_in(suite, identity, dir, connections, more, &[])
    }

    /// Like `server`, with environment variables.
    pub fn server_in(
        suite: CipherSuite,
        identity: &Identity,
        dir: &TempDir,
        connections: usize,
        more: &[&str],
        environment: &[(&str, &str)],
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
            .args(more)
            .envs(environment.iter().copied());
        let this = Self::start(command);
        let port = this.stdout.wait("the port that it listens on", |bytes| {
            let text = String::from_utf8_lossy(bytes);
            let (port, _) = text.split_once("ACCEPT 127.0.0.1:")?.1.split_once('\n')?;
            port.parse().ok()
        });
        (this, SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
    }

    /// Starts `s_client`, which verifies the certificate and its name.
    pub fn client(
        suite: CipherSuite,
        identity: &Identity,
        dir: &TempDir,
        listener: &TcpListener,
        more: &[&str],
    ) -> Self {
        Self::client_in(suite, identity, dir, listener, more, &[])
    }

    /// Like `client`, with environment variables.
    pub fn client_in(
        suite: CipherSuite,
        identity: &Identity,
        dir: &TempDir,
        listener: &TcpListener,
        more: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = Command::new("openssl");
        command
            .args(["s_client", "-connect"])
            .arg(listener.local_addr().unwrap().to_string())
            .args(["-servername", HOST, "-verify_hostname", HOST])
            .args(["-verify_return_error", "-CAfile"])
            .arg(dir.file("cert.pem", &identity.certificate_pem))
            .args(suite_args(suite))
            .args(more)
            .envs(environment.iter().copied());
        Self::start(command)
    }
}

fn suite_args(suite: CipherSuite) -> [&'static str; 3] {
    match suite.version() {
        Version::Tls13 => ["-tls1_3", "-ciphersuites", name(suite)],
        Version::Tls12 => ["-tls1_2", "-cipher", name(suite)],
    }
}

/// OpenSSL's name for a suite.
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
        number => panic!("expected one of our suites, got {number:#06x}"),
    }
}
