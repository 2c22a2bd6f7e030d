//! What a peer can do wrong after the handshake, how to forge it, and the alert that we answer
//! with.

use core::fmt;

use wantwrite::AlertDescription as Alert;
use wantwrite::PeerFault::*;
use wantwrite::*;

use crate::raw_peer::*;
use crate::verdict::*;
use crate::{ROLES, pattern};

use self::Verdict::*;

/// One way to commit a violation.
pub type Make = Box<dyn Fn(&mut RawPeer) -> Vec<u8>>;

/// A row of the table: a violation, its verdicts, and the ways to commit it.
pub struct Violation {
    pub name: &'static str,
    pub verdicts: Verdicts,
    pub ways: fn(Version, Role) -> Vec<Make>,
    /// The roles of the connection that is attacked.
    pub roles: &'static [Role],
    /// The header alone shows the violation, so nothing else is sent.
    pub is_by_header: bool,
}

pub struct Verdicts {
    pub tls13: Verdict,
    pub tls12: Verdict,
}

/// The outcome of a violation in one version.
#[derive(Clone, Copy)]
pub enum Verdict {
    /// The connection fails with this fault and alert.
    Ends(PeerFault, Alert),
    /// It is legal: the connection continues.
    Legal,
    /// It does not exist in this version, or another row covers it.
    Absent,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ends(_, alert) => write!(f, "`{alert}`"),
            Legal => f.write_str("legal"),
            Absent => f.write_str("–"),
        }
    }
}

const fn in_both(fault: PeerFault, alert: Alert) -> Verdicts {
    Verdicts { tls13: Ends(fault, alert), tls12: Ends(fault, alert) }
}

const fn in_tls13(fault: PeerFault, alert: Alert) -> Verdicts {
    Verdicts { tls13: Ends(fault, alert), tls12: Absent }
}

const fn in_tls12(fault: PeerFault, alert: Alert) -> Verdicts {
    Verdicts { tls13: Absent, tls12: Ends(fault, alert) }
}

impl Verdicts {
    /// The faults of both versions, without duplicates.
    pub fn faults(&self) -> Vec<PeerFault> {
        let mut faults = Vec::new();
        for verdict in [self.tls13, self.tls12] {
            if let Ends(fault, _) = verdict {
                faults.push(fault);
            }
        }
        faults.dedup();
        faults
    }
}

const fn violation(
    name: &'static str,
    verdicts: Verdicts,
    ways: fn(Version, Role) -> Vec<Make>,
) -> Violation {
    Violation { name, verdicts, ways, roles: &ROLES, is_by_header: false }
}

impl Violation {
    const fn to(self, roles: &'static [Role]) -> Self {
        Self { roles, ..self }
    }

    const fn by_its_header(self) -> Self {
        Self { is_by_header: true, ..self }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.is_by_header { ", by its header alone" } else { "" };
        write!(f, "{}{how}", self.name)
    }
}

const MAX: usize = MAX_FRAGMENT_LEN;

