//! Seals a record on each of up to one hundred connections in turn, among many idle ones, and
//! measures what a connection adds to its writer.
//!
//! `cargo bench -p benches --bench connections`. All connections are negotiated first, half of them
//! clients, half servers. For 100,000, that takes ten seconds and half a gigabyte.

use core::hint::black_box;

use benches::common::crowd::Crowd;
use benches::common::halves::{drain_all, writer};
use benches::common::handshake::Ends;
use benches::common::{Error, measure};
use criterion::{Criterion, Throughput};
use wantwrite::{CipherSuite, ConnectionConfig, WriterConfig};

const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const COUNTS: [usize; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
/// The number of calls that share a record.
const WRITES: usize = 100;

fn main() -> Result<(), Error> {
    let mut criterion = benches::common::criterion();
    // A small crowd is enough to check that it runs.
    let most = if std::env::args().any(|arg| arg == "--test") { 1_000 } else { usize::MAX };
    crowds(&mut criterion, most)?;
    layers(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

/// Seals a record of 1 KiB on the next active connection.
fn crowds(criterion: &mut Criterion, most: usize) -> Result<(), Error> {
    let mut group = criterion.benchmark_group("connections");
    group.throughput(Throughput::Elements(1));
    let mut crowd = Crowd::new(SUITE)?;
    for count in COUNTS.into_iter().filter(|count| *count <= most) {
        crowd.grow(count)?;
        measure(&mut group, "record", count, || crowd.seal())?;
    }
    Ok(())
}

/// One hundred writes of 16 bytes that share a record, on a connection and on a writer.
fn layers(criterion: &mut Criterion) -> Result<(), Error> {
    let mut group = criterion.benchmark_group("layers");
    group.throughput(Throughput::Elements(WRITES.try_into()?));
    let plaintext = [1; 16];
    let mut writer = writer(SUITE, WriterConfig::default())?;
    measure(&mut group, "writer", plaintext.len(), || {
        for _ in 0..WRITES {
            writer.write(black_box(&plaintext))?;
        }
        drain_all(writer.drain());
        Ok(())
    })?;
    let (mut client, _server) = Ends::new(SUITE)?.ours(&ConnectionConfig::default())?;
    measure(&mut group, "connection", plaintext.len(), || {
        for _ in 0..WRITES {
            client.writer_mut().write(black_box(&plaintext))?;
        }
        drain_all(client.writer_mut().drain());
        Ok(())
    })
}
