//! How both sides see the end of a connection that the caller aborts.

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
