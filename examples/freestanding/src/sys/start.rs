//! The first instructions of the program and the last.

use alloc::vec::Vec;
use core::arch::global_asm;
use core::ffi::{CStr, c_char};
use core::panic::PanicInfo;
use core::slice;

use super::exit;
use crate::print::eprintln;

// The kernel enters with the stack pointer at `argc`, aligned to 16 bytes as the ABI has it, and
// no return address. A call pushes one: `start` finds the alignment that every function expects,
// and that SSE instructions fault without.
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
    // SAFETY: the kernel puts `argc`, then as many pointers to the arguments, where `_start` has
    // found the stack pointer; they and what they point to are never freed.
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

// The precompiled `core` and `alloc` were made to unwind and refer to these two. With
// `panic = "abort"` nothing calls them.

#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() {}
