//! What every program here does around its work: parse arguments, print, show its progress, and
//! report why it failed.
//!
//! `--help` goes to standard output. Wrong arguments end a program with status 2 and its usage line,
//! any other failure with status 1. Output that cannot be written (a closed pipe, a full disk) is
//! an ordinary failure, not a panic. An error names the option, file or address that it is about.
#![expect(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "part of a program, which has std"
)]

mod args;
mod named;
mod progress;
#[cfg(feature = "tls")]
mod tls;
mod values;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::{ExitCode, Termination};

pub use args::Args;
pub use named::{At, Named};
pub use progress::{Counted, ProgressLine, Size, per_second};
#[cfg(feature = "tls")]
pub use tls::{CertificateAndKey, certificates, explain, private_key, roots};
pub use values::{at_least_one, host_and_port, memory_size, number, one_of, size};

/// Any error that ends a program. It is only printed.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A program's name and its help.
#[derive(Debug)]
pub struct Program {
    /// The prefix of every error.
    pub name: &'static str,
    /// The text that `--help` prints. One of its lines begins with "Usage: ".
    pub usage: &'static str,
}

impl Program {
    /// Runs the whole program. `parse` parses its arguments, and returns `None` if they ask for
    /// help. `work` prints to the writer that it receives.
    pub fn main<O, T: Termination>(
        &self,
        parse: impl FnOnce(&mut Args) -> Result<Option<O>, Error>,
        work: impl FnOnce(O, &mut dyn Write) -> Result<T, Error>,
    ) -> ExitCode {
        let mut args = Args::from_env();
        let options = match parse(&mut args) {
            Ok(options) => options,
            Err(error) => {
                let error = args.explain(error);
                note(format_args!("{}: {error}\n{}", self.name, self.usage_line()));
                return ExitCode::from(WRONG_ARGUMENTS);
            }
        };
        let mut out = Named::new(io::stdout(), "standard output");
        let result = match options {
            Some(options) => work(options, &mut out).map(Termination::report),
            None => out
                .write_all(self.usage.as_bytes())
                .map(|()| ExitCode::SUCCESS)
                .map_err(Error::from),
        };
        result.and_then(|code| Ok(out.flush().map(|()| code)?)).unwrap_or_else(|error| {
            note(format_args!("{}: {error}", self.name));
            ExitCode::FAILURE
        })
    }

    fn usage_line(&self) -> &'static str {
        self.usage.lines().find(|line| line.starts_with("Usage: ")).unwrap_or(self.usage)
    }
}

/// Prints a line to standard error. A failure to do so is ignored: there is nowhere to report it.
pub fn note(line: impl Display) {
    let _unheard = writeln!(io::stderr(), "{line}");
}

/// The conventional exit status for wrong arguments.
const WRONG_ARGUMENTS: u8 = 2;
