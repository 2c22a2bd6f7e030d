//! What errors report: to a log, to a program, and to an event loop that knows only `std::io`.

use core::error::Error as _;
use std::io::{self, ErrorKind};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use wantwrite::{
    AlertDescription, CipherSuite, Connection, ConnectionError, Error, InvalidKeyLength,
    LingerError, Overrun, PeerFault, Role, TrafficSecret, WriteError, WriteKeys, rustls,
};
use wantwrite_testing::*;

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

/// The page of questions has a table of rustls's texts.
#[test]
fn the_manual_explains_why_handshakes_usually_fail() {
    const PAGE: &str = include_str!("../../docs/faq.md");
    let fails_with = |tls: &mut Connection, shown: &str| {
        let text = tls.process().unwrap_err().to_string();
        assert_eq!(text, format!("the handshake failed: {shown}"));
        assert!(PAGE.contains(&format!("| `{shown}`")), "{shown}");
    };

    let (mut client, _) = pair(TLS13, Role::Client);
    assert!(client.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n") > 0);
    fails_with(&mut client, "received corrupt message of type InvalidContentType");

    let mut authority = CertificateParams::new([HOST.to_owned()]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "an authority");
    let key = KeyPair::generate().unwrap();
    let authority = Identity {
        certificate: authority.self_signed(&key).unwrap().der().clone(),
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        ..Identity::new(false)
    };
    let (ours, other) = (Identity::new(false), Identity::new(false)); // with the same name
    for (trusted, served, shown, alert) in [
        (&authority, &ours, "UnknownIssuer", "UnknownCA"),
        (&other, &ours, "BadSignature", "DecryptError"),
        (&authority, &authority, "Other(OtherError(CaUsedAsEndEntity))", "CertificateUnknown"),
    ] {
        let client = client_config(TLS13, trusted).into();
        let mut client = Connection::client(client, server_name()).unwrap();
        let mut server = Connection::server(server_config(TLS13, served).into()).unwrap();
        assert!(server.receive(&drain(&mut client)) > 0);
        server.process().unwrap();
        assert!(client.receive(&drain(&mut server)) > 0);
        fails_with(&mut client, &format!("invalid peer certificate: {shown}"));
        assert!(server.receive(&drain(&mut client)) > 0);
        fails_with(&mut server, &format!("received fatal alert: {alert}"));
    }
}
