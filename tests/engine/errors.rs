//! What errors report: to a log, to a program, and to an event loop that knows only `std::io`.

use core::error::Error as _;
use std::io::{self, ErrorKind};

use wantwrite::{
    AlertDescription, CipherSuite, ConnectionError, Error, InvalidKeyLength, LingerError, Overrun,
    PeerFault, TrafficSecret, WriteError, WriteKeys, rustls,
};

const FAULT: Error = Error::Peer(PeerFault::BadRecordMac);
const OVERRUN: Overrun = Overrun { claimed: 9, available: 4 };

#[test]
fn a_cause_is_the_source_and_part_of_the_text() {
    let source = FAULT.source().and_then(|cause| cause.downcast_ref::<PeerFault>());
    assert_eq!(source, Some(&PeerFault::BadRecordMac));
    assert!(FAULT.to_string().contains(&PeerFault::BadRecordMac.to_string()));

    let overrun = WriteError::Overrun(OVERRUN);
    let source = overrun.source().and_then(|cause| cause.downcast_ref::<Overrun>());
    assert_eq!(source, Some(&OVERRUN));
    assert_eq!(overrun.to_string(), OVERRUN.to_string());

    let record = ConnectionError::Record(FAULT);
    let source = record.source().and_then(|cause| cause.downcast_ref::<Error>());
    assert_eq!((source, record.to_string()), (Some(&FAULT), FAULT.to_string()));

    let refused = rustls::Error::DecryptError;
    let handshake = ConnectionError::Handshake(refused.clone());
    let source = handshake.source().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    assert_eq!(source, Some(&refused));
    assert!(handshake.to_string().contains(&refused.to_string()));
}

#[test]
fn an_error_without_a_cause_has_no_source() {
    for error in [Error::Truncated, Error::PeerAlert(AlertDescription::DECODE_ERROR)] {
        assert!(error.source().is_none(), "{error}");
    }
    assert!(WriteError::Closed.source().is_none());
    assert!(ConnectionError::UnsupportedSuite(0x1304).source().is_none());
}

#[test]
fn texts_name_the_expected_and_the_actual_value() {
    let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
    let key = WriteKeys::new(suite, &[0; 5], [0; 12], 0).unwrap_err();
    assert_eq!(key.to_string(), "expected a 16-byte key or secret, got 5");
    let tls12 = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
    let secret = TrafficSecret::new(tls12, &[0; 32]).unwrap_err();
    let text = "expected a TLS 1.3 suite for a traffic secret of 32 bytes";
    assert_eq!(secret.to_string(), text);
    assert_eq!(OVERRUN.to_string(), "expected at most 4 bytes, got 9");
    let no_room = WriteError::NoRoom { needed: 9, available: 4 };
    assert_eq!(no_room.to_string(), "no room: expected at most 4 bytes, got 9");
    let foreign = ConnectionError::UnsupportedSuite(0x1304).to_string();
    assert!(foreign.starts_with("expected") && foreign.contains("0x1304"), "{foreign}");
}

/// Asserts that this becomes an `std::io` error of this kind that carries `error`.
fn is_io<E>(error: E, kind: ErrorKind)
where
    E: Into<io::Error> + core::error::Error + Clone + PartialEq + 'static,
{
    let io: io::Error = error.clone().into();
    assert_eq!(io.kind(), kind, "{error}");
    let inner = io.get_ref().and_then(|inner| inner.downcast_ref::<E>());
    assert_eq!(inner, Some(&error));
}

#[test]
fn every_error_converts_to_an_io_error_of_the_right_kind() {
    let faults = [
        (Error::Truncated, ErrorKind::UnexpectedEof),
        (Error::PeerAlert(AlertDescription::DECODE_ERROR), ErrorKind::ConnectionAborted),
        (FAULT, ErrorKind::InvalidData),
        (Error::Aborted(AlertDescription::INTERNAL_ERROR), ErrorKind::InvalidData),
        (Error::KeysExhausted, ErrorKind::InvalidData),
        (Error::HandshakeFailed, ErrorKind::InvalidData),
        (Error::SealingAbandoned, ErrorKind::InvalidData),
    ];
    for (error, kind) in faults {
        is_io(error, kind);
        is_io(ConnectionError::Record(error), kind);
    }
    is_io(ConnectionError::Handshake(rustls::Error::DecryptError), ErrorKind::InvalidData);
    is_io(ConnectionError::UnsupportedSuite(0x1304), ErrorKind::InvalidData);

    is_io(WriteError::NoRoom { needed: 1, available: 0 }, ErrorKind::WouldBlock);
    is_io(WriteError::Negotiating, ErrorKind::WouldBlock);
    is_io(WriteError::Closed, ErrorKind::BrokenPipe);
    is_io(WriteError::Overrun(OVERRUN), ErrorKind::InvalidInput);
    is_io(WriteError::NoKeyUpdate, ErrorKind::Unsupported);
    is_io(WriteError::KeyLimit { accepted: 1 }, ErrorKind::Other);
    is_io(WriteError::Failed { accepted: 1 }, ErrorKind::Other);

    is_io(OVERRUN, ErrorKind::InvalidInput);
    is_io(InvalidKeyLength { expected: 16, actual: 5 }, ErrorKind::InvalidInput);
    is_io(OVERRUN, ErrorKind::InvalidInput);
    is_io(LingerError::GaveUp { discarded: 1 }, ErrorKind::TimedOut);
    is_io(LingerError::StillSending { discarded: 1 }, ErrorKind::Other);
}

#[test]
fn a_connection_error_names_the_alert_of_its_fault() {
    let alert = |error: Error| ConnectionError::from(error).alert();
    assert_eq!(alert(FAULT), Some(AlertDescription::BAD_RECORD_MAC));
    assert_eq!(alert(Error::Truncated), None);
    assert_eq!(alert(Error::PeerAlert(AlertDescription::DECODE_ERROR)), None);
    assert_eq!(ConnectionError::Handshake(rustls::Error::DecryptError).alert(), None);
    assert_eq!(ConnectionError::UnsupportedSuite(0x1304).alert(), None);
}
