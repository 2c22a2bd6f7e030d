//! Seals one plaintext per call and drains it: our three ways to write, ring alone, and rustls.
//!
//! `cargo bench -p benches --bench seal [-- tls13-aes128]`. Compare the ratios within one run, not
//! the times. The `paired` benchmark prints the ratios.

use benches::common::halves::{SUITES, drain_all, writer};
use benches::common::handshake::Ends;
use benches::common::ring_alone::RingAlone;
use benches::common::stock::{seal_buffered, seal_unbuffered};
use benches::common::{Error, Group, measure};
use bytes::BytesMut;
use core::hint::black_box;
use criterion::{BatchSize, BenchmarkId, Throughput};
use wantwrite::{
    CipherSuite, Coalescing, MAX_FRAGMENT_LEN, MAX_RECORD_LEN, Version, Writer, WriterConfig,
};

const SIZES: [usize; 8] = [16, 64, 256, 1024, 4096, 16384, 65536, 1 << 20];

fn main() -> Result<(), Error> {
    let mut criterion = benches::common::criterion();
    for (name, suite) in SUITES {
        let mut group = criterion.benchmark_group(format!("seal/{name}"));
        for size in SIZES {
            group.throughput(Throughput::Bytes(size.try_into()?));
            ring_alone(&mut group, suite, size)?;
            write(&mut group, suite, size)?;
            slot(&mut group, suite, size)?;
            write_owned(&mut group, suite, size)?;
            rustls(&mut group, suite, size)?;
        }
    }
    criterion.final_summary();
    Ok(())
}

/// The content, and in TLS 1.3 its type byte, is already in place. Nothing is copied.
fn ring_alone(group: &mut Group<'_>, suite: CipherSuite, size: usize) -> Result<(), Error> {
    let mut ring = RingAlone::new(suite)?;
    let type_len = usize::from(suite.version() == Version::Tls13);
    let record = |fragment: &[u8]| vec![1; fragment.len() + type_len];
    let mut records: Vec<Vec<u8>> = vec![1; size].chunks(MAX_FRAGMENT_LEN).map(record).collect();
    measure(group, "ring alone", size, || {
        records.iter_mut().try_for_each(|record| ring.seal(record))
    })
}

/// One copy into place.
fn write(group: &mut Group<'_>, suite: CipherSuite, size: usize) -> Result<(), Error> {
    let mut writer = writer_for(suite, size)?;
    let plaintext = vec![1; size];
    measure(group, "write", size, || {
        writer.write_atomic(black_box(&plaintext))?;
        drain_all(writer.drain());
        Ok(())
    })
}

/// No copy: the bytes are produced in the slot. Producing them is not measured.
fn slot(group: &mut Group<'_>, suite: CipherSuite, size: usize) -> Result<(), Error> {
    let mut writer = writer_for(suite, size)?;
    measure(group, "slot", size, || {
        let mut left = size;
        while left > 0 {
            let slot = writer.slot()?;
            let n = black_box(&*slot).len().min(left);
            slot.commit(n)?;
            left -= n;
        }
        drain_all(writer.drain());
        Ok(())
    })
}

/// No copy: sealed in the caller's memory, which is allocated before the measured time and freed
/// within it.
fn write_owned(group: &mut Group<'_>, suite: CipherSuite, size: usize) -> Result<(), Error> {
    let mut writer = writer_for(suite, size)?;
    let mut result = Ok(());
    let plaintext = || {
        // One spare byte after the last fragment, for its content type.
        let mut plaintext = BytesMut::with_capacity(size + 1);
        plaintext.resize(size, 1);
        plaintext
    };
    group.bench_function(BenchmarkId::new("write_owned", size), |b| {
        b.iter_batched(
            plaintext,
            |mut plaintext| {
                if let Err(error) = writer.write_owned(&mut plaintext) {
                    result = Err(error);
                }
                drain_all(writer.drain());
            },
            BatchSize::LargeInput,
        );
    });
    Ok(result?)
}

fn rustls(group: &mut Group<'_>, suite: CipherSuite, size: usize) -> Result<(), Error> {
    let ends = Ends::new(suite)?;
    let plaintext = vec![1; size];
    let (mut client, _server) = ends.buffered()?;
    client.set_buffer_limit(None);
    measure(group, "rustls", size, || seal_buffered(&mut client, &plaintext))?;
    let mut client = ends.unbuffered()?;
    let mut wire = vec![0; size.div_ceil(MAX_FRAGMENT_LEN) * MAX_RECORD_LEN];
    measure(group, "rustls unbuffered", size, || {
        seal_unbuffered(&mut client, &plaintext, &mut wire)
    })
}

fn writer_for(suite: CipherSuite, size: usize) -> Result<Writer, Error> {
    let mut config = WriterConfig::default();
    config.coalescing = Coalescing::Off;
    config.capacity = config.capacity.max(size);
    writer(suite, config)
}
