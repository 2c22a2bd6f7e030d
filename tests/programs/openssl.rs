//! Our connections with the installed `openssl` program, over loopback sockets.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::{fmt, fs};

use libtest_mimic::Trial;
use mio::{Events, Interest, Poll, Token};
use rustls::{ClientConfig, KeyLog, ServerConfig};
use wantwrite::*;
use wantwrite_testing::process::{Output, PATIENCE, Process, TempDir, arg};
use wantwrite_testing::programs::OPENSSL;
use wantwrite_testing::tests;
use wantwrite_testing::*;

use crate::blocking::{Tap, accept, blocking, expect_line, records, send_line};

pub(crate) fn trials() -> Vec<Trial> {
    OPENSSL.trials(tests![
        every_suite_carries_8_mib_each_way_with_s_server,
        every_suite_carries_8_mib_each_way_with_s_client,
        key_updates_of_both_sides_within_8_mib_each_way_lose_nothing,
        key_updates_of_openssl_are_followed_and_answered_on_request,
        openssl_follows_and_answers_our_key_updates,
        our_close_ends_openssl_cleanly,
        a_close_by_s_client_is_a_clean_end,
        a_peer_that_leaves_without_close_notify_is_a_truncation,
        a_transport_cut_between_us_and_openssl_is_a_truncation,
        our_client_resumes_with_s_server,
        s_client_resumes_with_our_server,
        the_key_log_has_the_same_secrets_as_openssls,
        logged_secrets_open_and_reproduce_the_records_on_the_wire,
        a_relay_that_ends_without_close_notify_truncates_both_directions,
    ])
}

const TLS13_SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];
const LEN: usize = 8 << 20;
const KEY_UPDATE_SENT: &str = ">>> TLS 1.3, Handshake [length 0005], KeyUpdate";
const KEY_UPDATE_RECEIVED: &str = "<<< TLS 1.3, Handshake [length 0005], KeyUpdate";

/// Waits until the `n`th `k` or `K` command is done, if `openssl` has not updated its keys
/// otherwise.
fn wait_for_command(openssl: &(Output, Output), role: Role, n: usize) {
    let (stdout, stderr) = openssl;
    match role {
        Role::Client => stdout.wait_for(KEY_UPDATE_SENT, n),
        // `s_client` sends the KeyUpdate before its next data.
        Role::Server => stderr.wait_for("KEYUPDATE", n),
    }
}

/// Our connection as `role`, and the socket to `openssl` in the other role, before any bytes are
/// sent.
struct Meeting {
    ours: Connection,
    socket: TcpStream,
    openssl: Process,
    _dir: TempDir,
}

fn meet(suite: CipherSuite, role: Role, more: &[&str]) -> Meeting {
    meet_with(suite, role, more, |_| {}, |_| {})
}

fn meet_with(
    suite: CipherSuite,
    role: Role,
    more: &[&str],
    for_client: impl FnOnce(&mut ClientConfig),
    for_server: impl FnOnce(&mut ServerConfig),
) -> Meeting {
    let identity = Identity::for_suite(suite);
    let dir = TempDir::new();
    let (ours, socket, openssl) = match role {
        Role::Client => {
            let (openssl, address) = Process::server(suite, &identity, &dir, 1, more);
            let mut config = client_config(suite, &identity);
            for_client(&mut config);
            let ours = Connection::client(config.into(), server_name()).unwrap();
            (ours, TcpStream::connect(address).unwrap(), openssl)
        }
        Role::Server => {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let openssl = Process::client(suite, &identity, &dir, &listener, more);
            let mut config = server_config(suite, &identity);
            for_server(&mut config);
            let ours = Connection::server(config.into()).unwrap();
            (ours, accept(&listener), openssl)
        }
    };
    Meeting { ours, socket, openssl, _dir: dir }
}

/// A non-blocking transport that moves 1 to 3,000 bytes per call, and sometimes none.
struct Dribble<T> {
    io: T,
    rng: Rng,
    /// A call was refused without asking the socket, so no event will follow.
    refused: bool,
}

