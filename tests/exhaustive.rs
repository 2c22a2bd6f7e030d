//! Exhaustive tests of what is small enough for them.
//!
//! Splits into three parts are many. `cargo test` takes every 31st of them, and `./check
//! exhaustive` takes all.
#![expect(clippy::std_instead_of_core, clippy::unwrap_used, reason = "tests")]

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use bytes::Bytes;
use program::ProgressLine;
use wantwrite::*;
use wantwrite_testing::batch::{Help, seal_batch};
use wantwrite_testing::fuzzing::strangers;
use wantwrite_testing::opener::{APPLICATION_DATA, Opener};
use wantwrite_testing::raw_peer::HEADER_LEN;
use wantwrite_testing::writer::*;
use wantwrite_testing::*;

const BOTH_VERSIONS: [CipherSuite; 2] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// What is sent after the handshake, each in its own record.
const RECORDS: [&[u8]; 3] = [b"first", b"the second", b"3"];

/// Everything that one endpoint receives: the peer's handshake, three records, `close_notify`.
struct Recording {
    suite: CipherSuite,
    role: Role,
    client_hello: Vec<u8>,
    wire: Vec<u8>,
}

impl Recording {
    /// Records the bytes sent to the endpoint with this role.
    fn new(suite: CipherSuite, role: Role) -> Self {
        let (mut client, mut server) = strangers(0, suite, ConnectionConfig::default()).unwrap();
        let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
        let mut client_hello = None;
        loop {
            let (received, sent) = (to_client.len(), to_server.len());
            to_server.extend(drain(&mut client));
            client_hello.get_or_insert_with(|| to_server.clone());
            feed(&mut server, &to_server[sent..]);
            to_client.extend(drain(&mut server));
            feed(&mut client, &to_client[received..]);
            if (to_client.len(), to_server.len()) == (received, sent) {
                break;
            }
        }
        let (peer, mut wire) = match role {
            Role::Client => (&mut server, to_client),
            Role::Server => (&mut client, to_server),
        };
        for record in RECORDS {
            peer.writer_mut().write_atomic(record).unwrap();
            wire.extend(drain(peer));
        }
        peer.close().unwrap();
        wire.extend(drain(peer));
        Self { suite, role, client_hello: client_hello.unwrap(), wire }
    }

    /// The same endpoint before it has received anything. The peer's randomness is the same as in
    /// the recording.
    fn end(&self) -> Connection {
        let (client, mut server) = strangers(0, self.suite, ConnectionConfig::default()).unwrap();
        match self.role {
            Role::Server => server,
            Role::Client => {
                feed(&mut server, &self.client_hello);
                client
            }
        }
    }

    /// Checks that splitting the recording at `places` does not change what is read.
    fn check_split(&self, places: &[usize]) {
        let mut end = self.end();
        let mut plaintext = Vec::new();
        let mut start = 0;
        for &place in places.iter().chain([&self.wire.len()]) {
            feed(&mut end, &self.wire[start..place]);
            plaintext.extend(read_all(&mut end));
            start = place;
        }
        assert_eq!(end.error(), None, "{:?} {:?} {places:?}", self.suite, self.role);
        assert_eq!(end.reader_state(), ReaderState::PeerClosed, "{places:?}");
        assert_eq!(plaintext, RECORDS.concat(), "{places:?}");
    }
}

/// Calls `check` with every number below `count`, on all processors.
fn for_all(count: usize, check: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= count {
                        break;
                    }
                    check(n);
                }
            });
        }
    });
}

#[test]
fn a_handshake_and_three_records_read_the_same_in_two_and_three_parts() {
    let stride = if env::var_os("WANTWRITE_EXHAUSTIVE").is_some() { 1 } else { 31 };
    for suite in BOTH_VERSIONS {
        for role in ROLES {
            let recording = Recording::new(suite, role);
            let len = recording.wire.len();
            assert!(len > 300, "{len} bytes");
            recording.check_split(&[]);
            for_all(len, |place| recording.check_split(&[place]));
            for_all(len, |first| {
                // The second places differ for each first place.
                for second in (first + 1 + first % stride..len).step_by(stride) {
                    recording.check_split(&[first, second]);
                }
            });
        }
    }
}

#[test]
fn every_flipped_bit_of_a_record_is_refused_and_gives_no_plaintext() {
    for suite in SUITES {
        let seal = || {
            let (mut writer, reader) = writer_and_reader(suite, WriterConfig::default());
            writer.write_atomic(b"one record").unwrap();
            (drain_writer(&mut writer), reader)
        };
        let bits = seal().0.len() * 8;
        for bit in 0..bits {
            let (mut wire, mut reader) = seal();
            wire[bit / 8] ^= 1 << (bit % 8);
            // Enough for any length that the altered header can have.
            wire.resize(MAX_RECORD_LEN, 0);
            while !wire.is_empty() && reader.wants_input() {
                let taken = reader.receive(&wire);
                wire.drain(..taken);
                if reader.process().is_err() {
                    break;
                }
                assert!(reader.plaintext().is_empty(), "{suite:?}, bit {bit}");
            }
            assert_eq!(reader.state(), ReaderState::Failed, "{suite:?}, bit {bit}");
            assert_eq!(reader.plaintext(), b"", "{suite:?}, bit {bit}");
        }
    }
}

