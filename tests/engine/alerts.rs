//! Every violation after the handshake and the alert it gets, as the table in DESIGN.md has it.

use wantwrite::*;
use wantwrite_testing::raw_peer::*;
use wantwrite_testing::verdict::*;
use wantwrite_testing::*;

const SUITES_HERE: [CipherSuite; 5] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

const MAX: usize = MAX_FRAGMENT_LEN;

/// The table stands behind this line of DESIGN.md.
const MARK: &str = "<!-- The table of violations and alerts; tests/engine/alerts.rs walks it. -->";

/// One way to commit a violation.
type Make = Box<dyn Fn(&mut RawPeer) -> Vec<u8>>;

/// The ways of a violation, which names a row of the table.
fn ways(violation: &str, version: Version, role: Role) -> Vec<Make> {
    let is_tls13 = version == Version::Tls13;
    match violation {
        "a record that was altered" => each([0, 3, 7, 12], |at, peer| {
            let mut wire = peer.seal(APPLICATION_DATA, b"hello");
            wire[HEADER_LEN + at] ^= 1;
            wire
        }),
        "a record repeated or left out" => vec![
            Box::new(|peer| {
                let wire = peer.seal(APPLICATION_DATA, b"");
                [wire.clone(), wire].concat()
            }),
            Box::new(|peer| {
                let _left_out = peer.seal(APPLICATION_DATA, b"lost");
                peer.seal(APPLICATION_DATA, b"")
            }),
        ],
        "a record too short for its tag" => each([0, 1, 15, 23], move |len, peer| {
            let shortest = peer.seal(APPLICATION_DATA, b"").len() - usize::from(is_tls13);
            let len = len.min(shortest - HEADER_LEN - 1);
            [&header(APPLICATION_DATA, len)[..], &vec![7; len]].concat()
        }),
        "a record under the old key behind a KeyUpdate" => one(|peer| {
            let update = peer.seal(HANDSHAKE, &KEY_UPDATE);
            [update, peer.seal(APPLICATION_DATA, b"hello")].concat()
        }),
        "a ciphertext longer than its version allows, by its header alone" => {
            let longest = if is_tls13 { MAX + 256 } else { MAX + 2048 };
            each([longest + 1, 0xffff], |len, _| header(APPLICATION_DATA, len).to_vec())
        }
        "content over 2^14 bytes, by its header alone" => each([1, 2, 17], |over, peer| {
            let overhead = peer.seal(APPLICATION_DATA, b"").len() - HEADER_LEN;
            header(APPLICATION_DATA, overhead + MAX + over).to_vec()
        }),
        "content over 2^14 bytes, sealed" => {
            one(|peer| peer.seal(APPLICATION_DATA, &pattern(MAX + 1)))
        }
        "content and padding over 2^14 bytes" => each([2, 256 - TAG_LEN], |over, peer| {
            let mut inner = b"hello\x17".to_vec();
            inner.resize(MAX + over, 0);
            peer.seal_inner(APPLICATION_DATA, &inner)
        }),
        "a record version that is not 3.x, by its header alone" => {
            each([0, 2, 4, 0xfe], |major, _| vec![APPLICATION_DATA, major, 3, 0, 99])
        }
        "a record version that is not 3.3, by its header alone" => {
            each([0, 1, 2, 4, 255], |minor, _| vec![APPLICATION_DATA, 3, minor, 0, 99])
        }
        "an unknown content type, by its header alone" => {
            each([0, 19, 24, 99, 255], |unknown, _| header(unknown, 99).to_vec())
        }
        "another outer type, by its header alone" => {
            each([CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE], |outer, _| header(outer, 99).to_vec())
        }
        "a record sealed under another outer type" => {
            each([CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE], move |outer, peer| {
                if is_tls13 {
                    return peer.seal_inner(outer, b"hello\x17");
                }
                let mut wire = peer.seal(APPLICATION_DATA, b"hello");
                wire[0] = outer;
                wire
            })
        }
        "a plaintext record" => each(
            [
                (ALERT, &[FATAL, 40][..]),
                (ALERT, &CLOSE_NOTIFY),
                (HANDSHAKE, &KEY_UPDATE),
                (HANDSHAKE, &HELLO_REQUEST),
                (CHANGE_CIPHER_SPEC, &[1]),
            ],
            |(kind, content), _| [&header(kind, content.len())[..], content].concat(),
        ),
        "a sealed change_cipher_spec" => one(|peer| peer.seal(CHANGE_CIPHER_SPEC, &[1])),
        "an unknown content type inside" => {
            each([1, 19, 24, 99, 255], |unknown, peer| peer.seal(unknown, b"hello"))
        }
        "an inner plaintext of zeros only" => {
            each([0, 1, 100, MAX + 1], |len, peer| peer.seal_inner(APPLICATION_DATA, &vec![0; len]))
        }
        "an empty handshake or alert fragment" => {
            each([HANDSHAKE, ALERT], |kind, peer| peer.seal(kind, b""))
        }
        "an empty handshake or alert fragment, padded" => each([HANDSHAKE, ALERT], |kind, peer| {
            peer.seal_inner(APPLICATION_DATA, &[kind, 0, 0, 0])
        }),
        "anything between the fragments of a handshake message" => {
            let mut starts: Vec<Vec<u8>> = (1..4).map(|n| KEY_UPDATE[..n].to_vec()).collect();
            starts.push(HELLO_REQUEST[..2].to_vec());
            // One that has said its type and length must be one that may come.
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
        }
        "an alert that is not two bytes long" => {
            each([&[FATAL][..], &[WARNING, 0, 0], &[WARNING, 0, WARNING, 0]], |content, peer| {
                peer.seal(ALERT, content)
            })
        }
        "an alert level that is neither warning nor fatal" => {
            each([0, 3, 255], |level, peer| peer.seal(ALERT, &[level, 90]))
        }
        "a KeyUpdate of the wrong length" => {
            each([&[24, 0, 0, 0][..], &[24, 0, 0, 2, 0, 0]], |message, peer| {
                peer.seal(HANDSHAKE, message)
            })
        }
        "a KeyUpdate value above 1" => {
            each([2, 255], |value, peer| peer.seal(HANDSHAKE, &[24, 0, 0, 1, value]))
        }
        "a KeyUpdate that does not end its record" => {
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
        }
        "a KeyUpdate in fragments" => each(1..5, |cut, peer| {
            let (start, end) = KEY_UPDATE_REQUEST.split_at(cut);
            let wire = [peer.seal(HANDSHAKE, start), peer.seal(HANDSHAKE, end)].concat();
            peer.update_write_key();
            wire
        }),
        "a handshake message that must not come" => {
            let kinds: &[u8] = match (version, role) {
                (Version::Tls13, _) => &[0, 1, 2, 3, 5, 8, 11, 13, 15, 20, 21, 67, 254, 255],
                (Version::Tls12, Role::Client) => &[1, 2, 4, 11, 14, 20, 24],
                (Version::Tls12, Role::Server) => &[0, 2, 4, 11, 14, 20, 24],
            };
            let messages = kinds.iter().flat_map(|&kind| [(kind, 0), (kind, 32)]);
            each(messages, |(kind, len), peer| {
                peer.seal(HANDSHAKE, &[&[kind, 0, 0, len][..], &vec![0; len.into()]].concat())
            })
        }
        "a session ticket for a server" => one(|peer| peer.seal(HANDSHAKE, &ticket(32))),
        "a session ticket that does not decode" => {
            let mut longer = ticket(32);
            longer[3] += 1;
            longer.push(0);
            each([vec![4, 0, 0, 0], vec![4, 0, 0, 3, 0, 0, 0], longer], |message, peer| {
                peer.seal(HANDSHAKE, &message)
            })
        }
        "a session ticket with an extension twice" => {
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
        }
        "a handshake message over 64 KiB, by its own header" => {
            let messages = [4, 24, 0, 1].map(|kind| [[kind, 1, 0, 1], [kind, 0xff, 0xff, 0xff]]);
            let mut ways = each(messages.into_iter().flatten(), |message, peer| {
                peer.seal(HANDSHAKE, &message)
            });
            ways.extend(one(|peer| {
                let start = peer.seal(HANDSHAKE, &[4, 1]);
                [start, peer.seal(HANDSHAKE, &[0, 1])].concat()
            }));
            ways
        }
        "a HelloRequest of the wrong length" => one(|peer| peer.seal(HANDSHAKE, &[0, 0, 0, 1, 0])),
        "a second renegotiation request without data" => {
            let request = if role == Role::Client { HELLO_REQUEST } else { CLIENT_HELLO };
            vec![
                Box::new(move |peer| repeat(2, || peer.seal(HANDSHAKE, &request))),
                Box::new(move |peer| peer.seal(HANDSHAKE, &[request, request].concat())),
            ]
        }
        "32 KeyUpdates without data" => each([KEY_UPDATE, KEY_UPDATE_REQUEST], |message, peer| {
            repeat(32, || peer.key_update(message))
        }),
        // The record that `end_of` has sealed before returned 64 points.
        "a KeyUpdate beyond its credit" => {
            each([KEY_UPDATE, KEY_UPDATE_REQUEST], |message, peer| {
                repeat(32 + 1 + 1, || peer.key_update(message))
            })
        }
        "an empty record beyond its credit" => {
            one(|peer| repeat(32 + 64 + 1, || peer.seal(APPLICATION_DATA, b"")))
        }
        "a warning alert beyond its credit" => {
            one(|peer| repeat(33, || peer.seal(ALERT, &[WARNING, 90])))
        }
        "32 session tickets without data" => vec![
            // Two came behind the handshake.
            Box::new(|peer| repeat(30, || peer.seal(HANDSHAKE, &ticket(32)))),
            Box::new(|peer| peer.seal(HANDSHAKE, &ticket(32).repeat(30))),
        ],
        "a session ticket beyond its credit" => vec![
            Box::new(|peer| repeat(33, || peer.seal(HANDSHAKE, &ticket(32)))),
            Box::new(|peer| peer.seal(HANDSHAKE, &ticket(32).repeat(33))),
        ],
        _ => panic!("no such violation: {violation}"),
    }
}