impl<T> Dribble<T> {
    fn len(&mut self, max: usize) -> io::Result<usize> {
        if self.rng.up_to(16) == 1 {
            self.refused = true;
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(max.min(self.rng.up_to(3000)))
    }
}

impl<T: Read> Read for Dribble<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.len(buf.len())?;
        self.io.read(&mut buf[..len])
    }
}

impl<T: Write> Write for Dribble<T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = self.len(buf.len())?;
        self.io.write(&buf[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.io.flush()
    }
}

/// A non-blocking stream, and the poll that reports when it can continue.
struct Driven {
    stream: Stream<Dribble<mio::net::TcpStream>>,
    poll: Poll,
    events: Events,
}

impl Driven {
    fn new(ours: Connection, socket: TcpStream, seed: u64) -> Self {
        socket.set_nonblocking(true).unwrap();
        let mut io = mio::net::TcpStream::from_std(socket);
        let poll = Poll::new().unwrap();
        let both = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut io, Token(0), both).unwrap();
        let io = Dribble { io, rng: Rng(seed), refused: false };
        Self { stream: Stream::new(ours, io), poll, events: Events::with_capacity(4) }
    }

    /// Waits for the socket, unless a call was refused without asking it.
    fn wait(&mut self) {
        if std::mem::take(&mut self.stream.get_mut().refused) {
            return;
        }
        self.poll.poll(&mut self.events, Some(PATIENCE)).unwrap();
        assert!(!self.events.is_empty(), "the socket was not ready for 30 s");
    }

    /// Sends `data` and receives `len` bytes at the same time. Reports the progress of each to
    /// `on_progress`.
    fn duplex(
        &mut self,
        data: &[u8],
        len: usize,
        mut on_progress: impl FnMut(&mut Connection, usize, usize),
    ) -> Vec<u8> {
        let mut accepted = 0;
        let mut is_flushed = false;
        let mut received = Vec::new();
        let mut buf = vec![0; 32 * 1024];
        loop {
            while accepted < data.len() {
                match unless_blocked(self.stream.write(&data[accepted..])) {
                    Some(n) => accepted += n,
                    None => break,
                }
                on_progress(self.stream.connection_mut(), accepted, received.len());
            }
            if accepted == data.len() && !is_flushed {
                is_flushed = unless_blocked(self.stream.flush()).is_some();
            }
            while received.len() < len {
                match unless_blocked(self.stream.read(&mut buf)) {
                    Some(0) => panic!("close_notify after {} bytes", received.len()),
                    Some(n) => received.extend_from_slice(&buf[..n]),
                    None => break,
                }
                on_progress(self.stream.connection_mut(), accepted, received.len());
            }
            if is_flushed && received.len() >= len {
                return received;
            }
            self.wait();
        }
    }

    /// Retries `call` until it is done.
    fn finish<T>(
        &mut self,
        mut call: impl FnMut(&mut Stream<Dribble<mio::net::TcpStream>>) -> io::Result<T>,
    ) -> T {
        loop {
            match unless_blocked(call(&mut self.stream)) {
                Some(done) => return done,
                None => self.wait(),
            }
        }
    }
}

fn unless_blocked<T>(result: io::Result<T>) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        Err(error) if error.kind() == ErrorKind::WouldBlock => None,
        Err(error) => panic!("{error}"),
    }
}

/// Bytes that are neither commands nor anything else that `openssl` prints.
pub(crate) fn high_pattern(len: usize) -> Vec<u8> {
    let mut data = pattern(len);
    data.iter_mut().for_each(|byte| *byte |= 0x80);
    data
}

/// Only these bytes of `printed`.
pub(crate) fn high_bytes(printed: &[u8]) -> Vec<u8> {
    let is_high = |byte: &u8| *byte >= 0x80;
    printed.iter().copied().filter(is_high).collect()
}

