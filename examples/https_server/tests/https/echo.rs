//! `--mode echo`.

use std::io::{Read, Write};
use std::thread;
use std::time::Duration;

use crate::client::letters;
use crate::server::{SUITES, Server, TLS12, TLS13};

#[test]
fn everything_comes_back_and_then_close_notify() {
    for engine in ["wantwrite", "rustls"] {
        let server = Server::start(&["--mode", "echo", "--engine", engine]);
        for suite in SUITES {
            let mut client = server.client(suite);
            // Less than the buffers in between hold, since nothing reads meanwhile.
            for len in [1, 1000, 50_000] {
                let sent = letters(len);
                client.0.write_all(&sent).unwrap();
                let mut back = vec![0; len];
                client.0.read_exact(&mut back).unwrap();
                assert!(back == sent, "{engine} {suite:?} {len}");
            }
            client.close();
            client.expect_end();
        }
    }
}

/// The client's `close_notify` does not end our half, not even in TLS 1.2.
#[test]
fn data_sent_with_close_notify_comes_back() {
    let server = Server::start(&["--mode", "echo"]);
    for suite in [TLS13, TLS12] {
        let mut client = server.client(suite);
        client.0.conn.complete_io(&mut client.0.sock).unwrap();
        client.0.conn.writer().write_all(b"the last words").unwrap();
        client.0.conn.send_close_notify();
        let wire = client.seal("");
        client.0.sock.write_all(&wire).unwrap();
        let mut back = String::new();
        client.0.read_to_string(&mut back).unwrap();
        assert_eq!(back, "the last words", "{suite:?}");
    }
    assert_eq!(server.stop().get("clean"), 2);
}

#[test]
fn a_client_that_does_not_read_is_not_read_from() {
    // Far more than the sockets hold: 6 MB in and 4 MB out on each side.
    const LEN: usize = 64_000_000;
    let server = Server::start(&["--mode", "echo"]);
    let mut client = server.client(TLS13);
    client.0.conn.complete_io(&mut client.0.sock).unwrap();
    client.0.conn.set_buffer_limit(None);
    let wire = client.seal(&String::from_utf8(letters(LEN)).unwrap());
    let mut socket = client.0.sock.try_clone().unwrap();
    let writer = thread::spawn(move || socket.write_all(&wire));
    thread::sleep(Duration::from_millis(500));
    assert!(!writer.is_finished());
    let mut back = vec![0; LEN];
    client.0.read_exact(&mut back).unwrap();
    assert!(back == letters(LEN));
    writer.join().unwrap().unwrap();
}
