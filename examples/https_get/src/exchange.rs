//! One request and its answer, on one connection.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use wantwrite::Stream;

use crate::Error;
use crate::socket::Socket;
use crate::url::Url;

pub(crate) struct Exchange {
    stream: Stream<Socket>,
    /// The part of the answer that was read but not returned yet.
    read_ahead: Vec<u8>,
}

/// How an upload ended.
pub(crate) enum Upload {
    /// The server has all of it.
    Whole,
    /// The server answered, or closed, before it had taken everything.
    Answered,
    /// Writing failed. If the server answered before, the answer can still be read.
    Broken(io::Error),
}

/// An answer: its head, and its content for reading.
pub(crate) struct Answer<'a> {
    status: u16,
    reason: String,
    content_len: Option<u64>,
    content: io::Chain<io::Cursor<Vec<u8>>, Incoming<'a>>,
}

/// Stops a server that sends endless headers.
const MAX_HEAD_LEN: usize = 64 * 1024;

const MAX_HEADERS: usize = 128;

/// `io::copy`'s own buffer is too small for whole records.
const UPLOAD_BUFFER: usize = 64 * 1024;

/// How long, and for how many bytes, we wait for the server to close after us.
const LINGER: Duration = Duration::from_secs(2);
const MAX_DISCARDED: u64 = 1 << 20;

impl Exchange {
    pub(crate) const fn new(stream: Stream<Socket>) -> Self {
        Self { stream, read_ahead: Vec::new() }
    }

    /// Sends a request. If it has a length, [`upload`](Self::upload) must then send that many
    /// bytes.
    pub(crate) fn request(
        &mut self,
        method: &str,
        url: &Url,
        content_len: Option<u64>,
    ) -> Result<(), Error> {
        let Url { authority, path, .. } = url;
        let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {authority}\r\n");
        if let Some(len) = content_len {
            head += &format!("Content-Length: {len}\r\n");
        }
        head += "\r\n";
        self.stream.write_all(head.as_bytes())?;
        Ok(self.stream.flush()?)
    }

    /// Sends `content` after the request, and watches for an answer meanwhile: a server that
    /// refuses an upload can answer at any time and stop reading.
    pub(crate) fn upload(&mut self, content: &mut dyn Read) -> Result<Upload, Error> {
        self.stream.get_mut().set_blocking(false)?;
        let upload = self.upload_unless_answered(content)?;
        // Otherwise a read would block while it tries to write the rest of the upload.
        if matches!(upload, Upload::Whole) {
            self.stream.get_mut().set_blocking(true)?;
        }
        Ok(upload)
    }

    fn upload_unless_answered(&mut self, content: &mut dyn Read) -> Result<Upload, Error> {
        let mut chunk = vec![0; UPLOAD_BUFFER];
        let mut unsent = 0..0;
        loop {
            if self.reads_ahead()? {
                let is_sent = unsent.is_empty() && !self.stream.connection().wants().drain;
                let is_whole = is_sent && content.read(&mut chunk)? == 0;
                return Ok(if is_whole { Upload::Whole } else { Upload::Answered });
            }
            if unsent.is_empty() {
                unsent = 0..content.read(&mut chunk)?;
            }
            let written = if unsent.is_empty() {
                self.stream.flush().map(|()| 0)
            } else {
                self.stream.write(&chunk[unsent.clone()])
            };
            match written {
                Ok(0) => return Ok(Upload::Whole),
                Ok(n) => unsent.start += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let to_write = self.stream.connection().wants().drain;
                    self.stream.get_ref().wait(to_write)?;
                }
                Err(error) => return Ok(Upload::Broken(error)),
            }
        }
    }

    /// Reads what the socket has of the answer. Returns whether it got any bytes, or the end.
    fn reads_ahead(&mut self) -> io::Result<bool> {
        let mut buf = [0; 4 * 1024];
        match self.stream.read(&mut buf) {
            Ok(n) => {
                self.read_ahead.extend_from_slice(&buf[..n]);
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits for the answer's head.
    pub(crate) fn answer(&mut self) -> Result<Answer<'_>, Error> {
        let mut buf = [0; 4 * 1024];
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut head = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(len) = head.parse(&self.read_ahead)? {
                let (status, reason) = (head.code.unwrap_or(0), head.reason.unwrap_or(""));
                let reason = reason.to_owned();
                let content_len = content_len(head.headers);
                let mut content = std::mem::take(&mut self.read_ahead);
                content.drain(..len);
                let content = io::Cursor::new(content).chain(Incoming(&mut self.stream));
                return Ok(Answer { status, reason, content_len, content });
            }
            if self.read_ahead.len() > MAX_HEAD_LEN {
                return Err(format!(
                    "expected an answer with a head of at most {MAX_HEAD_LEN} bytes"
                )
                .into());
            }
            match Incoming(&mut self.stream).read(&mut buf)? {
                0 => return Err("the server closed without an answer".into()),
                n => self.read_ahead.extend_from_slice(&buf[..n]),
            }
        }
    }

    /// Closes our half. Most servers have already closed theirs. If not, this waits for them,
    /// because dropping the socket could reset the connection.
    pub(crate) fn close(mut self) {
        let deadline = Instant::now() + LINGER;
        // The answer is complete, so it does not matter whether the server has gone.
        let _gone = self.stream.get_mut().set_patience(LINGER).and_then(|()| {
            self.stream.close_and_linger(MAX_DISCARDED, || Instant::now() < deadline)
        });
    }
}

fn content_len(headers: &[httparse::Header<'_>]) -> Option<u64> {
    let header = headers.iter().find(|h| h.name.eq_ignore_ascii_case("content-length"))?;
    std::str::from_utf8(header.value).ok()?.trim().parse().ok()
}

impl Answer<'_> {
    pub(crate) fn status_line(&self) -> String {
        format!("{} {}", self.status, self.reason)
    }

    pub(crate) const fn is_failure(&self) -> bool {
        self.status >= 400
    }

    pub(crate) const fn content_len(&self) -> Option<u64> {
        self.content_len
    }
}

/// The server's bytes. A read waits for them even if the socket is non-blocking.
struct Incoming<'a>(&'a mut Stream<Socket>);

impl Read for Incoming<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Self(stream) = self;
        loop {
            match stream.read(buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    stream.get_ref().wait(stream.connection().wants().drain)?;
                }
                result => return result,
            }
        }
    }
}

impl Read for Answer<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.content.read(buf)
    }
}
