//! The cost of a peer that sends as much non-data as is legal, with the least data that allows it:
//! nanoseconds per byte on the wire, as a multiple of those for 1-byte data records. Each record
//! arrives alone, and whatever it makes us send is drained before the next.
//!
//! `cargo bench -p benches --bench floods [-- --check]`. With `--check`, exceeding a limit is an
//! error.
#![expect(clippy::std_instead_of_alloc, reason = "a program with std")]

use core::hint::black_box;
use core::time::Duration;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use benches::common::Error;
use benches::common::halves::drain_all;
use benches::common::handshake::Ends;
use benches::common::rounds::{median, play};
use rustls::KeyLog;
use wantwrite::{CipherSuite, Connection, ConnectionConfig, Credit, PeerLimits, Role, Version};
use wantwrite_fuzzing::RecordForge;

const ROUNDS: usize = 101;
/// The number of records prepared together.
const BATCH: usize = 2_000;
const LIMIT: f64 = 10.0;
/// The points that a 1-byte data record returns (see [`Credit`]).
const RECORD_POINTS: u32 = 8;

const AES_128: Suite = ("AES-128", CipherSuite::TLS_AES_128_GCM_SHA256);
const AES_256: Suite = ("AES-256", CipherSuite::TLS_AES_256_GCM_SHA384);
const TLS12: Suite = ("TLS 1.2", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);

type Suite = (&'static str, CipherSuite);

/// What the peer sends.
#[derive(Clone, Copy, Debug)]
enum Item {
    /// One byte of data.
    Data,
    KeyUpdate,
    Empty,
    Warning,
    /// This many tickets in one record.
    Tickets(u32),
    /// A ticket whose bytes are each in a record of their own.
    SplitTicket,
    Renegotiation,
}

fn main() -> Result<(), Error> {
    let (mut rounds, mut check) = (ROUNDS, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            lexopt::Arg::Long("check") => check = true,
            // `cargo bench -- --test` only checks that a benchmark runs.
            lexopt::Arg::Long("test") => rounds = 1,
            lexopt::Arg::Long("bench") => {}
            other => return Err(other.unexpected().into()),
        }
    }
    println!(
        "{:<44} {:>8} {:>8} {:>6}",
        "at the highest rate that is legal", "ns/byte", "ratio", "limit"
    );
    let limits = PeerLimits::default();
    let mut held = true;
    for suite in [AES_128, AES_256] {
        let key_updates = flood(Item::KeyUpdate, limits.key_updates);
        held &= measure("KeyUpdate requests", suite, Role::Server, &key_updates, rounds)?;
        let empty = flood(Item::Empty, limits.empty_records);
        held &= measure("empty records", suite, Role::Server, &empty, rounds)?;
        let warnings = flood(Item::Warning, limits.warnings);
        held &= measure("warnings", suite, Role::Server, &warnings, rounds)?;
        let count = limits.tickets.initial;
        let tickets =
            [(Item::Data, count * limits.tickets.cost / RECORD_POINTS), (Item::Tickets(count), 1)];
        held &= measure("tickets", suite, Role::Client, &tickets, rounds)?;
        let split = flood(Item::SplitTicket, limits.tickets);
        held &= measure("tickets one byte at a time", suite, Role::Client, &split, rounds)?;
        let [(_, data), tickets] = tickets;
        let [(_, of_data), (item, count)] = key_updates;
        let both = [(Item::Data, data), tickets, (item, data / of_data * count)];
        held &= measure("KeyUpdates and tickets", suite, Role::Client, &both, rounds)?;
    }
    let requests = flood(Item::Renegotiation, limits.renegotiation_requests);
    for role in [Role::Client, Role::Server] {
        held &= measure("renegotiation requests", TLS12, role, &requests, rounds)?;
    }
    beside_sealing(rounds)?;
    if check && !held { Err("a limit was exceeded".into()) } else { Ok(()) }
}

/// Returns the least data, and the most of `item` that this data allows.
fn flood(item: Item, credit: Credit) -> [(Item, u32); 2] {
    let data = credit.cost.div_ceil(RECORD_POINTS);
    [(Item::Data, data), (item, data * RECORD_POINTS / credit.cost)]
}

/// One of our connections, and the peer that attacks it.
struct Attack {
    ours: Connection,
    forge: RecordForge,
    role: Role,
}

impl Attack {
    /// Creates an attack on our connection in `role`.
    fn new(suite: CipherSuite, role: Role) -> Result<Self, Error> {
        let log = Arc::new(Secrets::default());
        let ends = Ends::new(suite)?.with_log(log.clone());
        let (client, server) = ends.ours(&ConnectionConfig::default())?;
        let (ours, peer, label) = match role {
            Role::Client => (client, server, "SERVER_TRAFFIC_SECRET_0"),
            Role::Server => (server, client, "CLIENT_TRAFFIC_SECRET_0"),
        };
        let (parts, _) = peer.into_parts().map_err(|_| "not idle")?;
        let keys = parts.into_keys();
        let seq = keys.seq();
        let forge = match suite.version() {
            Version::Tls13 => RecordForge::from_secret(suite, &log.get(label)?, seq)?,
            Version::Tls12 => {
                let (key, iv) = keys.dangerous_raw();
                RecordForge::from_key(suite, key, iv, seq)?
            }
        };
        Ok(Self { ours, forge, role })
    }

