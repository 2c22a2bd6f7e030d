//! One hundred small writes and one drain: the benefit of sharing records.
//!
//! `cargo bench -p benches --bench small_writes`. Times are for one hundred writes. "ring alone"
//! seals one hundred records, as does every contestant without coalescing.

use core::hint::black_box;

use benches::common::halves::{drain_all, writer};
use benches::common::handshake::Ends;
use benches::common::ring_alone::RingAlone;
use benches::common::stock;
use benches::common::{Error, measure};
use criterion::Throughput;
use std::io::Write;
use wantwrite::{CipherSuite, Coalescing, WriterConfig};

const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const SIZES: [usize; 4] = [16, 64, 256, 1024];
const WRITES: usize = 100;

fn main() -> Result<(), Error> {
    let mut criterion = benches::common::criterion();
    let mut group = criterion.benchmark_group("small_writes");
    for size in SIZES {
        group.throughput(Throughput::Elements(WRITES.try_into()?));
        let plaintext = vec![1; size];

        let mut ring = RingAlone::new(SUITE)?;
        let mut record = vec![1; size + 1];
        measure(&mut group, "ring alone", size, || {
            (0..WRITES).try_for_each(|_| ring.seal(&mut record))
        })?;

        for (name, coalescing) in
            [("coalescing", Coalescing::On), ("a record each", Coalescing::Off)]
        {
            let mut config = WriterConfig::default();
            config.coalescing = coalescing;
            config.capacity = 2 * WRITES * size;
            let mut writer = writer(SUITE, config)?;
            measure(&mut group, name, size, || {
                for _ in 0..WRITES {
                    writer.write_atomic(black_box(&plaintext))?;
                }
                drain_all(writer.drain());
                Ok(())
            })?;
        }

        let (mut client, _server) = Ends::new(SUITE)?.buffered()?;
        client.set_buffer_limit(None);
        measure(&mut group, "rustls", size, || {
            for _ in 0..WRITES {
                client.writer().write_all(black_box(&plaintext))?;
            }
            stock::drain(&mut client)
        })?;
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
