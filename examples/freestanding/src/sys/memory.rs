//! The functions that compiled code, Rust's and ring's C, calls without asking.
//!
//! In assembly: from a loop in Rust the compiler may make a call of the very function it is in.
//! Caution: the direction flag is clear on entry and must be on return (System V ABI).

use core::arch::asm;
use core::ffi::{c_char, c_int};

#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(dest: *mut u8, src: *const u8, len: usize) -> *mut u8 {
    // SAFETY: the caller owns `len` bytes at both places, which do not overlap.
    unsafe {
        asm!(
            "rep movsb",
            inout("rcx") len => _,
            inout("rdi") dest => _,
            inout("rsi") src => _,
            options(nostack, preserves_flags),
        );
    }
    dest
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(dest: *mut u8, src: *const u8, len: usize) -> *mut u8 {
    if dest.addr().wrapping_sub(src.addr()) >= len {
        // SAFETY: the destination's start is not within the source, so no byte is overwritten
        // before it is read; the rest is the caller's promise, as of `memcpy`.
        return unsafe { memcpy(dest, src, len) };
    }
    // SAFETY: the caller owns `len` bytes, more than none, at both places; from the last to the
    // first no byte is overwritten before it is read.
    unsafe {
        asm!(
            "std",
            "rep movsb",
            "cld",
            inout("rcx") len => _,
            inout("rdi") dest.add(len - 1) => _,
            inout("rsi") src.add(len - 1) => _,
            options(nostack),
        );
    }
    dest
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memset(dest: *mut u8, value: c_int, len: usize) -> *mut u8 {
    // SAFETY: the caller owns `len` bytes there. As in C only the value's low byte counts.
    unsafe {
        asm!(
            "rep stosb",
            in("eax") value,
            inout("rcx") len => _,
            inout("rdi") dest => _,
            options(nostack, preserves_flags),
        );
    }
    dest
}

#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, len: usize) -> c_int {
    let (above, below): (u8, u8);
    // SAFETY: the caller lends `len` bytes at both places. The comparison before the loop makes
    // no bytes equal.
    unsafe {
        asm!(
            "cmp rcx, rcx",
            "repe cmpsb",
            "seta {above}",
            "setb {below}",
            above = out(reg_byte) above,
            below = out(reg_byte) below,
            inout("rcx") len => _,
            inout("rsi") left => _,
            inout("rdi") right => _,
            options(nostack, readonly),
        );
    }
    c_int::from(above) - c_int::from(below)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, len: usize) -> c_int {
    // SAFETY: the same contract.
    unsafe { memcmp(left, right, len) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const c_char) -> usize {
    let left: usize;
    // SAFETY: the caller lends bytes up to and with a zero.
    unsafe {
        asm!(
            "repne scasb",
            in("al") 0u8,
            inout("rcx") usize::MAX => left,
            inout("rdi") text => _,
            options(nostack, readonly),
        );
    }
    // One was counted for the zero.
    usize::MAX - left - 1
}
