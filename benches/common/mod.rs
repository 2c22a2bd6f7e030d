//! What the benchmarks share: writers and readers under fixed keys, ring without an engine around
//! it, and negotiated connections.

pub mod crowd;
pub mod forecasts;
pub mod halves;
pub mod handshake;
pub mod opening;
pub mod orders;
pub mod ring_alone;
pub mod rounds;
pub mod stock;

use core::time::Duration;

use criterion::Criterion;

/// Any error that ends a benchmark. It is only printed.
pub type Error = Box<dyn core::error::Error + Send + Sync>;

pub type Group<'a> = criterion::BenchmarkGroup<'a, criterion::measurement::WallTime>;

/// Configures short measurements: only a run's ratios matter, and the full set takes minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .nresamples(10_000)
        .configure_from_args()
}

/// Measures `routine`. Its first error ends the benchmark.
pub fn measure(
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
