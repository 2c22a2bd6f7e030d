//! Checks how a reader judges the five bytes of a record header, against a second implementation of
//! the rules.

use wantwrite::*;

use super::draw::{self, Input};
use wantwrite_testing::writer::keys;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let Ok(suite) = draw::suite(&mut input) else { return };
    let (Ok(header), Ok(split)) = (input.arbitrary(), input.int_in_range(0..=5)) else { return };
    let mut config = ReaderConfig::default();
    config.aead = draw::aeads(data)[0];
    let reader = Reader::new(keys(suite).1, Role::Server, config).unwrap();
    judge(suite, reader, header, split);
}

fn judge(suite: CipherSuite, mut reader: Reader, header: [u8; 5], split: usize) {
    let (start, end) = header.split_at(split);
    assert_eq!(reader.receive(start), start.len());
    if split < header.len() {
        // An incomplete header can already be invalid, whatever follows.
        let mut best = [header[0], 3, 3, 0, 0];
        best[..split].copy_from_slice(start);
        let early = if split > 0 { fault(suite, best) } else { None };
        assert_eq!(reader.wants_process(), early.is_some(), "{start:02x?}");
        let expected = early.map_or_else(|| Ok(ReaderEvents::default()), |fault| Err(fault.into()));
        assert_eq!(reader.process(), expected, "{start:02x?}");
        if early.is_some() {
            assert_eq!(early, fault(suite, header), "later bytes change nothing: {header:02x?}");
            assert_eq!(reader.state(), ReaderState::Failed);
            return;
        }
    }
    assert_eq!(reader.receive(end), end.len());
    match fault(suite, header) {
        Some(fault) => {
            assert!(reader.wants_process());
            assert_eq!(reader.process(), Err(Error::Peer(fault)));
        }
        None => {
            let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
            assert_eq!(reader.wants_process(), len == 0);
            if len > 0 {
                assert_eq!(reader.process(), Ok(ReaderEvents::default()));
                let short = vec![0x5a; len - 1];
                assert_eq!(reader.receive(&short), short.len());
                assert!(!reader.wants_process());
                assert_eq!(reader.receive(&[0x5a]), 1);
                assert!(reader.wants_process());
            }
            assert_eq!(reader.process(), Err(Error::Peer(PeerFault::BadRecordMac)));
        }
    }
    assert_eq!(reader.state(), ReaderState::Failed);
}

/// The fault in a header, before its record is opened.
fn fault(suite: CipherSuite, [kind, major, minor, hi, lo]: [u8; 5]) -> Option<PeerFault> {
    let len = usize::from(u16::from_be_bytes([hi, lo]));
    let is_chacha = format!("{suite:?}").contains("CHACHA20");
    let (longest, longest_content) = match suite.version() {
        Version::Tls13 => (16_384 + 256, 16_384 + 1 + 16),
        Version::Tls12 if is_chacha => (16_384 + 2048, 16_384 + 16),
        Version::Tls12 => (16_384 + 2048, 8 + 16_384 + 16),
    };
    let is_plain = suite.version() == Version::Tls13 && kind != 23;
    if is_plain || !(20..=23).contains(&kind) {
        Some(PeerFault::UnexpectedContentType)
    } else if major != 3 || suite.version() == Version::Tls12 && minor != 3 {
        Some(PeerFault::BadRecordVersion)
    } else if len > longest || len > longest_content {
        Some(PeerFault::RecordOverflow)
    } else {
        None
    }
}
