//! Responses, and writing them.

use std::fmt::Write;

use crate::Error;
use crate::content::Content;
use crate::engine::Engine;
use crate::request::{HttpVersion, Method, Request};

pub(crate) struct Response {
    status: Status,
    media_type: &'static str,
    text: String,
    content: Content,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status(&'static str);

impl Status {
    pub(crate) const OK: Self = Self("200 OK");
    pub(crate) const BAD_REQUEST: Self = Self("400 Bad Request");
    pub(crate) const NOT_FOUND: Self = Self("404 Not Found");
    pub(crate) const METHOD_NOT_ALLOWED: Self = Self("405 Method Not Allowed");
    pub(crate) const EXPECTATION_FAILED: Self = Self("417 Expectation Failed");
    pub(crate) const HEAD_TOO_LARGE: Self = Self("431 Request Header Fields Too Large");
    pub(crate) const NOT_IMPLEMENTED: Self = Self("501 Not Implemented");
    pub(crate) const VERSION_NOT_SUPPORTED: Self = Self("505 HTTP Version Not Supported");
}

impl Status {
    pub(crate) const fn line(self) -> &'static str {
        self.0
    }
}

impl Response {
    pub(crate) const fn text(text: String) -> Self {
        Self { status: Status::OK, media_type: TEXT, text, content: Content::Empty }
    }

    pub(crate) const fn content(media_type: &'static str, content: Content) -> Self {
        Self { status: Status::OK, media_type, text: String::new(), content }
    }

    pub(crate) fn error(status: Status) -> Self {
        let text = format!("{}\n", status.0);
        Self { status, media_type: TEXT, text, content: Content::Empty }
    }

    /// Returns the response to `request`, or to input that was not a valid request, ready to write.
    pub(crate) fn for_request(self, request: Option<&Request>, keep_alive: bool) -> Outgoing {
        let head = self.head(request.map(|request| request.version), keep_alive);
        if request.is_some_and(|request| request.method == Method::Head) {
            return Outgoing { head, written: 0, content: Content::Empty, keep_alive };
        }
        // A small page shares a record with the head.
        let head = head + &self.text;
        Outgoing { head, written: 0, content: self.content, keep_alive }
    }

    fn head(&self, version: Option<HttpVersion>, keep_alive: bool) -> String {
        let len = u64::try_from(self.text.len()).unwrap_or(u64::MAX) + self.content.len();
        let connection = match (keep_alive, version) {
            (false, _) => "Connection: close\r\n",
            (true, Some(HttpVersion::Http10)) => "Connection: keep-alive\r\n",
            (true, _) => "",
        };
        let allow = match self.status {
            Status::METHOD_NOT_ALLOWED => "Allow: GET, HEAD, PUT, POST\r\n",
            _ => "",
        };
        let Status(status) = self.status;
        let media_type = self.media_type;
        let mut head = String::with_capacity(HEAD_LEN + self.text.len());
        // Writing to a string cannot fail.
        let _infallible = write!(
            head,
            "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len}\r\n\
             {connection}{allow}\r\n"
        );
        head
    }
}

/// More than any of our heads needs.
const HEAD_LEN: usize = 256;

const TEXT: &str = "text/plain; charset=utf-8";

/// The part of a response that is still to be written.
pub(crate) struct Outgoing {
    /// The head, and a text after it.
    head: String,
    written: usize,
    content: Content,
    pub(crate) keep_alive: bool,
}

impl Outgoing {
    /// Writes at most one record, as far as there is room. Returns whether it wrote anything.
    pub(crate) fn write(&mut self, tls: &mut impl Engine) -> Result<bool, Error> {
        let head = &self.head.as_bytes()[self.written..];
        if head.is_empty() {
            return Ok(tls.write_with(|slot| self.content.fill(slot))? > 0);
        }
        let n = tls.write(head)?;
        self.written += n;
        Ok(n > 0)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.written == self.head.len() && self.content.len() == 0
    }
}
