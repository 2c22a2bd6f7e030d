//! Bytes that cannot begin a hello are rejected at the first byte that rules one out.
#![expect(clippy::unwrap_used, reason = "tests")]

extern crate alloc;

use alloc::sync::Arc;

use wantwrite::*;
use wantwrite_testing::*;

/// Our endpoint, which receives the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ours {
    Client,
    Server,
    /// It reads the hello itself, before rustls does.
    CarefulServer,
    Acceptor,
}

const SERVERS: [Ours; 3] = [Ours::Server, Ours::CarefulServer, Ours::Acceptor];
const ALL: [Ours; 4] = [Ours::Client, Ours::Server, Ours::CarefulServer, Ours::Acceptor];

/// How the first bytes were rejected.
#[derive(Debug, PartialEq)]
struct Refused {
    error: ConnectionError,
    alert: Vec<u8>,
}

impl Ours {
    fn refuses(self, parts: &[&[u8]]) -> Option<Refused> {
        let identity = Identity::new(false);
        let client = Arc::new(client_config(TLS13, &identity));
        let server = Arc::new(server_config(TLS13, &identity));
        let mut careful = ConnectionConfig::default();
        careful.peer_size_limits = true;
        let mut ours = match self {
            Self::Client => Connection::client(client, server_name()).unwrap(),
            Self::Server => Connection::server(server).unwrap(),
            Self::CarefulServer => Connection::server_with(server, careful).unwrap(),
            Self::Acceptor => {
                let mut acceptor = Acceptor::new(ConnectionConfig::default()).unwrap();
                return refuses(acceptor.connection(), parts);
            }
        };
        drain(&mut ours);
        refuses(&mut ours, parts)
    }
}

fn refuses(ours: &mut Connection, parts: &[&[u8]]) -> Option<Refused> {
    for part in parts {
        assert_eq!(ours.receive(part), part.len());
        if let Err(error) = ours.process() {
            assert_eq!(ours.error(), Some(error.clone()));
            assert!(!ours.wants().input, "it wants no more input");
            return Some(Refused { error, alert: drain(ours) });
        }
    }
    None
}

/// Asserts that the first `condemned` bytes of `wire` are rejected and that fewer are not, whether
/// or not the rest arrives with them.
#[track_caller]
fn assert_refused_at(ours: Ours, wire: &[u8], condemned: usize) -> Refused {
    let (good, bad) = wire[..condemned].split_at(condemned - 1);
    let bytes: Vec<&[u8]> = good.chunks(1).collect();
    assert_eq!(ours.refuses(&bytes), None, "{ours:?} {wire:x?}: refused too early");
    let refused = ours.refuses(&[&bytes[..], &[bad]].concat());
    let refused = refused.unwrap_or_else(|| panic!("{ours:?} {wire:x?} waits at {condemned}"));
    for cut in 0..=condemned {
        let (front, back) = wire.split_at(cut);
        assert_eq!(ours.refuses(&[front, back]).as_ref(), Some(&refused), "{wire:x?} {cut}");
    }
    assert_eq!(refused.alert[..6], [0x15, 3, 3, 0, 2, 2], "{ours:?} {wire:x?}");
    refused
}

#[test]
fn a_byte_that_cannot_start_a_record_is_refused_alone() {
    // HTTP, SSH, SSL 2.0, a heartbeat.
    for wire in
        [&b"GET / HTTP/1.1\r\n"[..], b"SSH-2.0-", &[0x80, 46, 1, 3, 1, 0], &[24, 3, 3, 0, 1]]
    {
        for ours in ALL {
            let refused = assert_refused_at(ours, wire, 1);
            // rustls sends the alert if it is the one that looks at the byte.
            let by_rustls = matches!(ours, Ours::Client | Ours::Server) && wire[0] != 24;
            assert_eq!(refused.alert[6], if by_rustls { 50 } else { 10 }, "{ours:?} {wire:x?}");
            assert_eq!(matches!(refused.error, ConnectionError::Handshake(_)), by_rustls);
        }
    }
}

#[test]
fn a_record_that_cannot_start_a_handshake_is_refused_by_its_type() {
    let fault = Error::Peer(PeerFault::UnexpectedContentType);
    for ours in ALL {
        let refused = assert_refused_at(ours, &[23, 3, 3, 0, 5, 1, 2, 3, 4, 5], 1);
        assert_eq!((refused.error, refused.alert[6]), (fault.into(), 10), "{ours:?}");
    }
    // RFC 9846 §5: a change_cipher_spec must not precede the first hello.
    for ours in SERVERS {
        let refused = assert_refused_at(ours, &[20, 3, 3, 0, 1, 1], 1);
        assert_eq!((refused.error, refused.alert[6]), (fault.into(), 10), "{ours:?}");
    }
    assert_eq!(Ours::Client.refuses(&[&[20, 3, 3, 0, 1]]), None);
}

