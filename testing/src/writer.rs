//! A standalone writer, and the reader that opens its records.

use wantwrite::{
    CipherSuite, KeyUpdateRequest, ReadKeys, Reader, ReaderConfig, Role, TrafficSecret, Version,
    WriteKeys, Writer, WriterConfig,
};
use wantwrite_fuzzing::RecordForge;

/// The default settings with `change` applied.
pub fn with(change: impl FnOnce(&mut WriterConfig)) -> WriterConfig {
    let mut config = WriterConfig::default();
    change(&mut config);
    config
}

/// Both halves of one direction, under the same keys. In TLS 1.3 they have a traffic secret.
pub fn writer_and_reader(suite: CipherSuite, config: WriterConfig) -> (Writer, Reader) {
    let (write, read) = keys(suite);
    (
        Writer::new(write, config).unwrap(),
        Reader::new(read, Role::Server, ReaderConfig::default()).unwrap(),
    )
}

/// The keys of [`writer_and_reader`].
pub fn keys(suite: CipherSuite) -> (WriteKeys, ReadKeys) {
    let (key, iv) = ([3; 32], [5; 12]);
    let key = &key[..suite.key_len()];
    match suite.version() {
        Version::Tls13 => {
            let secret = || TrafficSecret::new(suite, &[7; 48][..suite.secret_len()]).unwrap();
            (WriteKeys::from_secret(secret()), ReadKeys::from_secret(secret()))
        }
        Version::Tls12 => {
            (WriteKeys::new(suite, key, iv, 1).unwrap(), ReadKeys::new(suite, key, iv, 1).unwrap())
        }
    }
}

/// A forge of records for the reader of [`writer_and_reader`].
pub fn forge(suite: CipherSuite) -> RecordForge {
    match suite.version() {
        Version::Tls13 => RecordForge::from_secret(suite, &[7; 48][..suite.secret_len()], 0),
        Version::Tls12 => RecordForge::from_key(suite, &[3; 32][..suite.key_len()], [5; 12], 1),
    }
    .unwrap()
}

/// Drains everything, including the current record.
pub fn drain_writer(writer: &mut Writer) -> Vec<u8> {
    let mut wire = Vec::new();
    while writer.wants_drain() {
        drain_some(writer, usize::MAX, &mut wire);
    }
    wire
}

/// Drains at most `max` bytes, once.
pub fn drain_some(writer: &mut Writer, max: usize, wire: &mut Vec<u8>) -> usize {
    let mut drain = writer.drain();
    let mut drained = 0;
    while drain.remaining() > 0 && drained < max {
        let n = drain.chunk().len().min(max - drained);
        wire.extend_from_slice(&drain.chunk()[..n]);
        drain.advance(n).unwrap();
        drained += n;
    }
    drained
}

/// Opens the records in `wire`. Returns the content lengths of the application records, and their
/// content in order.
pub fn open_all(reader: &mut Reader, mut wire: &[u8]) -> (Vec<usize>, Vec<u8>) {
    let (mut lengths, mut plaintext) = (Vec::new(), Vec::new());
    loop {
        let taken = reader.receive(wire);
        wire = &wire[taken..];
        while reader.wants_process() {
            let events = reader.process().unwrap();
            assert_ne!(events.key_update, Some(KeyUpdateRequest::Requested));
            if !reader.plaintext().is_empty() {
                lengths.push(reader.plaintext().len());
                plaintext.extend_from_slice(reader.plaintext());
                reader.consume_all();
            }
        }
        if wire.is_empty() {
            return (lengths, plaintext);
        }
    }
}

/// The lengths of the records in `wire`, headers included.
pub fn record_lengths(mut wire: &[u8]) -> Vec<usize> {
    let mut lengths = Vec::new();
    while let [_, 3, 3, hi, lo, ..] = *wire {
        let len = 5 + usize::from(u16::from_be_bytes([hi, lo]));
        lengths.push(len);
        wire = &wire[len..];
    }
    assert!(wire.is_empty(), "not whole records");
    lengths
}
