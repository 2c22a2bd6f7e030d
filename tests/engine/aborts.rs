//! How both sides see the end of a connection that the caller aborts.
#![expect(clippy::unwrap_used, reason = "tests")]

use wantwrite::*;
use wantwrite_testing::*;

const BOTH_VERSIONS: [CipherSuite; 2] =
    [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];

/// Whatever alert the caller aborts with, the peer does not take it for a warning or a clean end.
#[test]
fn every_abort_ends_the_peer_and_never_looks_clean() {
    for suite in BOTH_VERSIONS {
        for description in (0..=255).map(AlertDescription) {
            let (mut ours, mut stock) = established(suite, Role::Client);
            ours.writer_mut().write_atomic(b"accepted").unwrap();
            ours.abort(description);
            assert_eq!(ours.error(), Some(Error::Aborted(description).into()));
            let wire = drain(&mut ours);
            assert!(stock.feed(&wire).is_err(), "stock rustls reported no error: {description:?}");
        }
    }
}

#[test]
fn an_abort_ends_our_own_reader_too() {
    for suite in BOTH_VERSIONS {
        for description in (0..=255).map(AlertDescription) {
            let (mut writer, mut reader) =
                writer::writer_and_reader(suite, WriterConfig::default());
            writer.abort(description);
            let wire = writer::drain_writer(&mut writer);
            assert_eq!(reader.receive(&wire), wire.len());
            assert!(reader.process().is_err(), "{description:?}");
            assert_eq!(reader.state(), ReaderState::Failed, "{description:?}");
        }
    }
}

#[test]
fn after_a_close_while_negotiating_error_agrees_with_process() {
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let (mut ours, _peer) = pair(suite, role);
            ours.close().unwrap();
            let error = Error::Aborted(AlertDescription::CLOSE_NOTIFY).into();
            assert_eq!(ours.process().as_ref(), Err(&error));
            assert_eq!(ours.error(), Some(error));
            assert_eq!(ours.writer_mut().write(b"x"), Err(WriteError::Closed));
            assert_eq!((ours.close(), ours.writer_mut().flush()), (Ok(()), Ok(())));
        }
    }
}

/// A client has keys only once it has the ServerHello: a HelloRetryRequest gives it none.
mod between_the_retry_request_and_the_hello {
    use super::*;

    /// Our client, which has answered the HelloRetryRequest, and the stock server.
    fn retrying() -> (Connection, Peer) {
        let identity = Identity::for_suite(TLS13);
        let mut provider = rustls::crypto::CryptoProvider::clone(&provider(TLS13));
        provider.kx_groups = vec![rustls::crypto::ring::kx_group::SECP384R1];
        let server = rustls::ServerConfig::builder_with_provider(provider.into())
            .with_protocol_versions(versions(TLS13))
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
            .unwrap();
        let client = client_config(TLS13, &identity).into();
        let mut ours = Connection::client(client, server_name()).unwrap();
        let mut peer = Peer::server(server);
        peer.feed(&drain(&mut ours)).unwrap();
        feed(&mut ours, &peer.take_wire());
        (ours, peer)
    }

    #[test]
    fn an_abort_sends_its_alert() {
        let (mut ours, mut peer) = retrying();
        ours.abort(AlertDescription::UNRECOGNIZED_NAME);
        let wire = drain(&mut ours);
        assert!(wire.ends_with(&[21, 3, 3, 0, 2, 2, 112]), "{wire:x?}");
        let told = rustls::Error::AlertReceived(rustls::AlertDescription::UnrecognisedName);
        assert_eq!(peer.feed(&wire), Err(told));
    }

    /// After the ServerHello, only rustls could seal one.
    #[test]
    fn an_abort_after_the_hello_sends_none() {
        let (mut ours, mut peer) = retrying();
        peer.feed(&drain(&mut ours)).unwrap();
        let flight = peer.take_wire();
        let hello_len = 5 + usize::from(u16::from_be_bytes([flight[3], flight[4]]));
        feed(&mut ours, &flight[..hello_len]);
        let _change_cipher_spec = drain(&mut ours);
        ours.abort(AlertDescription::UNRECOGNIZED_NAME);
        assert_eq!(drain(&mut ours), b"");
    }

    /// The same faults as in the first ServerHello, with the same alerts.
    #[test]
    fn a_fault_is_refused_with_its_own_alert() {
        for (wire, fault) in [
            // A ClientHello, and a ServerHello of 64 KiB.
            (&[22, 3, 3, 0, 9, 1][..], PeerFault::UnexpectedHandshakeMessage),
            (&[22, 3, 3, 0, 9, 2, 1, 0, 0], PeerFault::HandshakeTooLong),
            (&[22, 3, 3, 0x40, 1], PeerFault::RecordOverflow),
            (&[21, 3, 3, 0, 3], PeerFault::BadMessageLength),
        ] {
            let (mut first, _) = pair(TLS13, Role::Client);
            let (mut second, _) = retrying();
            for ours in [&mut first, &mut second] {
                let _hello = drain(ours);
                feed(ours, wire);
                assert_eq!(ours.error(), Some(Error::Peer(fault).into()));
                let alert = [21, 3, 3, 0, 2, 2, fault.alert().0];
                assert_eq!(drain(ours), alert, "{fault:?}");
            }
        }
    }
}
