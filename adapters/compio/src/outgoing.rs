//! Sealed bytes that are being sent.

use alloc::vec::Vec;

use bytes::Buf;
use compio_buf::IoBuf;
use wantwrite::{Chunk, Writer};

/// A chunk as the buffer of an operation, in the memory where it was sealed.
#[derive(Debug)]
pub(crate) struct Sent(pub(crate) Chunk);

impl IoBuf for Sent {
    fn as_init(&self) -> &[u8] {
        &self.0
    }
}

/// Removes the first `n` bytes, and puts back what was not sent. What the writer refuses, because
/// it has sealed too much in the meantime, stays in `batch` and must be sent first.
pub(crate) fn put_back(batch: &mut Vec<Sent>, mut n: usize, writer: &mut Writer) {
    batch.retain_mut(|Sent(chunk)| {
        let len = n.min(chunk.remaining());
        chunk.advance(len);
        n -= len;
        chunk.has_remaining()
    });
    // Last chunk first: each one is then the last that was taken.
    while let Some(Sent(chunk)) = batch.pop() {
        if let Err(refused) = writer.put_back(chunk) {
            batch.push(Sent(refused.0));
            return;
        }
    }
}
