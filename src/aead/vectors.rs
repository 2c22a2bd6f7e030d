//! The vectors of `tests/data/records.json`, created by an implementation independent of ring.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::Deserialize;

use super::{
    AeadProvider, CipherSuite, KeyLimits, NextKeys, ReadKeys, RecordOpener, RecordSealer,
    TrafficSecret, WriteKeys,
};
use crate::record::{ContentType, RecordHeader, Version};

#[derive(Deserialize)]
struct File {
    records: Vec<Record>,
    key_update_chains: Vec<Chain>,
}

#[derive(Deserialize)]
struct Record {
    version: String,
    suite: String,
    key: String,
    iv: String,
    seq: String,
    content_type: u8,
    content: Option<String>,
    content_pattern: Option<(usize, usize)>,
    padding: usize,
    record: String,
}

#[derive(Deserialize)]
struct Chain {
    suite: String,
    generations: Vec<Generation>,
}

#[derive(Deserialize)]
struct Generation {
    secret: String,
    key: String,
    iv: String,
}

fn vectors() -> File {
    serde_json::from_str(include_str!("../../tests/data/records.json")).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|two| u8::from_str_radix(str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

impl Record {
    /// The suites with this AEAD and version (one in TLS 1.3, two in TLS 1.2), with each provider.
    fn suites(&self) -> Vec<(CipherSuite, AeadProvider)> {
        let thirteen = suite(&self.suite);
        let version = if self.version == "1.3" { Version::Tls13 } else { Version::Tls12 };
        let same = |ours: &CipherSuite| {
            ours.algorithm() == thirteen.algorithm() && ours.version() == version
        };
        let suites = CipherSuite::ALL.iter().copied().filter(same);
        let by_each = |suite| AeadProvider::ALL.iter().map(move |&provider| (suite, provider));
        suites.flat_map(by_each).collect()
    }

    fn content(&self) -> Vec<u8> {
        match (&self.content, self.content_pattern) {
            (Some(content), None) => hex(content),
            (None, Some((len, seed))) => (0..len)
                .map(|i| u8::try_from((seed * 131 + i * 7 + (i >> 8)) & 0xff).unwrap())
                .collect(),
            _ => panic!("a vector has either its content or the means to make it"),
        }
    }

    fn seq(&self) -> u64 {
        self.seq.parse().unwrap()
    }

    fn iv(&self) -> [u8; 12] {
        hex(&self.iv).try_into().unwrap()
    }

    fn opener(&self, suite: CipherSuite, provider: AeadProvider) -> RecordOpener {
        let keys = ReadKeys::new(suite, &hex(&self.key), self.iv(), self.seq()).unwrap();
        RecordOpener::new(keys, provider)
    }
}

fn suite(name: &str) -> CipherSuite {
    let named = |suite: &CipherSuite| alloc::format!("{suite:?}") == name;
    CipherSuite::ALL.iter().copied().find(named).unwrap()
}

fn header(record: &[u8], suite: CipherSuite) -> RecordHeader {
    RecordHeader::decode(record, suite.version()).unwrap().unwrap()
}

#[test]
fn sealing_gives_the_bytes_of_every_vector() {
    for vector in vectors().records {
        for (suite, provider) in vector.suites() {
            let keys = WriteKeys::new(suite, &hex(&vector.key), vector.iv(), vector.seq()).unwrap();
            let mut sealer = RecordSealer::new(keys, KeyLimits::for_suite(suite), provider);
            let (content, expected) = (vector.content(), hex(&vector.record));
            let start = sealer.format().prefix_len();
            let mut record = vec![0xaa; expected.len()];
            record[start..start + content.len()].copy_from_slice(&content);
            let content_type = ContentType::from_wire(vector.content_type).unwrap();
            let len = sealer.seal(content_type, &mut record, content.len(), vector.padding);
            assert_eq!(len, Some(expected.len()), "{suite:?} {}", vector.seq);
            assert!(record == expected, "{suite:?} {}", vector.seq);
        }
    }
}

#[test]
fn sealing_from_other_memory_gives_the_bytes_of_every_vector_without_padding() {
    for vector in vectors().records.into_iter().filter(|vector| vector.padding == 0) {
        for (suite, provider) in vector.suites() {
            let keys = WriteKeys::new(suite, &hex(&vector.key), vector.iv(), vector.seq()).unwrap();
            let mut sealer = RecordSealer::new(keys, KeyLimits::for_suite(suite), provider);
            let expected = hex(&vector.record);
            let mut record = vec![0xaa; expected.len() + 1];
            let content_type = ContentType::from_wire(vector.content_type).unwrap();
            let len = sealer.seal_from(content_type, &mut record, &vector.content());
            assert_eq!(len, Some(expected.len()), "{suite:?} {provider:?} {}", vector.seq);
            assert!(record[..expected.len()] == expected, "{suite:?} {provider:?} {}", vector.seq);
            assert_eq!(record[expected.len()], 0xaa, "nothing after the record");
        }
    }
}

#[test]
fn opening_gives_the_content_of_every_vector() {
    for vector in vectors().records {
        for (suite, provider) in vector.suites() {
            let mut record = hex(&vector.record);
            let opened = vector.opener(suite, provider).open(header(&record, suite), &mut record);
            let (content_type, content) = opened.unwrap();
            assert_eq!(content_type.to_wire(), vector.content_type);
            assert!(record[content] == vector.content(), "{suite:?} {}", vector.seq);
        }
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused_and_wipes_the_record() {
    for vector in vectors().records {
        let (suite, _) = vector.suites()[0];
        let record = hex(&vector.record);
        // Every bit of short records, every 57th bit of long ones.
        let bits = record.len() * 8;
        let step = if record.len() < 600 { 1 } else { 57 };
        for bit in (0..bits).step_by(step) {
            let mut altered = record.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            let Ok(Some(header)) = RecordHeader::decode(&altered, suite.version()) else {
                continue;
            };
            if header.record_len() != altered.len() {
                // The bits of the length: they would change where the record ends.
                continue;
            }
            for &provider in AeadProvider::ALL {
                let mut altered = altered.clone();
                let opened = vector.opener(suite, provider).open(header, &mut altered);
                assert!(opened.is_err(), "{suite:?} {provider:?} {} bit {bit}", vector.seq);
                assert!(altered.iter().all(|&byte| byte == 0), "left in memory");
            }
        }
    }
}

#[test]
fn a_record_opens_only_under_its_own_sequence_number() {
    for vector in vectors().records {
        for (suite, provider) in vector.suites() {
            let mut record = hex(&vector.record);
            let key = hex(&vector.key);
            let keys = ReadKeys::new(suite, &key, vector.iv(), vector.seq() ^ 1).unwrap();
            let mut opener = RecordOpener::new(keys, provider);
            assert!(opener.open(header(&record, suite), &mut record).is_err());
        }
    }
}

#[test]
fn key_update_chains_give_the_secrets_and_keys_of_every_generation() {
    for chain in vectors().key_update_chains {
        let suite = suite(&chain.suite);
        let secret = hex(&chain.generations[0].secret);
        let start = || Some(TrafficSecret::new(suite, &secret).unwrap());
        let mut writing = NextKeys::of(start(), None);
        let mut reading = NextKeys::of(None, start());
        for (n, generation) in chain.generations.iter().enumerate() {
            let (write, read) = if n == 0 {
                let secret = || start().unwrap();
                (WriteKeys::from_secret(secret()), ReadKeys::from_secret(secret()))
            } else {
                (writing.next_write_keys().unwrap(), reading.next_read_keys().unwrap())
            };
            // ring does not return its keys: that they are the same shows in what they seal and
            // open.
            let (key, iv) = (hex(&generation.key), hex(&generation.iv).try_into().unwrap());
            let expected = sealed_with(WriteKeys::new(suite, &key, iv, 0).unwrap(), suite);
            let mut record = sealed_with(write, suite);
            assert_eq!(record, expected, "{suite:?}");
            let opened = RecordOpener::new(read, AeadProvider::default())
                .open(header(&record, suite), &mut record);
            assert!(opened.is_ok(), "{suite:?}");
        }
    }
}

fn sealed_with(keys: WriteKeys, suite: CipherSuite) -> Vec<u8> {
    let mut record = vec![7; 64];
    let limits = KeyLimits::for_suite(suite);
    let mut sealer = RecordSealer::new(keys, limits, AeadProvider::default());
    let len = sealer.seal(ContentType::ApplicationData, &mut record, 20, 0).unwrap();
    record.truncate(len);
    record
}
