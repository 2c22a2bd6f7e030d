//! Asserts how one of our connections ends with a raw peer, or that it continues.

use wantwrite::*;

use super::raw_peer::*;
use super::{drain, feed, read_all};

pub const WARNING: u8 = 1;
pub const FATAL: u8 = 2;
pub const CLOSE_NOTIFY: [u8; 2] = [WARNING, 0];
pub const HELLO_REQUEST: [u8; 4] = [0, 0, 0, 0];
pub const CLIENT_HELLO: [u8; 4] = [1, 0, 0, 0];

/// Asserts that `wire` ends the connection with a fault, and that the fault's alert is the last
/// record we send.
#[track_caller]
pub fn end_of(ours: &mut Connection, peer: &mut RawPeer, wire: &[u8]) -> PeerFault {
    ours.writer_mut().write_atomic(b"sealed before").unwrap();
    ours.writer_mut().flush().unwrap();
    ours.writer_mut().write_atomic(b"in the current record").unwrap();
    feed(ours, wire);
    let error = ours.error();
    let Some(ConnectionError::Record(Error::Peer(fault))) = error else {
        panic!("expected a fault of the peer, got {error:?}")
    };
    let error = ConnectionError::Record(Error::Peer(fault));
    assert_failed(ours, &error);
    let records = peer.open(&drain(ours));
    let expected =
        [(APPLICATION_DATA, b"sealed before".to_vec()), (ALERT, vec![FATAL, fault.alert().0])];
    assert_eq!(records, expected, "{fault:?}");
    assert!(!ours.wants().drain);
    assert_failed(ours, &error);
    fault
}

#[track_caller]
pub fn assert_ends_with(
    ours: &mut Connection,
    peer: &mut RawPeer,
    wire: &[u8],
    expected: PeerFault,
) {
    assert_eq!(end_of(ours, peer, wire), expected);
}

/// Asserts that the connection has failed permanently with `error`.
#[track_caller]
pub fn assert_failed(ours: &mut Connection, error: &ConnectionError) {
    assert_eq!(ours.process().as_ref(), Err(error));
    assert_eq!(ours.process().as_ref(), Err(error), "again");
    assert_eq!(ours.read(&mut [0; 8]).as_ref(), Err(error));
    assert_eq!(ours.error().as_ref(), Some(error));
    assert_eq!(ours.writer_state(), WriterState::Failed);
    assert_eq!(ours.reader_state(), ReaderState::Failed);
    assert_eq!(ours.writer_mut().write(b"x"), Err(WriteError::Failed { accepted: 0 }));
    assert_eq!(ours.writer_mut().write_atomic(b"x"), Err(WriteError::Failed { accepted: 0 }));
    assert!(ours.writer_mut().slot().is_err());
    assert_eq!(ours.writer().room(), 0);
    assert!(!ours.wants().input);
    assert!(ours.inbound().is_none());
    assert!(ours.plaintext().is_empty());
    assert_eq!(ours.receive(b"more"), 4, "accepted and ignored");
    assert_eq!(ours.process().as_ref(), Err(error));
}

/// Asserts that the connection has failed with `fault`, and that its alert is all that is pending.
#[track_caller]
pub fn assert_failed_after_feed(ours: &mut Connection, peer: &mut RawPeer, fault: PeerFault) {
    assert_failed(ours, &Error::Peer(fault).into());
    let records = peer.open(&drain(ours));
    assert_eq!(records, [(ALERT, vec![FATAL, fault.alert().0])]);
}

/// Asserts that both directions still work.
#[track_caller]
pub fn assert_alive(ours: &mut Connection, peer: &mut RawPeer) {
    let wire = peer.seal(APPLICATION_DATA, b"from the peer");
    feed(ours, &wire);
    assert_eq!(ours.process(), Ok(()));
    assert_eq!(read_all(ours), b"from the peer");
    ours.writer_mut().write_atomic(b"from us").unwrap();
    let records = peer.open(&drain(ours));
    assert_eq!(records.last(), Some(&(APPLICATION_DATA, b"from us".to_vec())));
}

/// A ticket that decodes, with an opaque part of `len` bytes.
pub fn ticket(len: usize) -> Vec<u8> {
    let body_len = 4 + 4 + 2 + 2 + len + 2;
    let [_, len_hi, len_mid, len_lo] = u32::try_from(body_len).unwrap().to_be_bytes();
    let mut message = vec![4, len_hi, len_mid, len_lo];
    message.extend(3600u32.to_be_bytes());
    message.extend(7u32.to_be_bytes());
    message.extend([1, 0]);
    message.extend(u16::try_from(len).unwrap().to_be_bytes());
    message.resize(message.len() + len, 0xaa);
    message.extend([0, 0]);
    message
}
