//! Request bodies sent to the server.

use std::io::Write;

use crate::client::{letters, receipt};
use crate::server::{SUITES, Server, TLS13};

#[test]
fn a_body_with_a_length_is_counted_and_digested() {
    for engine in ["wantwrite", "rustls"] {
        let server = Server::start(&["--engine", engine]);
        for suite in SUITES {
            let mut client = server.client(suite);
            for (method, len) in [("PUT", 0), ("POST", 1), ("PUT", 3_000_000)] {
                let body = letters(len);
                client.send(&format!("{method} /x HTTP/1.1\r\nContent-Length: {len}\r\n\r\n"));
                client.0.write_all(&body).unwrap();
                assert_eq!(client.answer().text(), receipt(&body), "{engine} {suite:?}");
            }
        }
    }
}

#[test]
fn a_chunked_body_can_arrive_in_any_parts() {
    let body = "1\r\na\r\n0002;extension=\"x\"\r\nbc\r\na\r\ndefghijklm\r\n0\r\nTrailer: x\r\n\r\n";
    let request = format!("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let server = Server::start(&[]);
    let mut client = server.client(TLS13);
    for cut in 1..request.len() {
        client.send(&request[..cut]);
        client.send(&request[cut..]);
        assert_eq!(client.answer().text(), receipt(&letters(13)), "cut at {cut}");
    }
}

#[test]
fn continue_is_sent_before_the_body_is_awaited() {
    let server = Server::start(&[]);
    let mut client = server.client(TLS13);
    client.send("PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.answer_head().0, 100);
    client.send("abcde");
    assert_eq!(client.answer().text(), receipt(b"abcde"));
    // HTTP/1.0 does not have 100 (Continue).
    client.send("PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nabcde");
    assert_eq!(client.answer().text(), receipt(b"abcde"));
    client.expect_end();
}

#[test]
fn the_body_of_any_request_is_skipped() {
    let server = Server::start(&[]);
    let mut client = server.client(TLS13);
    client.send("GET /bytes/3 HTTP/1.1\r\nContent-Length: 9\r\n\r\nGET / HTT");
    assert_eq!(client.answer().text(), "abc");
    client.expect_open();
}