fn carry_8_mib_each_way(role: Role) {
    at_once(SUITES, |suite| {
        let Meeting { ours, socket, mut openssl, _dir } = meet(suite, role, &[]);
        let data = high_pattern(LEN);
        let mut stdin = openssl.stdin.take().unwrap();
        let typed = data.clone();
        let typist = thread::spawn(move || {
            stdin.write_all(&typed).unwrap();
            stdin
        });
        let mut driven = Driven::new(ours, socket, u64::from(suite.to_wire()));
        let received = driven.duplex(&data, LEN, |_, _, _| {});
        assert!(received == data, "{suite:?}: what openssl sent");
        assert_eq!(driven.stream.connection().cipher_suite(), Some(suite));
        driven.finish(Stream::close);
        let n = driven.finish(|stream| stream.read(&mut [0]));
        assert_eq!(n, 0);
        let _stdin = typist.join().unwrap();
        let printed = openssl.wait_for_exit();
        assert!(high_bytes(&printed) == data, "{suite:?}: what we sent");
    });
}

fn every_suite_carries_8_mib_each_way_with_s_server() {
    carry_8_mib_each_way(Role::Client);
}

fn every_suite_carries_8_mib_each_way_with_s_client() {
    carry_8_mib_each_way(Role::Server);
}

fn key_updates_of_both_sides_within_8_mib_each_way_lose_nothing() {
    for (suite, role) in [
        (TLS13_SUITES[0], Role::Client),
        (TLS13_SUITES[1], Role::Server),
        (TLS13_SUITES[2], Role::Client),
    ] {
        let Meeting { ours, socket, mut openssl, _dir } = meet(suite, role, &["-msg"]);
        let data = high_pattern(LEN);
        let half = LEN / 2;
        let mut stdin = openssl.stdin.take().unwrap();
        let outputs = openssl.outputs();
        let (half_received, has_half) = mpsc::channel();
        let typed = data.clone();
        let typist = thread::spawn(move || {
            stdin.write_all(&typed[..half]).unwrap();
            // By then it has read everything, so the command is at the start of a line.
            has_half.recv_timeout(PATIENCE).expect("the first half did not arrive");
            stdin.write_all(b"K\n").unwrap();
            wait_for_command(&outputs, role, 1);
            stdin.write_all(&typed[half..]).unwrap();
            stdin
        });
        let mut half_received = Some(half_received);
        let mut updates = 0;
        let mut driven = Driven::new(ours, socket, 1);
        let received = driven.duplex(&data, LEN, |ours, accepted, received| {
            if accepted >= LEN / 4 && updates == 0 {
                ours.writer_mut().update_keys(KeyUpdateRequest::NotRequested).unwrap();
                updates = 1;
            }
            if received >= half {
                if let Some(half_received) = half_received.take() {
                    half_received.send(()).unwrap();
                }
            }
            if received >= LEN / 4 * 3 && updates == 1 {
                ours.writer_mut().update_keys(KeyUpdateRequest::Requested).unwrap();
                updates = 2;
            }
        });
        assert!(received == data, "{suite:?}: what openssl sent");
        driven.finish(Stream::close);
        assert_eq!(driven.finish(|stream| stream.read(&mut [0])), 0);
        let _stdin = typist.join().unwrap();
        let (stdout, _) = openssl.outputs();
        let printed = openssl.wait_for_exit();
        assert!(high_bytes(&printed) == data, "{suite:?}: what we sent");
        // Ours and the answer, which can have merged with our second one.
        let sent = driven.stream.connection().writer().progress().key_updates;
        assert!((2..=3).contains(&sent), "{sent} KeyUpdates");
        assert_eq!(stdout.count(KEY_UPDATE_RECEIVED) as u64, sent);
        // `openssl` answers before its next data, and may not have any.
        assert!((1..=2).contains(&stdout.count(KEY_UPDATE_SENT)));
    }
}

