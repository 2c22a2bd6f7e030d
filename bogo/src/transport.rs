//! The socket to the runner.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};

use wantwrite::Connection;

use crate::failure::Failure;
use crate::flags::Invocation;
use crate::options::ServerMessage;

/// A socket that optionally moves one byte at a time.
#[derive(Debug)]
pub(crate) struct Transport {
    socket: TcpStream,
    reads: Pace,
    writes: Pace,
    records: Records,
}

/// The complete records received so far.
#[derive(Debug, Default)]
struct Records {
    /// The start of the next record.
    partial: Vec<u8>,
    handshake: usize,
    protected: usize,
}

/// How the bytes of one direction move.
#[derive(Clone, Copy, Debug)]
enum Pace {
    Free,
    /// Calls alternate: one would block, the next moves a byte.
    Bytewise {
        ready: bool,
    },
}

impl Transport {
    /// Connects to the runner and identifies itself.
    pub(crate) fn connect(invocation: &Invocation, bytewise: bool) -> io::Result<Self> {
        let host: IpAddr =
            if invocation.ipv6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
        let mut socket = TcpStream::connect((host, invocation.port))?;
        socket.set_nodelay(true)?;
        socket.write_all(&invocation.shim_id.to_le_bytes())?;
        let pace = if bytewise { Pace::Bytewise { ready: false } } else { Pace::Free };
        Ok(Self { socket, reads: pace, writes: pace, records: Records::default() })
    }

    /// Receives what the socket has, unless that would block.
    pub(crate) fn fill(&mut self, tls: &mut Connection) -> Result<(), Failure> {
        let Some(mut inbound) = tls.inbound() else { return Ok(()) };
        match would_block_is_none(self.read(&mut inbound))? {
            None => {}
            Some(0) => tls.end_of_input(),
            Some(len) => {
                inbound.commit(len).map_err(|error| Failure::Unexpected(error.to_string()))?;
            }
        }
        Ok(())
    }

    /// Sends all pending bytes.
    pub(crate) fn drain(&mut self, tls: &mut Connection) -> Result<(), Failure> {
        while tls.wants().drain {
            let mut drain = tls.writer_mut().drain();
            let sent = would_block_is_none(self.write(drain.chunk()))?;
            assert_eq!(drain.advance(sent.unwrap_or(0)), Ok(()));
        }
        Ok(())
    }

    pub(crate) fn drain_one_byte(&mut self, tls: &mut Connection) -> Result<(), Failure> {
        let mut drain = tls.writer_mut().drain();
        while would_block_is_none(self.write(&drain.chunk()[..1]))?.is_none() {}
        assert_eq!(drain.advance(1), Ok(()));
        Ok(())
    }

    /// Whether a server's message has arrived completely.
    pub(crate) fn has_come(&self, message: ServerMessage) -> bool {
        match message {
            ServerMessage::ServerHello => self.records.handshake > 0,
            ServerMessage::EncryptedExtensions => self.records.protected > 0,
        }
    }

    /// Closes our direction and reads until the runner closes its own. If we left its bytes unread,
    /// the bytes that the runner has not yet read would be lost.
    pub(crate) fn finish(mut self) {
        if self.socket.shutdown(Shutdown::Write).is_ok() {
            let _ended_or_reset = io::copy(&mut self.socket, &mut io::sink());
        }
    }
}

impl Read for Transport {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.reads.allow(buf.len())?;
        match self.socket.read(&mut buf[..len]) {
            // The runner has gone, but what it sent before still counts.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(0),
            result => result.inspect(|&len| self.records.add(&buf[..len])),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = self.writes.allow(buf.len())?;
        self.socket.write(&buf[..len])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl Records {
    fn add(&mut self, bytes: &[u8]) {
        self.partial.extend_from_slice(bytes);
        while let Some(&[content_type, _, _, hi, lo]) = self.partial.first_chunk() {
            let len = 5 + usize::from(u16::from_be_bytes([hi, lo]));
            if self.partial.len() < len {
                break;
            }
            self.partial.drain(..len);
            match content_type {
                0x16 => self.handshake += 1,
                0x17 => self.protected += 1,
                _ => {}
            }
        }
    }
}

fn would_block_is_none(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        result => result.map(Some),
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
