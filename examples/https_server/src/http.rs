//! HTTP/1.1 on one connection: one request after another, pipelined or not.

use crate::Error;
use crate::app::Site;
use crate::body::{Body, Framing};
use crate::content::{self, Content};
use crate::engine::{Engine, Peer};
use crate::request::{MAX_HEAD_LEN, Method, Request};
use crate::response::{Outgoing, Response, Status};

#[derive(Default)]
pub(crate) struct Http {
    state: State,
    /// The part of a request's head that has arrived so far.
    head: Vec<u8>,
    stopping: bool,
    patient: bool,
}

/// A request is not parsed until the previous one has been answered. Until then it waits in the
/// engine's inbound buffer, and beyond that in the socket.
#[derive(Default)]
enum State {
    #[default]
    Head,
    /// Begins with the part of 100 (Continue) that is still to be written.
    Body(&'static [u8], Box<(Request, Body)>),
    Answering(Outgoing),
    Done,
}

impl Http {
    /// Takes one step: consumes what was read, or writes at most one record.
    pub(crate) fn step(&mut self, tls: &mut impl Engine, site: &mut Site) -> Result<bool, Error> {
        match &mut self.state {
            State::Head => self.read_head(tls, site),
            State::Body(interim, _) if !interim.is_empty() => {
                let n = tls.write(interim)?;
                *interim = &interim[n..];
                Ok(n > 0)
            }
            State::Body(..) => self.read_body(tls, site),
            State::Answering(outgoing) => {
                let moved = outgoing.write(tls)?;
                if !outgoing.is_done() {
                    return Ok(moved);
                }
                let goes_on = outgoing.keep_alive && !self.stopping;
                self.state = if goes_on { State::Head } else { State::Done };
                Ok(true)
            }
            State::Done => Ok(false),
        }
    }

    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    pub(crate) const fn is_patient(&self) -> bool {
        self.patient && !self.stopping
    }

    pub(crate) fn stop(&mut self) {
        self.stopping = true;
    }

    fn read_head(&mut self, tls: &mut impl Engine, site: &mut Site) -> Result<bool, Error> {
        if tls.plaintext().is_empty() {
            let ends = tls.peer() != Peer::Open || (self.stopping && self.head.is_empty());
            if ends {
                self.state = State::Done;
            }
            return Ok(ends);
        }
        let (n, request) = self.take_head(tls.plaintext());
        tls.consume(n);
        match request {
            Ok(None) => {}
            Ok(Some(request)) if request.framing == Framing::Length(0) => {
                self.answer(&request, None, tls, site)?;
            }
            Ok(Some(request)) => {
                let interim: &[u8] = if request.expects_continue { CONTINUE } else { &[] };
                let body = Body::new(request.framing);
                self.state = State::Body(interim, Box::new((request, body)));
            }
            Err(status) => self.refuse(status, site),
        }
        Ok(true)
    }

    /// Takes bytes of the head, and returns how many.
    fn take_head(&mut self, bytes: &[u8]) -> (usize, Result<Option<Request>, Status>) {
        if self.head.is_empty() {
            match Request::parse(bytes) {
                Ok(None) => {}
                Ok(Some((request, len))) => return (len, Ok(Some(request))),
                Err(status) => return (bytes.len(), Err(status)),
            }
        }
        let held = self.head.len();
        let n = bytes.len().min(MAX_HEAD_LEN - held);
        self.head.extend_from_slice(&bytes[..n]);
        match Request::parse(&self.head) {
            Ok(None) if n < bytes.len() => (n, Err(Status::HEAD_TOO_LARGE)),
            Ok(None) => (n, Ok(None)),
            Ok(Some((request, len))) => {
                self.head = Vec::new();
                (len.saturating_sub(held), Ok(Some(request)))
            }
            Err(status) => (n, Err(status)),
        }
    }

    fn read_body(&mut self, tls: &mut impl Engine, site: &mut Site) -> Result<bool, Error> {
        let State::Body(_, incoming) = &mut self.state else { return Ok(false) };
        if tls.plaintext().is_empty() {
            let ends = tls.peer() != Peer::Open;
            if ends {
                self.state = State::Done;
            }
            return Ok(ends);
        }
        match incoming.1.take(tls.plaintext()) {
            Ok(n) => tls.consume(n),
            Err(status) => {
                self.refuse(status, site);
                return Ok(true);
            }
        }
        if incoming.1.is_done() {
            if let State::Body(_, incoming) = std::mem::take(&mut self.state) {
                let (request, body) = *incoming;
                self.answer(&request, Some(body), tls, site)?;
            }
        }
        Ok(true)
    }

    fn answer(
        &mut self,
        request: &Request,
        body: Option<Body>,
        tls: &mut impl Engine,
        site: &mut Site,
    ) -> Result<(), Error> {
        site.stats.requests += 1;
        self.patient = request.path == "/keepalive";
        let response = match request.method {
            Method::Upload => {
                Response::text(body.unwrap_or_else(|| Body::new(request.framing)).summary())
            }
            Method::Get | Method::Head => get(&request.path, tls, site)?,
            Method::Other => Response::error(Status::METHOD_NOT_ALLOWED),
        };
        let keep_alive = (request.keep_alive || self.patient) && !self.stopping;
        self.state = State::Answering(response.for_request(Some(request), keep_alive));
        Ok(())
    }

    /// Answers with an error and ends the connection, since the rest of its input cannot be
    /// understood.
    fn refuse(&mut self, status: Status, site: &mut Site) {
        site.stats.refused += 1;
        self.state = State::Answering(Response::error(status).for_request(None, false));
    }
}

fn get(path: &str, tls: &mut impl Engine, site: &Site) -> Result<Response, Error> {
    Ok(match path {
        "/" | "/keepalive" => Response::text(PAGE.to_owned()),
        "/keyupdate" => {
            tls.update_keys()?;
            Response::text(PAGE.to_owned())
        }
        "/stats" => Response::text(site.stats.to_string()),
        _ => {
            if let Some(len) = path.strip_prefix("/bytes/").and_then(|len| len.parse().ok()) {
                return Ok(Response::content("text/plain", Content::Pattern(0, len)));
            }
            let root = site.root.as_deref();
            match root.and_then(|root| content::find(root, path)) {
                Some(found) => Response::content(found.media_type, found.content),
                None => Response::error(Status::NOT_FOUND),
            }
        }
    })
}

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

const PAGE: &str = "Sealed by wantwrite, sent when the socket was ready.\n";
