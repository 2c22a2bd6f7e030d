//! The compio adapter with both drivers: against stock rustls, compio-tls and curl, and over a link
//! that completes operations in parts.
#![expect(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "tests"
)]

#[expect(unreachable_pub, reason = "a module of this test only")]
mod link;
mod sockets;
mod torn;

use std::env;
use std::io;
use std::process::ExitCode;

use compio::driver::{DriverType, ProactorBuilder};
use compio::runtime::{Runtime, RuntimeBuilder};
use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let mut trials = sockets::curl_trials();
    for (name, test) in torn::TESTS {
        trials.push(Trial::test(*name, move || {
            test();
            Ok(())
        }));
    }
    for (driver, driver_name) in DRIVERS {
        // Some systems forbid io_uring.
        let is_missing = runtime(driver).is_err();
        let is_ignored = is_missing && env::var_os("WANTWRITE_REQUIRE_IO_URING").is_none();
        for (name, test) in sockets::TESTS {
            let trial = Trial::test(format!("{driver_name}::{name}"), move || {
                runtime(driver)?.block_on(async { test().await });
                Ok(())
            });
            trials.push(trial.with_ignored_flag(is_ignored));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

const DRIVERS: [(DriverType, &str); 2] =
    [(DriverType::Poll, "polling"), (DriverType::IoUring, "io_uring")];

/// A runtime with this driver only.
fn runtime(driver: DriverType) -> io::Result<Runtime> {
    let mut proactor = ProactorBuilder::new();
    proactor.driver_type(driver);
    let runtime = RuntimeBuilder::new().with_proactor(proactor).build()?;
    assert_eq!(runtime.driver_type(), driver);
    Ok(runtime)
}
