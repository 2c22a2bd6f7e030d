//! The command line.

use lexopt::prelude::{Long, Short, ValueExt};
use program::{Args, Error, at_least_one, memory_size};

/// Sizes in bytes. Each is at least 1.
pub(crate) struct Options {
    /// The capacity of the outbound buffer.
    pub(crate) capacity: usize,
    /// The most that the transport accepts at a time.
    pub(crate) drain: usize,
    /// The plaintext to send.
    pub(crate) bytes: usize,
    /// The plaintext offered per write. `usize::MAX` for all that is left.
    pub(crate) write_size: usize,
    /// The parameter of `Sizing::Fixed`.
    pub(crate) fixed: usize,
}

pub(crate) const USAGE: &str = "\
Compares the record lengths of each sizing policy with those of rustls's own writer.

Usage: records [OPTIONS]

  --capacity SIZE      size of the outbound buffer [64KiB]
  --drain SIZE         how much the transport takes at a time [1448]
  --bytes SIZE         how much to send [1MiB]
  --write-size SIZE    how much to pass to each write [everything left]
  --fixed SIZE         content of each record under Sizing::Fixed [4096]
  -h, --help           this text

SIZE is a number of bytes, or one with the suffix KiB, MiB or GiB.
";

/// Parses the program's arguments. Returns `None` if they ask for help.
pub(crate) fn parse(args: &mut Args) -> Result<Option<Options>, Error> {
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
