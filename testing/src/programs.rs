//! Tests that need an installed program. If it is missing, they are reported as ignored, not as
//! passed.

use std::env;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;

/// A program, or a library to compile one with, that may be installed.
pub struct Program {
    pub name: &'static str,
    /// A command with its arguments that succeeds if the program is installed, and has no other
    /// effect.
    pub probe: &'static [&'static str],
    /// The environment variable that turns a missing program into a failure.
    pub require: &'static str,
}

pub const CURL: Program =
    Program { name: "curl", probe: &["curl", "--version"], require: "WANTWRITE_REQUIRE_CURL" };

pub const OPENSSL: Program = Program {
    name: "openssl",
    probe: &["openssl", "version"],
    require: "WANTWRITE_REQUIRE_OPENSSL",
};

pub const GNUTLS: Program = Program {
    name: "gnutls-cli",
    probe: &["gnutls-cli", "--version"],
    require: "WANTWRITE_REQUIRE_INTEROP",
};

pub const GO: Program =
    Program { name: "go", probe: &["go", "version"], require: "WANTWRITE_REQUIRE_INTEROP" };

/// Debian packages the library, but no program.
pub const MBEDTLS: Program = Program {
    name: "mbedTLS 2 for C programs",
    probe: &["cc", "-fsyntax-only", "-include", "mbedtls/net_sockets.h", "-xc", "/dev/null"],
    require: "WANTWRITE_REQUIRE_INTEROP",
};

impl Program {
    /// Whether it can be run.
    pub fn is_installed(&self) -> bool {
        let [command, arguments @ ..] = self.probe else { return false };
        let mut command = Command::new(command);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    /// Creates tests, by name, that each need the program.
    pub fn trials(&self, tests: &[(&'static str, fn())]) -> Vec<Trial> {
        let name = self.name;
        let is_installed = self.is_installed();
        let is_ignored = !is_installed && env::var_os(self.require).is_none();
        let trial = |&(test_name, test): &(&'static str, fn())| {
            Trial::test(test_name, move || {
                if !is_installed {
                    return Err(format!("{name} is not installed").into());
                }
                test();
                Ok(())
            })
            .with_ignored_flag(is_ignored)
        };
        tests.iter().map(trial).collect()
    }
}

/// Lists functions as tests under their own names, for [`Program::trials`].
#[macro_export]
macro_rules! tests {
    ($($test:ident),* $(,)?) => {
        &[$((stringify!($test), $test as fn())),*]
    };
}
