//! Drains 64 sealed records from a writer in every way that the API has. Neither the sealing nor
//! the transport is measured.
//!
//! `cargo bench -p benches --bench drain`. Times are for all 64 records, 1 MiB. Nothing is copied.

use core::hint::black_box;
use core::time::Duration;
use std::io::IoSlice;
use std::time::Instant;

use benches::common::halves::writer;
use benches::common::{Error, Group};
use criterion::Throughput;
use wantwrite::{CipherSuite, Drain, MAX_FRAGMENT_LEN, Pool, WriterConfig};

const CHUNKS: usize = 64;

fn main() -> Result<(), Error> {
    let mut criterion = benches::common::criterion();
    let mut group = criterion.benchmark_group("drain");
    group.throughput(Throughput::Elements(CHUNKS.try_into()?));
    measure(&mut group, "chunk, a record each", None, |drain| by_chunk(drain, usize::MAX))?;
    measure(&mut group, "chunk, 1448 bytes each", None, |drain| by_chunk(drain, 1448))?;
    measure(&mut group, "chunks_vectored, 16 each", None, gathered)?;
    measure(&mut group, "take_chunk", None, owned)?;
    measure(&mut group, "take_chunk, pool", Some(Pool::new(CHUNKS)), owned)?;
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// For `write`: takes at most `max` bytes at a time.
fn by_chunk(mut drain: Drain<'_>, max: usize) {
    while drain.remaining() > 0 {
        let len = black_box(drain.chunk()).len().min(max);
        drain.advance(len).expect("no more than is pending");
    }
}

/// For `writev`.
fn gathered(mut drain: Drain<'_>) {
    while drain.remaining() > 0 {
        let mut slices = [IoSlice::new(&[]); 16];
        let n = drain.chunks_vectored(&mut slices);
        let len = black_box(&slices[..n]).iter().map(|slice| slice.len()).sum();
        drain.advance(len).expect("no more than is pending");
    }
}

/// For completion I/O: the chunks are dropped as operations complete.
fn owned(mut drain: Drain<'_>) {
    while let Some(chunk) = drain.take_chunk(usize::MAX) {
        drop(black_box(chunk));
    }
}

fn measure(
    group: &mut Group<'_>,
    name: &str,
    pool: Option<Pool>,
    drain: impl Fn(Drain<'_>),
) -> Result<(), Error> {
    let mut config = WriterConfig::default();
    config.capacity = CHUNKS * MAX_FRAGMENT_LEN;
    config.pool = pool;
    let plaintext = vec![1; config.capacity];
    let mut writer = writer(CipherSuite::TLS_AES_128_GCM_SHA256, config)?;
    let mut result = Ok(());
    group.bench_function(name, |b| {
        b.iter_custom(|count| {
            let mut time = Duration::ZERO;
            for _ in 0..count {
                if let Err(error) = writer.write_atomic(&plaintext) {
                    result = Err(error);
                }
                let waiting = writer.drain();
                let start = Instant::now();
                drain(waiting);
                time += start.elapsed();
            }
            time
        });
    });
    Ok(result?)
}
