//! Which error is reported when both a connection and its transport have one.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use socket2::SockRef;
use wantwrite::*;
use wantwrite_embedded_io::*;

use crate::TLS13;
use crate::wire::{Fault, GONE, carried, finish, strangers};
use wantwrite_testing::*;

mod over_std {
    use super::*;
    use crate::wire::stream;

    #[test]
    fn a_reset_found_by_an_answer_is_reported_to_the_reader_once() {
        for fault in [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted] {
            let mut stream = stream(established(TLS13, Role::Client));
            stream.get_mut().asks_and_goes(fault);
            let mut buf = [0; 64];
            assert_eq!(stream.read(&mut buf).unwrap(), 4);
            assert_eq!(stream.read(&mut buf).unwrap_err().kind(), fault);
            assert_eq!(stream.connection().reader_state(), ReaderState::Truncated);
            let truncated = stream.read(&mut buf).unwrap_err();
            assert_eq!(truncated.kind(), ErrorKind::UnexpectedEof);
        }
    }

    /// Whichever of our calls the system reports it to.
    #[test]
    fn a_socket_reset_is_reported_to_the_reader() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let ours = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        ours.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut theirs = listener.accept().unwrap().0;
        let (connection, mut peer) = established(TLS13, Role::Client);
        peer.0.refresh_traffic_keys().unwrap();
        theirs.write_all(&peer.send(b"data")).unwrap();
        SockRef::from(&theirs).set_linger(Some(Duration::ZERO)).unwrap();
        drop(theirs);
        let mut stream = Stream::new(connection, ours);
        let mut buf = [0; 64];
        assert_eq!(stream.read(&mut buf).unwrap(), 4);
        assert_eq!(stream.read(&mut buf).unwrap_err().kind(), ErrorKind::ConnectionReset);
    }

    #[test]
    fn other_failures_of_an_answer_are_reported_to_the_writer() {
        for fault in [ErrorKind::BrokenPipe, ErrorKind::TimedOut] {
            let mut stream = stream(established(TLS13, Role::Client));
            stream.get_mut().asks_and_goes(fault);
            let mut buf = [0; 64];
            assert_eq!(stream.read(&mut buf).unwrap(), 4);
            assert_eq!(stream.read(&mut buf).unwrap_err().kind(), ErrorKind::UnexpectedEof);
            assert_eq!(stream.flush().unwrap_err().kind(), fault);
        }
    }

    /// Writing does not read, but the peer's alert can still be read.
    #[test]
    fn the_peers_alert_is_readable_after_a_failed_write() {
        for fault in GONE {
            let mut stream = stream(established(TLS13, Role::Client));
            let wire = stream.get_mut();
            wire.peer.feed(&[23, 3, 3, 0, 17, 0]).unwrap();
            wire.peer.feed(&[0; 16]).unwrap_err();
            wire.writes.push_back(Fault::Fails(fault));
            assert_eq!(stream.write(b"x").unwrap(), 1);
            assert_eq!(stream.flush().unwrap_err().kind(), fault);
            let error = stream.read(&mut [0]).unwrap_err();
            let alert = Error::PeerAlert(AlertDescription::BAD_RECORD_MAC);
            assert_eq!(carried(&error), &ConnectionError::Record(alert));
        }
    }

    #[test]
    fn a_reset_does_not_hide_a_clean_end() {
        let mut stream = stream(established(TLS13, Role::Client));
        let wire = stream.get_mut();
        wire.asks_and_goes(ErrorKind::ConnectionReset);
        wire.peer.0.send_close_notify();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"data");
        assert_eq!(stream.flush().unwrap_err().kind(), ErrorKind::ConnectionReset);
    }

    #[test]
    fn the_peers_alert_takes_precedence_over_a_failed_handshake_write() {
        for fault in GONE {
            let mut stream = stream(pair(TLS13, Role::Client));
            let wire = stream.get_mut();
            wire.writes.push_back(Fault::Fails(fault));
            wire.to_us.extend([21, 3, 3, 0, 2, 2, 40]);
            let error = stream.complete_handshake().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
            let ConnectionError::Handshake(rustls::Error::AlertReceived(_)) = carried(&error)
            else {
                panic!("{error}")
            };
            // The error is sticky in every call.
            assert_eq!(stream.flush().unwrap_err().kind(), ErrorKind::InvalidData);
            assert_eq!(stream.write(b"x").unwrap_err().kind(), ErrorKind::InvalidData);
            assert_eq!(stream.close().unwrap_err().kind(), ErrorKind::InvalidData);
        }
    }

    #[test]
    fn a_failed_handshake_write_is_reported_if_the_peer_sends_no_alert() {
        for ends in [false, true] {
            for fault in GONE {
                let mut stream = stream(pair(TLS13, Role::Client));
                stream.get_mut().writes.push_back(Fault::Fails(fault));
                stream.get_mut().ends = ends;
                assert_eq!(stream.complete_handshake().unwrap_err().kind(), fault);
            }
        }
        // It does not read, because a read might block forever.
        let mut stream = stream(pair(TLS13, Role::Client));
        stream.get_mut().writes.push_back(Fault::Fails(ErrorKind::TimedOut));
        assert_eq!(stream.complete_handshake().unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(stream.get_ref().reads, 0);
        finish(|| stream.complete_handshake()).unwrap();
    }

    #[test]
    fn a_failed_handshake_takes_precedence_over_an_unsent_alert() {
        let mut stream = stream(strangers(TLS13, Role::Client));
        let wire = stream.get_mut();
        wire.writes.push_back(Fault::Nothing);
        wire.writes.extend([Fault::Fails(ErrorKind::NotConnected); 9]);
        for _ in 0..2 {
            for call in [Stream::complete_handshake, Stream::flush, Stream::close] {
                let error = call(&mut stream).unwrap_err();
                assert!(matches!(carried(&error), ConnectionError::Handshake(_)), "{error}");
            }
        }
    }
}

