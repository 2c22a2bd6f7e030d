//! The parts of a stream of which a call was dropped.

use embedded_io_async::{ErrorKind, Read, Write};
use wantwrite::*;
use wantwrite_embedded_io::*;
use wantwrite_testing::*;

use crate::link::Link;
use crate::{Drops, Runner};

const TLS13: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const TLS12: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

type Failure = EmbeddedError<ErrorKind>;

/// What a test needs of either stream.
trait Ours {
    fn over(connection: Connection, link: &Link, dropped: DroppedCall) -> Self;
    async fn negotiate(&mut self) -> Result<(), Failure>;
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Failure>;
    async fn flush(&mut self) -> Result<(), Failure>;
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Failure>;
    async fn close(&mut self) -> Result<(), Failure>;
    fn into_connection(self) -> Connection;
}

impl Ours for AsyncEmbeddedStream<Link> {
    fn over(connection: Connection, link: &Link, dropped: DroppedCall) -> Self {
        Self::new(connection, link.clone(), dropped)
    }

    async fn negotiate(&mut self) -> Result<(), Failure> {
        self.complete_handshake().await
    }

    async fn write(&mut self, buf: &[u8]) -> Result<usize, Failure> {
        Write::write(self, buf).await
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        Write::flush(self).await
    }

    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Failure> {
        Read::read(self, buf).await
    }

    async fn close(&mut self) -> Result<(), Failure> {
        Self::close(self).await
    }

    fn into_connection(self) -> Connection {
        self.into_parts().0
    }
}

impl Ours for SplitStream<Link, Link> {
    fn over(connection: Connection, link: &Link, dropped: DroppedCall) -> Self {
        Self::new(connection, link.clone(), link.clone(), dropped)
    }

    async fn negotiate(&mut self) -> Result<(), Failure> {
        self.complete_handshake().await
    }

    async fn write(&mut self, buf: &[u8]) -> Result<usize, Failure> {
        self.halves().1.write(buf).await
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        self.halves().1.flush().await
    }

    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Failure> {
        self.halves().0.read(buf).await
    }

    async fn close(&mut self) -> Result<(), Failure> {
        self.halves().1.close().await
    }

    fn into_connection(self) -> Connection {
        self.into_parts().0
    }
}

const ABORTED: Error = Error::Aborted(AlertDescription::INTERNAL_ERROR);

fn open<S: Ours>(suite: CipherSuite, dropped: DroppedCall) -> (S, Link) {
    let (ours, peer) = established(suite, Role::Client);
    let link = Link::new(peer, dropped);
    (S::over(ours, &link, dropped), link)
}

/// Polls once.
fn drop_at_once<T>(call: impl Future<Output = T>) {
    assert!(Runner::new(Drops::At(0)).try_once(call).is_none());
}

/// The connection has failed and has nothing to send.
fn assert_is_mute(mut ours: Connection) {
    assert_eq!(ours.error(), Some(ABORTED.into()));
    assert_eq!(ours.process(), Err(ABORTED.into()));
    assert_eq!(ours.writer_state(), WriterState::Failed);
    assert!(matches!(ours.writer_mut().write(b"x"), Err(WriteError::Failed { .. })));
    assert!(matches!(ours.close(), Err(WriteError::Failed { .. })));
    assert!(!ours.wants().drain);
    assert_eq!(drain(&mut ours), b"");
}

/// Half of a record may have been sent, and nothing may follow it.
fn sends_nothing_after_a_dropped_write<S: Ours>() {
    let mut runner = Runner::default();
    for suite in [TLS13, TLS12] {
        for len in [1, 50_000] {
            let (mut stream, _link) = open::<S>(suite, DroppedCall::Unknown);
            runner.try_once(stream.write(&pattern(len))).unwrap().unwrap();
            drop_at_once(stream.flush());
            let ours = stream.into_connection();
            assert_eq!(ours.writer().progress().drained_plaintext, 0);
            assert_is_mute(ours);
        }
        let (mut stream, _link) = open::<S>(suite, DroppedCall::Unknown);
        runner.try_once(stream.write(b"x")).unwrap().unwrap();
        drop_at_once(stream.close());
        assert_is_mute(stream.into_connection());

        let (mut stream, _link) = open::<S>(suite, DroppedCall::Unknown);
        drop_at_once(stream.read(&mut [0]));
        drop_at_once(stream.flush());
        assert_is_mute(stream.into_connection());

        let (ours, peer) = pair(suite, Role::Client);
        let link = Link::new(peer, DroppedCall::Unknown);
        let mut stream = S::over(ours, &link, DroppedCall::Unknown);
        drop_at_once(stream.negotiate());
        let ours = stream.into_connection();
        assert_eq!((ours.error(), ours.wants().drain), (Some(ABORTED.into()), false));
    }
}

#[test]
fn the_parts_after_a_dropped_write_send_nothing() {
    sends_nothing_after_a_dropped_write::<AsyncEmbeddedStream<Link>>();
    sends_nothing_after_a_dropped_write::<SplitStream<Link, Link>>();
}

/// What was sent is whole, so the peer can be told.
fn sends_an_alert_after_a_dropped_read<S: Ours>() {
    for suite in [TLS13, TLS12] {
        let (mut stream, link) = open::<S>(suite, DroppedCall::Unknown);
        drop_at_once(stream.read(&mut [0]));
        let mut ours = stream.into_connection();
        assert_eq!(ours.error(), Some(ABORTED.into()));
        let told = link.shared().peer.borrow_mut().feed(&drain(&mut ours));
        let alert = rustls::AlertDescription::InternalError;
        assert_eq!(told, Err(rustls::Error::AlertReceived(alert)));
    }
}

#[test]
fn the_parts_after_a_dropped_read_send_an_alert() {
    sends_an_alert_after_a_dropped_read::<AsyncEmbeddedStream<Link>>();
    sends_an_alert_after_a_dropped_read::<SplitStream<Link, Link>>();
}

fn has_everything_if_dropped_calls_do_nothing<S: Ours>() {
    let (mut stream, link) = open::<S>(TLS13, DroppedCall::DidNothing);
    let sent = pattern(1000);
    Runner::default().try_once(stream.write(&sent)).unwrap().unwrap();
    drop_at_once(stream.flush());
    drop_at_once(stream.read(&mut [0]));
    let mut ours = stream.into_connection();
    assert_eq!(ours.error(), None);
    let mut peer = link.shared().peer.borrow_mut();
    peer.feed(&drain(&mut ours)).unwrap();
    assert!([link.shared().received.borrow().clone(), peer.take_plaintext()].concat() == sent);
    feed(&mut ours, &peer.send(b"more"));
    assert_eq!(ours.plaintext(), b"more");
}

#[test]
fn the_parts_have_everything_if_dropped_calls_do_nothing() {
    has_everything_if_dropped_calls_do_nothing::<AsyncEmbeddedStream<Link>>();
    has_everything_if_dropped_calls_do_nothing::<SplitStream<Link, Link>>();
}
