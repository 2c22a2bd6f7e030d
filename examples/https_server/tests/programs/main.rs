//! Runs the server against other programs: curl and openssl, whose tests are ignored if they are
//! not installed, and our own `https_get`. This test program becomes `https_get` when it is told
//! to.
#![expect(clippy::unwrap_used, reason = "tests")]

mod curl;
mod get;
mod openssl;

use std::env;
use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Trial};
use wantwrite_testing::https::{client, server};

/// If set, this program runs as `https_get`: cargo builds the programs of one package only.
const BE_HTTPS_GET: &str = "WANTWRITE_BE_HTTPS_GET";

fn main() -> ExitCode {
    if env::var_os(BE_HTTPS_GET).is_some() {
        return https_get::main();
    }
    let trials = [curl::trials(), get::trials(), openssl::trials()];
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().flatten().collect()).exit_code()
}

fn https_get() -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(BE_HTTPS_GET, "1");
    command
}

/// The tests that do not need an installed program.
fn without_program(tests: &[(&'static str, fn())]) -> Vec<Trial> {
    let trial = |&(name, test): &(&'static str, fn())| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    tests.iter().map(trial).collect()
}