fn key_updates_of_openssl_are_followed_and_answered_on_request() {
    at_once(TLS13_SUITES, |suite| {
        for role in ROLES {
            let Meeting { ours, socket, mut openssl, _dir } = meet(suite, role, &["-msg"]);
            let mut stream = blocking(ours, socket);
            send_line(&mut stream, "0 from us");
            openssl.stdout.wait_for("0 from us", 1);
            openssl.line("0 from openssl");
            expect_line(&mut stream, "0 from openssl");
            let mut answers = 0;
            for (n, command) in ["K", "k", "k", "K", "K"].into_iter().enumerate() {
                let n = n + 1;
                openssl.line(command);
                wait_for_command(&openssl.outputs(), role, n);
                openssl.line(&format!("{n} from openssl"));
                expect_line(&mut stream, &format!("{n} from openssl"));
                answers += u64::from(command == "K");
                send_line(&mut stream, &format!("{n} from us"));
                openssl.stdout.wait_for(&format!("{n} from us"), 1);
                let progress = stream.connection().writer().progress();
                assert_eq!(progress.key_updates, answers, "{suite:?} {role:?}");
            }
            stream.close().unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            let (stdout, _) = openssl.outputs();
            openssl.wait_for_exit();
            assert_eq!(stdout.count(KEY_UPDATE_SENT), 5, "{suite:?} {role:?}");
            assert_eq!(stdout.count(KEY_UPDATE_RECEIVED), 3, "{suite:?} {role:?}");
        }
    });
}

fn openssl_follows_and_answers_our_key_updates() {
    at_once(TLS13_SUITES, |suite| {
        for role in ROLES {
            let Meeting { ours, socket, mut openssl, _dir } = meet(suite, role, &["-msg"]);
            let mut stream = blocking(ours, socket);
            send_line(&mut stream, "0 from us");
            openssl.stdout.wait_for("0 from us", 1);
            let mut answers = 0;
            let requests = [
                KeyUpdateRequest::Requested,
                KeyUpdateRequest::NotRequested,
                KeyUpdateRequest::Requested,
            ];
            for (n, request) in requests.into_iter().enumerate() {
                let n = n + 1;
                stream.connection_mut().writer_mut().update_keys(request).unwrap();
                send_line(&mut stream, &format!("{n} from us"));
                openssl.stdout.wait_for(&format!("{n} from us"), 1);
                openssl.stdout.wait_for(KEY_UPDATE_RECEIVED, n);
                openssl.line(&format!("{n} from openssl"));
                expect_line(&mut stream, &format!("{n} from openssl"));
                answers += usize::from(request == KeyUpdateRequest::Requested);
                openssl.stdout.wait_for(KEY_UPDATE_SENT, answers);
            }
            assert_eq!(stream.connection().writer().progress().key_updates, 3);
            stream.close().unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            let (stdout, _) = openssl.outputs();
            openssl.wait_for_exit();
            assert_eq!(stdout.count(KEY_UPDATE_RECEIVED), 3, "{suite:?} {role:?}");
            assert_eq!(stdout.count(KEY_UPDATE_SENT), 2, "{suite:?} {role:?}");
        }
    });
}

fn our_close_ends_openssl_cleanly() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let Meeting { ours, socket, mut openssl, _dir } = meet(suite, role, &["-msg"]);
            let mut stream = blocking(ours, socket);
            openssl.line("from openssl");
            expect_line(&mut stream, "from openssl");
            stream.write_all(b"the last words").unwrap();
            stream.close().unwrap();
            assert_eq!(stream.connection().writer_state(), WriterState::Closed);
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            assert_eq!(stream.connection().reader_state(), ReaderState::PeerClosed);
            let printed = openssl.wait_for_exit();
            let printed = String::from_utf8_lossy(&printed);
            assert!(printed.contains("the last words"), "{suite:?} {role:?}");
            assert!(printed.contains("<<< "), "{suite:?} {role:?}");
            assert!(printed.contains("warning close_notify"));
        }
    }
}

/// How a peer leaves.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Command,
    EndOfInput,
    Killed,
}