#[test]
fn a_record_of_another_major_version_is_refused_by_its_second_byte() {
    for kind in [21, 22] {
        // SSL 2.0 in both byte orders, unknown versions, and DTLS.
        for (major, is_known) in [(0, true), (2, false), (4, false), (0x7f, false), (0xfe, true)] {
            for minor in [0, 1, 2, 0xfd, 0xff] {
                for ours in ALL {
                    let refused = assert_refused_at(ours, &[kind, major, minor, 0, 2, 1], 2);
                    let by_rustls = matches!(ours, Ours::Client | Ours::Server) && !is_known;
                    assert_eq!(refused.alert[6], if by_rustls { 50 } else { 70 });
                    assert_eq!(matches!(refused.error, ConnectionError::Handshake(_)), by_rustls);
                }
            }
        }
        for minor in [0, 1, 4, 0xff] {
            for ours in ALL {
                assert_eq!(ours.refuses(&[&[kind], &[3], &[minor], &[0], &[2]]), None);
            }
        }
    }
}

#[test]
fn a_forbidden_length_is_refused_at_the_first_byte_that_shows_it() {
    for ours in ALL {
        for (wire, condemned, told) in [
            ([22, 3, 1, 0x40, 1], 5, 22),
            ([22, 3, 1, 0x41, 0], 4, 22),
            ([22, 3, 1, 0x48, 0], 4, 22),
            ([21, 3, 3, 0, 3], 5, 50),
            ([21, 3, 3, 0, 1], 5, 50),
            ([21, 3, 3, 1, 2], 4, 50),
        ] {
            let refused = assert_refused_at(ours, &wire, condemned);
            assert_eq!(refused.alert[6], told, "{ours:?} {wire:x?}");
        }
        for len in [[0x49, 0], [0xff, 0xff]] {
            let refused = assert_refused_at(ours, &[22, 3, 1, len[0], len[1]], 4);
            assert!([22, 50].contains(&refused.alert[6]), "{ours:?} {:?}", refused.alert);
        }
        assert_eq!(ours.refuses(&[&[22, 3, 1, 0x40, 0]]), None, "2^14 bytes are allowed");
    }
    let refused = assert_refused_at(Ours::Client, &[20, 3, 3, 1, 0], 4);
    assert_eq!(refused.alert[6], 50);
}

/// RFC 9846 §6.2: the alert is not answered. The version is not known yet, so the level counts, as
/// in TLS 1.2.
#[test]
fn a_fatal_alert_instead_of_a_hello_ends_the_connection() {
    let told = rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure);
    for ours in ALL {
        for parts in [&[&[21, 3, 3, 0, 2, 2, 40][..]][..], &[&[21, 3, 3, 0, 2, 2], &[40]]] {
            let ended = Refused { error: told.clone().into(), alert: Vec::new() };
            assert_eq!(ours.refuses(parts), Some(ended), "{ours:?}");
        }
        assert_eq!(ours.refuses(&[&[21, 3, 3, 0, 2, 1, 40]]), None, "{ours:?}: a warning");
        let refused = ours.refuses(&[&[21, 3, 3, 0, 2, 7, 40]]).unwrap();
        assert_eq!(refused.alert, [21, 3, 3, 0, 2, 2, 47], "{ours:?}: not a level");
    }
}

/// RFC 9846 §5.1: nothing may come between them, not even an alert.
#[test]
fn a_record_between_the_fragments_of_a_hello_is_refused_by_its_type() {
    let fault = Error::Peer(PeerFault::InterleavedHandshake);
    for ours in ALL {
        let kind = if ours == Ours::Client { 2 } else { 1 };
        // Inside the header of the message, and inside its body.
        for start in [&[22, 3, 3, 0, 2, kind, 0][..], &[22, 3, 3, 0, 5, kind, 0, 0, 90, 3]] {
            for next in [&[20, 3, 3, 0, 1, 1][..], &[21, 3, 3, 0, 2, 2, 40], &[23, 3, 3, 0, 1, 0]] {
                let refused = assert_refused_at(ours, &[start, next].concat(), start.len() + 1);
                assert_eq!((refused.error, refused.alert[6]), (fault.into(), 10), "{ours:?}");
            }
        }
    }
}
