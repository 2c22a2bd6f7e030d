//! 0-RTT with other programs.

extern crate alloc;

use alloc::sync::Arc;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::SystemTime;

use libtest_mimic::Trial;
use rustls::{ClientConfig, ServerConfig};
use wantwrite::*;
use wantwrite_testing::process::{Process, TempDir, arg};
use wantwrite_testing::programs::{GNUTLS, OPENSSL};
use wantwrite_testing::*;

use crate::blocking::{accept, blocking, expect_line, send_line};
use crate::interop::{gnutls, ours};
use crate::openssl::{high_bytes, high_pattern};

pub(crate) fn trials() -> Vec<Trial> {
    let openssl = OPENSSL.trials(tests![
        s_server_accepts_our_early_data,
        s_server_accepts_as_much_early_data_as_its_ticket_allows,
        early_data_that_s_server_rejects_is_returned,
        our_server_accepts_early_data_of_s_client,
        our_server_answers_early_data_of_s_client_after_its_finished,
        an_acceptor_loses_no_early_data_of_s_client,
        early_data_of_s_client_is_rejected_and_the_connection_continues,
    ]);
    let gnutls = GNUTLS.trials(tests![
        gnutls_serv_accepts_our_early_data,
        our_server_accepts_early_data_of_gnutls_cli,
        our_server_rejects_early_data_of_gnutls_cli_and_the_connection_continues,
    ]);
    openssl.into_iter().chain(gnutls).collect()
}

const TLS13: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];

/// Text with line ends, for programs that accept only lines.
pub(crate) fn text(len: usize) -> Vec<u8> {
    let is_end = |i| i % 64 == 63 || i == len - 1;
    (0..len).map(|i| if is_end(i) { b'\n' } else { b"0123456789"[i % 10] }).collect()
}

fn early() -> ConnectionConfig {
    let mut config = ConnectionConfig::default();
    config.early_data = true;
    config
}

/// Our client's sessions, which its connections share.
struct OurClient(Arc<ClientConfig>);

impl OurClient {
    fn new(suite: CipherSuite, identity: &Identity) -> Self {
        let mut config = client_config(suite, identity);
        config.enable_early_data = true;
        Self(config.into())
    }

    fn connection(&self) -> Connection {
        Connection::client_with(self.0.clone(), server_name(), early()).unwrap()
    }

    /// Makes a first connection to get tickets.
    fn visit_openssl(&self, openssl: &mut Process, address: SocketAddr) {
        let ours = self.connection();
        assert_eq!(ours.early_data_status(), EarlyDataStatus::NotOffered);
        let mut stream = blocking(ours, ours::connect(address));
        send_line(&mut stream, "a visit");
        openssl.stdout.wait_for("a visit", 1);
        // This line follows the tickets.
        openssl.line("0 from openssl");
        expect_line(&mut stream, "0 from openssl");
        stream.close().unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
}

pub(crate) fn openssl_server(
    suite: CipherSuite,
    identity: &Identity,
    more: &[&str],
) -> (Process, SocketAddr) {
    let dir = TempDir::new();
    let started = Process::server(suite, identity, &dir, 2, more);
    // The program reads its files before it prints its address.
    drop(dir);
    started
}

/// Everything that it received. It prints where early data ends. Data is printed immediately,
/// captions later.
pub(crate) fn early_at(openssl: &Process) -> Vec<u8> {
    openssl.stdout.wait("the end of early data", |printed| {
        let end = b"\nEnd of early data\n";
        let at = printed.windows(end.len()).position(|part| part == end)?;
        Some(high_bytes(&printed[..at]))
    })
}

fn s_server_accepts_our_early_data() {
    for suite in TLS13 {
        let identity = Identity::for_suite(suite);
        let (mut openssl, address) = openssl_server(suite, &identity, &["-early_data"]);
        let client = OurClient::new(suite, &identity);
        client.visit_openssl(&mut openssl, address);
        let mut ours = client.connection();
        assert_eq!(ours.early_data_status(), EarlyDataStatus::Offered);
        let data = high_pattern(16_384);
        assert_eq!(ours.early_writer().unwrap().write(&data[..1000]), 1000);
        let mut socket = ours::connect(address);
        socket.write_all(&drain(&mut ours)).unwrap();
        // The first flight does not hold it all.
        assert_eq!(ours.early_writer().unwrap().write(&data[1000..]), data.len() - 1000);
        let mut stream = blocking(ours, socket);
        send_line(&mut stream, "and not early");
        openssl.stdout.wait_for("and not early", 1);
        assert!(early_at(&openssl) == data, "{suite:?}");
        let ours = stream.connection_mut();
        assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted, "{suite:?}");
        assert_eq!(ours.take_rejected_early_data(), b"");
        openssl.line("0 from openssl");
        expect_line(&mut stream, "0 from openssl");
        stream.close().unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        openssl.wait_for_exit();
    }
}