/// Law 5: over a million calls, no key seals twice with the same nonce. Every record is opened with
/// keys and nonces that are derived and recorded here.
#[test]
fn law_05_no_key_and_nonce_are_used_twice_in_a_million_calls() {
    const KINDS: [CipherSuite; 5] = [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    const CALLS: usize = 1_000_000 / KINDS.len() + 1;
    for_all(KINDS.len(), |number| {
        let suite = KINDS[number];
        let config = with(|config| {
            config.coalescing = Coalescing::Off;
            config.key_limits =
                Some(KeyLimits { records: 100_000, blocks: u64::MAX }).filter(|_| number == 0);
        });
        let mut writer = writer_and_reader(suite, config.clone()).0;
        let mut used = Used::new(suite);
        let mut rng = Rng(1);
        for _ in 0..CALLS {
            match rng.up_to(1000) {
                1..=5 => drop(writer.update_keys(KeyUpdateRequest::NotRequested)),
                6..=10 => {
                    // TLS 1.2 has no KeyUpdates.
                    let _refused = writer.on_key_update(KeyUpdateRequest::Requested);
                }
                11..=15 => {
                    let parts = writer.into_parts().unwrap();
                    writer = Writer::from_parts(parts, &config).unwrap();
                }
                16..=20 => {
                    let mut plaintext = Bytes::from_static(&[9; 40_000]);
                    let help = if rng.up_to(2) == 1 { Help::First } else { Help::Together };
                    let _accepted = seal_batch(&mut writer, &mut plaintext, help).unwrap();
                }
                21..=50 => writer.write_cover(rng.up_to(50)).unwrap(),
                _ => writer.write_atomic(&[9; 3]).unwrap(),
            }
            used.open(&drain_writer(&mut writer));
        }
        assert!(used.pairs.len() > CALLS * 9 / 10, "calls seal records");
        if suite.version() == Version::Tls13 {
            assert!(used.keys.len() > 500, "keys are updated");
        }
    });
}

/// The pairs that were used, with each key as a number.
struct Used {
    opener: Opener,
    keys: HashMap<Vec<u8>, usize>,
    pairs: HashSet<(usize, [u8; 12])>,
}

impl Used {
    fn new(suite: CipherSuite) -> Self {
        Self { opener: Opener::new(suite), keys: HashMap::new(), pairs: HashSet::new() }
    }

    /// Opens whole records.
    fn open(&mut self, mut wire: &[u8]) {
        while let [_, _, _, hi, lo, ..] = *wire {
            let len = HEADER_LEN + usize::from(u16::from_be_bytes([hi, lo]));
            let number = self.keys.len();
            let key = *self.keys.entry(self.opener.key().to_vec()).or_insert(number);
            assert!(self.pairs.insert((key, self.opener.nonce())), "a nonce is used twice");
            let opened = self.opener.open(&wire[..len]);
            assert!(opened.content_type != APPLICATION_DATA || opened.content.len() < 20_000);
            wire = &wire[len..];
        }
    }
}

/// A stock rustls peer must derive the same keys as we do. `./check soak` makes a million updates
/// of each.
#[test]
fn key_updates_without_end_in_both_directions_with_data_in_between() {
    let asked_for = env::var("WANTWRITE_SOAK_UPDATES").ok().map(|count| count.parse().unwrap());
    let count = asked_for.unwrap_or(1000);
    let roles = u64::try_from(ROLES.len()).unwrap();
    let line = Mutex::new(asked_for.map(|count| ProgressLine::steps(count * roles, "KeyUpdates")));
    for_all(ROLES.len(), |number| {
        let (mut ours, mut peer) = established(TLS13, ROLES[number]);
        let data = pattern(300);
        let mut rng = Rng(1);
        let mut held = 0;
        for round in 0..count {
            let request = match round % 2 {
                0 => KeyUpdateRequest::NotRequested,
                _ => KeyUpdateRequest::Requested,
            };
            ours.writer_mut().update_keys(request).unwrap();
            let (to_peer, to_us) = (&data[..rng.up_to(300)], &data[..rng.up_to(300)]);
            ours.writer_mut().write_atomic(to_peer).unwrap();
            peer.feed(&drain(&mut ours)).unwrap();
            assert!(peer.take_plaintext() == to_peer, "round {round}");
            peer.0.refresh_traffic_keys().unwrap();
            let wire = peer.send(to_us);
            feed(&mut ours, &wire);
            assert!(read_all(&mut ours) == to_us, "round {round}: {:?}", ours.error());
            match round {
                // Every kind of record has occurred by then.
                100 => held = ours.memory_held(),
                101.. => assert!(ours.memory_held() <= held, "round {round}"),
                _ => {}
            }
            if let Some(line) = &mut *line.lock().unwrap() {
                line.add(1);
            }
        }
        assert!(ours.writer().progress().key_updates >= count);
        assert_both_ways(&mut ours, &mut peer);
    });
}
