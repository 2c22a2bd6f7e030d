//! One client: its socket, its connection's driver, and the state of its request. `reach` is the
//! loop over the driver.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};

use program::Error;
use rustix::event::PollFlags;
use wantwrite::driver::{Driver, FarEnd, Goal, Step};
use wantwrite::{Connection, MovedConnection, ReaderState, WriterState};

/// Longer requests are rejected.
const MAX_REQUEST_LEN: usize = 8192;

/// The state of the connection's one request. It moves together with the connection.
#[derive(Debug)]
pub(crate) struct Progress {
    request: Vec<u8>,
    /// The part of the response that is still to be written: its head, and the range of the body.
    head: Vec<u8>,
    from: u64,
    to: u64,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Request,
    Response,
    Closed,
}

/// What a client has asked the server to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Nothing,
    Upgrade,
    Quit,
}

pub(crate) struct Client {
    socket: TcpStream,
    driver: Driver<io::Error>,
    progress: Progress,
    /// The client is about to move: nothing more is written, and pending bytes are drained.
    is_leaving: bool,
}

impl Client {
    pub(crate) fn new(
        socket: TcpStream,
        connection: Connection,
        progress: Progress,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { socket, driver: Driver::new(connection), progress, is_leaving: false })
    }

    /// Returns the events to poll its socket for.
    pub(crate) fn interest(&self) -> PollFlags {
        let wants = self.driver.connection().wants();
        let mut interest = PollFlags::empty();
        interest.set(PollFlags::IN, wants.input);
        interest.set(PollFlags::OUT, wants.drain || self.wants_to_write());
        interest
    }

    fn wants_to_write(&self) -> bool {
        self.progress.stage == Stage::Response && !self.is_leaving
    }

    pub(crate) fn is_over(&self) -> bool {
        let connection = self.driver.connection();
        let is_closed = self.progress.stage == Stage::Closed && !connection.wants().drain;
        is_closed && connection.reader_state() != ReaderState::Open
    }

    /// Stops writing, so that the connection comes to rest.
    pub(crate) fn leave(&mut self) {
        self.is_leaving = true;
    }

    /// Returns whether the client can move to another process: its handshake is complete and no
    /// bytes are pending.
    pub(crate) fn is_ready_to_move(&self) -> bool {
        let connection = self.driver.connection();
        connection.writer_state() == WriterState::Open && !connection.wants().drain
    }

    /// Returns the parts to send to another process, or the client itself if it is not at rest.
    pub(crate) fn into_moved(self) -> Result<(TcpStream, Progress, MovedConnection), Box<Self>> {
        let Self { socket, driver, progress, is_leaving } = self;
        match driver.into_connection().dangerous_into_moved() {
            Ok(moved) => Ok((socket, progress, moved)),
            Err(connection) => {
                let driver = Driver::new(connection);
                Err(Box::new(Self { socket, driver, progress, is_leaving }))
            }
        }
    }

    /// Makes as much progress as the socket allows.
    pub(crate) fn drive(&mut self) -> Result<Asked, Error> {
        self.read()?;
        let asked = self.answer()?;
        while self.wants_to_write() && self.reach(Goal::Write)? {
            self.fill()?;
        }
        self.reach(Goal::Flush)?;
        Ok(asked)
    }

    /// Reads everything that the socket has. Pending bytes are drained meanwhile.
    fn read(&mut self) -> Result<(), Error> {
        while self.reach(Goal::Read)? {
            let Progress { request, stage, .. } = &mut self.progress;
            let read = self.driver.read_plaintext(|connection| {
                let plaintext = connection.plaintext();
                if *stage == Stage::Request {
                    request.extend_from_slice(plaintext);
                }
                let len = plaintext.len();
                connection.consume_all();
                Ok(len)
            });
            if read.map_err(io::Error::from)? == 0 {
                break; // the client has closed its half
            }
        }
        Ok(())
    }

    /// Works towards `goal` as far as the socket allows now. Returns `false` if that did not reach
    /// it.
    fn reach(&mut self, goal: Goal) -> Result<bool, Error> {
        let Self { driver, socket, .. } = self;
        loop {
            let result = match driver.next(goal).map_err(io::Error::from)? {
                Step::Done => return Ok(true),
                Step::Blocked => return Ok(false),
                Step::Flush => socket.flush().map(|()| driver.flushed()),
                Step::Write(mut bytes) => socket.write(bytes.chunk()).map(|n| driver.wrote(n)),
                Step::Read(memory) => socket.read(memory).map(|n| driver.read(n)),
            };
            match result {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => driver.blocked(),
                Err(error) => driver.failed(FarEnd::from(&error), error),
            }
        }
    }

    /// Prepares the response once the request is complete.
    fn answer(&mut self) -> Result<Asked, Error> {
        let Progress { request, stage, .. } = &mut self.progress;
        if *stage != Stage::Request {
            return Ok(Asked::Nothing);
        }
        if request.len() > MAX_REQUEST_LEN {
            return Err("the request is too long".into());
        }
        if !request.ends_with(b"\r\n\r\n") {
            return Ok(Asked::Nothing);
        }
        let text = String::from_utf8_lossy(request).into_owned();
        let path = text.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).unwrap_or("");
        let asked = match path {
            "/upgrade" => Asked::Upgrade,
            "/quit" => Asked::Quit,
            _ => Asked::Nothing,
        };
        let text = match path {
            "/upgrade" => "upgrading\n".to_owned(),
            "/quit" => "quitting\n".to_owned(),
            "/pid" => format!("{}\n", std::process::id()),
            _ => String::new(),
        };
        let len = path.strip_prefix("/bytes/").and_then(|n| n.parse::<u64>().ok());
        let status = if text.is_empty() && len.is_none() { "404 Not Found" } else { "200 OK" };
        self.progress.to = len.unwrap_or(0);
        let content_len = self.progress.to.max(u64::try_from(text.len())?);
        self.progress.head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {content_len}\r\nconnection: close\r\n\r\n{text}"
        )
        .into_bytes();
        self.progress.stage = Stage::Response;
        Ok(asked)
    }

    /// Writes as much of the response as there is room for, and closes at its end.
    fn fill(&mut self) -> Result<(), Error> {
        let Self { driver, progress, .. } = self;
        let written = driver.write_plaintext(|writer| {
            let mut written = writer.write(&progress.head)?;
            progress.head.drain(..written);
            while progress.head.is_empty() && progress.from < progress.to && writer.room() > 0 {
                let mut slot = writer.slot()?;
                let len = progress.fill_body(&mut slot);
                slot.commit(len)?;
                written += len;
            }
            Ok(written)
        });
        written.map_err(io::Error::from)?;
        if progress.head.is_empty() && progress.from == progress.to {
            driver.connection_mut().close()?;
            progress.stage = Stage::Closed;
        }
        Ok(())
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Progress {
    pub(crate) const fn new() -> Self {
        Self { request: Vec::new(), head: Vec::new(), from: 0, to: 0, stage: Stage::Request }
    }

    /// Fills `memory` with the next part of the body, and returns how long that was.
    fn fill_body(&mut self, memory: &mut [u8]) -> usize {
        let mut len = 0;
        for (place, at) in memory.iter_mut().zip(self.from..self.to) {
            *place = u8::try_from(at % 251).unwrap_or(0);
            len += 1;
            self.from = at + 1;
        }
        len
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let request = match self.stage {
            Stage::Request => &self.request[..],
            Stage::Response | Stage::Closed => &[],
        };
        let is_response = u8::from(self.stage == Stage::Response);
        let mut bytes = vec![is_response];
        for number in [self.from, self.to] {
            bytes.extend(number.to_be_bytes());
        }
        for part in [request, &self.head] {
            // Both are shorter than the longest request.
            bytes.extend(u16::try_from(part.len()).unwrap_or(0).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        bytes
    }

    /// Parses what `to_bytes` produced, and returns the rest of the bytes too.
    pub(crate) fn from_bytes(bytes: &mut [u8]) -> Result<(Self, &mut [u8]), Error> {
        fn take<'a>(bytes: &mut &'a mut [u8], len: usize) -> Result<&'a mut [u8], Error> {
            let (part, rest) =
                std::mem::take(bytes).split_at_mut_checked(len).ok_or("a message is truncated")?;
            *bytes = rest;
            Ok(part)
        }
        let mut rest = bytes;
        let stage = match take(&mut rest, 1)? {
            [1] => Stage::Response,
            _ => Stage::Request,
        };
        let mut number = || -> Result<u64, Error> {
            Ok(u64::from_be_bytes(<[u8; 8]>::try_from(&*take(&mut rest, 8)?)?))
        };
        let (from, to) = (number()?, number()?);
        let mut part = || -> Result<Vec<u8>, Error> {
            let len = u16::from_be_bytes(<[u8; 2]>::try_from(&*take(&mut rest, 2)?)?);
            Ok(take(&mut rest, len.into())?.to_vec())
        };
        let (request, head) = (part()?, part()?);
        Ok((Self { request, head, from, to, stage }, rest))
    }
}