mod over_embedded_io {
    use embedded_io::Read as _;

    use super::*;
    use crate::embedded::stream;

    #[test]
    fn a_reset_found_by_an_answer_is_reported_to_the_reader_once() {
        let mut stream = stream(established(TLS13, Role::Client));
        stream.get_mut().0.asks_and_goes(ErrorKind::ConnectionReset);
        let mut buf = [0; 64];
        assert_eq!(stream.read(&mut buf).unwrap(), 4);
        let reset = EmbeddedError::Transport(embedded_io::ErrorKind::ConnectionReset);
        assert_eq!(stream.read(&mut buf).unwrap_err(), reset);
        let truncated = EmbeddedError::Connection(ConnectionError::Record(Error::Truncated));
        assert_eq!(stream.read(&mut buf).unwrap_err(), truncated);
    }

    #[test]
    fn the_peers_alert_takes_precedence_over_a_failed_handshake_write() {
        for fault in GONE {
            let mut stream = stream(pair(TLS13, Role::Client));
            let wire = &mut stream.get_mut().0;
            wire.writes.push_back(Fault::Fails(fault));
            wire.to_us.extend([21, 3, 3, 0, 2, 2, 40]);
            let error = stream.complete_handshake().unwrap_err();
            let EmbeddedError::Connection(ConnectionError::Handshake(_)) = error else {
                panic!("{error}")
            };
        }
    }
}

mod over_tokio {
    use std::pin::Pin;

    use super::*;
    use crate::polled::*;