/// Who can be done this to.
fn roles(violation: &str) -> &'static [Role] {
    match violation {
        "a session ticket for a server" => &[Role::Server],
        "32 session tickets without data"
        | "a session ticket beyond its credit"
        | "a session ticket that does not decode"
        | "a session ticket with an extension twice"
        | "a HelloRequest of the wrong length" => &[Role::Client],
        _ => &ROLES,
    }
}

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

/// What the connection does: it goes on, or ends with an alert and says so to the caller.
#[track_caller]
fn judge(violation: &str, suite: CipherSuite, fault: &str, verdict: &str) {
    for &role in roles(violation) {
        for (way, make) in ways(violation, suite.version(), role).iter().enumerate() {
            let context = format!("{violation}, way {way}, to a {role:?} with {suite:?}");
            let (mut ours, mut peer) = RawPeer::established(suite, role);
            let wire = make(&mut peer);
            if violation.ends_with("by its header alone") {
                assert_eq!(wire.len(), HEADER_LEN, "{context}");
            }
            if verdict == "legal" {
                feed(&mut ours, &wire);
                assert_eq!(ours.error(), None, "{context}");
                assert_alive(&mut ours, &mut peer);
                continue;
            }
            let found = end_of(&mut ours, &mut peer, &wire);
            let name = format!("{found:?}");
            assert_eq!((name.as_str(), found.alert().name()), (fault, verdict), "{context}");
        }
    }
}