/// After one line each way, the peer leaves. Returns our stream, and the result of the next read.
fn left_by_openssl(
    suite: CipherSuite,
    role: Role,
    how: Leave,
) -> (Stream<TcpStream>, io::Result<usize>) {
    let Meeting { ours, socket, mut openssl, _dir } = meet(suite, role, &[]);
    let mut stream = blocking(ours, socket);
    send_line(&mut stream, "from us");
    openssl.stdout.wait_for("from us", 1);
    openssl.line("from openssl");
    expect_line(&mut stream, "from openssl");
    match how {
        Leave::Command => openssl.line("Q"),
        Leave::EndOfInput => openssl.stdin = None,
        Leave::Killed => openssl.kill(),
    }
    let read = stream.read(&mut [0]);
    if !matches!(how, Leave::Killed) {
        openssl.wait_for_exit();
    }
    (stream, read)
}

fn a_close_by_s_client_is_a_clean_end() {
    for suite in [TLS13, TLS12] {
        for how in [Leave::Command, Leave::EndOfInput] {
            let (stream, read) = left_by_openssl(suite, Role::Server, how);
            assert_eq!(read.unwrap(), 0, "{suite:?} {how:?}");
            assert_eq!(stream.connection().reader_state(), ReaderState::PeerClosed);
            assert_eq!(
                stream.connection().writer_state(),
                WriterState::Open,
                "our half stays open"
            );
        }
    }
}

/// `s_server` closes its socket without `close_notify` when it is told to quit.
fn a_peer_that_leaves_without_close_notify_is_a_truncation() {
    for suite in [TLS13, TLS12] {
        for (role, how) in [
            (Role::Client, Leave::Command),
            (Role::Client, Leave::EndOfInput),
            (Role::Client, Leave::Killed),
            (Role::Server, Leave::Killed),
        ] {
            let (stream, read) = left_by_openssl(suite, role, how);
            let kind = read.map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::UnexpectedEof), "{suite:?} {how:?}");
            assert_eq!(stream.connection().reader_state(), ReaderState::Truncated);
        }
    }
}

fn a_transport_cut_between_us_and_openssl_is_a_truncation() {
    for suite in [TLS13, TLS12] {
        let Meeting { ours, socket, mut openssl, _dir } = meet(suite, Role::Client, &[]);
        let mut stream = blocking(ours, socket);
        send_line(&mut stream, "from us");
        openssl.stdout.wait_for("from us", 1);
        openssl.line("from openssl");
        expect_line(&mut stream, "from openssl");
        stream.get_ref().shutdown(Shutdown::Read).unwrap();
        let error = stream.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert_eq!(stream.connection().reader_state(), ReaderState::Truncated);
        // The other direction still works.
        send_line(&mut stream, "after the cut");
        openssl.stdout.wait_for("after the cut", 1);
    }
}

fn our_client_resumes_with_s_server() {
    for suite in [TLS13, TLS12] {
        let identity = Identity::for_suite(suite);
        let dir = TempDir::new();
        let (mut openssl, address) = Process::server(suite, &identity, &dir, 2, &[]);
        let config = Arc::new(client_config(suite, &identity));
        for resumed in [false, true] {
            let ours = Connection::client(Arc::clone(&config), server_name()).unwrap();
            let mut stream = blocking(ours, TcpStream::connect(address).unwrap());
            let line = format!("resumed: {resumed}");
            send_line(&mut stream, &line);
            openssl.stdout.wait_for(&line, 1);
            // This line follows the tickets.
            openssl.line("0 from openssl");
            expect_line(&mut stream, "0 from openssl");
            assert_eq!(stream.connection().is_resumed(), Some(resumed), "{suite:?}");
            stream.close().unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        }
        let printed = openssl.wait_for_exit();
        let printed = String::from_utf8_lossy(&printed);
        assert_eq!(printed.matches("Reused session-id").count(), 1, "{suite:?}");
    }
}

