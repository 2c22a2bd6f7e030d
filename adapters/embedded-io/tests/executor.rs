//! Two tasks of embassy's executor, one for each half, with stock rustls in a third.
#![expect(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "tests"
)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

// The executor links the `std` implementation of this crate.
use critical_section as _;
use embassy_executor::Executor;
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use wantwrite::*;
use wantwrite_embedded_io::*;
use wantwrite_testing::*;

const LEN: usize = 1 << 20;
const PIPE_LEN: usize = 4096;

/// One direction of a link with little room.
#[derive(Clone, Default)]
struct Pipe(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<usize> {
        let mut state = self.0.borrow_mut();
        if state.bytes.is_empty() {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
        Poll::Ready(std::io::Read::read(&mut state.bytes, buf).unwrap())
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<usize> {
        let mut state = self.0.borrow_mut();
        let len = buf.len().min(PIPE_LEN - state.bytes.len());
        if len == 0 {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
        state.bytes.extend(&buf[..len]);
        Poll::Ready(len)
    }
}

impl ErrorType for Pipe {
    type Error = ErrorKind;
}

impl Read for Pipe {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        Ok(poll_fn(|cx| self.poll_read(cx, buf)).await)
    }
}

impl Write for Pipe {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        Ok(poll_fn(|cx| self.poll_write(cx, buf)).await)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// How many tasks have ended.
type Ended = Rc<Cell<usize>>;

fn end(ended: &Ended) {
    ended.set(ended.get() + 1);
}

#[embassy_executor::task]
async fn receive(mut half: ReadHalf<'static, Pipe, Pipe>, ended: Ended) {
    let (mut received, mut buf) = (Vec::<u8>::new(), [0; 3000]);
    while let n @ 1.. = half.read(&mut buf).await.unwrap() {
        received.extend(&buf[..n]);
    }
    assert!(received == pattern(LEN));
    end(&ended);
}

#[embassy_executor::task]
async fn send(mut half: WriteHalf<'static, Pipe, Pipe>, ended: Ended) {
    for part in pattern(LEN).chunks(5000) {
        half.write_all(part).await.unwrap();
    }
    half.close().await.unwrap();
    end(&ended);
}

/// Writes as much as it reads, and waits for neither.
#[embassy_executor::task]
async fn peer(mut peer: Peer, from_ours: Pipe, to_ours: Pipe, ended: Ended) {
    let data = pattern(LEN);
    let (mut sent, mut received, mut wire) = (0, Vec::<u8>::new(), VecDeque::new());
    let updates = peer.0.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
    let mut has_closed = false;
    poll_fn(|cx| {
        loop {
            let mut buf = [0; PIPE_LEN];
            let read = from_ours.poll_read(cx, &mut buf);
            if let Poll::Ready(n) = read {
                peer.feed(&buf[..n]).unwrap();
                received.extend(peer.take_plaintext());
            }
            if wire.is_empty() && sent < LEN {
                let end = LEN.min(sent + 10_000);
                std::io::Write::write_all(&mut peer.0.writer(), &data[sent..end]).unwrap();
                // Our connection has to answer while its writing half waits for room.
                if updates {
                    peer.0.refresh_traffic_keys().unwrap();
                }
                sent = end;
            }
            if sent == LEN && !has_closed {
                peer.0.send_close_notify();
                has_closed = true;
            }
            wire.extend(peer.take_wire());
            let written = if wire.is_empty() {
                Poll::Pending
            } else {
                to_ours.poll_write(cx, wire.make_contiguous())
            };
            if let Poll::Ready(n) = written {
                wire.drain(..n);
            }
            let is_over = peer.0.process_new_packets().unwrap().peer_has_closed();
            if is_over && has_closed && wire.is_empty() {
                return Poll::Ready(());
            }
            if read.is_pending() && written.is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await;
    assert!(received == pattern(LEN));
    end(&ended);
}

#[test]
fn both_halves_run_as_tasks_of_an_executor() {
    for suite in [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ] {
        let (ours, stock) = established(suite, Role::Client);
        let (there, back) = (Pipe::default(), Pipe::default());
        let stream = SplitStream::new(ours, back.clone(), there.clone(), DroppedCall::DidNothing);
        let stream = Box::leak(Box::new(stream));
        let ended = Ended::default();
        let executor = Box::leak(Box::new(Executor::new()));
        let tasks = ended.clone();
        executor.run_until(
            |spawner| {
                let (input, output) = stream.halves();
                spawner.spawn(receive(input, tasks.clone()).unwrap());
                spawner.spawn(send(output, tasks.clone()).unwrap());
                spawner.spawn(peer(stock, there, back, tasks).unwrap());
            },
            || ended.get() == 3,
        );
    }
}
