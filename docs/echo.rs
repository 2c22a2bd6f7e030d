// What the recipes for event loops run against in hidden lines: a non-blocking socket in memory,
// and an echo whose peer stops reading.

use std::io::{self, ErrorKind, Read, Write};
use wantwrite::*;

/// A non-blocking socket.
#[derive(Default)]
pub struct Socket {
    input: Vec<u8>,
    output: Vec<u8>,
    /// How many more bytes it takes before it blocks.
    window: usize,
}

impl Read for Socket {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = buf.len().min(self.input.len());
        if n == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        buf[..n].copy_from_slice(&self.input[..n]);
        self.input.drain(..n);
        Ok(n)
    }
}

impl Write for Socket {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = buf.len().min(self.window);
        if n == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.window -= n;
        self.output.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Echoes through `drive`, which is called after each edge, and again while something moves. The
/// peer stops reading until the outbound buffer is full, then reads everything and sends its last
/// bytes, so that the two edges arrive together.
pub fn with_two_edges_at_once(
    mut drive: impl FnMut(&mut Connection, &mut Socket) -> io::Result<()>,
) {
    let secret = |byte| TrafficSecret::new(CipherSuite::TLS_AES_128_GCM_SHA256, &[byte; 32]);
    let write = |byte| WriteKeys::from_secret(secret(byte).unwrap());
    let read = |byte| ReadKeys::from_secret(secret(byte).unwrap());
    let end = |ours, theirs, role| {
        Connection::from_keys(write(ours), read(theirs), role, Default::default()).unwrap()
    };
    let (mut peer, mut ours) = (end(1, 2, Role::Client), end(2, 1, Role::Server));
    let mut socket = Socket::default();
    let mut sent = 0;
    for (len, window) in [(ours.writer().room(), 0), (5, usize::MAX)] {
        peer.writer_mut().write_atomic(&vec![b'x'; len]).unwrap();
        sent += len;
        while peer.wants().drain {
            let mut drain = peer.writer_mut().drain();
            socket.input.extend_from_slice(drain.chunk());
            drain.advance(drain.chunk().len()).unwrap();
        }
        socket.window = window;
        loop {
            drive(&mut ours, &mut socket).unwrap();
            if echo(&mut ours) == 0 {
                break; // waits for the next edge
            }
        }
        let is_full = ours.writer().room() == 0;
        assert_eq!(is_full, window == 0, "it waits for an edge that has already come");
    }
    let mut received = 0;
    let mut wire = &socket.output[..];
    while !wire.is_empty() {
        wire = &wire[peer.receive(wire)..];
        while peer.wants().process {
            peer.process().unwrap();
            received += peer.plaintext().len();
            peer.consume_all();
        }
    }
    assert_eq!(received, sent);
}

fn echo(tls: &mut Connection) -> usize {
    let n = tls.plaintext().len().min(tls.writer().room());
    let bytes = tls.plaintext()[..n].to_vec();
    tls.writer_mut().write_atomic(&bytes).unwrap();
    tls.consume(n).unwrap();
    n
}