fn s_client_resumes_with_our_server() {
    for suite in [TLS13, TLS12] {
        let identity = Identity::for_suite(suite);
        let dir = TempDir::new();
        let session = dir.path("session.pem");
        let config = Arc::new(server_config(suite, &identity));
        for resumed in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let option = if resumed { "-sess_in" } else { "-sess_out" };
            let more = [option, arg(&session)];
            let mut openssl = Process::client(suite, &identity, &dir, &listener, &more);
            let ours = Connection::server(Arc::clone(&config)).unwrap();
            let mut stream = blocking(ours, accept(&listener));
            send_line(&mut stream, "from us");
            openssl.stdout.wait_for("from us", 1);
            assert_eq!(stream.connection().is_resumed(), Some(resumed), "{suite:?}");
            openssl.line("Q");
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            drop(stream);
            let printed = openssl.wait_for_exit();
            let printed = String::from_utf8_lossy(&printed);
            assert_eq!(printed.contains("Reused, TLSv1."), resumed, "{suite:?}");
            assert_eq!(printed.contains("New, TLSv1."), !resumed, "{suite:?}");
        }
    }
}

/// The secrets that rustls logs.
#[derive(Default)]
struct Secrets(Mutex<Vec<Secret>>);

struct Secret {
    label: String,
    client_random: Vec<u8>,
    secret: Vec<u8>,
}

impl Secrets {
    fn get(&self, label: &str) -> Option<Vec<u8>> {
        let secrets = self.0.lock().unwrap();
        let logged = secrets.iter().find(|logged| logged.label == label)?;
        Some(logged.secret.clone())
    }

    /// The secrets as lines of an SSLKEYLOGFILE.
    fn lines(&self) -> Vec<String> {
        let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
        let secrets = self.0.lock().unwrap();
        let line = |logged: &Secret| {
            let (random, secret) = (hex(&logged.client_random), hex(&logged.secret));
            format!("{} {random} {secret}", logged.label)
        };
        secrets.iter().map(line).collect()
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        self.0.lock().unwrap().push(Secret {
            label: label.to_owned(),
            client_random: client_random.to_vec(),
            secret: secret.to_vec(),
        });
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

fn the_key_log_has_the_same_secrets_as_openssls() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            let files = TempDir::new();
            let file = files.path("keys.log");
            let secrets = Arc::new(Secrets::default());
            let Meeting { ours, socket, mut openssl, _dir } = meet_with(
                suite,
                role,
                &["-keylogfile", arg(&file)],
                |config| config.key_log = secrets.clone(),
                |config| config.key_log = secrets.clone(),
            );
            let mut stream = blocking(ours, socket);
            openssl.line("0 from openssl");
            expect_line(&mut stream, "0 from openssl");
            stream.close().unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap(), 0);
            openssl.wait_for_exit();
            let labels = match suite.version() {
                Version::Tls13 => &["CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"][..],
                Version::Tls12 => &["CLIENT_RANDOM"],
            };
            for label in labels {
                assert!(secrets.get(label).is_some(), "{label}");
            }
            let log = fs::read_to_string(&file).unwrap().to_lowercase();
            for line in secrets.lines() {
                let is_logged = log.contains(&line.to_lowercase());
                assert!(
                    is_logged,
                    "{suite:?} {role:?}: expected this line in openssl's log: {line}"
                );
            }
        }
    }
}

