//! rustls with its own buffers and its own record layer, on a thread.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

use rustls::{ClientConnection, ServerConnection, StreamOwned};

use super::ours::{Ours, listener};
use super::{Case, LEN, pattern};
use wantwrite_testing::{client_config, server_config, server_name};

pub(crate) fn server(case: &Case) {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let config = Arc::new(server_config(case.suite, &case.identity));
    let echo = thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let mut tls = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
        let (mut buf, mut echoed) = (vec![0; 64 * 1024], 0);
        // A missing `close_notify` is an error.
        loop {
            let n = tls.read(&mut buf).unwrap();
            if n == 0 {
                break;
            }
            tls.write_all(&buf[..n]).unwrap();
            echoed += n;
        }
        tls.conn.send_close_notify();
        tls.flush().unwrap();
        echoed
    });
    let mut ours = Ours::client(case, address);
    let received = ours.exchange(&pattern(), LEN);
    assert!(received == pattern(), "the echo");
    ours.close();
    assert_eq!(echo.join().unwrap(), LEN);
}

pub(crate) fn client(case: &Case) {
    let listener = listener();
    let address = listener.local_addr().unwrap();
    let config = Arc::new(client_config(case.suite, &case.identity));
    let program = thread::spawn(move || {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        let tls = ClientConnection::new(config, server_name()).unwrap();
        let mut tls = StreamOwned::new(tls, socket);
        let mut received = Vec::new();
        for part in pattern().chunks(64 * 1024) {
            tls.write_all(part).unwrap();
            let before = received.len();
            io::copy(&mut (&mut tls).take(part.len().try_into().unwrap()), &mut received).unwrap();
            assert_eq!(received.len() - before, part.len());
        }
        tls.conn.send_close_notify();
        tls.flush().unwrap();
        assert_eq!(tls.read(&mut [0; 64]).unwrap(), 0, "close_notify");
        received
    });
    Ours::server(case, &listener).echo();
    assert!(program.join().unwrap() == pattern(), "the echo");
}
