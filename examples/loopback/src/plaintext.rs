//! The plaintext to send.

use ring::digest::{Context, Digest, SHA256};

use crate::random::Rng;

/// Pseudo-random bytes, generated one write at a time, and their digest.
pub struct Plaintext {
    rng: Rng,
    /// The chunk on offer. Its first `accepted` bytes have been accepted.
    chunk: Vec<u8>,
    /// At most `chunk.len()`.
    accepted: usize,
    /// The bytes that have not been generated yet.
    left: u64,
    digest: Context,
}

impl Plaintext {
    /// Creates a source of `len` bytes, in chunks of `chunk_len`.
    pub fn new(seed: u64, len: u64, chunk_len: usize) -> Self {
        Self {
            rng: Rng::new(seed),
            chunk: vec![0; chunk_len],
            accepted: chunk_len,
            left: len,
            digest: Context::new(&SHA256),
        }
    }

    /// Returns what to offer next: the rest of a partly accepted chunk, or a new one. Empty at the
    /// end.
    pub fn offer(&mut self) -> &[u8] {
        if self.accepted == self.chunk.len() {
            let len = usize::try_from(self.left).unwrap_or(usize::MAX);
            self.chunk.truncate(len);
            self.rng.fill(&mut self.chunk);
            self.left =
                self.left.saturating_sub(u64::try_from(self.chunk.len()).unwrap_or(u64::MAX));
            self.accepted = 0;
        }
        &self.chunk[self.accepted..]
    }

    /// Records that the first `len` bytes on offer were accepted.
    pub fn accept(&mut self, len: usize) {
        let end = self.accepted + len;
        self.digest.update(&self.chunk[self.accepted..end]);
        self.accepted = end;
    }

    /// Returns the digest of all accepted bytes.
    pub fn digest(&self) -> Digest {
        self.digest.clone().finish()
    }
}