pub const VIOLATIONS: &[Violation] = &[
    violation("an altered record", in_both(BadRecordMac, Alert::BAD_RECORD_MAC), |_, _| {
        each([0, 3, 7, 12], |at, peer| {
            let mut wire = peer.seal(APPLICATION_DATA, b"hello");
            wire[HEADER_LEN + at] ^= 1;
            wire
        })
    }),
    violation(
        "a repeated or missing record",
        in_both(BadRecordMac, Alert::BAD_RECORD_MAC),
        |_, _| {
            vec![
                Box::new(|peer| {
                    let wire = peer.seal(APPLICATION_DATA, b"");
                    [wire.clone(), wire].concat()
                }),
                Box::new(|peer| {
                    let _left_out = peer.seal(APPLICATION_DATA, b"lost");
                    peer.seal(APPLICATION_DATA, b"")
                }),
            ]
        },
    ),
    violation(
        "a record too short for its tag",
        in_both(BadRecordMac, Alert::BAD_RECORD_MAC),
        |version, _| {
            let is_tls13 = version == Version::Tls13;
            each([0, 1, 15, 23], move |len, peer| {
                let shortest = peer.seal(APPLICATION_DATA, b"").len() - usize::from(is_tls13);
                let len = len.min(shortest - HEADER_LEN - 1);
                [&header(APPLICATION_DATA, len)[..], &vec![7; len]].concat()
            })
        },
    ),
    violation(
        "a record under the old key after a KeyUpdate",
        in_tls13(BadRecordMac, Alert::BAD_RECORD_MAC),
        |_, _| {
            one(|peer| {
                let update = peer.seal(HANDSHAKE, &KEY_UPDATE);
                [update, peer.seal(APPLICATION_DATA, b"hello")].concat()
            })
        },
    ),
    violation(
        "a ciphertext longer than its version allows",
        in_both(RecordOverflow, Alert::RECORD_OVERFLOW),
        |version, _| {
            let is_tls13 = version == Version::Tls13;
            let longest = if is_tls13 { MAX + 256 } else { MAX + 2048 };
            each([longest + 1, 0xffff], |len, _| header(APPLICATION_DATA, len).to_vec())
        },
    )
    .by_its_header(),
    violation(
        "content over 2^14 bytes",
        in_both(RecordOverflow, Alert::RECORD_OVERFLOW),
        |_, _| {
            each([1, 2, 17], |over, peer| {
                let overhead = peer.seal(APPLICATION_DATA, b"").len() - HEADER_LEN;
                header(APPLICATION_DATA, overhead + MAX + over).to_vec()
            })
        },
    )
    .by_its_header(),
    violation(
        "content over 2^14 bytes, sealed",
        in_both(RecordOverflow, Alert::RECORD_OVERFLOW),
        |_, _| one(|peer| peer.seal(APPLICATION_DATA, &pattern(MAX + 1))),
    ),
    violation(
        "content and padding over 2^14 bytes",
        in_tls13(RecordOverflow, Alert::RECORD_OVERFLOW),
        |_, _| {
            each([2, 256 - TAG_LEN], |over, peer| {
                let mut inner = b"hello\x17".to_vec();
                inner.resize(MAX + over, 0);
                peer.seal_inner(APPLICATION_DATA, &inner)
            })
        },
    ),
    violation(
        "a record version that is not 3.x",
        in_both(BadRecordVersion, Alert::PROTOCOL_VERSION),
        |_, _| each([0, 2, 4, 0xfe], |major, _| vec![APPLICATION_DATA, major, 3, 0, 99]),
    )
    .by_its_header(),
    violation(
        "a record version that is not 3.3",
        in_tls12(BadRecordVersion, Alert::PROTOCOL_VERSION),
        |_, _| each([0, 1, 2, 4, 255], |minor, _| vec![APPLICATION_DATA, 3, minor, 0, 99]),
    )
    .by_its_header(),
    violation(
        "an unknown content type",
        in_both(UnexpectedContentType, Alert::UNEXPECTED_MESSAGE),
        |_, _| each([0, 19, 24, 99, 255], |unknown, _| header(unknown, 99).to_vec()),
    )
    .by_its_header(),
    violation(
        "a wrong outer type",
        in_tls13(UnexpectedContentType, Alert::UNEXPECTED_MESSAGE),
        |_, _| each([CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE], |outer, _| header(outer, 99).to_vec()),
    )
    .by_its_header(),
    violation(
        "a record sealed under a wrong outer type",
        Verdicts {
            tls13: Ends(UnexpectedContentType, Alert::UNEXPECTED_MESSAGE),
            tls12: Ends(BadRecordMac, Alert::BAD_RECORD_MAC),
        },
        |version, _| {
            let is_tls13 = version == Version::Tls13;
            each([CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE], move |outer, peer| {
                if is_tls13 {
                    return peer.seal_inner(outer, b"hello\x17");
                }
                let mut wire = peer.seal(APPLICATION_DATA, b"hello");
                wire[0] = outer;
                wire
            })
        },
    ),
    violation(
        "a plaintext record",
        Verdicts {
            tls13: Ends(UnexpectedContentType, Alert::UNEXPECTED_MESSAGE),
            tls12: Ends(BadRecordMac, Alert::BAD_RECORD_MAC),
        },
        |_, _| {
            each(
                [
                    (ALERT, &[FATAL, 40][..]),
                    (ALERT, &CLOSE_NOTIFY),
                    (HANDSHAKE, &KEY_UPDATE),
                    (HANDSHAKE, &HELLO_REQUEST),
                    (CHANGE_CIPHER_SPEC, &[1]),
                ],
                |(kind, content), _| [&header(kind, content.len())[..], content].concat(),
            )
        },
    ),
    violation(
        "a sealed change_cipher_spec",
        in_both(UnexpectedContentType, Alert::UNEXPECTED_MESSAGE),
        |_, _| one(|peer| peer.seal(CHANGE_CIPHER_SPEC, &[1])),
    ),
    violation(
        "an unknown inner content type",
        in_tls13(UnexpectedContentType, Alert::UNEXPECTED_MESSAGE),
        |_, _| each([1, 19, 24, 99, 255], |unknown, peer| peer.seal(unknown, b"hello")),
    ),
    violation(
        "an inner plaintext of only zeros",
        in_tls13(NoContentType, Alert::UNEXPECTED_MESSAGE),
        |_, _| {
            each([0, 1, 100, MAX + 1], |len, peer| peer.seal_inner(APPLICATION_DATA, &vec![0; len]))
        },
    ),
    violation(
        "an empty handshake or alert fragment",
        in_both(EmptyFragment, Alert::UNEXPECTED_MESSAGE),
        |_, _| each([HANDSHAKE, ALERT], |kind, peer| peer.seal(kind, b"")),
    ),
    violation(
        "an empty handshake or alert fragment, padded",
        in_tls13(EmptyFragment, Alert::UNEXPECTED_MESSAGE),
        |_, _| {
            each([HANDSHAKE, ALERT], |kind, peer| {
                peer.seal_inner(APPLICATION_DATA, &[kind, 0, 0, 0])
            })
        },
    ),
    violation(
        "anything between the fragments of a handshake message",
        in_both(InterleavedHandshake, Alert::UNEXPECTED_MESSAGE),
        |version, role| {
            let mut starts: Vec<Vec<u8>> = (1..4).map(|n| KEY_UPDATE[..n].to_vec()).collect();
            starts.push(HELLO_REQUEST[..2].to_vec());
            // A message whose type and length have arrived must be one that is allowed here.
            starts.extend(match (version, role) {
                (Version::Tls13, Role::Client) => Some(ticket(100)[..50].to_vec()),
                (Version::Tls13, Role::Server) => Some(KEY_UPDATE[..4].to_vec()),
                (Version::Tls12, Role::Client) => None,
                (Version::Tls12, Role::Server) => Some([&[1, 0, 0, 100], &[3; 46][..]].concat()),
            });
            let between: [(u8, &[u8]); 5] = [
                (APPLICATION_DATA, b"hello"),
                (APPLICATION_DATA, b""),
                (ALERT, &[WARNING, 90]),
                (ALERT, &CLOSE_NOTIFY),
                (CHANGE_CIPHER_SPEC, &[1]),
            ];
            let pairs = starts.iter().flat_map(|start| between.map(|behind| (start, behind)));
            let pairs: Vec<_> = pairs.map(|(start, behind)| (start.clone(), behind)).collect();
            each(pairs, |(start, (kind, content)), peer| {
                [peer.seal(HANDSHAKE, &start), peer.seal(kind, content)].concat()
            })
        },
    ),
    violation(
        "an alert that is not two bytes long",
        in_both(BadMessageLength, Alert::DECODE_ERROR),
        |_, _| {
            each([&[FATAL][..], &[WARNING, 0, 0], &[WARNING, 0, WARNING, 0]], |content, peer| {
                peer.seal(ALERT, content)
            })
        },
    ),
    violation(
        "an alert level that is neither warning nor fatal",
        Verdicts { tls13: Legal, tls12: Ends(BadAlertLevel, Alert::ILLEGAL_PARAMETER) },
        |_, _| each([0, 3, 255], |level, peer| peer.seal(ALERT, &[level, 90])),
    ),
    violation(
        "a KeyUpdate of the wrong length",
        in_tls13(BadMessageLength, Alert::DECODE_ERROR),
        |_, _| {
            each([&[24, 0, 0, 0][..], &[24, 0, 0, 2, 0, 0]], |message, peer| {
                peer.seal(HANDSHAKE, message)
            })
        },
    ),
    violation(
        "a KeyUpdate value above 1",
        in_tls13(BadKeyUpdateRequest, Alert::ILLEGAL_PARAMETER),
        |_, _| each([2, 255], |value, peer| peer.seal(HANDSHAKE, &[24, 0, 0, 1, value])),
    ),
    violation(
        "a KeyUpdate that does not end its record",
        in_tls13(KeyUpdateNotLast, Alert::UNEXPECTED_MESSAGE),
        |_, _| {
            let behind = [&KEY_UPDATE[..], &[4], &[24, 0, 0], &[0]];
            let cut = behind.into_iter().flat_map(|behind| [(0, behind), (2, behind)]);
            each(cut, |(cut, behind), peer| {
                let message = [&KEY_UPDATE, behind].concat();
                let (start, end) = message.split_at(cut);
                let mut wire = Vec::new();
                if cut > 0 {
                    wire = peer.seal(HANDSHAKE, start);
                }
                [wire, peer.seal(HANDSHAKE, end)].concat()
            })
        },
    ),
    violation("a KeyUpdate in fragments", Verdicts { tls13: Legal, tls12: Absent }, |_, _| {
        each(1..5, |cut, peer| {
            let (start, end) = KEY_UPDATE_REQUEST.split_at(cut);
            let wire = [peer.seal(HANDSHAKE, start), peer.seal(HANDSHAKE, end)].concat();
            peer.update_write_key();
            wire
        })
    }),
    violation(
        "a handshake message that is not allowed",
        in_both(UnexpectedHandshakeMessage, Alert::UNEXPECTED_MESSAGE),
        |version, role| {
            let kinds: &[u8] = match (version, role) {
                (Version::Tls13, _) => &[0, 1, 2, 3, 5, 8, 11, 13, 15, 20, 21, 67, 254, 255],
                (Version::Tls12, Role::Client) => &[1, 2, 4, 11, 14, 20, 24],
                (Version::Tls12, Role::Server) => &[0, 2, 4, 11, 14, 20, 24],
            };
            let messages = kinds.iter().flat_map(|&kind| [(kind, 0), (kind, 32)]);
            each(messages, |(kind, len), peer| {
                peer.seal(HANDSHAKE, &[&[kind, 0, 0, len][..], &vec![0; len.into()]].concat())
            })
        },
    ),
    violation(
        "a session ticket for a server",
        in_tls13(UnexpectedHandshakeMessage, Alert::UNEXPECTED_MESSAGE),
        |_, _| one(|peer| peer.seal(HANDSHAKE, &ticket(32))),
    )
    .to(&[Role::Server]),
    violation(
        "a session ticket that cannot be decoded",
        in_tls13(BadTicket, Alert::DECODE_ERROR),
        |_, _| {
            let mut longer = ticket(32);
            longer[3] += 1;
            longer.push(0);
            each([vec![4, 0, 0, 0], vec![4, 0, 0, 3, 0, 0, 0], longer], |message, peer| {
                peer.seal(HANDSHAKE, &message)
            })
        },
    )
    .to(&[Role::Client]),
    violation(
        "a session ticket with a duplicate extension",
        in_tls13(DuplicateTicketExtension, Alert::ILLEGAL_PARAMETER),
        |_, _| {
            let early_data = [0, 42, 0, 4, 0, 0, 0x40, 0];
            let unknown = [0x99, 0x99, 0, 0];
            let extensions: [(u8, Vec<u8>); 2] =
                [(16, early_data.repeat(2)), (8, unknown.repeat(2))];
            each(extensions, |(len, extensions), peer| {
                let mut message = ticket(32);
                message[3] += len;
                message.truncate(message.len() - 1);
                message.push(len);
                message.extend(extensions);
                peer.seal(HANDSHAKE, &message)
            })
        },
    )
    .to(&[Role::Client]),
    violation(
        "a handshake message over 64 KiB, by its own header",
        in_both(HandshakeTooLong, Alert::UNEXPECTED_MESSAGE),
        |_, _| {
            let messages = [4, 24, 0, 1].map(|kind| [[kind, 1, 0, 1], [kind, 0xff, 0xff, 0xff]]);
            let mut ways = each(messages.into_iter().flatten(), |message, peer| {
                peer.seal(HANDSHAKE, &message)
            });
            ways.extend(one(|peer| {
                let start = peer.seal(HANDSHAKE, &[4, 1]);
                [start, peer.seal(HANDSHAKE, &[0, 1])].concat()
            }));
            ways
        },
    ),
    violation(
        "a HelloRequest of the wrong length",
        in_tls12(BadMessageLength, Alert::DECODE_ERROR),
        |_, _| one(|peer| peer.seal(HANDSHAKE, &[0, 0, 0, 1, 0])),
    )
    .to(&[Role::Client]),
    violation(
        "a second renegotiation request without data",
        in_tls12(TooManyRenegotiationRequests, Alert::HANDSHAKE_FAILURE),
        |_, role| {
            let request = if role == Role::Client { HELLO_REQUEST } else { CLIENT_HELLO };
            vec![
                Box::new(move |peer| repeat(2, || peer.seal(HANDSHAKE, &request))),
                Box::new(move |peer| peer.seal(HANDSHAKE, &[request, request].concat())),
            ]
        },
    ),
    violation("32 KeyUpdates without data", Verdicts { tls13: Legal, tls12: Absent }, |_, _| {
        each([KEY_UPDATE, KEY_UPDATE_REQUEST], |message, peer| {
            repeat(32, || peer.key_update(message))
        })
    }),
    // The record that `end_of` sealed earlier returned 64 points.
    violation(
        "a KeyUpdate beyond its credit",
        in_tls13(TooManyKeyUpdates, Alert::UNEXPECTED_MESSAGE),
        |_, _| {
            each([KEY_UPDATE, KEY_UPDATE_REQUEST], |message, peer| {
                repeat(32 + 1 + 1, || peer.key_update(message))
            })
        },
    ),
    violation(
        "an empty record beyond its credit",
        in_both(TooManyEmptyRecords, Alert::UNEXPECTED_MESSAGE),
        |_, _| one(|peer| repeat(32 + 64 + 1, || peer.seal(APPLICATION_DATA, b""))),
    ),
    violation(
        "a warning alert beyond its credit",
        in_both(TooManyWarnings, Alert::UNEXPECTED_MESSAGE),
        |_, _| one(|peer| repeat(33, || peer.seal(ALERT, &[WARNING, 90]))),
    ),
    violation(
        "32 session tickets without data",
        Verdicts { tls13: Legal, tls12: Absent },
        |_, _| {
            vec![
                // Two tickets have already arrived after the handshake.
                Box::new(|peer| repeat(30, || peer.seal(HANDSHAKE, &ticket(32)))),
                Box::new(|peer| peer.seal(HANDSHAKE, &ticket(32).repeat(30))),
            ]
        },
    )
    .to(&[Role::Client]),
    violation(
        "a session ticket beyond its credit",
        in_tls13(TooManyTickets, Alert::UNEXPECTED_MESSAGE),
        |_, _| {
            vec![
                Box::new(|peer| repeat(33, || peer.seal(HANDSHAKE, &ticket(32)))),
                Box::new(|peer| peer.seal(HANDSHAKE, &ticket(32).repeat(33))),
            ]
        },
    )
    .to(&[Role::Client]),
];

fn one(make: impl Fn(&mut RawPeer) -> Vec<u8> + 'static) -> Vec<Make> {
    vec![Box::new(make)]
}

fn each<T: Clone + 'static>(
    of: impl IntoIterator<Item = T>,
    make: impl Fn(T, &mut RawPeer) -> Vec<u8> + Copy + 'static,
) -> Vec<Make> {
    of.into_iter().flat_map(|t| one(move |peer| make(t.clone(), peer))).collect()
}

fn repeat(n: usize, mut make: impl FnMut() -> Vec<u8>) -> Vec<u8> {
    (0..n).flat_map(|_| make()).collect()
}
