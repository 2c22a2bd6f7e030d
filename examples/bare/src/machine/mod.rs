//! What an operating system would otherwise provide: the start of the program, the heap, and
//! drivers for the devices of QEMU's `virt` machine. All `unsafe` code is here.
#![expect(unsafe_code, reason = "everything here works directly on the hardware")]

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
