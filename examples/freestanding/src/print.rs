//! Text output to the standard descriptors.

use core::ffi::c_int;
use core::fmt;

use crate::sys::{self, Errno};

/// A descriptor for text output.
#[derive(Debug)]
pub(crate) struct Output(pub(crate) c_int);

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match sys::write(self.0, rest) {
                Ok(len) => rest = rest.get(len..).unwrap_or_default(),
                Err(Errno::INTERRUPTED) => {}
                Err(_) => return Err(fmt::Error),
            }
        }
        Ok(())
    }
}

/// Prints to a descriptor. Errors are ignored: the program does not depend on its output being
/// read.
pub(crate) fn print(to: c_int, text: fmt::Arguments<'_>) {
    let _unread = fmt::write(&mut Output(to), text);
}

macro_rules! println {
    ($($text:tt)*) => {
        $crate::print::print($crate::sys::STDOUT, format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(crate) use println;

macro_rules! eprintln {
    ($($text:tt)*) => {
        $crate::print::print($crate::sys::STDERR, format_args!("{}\n", format_args!($($text)*)))
    };
}
pub(crate) use eprintln;