fn s_server_accepts_as_much_early_data_as_its_ticket_allows() {
    let suite = TLS13[0];
    let identity = Identity::for_suite(suite);
    let more = ["-early_data", "-max_early_data", "1000"];
    let (mut openssl, address) = openssl_server(suite, &identity, &more);
    let client = OurClient::new(suite, &identity);
    client.visit_openssl(&mut openssl, address);
    let mut ours = client.connection();
    let data = high_pattern(2000);
    assert_eq!(ours.early_writer().unwrap().write(&data), 2000);
    let mut stream = blocking(ours, ours::connect(address));
    send_line(&mut stream, "and not early");
    openssl.stdout.wait_for("and not early", 1);
    assert!(early_at(&openssl) == data[..1000]);
    let ours = stream.connection_mut();
    assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted);
    assert_eq!(ours.take_rejected_early_data(), &data[1000..]);
}

/// The server does not know the ticket, does not want early data, or first asks for another key
/// share.
fn early_data_that_s_server_rejects_is_returned() {
    for suite in TLS13 {
        for more in [&["-early_data"][..], &[], &["-early_data", "-groups", "P-384"]] {
            let identity = Identity::for_suite(suite);
            let client = OurClient::new(suite, &identity);
            let (mut first, address) = openssl_server(suite, &identity, &["-early_data"]);
            client.visit_openssl(&mut first, address);
            let (mut openssl, address) = openssl_server(suite, &identity, more);
            let mut ours = client.connection();
            let data = text(5000);
            assert_eq!(ours.early_writer().unwrap().write(&data), 5000);
            let mut stream = blocking(ours, ours::connect(address));
            send_line(&mut stream, "and not early");
            openssl.stdout.wait_for("and not early", 1);
            let ours = stream.connection_mut();
            assert_eq!(ours.early_data_status(), EarlyDataStatus::Rejected, "{suite:?} {more:?}");
            assert_eq!(ours.take_rejected_early_data(), data, "{suite:?} {more:?}");
            assert_eq!(openssl.stdout.count("Early data received"), 0);
            let asked_again =
                ours.handshake_kind() == Some(HandshakeKind::FullWithHelloRetryRequest);
            assert_eq!(asked_again, more.contains(&"P-384"));
            // The data is sent again only if the caller does so.
            assert_eq!(openssl.stdout.count(core::str::from_utf8(&data).unwrap()), 0);
            stream.write_all(&data).unwrap();
            stream.flush().unwrap();
            openssl.stdout.wait_for(core::str::from_utf8(&data).unwrap(), 1);
            openssl.line("0 from openssl");
            expect_line(&mut stream, "0 from openssl");
        }
    }
}

/// Our server, and the session from a first connection of `s_client`.
struct OurServer {
    suite: CipherSuite,
    identity: Identity,
    dir: TempDir,
    config: ServerConfig,
}

impl OurServer {
    fn new(suite: CipherSuite) -> Self {
        let identity = Identity::for_suite(suite);
        let mut config = server_config(suite, &identity);
        config.max_early_data_size = 16_384;
        Self { suite, identity, dir: TempDir::new(), config }
    }

    fn connection(&self, settings: ConnectionConfig) -> Connection {
        Connection::server_with(self.config.clone().into(), settings).unwrap()
    }

    fn meet(&self, settings: ConnectionConfig, more: &[&str]) -> (Stream<TcpStream>, Process) {
        let listener = ours::listener();
        let openssl = Process::client(self.suite, &self.identity, &self.dir, &listener, more);
        (blocking(self.connection(settings), accept(&listener)), openssl)
    }

    /// Stores the session of a first connection in a file, and returns its path.
    fn session(&self) -> String {
        let session = self.dir.path("session.pem");
        let (mut stream, mut openssl) = self.meet(early(), &["-sess_out", arg(&session)]);
        send_line(&mut stream, "tickets come first");
        openssl.stdout.wait_for("tickets come first", 1);
        assert_eq!(stream.connection().early_data_status(), EarlyDataStatus::NotOffered);
        openssl.line("Q");
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        // The program waits for the socket to close.
        drop(stream);
        openssl.wait_for_exit();
        arg(&session).to_owned()
    }

