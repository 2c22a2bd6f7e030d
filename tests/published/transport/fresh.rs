//! Closing a stream before its handshake completes.

use std::io::ErrorKind;

use wantwrite::*;
use wantwrite_embedded_io::*;

use crate::wire::{Fault, carried, finish, strangers};
use crate::{TLS12, TLS13};
use wantwrite_testing::*;

mod over_std {
    use super::*;
    use crate::wire::stream;

    #[test]
    fn closing_a_fresh_stream_finishes_the_handshake_first() {
        for suite in [TLS13, TLS12] {
            for role in ROLES {
                let mut stream = stream(pair(suite, role));
                finish(|| stream.close()).unwrap();
                assert!(
                    stream.get_mut().has_closed(),
                    "{suite:?} {role:?}: the peer was truncated"
                );
                assert_eq!(stream.connection().writer_state(), WriterState::Closed);
                stream.close().unwrap();
            }
        }
    }

    #[test]
    fn closing_a_fresh_stream_reports_why_its_handshake_failed() {
        for suite in [TLS13, TLS12] {
            let mut stream = stream(strangers(suite, Role::Client));
            for _ in 0..2 {
                let error = finish(|| stream.close()).unwrap_err();
                assert!(matches!(carried(&error), ConnectionError::Handshake(_)), "{error}");
            }
            let refused = stream.get_ref().refused.as_ref();
            assert!(matches!(refused, Some(rustls::Error::AlertReceived(_))), "{refused:?}");
        }
    }

    #[test]
    fn closing_a_fresh_stream_waits_until_the_transport_has_its_alert() {
        let mut stream = stream(strangers(TLS13, Role::Client));
        let blocked = Fault::Fails(ErrorKind::WouldBlock);
        stream.get_mut().writes.extend([Fault::Nothing, blocked]);
        assert_eq!(stream.close().unwrap_err().kind(), ErrorKind::WouldBlock);
        assert!(stream.get_ref().refused.is_none());
        assert_eq!(stream.close().unwrap_err().kind(), ErrorKind::InvalidData);
        assert!(stream.get_ref().refused.is_some());
    }

    #[test]
    fn closing_a_fresh_stream_whose_transport_ends_is_an_unexpected_eof() {
        for role in ROLES {
            let mut stream = stream(pair(TLS13, role));
            stream.get_mut().silent = true;
            stream.get_mut().ends = true;
            let error = finish(|| stream.close()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn a_stream_with_an_abandoned_handshake_does_not_close_cleanly() {
        let mut stream = stream(pair(TLS13, Role::Client));
        stream.connection_mut().close().unwrap();
        stream.get_mut().ends = true;
        for _ in 0..2 {
            stream.close().unwrap_err();
            stream.close_and_linger(1 << 20, || true).unwrap_err();
        }
    }
}

mod over_embedded_io {

    use super::*;
    use crate::embedded::stream;

    #[test]
    fn closing_a_fresh_stream_finishes_the_handshake_first() {
        for suite in [TLS13, TLS12] {
            for role in ROLES {
                let mut stream = stream(pair(suite, role));
                stream.close().unwrap();
                assert!(
                    stream.get_mut().0.has_closed(),
                    "{suite:?} {role:?}: the peer was truncated"
                );
            }
        }
    }

    #[test]
    fn closing_a_fresh_stream_reports_why_its_handshake_failed() {
        let mut stream = stream(strangers(TLS13, Role::Client));
        let error = stream.close().unwrap_err();
        let EmbeddedError::Connection(ConnectionError::Handshake(_)) = error else {
            panic!("{error}")
        };
    }
}
