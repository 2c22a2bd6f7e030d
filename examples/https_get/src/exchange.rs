//! One request and its answer, on one connection.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use wantwrite::Stream;

use crate::Error;
use crate::url::Url;

pub(crate) struct Exchange {
    stream: Stream<TcpStream>,
    /// What was read behind the answer's head.
    read_ahead: Vec<u8>,
}

/// The answer: its head, and its content to read.
pub(crate) struct Answer<'a> {
    status: u16,
    reason: String,
    content_len: Option<u64>,
    content: io::Chain<io::Cursor<Vec<u8>>, &'a mut Stream<TcpStream>>,
}

/// Stops a server that sends headers without end.
const MAX_HEAD_LEN: usize = 64 * 1024;

const MAX_HEADERS: usize = 128;

/// How long, and for how many bytes, we wait for the server to end after us.
const LINGER: Duration = Duration::from_secs(2);
const MAX_DISCARDED: u64 = 1 << 20;

impl Exchange {
    pub(crate) const fn new(stream: Stream<TcpStream>) -> Self {
        Self { stream, read_ahead: Vec::new() }
    }

    /// Asks; with a length, that many bytes are to be written to [`body`](Self::body) then.
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
        Ok(())
    }

    pub(crate) const fn body(&mut self) -> &mut impl Write {
        &mut self.stream
    }

    /// Waits for the answer's head.
    pub(crate) fn answer(&mut self) -> Result<Answer<'_>, Error> {
        self.stream.flush()?;
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
                let content = io::Cursor::new(content).chain(&mut self.stream);
                return Ok(Answer { status, reason, content_len, content });
            }
            if self.read_ahead.len() > MAX_HEAD_LEN {
                return Err("the answer's head does not end".into());
            }
            match self.stream.read(&mut buf)? {
                0 => return Err("the server closed without an answer".into()),
                n => self.read_ahead.extend_from_slice(&buf[..n]),
            }
        }
    }

    /// Ends our half too. The server has most often ended already. If not, a socket that is dropped
    /// would be reset, so we wait for it.
    pub(crate) fn close(mut self) {
        let deadline = Instant::now() + LINGER;
        // The answer is complete, so it does not matter whether the server has gone.
        let _gone = self.stream.get_ref().set_read_timeout(Some(LINGER)).and_then(|()| {
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

impl Read for Answer<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.content.read(buf)
    }
}
