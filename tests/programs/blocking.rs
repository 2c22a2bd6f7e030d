//! A blocking socket to another program.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use wantwrite::{Connection, Stream};
use wantwrite_testing::process::PATIENCE;

/// Accepts one connection, or gives up.
pub(crate) fn accept(listener: &TcpListener) -> TcpStream {
    let listener = listener.try_clone().unwrap();
    let (sender, accepted) = mpsc::channel();
    thread::spawn(move || sender.send(listener.accept()));
    let accepted = accepted.recv_timeout(PATIENCE);
    accepted.expect("the program did not connect").unwrap().0
}

/// A blocking stream with bounded waits.
pub(crate) fn blocking(ours: Connection, socket: TcpStream) -> Stream<TcpStream> {
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_write_timeout(Some(PATIENCE)).unwrap();
    Stream::new(ours, socket)
}

/// Reads the line that the peer typed.
pub(crate) fn expect_line(stream: &mut impl Read, line: &str) {
    let mut read = vec![0; line.len() + 1];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(read, format!("{line}\n").into_bytes());
}

pub(crate) fn send_line(stream: &mut impl Write, line: &str) {
    stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    stream.flush().unwrap();
}

/// A transport that records the bytes that pass through it.
pub(crate) struct Tap<T> {
    pub(crate) io: T,
    pub(crate) read: Vec<u8>,
    pub(crate) written: Vec<u8>,
}

impl<T: Read> Read for Tap<T> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.io.read(buf)?;
        self.read.extend_from_slice(&buf[..n]);
        Ok(n)
    }
}

impl<T: Write> Write for Tap<T> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.io.write(buf)?;
        self.written.extend_from_slice(&buf[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.io.flush()
    }
}

/// The records of one direction, including their headers.
pub(crate) fn records(mut wire: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while let [_, _, _, hi, lo, ..] = wire {
        let len = usize::from(u16::from_be_bytes([*hi, *lo]));
        let (record, rest) = wire.split_at(5 + len);
        records.push(record);
        wire = rest;
    }
    records
}
