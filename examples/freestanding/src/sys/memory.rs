//! The memory functions that the compiler calls implicitly, in Rust and in ring's C.
//!
//! They are written in assembly, because the compiler can turn a loop in Rust into a call of the
//! very function that contains it. The direction flag is clear on entry and must be clear on return
//! (System V ABI).

use core::arch::asm;
use core::ffi::{c_char, c_int};

#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(dest: *mut u8, src: *const u8, len: usize) -> *mut u8 {
    // SAFETY: the caller guarantees `len` valid bytes at both places, which do not overlap.
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
        // SAFETY: the destination does not start inside the source, so every byte is read before it
        // is overwritten. The caller guarantees the rest, as for `memcpy`.
        return unsafe { memcpy(dest, src, len) };
    }
    // SAFETY: the caller guarantees `len` valid bytes, at least one, at both places. Copying from
    // the last to the first reads every byte before it is overwritten.
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
    // SAFETY: the caller guarantees `len` valid bytes. As in C, only the low byte of the value is
    // used.
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
    // SAFETY: the caller guarantees `len` readable bytes at both places. The comparison before the
    // loop makes zero bytes compare as equal.
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
    // SAFETY: `memcmp` has the same contract.
    unsafe { memcmp(left, right, len) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const c_char) -> usize {
    let left: usize;
    // SAFETY: the caller guarantees readable bytes up to and including a zero byte.
    unsafe {
        asm!(
            "repne scasb",
            in("al") 0u8,
            inout("rcx") usize::MAX => left,
            inout("rdi") text => _,
            options(nostack, readonly),
        );
    }
    // The count includes the zero byte.
    usize::MAX - left - 1
}
