//! Tests that need an installed program. Where it is missing they show as ignored, not as passed.

use std::env;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;

/// A program that may be installed.
pub struct Program {
    pub command: &'static str,
    /// With this argument it says its version, and no more.
    pub version: &'static str,
    /// Set in the environment where its absence is a failure.
    pub require: &'static str,
}

pub const CURL: Program =
    Program { command: "curl", version: "--version", require: "WANTWRITE_REQUIRE_CURL" };

pub const OPENSSL: Program =
    Program { command: "openssl", version: "version", require: "WANTWRITE_REQUIRE_OPENSSL" };

impl Program {
    /// Whether it can be run.
    pub fn is_installed(&self) -> bool {
        let mut command = Command::new(self.command);
        command.arg(self.version).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Tests, by name, each of which needs the program.
    pub fn trials(&self, tests: &[(&'static str, fn())]) -> Vec<Trial> {
        let command = self.command;
        let is_installed = self.is_installed();
        let is_ignored = !is_installed && env::var_os(self.require).is_none();
        let trial = |&(name, test): &(&'static str, fn())| {
            Trial::test(name, move || {
                if !is_installed {
                    return Err(format!("{command} is not installed").into());
                }
                test();
                Ok(())
            })
            .with_ignored_flag(is_ignored)
        };
        tests.iter().map(trial).collect()
    }
}

/// Functions as tests by their names, for [`Program::trials`].
#[macro_export]
macro_rules! tests {
    ($($test:ident),* $(,)?) => {
        &[$((stringify!($test), $test as fn())),*]
    };
}
