//! The lines that are sent, the lines that must come back, and the digests of both.

use alloc::vec::Vec;

use ring::digest::{Context, Digest, SHA256};

use crate::args::Reply;

/// Includes the line feed at the end.
pub(crate) const LINE_LEN: usize = 1024;

/// Generates lines of pseudo-random letters.
pub(crate) struct Source {
    random: u64,
    column: usize,
    left: u64,
    digest: Context,
}

impl Source {
    pub(crate) fn new(len: u64) -> Self {
        Self { random: 0x9e37_79b9_7f4a_7c15, column: 0, left: len, digest: Context::new(&SHA256) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// Writes the next bytes into `slot`, as many as fit or are left, and returns how many.
    pub(crate) fn fill(&mut self, slot: &mut [u8]) -> usize {
        let len = slot.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let Some(filled) = slot.get_mut(..len) else { return 0 };
        for byte in filled.iter_mut() {
            *byte = self.next();
        }
        self.left = self.left.saturating_sub(u64::try_from(len).unwrap_or(u64::MAX));
        self.digest.update(filled);
        len
    }

    /// Returns the digest of all bytes generated.
    pub(crate) fn digest(&self) -> Digest {
        self.digest.clone().finish()
    }

    fn next(&mut self) -> u8 {
        self.column = (self.column + 1) % LINE_LEN;
        if self.column == 0 {
            return b'\n';
        }
        // xorshift64
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let [random, ..] = self.random.to_be_bytes();
        0x40 | random >> 2
    }
}

/// Collects the lines that come back, and reverses those that the server has reversed.
pub(crate) struct Sink {
    reply: Reply,
    line: Vec<u8>,
    received: u64,
    digest: Context,
}

impl Sink {
    pub(crate) fn new(reply: Reply) -> Self {
        let line = Vec::with_capacity(LINE_LEN);
        Self { reply, line, received: 0, digest: Context::new(&SHA256) }
    }

    pub(crate) fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(bytes.len().min(LINE_LEN - self.line.len()));
            self.line.extend_from_slice(part);
            bytes = rest;
            if self.line.len() == LINE_LEN {
                self.end_line();
            }
        }
    }

    /// Returns the bytes received in whole lines.
    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    /// Returns the digest of all whole lines.
    pub(crate) fn digest(&self) -> Digest {
        self.digest.clone().finish()
    }

    fn end_line(&mut self) {
        if let (Reply::Reversed, [content @ .., b'\n']) = (self.reply, self.line.as_mut_slice()) {
            content.reverse();
        }
        self.digest.update(&self.line);
        self.received += u64::try_from(LINE_LEN).unwrap_or(u64::MAX);
        self.line.clear();
    }
}
