//! What an operating system's library would be: the system calls, the start of the program, the
//! heap, and the functions that compiled code takes for granted. The only home of `unsafe`.
#![allow(unsafe_code, reason = "nothing below this module is safe yet")]

mod call;
mod heap;
mod memory;
mod start;

pub(crate) use call::{Errno, Events, File, Poll, STDERR, STDOUT, Socket, exit, unix_time, write};
pub(crate) use heap::HEAP;
