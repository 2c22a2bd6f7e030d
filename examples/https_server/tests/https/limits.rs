//! Limits on time, memory and numbers: what one client cannot take away from others, and how the
//! server ends.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use socket2::SockRef;
use wantwrite::MAX_RECORD_LEN;

use crate::client::letters;
use crate::server::{PATIENCE, Server, TLS12, TLS13};

#[test]
fn clients_that_do_not_read_cost_only_their_buffers() {
    const CLIENTS: u64 = 20;
    // More than the server's socket holds, which is 4 MB.
    const LEN: usize = 6_000_000;
    let server = Server::start(&["--capacity", "32768"]);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut client = server.client(TLS13);
            SockRef::from(&client.0.sock).set_recv_buffer_size(64 * 1024).unwrap();
            client.send(&format!("GET /bytes/{LEN} HTTP/1.1\r\n\r\n"));
            client
        })
        .collect();
    // Until no client accepts any more.
    let mut sent = 0;
    let stats = loop {
        sleep(Duration::from_millis(100));
        let stats = server.stats();
        // The request for the statistics itself uses this much.
        if stats.get("wire_sent") < sent + 5_000 {
            break stats;
        }
        sent = stats.get("wire_sent");
    };
    // Two outbound segments and two inbound records.
    let footprint = 2 * 16_800 + 2 * u64::try_from(MAX_RECORD_LEN).unwrap();
    let (open, memory) = (stats.get("open"), stats.get("buffer_memory"));
    assert!(memory >= CLIENTS * 2 * 16_384, "{memory}: the buffers are not full");
    assert!(memory <= open * footprint, "{memory} bytes for {open} clients");
    for mut client in clients {
        let answer = client.answer();
        assert!(answer.body == letters(LEN));
    }
}

#[test]
fn only_a_server_that_retains_buffers_holds_them_while_idle() {
    for (policy, kept) in [("retain", true), ("pool", false), ("release", false)] {
        let server = Server::start(&["--buffers", policy]);
        let mut clients: Vec<_> = (0..5).map(|_| server.client(TLS13)).collect();
        for client in &mut clients {
            assert_eq!(client.get("/bytes/100000").body.len(), 100_000);
        }
        // The client that asks for the statistics has memory too.
        let memory = server.stats().get("buffer_memory");
        assert_eq!(memory > 5 * 64 * 1024, kept, "{policy}: {memory}");
        assert!(kept || memory < 64 * 1024, "{policy}: {memory}");
    }
}

#[test]
fn idle_clients_are_closed() {
    let server = Server::start(&["--idle-timeout", "2"]);
    let mut silent = server.socket();
    let (mut idle, mut idle12, mut patient) =
        (server.client(TLS13), server.client(TLS12), server.client(TLS13));
    idle.get("/");
    idle12.get("/");
    patient.get("/keepalive");
    idle.expect_end();
    idle12.expect_end();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    sleep(Duration::from_secs(1));
    patient.expect_open();
    assert_eq!(patient.get("/keepalive").status, 200);
    assert_eq!(server.stop().get("timed_out"), 3);
}

#[test]
fn clients_beyond_the_limit_wait() {
    let server = Server::start(&["--max-connections", "2"]);
    let (mut first, mut second) = (server.client(TLS13), server.client(TLS13));
    first.get("/");
    second.get("/");
    let mut third = server.client(TLS13);
    third.0.sock.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let error = third.0.conn.complete_io(&mut third.0.sock).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    first.close();
    drop(first);
    third.0.sock.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(third.get("/").status, 200);
    assert_eq!(second.get("/").status, 200);
    assert_eq!(server.stop().get("peak"), 2);
}

#[test]
fn a_client_that_is_always_ready_does_not_starve_others() {
    let server = Server::start(&[]);
    let mut greedy = server.client(TLS13);
    greedy.send("GET /bytes/100000000000 HTTP/1.1\r\n\r\n");
    let mut socket = greedy.0.sock;
    let reader = std::thread::spawn(move || {
        let mut buf = vec![0; 1 << 20];
        // Without opening the records, it reads faster than the server can seal. The loop ends when
        // the server closes the connection.
        while let Ok(1..) = socket.read(&mut buf) {}
    });
    let mut modest = server.client(TLS13);
    for _ in 0..100 {
        assert_eq!(modest.get("/").status, 200);
    }
    assert!(server.stats().get("wire_sent") > 1_000_000, "no client was greedy");
    drop(server);
    reader.join().unwrap();
}

#[test]
fn the_signal_stops_the_server_after_the_requests_in_progress() {
    let server = Server::start(&[]);
    let mut busy = server.client(TLS13);
    busy.send("GET /bytes/20000000 HTTP/1.1\r\n\r\nGET /bytes/5 HTTP/1.1\r\n\r\n");
    let (status, _, len) = busy.answer_head();
    assert_eq!((status, len), (200, 20_000_000));
    let mut idle = server.client(TLS12);
    idle.get("/keepalive");
    let mut silent = server.socket();
    // These clients, and the one that asks. A client that was not accepted yet would be reset.
    server.wait_for("open", 4);

    server.terminate();
    idle.expect_end();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    let error = TcpStream::connect(server.address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let mut content = vec![0; len];
    busy.0.read_exact(&mut content).unwrap();
    assert!(content == letters(len));
    busy.expect_end();
    drop((busy, idle, silent));

    let stats = server.wait();
    assert_eq!((stats.get("open"), stats.get("buffer_memory")), (0, 0));
    assert_eq!(stats.get("plaintext_accepted"), stats.get("plaintext_delivered"));
}
