//! The command line.

use lexopt::Parser;
use lexopt::prelude::{Long, Short, ValueExt};
use program::{Error, at_least_one, memory_size};

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

SIZE is a number of bytes, or one with the suffix KiB, MiB or GiB.
";

/// Reads the program's arguments; `None` if they ask for help.
pub(crate) fn parse(args: &mut Parser) -> Result<Option<Options>, Error> {
    let mut options = Options {
        capacity: 64 << 10,
        drain: 1448,
        bytes: 1 << 20,
        write_size: usize::MAX,
        fixed: 4096,
    };
    let size = |text: &str| at_least_one(memory_size)(text);
    while let Some(arg) = args.next()? {
        match arg {
            Long("capacity") => options.capacity = args.value()?.parse_with(size)?,
            Long("drain") => options.drain = args.value()?.parse_with(size)?,
            Long("bytes") => options.bytes = args.value()?.parse_with(size)?,
            Long("write-size") => options.write_size = args.value()?.parse_with(size)?,
            Long("fixed") => options.fixed = args.value()?.parse_with(size)?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(arg.unexpected().into()),
        }
    }
    Ok(Some(options))
}