    /// Writes early data to a file, and returns its path.
    fn early_file(&self, data: &[u8]) -> String {
        let file = self.dir.path("early");
        fs::write(&file, data).unwrap();
        arg(&file).to_owned()
    }
}

fn our_server_accepts_early_data_of_s_client() {
    for suite in TLS13 {
        for len in [1, 1000, 16_384] {
            let server = OurServer::new(suite);
            let (session, data) = (server.session(), text(len));
            let file = server.early_file(&data);
            let (mut stream, mut openssl) =
                server.meet(early(), &["-sess_in", &session, "-early_data", &file]);
            stream.complete_handshake().unwrap();
            let ours = stream.connection_mut();
            assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted, "{suite:?} {len}");
            assert!(ours.early_plaintext() == data, "{suite:?} {len}");
            assert!(ours.plaintext().is_empty());
            ours.consume_early(len).unwrap();
            openssl.stdout.wait_for("Early data was accepted", 1);
            openssl.line("0 from openssl");
            expect_line(&mut stream, "0 from openssl");
            send_line(&mut stream, "from us");
            openssl.stdout.wait_for("from us", 1);
            openssl.line("Q");
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            drop(stream);
            openssl.wait_for_exit();
        }
    }
}

/// The answer is sent before the client's Finished arrives. Its records count in the sequence
/// numbers.
fn our_server_answers_early_data_of_s_client_after_its_finished() {
    for suite in TLS13 {
        let mut server = OurServer::new(suite);
        server.config.send_half_rtt_data = true;
        let session = server.session();
        let file = server.early_file(b"a question\n");
        let listener = ours::listener();
        let more = ["-sess_in", &session, "-early_data", &file];
        let mut openssl = Process::client(suite, &server.identity, &server.dir, &listener, &more);
        let (mut ours, mut socket) = (server.connection(early()), accept(&listener));
        let mut buf = [0; 4096];
        while ours.early_plaintext().is_empty() || ours.early_writer().is_none() {
            assert_eq!(ours.writer_state(), WriterState::Negotiating);
            let n = socket.read(&mut buf).unwrap();
            assert!(n > 0, "the end");
            feed(&mut ours, &buf[..n]);
        }
        assert_eq!(ours.early_plaintext(), b"a question\n");
        for line in [&b"the answer, "[..], b"in ", b"records\n"] {
            let mut early = ours.early_writer().unwrap();
            assert_eq!(early.write(line), line.len());
            early.flush();
        }
        assert_eq!(ours.writer_state(), WriterState::Negotiating);
        socket.write_all(&drain(&mut ours)).unwrap();
        openssl.stdout.wait_for("the answer, in records", 1);
        let mut stream = blocking(ours, socket);
        send_line(&mut stream, "from us");
        openssl.stdout.wait_for("from us", 1);
        openssl.line("0 from openssl");
        expect_line(&mut stream, "0 from openssl");
    }
}

/// Early data arrives before there is a configuration.
fn an_acceptor_loses_no_early_data_of_s_client() {
    for suite in TLS13 {
        let server = OurServer::new(suite);
        let (session, data) = (server.session(), text(10_000));
        let file = server.early_file(&data);
        let listener = ours::listener();
        let more = ["-sess_in", &session, "-early_data", &file];
        let mut openssl = Process::client(suite, &server.identity, &server.dir, &listener, &more);
        let mut socket = accept(&listener);
        let mut acceptor = Acceptor::new(early()).unwrap();
        let mut buf = [0; 1000];
        while acceptor.client_hello().is_none() {
            let n = socket.read(&mut buf).unwrap();
            assert!(n > 0, "the end");
            assert_eq!(acceptor.connection().receive(&buf[..n]), n);
            acceptor.connection().process().unwrap();
        }
        assert_eq!(acceptor.client_hello().unwrap().server_name(), Some(HOST));
        let ours = acceptor.accept(server.config.clone().into()).unwrap();
        let mut stream = blocking(ours, socket);
        stream.complete_handshake().unwrap();
        assert!(stream.connection().early_plaintext() == data, "{suite:?}");
        openssl.stdout.wait_for("Early data was accepted", 1);
        openssl.line("0 from openssl");
        expect_line(&mut stream, "0 from openssl");
        send_line(&mut stream, "from us");
        openssl.stdout.wait_for("from us", 1);
    }
}

