//! 0-RTT of the tokio adapter with OpenSSL's server.

extern crate alloc;

use alloc::sync::Arc;
use std::net::SocketAddr;

use libtest_mimic::Trial;
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use wantwrite::{CipherSuite, EarlyDataStatus};
use wantwrite_testing::process::Process;
use wantwrite_testing::programs::OPENSSL;
use wantwrite_testing::*;
use wantwrite_tokio::{TlsConnector, TlsStream};

use crate::early_data::{early_at, openssl_server, text};
use crate::openssl::high_pattern;

pub(crate) fn trials() -> Vec<Trial> {
    OPENSSL.trials(tests![
        s_server_accepts_early_data_of_a_tokio_stream,
        early_data_of_a_tokio_stream_that_s_server_rejects_is_resent,
        early_data_of_a_tokio_stream_beyond_the_ticket_limit_is_sent_late,
    ])
}

const SUITE: CipherSuite = CipherSuite::TLS_AES_256_GCM_SHA384;

/// The state of a program that connects with early data.
struct Client {
    connector: TlsConnector,
    runtime: Runtime,
}

impl Client {
    fn new(identity: &Identity) -> Self {
        let mut config: ClientConfig = client_config(SUITE, identity);
        config.enable_early_data = true;
        Self {
            connector: TlsConnector::from(Arc::new(config)).early_data(true),
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
        }
    }

    fn connect(&self, address: SocketAddr) -> TlsStream<TcpStream> {
        self.runtime.block_on(async {
            let socket = TcpStream::connect(address).await.unwrap();
            self.connector.connect(server_name(), socket).await.unwrap()
        })
    }

    /// Writes, and waits until `s_server` has received it.
    fn tell(&self, openssl: &Process, stream: &mut TlsStream<TcpStream>, data: &[u8]) {
        self.runtime.block_on(async {
            stream.write_all(data).await.unwrap();
            stream.write_all(b"and not early\n").await.unwrap();
            stream.flush().await.unwrap();
        });
        openssl.stdout.wait_for("and not early", 1);
    }

    /// Makes a first connection to get tickets.
    fn visit(&self, openssl: &mut Process, address: SocketAddr) {
        let mut stream = self.connect(address);
        openssl.line("a visit");
        self.runtime.block_on(async {
            // This line follows the tickets.
            stream.read_exact(&mut [0; 8]).await.unwrap();
            stream.shutdown().await.unwrap();
            assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
        });
    }
}

fn status(stream: &TlsStream<TcpStream>) -> EarlyDataStatus {
    stream.get_ref().1.early_data_status()
}

fn s_server_accepts_early_data_of_a_tokio_stream() {
    let identity = Identity::for_suite(SUITE);
    let (mut openssl, address) = openssl_server(SUITE, &identity, &["-early_data"]);
    let client = Client::new(&identity);
    client.visit(&mut openssl, address);
    let mut stream = client.connect(address);
    assert_eq!(status(&stream), EarlyDataStatus::Offered);
    let data = high_pattern(10_000);
    client.runtime.block_on(stream.write_all(&data)).unwrap();
    client.tell(&openssl, &mut stream, b"");
    assert_eq!(status(&stream), EarlyDataStatus::Accepted);
    assert!(early_at(&openssl) == data);
}

fn early_data_of_a_tokio_stream_that_s_server_rejects_is_resent() {
    for more in [&["-early_data"][..], &[], &["-early_data", "-groups", "P-384"]] {
        let identity = Identity::for_suite(SUITE);
        let client = Client::new(&identity);
        let (mut first, address) = openssl_server(SUITE, &identity, &["-early_data"]);
        client.visit(&mut first, address);
        let (openssl, address) = openssl_server(SUITE, &identity, more);
        let mut stream = client.connect(address);
        let data = text(5000);
        client.tell(&openssl, &mut stream, &data);
        assert_eq!(status(&stream), EarlyDataStatus::Rejected, "{more:?}");
        assert_eq!(openssl.stdout.count(core::str::from_utf8(&data).unwrap()), 1, "{more:?}");
        assert_eq!(openssl.stdout.count("Early data received"), 0);
    }
}

fn early_data_of_a_tokio_stream_beyond_the_ticket_limit_is_sent_late() {
    let identity = Identity::for_suite(SUITE);
    let more = ["-early_data", "-max_early_data", "1000"];
    let (mut openssl, address) = openssl_server(SUITE, &identity, &more);
    let client = Client::new(&identity);
    client.visit(&mut openssl, address);
    let mut stream = client.connect(address);
    let data = text(5000);
    client.tell(&openssl, &mut stream, &data);
    assert_eq!(status(&stream), EarlyDataStatus::Accepted);
    let late = core::str::from_utf8(&data[1000..]).unwrap();
    assert_eq!(openssl.stdout.count(late), 1);
}