    /// Appends records that contain `item` to `records`.
    fn send(&mut self, item: Item, records: &mut Vec<Vec<u8>>) -> Result<(), Error> {
        /// The shortest ticket: no nonce, one byte, no extensions.
        const TICKET: [u8; 18] = [4, 0, 0, 14, 0, 0, 14, 16, 0, 0, 0, 7, 0, 0, 1, 0xaa, 0, 0];
        let (content_type, content) = match (item, self.role) {
            (Item::Data, _) => (0x17, vec![b'x']),
            (Item::KeyUpdate, _) => (0x16, vec![24, 0, 0, 1, 1]),
            (Item::Empty, _) => (0x17, vec![]),
            (Item::Warning, _) => (0x15, vec![1, 90]),
            (Item::Tickets(count), _) => (0x16, TICKET.repeat(count.try_into()?)),
            (Item::SplitTicket, _) => (0x16, TICKET.to_vec()),
            (Item::Renegotiation, Role::Client) => (0x16, vec![0, 0, 0, 0]),
            (Item::Renegotiation, Role::Server) => (0x16, vec![1, 0, 0, 0]),
        };
        let fragment_len = if let Item::SplitTicket = item { 1 } else { content.len().max(1) };
        let fragments =
            if content.is_empty() { vec![&[][..]] } else { content.chunks(fragment_len).collect() };
        for fragment in fragments {
            records.push(self.forge.seal(content_type, fragment));
        }
        if let Item::KeyUpdate = item {
            self.forge.update_keys()?;
        }
        Ok(())
    }

    /// Returns the time per million bytes on the wire, for repeated `items`.
    fn meet(&mut self, items: &[(Item, u32)]) -> Result<Duration, Error> {
        let mut records = Vec::new();
        while records.len() < BATCH {
            for &(item, count) in items {
                for _ in 0..count {
                    self.send(item, &mut records)?;
                }
            }
        }
        let len: usize = records.iter().map(Vec::len).sum();
        let start = Instant::now();
        for record in &records {
            let taken = self.ours.receive(record);
            debug_assert_eq!(taken, record.len(), "nothing is held");
            self.ours.process()?;
            black_box(self.ours.plaintext());
            self.ours.consume_all();
            if self.ours.wants().drain {
                drain_all(self.ours.writer_mut().drain());
            }
        }
        Ok(start.elapsed().mul_f64(1e6 / f64::from(u32::try_from(len)?)))
    }
}

fn measure(
    name: &str,
    (suite_name, suite): Suite,
    role: Role,
    items: &[(Item, u32)],
    rounds: usize,
) -> Result<bool, Error> {
    let (mut flooded, mut honest) = (Attack::new(suite, role)?, Attack::new(suite, role)?);
    let [flood, data] =
        play(rounds, [&mut || flooded.meet(items), &mut || honest.meet(&[(Item::Data, 1)])])?;
    let ratio = median(&flood, &data, |flood, data| flood / data);
    let time = median(&flood, &data, |flood, _| flood / 1e6);
    let name = format!("{name}, {suite_name}");
    println!("{name:<44} {time:>8.2} {ratio:>8.2} {LIMIT:>6.1}");
    Ok(ratio <= LIMIT)
}

/// Measures a KeyUpdate after every record that we seal, which is also legal, as a multiple of the
/// time that sealing takes.
fn beside_sealing(rounds: usize) -> Result<(), Error> {
    for (name, suite) in [AES_128, AES_256] {
        let plaintext = vec![1; 16384];
        let mut attack = Attack::new(suite, Role::Server)?;
        let (mut alone, _peer) = Ends::new(suite)?.ours(&ConnectionConfig::default())?;
        const RECORDS: usize = 200;
        let [with, without] = play(
            rounds,
            [
                &mut || {
                    let mut time = Duration::ZERO;
                    for _ in 0..RECORDS {
                        let mut update = Vec::new();
                        attack.send(Item::KeyUpdate, &mut update)?;
                        let start = Instant::now();
                        attack.ours.writer_mut().write_atomic(&plaintext)?;
                        drain_all(attack.ours.writer_mut().drain());
                        let _all = attack.ours.receive(&update.concat());
                        attack.ours.process()?;
                        time += start.elapsed();
                    }
                    Ok(time)
                },
                &mut || {
                    let mut time = Duration::ZERO;
                    for _ in 0..RECORDS {
                        let start = Instant::now();
                        alone.writer_mut().write_atomic(&plaintext)?;
                        drain_all(alone.writer_mut().drain());
                        time += start.elapsed();
                    }
                    Ok(time)
                },
            ],
        )?;
        let ratio = median(&with, &without, |with, without| with / without);
        println!("sealing 16 KiB, a KeyUpdate after each, {name:<13} {ratio:>8.2}");
    }
    Ok(())
}

/// The lines that rustls would write to SSLKEYLOGFILE.
#[derive(Debug, Default)]
struct Secrets(Mutex<Vec<(String, Vec<u8>)>>);

impl Secrets {
    fn get(&self, label: &str) -> Result<Vec<u8>, Error> {
        let secrets = self.0.lock().map_err(|_| "a panic")?;
        let found = secrets.iter().find(|(of, _)| of == label);
        Ok(found.ok_or("no such secret")?.1.clone())
    }
}

impl KeyLog for Secrets {
    fn log(&self, label: &str, _client_random: &[u8], secret: &[u8]) {
        if let Ok(mut secrets) = self.0.lock() {
            secrets.push((label.to_owned(), secret.to_vec()));
        }
    }
}
