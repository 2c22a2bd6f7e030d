//! Batches of records sealed by this thread and others. `examples/parallel` prints the curve.
//!
//! `cargo bench -p benches --bench parallel`. Compare the ratios within one run, not the times.

use core::time::Duration;

use benches::common::halves::{drain_all, writer};
use benches::common::{Error, measure};
use bytes::Bytes;
use criterion::Throughput;
use parallel::executors::{Executor, Rayon, Serial, Spawned, Workers};
use wantwrite::{CipherSuite, WriterConfig};

const SUITE: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const SIZES: [usize; 4] = [64 << 10, 256 << 10, 1 << 20, 4 << 20];

fn main() -> Result<(), Error> {
    let threads = std::thread::available_parallelism()?.get() - 1;
    let mut executors: [Box<dyn Executor>; 5] = [
        Box::new(Serial),
        Box::new(Workers::new("awake", threads, Duration::from_millis(2))?),
        Box::new(Workers::new("sleeping", threads, Duration::ZERO)?),
        Box::new(Rayon::new(threads)?),
        Box::new(Spawned::new(threads)),
    ];
    let mut criterion = benches::common::criterion();
    let mut group = criterion.benchmark_group("parallel");
    for size in SIZES {
        group.throughput(Throughput::Bytes(size.try_into()?));
        let plaintext = Bytes::from(vec![1; size]);
        for executor in &mut executors {
            let mut config = WriterConfig::default();
            config.capacity = size;
            let mut writer = writer(SUITE, config)?;
            measure(&mut group, executor.name(), size, || {
                executor.seal(&mut writer, plaintext.clone())?;
                drain_all(writer.drain());
                Ok(())
            })?;
        }
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
