//! The configurations for programs without `std`, which use the caller's clock.
#![expect(clippy::std_instead_of_alloc, clippy::unwrap_used, reason = "tests")]

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{CertificateError, ClientConfig, RootCertStore, ServerConfig};
use wantwrite::{
    Connection, ConnectionError, WriterState, client_config_builder, clock, server_config_builder,
};
use wantwrite_testing::{HOST, drain, feed, server_name};

/// The first days of 2020 and of 2021, in seconds since 1970.
const NOT_BEFORE: u64 = 1_577_836_800;
const NOT_AFTER: u64 = 1_609_459_200;

/// A client with this clock and a server whose certificate is valid in 2020.
fn configs(
    now: impl Fn() -> Option<u64> + Send + Sync + 'static,
) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([HOST.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let client = client_config_builder(clock(move || now().map(Duration::from_secs)))
        .with_root_certificates(roots)
        .with_no_client_auth();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let server = server_config_builder(clock(|| Some(Duration::from_secs(NOT_BEFORE))))
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    (client.into(), server.into())
}

/// The outcome of the client's handshake.
fn handshake(now: Option<u64>) -> Result<WriterState, ConnectionError> {
    let (client, server) = configs(move || now);
    let mut client = Connection::client(client, server_name())?;
    let mut server = Connection::server(server)?;
    while client.wants().drain || server.wants().drain {
        feed(&mut server, &drain(&mut client));
        server.process()?;
        feed(&mut client, &drain(&mut server));
        client.process()?;
    }
    Ok(client.writer_state())
}

#[test]
fn a_certificate_is_accepted_from_its_first_second_to_its_last() {
    assert_eq!(handshake(Some(NOT_BEFORE)), Ok(WriterState::Open));
    assert_eq!(handshake(Some(NOT_AFTER)), Ok(WriterState::Open));
}

#[test]
fn a_certificate_is_refused_one_second_before_and_after_its_validity() {
    let refused = |now| match handshake(Some(now)) {
        Err(ConnectionError::Handshake(rustls::Error::InvalidCertificate(error))) => error,
        other => panic!("{other:?}"),
    };
    let early = refused(NOT_BEFORE - 1);
    assert!(matches!(early, CertificateError::NotValidYetContext { .. }), "{early:?}");
    let late = refused(NOT_AFTER + 1);
    assert!(matches!(late, CertificateError::ExpiredContext { .. }), "{late:?}");
}

#[test]
fn an_unknown_time_fails_the_handshake() {
    let error = handshake(None).unwrap_err();
    assert_eq!(error, ConnectionError::Handshake(rustls::Error::FailedToGetCurrentTime));
}

#[test]
fn a_time_that_becomes_unknown_costs_only_the_tickets() {
    let is_known = Arc::new(AtomicBool::new(true));
    let clock = Arc::clone(&is_known);
    let (client, server) = configs(move || clock.load(Relaxed).then_some(NOT_BEFORE));
    let mut client = Connection::client(client, server_name()).unwrap();
    let mut server = Connection::server(server).unwrap();
    while client.writer_state() != WriterState::Open {
        feed(&mut server, &drain(&mut client));
        feed(&mut client, &drain(&mut server));
    }
    is_known.store(false, Relaxed);
    feed(&mut server, &drain(&mut client));
    let tickets = drain(&mut server);
    assert!(tickets.len() > 100);
    feed(&mut client, &tickets);
    server.writer_mut().write(b"hello").unwrap();
    feed(&mut client, &drain(&mut server));
    assert_eq!((client.plaintext(), client.error()), (&b"hello"[..], None));
}
