//! What libc would otherwise provide: the system calls, the start of the program, the heap, and the
//! functions that compiled code expects. All `unsafe` code is here.
#![allow(unsafe_code, reason = "everything here works directly on the kernel's interface")]

mod call;
mod heap;
mod memory;
mod start;

pub(crate) use call::{Errno, Events, File, Poll, STDERR, STDOUT, Socket, exit, unix_time, write};
pub(crate) use heap::HEAP;
