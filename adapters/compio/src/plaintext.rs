//! Plaintext into the caller's buffer.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use compio_buf::{BufResult, IoBufMut};
use compio_io::AsyncRead;
use wantwrite::{Connection, ConnectionError};

/// Reads into the start of `buf`, over its contents, without exceeding its capacity.
pub(crate) fn read_into<B: IoBufMut>(
    connection: &mut Connection,
    buf: &mut Option<B>,
) -> Result<usize, ConnectionError> {
    let mut at = 0;
    connection.read_with(|plaintext| {
        let Some(mut memory) = buf.take() else { return 0 };
        let n = plaintext.len().min(memory.buf_capacity() - at);
        let (over, behind) = plaintext[..n].split_at(n.min(memory.buf_len().saturating_sub(at)));
        memory.as_mut_slice()[at..at + over.len()].copy_from_slice(over);
        // Never reserves: the capacity suffices.
        let n = if behind.is_empty() || memory.extend_from_slice(behind).is_ok() {
            n
        } else if at == 0 {
            // A slice of a buffer with a fixed end cannot be appended to.
            let BufResult(copied, filled) = at_once((&plaintext[..n]).read(memory));
            memory = filled;
            copied.unwrap_or(0)
        } else {
            over.len()
        };
        at += n;
        *buf = Some(memory);
        n
    })
}

/// The result of a future that is never pending.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        let poll = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(result) = poll {
            return result;
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use compio_buf::{IoBuf, IoBufMut};
    use wantwrite_testing::{TLS13, established, pattern};

    use super::*;

    /// How much of `hello` a read returns, and the contents of the buffer afterwards.
    fn read_hello<B: IoBufMut>(buf: B) -> (usize, Vec<u8>) {
        let mut buf = Some(buf);
        let (mut ours, mut peer) = established(TLS13, wantwrite::Role::Client);
        for part in [&b"hel"[..], b"lo"] {
            let wire = peer.send(part);
            assert_eq!(ours.receive(&wire), wire.len());
        }
        let n = read_into(&mut ours, &mut buf).unwrap_or_default();
        (n, buf.map(|buf| buf.as_init().to_vec()).unwrap_or_default())
    }

    #[test]
    fn every_kind_of_buffer_is_filled_from_its_start() {
        let empty = || Vec::with_capacity(8);
        assert_eq!(read_hello(empty()), (5, b"hello".to_vec()));
        let mut longer = pattern(10);
        longer[..5].copy_from_slice(b"hello");
        assert_eq!(read_hello(pattern(10)), (5, longer), "it never shrinks");
        let mut part = pattern(4);
        part.reserve_exact(6);
        assert_eq!(read_hello(part), (5, b"hello".to_vec()));
        assert_eq!(read_hello([0_u8; 4]), (4, b"hell".to_vec()));
        assert_eq!(read_hello([0_u8; 0]), (0, Vec::new()));
        let mut part = pattern(2);
        part.reserve_exact(2);
        assert_eq!(read_hello(part.slice(1..4)), (3, b"hel".to_vec()));
    }
}
