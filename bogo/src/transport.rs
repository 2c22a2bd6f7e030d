//! The socket to the runner.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};
use std::ops::Range;

use crate::flags::Invocation;

/// A socket, whole or a byte at a time.
#[derive(Debug)]
pub(crate) struct Transport {
    socket: TcpStream,
    reads: Direction,
    writes: Direction,
}

/// One direction's pace, and how it began.
#[derive(Debug)]
struct Direction {
    pace: Pace,
    beginning: Vec<u8>,
}

/// A record's header, a handshake message's, the version: where the random of a ServerHello is.
const SERVER_RANDOM: Range<usize> = 11..43;

/// How the bytes of one direction move.
#[derive(Clone, Copy, Debug)]
enum Pace {
    Free,
    /// One call would block, the next one moves a byte.
    Bytewise {
        ready: bool,
    },
}

impl Transport {
    /// Goes to the runner and says who it is.
    pub(crate) fn connect(invocation: &Invocation, bytewise: bool) -> io::Result<Self> {
        let host: IpAddr =
            if invocation.ipv6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let mut socket = TcpStream::connect((host, invocation.port))?;
        socket.set_nodelay(true)?;
        socket.write_all(&invocation.shim_id.to_le_bytes())?;
        let pace = if bytewise { Pace::Bytewise { ready: false } } else { Pace::Free };
        let direction = || Direction { pace, beginning: Vec::new() };
        Ok(Self { socket, reads: direction(), writes: direction() })
    }

    /// The random of the ServerHello with which the server began.
    pub(crate) fn server_random(&self, is_server: bool) -> Option<&[u8]> {
        let server = if is_server { &self.writes } else { &self.reads };
        server.beginning.get(SERVER_RANDOM)
    }

    /// Ends our direction and waits for the end of the other one: what the runner has not read
    /// would be lost if we left bytes of it unread.
    pub(crate) fn finish(mut self) {
        if self.socket.shutdown(Shutdown::Write).is_ok() {
            let _ended_or_reset = io::copy(&mut self.socket, &mut io::sink());
        }
    }
}

impl Read for Transport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.reads.pace.allow(buf.len())?;
        match self.socket.read(&mut buf[..len]) {
            // The runner has gone: what it sent before counts.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(0),
            result => result.inspect(|&len| self.reads.remember(&buf[..len])),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = self.writes.pace.allow(buf.len())?;
        self.socket.write(&buf[..len]).inspect(|&len| self.writes.remember(&buf[..len]))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl Direction {
    fn remember(&mut self, bytes: &[u8]) {
        let missing = SERVER_RANDOM.end - self.beginning.len();
        self.beginning.extend(bytes.iter().take(missing));
    }
}

impl Pace {
    /// How many of `len` bytes may move now.
    fn allow(&mut self, len: usize) -> io::Result<usize> {
        match self {
            Self::Free => Ok(len),
            Self::Bytewise { ready } => {
                *ready = !*ready;
                if *ready { Err(ErrorKind::WouldBlock.into()) } else { Ok(len.min(1)) }
            }
        }
    }
}