fn logged_secrets_open_and_reproduce_the_records_on_the_wire() {
    for suite in TLS13_SUITES {
        let secrets = Arc::new(Secrets::default());
        let Meeting { ours, socket, mut openssl, _dir } = meet_with(
            suite,
            Role::Client,
            &["-msg"],
            |config| config.key_log = secrets.clone(),
            |_| {},
        );
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let tap = Tap { io: socket, read: Vec::new(), written: Vec::new() };
        let mut stream = Stream::new(ours, tap);
        stream.complete_handshake().unwrap();
        let flights_len = stream.get_ref().written.len();
        send_line(&mut stream, "0 from us");
        openssl.stdout.wait_for("0 from us", 1);
        openssl.line("0 from openssl");
        expect_line(&mut stream, "0 from openssl");
        openssl.line("K");
        wait_for_command(&openssl.outputs(), Role::Client, 1);
        openssl.line("1 from openssl");
        expect_line(&mut stream, "1 from openssl");
        stream.close().unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);

        let opened = usize::try_from(stream.connection().reader().records()).unwrap();
        let (_, tap) = stream.into_parts();
        let secret = |label| TrafficSecret::new(suite, &secrets.get(label).unwrap()).unwrap();
        let keys = ReadKeys::from_secret(secret("SERVER_TRAFFIC_SECRET_0"));
        let mut reader = Reader::new(keys, Role::Client, ReaderConfig::default()).unwrap();
        let wire = records(&tap.read);
        let mut plaintext = Vec::new();
        let (mut tickets, mut requests) = (0, 0);
        for record in &wire[wire.len() - opened..] {
            assert_eq!(reader.receive(record), record.len());
            let events = reader.process().unwrap();
            tickets += events.tickets;
            requests += u32::from(events.key_update == Some(KeyUpdateRequest::Requested));
            plaintext.extend_from_slice(reader.plaintext());
            reader.consume_all();
        }
        assert_eq!(plaintext, b"0 from openssl\n1 from openssl\n");
        assert_eq!((tickets, requests), (2, 1), "{suite:?}");
        assert_eq!(reader.state(), ReaderState::PeerClosed);

        let keys = WriteKeys::from_secret(secret("CLIENT_TRAFFIC_SECRET_0"));
        let mut writer = Writer::new(keys, WriterConfig::default()).unwrap();
        assert_eq!(writer.write(b"0 from us\n").unwrap(), 10);
        let mut made = Vec::new();
        made.extend(writer.drain().chunks().flatten());
        writer = drained(writer);
        writer.on_key_update(KeyUpdateRequest::Requested).unwrap();
        writer.close().unwrap();
        made.extend(writer.drain().chunks().flatten());
        assert_eq!(tap.written[flights_len..], made, "{suite:?}");
    }
}

fn drained(mut writer: Writer) -> Writer {
    while writer.wants_drain() {
        let mut drain = writer.drain();
        let len = drain.remaining();
        drain.advance(len).unwrap();
    }
    writer
}

fn a_relay_that_ends_without_close_notify_truncates_both_directions() {
    let identity = Identity::for_suite(TLS13);
    let dir = TempDir::new();
    let (openssl, address) = Process::server(TLS13, &identity, &dir, 1, &[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let relay_address = listener.local_addr().unwrap();
    let carried = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&carried);
    let relay = thread::spawn(move || {
        let ours = accept(&listener);
        let theirs = TcpStream::connect(address).unwrap();
        let there = (ours.try_clone().unwrap(), theirs.try_clone().unwrap());
        let back = thread::spawn(move || {
            let (mut to_us, mut from_openssl) = there;
            // This fails if the other direction was cut first.
            let _ = io::copy(&mut from_openssl, &mut to_us);
        });
        // Everything that we send passes, then both directions are cut.
        let n = io::copy(&mut &ours, &mut &theirs).unwrap();
        counter.store(usize::try_from(n).unwrap(), Ordering::Relaxed);
        ours.shutdown(Shutdown::Both).unwrap();
        theirs.shutdown(Shutdown::Both).unwrap();
        back.join().unwrap();
    });
    let config = client_config(TLS13, &identity);
    let ours = Connection::client(config.into(), server_name()).unwrap();
    let mut stream = blocking(ours, TcpStream::connect(relay_address).unwrap());
    send_line(&mut stream, "from us");
    openssl.stdout.wait_for("from us", 1);
    stream.get_ref().shutdown(Shutdown::Write).unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(stream.connection().reader_state(), ReaderState::Truncated);
    relay.join().unwrap();
    let drained = stream.connection().writer().progress().drained;
    assert_eq!(carried.load(Ordering::Relaxed) as u64, drained);
}
