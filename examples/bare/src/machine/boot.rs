//! The program's first and last instructions, and its stack.

use core::arch::global_asm;
use core::panic::PanicInfo;
use core::ptr;

use super::semihosting::exit;
use crate::print::println;

/// The pattern in every part of the stack that was never used.
const UNUSED_STACK: u64 = 0x5aa5_c33c_9669_f00f;

global_asm!(
    ".set UNUSED_STACK, {unused}",
    include_str!("boot.s"),
    unused = const UNUSED_STACK,
    start = sym start,
    exception = sym exception,
);

unsafe extern "C" {
    // Defined by the linker script. Only their addresses have a meaning.
    static stack_bottom: u64;
    static stack_top: u64;
}

extern "C" fn start() -> ! {
    exit(crate::main())
}

/// Returns the peak use of the stack in bytes.
pub(crate) fn stack_peak() -> usize {
    let (bottom, top) = ((&raw const stack_bottom).addr(), (&raw const stack_top).addr());
    let is_unused = |address: &usize| {
        let word = ptr::with_exposed_provenance::<u64>(*address);
        // SAFETY: the whole stack is readable and initialised. The part that Rust uses can change
        // at any time, so the read is volatile.
        unsafe { word.read_volatile() == UNUSED_STACK }
    };
    let words = (bottom..top).step_by(size_of::<u64>());
    top - bottom - words.take_while(is_unused).count() * size_of::<u64>()
}

extern "C" fn exception(syndrome: u64, instruction: u64, address: u64) -> ! {
    println!("exception {syndrome:#x} at {instruction:#x}, address {address:#x}");
    exit(102)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    println!("{info}");
    exit(101)
}
