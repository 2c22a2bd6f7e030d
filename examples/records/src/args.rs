//! The command line.

use lexopt::prelude::{Long, Short, ValueExt};

use crate::Error;

pub(crate) enum Command {
    Run(Options),
    Help,
}

/// Sizes in bytes; each at least 1.
pub(crate) struct Options {
    /// Of the outbound buffer.
    pub(crate) capacity: usize,
    /// What the transport takes at a time.
    pub(crate) drain: usize,
    /// Plaintext to send.
    pub(crate) bytes: usize,
    /// What one write is offered; `usize::MAX` for all that is left.
    pub(crate) write_size: usize,
    /// Of `Sizing::Fixed`.
    pub(crate) fixed: usize,
}

pub(crate) const USAGE: &str = "\
Prints how long the records of each sizing policy become, and those of rustls.

Usage: records [OPTIONS]

  --capacity SIZE      of the outbound buffer [64KiB]
  --drain SIZE         what the transport takes at a time [1448]
  --bytes SIZE         how much to send [1MiB]
  --write-size SIZE    what one write is offered [all that is left]
  --fixed SIZE         content of a record with Sizing::Fixed [4096]
  -h, --help           this text

SIZE is a number of bytes, or one with the suffix KiB or MiB.
";

/// Reads the program's arguments.
pub(crate) fn parse() -> Result<Command, Error> {
    let mut options = Options {
        capacity: 64 << 10,
        drain: 1448,
        bytes: 1 << 20,
        write_size: usize::MAX,
        fixed: 4096,
    };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            Long("capacity") => options.capacity = args.value()?.parse_with(size)?,
            Long("drain") => options.drain = args.value()?.parse_with(size)?,
            Long("bytes") => options.bytes = args.value()?.parse_with(size)?,
            Long("write-size") => options.write_size = args.value()?.parse_with(size)?,
            Long("fixed") => options.fixed = args.value()?.parse_with(size)?,
            Short('h') | Long("help") => return Ok(Command::Help),
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(Command::Run(options))
}

fn size(text: &str) -> Result<usize, Error> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit: usize = match &text[digits.len()..] {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        _ => return Err("the suffixes are KiB and MiB".into()),
    };
    let number: usize = digits.parse()?;
    match number.checked_mul(unit) {
        Some(0) => Err("it must be at least 1".into()),
        Some(size) => Ok(size),
        None => Err("that is too much".into()),
    }
}
