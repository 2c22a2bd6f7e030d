//! The single-file programs in `examples`, and the text of the first page.

use core::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use wantwrite::{Connection, Stream};

thread_local! {
    static OUTPUT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Captures what the examples print, for this test to read.
macro_rules! println {
    ($($line:tt)*) => {
        crate::OUTPUT.with_borrow_mut(|output| *output += &(format!($($line)*) + "\n"))
    };
}

#[path = "../examples/in_memory.rs"]
mod in_memory;
#[expect(dead_code, reason = "its `main` takes the command line")]
#[path = "../examples/poll_client.rs"]
mod poll_client;
#[expect(dead_code, reason = "only the configurations are used here")]
mod pair {
    include!("../docs/pair.rs");

    pub(super) fn settings() -> Result<(rustls::ClientConfig, rustls::ServerConfig)> {
        configs()
    }

    pub(super) fn ends() -> Result<(Connection, Connection)> {
        strangers()
    }
}

const README: &str = include_str!("../README.md");
const FRONT_PAGE: &str = include_str!("../src/lib.rs");

/// The example as the pages show it: without its own first lines, and with a plain `main`.
fn shown() -> String {
    let source = include_str!("../examples/in_memory.rs").replace("pub(crate) fn main", "fn main");
    let (_, code) = source.split_once("\n\n").expect("a line about the example, then its code");
    code.to_owned()
}

#[test]
fn in_memory_prints_the_output_in_the_readme() {
    in_memory::main().unwrap();
    let output = OUTPUT.take();
    assert!(README.contains(&format!("```text\n{output}```\n")), "{output}");
}

#[test]
fn the_readme_and_the_front_page_show_in_memory() {
    assert!(README.contains(&format!("```rust\n{}```\n", shown())));
    let comment: String = shown()
        .lines()
        .map(|line| if line.is_empty() { "//!\n".to_owned() } else { format!("//! {line}\n") })
        .collect();
    assert!(FRONT_PAGE.contains(&format!("{comment}//! ```\n")));
}

/// More than a buffer holds is sent each way. The server sends no tickets, so no input follows the
/// handshake until the request has been sent.
#[test]
fn poll_client_sends_and_receives_everything() {
    let (client, mut server) = pair::settings().unwrap();
    server.send_tls13_tickets = 0;
    let mut client = Connection::client(client.into(), "localhost".try_into().unwrap()).unwrap();
    let server = Connection::server(server.into()).unwrap();
    let sent: Vec<u8> = (0..300_001).map(|i: u32| i.to_le_bytes()[0]).collect();
    let (request, answer) = sent.split_at(150_001);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = mio::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut stream = Stream::new(server, listener.accept().unwrap().0);
            let mut received = vec![0; request.len()];
            stream.read_exact(&mut received).unwrap();
            assert!(received == request);
            stream.write_all(answer).unwrap();
            stream.close_and_linger(1 << 20, || true).unwrap();
        });
        assert!(poll_client::exchange(&mut client, socket, request).unwrap() == answer);
    });
}

/// The alert is sent before the error is returned.
#[test]
fn poll_client_alerts_the_server_when_it_fails() {
    let (mut stranger, _) = pair::ends().unwrap();
    let (_, server) = pair::ends().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = mio::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let serving = thread::spawn(move || {
        let mut stream = Stream::new(server, listener.accept().unwrap().0);
        stream.complete_handshake().unwrap_err().to_string()
    });
    let error = poll_client::exchange(&mut stranger, socket, b"request").unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    let told = serving.join().unwrap();
    assert!(told.contains("alert"), "{told}");
}
