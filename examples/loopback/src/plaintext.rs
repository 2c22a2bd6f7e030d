//! What is sent.

use ring::digest::{Context, Digest, SHA256};

use crate::random::Rng;

/// Pseudo-random bytes, made one write at a time, and their digest.
pub struct Plaintext {
    rng: Rng,
    /// What is being offered; its first `accepted` bytes are done with.
    chunk: Vec<u8>,
    /// Always at most `chunk.len()`.
    accepted: usize,
    /// Bytes that are not in `chunk` yet.
    left: u64,
    digest: Context,
}

impl Plaintext {
    /// `len` bytes in chunks of `chunk_len`.
    pub fn new(seed: u64, len: u64, chunk_len: usize) -> Self {
        Self {
            rng: Rng::new(seed),
            chunk: vec![0; chunk_len],
            accepted: chunk_len,
            left: len,
            digest: Context::new(&SHA256),
        }
    }

    /// What to offer: the rest of the chunk that was accepted in part, or a new one; empty at the
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

    /// The first `len` bytes of what was offered were accepted.
    pub fn accept(&mut self, len: usize) {
        let end = self.accepted + len;
        self.digest.update(&self.chunk[self.accepted..end]);
        self.accepted = end;
    }

    /// The digest of everything that was accepted.
    pub fn digest(&self) -> Digest {
        self.digest.clone().finish()
    }
}
