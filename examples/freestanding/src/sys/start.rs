//! The program's first and last instructions.

use alloc::vec::Vec;
use core::arch::global_asm;
use core::ffi::{CStr, c_char};
use core::panic::PanicInfo;
use core::slice;

use super::exit;
use crate::print::eprintln;

// The kernel enters with the stack pointer at `argc`, aligned to 16 bytes as the ABI requires, and
// with no return address. The call of `start` pushes one, and so produces the alignment that every
// function expects. Without it, SSE instructions would fault.
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp", // the outermost frame
    "mov rdi, rsp",
    "and rsp, -16",
    "call {start}",
    "ud2",
    start = sym start,
);

unsafe extern "C" fn start(stack: *const usize) -> ! {
    // SAFETY: the kernel stores `argc`, and then that many pointers to the arguments, at the stack
    // pointer that `_start` received. Neither the pointers nor their targets are ever freed.
    let arguments: &'static [*const c_char] =
        unsafe { slice::from_raw_parts(stack.add(1).cast(), stack.read()) };
    // SAFETY: each argument ends with a zero byte.
    let arguments = arguments.iter().map(|&argument| unsafe { CStr::from_ptr(argument) });
    exit(crate::main(&arguments.collect::<Vec<_>>()))
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    eprintln!("{info}");
    exit(101)
}

// The precompiled `core` and `alloc` were built for unwinding and refer to these two symbols. With
// `panic = "abort"`, nothing calls them.

#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() {}
