//! A stock rustls client over a blocking socket, and the answers it gets.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::server_name;

pub struct Client(pub StreamOwned<ClientConnection, TcpStream>);

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(self) -> String {
        String::from_utf8(self.body).unwrap()
    }
}

impl Client {
    pub fn new(config: Arc<ClientConfig>, socket: TcpStream) -> Self {
        Self(StreamOwned::new(ClientConnection::new(config, server_name()).unwrap(), socket))
    }

    pub fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
        self.0.flush().unwrap();
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        self.answer()
    }

    pub fn answer(&mut self) -> Answer {
        let (status, head, len) = self.answer_head();
        let mut body = vec![0; len];
        self.0.read_exact(&mut body).unwrap();
        Answer { status, head, body }
    }

    /// Reads only the head, for an answer without content or one that is not read to the end.
    pub fn answer_head(&mut self) -> (u16, String, usize) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap();
        let len = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let len = len.map_or(0, |len| len.parse().unwrap());
        (status, head, len)
    }

    /// Expects the server to end the connection: with `close_notify`, then by closing its half of
    /// the socket.
    pub fn expect_end(&mut self) {
        let mut rest = Vec::new();
        // A missing `close_notify` is an error.
        self.0.read_to_end(&mut rest).unwrap();
        assert_eq!(String::from_utf8_lossy(&rest), "");
        assert_eq!(self.0.sock.read(&mut [0]).unwrap(), 0);
    }

    /// Expects the server to keep the connection open.
    pub fn expect_open(&mut self) {
        let socket = &self.0.sock;
        socket.set_nonblocking(true).unwrap();
        let error = self.0.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        self.0.sock.set_nonblocking(false).unwrap();
    }

    pub fn close(&mut self) {
        self.0.conn.send_close_notify();
        self.0.flush().unwrap();
    }

    /// Seals `text` without sending it. The handshake must be complete.
    pub fn seal(&mut self, text: &str) -> Vec<u8> {
        self.0.conn.writer().write_all(text.as_bytes()).unwrap();
        let mut wire = Vec::new();
        while self.0.conn.wants_write() {
            self.0.conn.write_tls(&mut wire).unwrap();
        }
        wire
    }
}

/// The content of `/bytes/len`.
pub fn letters(len: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(len).collect()
}

/// The server's answer to a body.
pub fn receipt(body: &[u8]) -> String {
    let digest = digest(&SHA256, body);
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} bytes\nSHA-256 {hex}\n", body.len())
}
