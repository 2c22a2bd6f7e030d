//! An in-memory transport to a stock rustls peer. Each of its calls is pending once.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use wantwrite_embedded_io::DroppedCall;
use wantwrite_testing::Peer;

/// What the transport and the test share. A handle serves as one half of the transport, or both.
#[derive(Clone)]
pub struct Link(Rc<Shared>);

pub struct Shared {
    pub peer: RefCell<Peer>,
    to_us: RefCell<VecDeque<u8>>,
    /// Plaintext that the peer has received.
    pub received: RefCell<Vec<u8>>,
    /// Ciphertext bytes that the peer has received.
    pub written: Cell<usize>,
    /// Why the peer rejected any of it.
    pub refused: RefCell<Option<rustls::Error>>,
    dropped: DroppedCall,
    pub calls: [Call; 3],
    /// Once its handshake is over, the peer reads nothing.
    pub only_writes: Cell<bool>,
    /// The next flush fails.
    pub flush_fails: Cell<bool>,
}

/// One kind of call.
#[derive(Default)]
pub struct Call {
    /// The call has been pending. When it is polled or made again, it completes.
    is_ready: Cell<bool>,
    /// The call has begun and has not ended.
    pub is_open: Cell<bool>,
}

pub const READ: usize = 0;
pub const WRITE: usize = 1;
pub const FLUSH: usize = 2;

/// The most bytes that one call moves.
const AT_MOST: usize = 700;

impl Link {
    pub fn new(peer: Peer, dropped: DroppedCall) -> Self {
        Self(Rc::new(Shared {
            peer: RefCell::new(peer),
            to_us: RefCell::default(),
            received: RefCell::default(),
            written: Cell::default(),
            refused: RefCell::default(),
            dropped,
            calls: Default::default(),
            only_writes: Cell::default(),
            flush_fails: Cell::default(),
        }))
    }

    pub fn shared(&self) -> &Shared {
        &self.0
    }

    /// Is pending once, in this call or in an earlier one that was dropped.
    async fn wait(&self, call: usize) {
        let call = &self.0.calls[call];
        call.is_open.set(true);
        poll_fn(|_| {
            if call.is_ready.take() {
                return Poll::Ready(());
            }
            call.is_ready.set(true);
            Poll::Pending
        })
        .await;
        call.is_open.set(false);
    }

    /// Waits until the peer reads.
    async fn wait_for_room(&self) {
        let shared = self.shared();
        poll_fn(|_| {
            let is_full = shared.only_writes.get() && !shared.peer.borrow().0.is_handshaking();
            if is_full { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    fn take(&self, buf: &mut [u8]) -> usize {
        let shared = self.shared();
        let wire = shared.peer.borrow_mut().take_wire();
        shared.to_us.borrow_mut().extend(wire);
        std::io::Read::read(&mut *shared.to_us.borrow_mut(), buf).unwrap()
    }

    fn give(&self, bytes: &[u8]) {
        let shared = self.shared();
        if let Err(refused) = shared.peer.borrow_mut().feed(bytes) {
            shared.refused.replace(Some(refused));
        }
        let plaintext = shared.peer.borrow_mut().take_plaintext();
        shared.received.borrow_mut().extend(plaintext);
        shared.written.set(shared.written.get() + bytes.len());
    }

    /// How many of `len` bytes a call moves before it is pending: none, or some, which are lost if
    /// it is dropped.
    fn before(&self, len: usize) -> usize {
        match self.0.dropped {
            DroppedCall::DidNothing => 0,
            DroppedCall::Unknown => len / 2,
        }
    }
}

impl ErrorType for Link {
    type Error = ErrorKind;
}

impl Read for Link {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        let len = buf.len().min(AT_MOST);
        let (first, rest) = buf[..len].split_at_mut(self.before(len));
        let mut n = self.take(first);
        loop {
            self.wait(READ).await;
            n += self.take(rest);
            if n > 0 {
                return Ok(n);
            }
        }
    }
}

impl Write for Link {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        self.wait_for_room().await;
        let buf = &buf[..buf.len().min(AT_MOST)];
        let (first, rest) = buf.split_at(self.before(buf.len()));
        self.give(first);
        self.wait(WRITE).await;
        self.give(rest);
        Ok(buf.len())
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.wait(FLUSH).await;
        if self.0.flush_fails.take() { Err(ErrorKind::Other) } else { Ok(()) }
    }
}
