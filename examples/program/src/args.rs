//! The command line.

use std::ffi::OsString;
use std::net::AddrParseError;
use std::num::{IntErrorKind, ParseIntError};

use lexopt::{Arg, Parser};

use crate::Error;

/// A program's arguments. Remembers the last option that it returned, so that errors can name it.
#[derive(Debug)]
pub struct Args {
    parser: Parser,
    option: Option<String>,
}

impl Args {
    pub(crate) fn from_env() -> Self {
        Self { parser: Parser::from_env(), option: None }
    }

    /// Returns the next option or positional argument.
    ///
    /// # Errors
    /// The last option was given a value but takes none.
    #[expect(clippy::should_implement_trait, reason = "it lends its parser, as lexopt's own does")]
    pub fn next(&mut self) -> Result<Option<Arg<'_>>, lexopt::Error> {
        let arg = self.parser.next()?;
        self.option = match &arg {
            Some(Arg::Long(name)) => Some(format!("--{name}")),
            Some(Arg::Short(name)) => Some(format!("-{name}")),
            Some(Arg::Value(_)) | None => None,
        };
        Ok(arg)
    }

    /// Returns the value of the option that `next` returned.
    ///
    /// # Errors
    /// The option has no value.
    pub fn value(&mut self) -> Result<OsString, lexopt::Error> {
        self.parser.value()
    }

    /// Adds the option and the value concerned to a parsing error.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let (value, error) = match error.downcast::<lexopt::Error>().map(|error| *error) {
            Ok(lexopt::Error::ParsingFailed { value, error }) => (Some(value), error),
            // These errors already name the option.
            Ok(error) => return error.into(),
            Err(error) => (None, error),
        };
        let reason = reason(&*error);
        match (&self.option, value) {
            (Some(option), Some(value)) => format!("{option} {value:?}: {reason}"),
            (Some(option), None) => format!("{option}: {reason}"),
            (None, Some(value)) => format!("{value:?}: {reason}"),
            (None, None) => reason,
        }
        .into()
    }
}

/// Returns the reason in words, since the standard library's errors do not say what was expected.
fn reason(error: &(dyn std::error::Error + Send + Sync + 'static)) -> String {
    if error.is::<AddrParseError>() {
        return "expected an address and a port, such as 127.0.0.1:8443".to_owned();
    }
    match error.downcast_ref::<ParseIntError>().map(ParseIntError::kind) {
        Some(IntErrorKind::PosOverflow) => "expected a smaller number".to_owned(),
        Some(IntErrorKind::Zero) => "expected at least 1".to_owned(),
        Some(_) => "expected a number".to_owned(),
        None => error.to_string(),
    }
}
