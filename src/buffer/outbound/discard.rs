//! When nothing may be sent to the transport any more.

use super::OutboundBuffer;

impl OutboundBuffer {
    /// Drops all pending bytes and, from now on, everything that is put back, because nothing may
    /// be sent any more. The tail must not be in use.
    pub(crate) fn discard(&mut self) {
        self.discards = true;
        self.drain_front(usize::MAX);
        if let Some(tail) = &mut self.tail {
            tail.drain(tail.waiting().len());
        }
        self.reuse_if_unused();
        self.marks.discard();
        self.waiting = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::{BufferPolicy, SegmentStore};
    use bytes::Bytes;

    fn put(buffer: &mut OutboundBuffer, bytes: &[u8]) {
        buffer.tail_mut()[..bytes.len()].copy_from_slice(bytes);
        buffer.seal(bytes.len(), bytes.len());
    }

    #[test]
    fn pending_bytes_and_returned_chunks_are_discarded() {
        for policy in [BufferPolicy::Retain, BufferPolicy::Release] {
            let mut buffer = OutboundBuffer::new(SegmentStore::new(8, policy), 4);
            buffer.add_segment();
            put(&mut buffer, b"abc");
            put(&mut buffer, b"def");
            buffer.add_segment();
            put(&mut buffer, b"gh");
            buffer.mark(3, 0);
            buffer.append_piece(Bytes::from_static(b"ij"));
            buffer.charge_last_owned();
            buffer.append_small(b"k");
            buffer.add_segment();
            put(&mut buffer, b"lm");
            let chunk = buffer.take(4).unwrap();
            assert_eq!(buffer.drained_plaintext(), 3);

            buffer.discard();
            assert_eq!(
                (buffer.waiting(), buffer.chunk(), buffer.chunks().count()),
                (0, &b""[..], 0)
            );
            assert_eq!((buffer.drained(), buffer.drained_plaintext()), (4, 3));
            assert!(buffer.take(1).is_none());

            buffer.put_back(chunk).unwrap();
            assert_eq!((buffer.waiting(), buffer.drained(), buffer.drained_plaintext()), (0, 0, 0));
            buffer.discard();
            buffer.shrink();
            assert_eq!((buffer.memory_held(), buffer.fresh_segments()), (0, 4), "{policy:?}");
        }
    }
}
