//! Our connections with other TLS programs. A test whose program is not installed is reported as
//! ignored.
#![expect(
    clippy::unwrap_used,
    clippy::as_conversions,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "tests"
)]

mod blocking;
mod early_data;
mod exporter;
mod interop;
mod openssl;
mod small_peers;
mod tokio_early_data;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let trials = [
        openssl::trials(),
        exporter::trials(),
        early_data::trials(),
        tokio_early_data::trials(),
        small_peers::trials(),
        interop::trials(),
    ];
    let trials = trials.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
