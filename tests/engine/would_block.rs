//! What to wait for after a call of `Stream` returns `WouldBlock`. The page about runtimes has the
//! table; `awaited` repeats it.

use std::io::{self, ErrorKind, Read as _, Write as _};

use wantwrite::*;
use wantwrite_testing::*;

use Call::{Close, Flush, Handshake, Linger, Read, Write};

type Wire = wire::Wire<ErrorKind>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Handshake,
    Read,
    Write,
    Flush,
    Close,
    Linger,
}

impl Call {
    const ALL: [Self; 6] = [Handshake, Read, Write, Flush, Close, Linger];

    fn run(self, stream: &mut Stream<Wire>) -> io::Result<()> {
        match self {
            Handshake => stream.complete_handshake(),
            Read => stream.read(&mut [0; 100]).map(drop),
            Write => stream.write(&[7; 100]).map(drop),
            Flush => stream.flush(),
            Close => stream.close(),
            Linger => stream.close_and_linger(u64::MAX, || true),
        }
    }

    /// Returns what the call waits for: input, and room for output.
    fn awaited(self, connection: &Connection) -> (bool, bool) {
        let wants = connection.wants();
        match self {
            Flush => (false, true),
            _ if connection.writer_state() == WriterState::Negotiating => {
                (wants.input, wants.drain)
            }
            Write | Close => (false, true),
            Read => (true, wants.drain),
            Linger => (!wants.drain, wants.drain),
            Handshake => panic!("the handshake is over"),
        }
    }
}

/// Repeats `call` until it completes. Whenever it blocks, a level-triggered poll for what the call
/// awaits would wait, until `meanwhile` makes the transport ready for that.
fn complete(
    stream: &mut Stream<Wire>,
    call: Call,
    mut meanwhile: impl FnMut(&mut Wire, (bool, bool)),
) {
    while let Err(error) = call.run(stream) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{call:?}: {error}");
        let (input, output) = call.awaited(stream.connection());
        let is_ready = |wire: &mut Wire| {
            let sent = wire.peer.take_wire();
            wire.to_us.extend(sent);
            (input && !wire.to_us.is_empty()) || (output && wire.takes > 0)
        };
        assert!(!is_ready(stream.get_mut()), "{call:?} is woken although it cannot continue");
        meanwhile(stream.get_mut(), (input, output));
        assert!(is_ready(stream.get_mut()), "{call:?} waits for something else");
    }
}

/// The transport is full, and there is unread input that the writing calls do not read.
#[test]
fn no_call_is_woken_for_what_it_does_not_need() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            for call in [Read, Write, Flush, Close, Linger] {
                let (ours, peer) = established(suite, role);
                let mut stream = Stream::new(ours, Wire::new(peer));
                stream.get_mut().takes = 0;
                while stream.write(&[7; 10_000]).is_ok() {}
                if call != Read {
                    stream.get_mut().peer_sends(b"unread");
                }
                let mut waits = 0;
                complete(&mut stream, call, |wire, (input, output)| {
                    waits += 1;
                    if output {
                        wire.takes = 10_000;
                    } else if input && call == Linger {
                        wire.peer.0.send_close_notify();
                    } else if input {
                        wire.peer_sends(b"an answer");
                    }
                });
                assert!(waits > 0, "{suite:?} {role:?} {call:?}");
            }
        }
    }
}

#[test]
fn in_the_handshake_a_call_waits_for_what_the_connection_wants() {
    for suite in [TLS13, TLS12] {
        for role in ROLES {
            for call in Call::ALL {
                let (ours, peer) = pair(suite, role);
                let mut stream = Stream::new(ours, Wire::new(peer));
                stream.get_mut().at_most = 100;
                stream.get_mut().takes = 0;
                complete(&mut stream, call, |wire, (input, output)| {
                    if output {
                        wire.takes = 100;
                    } else if input && !wire.peer.0.is_handshaking() {
                        match call {
                            Linger => wire.peer.0.send_close_notify(),
                            _ => wire.peer_sends(b"first"),
                        }
                    }
                });
                let state = stream.connection().writer_state();
                assert_eq!(state == WriterState::Negotiating, call == Flush, "{suite:?} {role:?}");
            }
        }
    }
}
