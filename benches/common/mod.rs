//! What the benchmarks share: halves under fixed keys, ring without an engine around it, and
//! negotiated connections.
#![allow(dead_code, reason = "every benchmark uses another part")]

pub(crate) mod crowd;
pub(crate) mod halves;
pub(crate) mod handshake;
pub(crate) mod opening;
pub(crate) mod orders;
pub(crate) mod ring_alone;
pub(crate) mod rounds;
pub(crate) mod stock;

use core::time::Duration;

use criterion::Criterion;

/// Whatever ends a benchmark; it is only shown.
pub(crate) type Error = Box<dyn core::error::Error>;

pub(crate) type Group<'a> = criterion::BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// Short measurements: a run is read by its ratios, and all of it takes minutes.
pub(crate) fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .nresamples(10_000)
        .configure_from_args()
}

/// Measures `routine`; its first error ends the benchmark.
pub(crate) fn measure(
    group: &mut Group<'_>,
    name: &str,
    parameter: impl core::fmt::Display,
    mut routine: impl FnMut() -> Result<(), Error>,
) -> Result<(), Error> {
    let mut result = Ok(());
    group.bench_function(criterion::BenchmarkId::new(name, parameter), |b| {
        b.iter(|| {
            if let Err(error) = routine() {
                result = Err(error);
            }
        });
    });
    result
}
