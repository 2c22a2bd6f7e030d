//! Opens records in place and looks at their plaintext there: our reader, and ring's
//! `open_in_place`, which is given the start of each record. Nothing is copied.
//!
//! `cargo bench -p benches --bench open`. Sealing and receiving the records is not measured.

use core::time::Duration;

use benches::common::halves::SUITES;
use benches::common::opening::{Ours, Ring};
use benches::common::{Error, Group};
use criterion::{BenchmarkId, Throughput};

const SIZES: [usize; 5] = [16, 256, 1024, 4096, 16384];

fn main() -> Result<(), Error> {
    let mut criterion = benches::common::criterion();
    // The benchmark of ring alone does not implement TLS 1.2's nonces.
    for (name, suite) in SUITES.into_iter().take(3) {
        let mut group = criterion.benchmark_group(format!("open/{name}"));
        for size in SIZES {
            group.throughput(Throughput::Bytes(size.try_into()?));
            let mut ring = Ring::new(suite, size)?;
            measure(&mut group, "ring alone", size, |count| ring.open(count))?;
            let mut ours = Ours::new(suite, size)?;
            measure(&mut group, "reader", size, |count| ours.open(count))?;
        }
    }
    criterion.final_summary();
    Ok(())
}

fn measure(
    group: &mut Group<'_>,
    name: &str,
    size: usize,
    mut open: impl FnMut(usize) -> Result<Duration, Error>,
) -> Result<(), Error> {
    let mut result = Ok(());
    group.bench_function(BenchmarkId::new(name, size), |b| {
        b.iter_custom(|count| {
            let time = usize::try_from(count).map_err(Error::from).and_then(&mut open);
            time.unwrap_or_else(|error| {
                result = Err(error);
                // A time that lets criterion continue.
                Duration::from_secs(1)
            })
        });
    });
    result
}
