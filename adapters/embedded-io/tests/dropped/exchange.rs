//! One call at a time.

use embedded_io_async::{Error as _, ErrorKind, Read, Write};
use wantwrite::*;
use wantwrite_embedded_io::*;
use wantwrite_testing::*;

use crate::link::{FLUSH, Link, READ, WRITE};
use crate::{Drops, Runner};

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

/// More than fits at once.
const SENT_LEN: usize = 100_000;
const RECEIVED_LEN: usize = 10_000;

type Ours = AsyncEmbeddedStream<Link>;
type Failure = EmbeddedError<ErrorKind>;

/// A handshake, data and KeyUpdates in both directions, and a close of both.
struct Exchange {
    runner: Runner,
    link: Link,
    stream: Ours,
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Exchange {
    fn new(suite: CipherSuite, role: Role, dropped: DroppedCall, drops: Drops) -> Self {
        let (ours, peer) = pair(suite, role);
        let link = Link::new(peer, dropped);
        let stream = AsyncEmbeddedStream::new(ours, link.clone(), dropped);
        Self { runner: Runner::new(drops), link, stream, sent: Vec::new(), received: Vec::new() }
    }

    /// Repeats a call until it completes without being dropped.
    fn call<T>(
        &mut self,
        mut call: impl AsyncFnMut(&mut Ours) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        loop {
            if let Some(result) = self.runner.try_once(call(&mut self.stream)) {
                return result;
            }
        }
    }

    fn write(&mut self, len: usize) -> Result<(), Failure> {
        let end = self.sent.len() + len;
        let mut attempt = 0_u8;
        while self.sent.len() < end {
            // Each attempt has different bytes, so that bytes of a dropped call would show up.
            attempt = attempt.wrapping_add(1);
            let bytes = vec![attempt; end - self.sent.len()];
            if let Some(accepted) = self.runner.try_once(self.stream.write(&bytes)) {
                self.sent.extend(&bytes[..accepted?]);
            }
        }
        self.call(Ours::flush)
    }

    fn read(&mut self, len: usize) -> Result<(), Failure> {
        let shared = self.link.shared();
        std::io::Write::write_all(&mut shared.peer.borrow_mut().0.writer(), &pattern(len)).unwrap();
        let end = self.received.len() + len;
        while self.received.len() < end {
            let mut buf = [0; 3000];
            let len = self.call(async |stream| stream.read(&mut buf).await)?;
            self.received.extend(&buf[..len]);
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), Failure> {
        self.call(Ours::complete_handshake)?;
        self.write(SENT_LEN)?;
        let updates = self.stream.connection().protocol_version() == Some(Version::Tls13);
        if updates {
            self.link.shared().peer.borrow_mut().0.refresh_traffic_keys().unwrap();
        }
        self.read(RECEIVED_LEN)?;
        if updates {
            let request = KeyUpdateRequest::Requested;
            self.stream.connection_mut().writer_mut().update_keys(request).unwrap();
        }
        self.write(1000)?;
        self.read(RECEIVED_LEN)?;
        self.call(Ours::close)?;
        self.link.shared().peer.borrow_mut().0.send_close_notify();
        assert_eq!(self.call(async |stream| stream.read(&mut [0; 100]).await)?, 0);
        Ok(())
    }

    fn assert_is_whole(&self) {
        let shared = self.link.shared();
        assert_eq!(*shared.refused.borrow(), None);
        assert!(*shared.received.borrow() == self.sent);
        assert!(self.received == [pattern(RECEIVED_LEN), pattern(RECEIVED_LEN)].concat());
        let state = shared.peer.borrow_mut().0.process_new_packets().unwrap();
        assert!(state.peer_has_closed());
        if self.stream.connection().protocol_version() == Some(Version::Tls13) {
            assert_eq!(self.stream.connection().writer().progress().key_updates, 2);
        }
    }
}

/// How often an undisturbed exchange is pending.
fn places(suite: CipherSuite, role: Role, dropped: DroppedCall) -> usize {
    let mut exchange = Exchange::new(suite, role, dropped, Drops::Nowhere);
    exchange.run().unwrap();
    exchange.assert_is_whole();
    exchange.runner.places
}

#[test]
fn a_drop_at_any_await_loses_and_repeats_nothing() {
    let mut all = 0;
    for (suite, role) in [(TLS13, Role::Client), (TLS13, Role::Server), (TLS12, Role::Client)] {
        let places = places(suite, role, DroppedCall::DidNothing);
        assert!(places > 190, "{places}");
        for place in 0..places {
            let drops = Drops::At(place);
            let mut exchange = Exchange::new(suite, role, DroppedCall::DidNothing, drops);
            exchange.run().unwrap();
            exchange.assert_is_whole();
        }
        let mut exchange = Exchange::new(suite, role, DroppedCall::DidNothing, Drops::Everywhere);
        exchange.run().unwrap();
        exchange.assert_is_whole();
        all += places + exchange.runner.places;
    }
    println!("futures were dropped at {all} places");
}

#[test]
fn a_drop_that_may_have_moved_bytes_fails_the_connection() {
    let mut dropped_in = [0; 3];
    for (suite, role) in [(TLS13, Role::Client), (TLS13, Role::Server), (TLS12, Role::Client)] {
        let places = places(suite, role, DroppedCall::Unknown);
        for place in 0..places {
            let drops = Drops::At(place);
            let mut exchange = Exchange::new(suite, role, DroppedCall::Unknown, drops);
            let error = exchange.run().unwrap_err();
            assert_eq!((&error, error.kind()), (&EmbeddedError::Cancelled, ErrorKind::Interrupted));
            let link = exchange.link.clone();
            let open = |call: usize| link.shared().calls[call].is_open.get();
            let call = [READ, WRITE, FLUSH].into_iter().find(|call| open(*call)).unwrap();
            dropped_in[call] += 1;
            let written = link.shared().written.get();
            let sealed = exchange.stream.connection().writer().progress().records;
            // The error is sticky in every call.
            for _ in 0..2 {
                let cancelled = Err(EmbeddedError::Cancelled);
                assert_eq!(exchange.call(Ours::flush), cancelled);
                assert_eq!(exchange.call(Ours::close), cancelled);
                let read = exchange.call(async |stream| stream.read(&mut [0; 10]).await);
                assert_eq!(read.map(drop), cancelled);
                let write = exchange.call(async |stream| stream.write(b"x").await);
                assert_eq!(write.map(drop), cancelled);
            }
            let refused = link.shared().refused.borrow();
            if call == READ {
                // The peer is notified, unless we had already closed or were still negotiating.
                let alert = rustls::AlertDescription::InternalError;
                let told = rustls::Error::AlertReceived(alert);
                assert!(refused.is_none() || *refused == Some(told), "{refused:?}");
                let is_open = place > places / 2 && place < places - 3;
                assert!(refused.is_some() || !is_open, "{place} of {places}");
            } else {
                // Nothing may follow what could be half a record.
                assert_eq!(link.shared().written.get(), written);
                assert_eq!(exchange.stream.connection().writer().progress().records, sealed);
                assert_eq!(*refused, None);
            }
            assert!(exchange.sent.starts_with(&link.shared().received.borrow()));
        }
    }
    println!("reads, writes, flushes that were dropped: {dropped_in:?}");
    assert!(dropped_in.iter().all(|n| *n > 10), "{dropped_in:?}");
}