#[test]
fn every_violation_gets_the_alert_that_the_table_says() {
    let design = include_str!("../../DESIGN.md");
    let (_, table) = design.split_once(MARK).unwrap();
    let rows = table.lines().skip_while(|line| line.is_empty()).skip(2);
    let (mut walked, mut judged) = (0, 0);
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [violation, faults, tls13, tls12] = cells[..] else { panic!("{row}") };
        let faults: Vec<&str> = faults.split(", ").map(|fault| fault.trim_matches('`')).collect();
        for suite in SUITES_HERE {
            let (fault, verdict) = match suite.version() {
                Version::Tls13 => (faults[0], tls13),
                Version::Tls12 => (faults[faults.len() - 1], tls12),
            };
            if verdict != "–" {
                judge(violation, suite, fault, verdict.trim_matches('`'));
                judged += 1;
            }
        }
        walked += 1;
    }
    assert_eq!((walked, judged), (39, 152), "the whole table");
}

#[test]
fn a_record_behind_the_last_sequence_number_is_unexpected() {
    for suite in SUITES_HERE {
        let key = &[3; 32][..suite.key_len()];
        let keys = ReadKeys::new(suite, key, [5; 12], u64::MAX).unwrap();
        let mut reader = Reader::new(keys, Role::Client, ReaderConfig::default());
        let wire = [&header(APPLICATION_DATA, 40)[..], &[7; 40]].concat();
        assert_eq!(reader.receive(&wire), wire.len());
        let error = reader.process().unwrap_err();
        assert_eq!(error, Error::Peer(PeerFault::TooManyRecords));
        assert_eq!(error.alert(), Some(AlertDescription::UNEXPECTED_MESSAGE));
    }
}
