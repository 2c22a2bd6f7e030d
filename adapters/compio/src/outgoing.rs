//! Sealed bytes on their way.

use alloc::vec::Vec;

use bytes::Buf;
use compio_buf::IoBuf;
use wantwrite::{Chunk, Writer};

/// A chunk as the buffer of an operation: it lies where it was sealed.
#[derive(Debug)]
pub(crate) struct Sent(pub(crate) Chunk);

impl IoBuf for Sent {
    fn as_init(&self) -> &[u8] {
        &self.0
    }
}

/// Takes the first `n` bytes off, and puts back what was not sent. What the writer does not take
/// back, because it has sealed too much meanwhile, stays, and is to be sent first.
pub(crate) fn put_back(batch: &mut Vec<Sent>, mut n: usize, writer: &mut Writer) {
    batch.retain_mut(|Sent(chunk)| {
        let len = n.min(chunk.remaining());
        chunk.advance(len);
        n -= len;
        chunk.has_remaining()
    });
    // The last one first: each is the last that was taken then.
    while let Some(Sent(chunk)) = batch.pop() {
        if let Err(refused) = writer.put_back(chunk) {
            batch.push(Sent(refused.0));
            return;
        }
    }
}
