//! Clients that misbehave: the server survives, counts them, and serves others meanwhile.

use std::io::{Read, Write};
use std::net::Shutdown;

use socket2::SockRef;

use crate::server::{SUITES, Server, TLS13};

/// Checks that another client is served and ends cleanly.
fn expect_service(server: &Server) {
    let mut client = server.client(TLS13);
    assert_eq!(client.get("/").status, 200);
    client.close();
    client.expect_end();
}

#[test]
fn a_silent_client_is_counted_when_it_leaves() {
    let server = Server::start(&[]);
    let silent = server.socket();
    expect_service(&server);
    drop(silent);
    server.wait_for("failed_handshakes", 1);
}

#[test]
fn garbage_is_answered_with_an_alert() {
    let server = Server::start(&[]);
    let mut garbage = server.socket();
    garbage.write_all(&[0x5a; 100_000]).unwrap();
    let mut answer = Vec::new();
    garbage.read_to_end(&mut answer).unwrap();
    // A fatal alert in a record with TLS 1.2's version.
    assert_eq!(answer[..6], [0x15, 3, 3, 0, 2, 2]);
    expect_service(&server);
    drop(garbage);
    assert_eq!(server.stop().get("failed_handshakes"), 1);
}

#[test]
fn a_handshake_that_stops_anywhere_is_counted() {
    let server = Server::start(&[]);
    let hello = server.client(TLS13).seal("");
    let cuts = [1, 5, 6, hello.len() / 2, hello.len() - 1, hello.len()];
    for cut in cuts {
        let mut socket = server.socket();
        socket.write_all(&hello[..cut]).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        // Until the server ends the connection too.
        socket.read_to_end(&mut Vec::new()).unwrap();
    }
    expect_service(&server);
    // Plus one for the client that made the hello and sent nothing.
    server.wait_for("failed_handshakes", u64::try_from(cuts.len()).unwrap() + 1);
}

#[test]
fn half_a_record_is_a_truncation() {
    let server = Server::start(&[]);
    for suite in SUITES {
        let mut client = server.client(suite);
        client.get("/");
        let wire = client.seal("GET / HTTP/1.1\r\n\r\n");
        client.0.sock.write_all(&wire[..wire.len() / 2]).unwrap();
        expect_service(&server);
        client.0.sock.shutdown(Shutdown::Write).unwrap();
        client.expect_end();
    }
    assert_eq!(server.stop().get("truncated"), 2);
}

#[test]
fn requests_before_a_truncation_are_answered() {
    let server = Server::start(&[]);
    for suite in SUITES {
        let mut client = server.client(suite);
        client.send("GET /bytes/1000000 HTTP/1.1\r\n\r\n");
        client.0.sock.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.answer().body.len(), 1_000_000);
        client.expect_end();
    }
    assert_eq!(server.stop().get("truncated"), 2);
}

#[test]
fn a_record_that_does_not_open_is_answered_with_an_alert() {
    let server = Server::start(&[]);
    for suite in SUITES {
        let mut client = server.client(suite);
        client.get("/");
        let mut wire = client.seal("GET / HTTP/1.1\r\n\r\n");
        *wire.last_mut().unwrap() ^= 1;
        client.0.sock.write_all(&wire).unwrap();
        let error = client.0.read(&mut [0]).unwrap_err().to_string();
        assert!(error.contains("BadRecordMac"), "{error}");
    }
    assert_eq!(server.stop().get("failed"), 2);
}

#[test]
fn a_reset_in_the_middle_is_counted() {
    let server = Server::start(&[]);
    for suite in SUITES {
        let mut client = server.client(suite);
        client.send("GET /bytes/100000000 HTTP/1.1\r\n\r\n");
        client.0.read_exact(&mut [0; 1000]).unwrap();
        // With this option, closing the socket resets it.
        SockRef::from(&client.0.sock).set_linger(Some(std::time::Duration::ZERO)).unwrap();
    }
    server.wait_for("reset", 2);
    expect_service(&server);
}
