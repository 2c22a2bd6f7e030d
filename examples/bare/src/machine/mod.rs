//! What an operating system would be: the start of the program, the heap, and the devices of QEMU's
//! machine `virt`. The only home of `unsafe`.
#![expect(unsafe_code, reason = "nothing below this module is safe yet")]

mod boot;
mod clock;
mod heap;
mod random;
mod register;
mod semihosting;
mod uart;

pub(crate) use boot::stack_peak;
pub(crate) use clock::unix_time;
pub(crate) use heap::HEAP;
pub(crate) use semihosting::{Console, command_line, read_file};
pub(crate) use uart::{Uart, WireError};
