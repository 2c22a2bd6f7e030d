//! The body of a request: counted and hashed as it arrives, never stored.

use ring::digest::{Context, SHA256};

use crate::response::Status;

/// How to find the end of the body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// The body has this length in bytes.
    Length(u64),
    /// The body uses the chunked transfer coding (RFC 9112 §7.1).
    Chunked,
}

pub(crate) struct Body {
    part: Part,
    framing: Framing,
    /// The part of a line of the chunked coding that has arrived so far.
    line: Vec<u8>,
    len: u64,
    digest: Context,
}

/// The part of the body that comes next.
enum Part {
    /// This many bytes of content.
    Content(u64),
    /// The line with the size of the next chunk.
    ChunkSize,
    /// The line ending after a chunk.
    ChunkEnd,
    /// A header field after the last chunk, or the empty line after them.
    Trailer,
    Nothing,
}

impl Body {
    pub(crate) fn new(framing: Framing) -> Self {
        let part = match framing {
            Framing::Length(0) => Part::Nothing,
            Framing::Length(len) => Part::Content(len),
            Framing::Chunked => Part::ChunkSize,
        };
        Self { part, framing, line: Vec::new(), len: 0, digest: Context::new(&SHA256) }
    }

    /// Takes a prefix of `bytes`, which must not be empty, and returns its length.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<usize, Status> {
        match self.part {
            Part::Content(left) => Ok(self.take_content(left, bytes)),
            Part::ChunkSize | Part::ChunkEnd | Part::Trailer => self.take_line(bytes),
            Part::Nothing => Ok(0),
        }
    }

    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.part, Part::Nothing)
    }

    /// Returns a human-readable summary of the body.
    pub(crate) fn summary(self) -> String {
        let digest = self.digest.finish();
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{} bytes\nSHA-256 {hex}\n", self.len)
    }

    fn take_content(&mut self, left: u64, bytes: &[u8]) -> usize {
        let n = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = u64::try_from(n).unwrap_or(u64::MAX);
        self.digest.update(&bytes[..n]);
        self.len += count;
        self.part = match (left - count, self.framing) {
            (0, Framing::Length(_)) => Part::Nothing,
            (0, Framing::Chunked) => Part::ChunkEnd,
            (left, _) => Part::Content(left),
        };
        n
    }

    fn take_line(&mut self, bytes: &[u8]) -> Result<usize, Status> {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let n = end.map_or(bytes.len(), |end| end + 1);
        self.line.extend_from_slice(&bytes[..n]);
        if self.line.len() > MAX_LINE_LEN {
            return Err(Status::BAD_REQUEST);
        }
        if end.is_some() {
            self.part = self.after_line()?;
            self.line.clear();
        }
        Ok(n)
    }

    fn after_line(&self) -> Result<Part, Status> {
        let is_empty = self.line == b"\r\n";
        match self.part {
            Part::ChunkSize => match httparse::parse_chunk_size(&self.line) {
                Ok(httparse::Status::Complete((_, 0))) => Ok(Part::Trailer),
                Ok(httparse::Status::Complete((_, len))) => Ok(Part::Content(len)),
                Ok(httparse::Status::Partial) | Err(_) => Err(Status::BAD_REQUEST),
            },
            Part::ChunkEnd if is_empty => Ok(Part::ChunkSize),
            Part::Trailer if is_empty => Ok(Part::Nothing),
            Part::Trailer => Ok(Part::Trailer),
            Part::ChunkEnd | Part::Content(_) | Part::Nothing => Err(Status::BAD_REQUEST),
        }
    }
}

/// Stops a client that sends an endless line.
const MAX_LINE_LEN: usize = 4 * 1024;