/// One server accepts no early data, and one has already seen the session.
fn early_data_of_s_client_is_rejected_and_the_connection_continues() {
    for suite in TLS13 {
        for is_replay in [false, true] {
            let server = OurServer::new(suite);
            let session = server.session();
            let file = server.early_file(&text(4000));
            let more = ["-sess_in", &session, "-early_data", &file];
            if is_replay {
                let (mut stream, openssl) = server.meet(early(), &more);
                stream.complete_handshake().unwrap();
                assert_eq!(stream.connection().early_plaintext().len(), 4000);
                openssl.stdout.wait_for("Early data was accepted", 1);
            }
            let settings = if is_replay { early() } else { ConnectionConfig::default() };
            let (mut stream, mut openssl) = server.meet(settings, &more);
            stream.complete_handshake().unwrap();
            openssl.stdout.wait_for("Early data was rejected", 1);
            let ours = stream.connection();
            assert_eq!(ours.early_data_status(), EarlyDataStatus::NotOffered);
            assert_eq!(ours.early_plaintext(), b"");
            openssl.line("0 from openssl");
            expect_line(&mut stream, "0 from openssl");
            send_line(&mut stream, "from us");
            openssl.stdout.wait_for("from us", 1);
        }
    }
}

fn gnutls_serv_accepts_our_early_data() {
    for suite in TLS13 {
        let (identity, dir) = (Identity::for_suite(suite), TempDir::new());
        let more = ["--echo", "--earlydata", "--maxearlydata", "1000"];
        let (_gnutls, address) = gnutls::start_server(suite, &identity, &dir, "", &more);
        let client = OurClient::new(suite, &identity);
        let visit = || {
            let mut ours = client.connection();
            if let Some(mut early) = ours.early_writer() {
                assert_eq!(early.write(b"an early line\n"), 14);
            }
            let mut stream = blocking(ours, ours::connect(address));
            send_line(&mut stream, "not early");
            expect_line(&mut stream, "not early");
            let status = stream.connection().early_data_status();
            let returned = stream.connection_mut().take_rejected_early_data();
            assert_eq!(returned.is_empty(), status != EarlyDataStatus::Rejected);
            stream.close().unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            status
        };
        let second = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let mut last = second();
        assert_eq!(visit(), EarlyDataStatus::NotOffered, "{suite:?}");
        while visit() != EarlyDataStatus::Accepted {
            // rustls counts whole seconds. If another one has begun since the last visit, the ticket
            // claims to be older than it is, and GnuTLS rejects the early data.
            let now = second();
            assert_ne!(now, last, "{suite:?}");
            last = now;
        }
    }
}

fn our_server_accepts_early_data_of_gnutls_cli() {
    for suite in TLS13 {
        with_gnutls_cli(suite, early(), |stream, sent| {
            let ours = stream.connection();
            assert_eq!(ours.early_data_status(), EarlyDataStatus::Accepted, "{suite:?}");
            assert!(ours.early_plaintext() == sent, "{suite:?}");
        });
    }
}

fn our_server_rejects_early_data_of_gnutls_cli_and_the_connection_continues() {
    for suite in TLS13 {
        with_gnutls_cli(suite, ConnectionConfig::default(), |stream, _| {
            let ours = stream.connection();
            assert_eq!(ours.early_data_status(), EarlyDataStatus::NotOffered, "{suite:?}");
            assert_eq!(ours.early_plaintext(), b"");
        });
    }
}

/// Runs `gnutls-cli` once for tickets and once with early data. `look` gets the second connection.
fn with_gnutls_cli(
    suite: CipherSuite,
    settings: ConnectionConfig,
    look: impl Fn(&Stream<TcpStream>, &[u8]),
) {
    let server = OurServer::new(suite);
    let data = text(4000);
    let file = server.early_file(&data);
    let listener = ours::listener();
    let more = ["--resume", "--waitresumption", "--earlydata", &file];
    let mut gnutls =
        gnutls::start_client(suite, &server.identity, &server.dir, &listener, "", &more);
    let mut stream = blocking(server.connection(early()), accept(&listener));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    stream.close().unwrap();
    let mut stream = blocking(server.connection(settings), accept(&listener));
    stream.complete_handshake().unwrap();
    look(&stream, &data);
    send_line(&mut stream, "from us");
    gnutls.stdout.wait_for("from us", 1);
    gnutls.line("not early");
    expect_line(&mut stream, "not early");
    gnutls.stdin = None;
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    stream.close().unwrap();
}
