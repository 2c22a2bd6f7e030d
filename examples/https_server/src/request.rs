//! The head of a request (RFC 9112).

use std::str;

use httparse::Header;

use crate::body::Framing;
use crate::response::Status;

pub(crate) struct Request {
    pub(crate) method: Method,
    /// Does not include the query.
    pub(crate) path: String,
    pub(crate) version: HttpVersion,
    pub(crate) keep_alive: bool,
    /// The client waits for 100 (Continue) before it sends the body.
    pub(crate) expects_continue: bool,
    pub(crate) framing: Framing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    /// PUT or POST.
    Upload,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HttpVersion {
    Http10,
    Http11,
}

/// Stops a client that sends endless headers.
pub(crate) const MAX_HEAD_LEN: usize = 16 * 1024;

const MAX_HEADERS: usize = 64;

impl Request {
    /// Parses a request, and returns it with the length of its head. `None` if the head is
    /// incomplete.
    ///
    /// # Errors
    /// The status to answer an invalid request with.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Status> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let len = match head.parse(bytes) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(Status::HEAD_TOO_LARGE),
            Err(httparse::Error::Version) => return Err(Status::VERSION_NOT_SUPPORTED),
            Err(_) => return Err(Status::BAD_REQUEST),
        };
        let version = match head.version {
            Some(0) => HttpVersion::Http10,
            _ => HttpVersion::Http11,
        };
        let method = match head.method {
            Some("GET") => Method::Get,
            Some("HEAD") => Method::Head,
            Some("PUT" | "POST") => Method::Upload,
            _ => Method::Other,
        };
        let path = head.path.unwrap_or_default().split('?').next().unwrap_or_default();
        let expects_continue = expectation(head.headers)? && version == HttpVersion::Http11;
        let request = Self {
            method,
            path: path.to_owned(),
            version,
            keep_alive: keep_alive(version, head.headers),
            expects_continue,
            framing: framing(version, head.headers)?,
        };
        Ok(Some((request, len)))
    }
}

fn keep_alive(version: HttpVersion, headers: &[Header<'_>]) -> bool {
    let asks_for = |option: &str| {
        values(headers, "connection").any(|value| {
            value
                .split(|&byte| byte == b',')
                .any(|token| token.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
        })
    };
    match version {
        HttpVersion::Http10 => asks_for("keep-alive") && !asks_for("close"),
        HttpVersion::Http11 => !asks_for("close"),
    }
}

fn expectation(headers: &[Header<'_>]) -> Result<bool, Status> {
    let mut expected = false;
    for value in values(headers, "expect") {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Status::EXPECTATION_FAILED);
        }
        expected = true;
    }
    Ok(expected)
}

/// Returns how long the body is (RFC 9112 §6.3). Rejects anything that two parsers could interpret
/// differently.
fn framing(version: HttpVersion, headers: &[Header<'_>]) -> Result<Framing, Status> {
    let mut length = None;
    for value in values(headers, "content-length") {
        let digits = value.iter().all(u8::is_ascii_digit).then_some(value);
        let number = digits.and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
        let number = number.ok_or(Status::BAD_REQUEST)?;
        if length.is_some_and(|length| length != number) {
            return Err(Status::BAD_REQUEST);
        }
        length = Some(number);
    }
    let mut codings = values(headers, "transfer-encoding");
    match (codings.next(), codings.next(), length) {
        (None, _, length) => Ok(Framing::Length(length.unwrap_or(0))),
        (Some(_), _, _) if version == HttpVersion::Http10 => Err(Status::BAD_REQUEST),
        (Some(coding), None, None) if coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Framing::Chunked)
        }
        (Some(_), _, None) => Err(Status::NOT_IMPLEMENTED),
        (Some(_), _, Some(_)) => Err(Status::BAD_REQUEST),
    }
}

fn values<'a>(headers: &'a [Header<'a>], name: &str) -> impl Iterator<Item = &'a [u8]> {
    headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .map(|header| header.value)
}
