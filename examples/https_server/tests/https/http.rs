//! HTTP/1.1 as stock rustls clients see it.

use std::io::Write;

use crate::client::letters;
use crate::server::{SUITES, Server, TLS13};

const ENGINES: [&str; 2] = ["wantwrite", "rustls"];

#[test]
fn pipelined_requests_are_answered_in_order() {
    for engine in ENGINES {
        let server = Server::start(&["--engine", engine]);
        for suite in SUITES {
            let mut client = server.client(suite);
            let request = |n: usize| format!("GET /bytes/{n} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            client.send(&(0..200).map(request).collect::<String>());
            for n in 0..200 {
                let answer = client.answer();
                assert_eq!((answer.status, answer.body), (200, letters(n)), "{engine}");
            }
            client.close();
            client.expect_end();
        }
        let stats = server.stop();
        assert_eq!((stats.get("requests"), stats.get("clean")), (400, 2), "{engine}");
    }
}

#[test]
fn content_of_any_length_is_complete() {
    for engine in ENGINES {
        let server = Server::start(&["--engine", engine]);
        for suite in SUITES {
            let mut client = server.client(suite);
            for len in [0, 1, 16_383, 16_384, 65_537, 3_000_000] {
                let answer = client.get(&format!("/bytes/{len}"));
                assert!(answer.body == letters(len), "{engine} {suite:?} {len}");
            }
        }
    }
}

#[test]
fn a_head_can_arrive_in_any_two_parts() {
    let server = Server::start(&[]);
    let head = "GET /bytes/5?x HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut client = server.client(TLS13);
    for cut in 1..head.len() {
        // Two records: rustls makes one per write.
        client.send(&head[..cut]);
        client.send(&head[cut..]);
        assert_eq!(client.answer().text(), "abcde", "cut at {cut}");
    }
}

#[test]
fn records_can_arrive_byte_by_byte() {
    let server = Server::start(&[]);
    for suite in SUITES {
        let mut client = server.client(suite);
        client.get("/");
        for byte in client.seal("GET /bytes/5 HTTP/1.1\r\n\r\nGET /bytes/6 HTTP/1.1\r\n\r\n") {
            client.0.sock.write_all(&[byte]).unwrap();
        }
        assert_eq!(client.answer().text(), "abcde");
        assert_eq!(client.answer().text(), "abcdef");
    }
}

#[test]
fn the_connection_closes_if_the_request_asks_for_it() {
    let heads = [
        "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET /bytes/1000000 HTTP/1.0\r\n\r\n",
    ];
    for engine in ENGINES {
        let server = Server::start(&["--engine", engine]);
        for suite in SUITES {
            for head in heads {
                let mut client = server.client(suite);
                client.send(head);
                let answer = client.answer();
                assert_eq!(answer.status, 200);
                assert!(answer.head.contains("\r\nConnection: close\r\n"), "{}", answer.head);
                client.expect_end();
            }
        }
    }
}

#[test]
fn the_server_closes_only_its_half_of_the_socket_at_first() {
    let server = Server::start(&[]);
    let mut client = server.client(TLS13);
    client.send("GET / HTTP/1.0\r\n\r\n");
    client.answer();
    client.expect_end();
    // This client, and the one that asks.
    assert_eq!(server.stats().get("open"), 2);
}

#[test]
fn a_client_that_is_still_sending_gets_its_answer() {
    let server = Server::start(&[]);
    for suite in SUITES {
        let mut client = server.client(suite);
        client.send("PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n");
        // More than the sockets hold.
        client.0.write_all(&letters(20_000_000)).unwrap();
        assert_eq!(client.answer().status, 400);
        client.expect_end();
    }
}

#[test]
fn the_connection_stays_open_otherwise() {
    let heads = [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
        "GET /keepalive HTTP/1.0\r\n\r\n",
        "GET /keepalive HTTP/1.1\r\nConnection: close\r\n\r\n",
    ];
    let server = Server::start(&[]);
    for head in heads {
        let mut client = server.client(TLS13);
        client.send(head);
        let answer = client.answer();
        assert!(!answer.head.contains("close"), "{}", answer.head);
        client.expect_open();
        assert_eq!(client.get("/").status, 200, "{head}");
    }
}

#[test]
fn requests_before_the_client_closes_are_answered() {
    let server = Server::start(&[]);
    for suite in SUITES {
        let mut client = server.client(suite);
        client.send("GET /bytes/3000000 HTTP/1.1\r\n\r\nGET /bytes/5 HTTP/1.1\r\n\r\n");
        client.close();
        assert_eq!(client.answer().body.len(), 3_000_000);
        assert_eq!(client.answer().text(), "abcde");
        client.expect_end();
    }
}

#[test]
fn head_is_answered_without_content() {
    let server = Server::start(&[]);
    let mut client = server.client(TLS13);
    client.send("HEAD /bytes/1000 HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
    let (status, _, len) = client.answer_head();
    assert_eq!((status, len), (200, 1000));
    assert_eq!(client.answer_head().0, 200);
    client.expect_end();
}

#[test]
fn the_keys_are_updated_before_the_page() {
    let server = Server::start(&[]);
    for suite in SUITES {
        let mut client = server.client(suite);
        for path in ["/keyupdate", "/", "/keyupdate"] {
            assert_eq!(client.get(path).status, 200);
        }
    }
    // TLS 1.2 has no KeyUpdates.
    assert_eq!(server.stop().get("key_updates"), 2);
}

#[test]
fn only_files_below_the_root_are_served() {
    let server = Server::start(&[]);
    let root = server.files().join("root");
    std::fs::create_dir_all(root.join("sub dir")).unwrap();
    std::fs::write(root.join("page.html"), "a page").unwrap();
    std::fs::write(root.join("sub dir/index.html"), "an index").unwrap();
    std::fs::write(root.join("big"), letters(1_000_000)).unwrap();
    std::fs::write(root.join("empty"), "").unwrap();
    std::os::unix::fs::symlink("../key.pem", root.join("link")).unwrap();
    let server = Server::start(&["--root", root.to_str().unwrap()]);
    let mut client = server.client(TLS13);
    let page = client.get("/page.html?query");
    assert!(page.head.contains("Content-Type: text/html"), "{}", page.head);
    assert_eq!(page.text(), "a page");
    assert_eq!(client.get("/sub%20dir/").text(), "an index");
    assert!(client.get("/big").body == letters(1_000_000));
    assert_eq!(client.get("/empty").body, b"");
    for path in [
        "/missing",
        "/../key.pem",
        "/sub%20dir/../../key.pem",
        "/%2e%2e/key.pem",
        "/..%2fkey.pem",
        "/.%2e/key.pem",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/link",
        "/page.html%00",
        "/%ff",
        "page.html",
    ] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
}

#[test]
fn malformed_requests_are_refused() {
    let server = Server::start(&[]);
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(65));
    for (request, status) in [
        ("GET / HTTP/2.0\r\n\r\n", 505),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        ("\0\0\0\0", 400),
        ("PUT / HTTP/1.1\r\nContent-Length: +5\r\n\r\n", 400),
        ("PUT / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        ("PUT / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("PUT / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        ("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
        ("PUT / HTTP/1.1\r\nExpect: something\r\n\r\n", 417),
        (long.as_str(), 431),
        (many.as_str(), 431),
    ] {
        let mut client = server.client(TLS13);
        // Bytes after the request are ignored, and do not prevent the answer.
        client.send(&format!("{request}GET / HTTP/1.1\r\n\r\n"));
        assert_eq!(client.answer().status, status, "{request}");
        client.expect_end();
    }
    let mut client = server.client(TLS13);
    client.send("DELETE / HTTP/1.1\r\n\r\n");
    assert_eq!(client.answer().status, 405);
    assert_eq!(client.get("/").status, 200);
    assert_eq!(server.stop().get("refused"), 13);
}