    #[test]
    fn a_reset_found_by_an_answer_is_reported_to_the_reader_once() {
        let mut stream = stream();
        stream.get_mut().0.0.asks_and_goes(ErrorKind::ConnectionReset);
        assert_eq!(read(&mut stream).unwrap(), 4);
        assert_eq!(read(&mut stream).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(read(&mut stream).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn the_peers_alert_takes_precedence_over_a_failed_handshake_write() {
        for fault in GONE {
            let identity = Identity::for_suite(TLS13);
            let peer = Peer::server(server_config(TLS13, &identity));
            let mut handshake = handshake(client_config(TLS13, &identity), peer);
            let wire = &mut handshake.get_mut().unwrap().0;
            wire.writes.push_back(Fault::Fails(fault));
            wire.to_us.extend([21, 3, 3, 0, 2, 2, 40]);
            let poll = by_hand(|cx| Pin::new(&mut handshake).poll(cx));
            let error = unless_pending(poll).map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        }
    }

    #[test]
    fn a_stream_that_has_reported_its_failure_can_be_shut_down() {
        let mut stream = stream();
        let wire = &mut stream.get_mut().0.0;
        wire.to_us.extend([23, 3, 3, 0, 17]);
        wire.to_us.extend([0; 17]);
        wire.writes.extend([Fault::Fails(ErrorKind::BrokenPipe); 9]);
        wire.shutdown = Some(ErrorKind::NotConnected);
        assert_eq!(read(&mut stream).unwrap_err().kind(), ErrorKind::InvalidData);
        // Like tokio-rustls.
        for _ in 0..2 {
            shutdown(&mut stream).unwrap();
        }
    }

    #[test]
    fn shutdown_tolerates_a_disconnected_transport() {
        for says_goodbye in [true, false] {
            let mut stream = stream();
            let wire = &mut stream.get_mut().0.0;
            wire.shutdown = Some(ErrorKind::NotConnected);
            if says_goodbye {
                wire.peer.0.send_close_notify();
            }
            wire.ends = true;
            assert_eq!(read(&mut stream).is_ok(), says_goodbye);
            shutdown(&mut stream).unwrap();
            assert!(stream.get_mut().0.0.has_closed());
        }
        // Like tokio-rustls, before the peer has closed too.
        let mut stream = stream();
        stream.get_mut().0.0.shutdown = Some(ErrorKind::NotConnected);
        shutdown(&mut stream).unwrap();
    }
}

mod over_embedded_io_async {
    use embedded_io_async::Read as _;

    use super::*;
    use crate::embedded::{async_stream, at_once};

    #[test]
    fn a_reset_found_by_an_answer_is_reported_to_the_reader_once() {
        let mut stream = async_stream(established(TLS13, Role::Client));
        stream.get_mut().0.asks_and_goes(ErrorKind::ConnectionReset);
        let mut buf = [0; 64];
        assert_eq!(at_once(stream.read(&mut buf)), Ok(4));
        let reset = EmbeddedError::Transport(embedded_io::ErrorKind::ConnectionReset);
        assert_eq!(at_once(stream.read(&mut buf)), Err(reset));
        let truncated = EmbeddedError::Connection(ConnectionError::Record(Error::Truncated));
        assert_eq!(at_once(stream.read(&mut buf)), Err(truncated));
    }

    #[test]
    fn the_peers_alert_takes_precedence_over_a_failed_handshake_write() {
        for fault in GONE {
            let mut stream = async_stream(pair(TLS13, Role::Client));
            let wire = &mut stream.get_mut().0;
            wire.writes.push_back(Fault::Fails(fault));
            wire.to_us.extend([21, 3, 3, 0, 2, 2, 40]);
            let error = at_once(stream.complete_handshake()).unwrap_err();
            let EmbeddedError::Connection(ConnectionError::Handshake(_)) = error else {
                panic!("{error}")
            };
        }
    }
}

mod over_futures_io {
    use super::*;
    use crate::futures::*;

    #[test]
    fn a_reset_found_by_an_answer_is_reported_to_the_reader_once() {
        let mut stream = stream(established(TLS13, Role::Client));
        stream.get_mut().0.0.asks_and_goes(ErrorKind::ConnectionReset);
        assert_eq!(read(&mut stream).unwrap(), 4);
        assert_eq!(read(&mut stream).unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(read(&mut stream).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn the_peers_alert_takes_precedence_over_a_failed_handshake_write() {
        for fault in GONE {
            let mut stream = stream(pair(TLS13, Role::Client));
            let wire = &mut stream.get_mut().0.0;
            wire.writes.push_back(Fault::Fails(fault));
            wire.to_us.extend([21, 3, 3, 0, 2, 2, 40]);
            assert_eq!(write(&mut stream, b"x").unwrap_err().kind(), ErrorKind::InvalidData);
        }
    }

    #[test]
    fn a_failed_connection_takes_precedence_over_a_failure_to_close() {
        let mut stream = stream(established(TLS13, Role::Client));
        let wire = &mut stream.get_mut().0.0;
        wire.to_us.extend([23, 3, 3, 0, 17]);
        wire.to_us.extend([0; 17]);
        wire.writes.extend([Fault::Fails(ErrorKind::BrokenPipe); 9]);
        wire.shutdown = Some(ErrorKind::NotConnected);
        assert_eq!(read(&mut stream).unwrap_err().kind(), ErrorKind::InvalidData);
        for _ in 0..2 {
            assert_eq!(close(&mut stream).unwrap_err().kind(), ErrorKind::InvalidData);
        }
    }

    #[test]
    fn closing_tolerates_a_peer_that_has_disconnected() {
        for says_goodbye in [true, false] {
            let mut stream = stream(established(TLS13, Role::Client));
            let wire = &mut stream.get_mut().0.0;
            wire.shutdown = Some(ErrorKind::NotConnected);
            if says_goodbye {
                wire.peer.0.send_close_notify();
            }
            wire.ends = true;
            assert_eq!(read(&mut stream).is_ok(), says_goodbye);
            close(&mut stream).unwrap();
            assert!(stream.get_mut().0.0.has_closed());
        }
    }
}
